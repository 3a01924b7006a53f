"""Stripper: options -> the pipeline. `clean` and `clean_many` are one with default options."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from boilerstrip.decide import decide
from boilerstrip.detect.extractors import trafilatura_votes
from boilerstrip.detect.model import Model, load_model
from boilerstrip.detect.rules import RulePack, builtin_rules
from boilerstrip.features import measure
from boilerstrip.labels import PageType, Verdict
from boilerstrip.options import Options
from boilerstrip.result import Result, Scored
from boilerstrip.segment.text import Atoms, segment

__all__ = ["Stripper", "clean", "clean_many"]

Raw = str | bytes

if TYPE_CHECKING:
    from boilerstrip.segment.html import TreeEvidence, TreePage

    Page = str | TreePage
BATCH_PAGES = 32
BATCH_CHARS = 400_000  # a batch is closed when it holds more


class Stripper:
    """Cleans pages with fixed options. Holds no state about pages: threads may share one, and it pickles.

    Args:
        options: an `Options` object; or give its fields as keyword arguments.

    Raises:
        TypeError, ValueError: for options that `Options` refuses, and weights that are none.
        OSError: for weights that cannot be read.
    """

    def __init__(self, options: Options | None = None, **fields: Any) -> None:
        if options is not None and fields:
            raise TypeError("give an Options object or keyword arguments, not both")
        self.options = options if options is not None else Options.of(**fields)
        _ = self._pack  # rules and weights are checked before anything runs
        if self.options.weights is not None:
            for kind in ("text", "html"):
                load_model(kind, self.options.weights)

    def __getstate__(self) -> dict[str, Any]:
        return {"options": self.options}

    @cached_property
    def _pack(self) -> RulePack:
        if not self.options.rules:
            return builtin_rules() if self.options.builtin_rules else RulePack(())
        return builtin_rules().extended(self.options.rules) if self.options.builtin_rules else RulePack(self.options.rules)

    def clean(self, raw: Raw, *, url: str | None = None) -> Result:
        """The story of one page.

        Args:
            raw: the page's raw text or HTML; bytes are decoded (a byte order mark, then UTF-8, then the charset that
                HTML declares, then what charset-normalizer finds).
            url: where the page is from, for rules that hold for certain sites, and for `result.metadata`.

        Raises:
            TypeError: if `raw` is neither str nor bytes, or `url` is no str.
            ValueError: if it is longer than the option `max_chars`.
        """
        return self._run([(self._page(raw, url), url)])[0]

    def clean_many(self, raws: Iterable[Raw | tuple[Raw, str | None]], *, workers: int = 1) -> Iterator[Result]:
        """The stories of many pages, lazily and in order, measured in batches.

        An item is a page, or a pair of a page and its URL. A bad item never stops the run: its Result has `error` set.
        With more than one of `workers` that many processes do the work; results are the same, and few are in flight.
        """
        if workers == 1:
            return self._clean_many(raws)
        from boilerstrip.parallel import clean_many

        return clean_many(raws, self, workers)

    def _clean_many(self, raws: Iterable[Raw | tuple[Raw, str | None]]) -> Iterator[Result]:
        batch: list[tuple[Page, str | None] | Exception] = []
        size = 0
        for item in raws:
            try:
                page, url = self._item(item)
                batch.append((page, url))
                size += len(page if isinstance(page, str) else page.text)
            except (TypeError, ValueError) as error:
                batch.append(error)
            if len(batch) >= BATCH_PAGES or size >= BATCH_CHARS:
                yield from self._batch(batch)
                batch, size = [], 0
        yield from self._batch(batch)

    def _item(self, item: Raw | tuple[Raw, str | None]) -> tuple[Page, str | None]:
        if not isinstance(item, tuple):
            return self._page(item), None
        if len(item) != 2:
            raise TypeError("an item must be a page, or a pair of a page and its URL")
        return self._page(*item), item[1]

    def _batch(self, batch: list[tuple[Page, str | None] | Exception]) -> Iterator[Result]:
        pages = [page for page in batch if not isinstance(page, Exception)]
        try:
            results = iter(self._run(pages))
        except ValueError:  # one page's fault, such as a user's pattern that takes too long there: find out whose
            results = iter([self._alone(page) for page in pages])
        for page in batch:
            yield _failed(page) if isinstance(page, Exception) else next(results)

    def _alone(self, page: tuple[Page, str | None]) -> Result:
        try:
            return self._run([page])[0]
        except ValueError as error:
            return _failed(error)

    def _page(self, raw: Raw, url: str | None = None) -> Page:
        """A page as text, or as the tree of its HTML."""
        if isinstance(raw, bytes):
            from boilerstrip.segment.html import decode_html

            raw = decode_html(raw)
        if not isinstance(raw, str):
            raise TypeError(f"a page must be str or bytes, not {type(raw).__name__}")
        if not isinstance(url, str | None):
            raise TypeError(f"the URL of a page must be str or None, not {type(url).__name__}")
        if len(raw) > self.options.max_chars:
            raise ValueError(f"the page has {len(raw):,} characters; the option max_chars allows {self.options.max_chars:,}")
        if self.options.input == "text" or (self.options.input == "auto" and "<" not in raw):
            return raw
        from boilerstrip.segment.html import looks_like_html, segment_html  # lxml, which text does not need

        if self.options.input == "auto" and not looks_like_html(raw):
            return raw
        return self._extras(raw, segment_html(raw), url)

    def _extras(self, html: str, page: TreePage, url: str | None) -> TreePage:
        """What the options ask for besides, which takes the whole page."""
        if self.options.with_metadata:
            from boilerstrip.metadata import page_metadata

            page = replace(page, metadata=page_metadata(html, url))
        if self.options.detectors:
            page = replace(page, votes=trafilatura_votes(html, page))
        return page

    def _run(self, pages: list[tuple[Page, str | None]]) -> list[Result]:
        """Texts and trees each in a batch of their own, results in the order of the pages."""
        results: dict[int, Result] = {}
        for text in (True, False):
            numbers = [n for n, (page, _) in enumerate(pages) if isinstance(page, str) is text]
            if numbers:
                urls = [pages[n][1] for n in numbers]
                chosen: list[Any] = [pages[n][0] for n in numbers]
                results.update(zip(numbers, self._texts(chosen, urls) if text else self._trees(chosen, urls)))
        return [results[n] for n in range(len(pages))]

    def _texts(self, texts: list[str], urls: list[str | None]) -> list[Result]:
        return self._decide(load_model("text", self.options.weights), segment(texts), texts, urls)

    def _trees(self, trees: list[TreePage], urls: list[str | None]) -> list[Result]:
        from boilerstrip.segment.html import atoms_of_trees

        atoms, evidence = atoms_of_trees(trees)
        return self._decide(load_model("html", self.options.weights), atoms, [tree.text for tree in trees], urls, trees, evidence)

    def _decide(self, model: Model, atoms: Atoms, texts: list[str], urls: list[str | None],
                trees: list[TreePage] | None = None, evidence: TreeEvidence | None = None) -> list[Result]:
        pack = self._pack
        features = measure(atoms)
        hits = pack.hits(atoms, features, urls)
        scores = model(features, pack.evidence(hits, atoms, features.words), atoms.first, evidence)
        site = self.options.site.hits(atoms, features) if self.options.site is not None else None
        return decide(texts, atoms, features.words, scores, hits, pack, self.options, model.calibration, model.card["version"], trees, site)


def _failed(error: Exception) -> Result:
    nothing = Scored([], [], [], [], [], [], [], [], {}, {})
    return Result("", nothing, 0.5, frozenset(), Verdict.NO_STORY, 0.0, PageType.ARTICLE, 0.0, "", f"{type(error).__name__}: {error}")


@cache
def _default() -> Stripper:
    return Stripper()


def clean(raw: Raw, *, url: str | None = None, **options: Any) -> Result:
    """The story of one page: `clean(raw).text`. Options as in `Options`; see `Stripper.clean` for the rest."""
    return (Stripper(**options) if options else _default()).clean(raw, url=url)


def clean_many(raws: Iterable[Raw | tuple[Raw, str | None]], *, workers: int = 1, **options: Any) -> Iterator[Result]:
    """The stories of many pages, lazily and in order; see `Stripper.clean_many`."""
    return (Stripper(**options) if options else _default()).clean_many(raws, workers=workers)
