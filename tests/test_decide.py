"""The decision: probabilities in, blocks with labels out. The scores are given, so nothing here depends on the weights."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boilerstrip.decide import EMPTY, _other_labels, calibrate, decide, expected_f1_threshold, kinds_of_input
from boilerstrip.detect.model import Scores, default_model
from boilerstrip.detect.rules import Rule, RulePack
from boilerstrip.features import measure
from boilerstrip.labels import LABELS, Label, PageType, Verdict
from boilerstrip.options import Options
from boilerstrip.result import Result
from boilerstrip.segment.text import segment

PROFILE = settings(derandomize=True, deadline=None, database=None, max_examples=150)
GRID = [x / 4 for x in range(-48, 49)]
IDENTITY = {"logit": GRID, "calibrated": [1 / (1 + float(np.exp(-x))) for x in GRID]}
CALIBRATION: dict[str, Any] = {"story": dict.fromkeys(("separated", "lines", "glued"), IDENTITY), "label_temperature": 1.0,
                               "no_story": [1.0, 0.0, 0.0]}
STORY, FURNITURE = 5.0, -5.0
SENTENCE = "The ferry left at nine with forty people on board and the harbour lamp went out behind it."
Judge = Callable[[str], float]


def no_label(_: str) -> Label:
    return Label.NAVIGATION


def decided(text: str, story: Judge = lambda _: STORY, label: Callable[[str], Label] = no_label, *, empty: float = -5.0,
            kind: PageType = PageType.ARTICLE, rules: tuple[Rule, ...] = (), calibration: dict[str, Any] = CALIBRATION,
            **options: Any) -> Result:
    """The decision about a page whose every atom gets the logit `story(atom)` and the label `label(atom)`."""
    atoms = segment([text])
    features = measure(atoms)
    pieces = [text[a:b] for a, b in zip(atoms.start.tolist(), atoms.end.tolist())]
    labels = np.zeros((len(pieces), len(LABELS)), np.float32)
    labels[np.arange(len(pieces)), [LABELS.index(label(piece)) for piece in pieces]] = 6
    page = np.append([3.0 if other is kind else 0.0 for other in PageType], empty).astype(np.float32)
    scores = Scores(np.array([story(piece) for piece in pieces], np.float32), labels, page)
    pack = RulePack(rules)
    [result] = decide([text], atoms, features.words, [scores], pack.hits(atoms, features), pack, Options(**options), calibration, "given")
    return result


def texts(result: Result) -> list[str]:
    return [block.text for block in result.page]


def furniture(*words: str) -> Judge:
    """Atoms that hold one of the words are no story."""
    return lambda piece: FURNITURE if any(word in piece for word in words) else STORY


# the threshold


def expected_f1(p: np.ndarray, words: np.ndarray, chosen: np.ndarray) -> float:
    size = (words * chosen).sum() + (p * words).sum()
    return float(2 * (p * words * chosen).sum() / size) if size else 0.0


@PROFILE
@given(st.lists(st.tuples(st.floats(0.001, 1), st.integers(1, 60)), min_size=1, max_size=7))
def test_threshold_maximises_expected_f1(blocks: list[tuple[float, int]]) -> None:
    p, words = np.array([b[0] for b in blocks]), np.array([b[1] for b in blocks])
    best = max(expected_f1(p, words, np.array(choice)) for choice in product((0, 1), repeat=len(blocks)))
    threshold = expected_f1_threshold(p, words)
    assert threshold == pytest.approx(best / 2)
    assert expected_f1(p, words, p >= threshold - 1e-9) == pytest.approx(best)
    assert 0 <= threshold <= 0.5 + 1e-9


def test_threshold_of_sure_pages_is_one_half() -> None:
    assert expected_f1_threshold(np.array([1.0, 1.0, 0.0]), np.array([50, 40, 30])) == pytest.approx(0.5)


def test_threshold_does_not_depend_on_the_order() -> None:
    p, words = np.array([0.9, 0.2, 0.6, 0.4]), np.array([5, 70, 20, 30])
    assert expected_f1_threshold(p[::-1].copy(), words[::-1].copy()) == pytest.approx(expected_f1_threshold(p, words))


def test_pages_without_words_keep_nothing_unlikely() -> None:
    assert decided("!!!\n***", lambda _: FURNITURE).text == ""


def test_threshold_of_nothing() -> None:
    assert expected_f1_threshold(np.zeros(0), np.zeros(0, np.int64)) == 0.5


# calibration


@PROFILE
@given(st.lists(st.floats(-30, 30), min_size=2, max_size=30))
def test_calibration_is_monotone_and_a_probability(logits: list[float]) -> None:
    for knots in default_model().calibration["story"].values():
        out = calibrate(np.sort(np.array(logits, np.float32)), knots)
        assert (np.diff(out) >= 0).all()
        assert (out >= 0).all() and (out <= 1).all()


def test_calibration_follows_its_knots() -> None:
    knots = {"logit": [-1.0, 0.0, 2.0], "calibrated": [0.1, 0.3, 0.9]}
    assert calibrate(np.array([-9, -1, 0, 1, 2, 9], np.float32), knots) == pytest.approx([0.1, 0.1, 0.3, 0.6, 0.9, 0.9])


def test_every_kind_of_input_is_calibrated() -> None:
    assert set(default_model().calibration["story"]) >= {"separated", "lines", "glued"}


@pytest.mark.parametrize(("text", "kind"), (
    ("One boat.\n\nTwo boats.\n\nThree boats.", "separated"), ("One boat.\nTwo boats.\n" * 5, "lines"),
    ("One boat.Two boats.Three boats.Four", "glued"), ("", "glued")))
def test_kind_of_input(text: str, kind: str) -> None:
    atoms = segment([text])
    assert kinds_of_input(atoms) == [kind]


def test_calibration_is_that_of_the_kind_of_input() -> None:
    low = {"logit": [-12.0, 12.0], "calibrated": [0.25, 0.25]}
    calibration = {**CALIBRATION, "story": {"separated": low, "lines": IDENTITY, "glued": IDENTITY}}
    assert decided("One boat.\n\nTwo boats.", calibration=calibration).page[0].story == 0.25


# blocks


def test_neighbours_in_a_line_with_one_label_are_one_block() -> None:
    text = "The ferry sank at noon.Nobody was hurt.Divers went down."
    assert texts(decided(text)) == [text]
    assert texts(decided(text, lambda _: FURNITURE)) == [text]


def test_a_line_is_split_where_the_decision_changes() -> None:
    text = "The ferry sank at noon. It will be raised.Share this page"
    result = decided(text, furniture("Share"), lambda _: Label.SHARE)
    assert [(b.text, b.label, b.kept) for b in result.page] == [
        ("The ferry sank at noon. It will be raised.", Label.BODY, True), ("Share this page", Label.SHARE, False)]


def test_furniture_is_split_where_its_label_changes_and_story_is_not() -> None:
    def label(piece: str) -> Label:
        return Label.SHARE if "Share" in piece else Label.RELATED

    text = "Share this page.More news.Share again"
    assert texts(decided(text, lambda _: FURNITURE, label)) == ["Share this page.", "More news.", "Share again"]
    assert texts(decided(text, lambda _: STORY, label)) == [text]


def test_lines_and_paragraphs_are_blocks_of_their_own() -> None:
    assert texts(decided("Home now.\nNews now.\n\nSport now.")) == ["Home now.", "News now.", "Sport now."]


def test_story_of_a_block_is_the_mean_by_words() -> None:
    result = decided("Forty boats sailed on that day.Nobody.", lambda piece: 1.0 if "Nobody" in piece else 3.0)
    p, q = (1 / (1 + np.exp(-x)) for x in (3.0, 1.0))
    assert result.page[0].story == pytest.approx((6 * p + q) / 7, abs=2e-3)


def test_label_of_a_block_is_that_of_its_longest_atom() -> None:
    text = "Home.The second menu of the harbour pages.Home."
    result = decided("x\n" + text, lambda _: 1.0, lambda piece: Label.LEGAL if "second" in piece else Label.NAVIGATION, threshold=1.0)
    assert [(b.text, b.label) for b in result.page][1:] == [(text, Label.LEGAL)]


def test_confidence_is_the_share_of_the_label() -> None:
    body, other = decided(f"{SENTENCE}\nHome", furniture("Home")).page
    assert body.confidence == body.story > 0.99
    assert 0.9 < other.confidence <= 1 - other.story


def test_offsets_count_in_the_page_not_in_the_batch() -> None:
    pages = [SENTENCE, f"Home\n{SENTENCE}"]
    atoms = segment(pages)
    features = measure(atoms)
    scores = [Scores(np.full(n, STORY, np.float32), np.zeros((n, len(LABELS)), np.float32), np.full(len(PageType) + 1, -5, np.float32))
              for n in (1, 2)]
    pack = RulePack(())
    _, result = decide(pages, atoms, features.words, scores, pack.hits(atoms, features), pack, Options(), CALIBRATION, "given")
    assert [(b.start, b.end, b.text) for b in result.page] == [(0, 4, "Home"), (5, 5 + len(SENTENCE), SENTENCE)]


@pytest.mark.parametrize("text", ("", "\n", " \u200b\r\n"))
def test_pages_without_blocks(text: str) -> None:
    atoms = segment([text])
    nothing = Scores(np.zeros(0, np.float32), np.zeros((0, len(LABELS)), np.float32), np.zeros(0, np.float32))
    pack = RulePack(())
    features = measure(atoms)
    hits = pack.hits(atoms, features)
    [result] = decide([text], atoms, features.words, [nothing], hits, pack, Options(), CALIBRATION, "given")
    assert (tuple(result.page), result.text, result.verdict, result.confidence) == ((), "", Verdict.NO_STORY, 1.0)


# joints: what stands between atoms once torn and wrapped lines are re-joined


@pytest.mark.parametrize(("text", "wanted"), (
    ("The ferry of \nOldbrook\n sank at noon.", "The ferry of Oldbrook sank at noon."),
    ("The ferry (\nOldbrook\n) sank.", "The ferry (Oldbrook) sank."),
    ("The keeper went home\n.", "The keeper went home."),
    ("One boat.\nTwo boats.", "One boat.\nTwo boats."),
    ("One boat.\n\n\nTwo boats.", "One boat.\n\nTwo boats."),
    ("One boat.Two boats.", "One boat.Two boats."),
    ("One boat.   Two boats.", "One boat.   Two boats."),
    ("The harbour\nBy Ada Brook", "The harbour\nBy Ada Brook"),
))
def test_text_rejoins_what_was_torn(text: str, wanted: str) -> None:
    assert decided(text).text == wanted


def torn(*lines: str) -> str:
    return "\n".join(lines)


def test_a_page_of_torn_lines_is_rejoined_without_spaces_to_tell() -> None:
    text = torn("The keeper", ", who lives in", "oldbrook", ", said that the lamp", "went out", ", and that nobody came.")
    assert decided(text).text.count("\n") == 0


@pytest.mark.parametrize(("text", "wanted"), (
    ("The letter \nI\n was torn off.", "The letter I was torn off."),
    ("The ferry of \nOldbrook\n, \nthe last one, sank.", "The ferry of Oldbrook, the last one, sank.")))
def test_text_rejoins_lines_of_one_character(text: str, wanted: str) -> None:
    assert decided(text).text == wanted


def test_hard_wrapped_lines_are_one_paragraph() -> None:
    paragraph = " ".join([SENTENCE] * 4)
    text = "\n\n".join("\n".join(textwrap.wrap(paragraph, 72)) for _ in range(2)).replace("ferry", "barge", 4)
    result = decided(text)
    assert result.text.count("\n\n") == 1
    assert [part == " ".join(part.split("\n")) for part in result.text.split("\n\n")] == [True, True]


def test_wrapped_lines_without_spaces_are_joined_without_one() -> None:
    line = "渡轮在九点离开码头船上有四十人灯塔的灯在他们身后熄灭了没有人挥手也没有人回头看一眼那座旧的码头" * 2
    text = "\n".join(line[:60] for _ in range(5))
    assert decided(text).text == line[:60] * 5


def test_removed_blocks_leave_a_line_end() -> None:
    text = f"{SENTENCE}Share this.Nobody was hurt."
    assert decided(text, furniture("Share")).text == f"{SENTENCE}\nNobody was hurt."


PAGE_OF_LINES = f"Mayor opens new lamp\nBy Ada Brook\n{SENTENCE}\nNobody was hurt\nMore news"


@pytest.mark.parametrize("end", ("\r", "\x85", "\u2028"))
def test_every_line_end_separates_alike(end: str) -> None:
    assert texts(decided(PAGE_OF_LINES.replace("\n", end))) == texts(decided(PAGE_OF_LINES))


def test_crlf_separates_like_lf() -> None:
    assert texts(decided(PAGE_OF_LINES.replace("\n", "\r\n"))) == texts(decided(PAGE_OF_LINES))


# copies


def test_the_second_copy_of_a_passage_is_other() -> None:
    result = decided(f"{SENTENCE}\nNobody was hurt.\n{SENTENCE}")
    assert [(b.label, b.kept) for b in result.page] == [(Label.BODY, True), (Label.BODY, True), (Label.OTHER, False)]
    assert "copy" in [reason.source for reason in result.page[2].reasons]
    assert result.text == f"{SENTENCE}\nNobody was hurt."


def test_short_lines_and_furniture_may_repeat() -> None:
    text = f"It rained.\n{SENTENCE}\nIt rained.\nHome and all the rest\nHome and all the rest"
    result = decided(text, furniture("Home"))
    assert [b.kept for b in result.page] == [True, True, True, False, False]
    assert all("copy" not in [r.source for r in b.reasons] for b in result.page)


def test_a_doubtful_first_copy_does_not_cost_the_sure_one() -> None:
    sure = iter((0.1, STORY, STORY))
    result = decided(f"{SENTENCE}\nNobody was hurt in the accident.\n{SENTENCE}", lambda _: next(sure))
    assert [b.kept for b in result.page][1:] == [True, True]


# options


LADDER = "\n\n".join(f"{SENTENCE.replace('nine', f'hour {n}').replace('forty', 'many')[: 40 + n]}." for n in range(12))


def ladder(**options: Any) -> Result:
    """Blocks from sure furniture to sure story."""
    step = iter(np.linspace(-4, 4, 12).tolist())
    return decided(LADDER, lambda _: next(step), **options)


def test_favor_shifts_the_threshold() -> None:
    recall, balanced, precision = (ladder(favor=favor) for favor in ("recall", "balanced", "precision"))
    assert recall.threshold < balanced.threshold < precision.threshold
    assert len(recall.blocks) > len(balanced.blocks) > len(precision.blocks)
    assert set(precision.blocks) < set(balanced.blocks)


def test_favor_shifts_by_log_odds() -> None:
    def odds(favor: str) -> float:
        threshold = ladder(favor=favor).threshold
        return float(np.log(threshold / (1 - threshold)))

    assert odds("precision") - odds("balanced") == pytest.approx(odds("balanced") - odds("recall"), abs=1e-3)


def test_a_number_replaces_threshold_and_favor() -> None:
    assert ladder(threshold=0.3, favor="precision").threshold == 0.3
    assert ladder(threshold=0).threshold == 0 and len(ladder(threshold=0).blocks) == 12
    assert len(ladder(threshold=1).blocks) == 0


def test_a_block_at_the_threshold_is_kept() -> None:
    block = ladder().page[6]
    assert ladder(threshold=block.story).page[6].kept


def test_threshold_is_the_one_of_expected_f1() -> None:
    result = ladder()
    story, words = np.array(result.scored.story), np.array(result.scored.words)
    assert result.threshold == pytest.approx(expected_f1_threshold(story, words), abs=1e-6)


def test_kept_labels() -> None:
    def label(piece: str) -> Label:
        return Label.CAPTION if "Photo" in piece else Label.TITLE if "Lamp" in piece else Label.NAVIGATION

    text = f"Home\nLamp shines\n{SENTENCE}\nPhoto of a lamp"
    result = decided(text, furniture("Home", "Lamp", "Photo"), label, keep={"caption"})
    assert [(b.label, b.kept) for b in result.page] == [
        (Label.NAVIGATION, False), (Label.TITLE, False), (Label.BODY, True), (Label.CAPTION, True)]
    assert result.text == f"{SENTENCE}\nPhoto of a lamp"


# verdict and page type


def test_verdict() -> None:
    story, empty = decided(SENTENCE, empty=-3.0), decided(SENTENCE, empty=3.0)
    assert (story.verdict, empty.verdict) == (Verdict.STORY, Verdict.NO_STORY)
    assert story.text == SENTENCE and empty.text == "" and not empty.blocks
    assert all(block.label is not Label.BODY for block in empty.page)
    assert story.confidence == empty.confidence == pytest.approx(1 / (1 + np.exp(-3)), abs=1e-5)


def test_verdict_is_calibrated() -> None:
    result = decided(SENTENCE, empty=3.0, calibration={**CALIBRATION, "no_story": [1.0, 0.0, -4.0]})
    assert result.verdict is Verdict.STORY
    assert result.confidence == pytest.approx(1 / (1 + np.exp(-1)), abs=1e-5)


def test_verdict_heeds_the_f1_that_the_blocks_let_expect() -> None:
    calibration = {**CALIBRATION, "no_story": [0.5, -2.0, 0.25]}
    for logit in (-2.0, 0.0, 2.0):
        story = 1 / (1 + float(np.exp(-logit)))
        expected = 2 * story / (1 + story)  # of one block, kept
        empty = 1 / (1 + np.exp(-(0.5 * 3 - 2 * np.log(expected / (1 - expected)) + 0.25)))
        result = decided(SENTENCE, lambda _, logit=logit: logit, empty=3.0, calibration=calibration)
        assert result.verdict is (Verdict.NO_STORY if empty >= EMPTY else Verdict.STORY)
        assert result.confidence == pytest.approx(empty if empty >= EMPTY else 1 - empty, abs=1e-4)


@pytest.mark.parametrize("kind", PageType)
def test_page_type(kind: PageType) -> None:
    result = decided(SENTENCE, kind=kind)
    assert result.page_type is kind
    assert result.page_type_confidence == pytest.approx(np.exp(3) / (np.exp(3) + len(PageType) - 1), abs=1e-5)


# keep and drop rules


def rule(action: str, phrase: str, **more: Any) -> Rule:
    return Rule(f"mine.{action}", Label.AD, 2.0, "anywhere", {"": (phrase,)}, action=action, **more)


def test_keep_and_drop_rules_fix_the_decision() -> None:
    text = f"{SENTENCE}\nBuy a lamp today\nHome"
    rules = (rule("keep", "buy a lamp"), rule("drop", "harbour lamp"))
    result = decided(text, furniture("Buy", "Home"), rules=rules)
    assert [b.kept for b in result.page] == [False, True, False]
    assert result.page[0].label is not Label.BODY and result.page[1].label is Label.BODY
    assert all([b.kept for b in result.at(threshold).page][:2] == [False, True] for threshold in (0, 0.5, 1))


def test_keep_wins_over_drop_and_over_copies() -> None:
    rules = (rule("drop", "harbour lamp"), rule("keep", "harbour lamp"))
    result = decided(f"{SENTENCE}\nHome\n{SENTENCE}", furniture("Home"), rules=rules)
    assert [b.kept for b in result.page] == [True, False, True]


def test_a_fixed_part_of_a_line_is_a_block_of_its_own() -> None:
    result = decided("The ferry sank at noon.Buy a lamp today.Nobody was hurt.", rules=(rule("drop", "buy a lamp"),))
    assert [(b.text, b.kept) for b in result.page] == [
        ("The ferry sank at noon.", True), ("Buy a lamp today.", False), ("Nobody was hurt.", True)]


def test_keep_rules_win_over_the_verdict() -> None:
    result = decided(f"Home\n{SENTENCE}", lambda _: FURNITURE, empty=5.0, rules=(rule("keep", "harbour lamp"),))
    assert [b.kept for b in result.page] == [False, True]


def test_reasons_name_rules_once_with_label_and_weight() -> None:
    result = decided("Buy a lamp, buy a lamp today\nHome", lambda _: FURNITURE, rules=(rule("evidence", "buy a lamp"),))
    assert [(r.source, r.label, r.weight) for r in result.page[0].hits] == [("mine.evidence", Label.AD, 2.0)]
    assert result.page[1].hits == ()


def test_shares_of_labels_are_the_same_to_the_last_bit_alone_and_in_a_batch() -> None:
    logits = np.random.default_rng(7).normal(0, 3, (len(LABELS), 400)).astype(np.float32)
    together = _other_labels(logits.copy(), 1.35)[1]
    alone = np.concatenate([_other_labels(logits[:, [k]].copy(), 1.35)[1] for k in range(400)])
    assert np.array_equal(together, alone)
