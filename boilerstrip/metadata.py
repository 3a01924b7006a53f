"""Facts about a story from its blocks: when it was published."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime

__all__ = ["published_date"]

# Where a date may be: digits with separators, or a day and a year around a word (in either order), in any script.
NUMERIC = re.compile(
    r"(?<!\d)(?:\d{4}\s?[-./年년]\s?\d{1,2}\s?[-./月월]\s?\d{1,2}\s?[日일]?"
    r"|\d{1,2}\s?[-./]\s?\d{1,2}\s?[-./]\s?\d{4})(?!\d)")
WORDED = re.compile(
    r"(?<!\d)(?:\d{1,2}(?:st|nd|rd|th|er|[.º])?\s(?:de\s|d['’])?[^\W\d]{3,14}\.?,?\s(?:de\s)?\d{4}"
    r"|[^\W\d]{3,14}\.?\s\d{1,2}(?:st|nd|rd|th)?,?\s\d{4})(?!\d)")
LONGEST = 300  # characters of a byline that are searched


def published_date(bylines: Iterable[str]) -> str | None:
    """The first date in the bylines as an ISO date (YYYY-MM-DD), or None.

    Only absolute, complete dates count. Month names of some 200 languages are read by dateparser, which is imported
    on the first worded date; for numeric dates day comes first unless the year does or the numbers say otherwise.
    """
    for line in bylines:
        text = line[:LONGEST]
        found = _numeric(text) or _worded(text)
        if found is not None and 1990 <= found.year <= 2100:
            return found.isoformat()
    return None


def _numeric(text: str) -> date | None:
    for match in NUMERIC.finditer(text):
        parts = [int(n) for n in re.findall(r"\d+", match.group())]
        year, month, day = parts if parts[0] > 31 else parts[::-1]
        if month > 12 and day <= 12:
            month, day = day, month
        try:
            return date(year, month, day)
        except ValueError:
            continue
    return None


def _worded(text: str) -> date | None:
    found = WORDED.search(text)
    if found is None:
        return None
    import dateparser

    parsed: datetime | None = dateparser.parse(
        found.group(), settings={"REQUIRE_PARTS": ["day", "month", "year"], "PREFER_DATES_FROM": "past"})
    return parsed.date() if parsed is not None else None
