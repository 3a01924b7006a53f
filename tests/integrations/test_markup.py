"""Written pages as HTML: the tree's blocks carry the labels of the lines."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

pytest.importorskip("torch", reason='torch is missing; this installs it: pip install "boilerstrip[train]"')

from boilerstrip import Label
from boilerstrip.train.dataset import NUMBER, mark_nodes
from boilerstrip.train.markup import html_of, tree_doc_of
from boilerstrip.train.written import read_page, read_pages

FIXTURES = Path(__file__).parents[2] / "fixtures"
PAGE = """language: en
verdict: story
---
navigation | Home
title      | The lamp & the tower
byline     | By Ida Moor
body       | The lamp went out at four in the morning, and nobody knew why.
body       | What the keeper said
body       | - Oil <was> there.
body       | - 11. May 2020: so was the wick.
           |
ad         | Advertisement
body       | It was lit again at six.
"""


@pytest.mark.parametrize("seed", range(20))
def test_every_line_is_one_text_node_with_its_label(tmp_path: Path, seed: int) -> None:
    (tmp_path / "lamp.txt").write_text(PAGE, "utf-8")
    html, nodes = html_of(read_page(tmp_path / "lamp.txt"), random.Random(seed))
    assert [n.hand for n in nodes] == [NUMBER[Label(name)] for name in "navigation title byline body body body body ad body".split()]
    found = [n.text for n in mark_nodes(html)[1]]
    assert [text.removeprefix("- ") for text in found] == [n.text.removeprefix("- ") for n in nodes]
    assert ("<li>Oil" in html) == ("- Oil" not in html), "a list mark, or an item of a list"


@pytest.mark.parametrize("folder", ("plain", "hard/tune", "hides/tune"))
def test_the_tree_has_the_story_of_the_page(folder: str) -> None:
    rng = random.Random(3)
    for page in read_pages(FIXTURES / folder):
        doc = tree_doc_of(page, rng)
        assert doc is not None and doc.no_story == (page.facts["verdict"] == "no_story")
        told = " ".join(doc.page.text[a:b] for a, b, story in zip(doc.page.start, doc.page.end, doc.story) if story == 1)
        assert letters(told) == letters(page.story)


def letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def test_mark_up_differs_from_site_to_site(tmp_path: Path) -> None:
    (tmp_path / "lamp.txt").write_text(PAGE, "utf-8")
    page = read_page(tmp_path / "lamp.txt")
    assert len({html_of(page, random.Random(seed))[0] for seed in range(20)}) > 10
    assert html_of(page, random.Random(1))[0] == html_of(page, random.Random(1))[0]
