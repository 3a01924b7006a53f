"""datatrove: formatter, extractor and filter.

The filter alone does the work of both: `StoryFilter(replace=True)` drops pages without a story and makes the story the text of
the others, in one pass and in batches.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from boilerstrip.integrations._columns import COLUMNS, Columns, row_of, sound
from boilerstrip.integrations._extras import extra
from boilerstrip.labels import PageType, Verdict
from boilerstrip.result import Result

with extra("datatrove"):
    from datatrove.data import Document
    from datatrove.pipeline.extractors.base import BaseExtractor
    from datatrove.pipeline.filters.base_filter import BaseFilter
    from datatrove.pipeline.formatters.base import BaseFormatter
    from datatrove.pipeline.writers.disk_base import DiskWriter

__all__ = ["StoryExtractor", "StoryFilter", "StoryFormatter"]


class StoryFormatter(BaseFormatter):
    """The story in place of the text; "" where there is none. Options as of `boilerstrip.Stripper`."""

    name = "✂️ boilerstrip"

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self._columns = Columns(**options)

    def format(self, text: str) -> str:
        """The story of a page. One that cannot be cleaned has none, and counts as `error` in the statistics."""
        result = next(self._columns.results([text]))
        if result.error is not None:
            self.stat_update("error")
        return str(sound(result.text))


class StoryExtractor(BaseExtractor):
    """The story in place of the page, worked out in datatrove's sandbox; pages without one are dropped.

    Args:
        timeout: seconds for one page, and for the sandbox to start.
        options: as of `boilerstrip.Stripper`.
    """

    name = "✂️ boilerstrip"

    def __init__(self, timeout: float = 5, **options: Any) -> None:
        super().__init__(timeout)
        self._columns = Columns(**options)

    def extract(self, text: str) -> str:
        """The story of a page.

        Raises:
            ValueError: if it cannot be cleaned.
        """
        return str(sound(self._columns.stripper.clean(text).text))


class StoryFilter(BaseFilter):
    """Drops pages without a story. Reasons: "no_story", "page_type_" and the type, "low_confidence", and "error".

    Args:
        exclusion_writer: writes what is dropped, with the reason in its metadata.
        page_types: the types of page that are wanted, such as {"article"}; None: all.
        min_confidence: how sure it must be that there is a story, 0 to 1.
        replace: make the story the document's text.
        batch_size: pages that are measured together.
        options: as of `boilerstrip.Stripper`.

    What was found is put into the document's metadata as story_title, story_verdict, story_confidence, story_page_type and
    story_error. The address of a page is taken from its metadata, "url".
    """

    name = "✂️ boilerstrip"

    def __init__(self, exclusion_writer: DiskWriter | None = None, *, page_types: Collection[str] | None = None,
                 min_confidence: float = 0.0, replace: bool = False, batch_size: int = 32, **options: Any) -> None:
        super().__init__(exclusion_writer, batch_size)
        if not 0 <= min_confidence <= 1:
            raise ValueError(f"min_confidence must be from 0 to 1, not {min_confidence}")
        self.page_types = None if page_types is None else frozenset(PageType(name) for name in page_types)
        self.min_confidence, self.replace = min_confidence, replace
        self._columns = Columns(**options)

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        """True for a page that is kept, else False and the reason."""
        return self.filter_batch([doc])[0]

    def filter_batch(self, batch: list[Document]) -> list[bool | tuple[bool, str]]:
        """As `filter`, for pages that are measured together."""
        results = self._columns.results([doc.text for doc in batch], [doc.metadata.get("url") for doc in batch])
        return [self._decide(doc, result) for doc, result in zip(batch, results)]

    def _decide(self, doc: Document, result: Result) -> bool | tuple[bool, str]:
        row = row_of(result)
        doc.metadata.update({f"story_{name}": row[name] for name in COLUMNS if name != "text" and row[name] is not None})
        if result.error is not None:
            return False, "error"
        if result.verdict is Verdict.NO_STORY:
            return False, "no_story"
        if result.confidence < self.min_confidence:
            return False, "low_confidence"
        if self.page_types is not None and result.page_type not in self.page_types:
            return False, f"page_type_{result.page_type}"
        if self.replace:
            doc.text = row["text"]
        return True
