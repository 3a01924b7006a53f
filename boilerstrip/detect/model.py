"""The learned detector at run time: numpy only, the same arithmetic as `boilerstrip.train.network`.

Features of a whole batch are looked up together; the network runs page by page, so that a page gets the same
answer to the last bit whatever batch it came in.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from boilerstrip.features import DENSE, Features, Tokens
from boilerstrip.labels import LABELS

if TYPE_CHECKING:
    from boilerstrip.segment.html import TreeEvidence

__all__ = ["Model", "Scores", "default_model", "load_model", "slot_of", "unpacked"]

Floats = npt.NDArray[np.float32]
Hashes = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]

SLOT_BITS = 21
SURE = 2.0  # log-odds; what rules say beyond it counts by weights of its own
WINDOW = 20_000  # atoms; longer pages are read in windows, so that memory stays bounded


def unpacked(arrays: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    """A weights file's arrays as the network takes them. Tables may be stored as whole numbers, with a step for each row.

    Raises:
        ValueError: where the steps do not fit their table.
    """
    out = {name: value for name, value in arrays.items() if not name.endswith("_step")}
    for name in ("table", "tree_table"):
        table, step = arrays.get(name), arrays.get(f"{name}_step")
        if table is not None and (step is None) == (table.dtype.kind == "i"):
            raise ValueError(f"{name}_step is missing" if step is None else f"{name}_step belongs to no whole numbers")
        if table is not None and step is not None:
            if step.shape != table.shape[:1]:
                raise ValueError(f"{name}_step has the shape {step.shape}, {name} {table.shape}")
            out[name] = table * step.astype(np.float32)[:, None]
    return out


def slot_of(hashes: Hashes) -> Ints:
    """The place of a hash in the look-up table."""
    return (hashes >> np.uint64(64 - SLOT_BITS)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Content:
    """The content words of a batch, in the order of the text: `group` numbers the distinct words of each page, `atom` is where
    a word stands, `own` how often its atom holds it and `others` how often the page's other atoms do. Per atom, `first` is its
    first content word (one entry more), and `size` the number of them and one."""

    group: Ints
    atom: Ints
    own: npt.NDArray[np.float64]
    others: npt.NDArray[np.float64]
    first: Ints
    size: npt.NDArray[np.float64]

    @classmethod
    def of(cls, features: Features) -> _Content:
        chosen = np.flatnonzero(features.group >= 0)
        group, atom = features.group.take(chosen), features.tokens.atom.take(chosen)
        own = features.own.take(chosen).astype(np.float64)
        count = np.bincount(atom, minlength=len(features.words))
        return cls(group, atom, own, np.bincount(group).take(group) - own, np.append(0, np.cumsum(count)),
                   (count + 1).astype(np.float64))


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What the network reads, one column per atom of the batch: in `rows` its features, embeddings, ones (for the biases) and
    evidence; and what it takes besides."""

    rows: Floats
    words: Floats
    content: _Content


class _Vocabulary:
    """Hashes -> rows of an embedding table; 0 for what is not in the vocabulary."""

    def __init__(self, hashes: Hashes) -> None:
        self._slots = np.zeros(1 << SLOT_BITS, np.uint32)
        self._slots[slot_of(hashes)] = np.arange(1, len(hashes) + 1)
        self._hash = np.concatenate([[np.uint64(0)], hashes])

    def rows(self, hashes: Hashes) -> npt.NDArray[np.uint32]:
        rows = self._slots.take(slot_of(hashes))
        rows *= self._hash.take(rows) == hashes
        return rows


@dataclass(frozen=True, slots=True)
class Scores:
    """The model's answer for one page: `story` logits (atoms,), `label` logits (atoms, labels), `page` logits
    (page types and, last, no story)."""

    story: Floats
    label: Floats
    page: Floats


class Model:
    """The network's weights and what it takes to run them. Holds no state about pages; threads may share one."""

    def __init__(self, arrays: dict[str, npt.NDArray[Any]], card: dict[str, Any]) -> None:
        self.card = card
        self.calibration: dict[str, Any] = card["calibration"]
        self._first: tuple[int, ...] = tuple(card["shape"]["first"])
        self._second: tuple[int, ...] = tuple(card["shape"]["second"])
        self._w: dict[str, Floats] = {
            k: np.ascontiguousarray(v, np.float32) for k, v in arrays.items() if not k.endswith("vocabulary")}
        self._table = self._w["table"]
        self.kind = "html" if "tree_vocabulary" in arrays else "text"
        if len(self._w["centre"]) != (columns := _columns_of(self.kind)):
            raise ValueError(f"they read {len(self._w['centre'])} columns, but this version measures {columns}")
        self._words = _Vocabulary(arrays["vocabulary"])
        self._tree = _Vocabulary(arrays["tree_vocabulary"]) if "tree_vocabulary" in arrays else None
        self._arranged()

    @classmethod
    def load(cls, source: str | Path | BinaryIO) -> Model:
        """Read weights from an .npz file; its card is stored with them.

        Raises:
            OSError: if the file cannot be read.
            ValueError: if it holds no weights.
        """
        try:
            with np.load(source) as stored:
                arrays = {name: stored[name] for name in stored.files}
            card = json.loads(arrays.pop("card").tobytes().decode())
            return cls(unpacked(arrays), card)
        except (ValueError, KeyError, AttributeError, BadZipFile, EOFError) as error:
            raise ValueError(f"{source} holds no weights that boilerstrip can use: {error!r}") from error

    def _joined(self, name: str) -> Floats:
        """A layer's weights with its bias as the last column."""
        return np.concatenate([self._w[f"{name}.weight"], self._w[f"{name}.bias"][:, None]], 1)

    def _arranged(self) -> None:
        """Weights in the order of the rows that they meet: less is moved about when pages are read."""
        w, labels = self._w, len(LABELS)
        dense, hidden = len(w["centre"]), len(w["enter.bias"])
        enter, evidence, embeddings = np.split(w["enter.weight"], [dense, dense + labels], 1)
        self._enter = np.concatenate([enter, embeddings, w["enter.bias"][:, None], evidence], 1)
        # what the evidence says by itself to the first guess, to the story and to the labels; it meets ones, evidence, surplus
        trust = [np.diag(part) for part in np.split(w["trust"], 2)]
        self._told = np.concatenate([
            np.concatenate([w["guess.bias"], w["story.bias"], w["label.bias"]])[:, None],
            np.vstack([np.tile(w["against"], (2, 1)), np.concatenate(trust, 1)])], 1)
        self._answer = np.split(np.vstack([w["story.weight"], w["label.weight"]]), [hidden], 1)
        context = w["guess.weight"].shape[1]
        near, alike, rest = np.split(w["again.weight"], [context, context + hidden], 1)
        self._again, self._alike = np.concatenate([near, rest, w["again.bias"][:, None]], 1), alike
        self._layers = {name: self._joined(name) for name in (
            *(f"first.{k}.linear" for k in range(len(self._first))), *(f"second.{k}.linear" for k in range(len(self._second))))}

    def bags(self, features: Features) -> Floats:
        """Per atom: mean of its words' embeddings, mean and maximum of its n-grams'."""
        tokens, table = features.tokens, self._table
        count, size = len(tokens.first) - 1, table.shape[1]
        out = np.zeros((3, size, count), np.float32)
        if count:
            filled = np.flatnonzero(features.words)
            if len(filled):
                columns = _columns(table, self._words.rows(tokens.hash))
                out[0][:, filled] = np.add.reduceat(columns, tokens.first[filled], axis=1) / features.words[filled].astype(np.float32)
            self._grams(tokens, out[1], out[2])
        return out.reshape(3 * size, count).T

    def _grams(self, tokens: Tokens, mean: Floats, most: Floats) -> None:
        """Mean and maximum of each atom's n-grams. Half of them are unknown, zeros that need not be looked up."""
        grams, first = tokens.ngrams()
        rows = self._words.rows(grams)
        known = np.flatnonzero(rows)
        if len(known) == 0:
            return
        bounds, size = np.searchsorted(known, first), np.diff(first)
        count = np.diff(bounds)
        some = np.flatnonzero(count)
        columns, start = _columns(self._table, rows.take(known)), bounds.take(some)
        mean[:, some] = np.add.reduceat(columns, start, axis=1) / size.take(some).astype(np.float32)
        largest = np.maximum.reduceat(columns, start, axis=1)
        most[:, some] = np.maximum(largest, np.where(count < size, 0, -np.inf).take(some).astype(np.float32))

    def __call__(self, features: Features, evidence: Floats, first: Ints, tree: TreeEvidence | None = None) -> list[Scores]:
        """Scores of every page of a batch; `first` holds each page's first atom, and one entry more. A model for HTML
        needs the evidence of the tree."""
        dense = features.dense if tree is None else np.concatenate([features.dense, tree.dense], 1)
        parts = [((dense - self._w["centre"]) / self._w["scale"]).clip(-4, 4), self.bags(features)]
        if tree is not None:
            parts.append(self._tree_bags(tree))
        parts += [np.ones((len(evidence), 1), np.float32), evidence, 2 * np.maximum(evidence - SURE, 0)]
        rows = np.concatenate([part.T for part in parts], 0, dtype=np.float32)
        inputs = _Inputs(rows, features.words.astype(np.float32), _Content.of(features))
        return [self._page(inputs, int(a), int(b)) for a, b in zip(first[:-1], first[1:])]

    def _tree_bags(self, tree: TreeEvidence) -> Floats:
        """Per atom: mean of its tree tokens' embeddings."""
        assert self._tree is not None, "these weights are for text"
        table, count = self._w["tree_table"], np.diff(tree.first)
        out = np.zeros((table.shape[1], len(count)), np.float32)
        filled = np.flatnonzero(count)
        if len(filled):
            columns = _columns(table, self._tree.rows(tree.tokens))
            out[:, filled] = np.add.reduceat(columns, tree.first[filled], axis=1) / count[filled].astype(np.float32)
        return out.T

    def _page(self, inputs: _Inputs, first: int, last: int) -> Scores:
        if last == first:
            none = np.zeros(0, np.float32)
            return Scores(none, np.zeros((0, len(LABELS)), np.float32), none)
        parts = [self._window(inputs, a, min(a + WINDOW, last)) for a in range(first, last, WINDOW)]
        if len(parts) == 1:
            return parts[0]
        return Scores(np.concatenate([p.story for p in parts]), np.concatenate([p.label for p in parts]), parts[0].page)

    def _window(self, inputs: _Inputs, first: int, last: int) -> Scores:
        """Scores of some atoms of one page. They stand in columns here: so numpy's loops are as long as the page."""
        w, hidden = self._w, len(self._enter)
        rows = np.ascontiguousarray(inputs.rows[:, first:last])  # in one place of its own, wherever in a batch the page stands
        words = inputs.words[first:last]
        told = self._told @ rows[-self._told.shape[1]:]
        work = _Work.of(hidden, last - first)
        local = self._enter @ rows[:self._enter.shape[1]]
        np.maximum(local, work.zeros, out=local)
        x = local
        for k, distance in enumerate(self._first):
            x = self._dilated(f"first.{k}.linear", x, distance, work)

        seen = np.empty((self._again.shape[1], last - first), np.float32)
        remembered, topics = hidden + len(w["remember.bias"]), w["guess.weight"].shape[1]
        kept = _sigmoid(self._linear("remember", x))
        seen[:hidden] = x
        np.maximum.accumulate(kept, 1, out=seen[hidden:remembered])
        np.maximum.accumulate(kept[:, ::-1], 1, out=seen[remembered:topics][:, ::-1])
        p = _sigmoid(w["guess.weight"][0] @ seen[:topics] + told[0])

        weight = p * np.log1p(words)
        weight /= weight.sum() + np.float32(1e-3)
        pooled = x @ weight
        dense, size = len(w["centre"]), self._table.shape[1]
        topic = np.tanh(self._linear("topic", rows[dense:dense + 2 * size]))
        shared = topics + len(topic)
        seen[topics:shared] = topic
        seen[shared:-1] = _shared_words(inputs.content, p, first, last)
        seen[-1] = 1
        # what is multiplied by one number for the whole page is multiplied into the weights
        again = self._again.copy()
        again[:, :hidden] += self._alike * pooled
        again[:, topics:shared] *= topic @ weight
        again[:, -1] += w["about.weight"] @ np.concatenate([pooled, work.mean(x), x.max(1)])
        more = again @ seen
        np.maximum(more, work.zeros, out=more)
        more += x
        x = more
        for k, distance in enumerate(self._second):
            x = self._dilated(f"second.{k}.linear", x, distance, work)

        answer = told[1:]
        answer += self._answer[0] @ x
        answer += self._answer[1] @ local
        sure = _sigmoid(answer[0]) * words
        page = np.concatenate([work.mean(x), x.max(1), (x @ sure) / (sure.sum() + np.float32(1))])
        return Scores(answer[0], answer[1:].T, w["page.weight"] @ page + w["page.bias"])

    def _linear(self, name: str, x: Floats) -> Floats:
        out: Floats = self._w[f"{name}.weight"] @ x
        out += self._w[f"{name}.bias"][:, None]
        return out

    def _dilated(self, name: str, x: Floats, distance: int, work: _Work) -> Floats:
        """A residual layer over an atom and its two neighbours at a distance."""
        h, n = x.shape
        d, around = min(distance, n), work.around
        around[:h, :d], around[:h, d:] = 0, x[:, :n - d]
        around[h:2 * h] = x
        around[2 * h:-1, :n - d], around[2 * h:-1, n - d:] = x[:, d:], 0
        out: Floats = self._layers[name] @ around
        np.maximum(out, work.zeros, out=out)
        out += x
        return out


@dataclass(frozen=True, slots=True)
class _Work:
    """Room for one page: `around` holds the neighbours of every atom, over a row of ones for the bias. The larger of a number
    and `zeros` is found three times as fast as the larger of it and 0."""

    around: Floats
    zeros: Floats

    @classmethod
    def of(cls, hidden: int, atoms: int) -> _Work:
        return cls(np.ones((3 * hidden + 1, atoms), np.float32), np.zeros((hidden, atoms), np.float32))

    def mean(self, x: Floats) -> Floats:
        """The mean over the atoms."""
        out: Floats = x @ self.around[-1] / np.float32(x.shape[1])
        return out


def _columns_of(kind: str) -> int:
    """How many columns of features the blocks of a page have."""
    if kind == "text":
        return len(DENSE)
    from boilerstrip.segment.tree import TREE_DENSE

    return len(DENSE) + len(TREE_DENSE)


def _columns(table: Floats, rows: npt.NDArray[np.uint32]) -> Floats:
    """The rows of a table as columns: runs of them are summed three times as fast."""
    return np.ascontiguousarray(table.take(rows, axis=0).T)


def _sigmoid(x: Floats) -> Floats:
    out: npt.NDArray[Any] = 1 / (1 + np.exp(-np.clip(x, -60, 60)))
    return out


def _shared_words(content: _Content, p: Floats, first: int, last: int) -> npt.NDArray[np.float64]:
    """How far each atom's content words occur elsewhere in the guessed story, and elsewhere outside of it: four rows."""
    out = np.zeros((4, last - first))
    a, b = int(content.first[first]), int(content.first[last])
    if a == b:
        return out
    group, atom = content.group[a:b], content.atom[a:b] - first
    group = group - group.min()
    each = p.astype(np.float64).take(atom)
    inside = np.bincount(group, each).take(group) - each * content.own[a:b]
    outside = content.others[a:b] - inside
    np.maximum(inside, 0, out=inside)
    np.maximum(outside, 0, out=outside)
    for k, value in enumerate((inside / (1 + inside), outside / (1 + outside), inside / (inside + outside + 1e-2), inside > 0.5)):
        out[k] = np.bincount(atom, value, last - first)
    out /= content.size[first:last]
    return out


def load_model(kind: str, weights: str | Path | None = None) -> Model:
    """The model for "text" or for "html": from a folder with both, or a file with one of them; the other, and without
    either both, come with the library.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it holds no weights.
    """
    if weights is None:
        return default_model(kind)
    path = Path(weights)
    path = path / f"{kind}.npz" if path.is_dir() else path
    model = _loaded(path, path.stat().st_mtime_ns)
    return model if model.kind == kind else default_model(kind)


@lru_cache(maxsize=8)
def _loaded(path: Path, changed: int) -> Model:
    """The weights of a file; they are read again once it has changed."""
    return Model.load(path)


@cache
def default_model(kind: str = "text") -> Model:
    """The model that comes with the library, for "text" or for "html"."""
    with (Path(__file__).parents[1] / "weights" / f"{kind}.npz").open("rb") as file:
        return Model.load(file)
