"""The pages in fixtures/ that we wrote: readable text files with a label in front of every line.

    language: de
    verdict: story
    ---
    navigation | Startseite
    body       | Erster Absatz …
    +share     |  Teilen      (glued to the line before)

A line without a label is blank.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from boilerstrip.chars import codes_of
from boilerstrip.labels import LABELS, Label
from boilerstrip.result import Result
from boilerstrip.stripper import Stripper
from boilerstrip.train.augment import Doc
from boilerstrip.train.dataset import HAND, NUMBER, UNKNOWN

NEWLINE = 10
# Folders of FIXTURES that nothing is trained on: those whose figures were seen at most while choosing between runs (of `blind` not even
# these), and those that choices are made by.
UNSEEN, LOOKED_AT = ("blind", "hard/unseen", "hides/unseen", "aggregators"), ("dev", "ordinary")


@dataclass(frozen=True)
class WrittenPage:
    """One page: its raw text, and the spans of its lines with their labels."""

    name: str
    facts: dict[str, str]
    text: str
    spans: tuple[tuple[int, int, Label], ...]

    @property
    def story(self) -> str:
        return "\n".join(self.text[a:b] for a, b, label in self.spans if label is Label.BODY)


def read_page(path: Path) -> WrittenPage:
    """Parse one file.

    Raises:
        ValueError: naming file and line of what cannot be read.
    """
    head, _, rest = path.read_text("utf-8").partition("\n---\n")
    facts = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
    parts: list[str] = []
    spans: list[tuple[int, int, Label]] = []
    at = 0
    for number, line in enumerate(rest.rstrip("\n").split("\n")):
        mark, bar, text = line.partition("|")
        mark, text = mark.strip(), text.removeprefix(" ")
        if not bar:
            if line.strip():
                raise ValueError(f"{path.name}: line {number + 1} after the head has no label")
            mark, text = "", ""
        glued = mark.startswith("+")
        if number and not glued:
            parts.append("\n")
            at += 1
        parts.append(text)
        if mark.strip("+"):
            start = at + len(text) - len(text.lstrip())
            end = at + len(text.rstrip())
            if end > start:
                spans.append((start, end, Label(mark.strip("+"))))
        at += len(text)
    return WrittenPage(path.stem, facts, "".join(parts), tuple(spans))


def read_pages(folder: Path) -> list[WrittenPage]:
    """All pages of a folder, by name.

    Raises:
        FileNotFoundError: if there is none: the written pages come with the repository, not with the package.
    """
    paths = sorted(folder.glob("*.txt"))
    if not paths:
        raise FileNotFoundError(f"no written pages in {folder}: they come with the repository, not with the package")
    return [read_page(path) for path in paths]


def doc_of_page(page: WrittenPage) -> Doc:
    """A written page as a training document."""
    n = len(page.text)
    story, label, source = np.full(n, UNKNOWN, np.uint8), np.full(n, UNKNOWN, np.uint8), np.zeros(n, np.uint8)
    title = ""
    for a, b, kind in page.spans:
        story[a:b], label[a:b], source[a:b] = kind is Label.BODY, NUMBER[kind], HAND
        if kind is Label.TITLE and not title:
            title = page.text[a:b]
    return Doc(codes_of(page.text), story, label, source, f"written-{page.name}", page.facts.get("language", "en"),
               page.facts.get("page_type", "article"), title,
               page.facts.get("verdict") == "no_story")


def page_of_doc(doc: Doc, page: WrittenPage) -> WrittenPage:
    """What became of a page as a training document, as a page again: the runs of one label in each of its lines."""
    edges = np.diff(doc.label.astype(np.int64), prepend=-1) != 0
    edges[1:] |= doc.codes[:-1] == NEWLINE
    begins = np.flatnonzero(edges)
    text, spans = doc.text, []
    for start, end in zip(begins.tolist(), [*begins[1:].tolist(), len(doc)]):
        run, number = text[start:end], int(doc.label[start])
        if number != UNKNOWN and run.strip():
            start += len(run) - len(run.lstrip())
            spans.append((start, start + len(run.strip()), LABELS[number]))
    facts = page.facts | ({"verdict": "no_story"} if doc.no_story else {})
    return replace(page, facts=facts, text=text, spans=tuple(spans))


def compare(page: WrittenPage, result: Result) -> dict[str, Any]:
    """Words of the story that were lost, words of each other label that were kept, and labels by line."""
    kept = np.zeros(len(page.text), bool)
    for block in result.blocks:
        kept[block.start:block.end] = True
    lost, leaked, total = 0, Counter[str](), Counter[str]()
    lines_lost = 0
    for a, b, label in page.spans:
        words = max(len(page.text[a:b].split()), 1)
        total[label] += words
        share = float(kept[a:b].mean())
        if label is Label.BODY:
            lost += round(words * (1 - share))
            lines_lost += share < 0.5
        else:
            leaked[label] += round(words * share)
    return {"name": page.name, "lost": lost, "lines_lost": lines_lost, "leaked": dict(leaked), "words": dict(total),
            "exact": lost == 0 and not any(leaked.values())}


def figures(pages: Sequence[WrittenPage], stripper: Stripper) -> dict[str, Any]:
    """The figures of a corpus of written pages."""
    rows = [compare(page, result) for page, result in zip(pages, stripper.clean_many([p.text for p in pages]))]
    stories = [row for row in rows if row["words"].get("body")]
    words, leaked = Counter[str](), Counter[str]()
    for row in rows:
        words.update(row["words"])
        leaked.update(row["leaked"])
    return {
        "pages": len(rows), "stories": len(stories),
        "stories_lost": sum(row["lost"] > 0.8 * row["words"]["body"] for row in stories),
        "pages_with_loss": sum(row["lines_lost"] > 0 for row in stories) / max(len(stories), 1),
        "exact": sum(row["exact"] for row in rows) / max(len(rows), 1),
        "nearly_exact": sum(row["lost"] + sum(row["leaked"].values()) <= 0.02 * max(row["words"].get("body", 0), 50)
                            for row in rows) / max(len(rows), 1),
        "words_lost": sum(row["lost"] for row in rows) / max(words["body"], 1),
        "all_leaked": leaked.total() / max(words.total() - words["body"], 1),
        "words_leaked": {label: leaked[label] / words[label] for label in sorted(words) if label != "body"},
        "worst": sorted(((row["name"], row["lost"], row["leaked"]) for row in rows if not row["exact"]), key=lambda r: -r[1])}


def report(pages: Sequence[WrittenPage], stripper: Stripper) -> Iterator[str]:
    """Every page with its losses and leaks."""
    for name, lost, leaked in figures(pages, stripper)["worst"]:
        yield f"{name}: lost {lost}, leaked { {k: v for k, v in leaked.items() if v} }"
