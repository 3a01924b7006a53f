"""LangChain: a document transformer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from boilerstrip.integrations._columns import Columns
from boilerstrip.integrations._extras import extra

with extra("langchain", "langchain_core"):
    from langchain_core.documents import BaseDocumentTransformer, Document

__all__ = ["StoryTransformer"]


class StoryTransformer(BaseDocumentTransformer):
    """Documents of pages -> documents of their stories. Metadata stays, and gets story_title, story_verdict,
    story_confidence, story_page_type, and story_error where a page could not be cleaned.

    Args:
        drop_no_story: leave out the documents of pages without a story.
        url_key: the metadata that holds a page's address.
        options: as of `boilerstrip.Stripper`.
    """

    def __init__(self, *, drop_no_story: bool = False, url_key: str = "source", **options: Any) -> None:
        self.drop_no_story, self.url_key = drop_no_story, url_key
        self._columns = Columns(**options)

    def transform_documents(self, documents: Sequence[Document], **kwargs: Any) -> list[Document]:
        """New documents; those that are given stay as they are."""
        urls = (document.metadata.get(self.url_key) for document in documents)
        stories = self._columns.documents((document.page_content for document in documents), urls, self.drop_no_story)
        return [Document(page_content=text, metadata={**documents[n].metadata, **found}, id=documents[n].id) for n, text, found in stories]
