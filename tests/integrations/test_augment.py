"""Training pages made from pages: what is put into a page keeps the truth of every character."""

import random

import numpy as np
import pytest

pytest.importorskip("torch", reason='torch is missing; this installs it: pip install "boilerstrip[train]"')

from boilerstrip.labels import LABELS, Label
from boilerstrip.train.augment import BODY, Augmenter, Doc, Writer, furniture, harvest, join, piece
from boilerstrip.train.dataset import FIXTURES, NUMBER
from boilerstrip.train.written import doc_of_page, page_of_doc, read_pages

STORY = [f"In the year {year} the ferry carried {year - 1900} people, and nobody counted the dogs.\n" for year in range(1950, 1980)]


def page(*lines: tuple[str, Label]) -> Doc:
    parts = [piece(text, NUMBER[label], int(label is Label.BODY)) for text, label in lines]
    like = Doc(*(np.zeros(0, kind) for kind in (np.uint32, np.uint8, np.uint8, np.uint8)), site="a.example", page_type="article")
    return join(parts, like)


@pytest.fixture(scope="module")
def doc() -> Doc:
    return page(("Home\n", Label.NAVIGATION), *((line, Label.BODY) for line in STORY), ("© The ferry\n", Label.LEGAL))


def told(doc: Doc) -> str:
    return doc.codes[doc.story == 1].tobytes().decode("utf-32-le")


@pytest.mark.parametrize("seed", range(20))
def test_furniture_and_passages_go_between_the_lines_of_a_story(doc: Doc, seed: int) -> None:
    made = Augmenter([doc], random.Random(seed)).furnished(doc)
    lines = [line.strip() for line in STORY]
    places = [told(made).index(line) for line in lines]
    assert places == sorted(places)
    assert (made.label[made.story == 1] == BODY).all() and (made.label[made.story == 0] != BODY).all()


def test_widgets_are_no_story_and_passages_are(doc: Doc) -> None:
    writer = Writer("de", random.Random(1), ["A headline"], {})
    widgets, passages = ([draw() for _ in range(50)] for draw in (writer.widget, writer.passage))
    assert all((w.story == 0).all() and len(set(w.label.tolist())) == 1 and w.label[0] != BODY for w in widgets)
    assert all((p.story == 1).all() and (p.label == BODY).all() for p in passages)
    assert {LABELS[w.label[0]] for w in (writer.widget(["share", "related"]) for _ in range(20))} == {Label.SHARE, Label.RELATED}


def test_placeholders_are_filled(doc: Doc) -> None:
    writer = Writer("en", random.Random(2), ["Ferry late again"], {})
    texts = [writer.widget().text + writer.doc("related_inline").text for _ in range(200)]
    assert not any(f"{{{name}}}" in text for text in texts for name in ("name", "outlet", "n", "headline", "tool", "city", "date"))
    assert any("Ferry late again" in text for text in texts)


def test_short_story_lines_of_real_pages_are_harvested_where_they_were_labelled_by_hand(doc: Doc) -> None:
    lines = [(f"In figures {n}\n", Label.BODY) for n in range(30)]
    found = harvest([page(*lines, ("Share\n", Label.SHARE), (STORY[0], Label.BODY))])
    assert set(found[("en", Label.BODY)]) == {text.strip() for text, _ in lines}
    assert found[("en", Label.SHARE)] == ["Share"]


def test_a_written_page_comes_back_from_its_training_document() -> None:
    for page in read_pages(FIXTURES / "hard" / "tune"):
        doc = doc_of_page(page)
        again = page_of_doc(doc, page)
        assert again.text == page.text and again.story.split() == page.story.split()
        assert (doc_of_page(again).label == doc.label).all()


def test_an_unknown_language_gets_english_furniture() -> None:
    assert furniture("xx") == furniture("en")
