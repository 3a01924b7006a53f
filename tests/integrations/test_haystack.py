"""Haystack."""

from __future__ import annotations

import pytest
from pages import NOTHING, PAGES, RULE, URLS, expected

pytest.importorskip("haystack")
from haystack import Document, Pipeline
from haystack.components.preprocessors import DocumentSplitter

from boilerstrip.integrations.haystack import StoryCleaner


def documents() -> list[Document]:
    return [Document(content=page, meta={"url": url, "n": n}) for n, (page, url) in enumerate(zip(PAGES, URLS))]


def test_equals_clean_many() -> None:
    given = documents()
    out = StoryCleaner().run(given)["documents"]
    wanted = expected(PAGES)
    assert [d.content for d in out] == wanted["text"]
    assert [d.meta.get("story_title") for d in out] == wanted["title"]
    for name in ("verdict", "confidence", "page_type"):
        assert [d.meta[f"story_{name}"] for d in out] == wanted[name]
    assert [d.meta["n"] for d in out] == list(range(len(PAGES))) and len({d.id for d in out}) == len(PAGES)
    assert given == documents()


def test_in_a_pipeline_that_was_stored() -> None:
    pipeline = Pipeline()
    pipeline.add_component("story", StoryCleaner(drop_no_story=True, options={"favor": "precision"}))
    pipeline.add_component("split", DocumentSplitter(split_by="word", split_length=1000))
    pipeline.connect("story.documents", "split.documents")
    wanted = expected(PAGES, favor="precision")
    wanted = [t for t, v in zip(wanted["text"], wanted["verdict"]) if v == "story"]
    stored = Pipeline.from_dict(pipeline.to_dict(), allowed_modules=["boilerstrip.integrations.haystack", "haystack.*"])
    for again in (pipeline, stored):
        assert [d.content for d in again.run({"story": {"documents": documents()}})["split"]["documents"]] == wanted


def test_addresses_and_options() -> None:
    out = StoryCleaner(options={"rules": [RULE]}).run(documents())["documents"]
    assert [d.content for d in out] == expected(PAGES, URLS, rules=[RULE])["text"]
    with pytest.raises(TypeError, match="did you mean 'favor'"):
        StoryCleaner(options={"favour": "recall"})


def test_documents_without_text_and_errors() -> None:
    given = [Document(content=None, meta={"picture": True}), Document(content=NOTHING), Document(content=PAGES[0])]
    out = StoryCleaner(drop_no_story=True).run(given)["documents"]
    assert [d.content for d in out] == [None, expected(PAGES)["text"][0]]
    (out,) = StoryCleaner(drop_no_story=True, options={"max_chars": 10}).run(given[2:])["documents"]
    assert out.content == "" and "max_chars" in out.meta["story_error"]
