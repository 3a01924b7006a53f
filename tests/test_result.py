"""Result: what a page's columns of numbers mean, on results built by hand."""

from __future__ import annotations

import copy
import json
import math
import pickle
from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boilerstrip import Block, Label, PageType, Reason, Result, Verdict
from boilerstrip.labels import LABELS
from boilerstrip.result import Scored, log_odds, rejoined

PROFILE = settings(derandomize=True, deadline=None, database=None, max_examples=100)
PROSE = ("The ferry left at nine with forty people on board, and the harbour lamp went out behind it while the keeper slept on his chair "
         "in the kitchen of the old customs house, as he had done on every night of that long winter.")
Row = tuple[str, float, Label]
PAGE: tuple[Row, ...] = (
    ("Home", 0.02, Label.NAVIGATION), ("Lamp shines again", 0.3, Label.TITLE), ("By Ada Brook", 0.2, Label.BYLINE),
    (PROSE, 0.95, Label.RELATED), ("A lamp. Photo: Ada Brook", 0.45, Label.CAPTION), ("Nobody was hurt.", 0.7, Label.CAPTION),
    ("Share", 0.1, Label.SHARE))


def built(rows: tuple[Row, ...] = PAGE, joints: tuple[str, ...] | None = None, fixed: dict[int, bool] | None = None,
          hits: dict[int, tuple[Reason, ...]] | None = None, **fields: Any) -> Result:
    """A result of the given blocks, by default one a line."""
    joints = joints if joints is not None else ("\n",) * len(rows)
    raw, starts = "", []
    for number, ((text, _, _), joint) in enumerate(zip(rows, joints)):
        raw += joint if number else ""
        starts.append(len(raw))
        raw += text
    scored = Scored(
        [r[0] for r in rows], starts, [a + len(r[0]) for a, r in zip(starts, rows)], list(joints), [r[1] for r in rows],
        [r[2] for r in rows], [0.8] * len(rows), [len(r[0].split()) for r in rows], fixed or {}, hits or {})
    return Result(raw, scored, **{
        "threshold": 0.5, "keep": frozenset(), "verdict": Verdict.STORY, "confidence": 0.9, "page_type": PageType.ARTICLE,
        "page_type_confidence": 0.8, "model": "given", **fields})


def kept(result: Result) -> list[str]:
    return [block.text for block in result.blocks]


ROWS = st.lists(st.tuples(st.sampled_from(("Home", PROSE, "One boat.", "x")), st.floats(0, 1), st.sampled_from(LABELS)),
    max_size=8).map(tuple)
KEEPS = st.frozensets(st.sampled_from(LABELS), max_size=4)


# labels and decisions


def test_blocks_from_the_threshold_on_are_body_and_kept() -> None:
    result = built()
    assert kept(result) == [PROSE, "Nobody was hurt."]
    assert [block.label for block in result.page] == [
        Label.NAVIGATION, Label.TITLE, Label.BYLINE, Label.BODY, Label.CAPTION, Label.BODY, Label.SHARE]
    assert result.text == str(result) == f"{PROSE}\nNobody was hurt."


@PROFILE
@given(ROWS, KEEPS, st.floats(0, 1))
def test_blocks_and_removed_are_a_partition_of_the_page(rows: tuple[Row, ...], keep: frozenset[Label], threshold: float) -> None:
    result = built(rows, keep=keep, threshold=threshold)
    assert sorted([*result.blocks, *result.removed], key=lambda b: b.start) == list(result.page)
    assert all(b.kept for b in result.blocks) and not any(b.kept for b in result.removed)
    assert set(result.boilerplate) <= set(result.removed)
    assert all(result.raw[b.start:b.end] == b.text for b in result.page)


@PROFILE
@given(ROWS, KEEPS, st.floats(0, 1), st.floats(0, 1), st.dictionaries(st.integers(0, 7), st.booleans()))
def test_a_higher_threshold_never_keeps_more(rows: tuple[Row, ...], keep: frozenset[Label], one: float, other: float,
                                             fixed: dict[int, bool]) -> None:
    result = built(rows, keep=keep, fixed={n: value for n, value in fixed.items() if n < len(rows)})
    low, high = ({block.start for block in result.at(threshold).blocks} for threshold in sorted((one, other)))
    assert high <= low


def test_at_changes_nothing_but_the_decision() -> None:
    result = built()
    assert kept(result.at(0.8)) == [PROSE] and kept(result.at(1)) == [] and len(result.at(0).blocks) == len(PAGE)
    assert result.at(0.8).at(0.5) == result
    assert kept(result) == [PROSE, "Nobody was hurt."]
    assert [b.story for b in result.at(0.8).page] == [b.story for b in result.page]


@pytest.mark.parametrize("threshold", (-0.1, 1.1, math.nan, math.inf))
def test_at_refuses_what_is_no_probability(threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold"):
        built().at(threshold)
    with pytest.raises(TypeError, match="a number from 0 to 1, not str"):
        built().at("0.5")  # type: ignore[arg-type]
    assert built().at(np.float32(0.5)).threshold == 0.5  # type: ignore[arg-type]


def test_kept_labels_stay_in_the_text() -> None:
    result = built(keep=frozenset({Label.TITLE, Label.CAPTION}))
    assert kept(result) == ["Lamp shines again", PROSE, "A lamp. Photo: Ada Brook", "Nobody was hurt."]
    assert result.text.startswith("Lamp shines again\n")


def test_pages_without_a_story_keep_nothing() -> None:
    result = built(verdict=Verdict.NO_STORY, keep=frozenset({Label.TITLE, Label.BODY}))
    assert (result.text, result.blocks) == ("", ())
    assert all(block.label is not Label.BODY for block in result.page)


def test_fixed_decisions_win() -> None:
    for verdict in Verdict:
        result = built(fixed={0: True, 3: False}, verdict=verdict)
        assert result.page[0].kept and result.page[0].label is Label.BODY
        assert not result.page[3].kept and result.page[3].label is Label.RELATED


def test_boilerplate_is_what_is_neither_story_nor_beside_it() -> None:
    assert [block.text for block in built().boilerplate] == ["Home", "Share"]


def test_confidence_of_body_is_its_story_and_that_of_others_shares_the_rest() -> None:
    blocks = built().page
    assert blocks[3].confidence == blocks[3].story == 0.95
    assert blocks[0].confidence == pytest.approx(0.98 * 0.8)


# title, byline, other stories


def test_title_and_byline() -> None:
    result = built()
    assert (result.title, result.byline) == ("Lamp shines again", "By Ada Brook")
    assert (built(()).title, built(()).byline) == (None, None)


def test_the_surest_title_is_chosen_and_the_first_of_equals() -> None:
    rows = (("Lamp", 0.3, Label.TITLE), ("Lamp shines", 0.1, Label.TITLE), ("Lamp again", 0.1, Label.TITLE))
    assert built(rows).title == "Lamp shines"


@pytest.mark.parametrize(("lines", "best"), [
    (("3 May 2024", "By Ada Brook"), "By Ada Brook"), (("2024-05-03, 10:15", "文＝山田太郎"), "文＝山田太郎"),
    (("3 May 2024", "10:15"), "3 May 2024"), (("Publié le 22 octobre 2024 à 18h05", "Clothilde Merrien"), "Clothilde Merrien"),
    (("Published: Monday, 19th August 2024", "5 min read"), "Published: Monday, 19th August 2024"),
    (("By Ada Brook, 3 May 2024", "Quillholm Herald"), "By Ada Brook, 3 May 2024")])
def test_an_author_goes_before_a_date(lines: tuple[str, ...], best: str) -> None:
    rows = tuple((line, 0.1 + n / 10, Label.BYLINE) for n, line in enumerate(lines))
    assert built(rows).byline == best


def foreign(*texts: str) -> tuple[Row, ...]:
    return tuple((text, 0.01, Label.RELATED) for text in texts)


def test_other_stories_are_runs_of_related_prose() -> None:
    rows = (*PAGE[:4], *foreign("Mill burns down", PROSE, PROSE), PAGE[5], *foreign("Bridge reopens", PROSE))
    stories = built(rows).other_stories
    assert [[block.text for block in story] for story in stories] == [["Mill burns down", PROSE, PROSE], ["Bridge reopens", PROSE]]


def test_two_foreign_stories_in_a_row_are_two() -> None:
    stories = built((*PAGE[:4], *foreign("Mill burns down", PROSE, "Bridge reopens", PROSE))).other_stories
    assert [story[0].text for story in stories] == ["Mill burns down", "Bridge reopens"]


def test_teasers_are_no_other_story() -> None:
    assert built((*PAGE, *foreign("Mill burns down", "Bridge reopens", "Five boats we like"))).other_stories == ()


# text


@pytest.mark.parametrize(("text", "wanted"), (
    ("One boat.", "One boat."), ("The ferry\nsank", "The ferry sank"), ("The ferry \r\n sank", "The ferry sank"),
    ("the ferry\n, too", "the ferry, too"),
    ("渡轮\n离开", "渡轮离开"), ("배가\n떠났다", "배가 떠났다"), ("a (\nlamp\n) here", "a (lamp) here"),
    ("The\u2028ferry\x85sank", "The ferry sank")))
def test_lines_of_a_block_are_rejoined(text: str, wanted: str) -> None:
    assert rejoined(text) == wanted


@pytest.mark.parametrize(("text", "wanted"), (("Only\nI\nknow", "Only I know"), ("Oldbrook\n,\nthe town", "Oldbrook, the town"),
    ("渡\n轮\n离", "渡轮离")))
def test_lines_of_one_character_are_rejoined(text: str, wanted: str) -> None:
    assert rejoined(text) == wanted


def test_joints_stand_between_kept_blocks() -> None:
    rows = tuple((text, 0.9, Label.OTHER) for text in ("One.", "Two.", "Three.", "Four."))
    assert built(rows, joints=("\n\n", "", " ", "\n\n")).text == "One.Two. Three.\n\nFour."


def test_where_a_block_was_removed_a_line_ends() -> None:
    rows = (("One.", 0.9, Label.OTHER), ("Share", 0.1, Label.SHARE), ("Two.", 0.9, Label.OTHER))
    assert built(rows, joints=("", "", "")).text == built(rows, joints=("", "", " ")).text == "One.\nTwo."
    assert built(rows, joints=("", "", "\n\n")).text == "One.\n\nTwo."


# reasons


HIT = Reason("mine.lamp", Label.AD, 2.5)


def test_reasons_are_the_model_and_every_hit() -> None:
    blocks = built(hits={3: (HIT,)}).page
    assert blocks[3].hits == (HIT,) and blocks[0].hits == ()
    assert blocks[3].reasons == (Reason("model", Label.BODY, log_odds(0.95)), HIT)
    assert [reason.source for reason in blocks[0].reasons] == ["model"]


def probability(weight: float) -> float:
    """What `log_odds` was made of."""
    odds = math.exp(weight)
    return (odds * (1 + 1e-6) - 1e-6) / (1 + odds)


@PROFILE
@given(ROWS, KEEPS, st.integers(0, 10**6))
def test_reasons_replay_the_decision(rows: tuple[Row, ...], keep: frozenset[Label], millionths: int) -> None:
    rows = tuple((text, round(p, 6), label) for text, p, label in rows)
    result = built(rows, keep=keep, threshold=millionths / 10**6)
    for block, (_, _, other) in zip(result.page, rows):
        story = round(probability(block.reasons[0].weight), 6) >= result.threshold
        assert block.label is (Label.BODY if story else other)
        assert block.kept == (block.label is Label.BODY or block.label in keep)


@pytest.mark.parametrize("p", (0.0, 1e-6, 0.01, 0.5, 0.99, 1.0))
def test_log_odds_are_finite_and_invertible(p: float) -> None:
    assert math.isfinite(log_odds(p))
    assert probability(log_odds(p)) == pytest.approx(p, abs=5e-7)


# conversions


def test_to_dict_holds_what_the_result_holds() -> None:
    result = built(hits={3: (HIT,)})
    data = result.to_dict()
    assert (data["schema"], data["model"], data["text"], data["title"], data["byline"]) == (1, "given", result.text, result.title,
        result.byline)
    assert (data["verdict"], data["page_type"], data["error"], data["threshold"]) == ("story", "article", None, 0.5)
    assert [(b["text"], b["start"], b["end"], b["label"], b["kept"]) for b in data["blocks"]] == [
        (b.text, b.start, b.end, str(b.label), b.kept) for b in result.page]
    assert [r["source"] for r in data["blocks"][3]["reasons"]] == ["model", "mine.lamp"]


def test_to_dict_is_plain_json() -> None:
    def plain(value: Any) -> bool:
        if isinstance(value, dict):
            return all(type(key) is str and plain(item) for key, item in value.items())
        if isinstance(value, list):
            return all(map(plain, value))
        return value is None or type(value) in (str, int, float, bool)

    assert plain(built(hits={3: (HIT,)}).to_dict())


def test_json_round_trip() -> None:
    result = built(hits={3: (HIT,)})
    assert json.loads(result.to_json()) == result.to_dict()
    assert json.loads(result.to_json(indent=2, ensure_ascii=True)) == result.to_dict()
    odd = built((("“Où?” \ud800 \0 \u2028 漢", 0.9, Label.OTHER),))
    assert json.loads(odd.to_json()) == odd.to_dict()


def test_the_numbers_of_to_dict_replay_the_decision() -> None:
    data = built((("One boat.", 0.49996, Label.OTHER), ("Two boats.", 0.9, Label.OTHER)), threshold=0.50004).to_dict()
    assert [b["story"] >= data["threshold"] for b in data["blocks"]] == [b["kept"] for b in data["blocks"]]


def test_results_are_frozen() -> None:
    result = built()
    with pytest.raises(FrozenInstanceError):
        result.threshold = 0.1  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        result.scored.text = []  # type: ignore[misc]
    with pytest.raises(AttributeError):
        result.page[0].kept = True  # type: ignore[misc]


def test_results_pickle_and_copy() -> None:
    result = built(hits={3: (HIT,)}, fixed={0: True})
    for again in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result), copy.copy(result)):
        assert again == result
        assert again.to_dict() == result.to_dict()
    _ = result.page, result.text
    assert len(pickle.dumps(result)) == len(pickle.dumps(replace(result)))  # nothing computed is stored


def test_blocks_are_plain_tuples_of_values() -> None:
    block = built().page[3]
    assert isinstance(block, Block) and isinstance(block, tuple)
    assert pickle.loads(pickle.dumps(block)) == block
    assert (block.path, block.tag) == (None, None)
