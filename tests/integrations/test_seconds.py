"""A second story behind a page's own: the truth of both stays known."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("torch", reason='torch is missing; this installs it: pip install "boilerstrip[train]"')

from boilerstrip import Label, Stripper
from boilerstrip.train.dataset import FIXTURES, NUMBER, Example, Node
from boilerstrip.train.markup import html_of, tree_doc_of
from boilerstrip.train.seconds import continued, with_second_story
from boilerstrip.train.trees import TreeDoc, tree_doc
from boilerstrip.train.written import read_pages

OWN = [f"The lamp of tower {n} went out at four in the morning, and nobody in the village of Quillholm knew why it did." for n in range(5)]
OTHER = [f"Bakers of street {n} sold nine hundred loaves on the first day of the fair, and had to send for flour." for n in range(4)]
LINES = (("Home", Label.NAVIGATION), ("The lamps", Label.TITLE), *((text, Label.BODY) for text in OWN), ("Imprint", Label.LEGAL))
HTML = ("<html><body><nav>Home</nav><article class=story><h1>The lamps</h1>" + "".join(f"<p class=x>{text}</p>" for text in OWN)
        + "</article><footer>Imprint</footer></body></html>")


def doc(html: str, lines: tuple[tuple[str, Label], ...], name: str) -> TreeDoc:
    nodes = [Node(text, hand=NUMBER[label]) for text, label in lines]
    found = tree_doc(html, Example(name, "", name, "train", "article", "gold", "", nodes, []))
    assert found is not None
    return found


DONOR = doc("<h1>The fair</h1>" + "".join(f"<p>{text}</p>" for text in OTHER),
            (("The fair", Label.TITLE), *((text, Label.BODY) for text in OTHER)), "b")


@pytest.mark.parametrize("seed", range(12))
def test_both_stories_are_told_apart(seed: int) -> None:
    own = doc(HTML, LINES, "a")
    both = with_second_story(HTML, own, DONOR, random.Random(seed))
    assert both is not None
    texts = both.page.texts()
    assert [text for text, story in zip(texts, both.story) if story == 1] == OWN
    foreign = [number for number, text in enumerate(texts) if text in OTHER or text == "The fair"]
    assert [texts[n] for n in foreign] == ["The fair", *OTHER]
    assert (both.story[foreign] == 0).all() and (both.label[foreign] == NUMBER[Label.RELATED]).all()
    assert texts.index(OWN[-1]) < foreign[0] < texts.index("Imprint")
    assert len(both.story) == len(both.label) == len(both.strength) == len(both.page)
    assert (np.array(texts)[both.story == -1] != "Home").all()


def test_a_page_that_cannot_be_told_apart_is_left_out() -> None:
    own = doc(HTML, LINES, "a")
    assert with_second_story("<p>Another page</p>", own, DONOR, random.Random(1)) is None
    assert with_second_story(HTML, own, doc("<p>Short</p>", (("Short", Label.BODY),), "c"), random.Random(1)) is None


def test_the_library_keeps_little_of_the_second_story() -> None:
    pages = [page for page in read_pages(FIXTURES / "ordinary") if page.facts["language"] == "en"]
    stripper, foreign, kept = Stripper(input="html"), 0, 0
    for page, other in pairwise(pages):
        rng = random.Random(page.name)
        own, donor = tree_doc_of(page, random.Random(page.name)), tree_doc_of(other, rng)
        made = continued(html_of(page, random.Random(page.name))[0], own, donor, rng) if own and donor else None
        if made is not None:
            blocks = [block for block in stripper.clean(made[0]).page if block.text in made[1]]
            foreign, kept = foreign + len(blocks), kept + sum(block.kept for block in blocks)
    assert foreign > 30 and kept < 0.35 * foreign
