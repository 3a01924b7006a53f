"""Stripper: options -> the pipeline. `clean` and `clean_many` are one with default options."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from typing import Any

import numpy as np

from boilerstrip.decide import decide
from boilerstrip.detect.model import Model, default_model
from boilerstrip.detect.rules import RulePack, builtin_rules
from boilerstrip.features import measure
from boilerstrip.labels import PageType, Verdict
from boilerstrip.options import Options
from boilerstrip.result import Result, Scored
from boilerstrip.segment.html import html_to_text, looks_like_html
from boilerstrip.segment.text import segment

__all__ = ["Stripper", "clean", "clean_many"]

Raw = str | bytes
BATCH_PAGES = 32
BATCH_CHARS = 400_000  # a batch is closed when it holds more


class Stripper:
    """Cleans pages with fixed options. Holds no state about pages: threads may share one, and it pickles.

    Args:
        options: an `Options` object; or give its fields as keyword arguments.

    Raises:
        TypeError, ValueError: for options that `Options` refuses.
    """

    def __init__(self, options: Options | None = None, **fields: Any) -> None:
        if options is not None and fields:
            raise TypeError("give an Options object or keyword arguments, not both")
        self.options = options if options is not None else Options.of(**fields)
        _ = self._pack  # rules are checked before anything runs

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
            raw: the page's raw text or HTML; bytes are decoded (UTF-8 if they are, else as charset-normalizer says).
            url: where the page is from, for rules that hold for certain sites.

        Raises:
            TypeError: if `raw` is neither str nor bytes.
            ValueError: if it is longer than the option `max_chars`.
        """
        return self._run([(self._text(raw), url)])[0]

    def clean_many(self, raws: Iterable[Raw | tuple[Raw, str | None]]) -> Iterator[Result]:
        """The stories of many pages, lazily and in order, measured in batches.

        An item is a page, or a pair of a page and its URL. A bad item never stops the run: its Result has `error` set.
        """
        batch: list[tuple[str, str | None] | Exception] = []
        size = 0
        for item in raws:
            raw, url = item if isinstance(item, tuple) else (item, None)
            try:
                text = self._text(raw)
                batch.append((text, url))
                size += len(text)
            except (TypeError, ValueError) as error:
                batch.append(error)
            if len(batch) >= BATCH_PAGES or size >= BATCH_CHARS:
                yield from self._batch(batch)
                batch, size = [], 0
        yield from self._batch(batch)

    def _batch(self, batch: list[tuple[str, str | None] | Exception]) -> Iterator[Result]:
        results = iter(self._run([page for page in batch if not isinstance(page, Exception)]))
        for page in batch:
            yield _failed(page) if isinstance(page, Exception) else next(results)

    def _text(self, raw: Raw) -> str:
        if isinstance(raw, bytes):
            raw = decode(raw)
        if not isinstance(raw, str):
            raise TypeError(f"a page must be str or bytes, not {type(raw).__name__}")
        if len(raw) > self.options.max_chars:
            raise ValueError(f"the page has {len(raw):,} characters; the option max_chars allows {self.options.max_chars:,}")
        if self.options.input == "html" or (self.options.input == "auto" and looks_like_html(raw)):
            return html_to_text(raw)
        return raw

    def _run(self, pages: list[tuple[str, str | None]]) -> list[Result]:
        model, pack = self._model, self._pack
        atoms = segment([text for text, _ in pages])
        features = measure(atoms)
        hits = pack.hits(atoms, features, [url for _, url in pages])
        scores = model(features, pack.evidence(hits, atoms, features.words), atoms.first)
        return [decide(text, atoms, number, features.words, scores[number],
                       hits.at(int(atoms.first[number]), int(atoms.first[number + 1])), pack, self.options, model.calibration,
                       model.card["version"])
                for number, (text, _) in enumerate(pages)]

    @property
    def _model(self) -> Model:
        return default_model()


def decode(raw: bytes) -> str:
    """Bytes as text: a byte order mark or valid UTF-8 first, else what charset-normalizer finds, else Latin-1."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        import charset_normalizer

        best = charset_normalizer.from_bytes(raw[:100_000]).best()
        return raw.decode(best.encoding if best is not None else "latin-1", "replace")


def _failed(error: Exception) -> Result:
    nothing = Scored([], [], [], [], [], [], [], [], {}, {})
    return Result("", nothing, 0.5, frozenset(), Verdict.NO_STORY, 0.0, PageType.ARTICLE, 0.0, "", f"{type(error).__name__}: {error}")


@cache
def _default() -> Stripper:
    return Stripper()


def clean(raw: Raw, *, url: str | None = None, **options: Any) -> Result:
    """The story of one page: `clean(raw).text`. Options as in `Options`; see `Stripper.clean` for the rest."""
    return (Stripper(**options) if options else _default()).clean(raw, url=url)


def clean_many(raws: Iterable[Raw | tuple[Raw, str | None]], **options: Any) -> Iterator[Result]:
    """The stories of many pages, lazily and in order; see `Stripper.clean_many`."""
    return (Stripper(**options) if options else _default()).clean_many(raws)
