"""The learned detector at run time: numpy only, the same arithmetic as `boilerstrip.train.network`.

Features of a whole batch are looked up together; the network runs page by page, so that a page gets the same
answer to the last bit whatever batch it came in.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from boilerstrip.features import Features
from boilerstrip.labels import LABELS

if TYPE_CHECKING:
    from boilerstrip.segment.html import TreeEvidence

__all__ = ["Model", "Scores", "default_model", "load_model", "slot_of"]

Floats = npt.NDArray[np.float32]
Hashes = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]

SLOT_BITS = 21
SURE = 2.0  # log-odds; what rules say beyond it counts by weights of its own
WINDOW = 20_000  # atoms; longer pages are read in windows, so that memory stays bounded


def slot_of(hashes: Hashes) -> Ints:
    """The place of a hash in the look-up table."""
    return (hashes >> np.uint64(64 - SLOT_BITS)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What the network reads, one row per atom of the batch: everything joined, and the parts that it uses again."""

    all: Floats
    bags: Floats
    evidence: Floats
    features: Features


class _Vocabulary:
    """Hashes -> rows of an embedding table; 0 for what is not in the vocabulary."""

    def __init__(self, hashes: Hashes) -> None:
        self._slots = np.zeros(1 << SLOT_BITS, np.uint32)
        self._slots[slot_of(hashes)] = np.arange(1, len(hashes) + 1)
        self._hash = np.concatenate([[np.uint64(0)], hashes])

    def rows(self, hashes: Hashes) -> npt.NDArray[np.uint32]:
        rows = self._slots.take(slot_of(hashes))
        return np.where(self._hash.take(rows) == hashes, rows, np.uint32(0))


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
        self.kind = "html" if "tree_vocabulary" in arrays else "text"
        self._words = _Vocabulary(arrays["vocabulary"])
        self._tree = _Vocabulary(arrays["tree_vocabulary"]) if "tree_vocabulary" in arrays else None

    @classmethod
    def load(cls, source: str | Path | BinaryIO) -> Model:
        """Read weights from an .npz file; its card is stored with them."""
        with np.load(source) as stored:
            arrays = {name: stored[name] for name in stored.files}
        return cls(arrays, json.loads(arrays.pop("card").tobytes().decode()))

    def bags(self, features: Features) -> Floats:
        """Per atom: mean of its words' embeddings, mean and maximum of its n-grams'."""
        tokens, table = features.tokens, self._w["table"]
        count = len(tokens.first) - 1
        size = table.shape[1]
        out = np.zeros((count, 3 * size), np.float32)
        if count == 0:
            return out
        filled = np.flatnonzero(features.words > 0)
        if len(filled):
            sums = _reduce(np.add, table, self._words.rows(tokens.hash), tokens.first[filled])
            out[filled, :size] = sums / features.words[filled, None].astype(np.float32)
        grams, first = tokens.ngrams()
        rows = self._words.rows(grams)
        out[:, size:2 * size] = _reduce(np.add, table, rows, first[:-1]) / np.diff(first)[:, None].astype(np.float32)
        out[:, 2 * size:] = _reduce(np.maximum, table, rows, first[:-1])
        return out

    def __call__(self, features: Features, evidence: Floats, first: Ints, tree: TreeEvidence | None = None) -> list[Scores]:
        """Scores of every page of a batch; `first` holds each page's first atom, and one entry more. A model for HTML
        needs the evidence of the tree."""
        bags = self.bags(features)
        dense = features.dense if tree is None else np.concatenate([features.dense, tree.dense], 1)
        parts = [np.clip((dense - self._w["centre"]) / self._w["scale"], -4, 4), evidence, bags]
        if tree is not None:
            parts.append(self._tree_bags(tree))
        inputs = _Inputs(np.concatenate(parts, 1, dtype=np.float32), bags, evidence, features)
        return [self._page(inputs, int(a), int(b)) for a, b in zip(first[:-1], first[1:])]

    def _tree_bags(self, tree: TreeEvidence) -> Floats:
        """Per atom: mean of its tree tokens' embeddings."""
        assert self._tree is not None, "these weights are for text"
        table, count = self._w["tree_table"], np.diff(tree.first)
        out = np.zeros((len(count), table.shape[1]), np.float32)
        filled = np.flatnonzero(count)
        if len(filled):
            sums = _reduce(np.add, table, self._tree.rows(tree.tokens), tree.first[filled])
            out[filled] = sums / count[filled, None].astype(np.float32)
        return out

    def _page(self, inputs: _Inputs, first: int, last: int) -> Scores:
        if last - first <= WINDOW:
            return self._window(inputs, first, last)
        parts = [self._window(inputs, a, min(a + WINDOW, last)) for a in range(first, last, WINDOW)]
        return Scores(np.concatenate([p.story for p in parts]), np.concatenate([p.label for p in parts]), parts[0].page)

    def _linear(self, name: str, x: Floats) -> Floats:
        out: Floats = x @ self._w[f"{name}.weight"].T
        out += self._w[f"{name}.bias"]
        return out

    def _dilated(self, name: str, x: Floats, distance: int) -> Floats:
        n, h = x.shape
        d = min(distance, n)
        around = np.zeros((n, 3 * h), np.float32)
        around[d:, :h] = x[:n - d]
        around[:, h:2 * h] = x
        around[:n - d, 2 * h:] = x[d:]
        out = self._linear(name, around)
        np.maximum(out, 0, out=out)
        out += x
        return out

    def _window(self, inputs: _Inputs, first: int, last: int) -> Scores:
        if last == first:
            none = np.zeros((0,), np.float32)
            return Scores(none, np.zeros((0, len(LABELS)), np.float32), none)
        words = inputs.features.words[first:last].astype(np.float32)
        evidence = inputs.evidence[first:last]
        evidence = np.concatenate([evidence, 2 * np.maximum(evidence - SURE, 0)], 1)
        against = evidence @ self._w["against"]
        local = self._linear("enter", inputs.all[first:last])
        np.maximum(local, 0, out=local)
        x = local
        for k, distance in enumerate(self._first):
            x = self._dilated(f"first.{k}.linear", x, distance)
        kept = _sigmoid(self._linear("remember", x))
        context = np.concatenate([x, np.maximum.accumulate(kept, 0), np.maximum.accumulate(kept[::-1], 0)[::-1]], 1)
        p = _sigmoid(self._linear("guess", context)[:, 0] + against)
        weight = p * np.log1p(words)
        total = weight.sum() + np.float32(1e-3)
        pooled = (weight @ x) / total
        size = self._w["table"].shape[1]
        topic = np.tanh(self._linear("topic", inputs.bags[first:last, :2 * size]))
        topic_pooled = (weight @ topic) / total
        second = np.concatenate([context, x * pooled, topic * topic_pooled, _shared_words(inputs.features, p, first, last)], 1)
        overall = np.concatenate([pooled, x.mean(0), x.max(0)])
        more = self._linear("again", second)
        more += self._w["about.weight"] @ overall
        np.maximum(more, 0, out=more)
        x = x + more
        for k, distance in enumerate(self._second):
            x = self._dilated(f"second.{k}.linear", x, distance)
        seen = np.concatenate([x, local], 1)
        story = self._linear("story", seen)[:, 0] + against
        sure = _sigmoid(story) * words
        page = np.concatenate([x.mean(0), x.max(0), (sure @ x) / (sure.sum() + np.float32(1))])
        trusted = (evidence * self._w["trust"]).reshape(-1, 2, len(LABELS)).sum(1)
        return Scores(story, self._linear("label", seen) + trusted, self._linear("page", page[None])[0])


def _reduce(operation: np.ufunc, table: Floats, rows: npt.NDArray[np.uint32], first: Ints) -> Floats:
    """Sums or maxima of runs of table rows; column by column, where numpy reduces three times as fast."""
    columns = np.ascontiguousarray(table.take(rows, axis=0).T)
    out: Floats = operation.reduceat(columns, first, axis=1).T
    return out


def _sigmoid(x: Floats) -> Floats:
    out: npt.NDArray[Any] = 1 / (1 + np.exp(-np.clip(x, -60, 60)))
    return out


def _shared_words(features: Features, p: Floats, first: int, last: int) -> Floats:
    """How far each atom's content words occur elsewhere in the guessed story, and elsewhere outside of it."""
    tokens = features.tokens
    a, b = int(tokens.first[first]), int(tokens.first[last])
    group = features.group[a:b]
    content = np.flatnonzero(group >= 0)
    out = np.zeros((last - first, 4), np.float32)
    if len(content) == 0:
        return out
    group = group[content]
    group = group - group.min()
    atom = tokens.atom[a:b][content] - first
    own = features.own[a:b][content]
    each = p[atom]
    inside = np.bincount(group, each)[group] - each * own
    outside = np.bincount(group, 1 - each)[group] - (1 - each) * own
    inside, outside = np.maximum(inside, 0), np.maximum(outside, 0)
    count = np.bincount(atom, minlength=last - first) + 1
    values = (inside / (1 + inside), outside / (1 + outside), inside / (inside + outside + 1e-2), inside > 0.5)
    for k, value in enumerate(values):
        out[:, k] = np.bincount(atom, value, last - first) / count
    return out


@cache
def load_model(kind: str, weights: str | Path | None = None) -> Model:
    """The model for "text" or for "html": from a folder with both, or a file with one of them; the other, and without
    either both, come with the library.

    Raises:
        OSError: if the file cannot be read.
    """
    if weights is None:
        return default_model(kind)
    path = Path(weights)
    model = Model.load(path / f"{kind}.npz" if path.is_dir() else path)
    return model if model.kind == kind else default_model(kind)


@cache
def default_model(kind: str = "text") -> Model:
    """The model that comes with the library, for "text" or for "html"."""
    with (Path(__file__).parents[1] / "weights" / f"{kind}.npz").open("rb") as file:
        return Model.load(file)
