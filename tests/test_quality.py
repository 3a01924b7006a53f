"""The quality on the pages in fixtures/, which we wrote: floors that only a broken model or rule pack falls below.

The maintainer sets the limits; the figures that the model really reaches are in docs/benchmarks.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from boilerstrip import Label, Stripper, Verdict

# ----------------------------
# LIMITS, set by the maintainer. Shares from 0 to 1, per folder of fixtures/ (of each corpus half, "tune", was trained on).
LIMITS: dict[str, dict[str, float]] = {
    "hard/tune": {"stories lost, at most": 0.05, "words of stories lost, at most": 0.10, "words of the rest kept, at most": 0.90,
             "verdicts right, at least": 0.50},
    "hard/unseen": {"stories lost, at most": 0.05, "words of stories lost, at most": 0.10, "words of the rest kept, at most": 0.90,
               "verdicts right, at least": 0.50},
    "hides/tune": {"stories lost, at most": 0.05, "words of stories lost, at most": 0.10, "verdicts right, at least": 0.80},
    "hides/unseen": {"stories lost, at most": 0.05, "words of stories lost, at most": 0.10, "verdicts right, at least": 0.80},
    "ordinary": {"stories lost, at most": 0.03, "words of stories lost, at most": 0.08, "words of the rest kept, at most": 0.20,
                 "verdicts right, at least": 0.95},
    "aggregators": {"stories lost, at most": 0.05, "words of stories lost, at most": 0.10, "words of the rest kept, at most": 0.30,
                    "verdicts right, at least": 0.80},
    "blind": {"stories lost, at most": 0.05, "words of stories lost, at most": 0.10, "words of the rest kept, at most": 0.30,
              "verdicts right, at least": 0.80},
}
# ----------------------------

FIXTURES = Path(__file__).parents[1] / "fixtures"
LOST = 0.8  # share of a story's words from which the story counts as lost


@dataclass(frozen=True)
class Page:
    """A written page: its raw text, the spans of its lines with their labels, and whether it has a story."""

    name: str
    text: str
    spans: tuple[tuple[int, int, Label], ...]
    verdict: Verdict


def read(path: Path) -> Page:
    """A file of `label | line`; "+label" glues a line to the one before, a line without a label is blank."""
    head, _, rest = path.read_text("utf-8").partition("\n---\n")
    text, spans = "", []
    for number, line in enumerate(rest.rstrip("\n").split("\n")):
        mark, _, content = line.partition("|")
        mark, content = mark.strip(), content.removeprefix(" ")
        text += "" if not number or mark.startswith("+") else "\n"
        if mark.strip("+") and content.strip():
            spans.append((len(text), len(text) + len(content), Label(mark.strip("+"))))
        text += content if mark.strip("+") else ""
    return Page(path.stem, text, tuple(spans), Verdict.NO_STORY if "verdict: no_story" in head else Verdict.STORY)


@cache
def pages(half: str) -> tuple[Page, ...]:
    return tuple(read(path) for path in sorted((FIXTURES / half).glob("*.txt")))


@cache
def measured(half: str) -> dict[str, float]:
    """Words lost and kept, over all pages of a half."""
    story = rest = lost = leaked = 0.0
    stories, stories_lost, right = 0, 0, 0
    for page, result in zip(pages(half), Stripper().clean_many([page.text for page in pages(half)]), strict=True):
        kept = bytearray(len(page.text))
        for block in result.blocks:
            assert block.start is not None and block.end is not None
            kept[block.start:block.end] = b"\1" * (block.end - block.start)
        mine = mine_lost = 0.0
        for a, b, label in page.spans:
            words = max(len(page.text[a:b].split()), (b - a) / 6)  # scripts without spaces have long lines of few words
            share = sum(kept[a:b]) / (b - a)
            if label is Label.BODY:
                mine, mine_lost = mine + words, mine_lost + words * (1 - share)
            else:
                rest, leaked = rest + words, leaked + words * share
        story, lost = story + mine, lost + mine_lost
        stories += mine > 0
        stories_lost += mine > 0 and mine_lost > LOST * mine
        right += result.verdict is page.verdict
    return {"stories lost": stories_lost / stories, "words of stories lost": lost / story, "words of the rest kept": leaked / rest,
            "verdicts right": right / len(pages(half))}


@pytest.mark.parametrize(("half", "least"), [("hard/tune", 40), ("hard/unseen", 40), ("hides/tune", 30), ("hides/unseen", 30),
                                             ("aggregators", 20), ("dev", 40), ("ordinary", 40), ("blind", 30), ("plain", 90),
                                             ("written", 400)])
def test_the_corpus_is_there(half: str, least: int) -> None:
    assert len(pages(half)) >= least
    assert all(page.spans and all(page.text[a:b].strip() for a, b, _ in page.spans) for page in pages(half))
    if half.startswith("hard"):
        assert any(page.verdict is Verdict.NO_STORY for page in pages(half))


@pytest.mark.parametrize(("half", "limit"), [(half, limit) for half, limits in LIMITS.items() for limit in limits])
def test_limit(half: str, limit: str) -> None:
    figure, _, bound = limit.partition(", ")
    value = measured(half)[figure]
    assert value <= LIMITS[half][limit] if bound == "at most" else value >= LIMITS[half][limit]
