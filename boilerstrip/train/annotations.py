"""Line labels that we gave to pages of the training fold by hand, without the pages' text or names.

`annotations.jsonl` has one row per page: `page`, a digest of its id; `renderer` as in the data's `labelled.jsonl`; `lines` (how many
non-blank lines that renderer makes); and `labels`, the labels of these lines as runs: "navigation*14 title byline*2 body*9 ?*3".
A question mark leaves a line to the gold text of its page.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from boilerstrip.labels import Label

LEFT = "?"  # the label of a line that is left to the gold text of its page
ANNOTATIONS = Path(__file__).parent / "annotations.jsonl"


def page_digest(page_id: str) -> str:
    """What stands for a page's id."""
    return hashlib.sha256(page_id.encode()).hexdigest()[:16]


def packed(labels: Iterable[str]) -> str:
    """Labels as runs of the same label."""
    runs = ((label, len(list(same))) for label, same in groupby(labels))
    return " ".join(label if count == 1 else f"{label}*{count}" for label, count in runs)


def unpacked(runs: str) -> Iterator[str]:
    """The labels of `packed`, one per line.

    Raises:
        ValueError: for a label that the scheme does not know, and for a count that is no number from 1 on.
    """
    for run in runs.split():
        label, _, count = run.partition("*")
        if count and int(count) < 1:
            raise ValueError(f"{run!r} counts no line")
        yield from [label if label == LEFT else str(Label(label))] * (int(count) if count else 1)


def read_annotations(path: Path = ANNOTATIONS) -> dict[str, dict[str, Any]]:
    """The annotated pages by the digests of their ids: `renderer` and `labels` (a list, one per line).

    Raises:
        ValueError: if a row's labels do not make up its lines, or a page comes twice.
    """
    pages = {}
    for text in path.read_text("utf-8").splitlines():
        row = json.loads(text)
        labels = list(unpacked(row["labels"]))
        if len(labels) != row["lines"]:
            raise ValueError(f"{path.name}: {row['page']} has {row['lines']} lines and {len(labels)} labels")
        if row["page"] in pages:
            raise ValueError(f"{path.name}: {row['page']} comes twice")
        pages[row["page"]] = {"renderer": row["renderer"], "labels": labels}
    return pages
