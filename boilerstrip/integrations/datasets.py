"""Hugging Face datasets: a function for `map(batched=True)`."""

from __future__ import annotations

from typing import Any

from boilerstrip.integrations._columns import COLUMNS, Columns
from boilerstrip.integrations._extras import extra

with extra("datasets"):
    from datasets import Features, Value

__all__ = ["Strip"]


class Strip:
    """Adds the stories' columns: `dataset.map(Strip("text"), batched=True, num_proc=2)`; an IterableDataset, too.

    Args:
        column: the column of raw texts or HTML.
        url: the column of their addresses, if there is one.
        prefix: before the names of the columns that are added: story_text, story_title, story_verdict, story_confidence,
            story_page_type, story_error.
        options: as of `boilerstrip.Stripper`.
    """

    def __init__(self, column: str = "text", *, url: str | None = None, prefix: str = "story_", **options: Any) -> None:
        self.column, self.url, self.prefix = column, url, prefix
        self._columns = Columns(**options)

    def __call__(self, batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        urls = None if self.url is None else batch[self.url]
        return {self.prefix + name: values for name, values in self._columns.columns(batch[self.column], urls).items()}

    def features(self, before: Features) -> Features:
        """The columns with their types, for `map(…, features=…)`: without it a batch in which a column is empty throughout,
        as `story_error` should be, leaves its type open."""
        added = {self.prefix + name: Value("float64" if name == "confidence" else "string") for name in COLUMNS}
        return Features({**before, **added})
