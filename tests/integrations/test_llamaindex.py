"""LlamaIndex."""

from __future__ import annotations

import asyncio

import pytest
from pages import NOTHING, PAGES, RULE, URLS, expected

pytest.importorskip("llama_index.core")
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import Document, MetadataMode, TextNode

from boilerstrip.integrations.llamaindex import StoryTransform


def documents() -> list[Document]:
    return [Document(text=page, metadata={"url": url or ""}, id_=f"d{n}") for n, (page, url) in enumerate(zip(PAGES, URLS))]


def test_equals_clean_many() -> None:
    given = documents()
    out = StoryTransform()(given)
    wanted = expected(PAGES)
    assert [n.get_content() for n in out] == wanted["text"]
    assert [n.metadata.get("story_title") for n in out] == wanted["title"]
    for name in ("verdict", "confidence", "page_type"):
        assert [n.metadata[f"story_{name}"] for n in out] == wanted[name]
    assert [n.node_id for n in out] == [n.node_id for n in given]
    assert [n.get_content() for n in given] == PAGES and all(list(n.metadata) == ["url"] for n in given)


def test_what_was_found_is_not_read_by_the_model() -> None:
    (node,) = StoryTransform()([TextNode(text=PAGES[0])])
    for mode in (MetadataMode.LLM, MetadataMode.EMBED):
        assert "story_confidence" not in node.get_content(metadata_mode=mode)


def test_in_an_ingestion_pipeline_with_a_cache() -> None:
    pipeline = IngestionPipeline(transformations=[StoryTransform(drop_no_story=True)])
    wanted = [t for t, v in zip(expected(PAGES)["text"], expected(PAGES)["verdict"]) if v == "story"]
    for _ in range(2):
        assert [n.get_content() for n in pipeline.run(documents=documents())] == wanted
    assert [n.get_content() for n in asyncio.run(pipeline.arun(documents=documents()))] == wanted


def test_addresses_and_options() -> None:
    out = StoryTransform(options={"rules": [RULE], "favor": "recall"})(documents())
    assert [n.get_content() for n in out] == expected(PAGES, URLS, rules=[RULE], favor="recall")["text"]
    with pytest.raises(TypeError, match="did you mean 'favor'"):
        StoryTransform(options={"favour": "recall"})


def test_is_stored_and_read() -> None:
    transform = StoryTransform(drop_no_story=True, options={"favor": "recall"})
    again = StoryTransform.from_dict(transform.to_dict())
    assert again.to_dict() == transform.to_dict() and again.to_dict()["class_name"] == "BoilerstripStoryTransform"


def test_errors_are_told() -> None:
    (node,) = StoryTransform(options={"max_chars": 10}, drop_no_story=True)([TextNode(text=NOTHING)])
    assert node.get_content() == "" and "max_chars" in node.metadata["story_error"]
