"""What the integrations share: a batch of pages in, columns out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property, lru_cache
from itertools import repeat
from pathlib import Path
from typing import Any

import boilerstrip
from boilerstrip.detect.site import Profiles, SiteProfile
from boilerstrip.labels import Verdict
from boilerstrip.result import Result
from boilerstrip.stripper import Stripper

__all__ = ["COLUMNS", "Columns", "row_of"]

SITES = 64  # whose profiles are held in memory
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
        profiles: a file of site profiles; a page of a site that is not in it is cleaned without one.
        options: as of `Stripper`.
    """

    def __init__(self, profiles: str | Path | None = None, /, **options: Any) -> None:
        self.stripper, self.profiles = Stripper(**options), profiles
        _ = self._store  # a wrong file is told of before anything runs

    def __getstate__(self) -> dict[str, Any]:
        return {"version": boilerstrip.__version__, "stripper": self.stripper, "profiles": self.profiles}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if state["version"] != boilerstrip.__version__:
            raise RuntimeError(f"this worker has boilerstrip {boilerstrip.__version__}, the process that sent the work "
                               f"{state['version']}: install the same on both")
        self.stripper, self.profiles = state["stripper"], state["profiles"]

    def results(self, pages: Iterable[Any], urls: Iterable[Any] | None = None, sites: Iterable[Any] | None = None) -> Iterator[Result]:
        """A Result per page; what is no address counts as none. `sites` are the pages' keys in `profiles`."""
        pairs = zip(pages, repeat(None) if urls is None else (url if isinstance(url, str) else None for url in urls))
        return self.stripper.clean_many(pairs) if sites is None else self._by_site(list(pairs), sites)

    def _by_site(self, pairs: list[tuple[Any, str | None]], sites: Iterable[Any]) -> Iterator[Result]:
        groups: dict[Any, list[int]] = {}
        for number, site in enumerate(sites):
            groups.setdefault(site if site in self._store else None, []).append(number)
        found: dict[int, Result] = {}
        for site, numbers in groups.items():
            found.update(zip(numbers, self._stripper_of(site).clean_many(pairs[number] for number in numbers)))
        return (found[number] for number in range(len(pairs)))

    @cached_property
    def _store(self) -> Mapping[str, SiteProfile]:
        return Profiles(self.profiles) if self.profiles is not None else {}

    @cached_property
    def _stripper_of(self) -> Callable[[str | None], Stripper]:
        def make(site: str | None) -> Stripper:
            return self.stripper if site is None else Stripper(replace(self.stripper.options, site=self._store[site]))

        return lru_cache(SITES)(make)

    def rows(self, pages: Iterable[Any], urls: Iterable[Any] | None = None) -> Iterator[dict[str, Any]]:
        """COLUMNS page by page."""
        return map(row_of, self.results(pages, urls))

    def columns(self, pages: Iterable[Any], urls: Iterable[Any] | None = None, sites: Iterable[Any] | None = None) -> dict[str, list[Any]]:
        """COLUMNS as lists."""
        out: dict[str, list[Any]] = {name: [] for name in COLUMNS}
        for row in map(row_of, self.results(pages, urls, sites)):
            for name, value in row.items():
                out[name].append(value)
        return out

    def documents(self, pages: Iterable[Any], urls: Iterable[Any] | None, drop_no_story: bool) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """For frameworks of documents: the page's number, its story, and the other columns under names with "story_" before
        them; on request without the pages that have no story. A page that could not be cleaned stays, with its `story_error`."""
        for number, row in enumerate(self.rows(pages, urls)):
            if not drop_no_story or row["error"] is not None or row["verdict"] == Verdict.STORY:
                yield number, row.pop("text"), {f"story_{name}": value for name, value in row.items() if value is not None}

    def structs(self, pages: Any, urls: Any = None, sites: Any = None) -> Any:
        """COLUMNS as one Arrow array of structs, of Arrow arrays."""
        import pyarrow as pa

        columns = self.columns(_values(pages), *(None if array is None else _values(array) for array in (urls, sites)))
        kinds = [pa.float64() if name == "confidence" else pa.string() for name in COLUMNS]
        return pa.StructArray.from_arrays([pa.array(columns[name], kind) for name, kind in zip(COLUMNS, kinds)], names=list(COLUMNS))


def _values(array: Any) -> Iterator[Any]:
    """An Arrow array's values, made Python objects one by one."""
    return (value.as_py() for value in array)
