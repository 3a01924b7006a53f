"""LlamaIndex: a transform component for ingestion pipelines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from boilerstrip.integrations._columns import Columns
from boilerstrip.integrations._extras import extra

with extra("llamaindex", "llama_index"):
    from llama_index.core.bridge.pydantic import Field
    from llama_index.core.schema import BaseNode, MetadataMode, TransformComponent

__all__ = ["StoryTransform"]


class StoryTransform(TransformComponent):
    """Nodes of pages -> nodes of their stories; put it first, before a splitter. Metadata stays, and gets story_title,
    story_verdict, story_confidence, story_page_type, and story_error where a page could not be cleaned."""

    drop_no_story: bool = Field(default=False, description="Leave out the nodes of pages without a story.")
    url_key: str = Field(default="url", description="The metadata that holds a page's address.")
    options: dict[str, Any] = Field(default_factory=dict, description="As of boilerstrip.Stripper.")

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        _ = self._columns  # options are checked before anything runs

    @classmethod
    def class_name(cls) -> str:
        """Its name where it is stored."""
        return "BoilerstripStoryTransform"

    @cached_property
    def _columns(self) -> Columns:
        return Columns(**self.options)

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[BaseNode]:
        """New nodes; those that are given stay as they are."""
        pages = (node.get_content(metadata_mode=MetadataMode.NONE) for node in nodes)
        out = []
        for number, text, found in self._columns.documents(pages, (node.metadata.get(self.url_key) for node in nodes), self.drop_no_story):
            node = nodes[number].model_copy(deep=True)
            node.set_content(text)
            node.embedding = None
            node.metadata.update(found)
            # what was found is for filters, not for the text that a model reads
            for excluded in (node.excluded_embed_metadata_keys, node.excluded_llm_metadata_keys):
                excluded.extend(name for name in found if name != "story_title" and name not in excluded)
            out.append(node)
        return out
