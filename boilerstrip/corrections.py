"""Corrections of blocks, as the HTML report exports them: JSON lines, one corrected block each.

    {"page": name, "text": the block, "start": …, "end": …, "label": …, "keep": true or false, "was": {…},
     "raw_sha256": digest of the page's text, "raw": the page's text, in one line of each page}
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boilerstrip.labels import LABELS, Label
from boilerstrip.report import digest_of
from boilerstrip.result import Block
from boilerstrip.stripper import Stripper

__all__ = ["CorrectedPage", "Correction", "CorrectionError", "read_corrections"]


class CorrectionError(ValueError):
    """A file of corrections that cannot be used; the message names the file, the line and the reason."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What a block really is, and whether it is to be kept."""

    text: str
    label: Label
    keep: bool
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class CorrectedPage:
    """A page with its corrections; `raw` is None where the text was not exported."""

    name: str
    sha256: str
    corrections: tuple[Correction, ...]
    raw: str | None = field(default=None, repr=False)

    def blocks(self, stripper: Stripper) -> list[tuple[Block, Correction | None]]:
        """All blocks of the page as the library cuts them now, each with the correction that lies on it."""
        if self.raw is None:
            return []
        placed = sorted((c for c in self.corrections if c.start is not None and c.end is not None), key=lambda c: c.start or 0)
        out = []
        for block in stripper.clean(self.raw).page:
            middle = ((block.start or 0) + (block.end or 0)) // 2
            out.append((block, next((c for c in placed if (c.start or 0) <= middle < (c.end or 0)), None)))
        return out


def read_corrections(paths: Iterable[Path]) -> list[CorrectedPage]:
    """The corrections of some files, by page. A later correction of a block replaces an earlier one.

    Raises:
        CorrectionError: for the first line that is not a correction, or does not fit the text of its page.
        OSError: if a file cannot be read.
    """
    found: dict[str, dict[str, Any]] = {}
    for path in paths:
        for number, line in enumerate(_lines(path), 1):
            if line.strip():
                _add(found, line, f"{path}: line {number}")
    pages = [CorrectedPage(entry["name"], sha256, tuple(c for c, _ in entry["corrections"].values()), entry["raw"])
             for sha256, entry in found.items()]
    for page in pages:
        _check_places(page, [where for _, where in found[page.sha256]["corrections"].values()])
    return pages


def _lines(path: Path) -> Sequence[str]:
    try:
        return path.read_bytes().decode("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise CorrectionError(f"{path}: not UTF-8") from None


def _add(found: dict[str, dict[str, Any]], line: str, where: str) -> None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise CorrectionError(f"{where}: not JSON") from None
    if not isinstance(row, dict):
        raise CorrectionError(f"{where}: must be an object, not {type(row).__name__}")
    text, sha256, raw = row.get("text"), row.get("raw_sha256"), row.get("raw")
    for name, value in (("text", text), ("raw_sha256", sha256)):
        if not isinstance(value, str) or not value:
            raise CorrectionError(f"{where}: {name} must be a text that is not empty")
    if row.get("label") not in LABELS:
        raise CorrectionError(f"{where}: label must be one of {', '.join(LABELS)}")
    if not isinstance(row.get("keep"), bool):
        raise CorrectionError(f"{where}: keep must be true or false")
    start, end = row.get("start"), row.get("end")
    if (start, end) != (None, None) and not (type(start) is int and type(end) is int and 0 <= start < end):
        raise CorrectionError(f"{where}: start and end must be whole numbers, start before end, or null")
    if raw is not None and (not isinstance(raw, str) or digest_of(raw) != sha256):
        raise CorrectionError(f"{where}: raw is not the text that raw_sha256 is the digest of")
    entry = found.setdefault(str(sha256), {"name": str(row.get("page", "")), "corrections": {}, "raw": None})
    entry["raw"] = entry["raw"] if raw is None else raw
    entry["corrections"][(start, end, text)] = (Correction(str(text), Label(row["label"]), row["keep"], start, end), where)


def _check_places(page: CorrectedPage, where: Sequence[str]) -> None:
    if page.raw is None:
        return
    for correction, line in zip(page.corrections, where):
        if correction.start is not None and page.raw[correction.start:correction.end] != correction.text:
            raise CorrectionError(f"{line}: the page's text has something else from start to end than text")
