"""Haystack: a component that makes stories of documents."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from boilerstrip.integrations._columns import Columns
from boilerstrip.integrations._extras import extra

with extra("haystack"):
    from haystack import Document, component, default_from_dict, default_to_dict

__all__ = ["StoryCleaner"]


@component
class StoryCleaner:
    """Documents of pages -> documents of their stories. `meta` stays, and gets story_title, story_verdict,
    story_confidence, story_page_type, and story_error where a page could not be cleaned. Documents without text pass.

    Args:
        drop_no_story: leave out the documents of pages without a story.
        url_key: the meta that holds a page's address.
        options: as of `boilerstrip.Stripper`.
    """

    def __init__(self, drop_no_story: bool = False, url_key: str = "url", options: dict[str, Any] | None = None) -> None:
        self.drop_no_story, self.url_key, self.options = drop_no_story, url_key, options
        self._columns = Columns(**(options or {}))

    def to_dict(self) -> dict[str, Any]:
        """For stored pipelines."""
        return default_to_dict(self, drop_no_story=self.drop_no_story, url_key=self.url_key, options=self.options)  # type: ignore[no-any-return]

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> StoryCleaner:
        """From a stored pipeline."""
        return default_from_dict(cls, data)  # type: ignore[no-any-return]

    @component.output_types(documents=list[Document])
    def run(self, documents: list[Document]) -> dict[str, list[Document]]:
        """New documents, whose ids follow from their new content; those that are given stay as they are."""
        pages = [document for document in documents if document.content is not None]
        urls = (page.meta.get(self.url_key) for page in pages)
        made = {}
        for number, text, found in self._columns.documents((page.content for page in pages), urls, self.drop_no_story):
            page = pages[number]
            made[id(page)] = replace(page, id="", content=text, embedding=None, sparse_embedding=None, meta={**page.meta, **found})
        return {"documents": [document if document.content is None else made[id(document)] for document in documents
                              if document.content is None or id(document) in made]}
