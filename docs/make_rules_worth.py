"""What the built-in rules add, per label and per language: the same weights with the rules and without them.

    python docs/make_rules_worth.py DATA

Labels are measured on the hand-labelled lines of the validation fold, languages on the written pages that nothing was trained on. The
network was trained with rules dropped at random, so it can do without.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

from boilerstrip import Stripper
from boilerstrip.train.dataset import FIXTURES
from boilerstrip.train.evaluate import label_figures, load_pages
from boilerstrip.train.written import UNSEEN, WrittenPage, figures, read_pages

STRIPPERS = (Stripper(input="text"), Stripper(input="text", builtin_rules=False))


def row(cells: list[object]) -> str:
    return "| " + " | ".join(f"{c:.3f}" if isinstance(c, float) else str(c) for c in cells) + " |"


def by_label(data: Path) -> list[str]:
    pages = [page for page in load_pages(data) if page.job["labels"]]
    with_, without = (label_figures(pages, lambda texts, s=s: list(s.clean_many(texts))) for s in STRIPPERS)  # type: ignore[misc]
    rows = [row([label, found.get("n", ""), found["f1"], without[label]["f1"], found["f1"] - without[label]["f1"]])
            for label, found in with_.items()]
    return [row(["label", "lines", "F1 with rules", "without", "gain"]), row(["---"] * 5), *rows]


def by_language() -> list[str]:
    groups: dict[str, list[WrittenPage]] = defaultdict(list)
    for folder in UNSEEN:
        for page in read_pages(FIXTURES / folder):
            groups[page.facts["language"]].append(page)
            groups["all"].append(page)
    out = [row(["language", "pages", "words kept of what is not story, with rules", "without", "story words lost, with rules", "without"]),
           row(["---"] * 6)]
    for language, pages in sorted(groups.items(), key=lambda item: -len(item[1])):
        found = [figures(pages, stripper) for stripper in STRIPPERS]
        out.append(row([language, len(pages), *(f["all_leaked"] for f in found), *(f["words_lost"] for f in found)]))
    return out


if __name__ == "__main__":
    print("\n".join([*by_label(Path(sys.argv[1])), "", *by_language()]))
