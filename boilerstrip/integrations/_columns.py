"""What the integrations share: a batch of pages in, columns out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Any

from boilerstrip.labels import Verdict
from boilerstrip.result import Result
from boilerstrip.stripper import Stripper

__all__ = ["COLUMNS", "Columns", "row_of"]

COLUMNS = ("text", "title", "verdict", "confidence", "page_type", "error")


def row_of(result: Result) -> dict[str, Any]:
    """The values of COLUMNS."""
    return {"text": sound(result.text), "title": sound(result.title), "verdict": str(result.verdict), "confidence": result.confidence,
            "page_type": str(result.page_type), "error": result.error}


def sound(text: Any) -> Any:
    """Text that can be written as UTF-8: lone surrogates, which only a Python string can hold, become "?"."""
    return text.encode("utf-8", "replace").decode() if text else text


class Columns:
    """Batches of pages -> columns, as `clean_many` has them. Pickles; a process loads the model once, whatever it unpickles.

    A page that is missing or cannot be cleaned costs only itself: its text is empty, its `error` says why.

    Args:
        options: as of `Stripper`.
    """

    def __init__(self, **options: Any) -> None:
        self.stripper = Stripper(**options)

    def results(self, pages: Iterable[Any], urls: Iterable[Any] | None = None) -> Iterator[Result]:
        """A Result per page; what is no address counts as none."""
        pairs = zip(pages, repeat(None) if urls is None else (url if isinstance(url, str) else None for url in urls))
        return self.stripper.clean_many(pairs)

    def rows(self, pages: Iterable[Any], urls: Iterable[Any] | None = None) -> Iterator[dict[str, Any]]:
        """COLUMNS page by page."""
        return map(row_of, self.results(pages, urls))

    def columns(self, pages: Iterable[Any], urls: Iterable[Any] | None = None) -> dict[str, list[Any]]:
        """COLUMNS as lists."""
        out: dict[str, list[Any]] = {name: [] for name in COLUMNS}
        for row in self.rows(pages, urls):
            for name, value in row.items():
                out[name].append(value)
        return out

    def documents(self, pages: Iterable[Any], urls: Iterable[Any] | None, drop_no_story: bool) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """For frameworks of documents: the page's number, its story, and the other columns under names with "story_" before
        them; on request without the pages that have no story. A page that could not be cleaned stays, with its `story_error`."""
        for number, row in enumerate(self.rows(pages, urls)):
            if not drop_no_story or row["error"] is not None or row["verdict"] == Verdict.STORY:
                yield number, row.pop("text"), {f"story_{name}": value for name, value in row.items() if value is not None}

    def structs(self, pages: Any, urls: Any = None) -> Any:
        """COLUMNS as one Arrow array of structs, of Arrow arrays."""
        import pyarrow as pa

        columns = self.columns(_values(pages), None if urls is None else _values(urls))
        kinds = [pa.float64() if name == "confidence" else pa.string() for name in COLUMNS]
        return pa.StructArray.from_arrays([pa.array(columns[name], kind) for name, kind in zip(COLUMNS, kinds)], names=list(COLUMNS))


def _values(array: Any) -> Iterator[Any]:
    """An Arrow array's values, made Python objects one by one."""
    return (value.as_py() for value in array)
