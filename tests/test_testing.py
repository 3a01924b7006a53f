"""The assertions for people's own tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from boilerstrip import clean
from boilerstrip.testing import assert_no_story, assert_story

SAMPLE = (Path(__file__).parents[1] / "fixtures" / "sample.txt").read_text("utf-8")
NOTHING = "404\n\nPage not found\n\nThe page that you asked for is not here.\n\nBack to the start page"


def message(*args: object, **named: object) -> str:
    with pytest.raises(AssertionError) as caught:
        assert_story(*args, **named)  # type: ignore[arg-type]
    return str(caught.value)


def test_returns_the_result() -> None:
    result = assert_story(SAMPLE, contains=["made of 336 hand-cut prisms", "put it back when they have\nlearned some  manners"],
                          lacks="Post Views")
    assert result == clean(SAMPLE)


def test_says_which_block_was_removed_and_why() -> None:
    text = message(SAMPLE, contains="Share on Facebook")
    assert re.search(r"the story lacks 'Share on Facebook'\n    removed as \w+: 'Share on Facebook'\n        story 0\.\d\d, below the "
                     r"threshold of 0\.\d\d; evidence: model for body -\d", text)
    assert "characters:\nThe great lamp" in text


def test_says_which_block_was_kept() -> None:
    text = message(SAMPLE, lacks=["336 hand-cut prisms", "ten months"], contains="a passage about camels")
    assert "the story lacks 'a passage about camels': it is not on the page" in text
    assert text.count("kept as body: ") == 2 and "at least the threshold" in text


def test_passages_over_the_ends_of_blocks() -> None:
    text = message(SAMPLE, contains="Share on Facebook Share on X")
    assert "the story lacks 'Share on Facebook Share on X'\n    removed as" in text


def test_the_title() -> None:
    found = clean(SAMPLE).title
    assert_story(SAMPLE, title=found) if found else None
    assert f"the title is {found!r}, not 'Camels'" in message(SAMPLE, title="Camels")


def test_pages_without_a_story() -> None:
    assert assert_no_story(NOTHING).text == ""
    assert message(NOTHING).startswith("no story was found on this page (confidence ")
    with pytest.raises(AssertionError, match=r"a story was found on this page \(confidence .*\):\nThe great lamp"):
        assert_no_story(SAMPLE)


def test_options_act() -> None:
    assert_story(SAMPLE, contains="Share on Facebook", keep={"share"})


@pytest.mark.parametrize(("named", "words"), [({"contains": ""}, "contains: an empty passage"), ({"lacks": [" "]}, "lacks: an empty"),
                                              ({"contains": "a b", "lacks": "a  b"}, "both name 'a b'")])
def test_assertions_that_assert_nothing(named: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        assert_story(SAMPLE, **named)  # type: ignore[arg-type]
