"""Training: pages -> augmented batches -> network -> weights, reproducible from a seed."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from boilerstrip.detect.model import slot_of
from boilerstrip.features import Features, measure, tokenize
from boilerstrip.labels import LABELS, PageType
from boilerstrip.segment.html import TreeEvidence
from boilerstrip.segment.text import Atoms, segment
from boilerstrip.train.augment import LABEL_OF, LANGUAGES, Augmenter, Doc, furniture
from boilerstrip.train.dataset import BODY_NUMBER, HAND, OTHER_NUMBER, UNKNOWN
from boilerstrip.train.network import EVIDENCE, Batch, Network, Shape

FURNITURE_REPEATS = 3, 4  # lines of furniture in which a word, and a longer piece, must stand to be known for it
BUCKET = 192  # pages that are sorted by length together
NO_STORY = len(PageType)
PAGE_TYPES = {str(kind): number for number, kind in enumerate(PageType)}


@dataclass(frozen=True)
class Config:
    """Everything that decides what training gives."""

    shape: Shape = field(default_factory=Shape)
    epochs: int = 32
    pages_per_batch: int = 8
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    table_decay: float = 0.2
    line_share: float = 0.5  # how much of a page's story loss is spread over its atoms; the rest over its words
    min_sites: int = 12
    smoothing: float = 0.02
    label_weight: float = 2.0
    page_weight: float = 0.05
    drop_words: float = 0.3
    drop_page: float = 0.15
    drop_bags: float = 0.1
    drop_rules: float = 0.3
    augment: bool = True
    average: float = 0.999
    seed: int = 1
    max_chars: int = 120_000


def vocabulary(docs: Sequence[Doc], min_sites: int) -> np.ndarray:
    """Hashes of the words and n-grams that occur on enough sites, and of those that furniture repeats; sorted."""
    by_site: dict[str, list[np.ndarray]] = {}
    for doc in docs:
        by_site.setdefault(doc.site, []).append(np.concatenate(ngrams(segment([doc.text]))))
    pending: list[np.ndarray] = []
    for arrays in by_site.values():
        pending.append(np.unique(np.concatenate(arrays)))
    every, times = np.unique(np.concatenate(pending), return_counts=True)
    chosen = np.union1d(every[times >= min_sites], furniture_vocabulary())
    _, first = np.unique(slot_of(chosen), return_index=True)  # one word per slot of the look-up table
    return chosen[first]


def furniture_vocabulary() -> np.ndarray:
    """Hashes of what the furniture of a language repeats."""
    kept = []
    for language in LANGUAGES:
        words = furniture(language)
        lines = [line for key in LABEL_OF for line in words[key]] + [line for widget in words["widgets"] for line in widget["lines"]]
        for hashes, least in zip(ngrams(segment(lines)), FURNITURE_REPEATS):
            every, times = np.unique(hashes, return_counts=True)
            kept.append(every[times >= least])
    return np.unique(np.concatenate(kept))


def ngrams(atoms: Atoms) -> tuple[np.ndarray, np.ndarray]:
    tokens = tokenize(atoms)
    return tokens.hash, tokens.ngrams()[0]


@dataclass
class Measured:
    """A batch before it becomes tensors: features and truth."""

    atoms: Atoms
    features: Features
    story: np.ndarray
    label: np.ndarray
    label_weight: np.ndarray
    known: np.ndarray
    page_type: np.ndarray
    no_story: np.ndarray
    tree: TreeEvidence | None = None

    @property
    def dense(self) -> np.ndarray:
        """All dense columns: the text's, and the tree's where there is one."""
        if self.tree is None:
            return self.features.dense
        return np.concatenate([self.features.dense, self.tree.dense], 1)


def majority(atoms: Atoms, docs: Sequence[Doc]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Truth of atoms from the truth of their characters: story (float, UNKNOWN as -1), label, source, words share."""
    gap = np.full(1, UNKNOWN, np.uint8)
    def joined(name: str) -> np.ndarray:
        return np.concatenate([x for d in docs for x in (getattr(d, name), gap)])
    story, label, source = joined("story"), joined("label"), joined("source")
    def total(hits: np.ndarray) -> np.ndarray:
        sums = np.concatenate([[0], np.cumsum(hits)])
        return sums[atoms.end] - sums[atoms.start]
    told, untold = total(story == 1), total(story == 0)
    y = np.where(told + untold == 0, -1, told >= np.maximum(untold, 1)).astype(np.int64)
    y[(told + untold) * 2 < atoms.end - atoms.start] = -1
    best, votes = np.full(len(atoms), UNKNOWN), np.zeros(len(atoms))
    strength = np.zeros(len(atoms))
    for number in np.unique(label[label != UNKNOWN]).tolist():
        count = total(label == number)
        hand = total((label == number) & (source == HAND))
        better = count > votes
        best[better], votes[better] = number, count[better]
        strength[better] = np.where(hand[better] * 2 > count[better], 1.0, 0.35)
    return y, best, strength, told


def measured(docs: Sequence[Doc]) -> Measured:
    """Features and truth of a batch of pages."""
    atoms = segment([d.text for d in docs])
    features = measure(atoms)
    y, label, strength, _ = majority(atoms, docs)
    label[bare_marks(features, label)] = OTHER_NUMBER
    known = (y >= 0) & (features.words > 0)
    types = np.array([PAGE_TYPES.get(d.page_type, -1) for d in docs])
    return Measured(atoms, features, y, label, strength, known, types, np.array([d.no_story for d in docs]))


def bare_marks(features: Features, label: np.ndarray) -> np.ndarray:
    """Which atoms outside of the story have no word: whatever they stand among, their label is `other`."""
    return (features.words == 0) & (label != UNKNOWN) & (label != BODY_NUMBER)


class Lookup:
    """Hashes -> rows of the embedding table; row 0 stands for everything unknown."""

    def __init__(self, vocabulary: np.ndarray, tree: np.ndarray | None = None) -> None:
        self.vocabulary = vocabulary
        self.tree = None if tree is None else Lookup(tree)

    def __call__(self, hashes: np.ndarray) -> np.ndarray:
        place = np.searchsorted(self.vocabulary, hashes).clip(max=len(self.vocabulary) - 1)
        return np.where(self.vocabulary[place] == hashes, place + 1, 0)


def tensors(m: Measured, lookup: Lookup, evidence: np.ndarray, centre: np.ndarray, scale: np.ndarray,
            drop: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None) -> Batch:
    """The network's input. `drop(rows, atoms)` may blank embedding rows."""
    tokens, atoms = m.features.tokens, m.atoms
    uni = lookup(tokens.hash)
    grams, grams_first = tokens.ngrams()
    multi = lookup(grams)
    if drop is not None:
        uni, multi = drop(uni, tokens.atom), drop(multi, np.repeat(np.arange(len(atoms)), np.diff(grams_first)))
    size = np.diff(atoms.first)
    length = int(size.max())
    row = atoms.page * length + np.arange(len(atoms)) - atoms.first[atoms.page]
    content = np.flatnonzero(m.features.group >= 0)
    group, group_atom = m.features.group[content], tokens.atom[content]
    dense = np.concatenate([np.clip((m.dense - centre) / scale, -4, 4), evidence], 1).astype(np.float32)
    tree = tree_first = None
    if m.tree is not None and lookup.tree is not None:
        rows = lookup.tree(m.tree.tokens)
        if drop is not None:
            rows = drop(rows, np.repeat(np.arange(len(atoms)), np.diff(m.tree.first)))
        tree, tree_first = torch.from_numpy(rows), torch.from_numpy(m.tree.first[:-1].copy())
    as_long = torch.from_numpy
    return Batch(
        torch.from_numpy(dense), as_long(row), len(size), length, as_long(uni), as_long(tokens.first[:-1].copy()), as_long(multi),
        as_long(grams_first[:-1].copy()), as_long(group), as_long(group_atom),
        torch.from_numpy(m.features.own[content].astype(np.float32)), m.features.groups,
        torch.from_numpy(m.features.words.astype(np.float32)), tree, tree_first)


@dataclass
class Trained:
    network: Network
    vocabulary: np.ndarray
    centre: np.ndarray
    scale: np.ndarray
    tree_vocabulary: np.ndarray | None = None


def label_weights(sample: Sequence[Measured]) -> np.ndarray:
    """How much an atom of each label counts: rare labels more, by the square root of their rarity."""
    counts = np.ones(len(LABELS))
    for m in sample:
        chosen = m.label != UNKNOWN
        counts += np.bincount(m.label[chosen], m.label_weight[chosen], len(LABELS))
    weights = np.sqrt(np.median(counts) / counts).clip(0.3, 6.0)
    weights[BODY_NUMBER] = 1.0
    return weights


def story_weights(m: Measured, rarity: np.ndarray, line_share: float) -> np.ndarray:
    """Weight of each atom in its page's story loss: by words, and by atoms, rare furniture more."""
    pages = len(m.page_type)
    words = m.features.words * m.known
    each = m.known * np.where(m.label == UNKNOWN, 0.7, rarity[np.minimum(m.label, len(LABELS) - 1)])
    by_words, by_atoms = (np.maximum(np.bincount(m.atoms.page, x, pages), 1e-6)[m.atoms.page] for x in (words, each))
    weights: np.ndarray = (1 - line_share) * words / by_words + line_share * each / by_atoms
    return weights


def loss_of(out: tuple[Tensor, Tensor, Tensor, Tensor], m: Measured, config: Config, rarity: np.ndarray) -> Tensor:
    guess, story, label, page = out
    weight = torch.from_numpy(story_weights(m, rarity, config.line_share).astype(np.float32))
    truth = torch.from_numpy((m.story == 1).astype(np.float32))
    soft = truth * (1 - config.smoothing) + config.smoothing / 2
    total = weight.sum().clamp(min=1e-6)
    loss = (F.binary_cross_entropy_with_logits(story, soft, weight, reduction="sum")
            + 0.3 * F.binary_cross_entropy_with_logits(guess, soft, weight, reduction="sum")) / total
    chosen = np.flatnonzero((m.label != UNKNOWN) & (m.label != BODY_NUMBER))
    if len(chosen):
        strength = torch.from_numpy((m.label_weight[chosen] * rarity[m.label[chosen]]).astype(np.float32))
        logits = label[torch.from_numpy(chosen)].clone()
        logits[:, BODY_NUMBER] = -1e4
        each = F.cross_entropy(logits, torch.from_numpy(m.label[chosen]), reduction="none")
        loss = loss + config.label_weight * (each * strength).sum() / (strength.sum() + 20)
    kinds = np.flatnonzero((m.page_type >= 0) & ~m.no_story)
    if len(kinds):
        loss = loss + config.page_weight * F.cross_entropy(page[torch.from_numpy(kinds), :NO_STORY], torch.from_numpy(m.page_type[kinds]))
    return loss + 2 * config.page_weight * F.binary_cross_entropy_with_logits(
        page[:, NO_STORY], torch.from_numpy(m.no_story.astype(np.float32)))


Evidence = Callable[[Measured, random.Random | None], np.ndarray]


def no_evidence(m: Measured, rng: random.Random | None = None) -> np.ndarray:
    return np.zeros((len(m.atoms), EVIDENCE), np.float32)


class Source(Protocol):
    """Where training pages come from: raw texts, or HTML."""

    pages: int

    def vocabularies(self, min_sites: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Hashes of words and n-grams, and of tree tokens."""

    def sample(self, rng: random.Random) -> list[Measured]:
        """Some pages as they are, to scale features and weigh labels by."""

    def epoch(self, config: Config, rng: random.Random) -> Iterator[Measured]:
        """One pass over all pages, in batches."""


class TextSource:
    """Raw texts: one rendering of every page per epoch, augmented, pages of like length together.

    Args:
        pages: pages, each as its renderings.
        some: pages of which every epoch sees another half.
    """

    def __init__(self, pages: Sequence[Sequence[Doc]], some: Sequence[Sequence[Doc]] = ()) -> None:
        self.docs, self.always, self.some = [*pages, *some], pages, some
        self.pages = len(pages) + len(some) // 2

    def vocabularies(self, min_sites: int) -> tuple[np.ndarray, np.ndarray | None]:
        return vocabulary([d for page in self.docs for d in page], min_sites), None

    def sample(self, rng: random.Random) -> list[Measured]:
        return [measured([rng.choice(page)]) for page in self.docs[:400]]

    def epoch(self, config: Config, rng: random.Random) -> Iterator[Measured]:
        pages = [*self.always, *rng.sample(self.some, len(self.some) // 2)]
        chosen = [rng.choice(page) for page in pages]
        augmenter = Augmenter([rng.choice(page) for page in pages], rng)
        rng.shuffle(chosen)
        for at in range(0, len(chosen), BUCKET):
            made = [augmenter(d) if config.augment else d for d in chosen[at:at + BUCKET]]
            made = [d.cut(0, config.max_chars) for d in made if len(d) > 20]
            made.sort(key=lambda d: int((d.codes == 10).sum()))
            groups = [made[k:k + config.pages_per_batch] for k in range(0, len(made), config.pages_per_batch)]
            rng.shuffle(groups)
            yield from (measured(docs) for docs in groups)


def new_network(words: np.ndarray, tree: np.ndarray | None, shape: Shape) -> Network:
    return Network(len(words) + 1, shape, 1 if tree is None else len(tree) + 1)


def optimiser_of(network: Network, config: Config) -> torch.optim.Optimizer:
    """AdamW with its own decay for the embedding tables and none for biases."""
    named = list(network.named_parameters())
    tables = [p for name, p in named if name.endswith("table")]
    matrices = [p for name, p in named if not name.endswith("table") and p.ndim > 1]
    biases = [p for _, p in named if p.ndim == 1]
    return torch.optim.AdamW([
        {"params": tables, "weight_decay": config.table_decay}, {"params": matrices, "weight_decay": config.weight_decay},
        {"params": biases, "weight_decay": 0.0}], config.learning_rate, betas=(0.9, 0.98))


def fit(source: Source, config: Config, evidence: Evidence = no_evidence, report: Callable[[int, Trained, float], None] | None = None,
        vocabularies: tuple[np.ndarray, np.ndarray | None] | None = None) -> Trained:
    """Train a network; the weights returned are the exponential moving average."""
    torch.manual_seed(config.seed)
    rng, noise = random.Random(config.seed), np.random.default_rng(config.seed)
    words, tree = source.vocabularies(config.min_sites) if vocabularies is None else vocabularies
    lookup = Lookup(words, tree)
    sample = source.sample(rng)
    rarity = label_weights(sample)
    dense = np.concatenate([m.dense for m in sample])
    centre, scale = dense.mean(0), dense.std(0) + 1e-3
    network = new_network(words, tree, config.shape)
    averaged = {k: v.detach().clone() for k, v in network.state_dict().items()}
    optimiser = optimiser_of(network, config)
    total, step = config.epochs * math.ceil(source.pages / config.pages_per_batch), 0

    def current() -> Trained:
        now = new_network(words, tree, config.shape)
        now.load_state_dict(averaged)
        return Trained(now.eval(), words, centre, scale, tree)

    for epoch in range(config.epochs):
        losses = []
        for m in source.epoch(config, rng):
            if len(m.atoms) == 0:
                continue
            blank = noise.random(len(m.page_type)) < config.drop_page

            def drop(rows: np.ndarray, owner: np.ndarray, m: Measured = m, blank: np.ndarray = blank) -> np.ndarray:
                gone = blank[m.atoms.page[owner]] | (noise.random(len(rows)) < config.drop_words)
                return np.where(gone, 0, rows)

            batch = tensors(m, lookup, evidence(m, rng), centre, scale, drop)
            rate = config.learning_rate * min(1, (step + 1) / 100) * max(0.02, 0.5 * (1 + math.cos(math.pi * step / total)))
            for group in optimiser.param_groups:
                group["lr"] = rate
            mask = torch.rand(len(m.atoms), config.shape.bags * config.shape.embedding) >= config.drop_bags
            loss = loss_of(network(batch, mask / (1 - config.drop_bags)), m, config, rarity)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            average(network, averaged, min(config.average, (1 + step) / (10 + step)))
            losses.append(loss.item())
            step += 1
        if report is not None:
            report(epoch, current(), float(np.mean(losses)))
    return current()


@torch.no_grad()
def average(network: Network, averaged: dict[str, Tensor], keep: float) -> None:
    """Keep the unknown word at zero and move the averaged weights on."""
    network.table[0].zero_()
    if network.shape.tree:
        network.tree_table[0].zero_()
    for name, value in network.state_dict().items():
        averaged[name].mul_(keep).add_(value, alpha=1 - keep)
