"""Another extractor's answer as evidence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from boilerstrip import Label, Options, Stripper, clean
from boilerstrip.detect import extractors
from boilerstrip.segment.html import segment_html

STORY = ("The ferry left at nine with forty people on board, and the harbour lamp went out behind it.",
         "The keeper slept on his chair in the kitchen of the old customs house, as he had done all winter.")
PAGE = (f"<html><body><nav><a href=/>Home</a></nav><article><h1>Lamp out</h1><p>{STORY[0]}</p><p>{STORY[1]}</p></article>"
        "<footer><p>All of the rights in this page are with the pier and nobody else.</p></footer></body></html>")


def told(monkeypatch: pytest.MonkeyPatch, text: str | None) -> None:
    monkeypatch.setattr(extractors, "extracted", lambda html: text)


def test_shares() -> None:
    found = f"Lamp out\n{STORY[0]}\n- Oil\n| a | b |"
    assert extractors.shares([*STORY, "Lamp out", "OIL", "a b", "out", ""], found).tolist() == [1, 0, 1, 1, 1, 0, 0]
    assert 0 < extractors.shares([STORY[0][:45] + " " + STORY[1][:40]], found)[0] < 1
    assert extractors.shares([STORY[0]], "").tolist() == [0]


def test_votes_move_the_story_and_are_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, STORY[0])
    before, after = clean(PAGE), clean(PAGE, detectors=["trafilatura"])
    assert [b.text for b in before.page] == [b.text for b in after.page]
    for old, new in zip(before.page, after.page):
        vote = [r for r in new.reasons if r.source == "trafilatura"]
        assert len(vote) == 1 and not [r for r in old.reasons if r.source == "trafilatura"]
        if new.text == STORY[0]:
            assert new.story > old.story and (vote[0].label, vote[0].weight) == (Label.BODY, extractors.TAKEN)
        else:
            assert new.story < old.story and vote[0].label is not Label.BODY and vote[0].weight == -extractors.LEFT
        shift = new.reasons[0].weight - old.reasons[0].weight
        assert np.isclose(shift, extractors.TAKEN if new.text == STORY[0] else extractors.LEFT, atol=0.1)


@pytest.mark.parametrize("answer", (None, ""))
def test_no_answer_is_no_vote(monkeypatch: pytest.MonkeyPatch, answer: str | None) -> None:
    told(monkeypatch, answer)
    assert clean(PAGE, detectors=("trafilatura",)).to_dict() == clean(PAGE).to_dict()


def test_failures_are_no_vote(monkeypatch: pytest.MonkeyPatch) -> None:
    import trafilatura

    def fail(*args: Any, **fields: Any) -> None:
        raise MemoryError
    monkeypatch.setattr(trafilatura, "extract", fail)
    assert extractors.trafilatura_votes(PAGE, segment_html(PAGE)) is None


def test_the_real_one() -> None:
    votes = extractors.trafilatura_votes(PAGE, page := segment_html(PAGE))
    assert votes is not None and dict(zip(page.texts(), votes))[STORY[1]] == extractors.TAKEN
    assert extractors.trafilatura_votes("", segment_html("")) is None


def test_text_has_no_votes() -> None:
    raw = "\n\n".join(STORY)
    assert clean(raw, detectors=("trafilatura",)) == clean(raw)


def test_the_option() -> None:
    assert Options().detectors == () and Options.of(detectors="trafilatura").detectors == ("trafilatura",)
    assert Stripper(detectors=["trafilatura", "trafilatura"]).options.detectors == ("trafilatura",)
    for bad in (["goose"], "goose", [3]):
        with pytest.raises(ValueError, match=r"detectors: .*'trafilatura'"):
            Options.of(detectors=bad)
    with pytest.raises(TypeError, match="detectors"):
        Options.of(detectors=3)
