"""HTML pages as training pages: blocks of the tree with the truth of the text nodes in them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from boilerstrip.detect.model import slot_of
from boilerstrip.features import measure
from boilerstrip.labels import Label
from boilerstrip.segment.html import TreePage, atoms_of_trees, segment_html
from boilerstrip.train.dataset import ADJACENT_NUMBERS, BODY_NUMBER, NUMBER, OTHER_NUMBER, UNKNOWN, Example, Node
from boilerstrip.train.fit import BUCKET, PAGE_TYPES, Config, Measured, bare_marks, ngrams

TITLE = NUMBER[Label.TITLE]
NO_STORY_SHARE = 0.05


@dataclass(frozen=True)
class TreeDoc:
    """One page and the truth of its blocks: story (1, 0 or -1), label (or UNKNOWN), and how much the label counts."""

    page: TreePage
    story: np.ndarray
    label: np.ndarray
    strength: np.ndarray
    site: str
    page_type: str
    no_story: bool = False


def truth_of(nodes: Sequence[Node], words: int, gold: bool) -> tuple[int, int, float]:
    """Story, label and its strength for a block made of these text nodes."""
    hand, weak = Counter[int](), Counter[int]()
    hits = total = 0
    for node in nodes:
        size = max(len(node.text.split()), 1)
        if node.hand != UNKNOWN:
            hand[node.hand] += size
        weak[node.weak] += size
        hits, total = hits + int(node.words.sum()), total + len(node.words)
    if hand and 2 * hand.total() >= weak.total():
        label = hand.most_common(1)[0][0]
        return int(label == BODY_NUMBER), label, 1.0
    label = weak.most_common(1)[0][0] if weak else UNKNOWN
    strength = 0.35 if label != UNKNOWN else 0.0
    if not gold:
        return 0 if total else -1, label, strength
    if total == 0:
        return -1, label, strength
    told = hits >= 0.5 * total
    if label in (TITLE, *ADJACENT_NUMBERS) and total < 60 and told:
        return -1, label, strength
    return (1, BODY_NUMBER, 0.35) if told else (0, label, strength)


def tree_doc(html: str, example: Example) -> TreeDoc | None:
    """A page as HTML with its truths; None where its story is not in the tree."""
    page = segment_html(html)
    if len(page) == 0 or page.source != "html":
        return None
    rows = [truth_of([example.nodes[n] for n in page.nodes_of(b) if n < len(example.nodes)], int(page.words[b]), example.gold is not None)
            for b in range(len(page))]
    story, label, strength = (np.array(column) for column in zip(*rows))
    return TreeDoc(page, story, label, strength, example.site, example.page_type)


def measured_trees(docs: Sequence[TreeDoc]) -> Measured:
    """Features and truth of a batch of HTML pages."""
    atoms, tree = atoms_of_trees([d.page for d in docs])
    features = measure(atoms)
    story, label, strength = (np.concatenate([getattr(d, name) for d in docs]) for name in ("story", "label", "strength"))
    label[bare_marks(features, label)] = OTHER_NUMBER
    known = (story >= 0) & (features.words > 0)
    types = np.array([PAGE_TYPES.get(d.page_type, -1) for d in docs])
    return Measured(atoms, features, story, label, strength, known, types, np.array([d.no_story for d in docs]), tree)


def select(doc: TreeDoc, chosen: np.ndarray) -> TreeDoc:
    """Some of a page's blocks, in the order given."""
    page = doc.page
    texts = [page.text[page.start[b]:page.end[b]] for b in chosen]
    lengths = np.array([len(t) for t in texts], np.int64)
    start = np.cumsum(lengths + 1) - lengths - 1
    tokens = [page.tokens[page.token_first[b]:page.token_first[b + 1]] for b in chosen]
    cut = replace(page, text="\n".join(texts), start=start, end=start + lengths, dense=page.dense[chosen],
                  tokens=np.concatenate(tokens) if tokens else page.tokens[:0],
                  token_first=np.concatenate([[0], np.cumsum([len(t) for t in tokens])]).astype(np.int64),
                  blank_before=page.blank_before[chosen])
    return replace(doc, page=cut, story=doc.story[chosen], label=doc.label[chosen], strength=doc.strength[chosen])


def without_story(doc: TreeDoc) -> TreeDoc:
    """What is left of a page without its story."""
    return replace(select(doc, np.flatnonzero(doc.story == 0)), no_story=True)


class TreeSource:
    """HTML pages: blocks outside of the story are dropped at random, so that no single one can be relied on.

    Args:
        docs: pages that every epoch sees.
        some: pages of which every epoch sees another half: there are more of those that we made than real ones, and what they
            teach about promotion in prose costs paragraphs of real stories if they are most of what is seen.
    """

    def __init__(self, docs: Sequence[TreeDoc], some: Sequence[TreeDoc] = ()) -> None:
        self.docs, self.some = docs, some
        self.pages = len(docs) + len(some) // 2

    def vocabularies(self, min_sites: int) -> tuple[np.ndarray, np.ndarray | None]:
        words: dict[str, list[np.ndarray]] = {}
        tokens: dict[str, list[np.ndarray]] = {}
        for doc in [*self.docs, *self.some]:
            atoms, tree = atoms_of_trees([doc.page])
            words.setdefault(doc.site, []).extend(ngrams(atoms))
            tokens.setdefault(doc.site, []).append(tree.tokens)
        return shared(words, min_sites), shared(tokens, min_sites)

    def sample(self, rng: random.Random) -> list[Measured]:
        return [measured_trees([doc]) for doc in self.docs[:400]]

    def epoch(self, config: Config, rng: random.Random) -> Iterator[Measured]:
        docs = [*self.docs, *rng.sample(self.some, len(self.some) // 2)]
        rng.shuffle(docs)
        noise = np.random.default_rng(rng.getrandbits(32))
        for at in range(0, len(docs), BUCKET):
            made = [self.thinned(d, noise) if config.augment else d for d in docs[at:at + BUCKET]]
            made.sort(key=lambda d: len(d.page))
            groups = [made[k:k + config.pages_per_batch] for k in range(0, len(made), config.pages_per_batch)]
            rng.shuffle(groups)
            yield from (measured_trees(group) for group in groups)

    @staticmethod
    def thinned(doc: TreeDoc, noise: np.random.Generator) -> TreeDoc:
        if len(doc.page) < 10:
            return doc
        if noise.random() < NO_STORY_SHARE and doc.page_type == "article":
            return without_story(doc)
        if noise.random() < 0.5:
            return doc
        keep = (doc.story == 1) | (noise.random(len(doc.page)) >= noise.choice((0.1, 0.3, 0.6)))
        return select(doc, np.flatnonzero(keep)) if keep.sum() >= 3 else doc


def shared(by_site: dict[str, list[np.ndarray]], min_sites: int) -> np.ndarray:
    """Hashes that occur on enough sites, one per slot of the look-up table."""
    every, times = np.unique(np.concatenate([np.unique(np.concatenate(arrays)) for arrays in by_site.values()]), return_counts=True)
    chosen = every[times >= min_sites]
    _, first = np.unique(slot_of(chosen), return_index=True)
    return chosen[first]
