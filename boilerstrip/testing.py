"""Assertions for tests of your own preprocessing: what has to stay of a page, and what has to go.

    from boilerstrip.testing import assert_story

    def test_the_ferry_page():
        assert_story(open("ferry.txt").read(), contains="The ferry left at nine", lacks=["Related Articles", "Share on"])
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import accumulate
from typing import Any

from boilerstrip.labels import Verdict
from boilerstrip.result import Block, Result
from boilerstrip.stripper import clean

__all__ = ["assert_no_story", "assert_story"]

SHOWN = 90  # characters of a block in a message
MOST = 3  # blocks that are shown for a passage


def assert_story(raw: str | bytes, *, contains: str | Iterable[str] = (), lacks: str | Iterable[str] = (), title: str | None = None,
                 url: str | None = None, **options: Any) -> Result:
    """Asserts that the page has a story with some passages and without others.

    Passages are compared without regard to how white space is spread. The message of a failure says for every passage
    which block holds it, with its label, its probability, and the evidence.

    Args:
        raw: the page.
        contains, lacks: passages, or one.
        title: the headline that must be found.
        url, options: as of `boilerstrip.clean`.

    Returns:
        The Result, for assertions of your own.

    Raises:
        AssertionError: naming everything that is not as it should be.
        ValueError: for an empty passage, or one that `contains` and `lacks` both name.
    """
    __tracebackhide__ = True
    wanted, unwanted = _passages(contains, "contains"), _passages(lacks, "lacks")
    if both := set(wanted) & set(unwanted):
        raise ValueError(f"contains and lacks both name {min(both)!r}")
    result = clean(raw, url=url, **options)
    story = _plain(result.text)
    faults = []
    if result.verdict is Verdict.NO_STORY:
        faults.append(f"no story was found on this page (confidence {result.confidence:.2f})")
    for passage in wanted:
        if passage not in story:
            faults.append(f"the story lacks {passage!r}" + _where(passage, result, kept=False))
    for passage in unwanted:
        if passage in story:
            faults.append(f"the story contains {passage!r}" + _where(passage, result, kept=True))
    if title is not None and _plain(result.title or "") != _plain(title):
        faults.append(f"the title is {result.title!r}, not {title!r}")
    if faults:
        raise AssertionError("\n".join([*faults, f"the story, {len(result.text):,} of {len(result.raw):,} characters:",
                                        _short(result.text, 4 * SHOWN) or "(nothing)"]))
    return result


def assert_no_story(raw: str | bytes, *, url: str | None = None, **options: Any) -> Result:
    """Asserts that the page has no story: an error page, a log-in wall, an empty shell.

    Returns:
        The Result.

    Raises:
        AssertionError: if one was found, showing it.
    """
    __tracebackhide__ = True
    result = clean(raw, url=url, **options)
    if result.verdict is not Verdict.NO_STORY:
        raise AssertionError(f"a story was found on this page (confidence {result.confidence:.2f}, {result.page_type}):\n"
                             + _short(result.text, 4 * SHOWN))
    return result


def _passages(passages: str | Iterable[str], name: str) -> list[str]:
    out = [_plain(passage) for passage in ([passages] if isinstance(passages, str) else passages)]
    if "" in out:
        raise ValueError(f"{name}: an empty passage is in every story")
    return out


def _plain(text: str) -> str:
    return " ".join(text.split())


def _where(passage: str, result: Result, kept: bool) -> str:
    """Which blocks hold a passage, over their ends, too, and why they were kept or removed."""
    texts = [_plain(block.text) for block in result.page]
    ends = list(accumulate(len(text) + 1 for text in texts))
    places = [match.span() for match in re.finditer(re.escape(passage), " ".join(texts))]
    if not places and passage not in _plain(result.raw):
        return ": it is not on the page"
    found = [block for block, text, end in zip(result.page, texts, ends)
             if block.kept is kept and any(first < end - 1 and last > end - 1 - len(text) for first, last in places)]
    return "".join(f"\n    {_told(block, result)}" for block in found[:MOST])


def _told(block: Block, result: Result) -> str:
    relation = "at least" if block.story >= result.threshold else "below"
    evidence = ", ".join(f"{r.source} for {r.label} {r.weight:+.1f}" for r in block.reasons)
    return (f"{'kept' if block.kept else 'removed'} as {block.label}: {_short(block.text, SHOWN)!r}\n        story {block.story:.2f}, "
            f"{relation} the threshold of {result.threshold:.2f}; evidence: {evidence}")


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[:length].rstrip() + " …"
