"""Scrapy: an item pipeline that adds the story to every item.

Settings:
    BOILERSTRIP_FIELD: the item's field that holds the page, raw text or HTML (default "html").
    BOILERSTRIP_URL_FIELD: the field that holds its address (default "url").
    BOILERSTRIP_PREFIX: before the names of the fields that are added (default "story_": story_text, story_title, story_verdict,
        story_confidence, story_page_type, and, where a page could not be cleaned, story_error).
    BOILERSTRIP_OPTIONS: a dict of options, as of `boilerstrip.Stripper` (default none).
    BOILERSTRIP_DROP_NO_STORY: whether items of pages without a story are dropped (default False).

Statistics: boilerstrip/pages, /stories, /no_story, /errors, /items_without_page, /characters, /characters_kept, and
/removed/LABEL, the blocks that were removed.
"""

from __future__ import annotations

from typing import Any

from boilerstrip.integrations._columns import Columns, row_of
from boilerstrip.integrations._extras import extra
from boilerstrip.labels import Verdict
from boilerstrip.result import Result

with extra("scrapy", "scrapy", "itemadapter"):
    from itemadapter import ItemAdapter
    from scrapy.exceptions import DropItem

__all__ = ["StoryPipeline"]


class StoryPipeline:
    """See the module. Items of an `Item` class get the fields that the class declares, of which `…text` must be one."""

    def __init__(self, crawler: Any) -> None:
        settings = crawler.settings
        self._field: str = settings.get("BOILERSTRIP_FIELD", "html")
        self._url_field: str = settings.get("BOILERSTRIP_URL_FIELD", "url")
        self._prefix: str = settings.get("BOILERSTRIP_PREFIX", "story_")
        self._drop: bool = settings.getbool("BOILERSTRIP_DROP_NO_STORY", False)
        self._stats = crawler.stats
        try:
            self._columns = Columns(**settings.getdict("BOILERSTRIP_OPTIONS"))
        except (TypeError, ValueError) as error:
            raise ValueError(f"setting BOILERSTRIP_OPTIONS: {error}") from None

    @classmethod
    def from_crawler(cls, crawler: Any) -> StoryPipeline:
        """As Scrapy makes it."""
        return cls(crawler)

    def process_item(self, item: Any, spider: Any = None) -> Any:
        """The item with the story's fields.

        Raises:
            DropItem: if the page has no story and such items are not wanted.
            KeyError: if the item's class does not declare the field of the text.
        """
        adapter = ItemAdapter(item)
        page = adapter.get(self._field)
        if page is None:
            self._count("items_without_page")
            return item
        result = next(self._columns.results([page], [adapter.get(self._url_field)]))
        self._note(result)
        if self._drop and result.error is None and result.verdict is Verdict.NO_STORY:
            raise DropItem(f"no story (confidence {result.confidence:.2f}): {adapter.get(self._url_field)}")
        declared = ItemAdapter.get_field_names_from_class(type(item))  # None: any
        for name, value in row_of(result).items():
            field = self._prefix + name
            if declared is not None and field not in declared:
                if name == "text":
                    raise KeyError(f"{type(item).__name__} must declare the field {field!r} (see the setting BOILERSTRIP_PREFIX)")
            elif name != "error" or value is not None:
                adapter[field] = value
        return item

    def _note(self, result: Result) -> None:
        self._count("pages")
        self._count("errors" if result.error is not None else "stories" if result.verdict is Verdict.STORY else "no_story")
        self._count("characters", len(result.raw))
        self._count("characters_kept", len(result.text))
        for block in result.removed:
            self._count(f"removed/{block.label}")

    def _count(self, name: str, count: int = 1) -> None:
        self._stats.inc_value(f"boilerstrip/{name}", count)
