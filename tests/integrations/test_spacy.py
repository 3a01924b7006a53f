"""spaCy."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest
from pages import PAGES, expected

from boilerstrip import clean

spacy = pytest.importorskip("spacy")
from spacy.tokens import DocBin

import boilerstrip.integrations.spacy  # noqa: F401  (knows the factory where the package is not installed)


def test_blocks_become_spans() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("boilerstrip")
    for page in PAGES[:3]:
        doc, result = nlp(page), clean(page)
        spans = doc.spans["boilerstrip"]
        assert [(s.text, s.label_) for s in spans] == [(b.text, str(b.label)) for b in result.page]
        assert spans.attrs["scores"] == [b.confidence for b in result.page]
        assert spans.attrs["story"] == [b.story for b in result.page]
        assert spans.attrs["kept"] == [b.kept for b in result.page]
        assert (spans.attrs["verdict"], spans.attrs["confidence"]) == (result.verdict, result.confidence)
        assert doc._.story == result.text


def test_pipe_equals_clean_many() -> None:
    nlp = spacy.blank("xx")
    nlp.add_pipe("boilerstrip")
    assert [doc._.story for doc in nlp.pipe(PAGES, batch_size=4)] == expected(PAGES)["text"]


def test_options_key_and_storage(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("boilerstrip", config={"spans_key": "blocks", "options": {"favor": "recall", "keep": ["title"]}})
    nlp.to_disk(tmp_path / "nlp")
    doc = spacy.load(tmp_path / "nlp")(PAGES[0])
    assert doc._.story == clean(PAGES[0], favor="recall", keep=["title"]).text and list(doc.spans) == ["blocks"]
    again = next(iter(DocBin(docs=[doc], store_user_data=True).get_docs(nlp.vocab)))
    assert [s.label_ for s in again.spans["blocks"]] == [s.label_ for s in doc.spans["blocks"]]
    assert again.spans["blocks"].attrs == doc.spans["blocks"].attrs


def test_text_that_looks_like_html_stays_text() -> None:
    page = "<html><body><p>" + PAGES[0] + "</p></body></html>"
    nlp = spacy.blank("en")
    nlp.add_pipe("boilerstrip")
    doc = nlp(page)
    assert doc._.story == clean(page, input="text").text


def test_says_what_is_wrong() -> None:
    nlp = spacy.blank("en")
    with pytest.raises(TypeError, match="did you mean 'favor'"):
        nlp.add_pipe("boilerstrip", config={"options": {"favour": "recall"}})
    with pytest.raises(ValueError, match="input of a spaCy component is text"):
        nlp.add_pipe("boilerstrip", config={"options": {"input": "html"}})
    nlp.add_pipe("boilerstrip", config={"options": {"max_chars": 600}})
    with pytest.raises(ValueError, match="max_chars"):
        nlp(PAGES[0])
    nlp.set_error_handler(lambda name, component, docs, error: None)
    assert len(list(nlp.pipe([PAGES[0], "Home\n\nNews", PAGES[1]]))) == 1


def test_the_entry_point() -> None:
    names = [e.value for e in importlib.metadata.entry_points(group="spacy_factories") if e.name == "boilerstrip"]
    assert set(names) <= {"boilerstrip.integrations.spacy:make"}
