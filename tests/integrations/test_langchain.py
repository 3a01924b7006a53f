"""LangChain."""

from __future__ import annotations

import asyncio

import pytest
from pages import NOTHING, PAGES, RULE, URLS, expected

pytest.importorskip("langchain_core")
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda

from boilerstrip.integrations.langchain import StoryTransformer


def documents() -> list[Document]:
    return [Document(page_content=page, metadata={"n": n, "source": url}, id=f"d{n}") for n, (page, url) in enumerate(zip(PAGES, URLS))]


def test_equals_clean_many() -> None:
    given = documents()
    out = StoryTransformer().transform_documents(given)
    wanted = expected(PAGES)
    assert [d.page_content for d in out] == wanted["text"]
    assert [d.metadata.get("story_title") for d in out] == wanted["title"]
    for name in ("verdict", "confidence", "page_type"):
        assert [d.metadata[f"story_{name}"] for d in out] == wanted[name]
    assert [(d.id, d.metadata["n"]) for d in out] == [(d.id, d.metadata["n"]) for d in given]
    assert given == documents()


def test_pages_without_a_story_are_dropped_on_request() -> None:
    out = StoryTransformer(drop_no_story=True).transform_documents([Document(page_content=p) for p in (NOTHING, PAGES[0])])
    assert [d.page_content for d in out] == [expected(PAGES)["text"][0]]


def test_addresses_and_options() -> None:
    out = StoryTransformer(rules=[RULE]).transform_documents(documents())
    assert [d.page_content for d in out] == expected(PAGES, URLS, rules=[RULE])["text"]
    with pytest.raises(TypeError, match="did you mean 'favor'"):
        StoryTransformer(favour="recall")


def test_errors_are_told() -> None:
    (out,) = StoryTransformer(max_chars=10, drop_no_story=True).transform_documents(documents()[:1])
    assert out.page_content == "" and "max_chars" in out.metadata["story_error"]


def test_asynchronously_and_in_a_chain() -> None:
    wanted = expected(PAGES)["text"]
    assert [d.page_content for d in asyncio.run(StoryTransformer().atransform_documents(documents()))] == wanted
    chain = RunnableLambda(StoryTransformer().transform_documents) | (lambda docs: [d.page_content for d in docs])
    assert chain.invoke(documents()) == wanted
