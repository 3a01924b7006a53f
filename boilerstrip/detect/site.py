"""Site profiles: what recurs on the pages of one site, learned without labels.

A profile counts on how many pages of a site each block occurs; blocks are compared by their words, case folded and
without numbers, so that counters, dates and prices do not hide a template. From the counts comes evidence that a
block is not story.

The weight is a Bayes factor (Kass and Raftery 1995) of two beta-binomial models of "k of m other pages repeat this
block", one for boilerplate and one for story text, by length of the block:

    w(k, m) = ln B(k + a1, m - k + b1) / B(a1, b1)  -  ln B(k + a0, m - k + b0) / B(a0, b0)

with the parameters of RECURS, fitted by maximum likelihood on sites with several pages. One page is taken off both
counts, since the page that is cleaned may be one of those that were learned from. As a site's menus stand together
while a sentence that two stories share stands among other text, w is multiplied by the share of the words around
the block that recur too.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from boilerstrip.chars import class_table, codes_of
from boilerstrip.features import PAIR, Features, Tokens, _powers, mix, tokenize, word_hashes
from boilerstrip.labels import LABELS, Label
from boilerstrip.segment.html import atoms_of_trees, decode_html, looks_like_html, segment_html
from boilerstrip.segment.text import Atoms, segment

__all__ = ["Profiles", "SiteHits", "SiteProfile"]

Floats = npt.NDArray[np.float32]
Hashes = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

VERSION = 1
FEWEST = 3  # pages from which a profile says anything
LENGTHS = (2, 5, 12)  # words: the ends of the classes of RECURS
PROSE = 13  # words from which a block must stand on half of the pages, at similar places on all of them
RECURS = (  # (a1, b1) of boilerplate, (a0, b0) of story, by length
    ((0.3, 0.2), (0.3, 1.0)), ((0.2, 0.2), (0.1, 1.0)), ((0.2, 0.5), (0.02, 0.5)), ((0.1, 0.5), (0.02, 4.0)))
REACH = 3  # blocks before and behind that are its surroundings
PLACES = 16.0  # steps of position per unit of log(1 + blocks before)
SPREAD = 0.7  # standard deviation of that logarithm up to which places are similar
STRONGEST = 6.0  # log-odds
SURE_PAGES, SURE_SHARE = 5, 0.8  # longer blocks on so many pages get their whole weight, whatever stands around them
GIVEN_MODEL = 0.5  # share of the weight that holds given what the model knows already
MOST_COPIES = 4  # on a page: what stands there more often belongs to the cards of a listing
TWIN = 0.9  # pages that share so many of their words are one page
SKETCH = 64
MEMORY = 256  # pages that a new one is compared with
LONGEST = 8_000  # words
COLUMNS = ("hash", "pages_with", "words", "top", "top2", "bottom", "bottom2")


@dataclass(frozen=True, eq=False, repr=False)
class SiteProfile:
    """What recurs on a site. Frozen and picklable; threads may share one.

    `pages` counts the pages learned from. Per distinct block, sorted by `hash`: on how many pages it occurs
    (`pages_with`), its `words`, and the sums and sums of squares of its places from the top and from the bottom
    (whole numbers, so that merging is associative to the last bit).
    """

    pages: int
    hash: Hashes
    pages_with: Ints
    words: Ints
    top: Ints
    top2: Ints
    bottom: Ints
    bottom2: Ints
    site: str = ""

    @classmethod
    def learn(cls, pages: Iterable[str | bytes], site: str = "") -> SiteProfile:
        """Count what recurs. Pages that are all but equal count once.

        Args:
            pages: raw texts or HTML, as they will be cleaned; nothing is said from fewer than three, ten are good.
            site: a name for it.

        Raises:
            TypeError: if `pages` is a single page.
        """
        if isinstance(pages, str | bytes):
            raise TypeError("pages must be several pages, not one")
        learner = Learner(site)
        for page in pages:
            learner.add(page)
        return learner.profile()

    def merge(self, other: SiteProfile) -> SiteProfile:
        """One profile of the pages of both. Associative and commutative; a page that both learned from counts twice."""
        columns = [np.concatenate(pair) for pair in zip(self.columns().values(), other.columns().values())]
        return _summed(self.pages + other.pages, columns, self.site or other.site)

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """The counts as named columns."""
        return {name: getattr(self, name) for name in COLUMNS}

    def pruned(self, fewest: int = 2) -> SiteProfile:
        """Without what stands on fewer pages: small enough to keep. What is left out is missing in later merges."""
        chosen = self.pages_with >= fewest
        return SiteProfile(self.pages, **{name: column[chosen] for name, column in self.columns().items()}, site=self.site)

    def __repr__(self) -> str:
        return f"SiteProfile({self.site!r}, {self.pages} pages, {len(self.hash)} blocks)"

    def __getstate__(self) -> dict[str, Any]:
        """Only the counts: what was computed from them is computed again."""
        return {name: value for name, value in self.__dict__.items() if name in self.__dataclass_fields__}

    # ---- use ----

    def hits(self, atoms: Atoms, features: Features) -> SiteHits:
        """What the profile says about each atom of a batch of pages of its site."""
        hashes, words = block_hashes(features.tokens)
        weight = np.zeros(len(atoms), np.float32)
        if self.pages >= FEWEST and len(atoms) and len(self.hash):
            block = np.minimum(np.searchsorted(self.hash, hashes), len(self.hash) - 1)
            known = (self.hash[block] == hashes) & (words > 0)
            known &= (words <= LENGTHS[1]) | self._at_its_place(block, atoms)
            known &= _copies(hashes, atoms) <= MOST_COPIES
            base = np.where(known, self._weight[block], 0)
            around = _surroundings(base > 0, words, atoms)
            sure = (words > LENGTHS[1]) & (self.pages_with[block] >= max(SURE_PAGES, SURE_SHARE * self.pages))
            weight[:] = np.minimum(np.where(sure, base, GIVEN_MODEL * base * around), STRONGEST)
        return SiteHits(weight, words <= LENGTHS[1])

    def _at_its_place(self, block: Ints, atoms: Atoms) -> Bools:
        """Whether atoms stand about where their block stands on other pages: a teaser that is printed on all pages is
        the story's own standfirst on one of them, and stands elsewhere there."""
        before, behind = _places(atoms)
        k = np.maximum(self.pages_with[block], 1)
        near: Bools = np.minimum(abs(before - self.top[block] / k), abs(behind - self.bottom[block] / k)) <= SPREAD * PLACES
        return near

    def evidence(self, atoms: Atoms, features: Features) -> Floats:
        """Log-odds per atom and label, shape (atoms, labels), in the form of `RulePack.evidence`."""
        return self.hits(atoms, features).evidence()

    @cached_property
    def _weight(self) -> npt.NDArray[np.float64]:
        """Log-odds of each block: the Bayes factor where it recurs, else 0."""
        k, m = np.maximum(self.pages_with - 1, 0), max(self.pages - 1, 1)
        kind = np.searchsorted(LENGTHS, self.words)
        pairs, inverse = np.unique(np.minimum(k, m) * len(RECURS) + kind, return_inverse=True)
        factors = np.array([_bayes_factor(int(p) // len(RECURS), m, *RECURS[int(p) % len(RECURS)]) for p in pairs])
        return np.where(self._recurs, np.maximum(factors[inverse], 0), 0) if len(pairs) else np.zeros(0)

    @property
    def _recurs(self) -> Bools:
        """Blocks on at least three pages (short ones: or on half of them); prose on half of them, at similar places."""
        k = self.pages_with
        half, often = k >= np.maximum(2, self.pages / 2), k >= FEWEST
        near = np.minimum(_variance(self.top, self.top2, k), _variance(self.bottom, self.bottom2, k)) <= (SPREAD * PLACES) ** 2
        recurs: Bools = np.where(self.words >= PROSE, half & often & near, np.where(self.words > LENGTHS[1], often, half | often))
        return recurs

    # ---- storage ----

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types, the site and the version first."""
        return {"site": self.site, "version": VERSION, "pages": self.pages, **{k: v.tolist() for k, v in self.columns().items()}}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> SiteProfile:
        """A profile from what `to_dict` gave.

        Raises:
            ValueError: if it is no profile, or one of a newer version.
        """
        if not isinstance(row, Mapping) or "version" not in row:
            raise ValueError("not a site profile")
        if row["version"] != VERSION:
            raise ValueError(f"site profile of version {row['version']}; this release reads version {VERSION}")
        try:
            columns = [np.asarray(row[name], np.uint64 if name == "hash" else np.int64) for name in COLUMNS]
            pages, site = int(row["pages"]), str(row["site"])
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"not a sound site profile: {error}") from None
        if len({column.shape for column in columns}) != 1 or columns[0].ndim != 1:
            raise ValueError("not a sound site profile: its columns differ in length")
        return _summed(pages, columns, site)

    def save(self, path: str | Path) -> None:
        """Write to a file: Parquet if it is named so, else JSON."""
        Profiles.write([self], path)

    @classmethod
    def load(cls, path: str | Path) -> SiteProfile:
        """Read a file that holds one profile.

        Raises:
            ValueError: naming the file, if it does not hold exactly one.
        """
        store = Profiles(path)
        if len(store) != 1:
            raise ValueError(f"{path}: holds {len(store)} site profiles, not one")
        profile = store[next(iter(store))]
        assert profile is not None
        return profile


class SiteHits(NamedTuple):
    """What a profile says about the atoms of a batch: per atom the weight in log-odds against the story (0: nothing),
    and whether the atom is short.

    The weight is taken off the model's logit: measured on sites with several pages, that removes more boilerplate
    and loses less story than to pass it through the model's input channels of rules (`evidence`).
    """

    weight: Floats
    short: Bools

    def kinds(self, first: int, last: int) -> dict[int, tuple[str, float]]:
        """Of atoms first to last - 1 those that something is said about, counted from first: "menu" for short ones,
        "text" for others, and the weight."""
        weight, short = self.weight[first:last], self.short[first:last]
        return {n: ("menu" if short[n] else "text", float(weight[n])) for n in np.flatnonzero(weight).tolist()}

    def evidence(self) -> Floats:
        """In the channels of the labels: navigation for short blocks, other for longer ones."""
        out = np.zeros((len(self.weight), len(LABELS)), np.float32)
        out[:, LABELS.index(Label.NAVIGATION)] = np.where(self.short, self.weight, 0)
        out[:, LABELS.index(Label.OTHER)] = np.where(self.short, 0, self.weight)
        return out


class Learner:
    """Counts the blocks of one site's pages, page by page."""

    def __init__(self, site: str = "") -> None:
        self.site, self.pages = site, 0
        self._new: list[list[npt.NDArray[Any]]] = []
        self._counted = _summed(0, [np.zeros(0, np.uint64), *(np.zeros(0, np.int64) for _ in COLUMNS[1:])], site)
        self._twins = Twins()

    def add(self, page: str | bytes, html: bool | None = None) -> bool:
        """Count a page; False if it is all but equal to one of those before it, and so not counted."""
        sketch, blocks = look_at(page, html)
        if self._twins.has(sketch):
            return False
        self.pages += 1
        top, bottom = blocks.top, blocks.bottom
        self._new.append([blocks.hash, np.ones(len(top), np.int64), blocks.words, top, top * top, bottom, bottom * bottom])
        if len(self._new) >= MEMORY:
            self._counted, self._new = self.profile(), []
        return True

    def profile(self) -> SiteProfile:
        """What was counted so far."""
        columns = [np.concatenate(parts) for parts in zip(self._counted.columns().values(), *self._new)]
        return _summed(self.pages, columns, self.site)


class PageBlocks(NamedTuple):
    """The distinct blocks of a page: hash, number of words, and place from the top and from the bottom."""

    hash: Hashes
    words: Ints
    top: Ints
    bottom: Ints


def look_at(page: str | bytes, html: bool | None = None) -> tuple[Hashes, PageBlocks]:
    """A page's sketch, by which `Twins` knows it again, and its blocks."""
    atoms = atoms_of(page, html)
    tokens = tokenize(atoms)
    hashes, words = block_hashes(tokens)
    chosen, first = np.unique(hashes[words > 0], return_index=True)
    at = np.flatnonzero(words > 0)[first]
    top, bottom = _places(atoms)
    return _sketch(tokens), PageBlocks(chosen, words[at], top[at], bottom[at])


def _sketch(tokens: Tokens) -> Hashes:
    """The smallest hashes of a page's 4-grams of words (Broder 1997, "On the resemblance and containment of documents")."""
    h = tokens.hash
    grams = mix(h[:-3] * _powers(int(PAIR), 4)[1] + h[1:-2] * _powers(int(PAIR), 4)[2] + h[2:-1] * _powers(int(PAIR), 4)[3] + h[3:])
    return np.unique(grams)[:SKETCH]


class Twins:
    """Knows pages that share nearly all words, in their order, with one of the last MEMORY that did not."""

    def __init__(self) -> None:
        self._sketches: deque[Hashes] = deque(maxlen=MEMORY)

    def has(self, sketch: Hashes) -> bool:
        """Whether a page is a twin; if it is none, it is remembered."""
        if any(_shared(sketch, self._sketches[n]) >= TWIN for n in self._candidates(sketch)):
            return True
        self._sketches.append(sketch)
        return False

    def _candidates(self, sketch: Hashes) -> Iterator[int]:
        """Those that have enough of a sketch's hashes at all, found in one pass since nearly all have not."""
        if self._sketches and len(sketch):
            held = np.concatenate(self._sketches)
            known = sketch.take(np.searchsorted(sketch, held), mode="clip") == held
            count = np.bincount(np.repeat(np.arange(len(self._sketches)), [len(other) for other in self._sketches])[known])
            yield from np.flatnonzero(count >= TWIN * len(sketch)).tolist()


def _shared(a: Hashes, b: Hashes) -> float:
    """The share of the smallest hashes of two sketches that stand in both."""
    union = np.union1d(a, b)[:SKETCH]
    return float(np.isin(union, np.intersect1d(a, b)).mean())


def atoms_of(page: str | bytes, html: bool | None) -> Atoms:
    """A page's atoms, as the pipeline makes them; `html` None: it is looked at."""
    text = decode_html(page) if isinstance(page, bytes) else page
    if looks_like_html(text) if html is None else html:
        return atoms_of_trees([segment_html(text)])[0]
    return segment([text])


def block_hashes(tokens: Tokens) -> tuple[Hashes, Ints]:
    """Per atom a hash of its words without its numbers, and how many those are (0: it has none)."""
    worded = np.flatnonzero(~np.isin(tokens.hash, _numbers()))
    count = len(tokens.first) - 1
    first = np.searchsorted(worded, tokens.first)
    words = np.diff(first)
    out = np.zeros(count, np.uint64)
    filled = np.flatnonzero(words > 0)
    if len(filled):
        place = np.arange(len(worded)) - first[tokens.atom[worded]]
        terms = tokens.hash[worded] * _powers(int(PAIR), LONGEST)[np.minimum(place, LONGEST - 1)]
        out[filled] = mix(np.add.reduceat(terms, first[filled]))
    return out, words


@cache
def _numbers() -> Hashes:
    """The hashes of words that are nothing but digits."""
    text = " ".join("0" * n for n in range(1, 21))
    codes = codes_of(text)
    return np.sort(word_hashes(codes, class_table()[codes], np.zeros(1, np.int64))[0])


def _places(atoms: Atoms) -> tuple[Ints, Ints]:
    """Where each atom stands on its page, from the top and from the bottom, in steps of a logarithm."""
    index = np.arange(len(atoms)) - atoms.first[atoms.page]
    behind = atoms.first[atoms.page + 1] - atoms.first[atoms.page] - 1 - index
    before, behind = (np.round(PLACES * np.log1p(x)).astype(np.int64) for x in (index, behind))
    return before, behind


def _copies(hashes: Hashes, atoms: Atoms) -> Ints:
    """How often each atom's block stands on its page."""
    _, inverse, count = np.unique(mix(hashes + atoms.page.astype(np.uint64) * PAIR), return_inverse=True, return_counts=True)
    copies: Ints = count[inverse]
    return copies


def _surroundings(recurs: Bools, words: Ints, atoms: Atoms) -> npt.NDArray[np.float64]:
    """Per atom: which share of the words around it, itself left out, recurs too (words by their logarithm)."""
    size = np.log1p(words)
    share, total = np.zeros(len(words)), np.zeros(len(words))
    page = atoms.page
    for step in range(1, REACH + 1):
        same = page[step:] == page[:-step]
        for here, there in ((slice(step, None), slice(None, -step)), (slice(None, -step), slice(step, None))):
            share[here] += np.where(same, size[there] * recurs[there], 0)
            total[here] += np.where(same, size[there], 0)
    return share / np.maximum(total, 1e-9)


def _bayes_factor(k: int, m: int, boilerplate: tuple[float, float], story: tuple[float, float]) -> float:
    """How much likelier "k of m other pages repeat it" is for boilerplate than for story text, as log-odds."""
    return sum(sign * (_log_beta(k + a, m - k + b) - _log_beta(a, b)) for sign, (a, b) in ((1, boilerplate), (-1, story)))


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _variance(total: Ints, squares: Ints, count: Ints) -> npt.NDArray[np.float64]:
    n = np.maximum(count, 1)
    return squares / n - (total / n) ** 2


def _summed(pages: int, columns: Sequence[npt.NDArray[Any]], site: str) -> SiteProfile:
    """A profile from columns in which a hash may stand more than once."""
    order = np.argsort(columns[0], kind="stable")
    hashes, first = np.unique(columns[0][order], return_index=True)
    sums = [np.add.reduceat(column[order], first) if len(first) else column for column in columns[1:]]
    if len(first):
        sums[1] = np.minimum.reduceat(columns[2][order], first)  # words: the same wherever the hash is
    return SiteProfile(pages, hashes, **dict(zip(COLUMNS[1:], sums)), site=site)


# ---- many sites ----------------------------


class Profiles(Mapping[str, SiteProfile]):
    """A file of site profiles, of which each is read when it is asked for: JSON lines, or Parquet (extra: parquet).

    Raises:
        OSError: if the file cannot be read.
        ValueError: naming the file, if it holds something else.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._place: dict[str, int] = {}
        if _is_parquet(self._path):
            with _reading(self._path):
                sites = _parquet().read_table(self._path, columns=["site"], use_threads=False).column("site").to_pylist()
            self._place = {site: row for row, site in enumerate(sites)}
        else:
            self._index_lines()

    def _index_lines(self) -> None:
        with self._path.open("rb") as file:
            at = 0
            for number, line in enumerate(file, 1):
                head = HEAD.match(line)
                if head is None:
                    raise ValueError(f"{self._path}: line {number}: not a site profile")
                self._place[json.loads(head[1])] = at
                at += len(line)

    def __getitem__(self, site: str) -> SiteProfile:
        place = self._place[site]
        with _reading(self._path):
            if _is_parquet(self._path):
                with _parquet().ParquetFile(self._path) as file:  # one row group per site
                    return SiteProfile.from_dict(file.read_row_group(place, use_threads=False).to_pylist()[0])
            with self._path.open("rb") as lines:
                lines.seek(place)
                return SiteProfile.from_dict(json.loads(lines.readline()))

    def __contains__(self, site: object) -> bool:
        return site in self._place

    def __iter__(self) -> Iterator[str]:
        return iter(self._place)

    def __len__(self) -> int:
        return len(self._place)

    @staticmethod
    def write(profiles: Iterable[SiteProfile], path: str | Path) -> None:
        """Write profiles to a file, which is there as a whole or not at all."""
        path = Path(path)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            if _is_parquet(path):
                _write_parquet(profiles, temporary)
            else:
                with temporary.open("w", encoding="utf-8") as file:
                    file.writelines(json.dumps(profile.to_dict()) + "\n" for profile in profiles)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


HEAD = re.compile(rb'\{"site": ("(?:[^"\\]|\\.)*"), "version": ')


def _is_parquet(path: Path) -> bool:
    return path.suffix == ".parquet"


def _parquet() -> Any:
    from boilerstrip.io import needs

    return needs("pyarrow.parquet", "parquet")


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Errors name the file."""
    try:
        yield
    except (ValueError, KeyError) as error:
        raise ValueError(f"{path}: {error}") from None


def _write_parquet(profiles: Iterable[SiteProfile], path: Path) -> None:
    """One row group per site, so that each can be read alone."""
    parquet = _parquet()
    import pyarrow as pa

    schema = pa.schema([("site", pa.string()), ("version", pa.int32()), ("pages", pa.int64()), ("hash", pa.list_(pa.uint64())),
                        *((name, pa.list_(pa.int64())) for name in COLUMNS[1:])])
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for profile in profiles:
            row = {"site": profile.site, "version": VERSION, "pages": profile.pages, **profile.columns()}
            writer.write_table(pa.table({k: [v] for k, v in row.items()}, schema=schema))
