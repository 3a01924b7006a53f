"""Evidence -> labels, confidences, verdict: the one place where decisions are made.

Atoms that stand in one paragraph and get the same label become one block. The threshold adapts to the page: it is
the one that maximises the expected F1 of the kept words, given the probabilities (Ye et al. 2012, "Optimizing
F-measure"; for sorted probabilities the best threshold is half of the best expected F1).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from boilerstrip.chars import CharClass as C
from boilerstrip.detect.model import Scores
from boilerstrip.detect.rules import Hits, RulePack
from boilerstrip.labels import LABELS, Label, PageType, Verdict
from boilerstrip.options import Options
from boilerstrip.result import Reason, Result, Scored
from boilerstrip.segment.text import Atoms, table_of

if TYPE_CHECKING:
    from boilerstrip.detect.site import SiteHits
    from boilerstrip.segment.html import TreePage

__all__ = ["decide", "expected_f1_threshold", "kinds_of_input"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Probabilities = npt.NDArray[np.float64]
Logits = Probabilities | float
Reasons = dict[int, tuple[Reason, ...]]  # of the blocks of a page

BODY = LABELS.index(Label.BODY)
OTHER = LABELS.index(Label.OTHER)
FAVOR_SHIFT = {"precision": 1.0, "balanced": 0.0, "recall": -1.0}  # log-odds added to the page's threshold
COPY_WORDS = 12  # words from which a second copy of a block counts as one
TORN_LINES = 3  # lines that begin with punctuation, from which a page counts as torn
COPY_STORY = 0.01  # story probability of a second copy, at most
EMPTY = 0.6  # probability of no story from which a page is called empty: a story that is lost costs more than furniture that is kept
UNIT = 1 << 30  # probabilities are added up in parts of one in so many
KINDS = ("glued", "separated", "lines")
PAGE_TYPES = tuple(PageType)
JOINTS = ("", " ", "\n", "\n\n")
PUNCTUATION, OPEN_ENDED = table_of(C.STOP, C.CLOSE, C.COMMA), table_of(C.LOWER, C.COMMA, C.DIGIT, C.UPPER)
GLUED, SAME, LINE, PARAGRAPH = range(4)


def kinds_of_input(atoms: Atoms) -> list[str]:
    """How each text of a batch is laid out, which is what calibration depends on: "separated" by blank lines, in "lines", or
    "glued". (HTML is a kind of its own.)"""
    pages = len(atoms.page_start)
    size = np.diff(atoms.first)
    same, apart = (np.bincount(atoms.page[chosen], minlength=pages) for chosen in (atoms.gap == 0, atoms.gap >= 2))
    glued, separated = (size == 0) | (same > 0.25 * size), apart > 0.15 * size
    return [KINDS[k] for k in np.where(glued, 0, np.where(separated, 1, 2)).tolist()]


def _logistic(x: npt.NDArray[np.floating[Any]]) -> Probabilities:
    out: Probabilities = 1 / (1 + np.exp(-np.clip(x.astype(np.float64), -40, 40)))
    return out


def calibrate(logits: npt.NDArray[np.floating[Any]], knots: dict[str, list[float]]) -> Probabilities:
    """Logits -> probabilities along a monotone curve given by its knots (a logistic one, fitted on the calibration fold)."""
    out: Probabilities = np.interp(logits.astype(np.float64), knots["logit"], knots["calibrated"])
    return out


def _calibrated(logits: npt.NDArray[np.floating[Any]], first: Ints, kinds: list[str],
                curves: dict[str, dict[str, list[float]]]) -> Probabilities:
    """Every page's logits along the curve of its kind."""
    if len(set(kinds)) == 1:
        return calibrate(logits, curves[kinds[0]])
    out = np.zeros(len(logits))
    for kind in set(kinds):
        chosen = np.repeat(np.array(kinds) == kind, np.diff(first))
        out[chosen] = calibrate(logits[chosen], curves[kind])
    return out


def expected_f1_thresholds(story: Probabilities, words: Ints, first: Ints) -> Probabilities:
    """Per page the threshold that maximises the expected F1 of the kept words; `first` is each page's first block, and one
    entry more. The sums are of whole numbers, so they are the same in every batch."""
    out = np.full(len(first) - 1, 0.5)
    page = np.repeat(np.arange(len(out)), np.diff(first))
    parts = np.round(story * UNIT).astype(np.int64)
    order = np.argsort(page * (UNIT + 1) + UNIT - parts)  # a page's blocks stay together, the surest come first
    totals = [np.append(0, np.cumsum(values)) for values in (words[order], (parts * words)[order])]
    size, kept = (total[1:] - total[first[:-1]][page] for total in totals)
    words_of_page, expected = (np.diff(total[first]) for total in totals)
    some = np.flatnonzero(words_of_page)
    if len(some):
        f1 = 2 * kept / np.maximum(size * float(UNIT) + expected[page], 1e-9)
        out[some] = np.maximum.reduceat(f1, first[some]) / 2
    return out


def expected_f1_threshold(story: Probabilities, words: Ints) -> float:
    """`expected_f1_thresholds` of one page."""
    return float(expected_f1_thresholds(story, words, np.array([0, len(story)]))[0])


def joints(atoms: Atoms, whole: bool = False) -> Ints:
    """What stands between each atom of a batch and the one before it, once torn and wrapped lines are re-joined;
    `whole`: the atoms are whole blocks already, as in HTML."""
    if whole:
        return np.where(atoms.gap >= 2, PARAGRAPH, LINE)
    classes, start, gap = atoms.classes, atoms.start, atoms.gap
    joint = np.where(gap == 0, np.where(atoms.glued, GLUED, SAME), np.where(gap == 1, LINE, PARAGRAPH))
    at = np.flatnonzero(gap == 1)
    if len(at) == 0:
        return joint
    before = atoms.end[at - 1]
    head, tail = classes[start[at]], classes[before - 1]
    punctuated = PUNCTUATION[head]
    spaced = ((atoms.codes[before] == 32) & (classes[before + 1] == C.BREAK)) | (atoms.indent[at] == 1)
    small = (head == C.LOWER) & OPEN_ENDED[tail]
    torn_page = np.bincount(atoms.page[at], punctuated, len(atoms.page_start)) >= TORN_LINES
    torn = (spaced & (tail != C.STOP)) | (tail == C.OPEN) | (small & torn_page[atoms.page[at]])
    dense = (head == C.IDEOGRAPH) & (tail == C.IDEOGRAPH)
    joined = np.where(dense, GLUED, SAME)
    joint[at] = np.where(punctuated, GLUED, np.where(torn | atoms.wrapped[at], joined, LINE))
    return joint


def decide(raws: Sequence[str], atoms: Atoms, words: Ints, scores: Sequence[Scores], hits: Hits, pack: RulePack, options: Options,
           calibration: dict[str, Any], model: str, trees: Sequence[TreePage] | None = None, site: SiteHits | None = None) -> list[Result]:
    """The Results of a batch of pages from their atoms and scores; `trees` are the pages as HTML, where they are."""
    kinds = kinds_of_input(atoms) if trees is None else ["html"] * len(raws)
    logits = np.concatenate([s.story for s in scores])
    alone = _calibrated(logits, atoms.first, kinds, calibration["story"])
    story = alone if site is None else _calibrated(logits - site.weight, atoms.first, kinds, calibration["story"])
    if trees is not None:
        _vote(story, trees, atoms.first)
    other, other_confidence = _other_labels(np.concatenate([s.label.T for s in scores], 1), calibration["label_temperature"])
    fixed, joint = _fixed(hits, pack, len(atoms)), joints(atoms, whole=trees is not None)
    blocks = _Blocks(_block_starts(joint, atoms.first, story >= 0.5, other, fixed), atoms.first, words)
    begin = blocks.begin
    offset = atoms.page_start[blocks.page]
    starts, ends = (atoms.start[begin] - offset).tolist(), (atoms.end[blocks.final] - offset).tolist()
    texts = [raws[page][a:b] for page, a, b in zip(blocks.page.tolist(), starts, ends)]
    block_story, block_other = np.round(blocks.mean(story), 6), other[blocks.heaviest]
    reasons = _reasons(hits, blocks, pack)
    for number, found in enumerate(reasons):
        if site is not None:
            first, last = atoms.first[number:number + 2].tolist()
            _add_site(found, site.kinds(first, last), *blocks.of(number, begin - first, block_other))
        if trees is not None and (votes := trees[number].votes) is not None:
            _add_votes(found, votes, *blocks.of(number, block_other))
    _demote_copies(texts, block_story, block_other, blocks, reasons)
    best = expected_f1_thresholds(block_story, blocks.words, blocks.first)
    thresholds = _thresholds(best, options)
    if site is not None:  # a site's profile judges blocks, not pages
        best = expected_f1_thresholds(np.round(blocks.mean(alone), 6), blocks.words, blocks.first)
    verdicts = _verdicts(scores, calibration, best, np.bincount(blocks.page, blocks.words, len(raws)) > 0)
    fixed, torn = fixed[begin], atoms.line[blocks.final] != atoms.line[begin]
    joined, labels = [JOINTS[j] for j in joint[begin].tolist()], [LABELS[k] for k in block_other.tolist()]
    sure = np.round(other_confidence[blocks.heaviest].astype(np.float64), 6).tolist()
    probable, sizes = block_story.tolist(), blocks.words.tolist()
    results = []
    for number, (raw, torn_here, fixed_here) in enumerate(zip(raws, blocks.parted(torn), blocks.parted(fixed))):
        first, last = blocks.first[number:number + 2].tolist()
        mine = slice(first, last)
        scored = Scored(
            texts[mine], starts[mine], ends[mine], joined[mine], probable[mine], labels[mine], sure[mine], sizes[mine],
            {n: bool(fixed[first + n] > 0) for n in fixed_here}, reasons[number], frozenset(torn_here),
            trees[number] if trees is not None else None)
        results.append(Result(raw, scored, thresholds[number], options.keep, *verdicts[number], model))
    return results


class _Blocks:
    """Blocks as runs of a batch's atoms: `begin` and `final` are the first and the last atom of each, `words` its
    number of words, `heaviest` the atom with most words, whose label is the block's; per page its first block, and one entry more."""

    def __init__(self, begin: Ints, pages: Ints, size: Ints) -> None:
        count = len(size)
        self.begin, self.first = begin, np.searchsorted(begin, pages)
        self.final = np.append(begin[1:], count)[:len(begin)] - 1
        self.page = np.repeat(np.arange(len(pages) - 1), np.diff(self.first))
        self._weight = np.maximum(size, 0.1)
        if len(begin):
            self.words = np.add.reduceat(size, begin)
            best = np.maximum.reduceat(size * count + np.arange(count - 1, -1, -1), begin)
            self.heaviest = count - 1 - best % count
        else:
            self.words = self.heaviest = begin

    def mean(self, values: Probabilities) -> Probabilities:
        """Per block the mean of its atoms' values, weighted by words."""
        if len(self.begin) == 0:
            return values[:0]
        out: Probabilities = np.add.reduceat(values * self._weight, self.begin) / np.add.reduceat(self._weight, self.begin)
        return out

    def of(self, page: int, *arrays: Ints) -> list[Ints]:
        """Of arrays with one entry per block those of a page."""
        return [array[self.first[page]:self.first[page + 1]] for array in arrays]

    def parted(self, chosen: npt.NDArray[Any]) -> list[list[int]]:
        """Per page which of its blocks are chosen, counted from its first."""
        numbers = np.flatnonzero(chosen)
        bounds = np.searchsorted(numbers, self.first).tolist()
        counted = (numbers - self.first[self.page[numbers]]).tolist()
        return [counted[a:b] for a, b in pairwise(bounds)]


def _thresholds(best: Probabilities, options: Options) -> list[float]:
    """Per page the story probability from which blocks are kept, as the options want it."""
    if options.threshold is not None:
        return [round(float(options.threshold), 6)] * len(best)
    shift = FAVOR_SHIFT[options.favor]
    if shift:
        best = 1 / (1 + (1 / np.maximum(best, 1e-6) - 1) * np.exp(-shift))
    return [round(threshold, 6) for threshold in best.tolist()]


def _demote_copies(texts: list[str], story: Probabilities, other: Ints, blocks: _Blocks, reasons: list[Reasons]) -> None:
    """The second copy of a story passage is no story."""
    for number in _copies(texts, story, blocks):
        page = int(blocks.page[number])
        story[number] = min(float(story[number]), COPY_STORY)
        other[number] = OTHER
        _add(reasons[page], number - int(blocks.first[page]), Reason("copy", Label.OTHER, 4.0))


def _other_labels(logits: npt.NDArray[np.float32], temperature: float) -> tuple[Ints, npt.NDArray[np.float32]]:
    """The best label besides body, and its probability among those; from one row of logits per label."""
    logits[BODY] = -np.inf
    shares = np.exp((logits - logits.max(0)) / np.float32(temperature))
    # row by row: numpy's own sum adds in another order where a batch has one atom
    return logits.argmax(0), 1 / reduce(np.add, shares)


def _fixed(hits: Hits, pack: RulePack, count: int) -> Ints:
    """1 where a `keep` rule hit, -1 where a `drop` rule did, else 0; keep wins."""
    fixed = np.zeros(count, np.int64)
    fixes = pack.fixes[hits.rule]
    for value in (-1, 1):
        fixed[hits.atom[fixes == value]] = value
    return fixed


def _block_starts(joint: Ints, pages: Ints, told: Bools, other: Ints, fixed: Ints) -> Ints:
    """The first atom of every block: a new one begins with a page, at a line end, or where label or decision change."""
    begins = joint >= LINE
    begins[1:] |= (told[1:] != told[:-1]) | (~told[1:] & (other[1:] != other[:-1])) | (fixed[1:] != fixed[:-1])
    begins[pages[:-1][np.diff(pages) > 0]] = True
    return np.flatnonzero(begins)


def _copies(texts: list[str], story: Probabilities, blocks: _Blocks) -> list[int]:
    """Blocks that print a story passage of their page again: the first copy is kept."""
    seen: dict[tuple[int, str], int] = {}
    again = []
    candidates = np.flatnonzero((blocks.words >= COPY_WORDS) & (story >= 0.5))
    for number, page, p in zip(candidates.tolist(), blocks.page[candidates].tolist(), story[candidates].tolist()):
        first = seen.setdefault((page, texts[number]), number)
        if first != number and story[first] >= p - 0.2:
            again.append(number)
    return again


def _add(reasons: Reasons, block: int, reason: Reason) -> None:
    reasons[block] = (*reasons.get(block, ()), reason)


def _reasons(hits: Hits, blocks: _Blocks, pack: RulePack) -> list[Reasons]:
    """Per page its blocks' rule hits."""
    out: list[Reasons] = [{} for _ in range(len(blocks.first) - 1)]
    known = {n: Reason(pack.rules[n].id, pack.rules[n].label, float(pack.rules[n].weight)) for n in np.unique(hits.rule).tolist()}
    block = np.searchsorted(blocks.begin, hits.atom, side="right") - 1
    page = blocks.page[block]
    for number, place, rule in zip(page.tolist(), (block - blocks.first[page]).tolist(), hits.rule.tolist()):
        found, reason = out[number], known[rule]
        if reason not in found.get(place, ()):
            _add(found, place, reason)
    return out


def _vote(story: Probabilities, trees: Sequence[TreePage], first: Ints) -> None:
    """Add a detector's log-odds to the probabilities of the pages that it looked at."""
    for tree, a, b in zip(trees, first[:-1], first[1:]):
        if tree.votes is not None:
            sure = np.clip(story[a:b], 1e-6, 1 - 1e-6)
            story[a:b] = _logistic(np.log(sure / (1 - sure)) + tree.votes)


def _add_votes(reasons: Reasons, votes: Probabilities, other: Ints) -> None:
    """What a detector says for the story, or against it; in HTML a block is one atom."""
    for block in np.flatnonzero(votes).tolist():
        vote = float(votes[block])
        label = Label.BODY if vote > 0 else LABELS[other[block]]
        _add(reasons, block, Reason("trafilatura", label, round(abs(vote), 3)))


def _add_site(reasons: Reasons, kinds: dict[int, tuple[str, float]], begin: Ints, other: Ints) -> None:
    """What the site's profile says against the story, per block the strongest."""
    best: dict[int, tuple[float, str]] = {}
    for block, (kind, weight) in zip((np.searchsorted(begin, list(kinds), side="right") - 1).tolist(), kinds.values()):
        best[block] = max(best.get(block, (0.0, "")), (weight, kind))
    for block, (weight, kind) in best.items():
        _add(reasons, block, Reason(f"site:{kind}", LABELS[other[block]], round(weight, 3)))


def emptiness(page_logit: Logits, threshold: Logits, weights: list[float]) -> Probabilities:
    """Log-odds that pages have no story, from the model's answers and from the F1 that their blocks let expect (twice the best
    threshold)."""
    expected = np.clip(2 * np.asarray(threshold), 0.001, 0.999)
    out: Probabilities = weights[0] * np.asarray(page_logit) + weights[1] * np.log(expected / (1 - expected)) + weights[2]
    return out


def _verdicts(scores: Sequence[Scores], calibration: dict[str, Any], best: Probabilities,
              worded: Bools) -> list[tuple[Verdict, float, PageType, float]]:
    """Per page the verdict, the page type, and how sure they are; `best` are the pages' best thresholds, `worded` says which
    have words at all."""
    out = [(Verdict.NO_STORY, 1.0, PageType.ARTICLE, 0.0)] * len(scores)
    filled = np.flatnonzero(worded).tolist()
    if not filled:
        return out
    page = np.array([scores[n].page for n in filled], np.float64)
    empty = _logistic(emptiness(page[:, -1], best[filled], calibration["no_story"]))
    kinds = np.exp(page[:, :-1] - page[:, :-1].max(1, keepdims=True))
    sure = kinds.max(1) / kinds.sum(1)
    for number, p, kind, share in zip(filled, empty.tolist(), kinds.argmax(1).tolist(), sure.tolist()):
        verdict = Verdict.NO_STORY if p >= EMPTY else Verdict.STORY
        out[number] = verdict, round(p if verdict is Verdict.NO_STORY else 1 - p, 6), PAGE_TYPES[kind], round(share, 6)
    return out
