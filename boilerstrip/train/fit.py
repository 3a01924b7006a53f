"""Training: pages -> augmented batches -> network -> weights, reproducible from a seed."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from boilerstrip.detect.model import slot_of
from boilerstrip.features import DENSE, Features, measure, tokenize
from boilerstrip.labels import LABELS, PageType
from boilerstrip.segment.text import Atoms, segment
from boilerstrip.train.augment import Augmenter, Doc, furniture
from boilerstrip.train.dataset import BODY_NUMBER, HAND, UNKNOWN
from boilerstrip.train.network import EVIDENCE, Batch, Network, Shape

NO_STORY = len(PageType)
PAGE_TYPES = {str(kind): number for number, kind in enumerate(PageType)}


@dataclass(frozen=True)
class Config:
    """Everything that decides what training gives."""

    shape: Shape = field(default_factory=Shape)
    epochs: int = 60
    pages_per_batch: int = 24
    learning_rate: float = 3e-3
    weight_decay: float = 0.02
    min_sites: int = 8
    smoothing: float = 0.02
    label_weight: float = 0.25
    page_weight: float = 0.05
    drop_words: float = 0.3
    drop_page: float = 0.15
    drop_bags: float = 0.1
    drop_rules: float = 0.3
    augment: bool = True
    average: float = 0.998
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
    slots, first = np.unique(slot_of(chosen), return_index=True)  # one word per slot of the look-up table
    return chosen[first]


def furniture_vocabulary() -> np.ndarray:
    from pathlib import Path

    import boilerstrip.train.augment as augment
    kept = []
    for path in sorted((Path(augment.__file__).parent / "furniture").glob("*.toml")):
        words = furniture(path.stem)
        lines = [line for key in augment.LABEL_OF for line in words.get(key, ())]
        uni, multi = ngrams(segment(lines))
        every, times = np.unique(multi, return_counts=True)
        kept += [np.unique(uni), every[times >= 2]]
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
    weight: np.ndarray
    page_type: np.ndarray
    no_story: np.ndarray


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
    words = features.words.astype(np.float64)
    pages = len(docs)
    known = (y >= 0) & (words > 0)
    mass = np.bincount(atoms.page, words * known, pages)
    count = np.bincount(atoms.page, known, pages)
    weight = known * (0.65 * words / np.maximum(mass, 1)[atoms.page] + 0.35 / np.maximum(count, 1)[atoms.page])
    types = np.array([PAGE_TYPES.get(d.page_type, -1) for d in docs])
    return Measured(atoms, features, y, label, strength, weight, types, np.array([d.no_story for d in docs]))


class Lookup:
    """Hashes -> rows of the embedding table; row 0 stands for everything unknown."""

    def __init__(self, vocabulary: np.ndarray) -> None:
        self.vocabulary = vocabulary

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
    dense = np.concatenate([np.clip((m.features.dense - centre) / scale, -4, 4), evidence], 1).astype(np.float32)
    as_long = torch.from_numpy
    return Batch(
        torch.from_numpy(dense), as_long(row), len(size), length, as_long(uni), as_long(tokens.first[:-1].copy()), as_long(multi),
        as_long(grams_first[:-1].copy()), as_long(group), as_long(group_atom),
        torch.from_numpy(m.features.own[content].astype(np.float32)), m.features.groups, torch.from_numpy(m.features.words.astype(np.float32)))


@dataclass
class Trained:
    network: Network
    vocabulary: np.ndarray
    centre: np.ndarray
    scale: np.ndarray


def loss_of(out: tuple[Tensor, Tensor, Tensor, Tensor], m: Measured, config: Config) -> Tensor:
    guess, story, label, page = out
    weight = torch.from_numpy(m.weight.astype(np.float32))
    truth = torch.from_numpy((m.story == 1).astype(np.float32))
    soft = truth * (1 - config.smoothing) + config.smoothing / 2
    total = weight.sum().clamp(min=1e-6)
    loss = (F.binary_cross_entropy_with_logits(story, soft, weight, reduction="sum")
            + 0.3 * F.binary_cross_entropy_with_logits(guess, soft, weight, reduction="sum")) / total
    chosen = np.flatnonzero((m.label != UNKNOWN) & (m.label != BODY_NUMBER) & (m.features.words > 0))
    if len(chosen):
        strength = torch.from_numpy(m.label_weight[chosen].astype(np.float32))
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


def batches(docs: Sequence[Sequence[Doc]], config: Config, rng: random.Random) -> Iterator[list[Doc]]:
    """One epoch: one rendering of every page, augmented, pages of like length together."""
    chosen = [rng.choice(page) for page in docs]
    augmenter = Augmenter([rng.choice(page) for page in docs], rng)
    rng.shuffle(chosen)
    bucket = config.pages_per_batch * 8
    out = []
    for at in range(0, len(chosen), bucket):
        made = [augmenter(d) if config.augment else d for d in chosen[at:at + bucket]]
        made = [d.cut(0, config.max_chars) for d in made if len(d) > 20]
        made.sort(key=lambda d: int((d.codes == 10).sum()))
        out += [made[k:k + config.pages_per_batch] for k in range(0, len(made), config.pages_per_batch)]
    rng.shuffle(out)
    yield from out


def fit(pages: Sequence[Sequence[Doc]], config: Config, evidence: Evidence = no_evidence,
        report: Callable[[int, Trained, float], None] | None = None, words: np.ndarray | None = None) -> Trained:
    """Train on pages (each a list of its renderings)."""
    torch.manual_seed(config.seed)
    rng = random.Random(config.seed)
    noise = np.random.default_rng(config.seed)
    words = vocabulary([d for page in pages for d in page], config.min_sites) if words is None else words
    sample = [rng.choice(page) for page in pages][:400]
    dense = np.concatenate([measure(segment([d.text])).dense for d in sample])
    centre, scale = dense.mean(0), dense.std(0) + 1e-3
    network = Network(len(words) + 1, config.shape)
    averaged = {k: v.detach().clone() for k, v in network.state_dict().items()}
    optimiser = torch.optim.AdamW(network.parameters(), config.learning_rate, weight_decay=config.weight_decay, betas=(0.9, 0.98))
    lookup = Lookup(words)
    steps_per_epoch = math.ceil(len(pages) / config.pages_per_batch)
    total, step = config.epochs * steps_per_epoch, 0
    for epoch in range(config.epochs):
        begun, losses = time.time(), []
        for docs in batches(pages, config, rng):
            m = measured(docs)
            if len(m.atoms) == 0:
                continue
            blank = noise.random(len(docs)) < config.drop_page

            def drop(rows: np.ndarray, owner: np.ndarray) -> np.ndarray:
                gone = blank[m.atoms.page[owner]] | (noise.random(len(rows)) < config.drop_words)
                return np.where(gone, 0, rows)

            batch = tensors(m, lookup, evidence(m, rng), centre, scale, drop)
            rate = config.learning_rate * min(1, (step + 1) / 100) * max(0.02, 0.5 * (1 + math.cos(math.pi * step / total)))
            for group in optimiser.param_groups:
                group["lr"] = rate
            mask = torch.rand(len(m.atoms), config.shape.bags * config.shape.embedding) >= config.drop_bags
            loss = loss_of(network(batch, mask / (1 - config.drop_bags)), m, config)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            with torch.no_grad():
                network.table[0].zero_()
                keep = min(config.average, (1 + step) / (10 + step))
                for name, value in network.state_dict().items():
                    averaged[name].mul_(keep).add_(value, alpha=1 - keep)
            losses.append(float(loss))
            step += 1
        if report is not None:
            now = Network(len(words) + 1, config.shape)
            now.load_state_dict(averaged)
            report(epoch, Trained(now.eval(), words, centre, scale), float(np.mean(losses)))
            print(f"epoch {epoch} loss {np.mean(losses):.4f} {time.time() - begun:.1f} s", flush=True)
    final = Network(len(words) + 1, config.shape)
    final.load_state_dict(averaged)
    return Trained(final.eval(), words, centre, scale)
