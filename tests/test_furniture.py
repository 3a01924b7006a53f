"""The wordings that training draws furniture from (fixtures/furniture): data that anyone may extend."""

import re
import tomllib
from pathlib import Path

import pytest

from boilerstrip.labels import Label

FILES = sorted((Path(__file__).parents[1] / "fixtures" / "furniture").glob("*.toml"))
PLACEHOLDERS = {"name", "outlet", "site", "headline", "n", "date", "city", "tool"}
KINDS = {
    "ad", "ad_prose", "ai_promo", "related_heading", "related_inline", "share", "subscribe", "subscribe_prose", "comments", "comment_posts",
    "legal", "media_ui", "navigation", "byline", "caption", "other", "time", "no_story"}
VALUES = {"names", "outlets", "cities", "tools"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_language_has_every_kind_of_furniture_in_the_form_that_training_reads(path: Path) -> None:
    words = tomllib.loads(path.read_text("utf-8"))
    assert words.pop("language") == path.stem
    widgets, passages = words.pop("widgets"), words.pop("passages")
    assert set(words) == KINDS | VALUES
    for widget in widgets:
        assert set(widget) == {"label", "lines"} and Label(widget["label"]) not in (Label.BODY, Label.TITLE)
    assert all(set(passage) == {"lines"} for passage in passages)
    groups = [*words.values(), *(found["lines"] for found in (*widgets, *passages))]
    lines = [line for group in groups for line in group]
    assert all(groups) and all(line.strip() and "\n" not in line for line in lines)
    assert {name for line in lines for name in re.findall(r"(?<!\{)\{(\w+)\}(?!\})", line)} <= PLACEHOLDERS


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_wording_stands_twice(path: Path) -> None:
    words = tomllib.loads(path.read_text("utf-8"))
    for kind in KINDS:
        assert len(set(words[kind])) == len(words[kind]), kind
