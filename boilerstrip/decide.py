"""Evidence -> labels, confidences, verdict: the one place where decisions are made.

Atoms that stand in one paragraph and get the same label become one block. The threshold adapts to the page: it is
the one that maximises the expected F1 of the kept words, given the probabilities (Ye et al. 2012, "Optimizing
F-measure"; for sorted probabilities the best threshold is half of the best expected F1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from boilerstrip.chars import CharClass as C
from boilerstrip.detect.model import Scores
from boilerstrip.detect.rules import Hits, RulePack
from boilerstrip.labels import LABELS, Label, PageType, Verdict
from boilerstrip.options import Options
from boilerstrip.result import Reason, Result, Scored
from boilerstrip.segment.text import Atoms

if TYPE_CHECKING:
    from boilerstrip.detect.site import SiteHits
    from boilerstrip.segment.html import TreePage

__all__ = ["decide", "expected_f1_threshold", "kind_of_input"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Probabilities = npt.NDArray[np.float64]

BODY = LABELS.index(Label.BODY)
OTHER = LABELS.index(Label.OTHER)
FAVOR_SHIFT = {"precision": 1.0, "balanced": 0.0, "recall": -1.0}  # log-odds added to the page's threshold
COPY_WORDS = 12  # words from which a second copy of a block counts as one
TORN_LINES = 3  # lines that begin with punctuation, from which a page counts as torn
COPY_STORY = 0.01  # story probability of a second copy, at most
JOINTS = ("", " ", "\n", "\n\n")
GLUED, SAME, LINE, PARAGRAPH = range(4)


def kind_of_input(atoms: Atoms, first: int, last: int) -> str:
    """How a text is laid out, which is what calibration depends on: "separated" by blank lines, in "lines", or "glued".
    (HTML is a kind of its own.)"""
    gap = atoms.gap[first:last]
    if len(gap) == 0 or (gap == 0).mean() > 0.25:
        return "glued"
    return "separated" if (gap >= 2).mean() > 0.15 else "lines"


def _logistic(x: npt.NDArray[np.floating[Any]]) -> Probabilities:
    out: Probabilities = 1 / (1 + np.exp(-np.clip(x.astype(np.float64), -40, 40)))
    return out


def calibrate(logits: npt.NDArray[np.float32], knots: dict[str, list[float]]) -> Probabilities:
    """Logits -> probabilities along a monotone curve given by its knots (a logistic one, fitted on the calibration fold)."""
    out: Probabilities = np.interp(logits.astype(np.float64), knots["logit"], knots["calibrated"])
    return out


def expected_f1_threshold(story: Probabilities, words: Ints) -> float:
    """The threshold that maximises the expected F1 of the kept words."""
    if words.sum() == 0:
        return 0.5
    order = np.argsort(-story, kind="stable")
    kept, size = np.cumsum((story * words)[order]), np.cumsum(words[order])
    return float((2 * kept / np.maximum(size + kept[-1], 1e-9)).max() / 2)


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
    punctuated = (head == C.STOP) | (head == C.CLOSE) | (head == C.COMMA)
    spaced = ((atoms.codes[before] == 32) & (classes[before + 1] == C.BREAK)) | (atoms.indent[at] == 1)
    small = (head == C.LOWER) & ((tail == C.LOWER) | (tail == C.COMMA) | (tail == C.DIGIT) | (tail == C.UPPER))
    torn_page = np.bincount(atoms.page[at], punctuated, len(atoms.page_start)) >= TORN_LINES
    torn = (spaced & (tail != C.STOP)) | (tail == C.OPEN) | (small & torn_page[atoms.page[at]])
    dense = (head == C.IDEOGRAPH) & (tail == C.IDEOGRAPH)
    joined = np.where(dense, GLUED, SAME)
    joint[at] = np.where(punctuated, GLUED, np.where(torn | atoms.wrapped[at], joined, LINE))
    return joint


def decide(raw: str, atoms: Atoms, page: int, joint: Ints, words: Ints, scores: Scores, hits: Hits, pack: RulePack, options: Options,
           calibration: dict[str, Any], model: str, tree: TreePage | None = None, site: SiteHits | None = None) -> Result:
    """One page's Result from its atoms and scores; `joint` and `words` are the batch's, `tree` is the page as HTML,
    where it is."""
    mine = slice(int(atoms.first[page]), int(atoms.first[page + 1]))
    kind = kind_of_input(atoms, mine.start, mine.stop) if tree is None else "html"
    logits = scores.story if site is None else scores.story - site.weight[mine]
    story = calibrate(logits, calibration["story"][kind])
    if tree is not None and tree.votes is not None:
        story = _voted(story, tree.votes)
    other, other_confidence = _other_labels(scores.label, calibration["label_temperature"])
    fixed = _fixed(hits, pack, len(story))
    blocks = _Blocks(_block_starts(joint[mine], story >= 0.5, other, fixed), words[mine])
    offset = int(atoms.page_start[page])
    starts, ends = (atoms.start[mine][blocks.begin] - offset).tolist(), (atoms.end[mine][blocks.final] - offset).tolist()
    texts = [raw[a:b] for a, b in zip(starts, ends)]
    block_story, block_other = np.round(blocks.mean(story), 6), other[blocks.heaviest]
    reasons = _reasons(hits, blocks.begin, pack)
    if site is not None:
        _add_site(reasons, site.kinds(mine.start, mine.stop), blocks.begin, block_other)
    if tree is not None and tree.votes is not None:
        _add_votes(reasons, tree.votes, block_other)
    _demote_copies(texts, block_story, block_other, blocks.words, reasons)
    lines = atoms.line[mine]
    scored = Scored(
        texts, starts, ends, [JOINTS[j] for j in joint[mine][blocks.begin].tolist()], block_story.tolist(),
        [LABELS[k] for k in block_other.tolist()], np.round(other_confidence[blocks.heaviest], 6).tolist(), blocks.words.tolist(),
        {n: bool(fixed[blocks.begin[n]] > 0) for n in np.flatnonzero(fixed[blocks.begin]).tolist()}, reasons,
        frozenset(np.flatnonzero(lines[blocks.final] != lines[blocks.begin]).tolist()), tree)
    # a site's profile judges blocks, not pages
    alone = block_story if site is None else np.round(blocks.mean(calibrate(scores.story, calibration["story"][kind])), 6)
    verdict, confidence, page_type, type_confidence = _verdict(scores, calibration, alone, blocks.words)
    return Result(raw, scored, _threshold(block_story, blocks.words, options), options.keep, verdict, confidence, page_type,
                  type_confidence, model)


class _Blocks:
    """Blocks as runs of a page's atoms: `begin` and `final` are the first and the last atom of each, `words` its
    number of words, `heaviest` the atom with most words, whose label is the block's."""

    def __init__(self, begin: Ints, size: Ints) -> None:
        self.begin, count = begin, len(size)
        self.final = np.append(begin[1:], count)[:len(begin)] - 1
        self._weight = np.maximum(size, 0.1)
        if len(begin):
            self.words = np.add.reduceat(size, begin)
            best = np.maximum.reduceat(size * count + count - 1 - np.arange(count), begin)
            self.heaviest = count - 1 - best % count
        else:
            self.words = self.heaviest = begin

    def mean(self, values: Probabilities) -> Probabilities:
        """Per block the mean of its atoms' values, weighted by words."""
        if len(self.begin) == 0:
            return values[:0]
        out: Probabilities = np.add.reduceat(values * self._weight, self.begin) / np.add.reduceat(self._weight, self.begin)
        return out


def _threshold(story: Probabilities, words: Ints, options: Options) -> float:
    """The story probability from which blocks are kept."""
    if options.threshold is not None:
        return round(float(options.threshold), 6)
    threshold, shift = expected_f1_threshold(story, words), FAVOR_SHIFT[options.favor]
    if shift:
        threshold = 1 / (1 + (1 / max(threshold, 1e-6) - 1) * float(np.exp(-shift)))
    return round(threshold, 6)


def _demote_copies(texts: list[str], story: Probabilities, other: Ints, words: Ints, reasons: dict[int, tuple[Reason, ...]]) -> None:
    """The second copy of a story passage is no story."""
    for number in _copies(texts, story, words):
        story[number] = min(float(story[number]), COPY_STORY)
        other[number] = OTHER
        reasons[number] = (*reasons.get(number, ()), Reason("copy", Label.OTHER, 4.0))


def _other_labels(logits: npt.NDArray[np.float32], temperature: float) -> tuple[Ints, Probabilities]:
    """The best label besides body, and its probability among those."""
    x = logits.astype(np.float64) / temperature
    if len(x) == 0:
        return np.zeros(0, np.int64), np.zeros(0)
    x[:, BODY] = -np.inf
    x -= x.max(1, keepdims=True)
    shares = np.exp(x)
    best = x.argmax(1)
    return best, 1 / shares.sum(1)


def _fixed(hits: Hits, pack: RulePack, count: int) -> Ints:
    """1 where a `keep` rule hit, -1 where a `drop` rule did, else 0; keep wins."""
    fixed = np.zeros(count, np.int64)
    for value, action in ((-1, "drop"), (1, "keep")):
        rules = [n for n, rule in enumerate(pack.rules) if rule.action == action]
        if rules:
            fixed[hits.atom[np.isin(hits.rule, rules)]] = value
    return fixed


def _block_starts(joint: Ints, told: Bools, other: Ints, fixed: Ints) -> Ints:
    """The first atom of every block: a new one begins at a line end, or where label or decision change."""
    if len(joint) == 0:
        return np.zeros(0, np.int64)
    same = (told[1:] == told[:-1]) & (told[1:] | (other[1:] == other[:-1])) & (fixed[1:] == fixed[:-1])
    return np.flatnonzero(np.append(True, (joint[1:] >= LINE) | ~same))


def _copies(texts: list[str], story: Probabilities, words: Ints) -> list[int]:
    """Blocks that print a story passage again: the first copy is kept."""
    seen: dict[str, float] = {}
    again = []
    for number in np.flatnonzero((words >= COPY_WORDS) & (story >= 0.5)).tolist():
        p = float(story[number])
        if texts[number] in seen and seen[texts[number]] >= p - 0.2:
            again.append(number)
        else:
            seen.setdefault(texts[number], p)
    return again


def _reasons(hits: Hits, begin: Ints, pack: RulePack) -> dict[int, tuple[Reason, ...]]:
    """Rule hits per block."""
    found: dict[int, tuple[Reason, ...]] = {}
    for block, rule in zip((np.searchsorted(begin, hits.atom, side="right") - 1).tolist(), hits.rule.tolist()):
        reason = Reason(pack.rules[rule].id, pack.rules[rule].label, float(pack.rules[rule].weight))
        if reason not in found.get(block, ()):
            found[block] = (*found.get(block, ()), reason)
    return found


def _voted(story: Probabilities, votes: Probabilities) -> Probabilities:
    """Probabilities with a detector's log-odds added."""
    sure = np.clip(story, 1e-6, 1 - 1e-6)
    return _logistic(np.log(sure / (1 - sure)) + votes)


def _add_votes(reasons: dict[int, tuple[Reason, ...]], votes: Probabilities, other: Ints) -> None:
    """What a detector says for the story, or against it; in HTML a block is one atom."""
    for block in np.flatnonzero(votes).tolist():
        vote = float(votes[block])
        label = Label.BODY if vote > 0 else LABELS[other[block]]
        reasons[block] = (*reasons.get(block, ()), Reason("trafilatura", label, round(abs(vote), 3)))


def _add_site(reasons: dict[int, tuple[Reason, ...]], kinds: dict[int, tuple[str, float]], begin: Ints, other: Ints) -> None:
    """What the site's profile says against the story, per block the strongest."""
    best: dict[int, tuple[float, str]] = {}
    for block, (kind, weight) in zip((np.searchsorted(begin, list(kinds), side="right") - 1).tolist(), kinds.values()):
        best[block] = max(best.get(block, (0.0, "")), (weight, kind))
    for block, (weight, kind) in best.items():
        reasons[block] = (*reasons.get(block, ()), Reason(f"site:{kind}", LABELS[other[block]], round(weight, 3)))


def emptiness(page_logit: float, story: Probabilities, words: Ints, weights: list[float]) -> float:
    """Log-odds that a page has no story, from the model's answer and from the F1 that its blocks let expect."""
    expected = min(max(2 * expected_f1_threshold(story, words), 0.001), 0.999)
    return weights[0] * page_logit + weights[1] * float(np.log(expected / (1 - expected))) + weights[2]


def _verdict(scores: Scores, calibration: dict[str, Any], story: Probabilities, words: Ints) -> tuple[Verdict, float, PageType, float]:
    if len(story) == 0:
        return Verdict.NO_STORY, 1.0, PageType.ARTICLE, 0.0
    empty = float(_logistic(np.array([emptiness(float(scores.page[-1]), story, words, calibration["no_story"])]))[0])
    kinds = np.exp(scores.page[:-1].astype(np.float64) - float(scores.page[:-1].max()))
    best = int(kinds.argmax())
    verdict = Verdict.NO_STORY if empty >= 0.5 else Verdict.STORY
    return verdict, round(max(empty, 1 - empty), 6), list(PageType)[best], round(float(kinds[best] / kinds.sum()), 6)
