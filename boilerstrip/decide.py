"""Evidence -> labels, confidences, verdict: the one place where decisions are made.

Atoms that stand in one paragraph and get the same label become one block. The threshold adapts to the page: it is
the one that maximises the expected F1 of the kept words, given the probabilities (Ye et al. 2012, "Optimizing
F-measure"; for sorted probabilities the best threshold is half of the best expected F1).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from boilerstrip.chars import CharClass as C
from boilerstrip.detect.model import Scores
from boilerstrip.detect.rules import Hits, RulePack
from boilerstrip.detect.site import SiteHits
from boilerstrip.labels import LABELS, Label, PageType, Verdict
from boilerstrip.options import Options
from boilerstrip.result import Reason, Result, Scored
from boilerstrip.segment.html import TreePage
from boilerstrip.segment.text import Atoms

__all__ = ["decide", "expected_f1_threshold", "kind_of_input"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Probabilities = npt.NDArray[np.float64]

BODY = LABELS.index(Label.BODY)
OTHER = LABELS.index(Label.OTHER)
FAVOR_SHIFT = {"precision": 1.0, "balanced": 0.0, "recall": -1.0}  # log-odds added to the page's threshold
COPY_WORDS = 12  # words from which a second copy of a block counts as one
TORN_LINES = 3  # lines that begin with punctuation, from which a page counts as torn
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
    """Logits -> probabilities along a monotone curve given by its knots (isotonic regression on the calibration fold)."""
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
    first, last = int(atoms.first[page]), int(atoms.first[page + 1])
    knots = calibration["story"][kind_of_input(atoms, first, last) if tree is None else "html"]
    story = calibrate(scores.story if site is None else scores.story - site.weight[first:last], knots)
    other, other_confidence = _other_labels(scores.label, calibration["label_temperature"])
    joint = joint[first:last]
    fixed = _fixed(hits, pack, last - first)
    begin = _block_starts(joint, story >= 0.5, other, fixed)
    size = words[first:last]
    final = np.append(begin[1:], last - first)[:len(begin)] - 1
    weight = np.maximum(size, 0.1)
    lines = atoms.line[first:last]
    torn = frozenset(np.flatnonzero(lines[final] != lines[begin]).tolist())
    total = np.add.reduceat(weight, begin) if len(begin) else weight[:0]
    block_story = np.add.reduceat(story * weight, begin) / total if len(begin) else story
    heaviest = _heaviest(begin, size)
    offset = int(atoms.page_start[page])
    starts, ends = (atoms.start[first:last][begin] - offset).tolist(), (atoms.end[first:last][final] - offset).tolist()
    texts = [raw[a:b] for a, b in zip(starts, ends)]
    block_words = np.add.reduceat(size, begin) if len(begin) else size
    block_story = np.round(block_story, 6)
    reasons = _reasons(hits, begin, pack)
    chosen_other = other[heaviest]
    if site is not None:
        _add_site(reasons, site.kinds(first, last), begin, chosen_other)
    for number in _copies(texts, block_story, block_words):
        block_story[number] = min(float(block_story[number]), 0.01)
        chosen_other[number] = OTHER
        reasons[number] = (*reasons.get(number, ()), Reason("copy", Label.OTHER, 4.0))
    scored = Scored(
        texts, starts, ends, [JOINTS[j] for j in joint[begin].tolist()], block_story.tolist(),
        [LABELS[k] for k in chosen_other.tolist()], np.round(other_confidence[heaviest], 6).tolist(), block_words.tolist(),
        {n: bool(fixed[begin[n]] > 0) for n in np.flatnonzero(fixed[begin]).tolist()}, reasons, torn, tree)
    threshold = options.threshold
    if threshold is None:
        threshold = expected_f1_threshold(block_story, block_words)
        shift = FAVOR_SHIFT[options.favor]
        if shift:
            threshold = 1 / (1 + (1 / max(threshold, 1e-6) - 1) * float(np.exp(-shift)))
    verdict, confidence, kind, kind_confidence = _verdict(scores, calibration, block_story, block_words)
    return Result(raw, scored, round(float(threshold), 6), options.keep, verdict, confidence, kind, kind_confidence, model)


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


def _heaviest(begin: Ints, words: Ints) -> Ints:
    """Per block the atom with most words: its label is the block's."""
    if len(begin) == 0:
        return begin
    number = np.repeat(np.arange(len(begin)), np.diff(np.append(begin, len(words))))
    order = np.lexsort((-np.arange(len(words)), words, number))
    heaviest: Ints = order[np.append(begin[1:], len(words)) - 1]
    return heaviest


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
