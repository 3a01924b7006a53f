"""Cleaning twice: not quite the same as once. How nearly is measured here on the written pages and stated in docs/guarantees.md."""

from __future__ import annotations

from collections import Counter

from test_quality import pages

from boilerstrip import Stripper

# Shares from 0 to 1 that only a much worse model falls below.
WORDS_KEPT, PAGES_KEPT = 0.85, 0.15
NEARLY_ALL = 0.99  # of a page's words


def measured() -> tuple[int, float, float]:
    """Stories, the share of their words that stay when they are cleaned again, and the share of them that keep nearly all."""
    stripper = Stripper(input="text")
    stories = [result.text for half in ("hard/tune", "hard/unseen") for result in stripper.clean_many([page.text for page in pages(half)])]
    stories = [story for story in stories if story.split()]
    words = kept = whole = 0
    for story, again in zip(stories, stripper.clean_many(stories), strict=True):
        mine = Counter(story.split())
        size, stay = mine.total(), (mine & Counter(again.text.split())).total()
        words, kept, whole = words + size, kept + stay, whole + (stay >= NEARLY_ALL * size)
    return len(stories), kept / words, whole / len(stories)


def test_nearly_idempotent() -> None:
    count, kept, whole = measured()
    assert count >= 60
    assert kept >= WORDS_KEPT, f"{kept:.3f} of the words stay"
    assert whole >= PAGES_KEPT, f"{whole:.3f} of the stories stay nearly whole"


if __name__ == "__main__":
    print("{} stories; {:.1%} of their words stay; {:.1%} of them keep nearly all".format(*measured()))
