"""Calibration: logits -> probabilities, per kind of input, on pages that training has not seen."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from boilerstrip.decide import kind_of_input
from boilerstrip.detect.model import Model, Scores
from boilerstrip.detect.rules import builtin_rules
from boilerstrip.features import measure
from boilerstrip.segment.text import segment
from boilerstrip.train.augment import Augmenter, Doc
from boilerstrip.train.dataset import BODY_NUMBER, HAND, UNKNOWN
from boilerstrip.train.fit import majority

KINDS = ("separated", "lines", "glued")
IDENTITY = {kind: {"logit": [-12.0, 12.0], "calibrated": [6e-6, 1 - 6e-6]} for kind in KINDS}
BINS = 30


def uncalibrated() -> dict[str, Any]:
    """A calibration that changes nothing (the logistic curve)."""
    logits = np.linspace(-12, 12, 97)
    curve = {"logit": logits.tolist(), "calibrated": (1 / (1 + np.exp(-logits))).tolist()}
    return {"story": dict.fromkeys(KINDS, curve), "label_temperature": 1.0, "no_story": [1.0, 0.0]}


def isotonic(logits: np.ndarray, truth: np.ndarray, weight: np.ndarray) -> dict[str, list[float]]:
    """Pool-adjacent-violators over bins of equal weight (Zadrozny & Elkan 2002); knots for linear interpolation."""
    order = np.argsort(logits, kind="stable")
    logits, truth, weight = logits[order], truth[order], weight[order]
    edges = np.searchsorted(np.cumsum(weight), np.linspace(0, weight.sum(), BINS + 1)[1:-1])
    blocks: list[list[float]] = []  # [sum of weight, of weight x truth, of weight x logit]
    for part in np.split(np.arange(len(logits)), edges):
        if len(part) == 0:
            continue
        w = weight[part]
        blocks.append([float(w.sum()) + 1e-9, float((w * truth[part]).sum()), float((w * logits[part]).sum())])
        while len(blocks) > 1 and blocks[-2][1] / blocks[-2][0] >= blocks[-1][1] / blocks[-1][0]:
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last)]
    x = [b[2] / b[0] for b in blocks]
    y = [min(max(b[1] / b[0], 0.002), 0.998) for b in blocks]
    low, high = min(x[0] - 3, -9.0), max(x[-1] + 3, 9.0)
    return {"logit": [round(v, 4) for v in (low, *x, high)],
            "calibrated": [round(v, 5) for v in (min(y[0], 0.002), *y, max(y[-1], 0.998))]}


def scores_of(model: Model, docs: Sequence[Doc]) -> list[tuple[Any, ...]]:
    """(atoms, scores, story truth, label, source, words) of every page."""
    out = []
    pack = builtin_rules()
    for doc in docs:
        atoms = segment([doc.text])
        if len(atoms) == 0:
            continue
        features = measure(atoms)
        scores: Scores = model(features, pack.evidence(pack.hits(atoms, features), atoms, features.words), atoms.first)[0]
        truth, label, strength, _ = majority(atoms, [doc])
        out.append((atoms, scores, truth, label, strength, features.words))
    return out


def calibrate(model: Model, docs: Sequence[Doc], seed: int = 0) -> dict[str, Any]:
    """The calibration of a model, from the renderings of the calibration fold."""
    rows = scores_of(model, docs)
    story = {}
    for kind in KINDS:
        mine = [r for r in rows if kind_of_input(r[0], 0, len(r[0])) == kind]
        logits, truth, words = (np.concatenate([x[k] if k != 1 else x[1].story for x in mine]) for k in (1, 2, 5))
        known = (truth >= 0) & (words > 0)
        story[kind] = isotonic(logits[known], truth[known].astype(float), words[known].astype(float))
    return {"story": story, "label_temperature": label_temperature(rows), "no_story": no_story(model, docs, seed)}


def label_temperature(rows: Sequence[tuple[Any, ...]]) -> float:
    """The temperature that makes hand labels most likely (Guo et al. 2017)."""
    logits = np.concatenate([r[1].label for r in rows]).astype(np.float64)
    label, strength = np.concatenate([r[3] for r in rows]), np.concatenate([r[4] for r in rows])
    chosen = (label != UNKNOWN) & (label != BODY_NUMBER) & (strength == 1.0)
    x, y = logits[chosen], label[chosen]
    x[:, BODY_NUMBER] = -1e9

    def loss(temperature: float) -> float:
        z = x / temperature
        z -= z.max(1, keepdims=True)
        return float((np.log(np.exp(z).sum(1)) - z[np.arange(len(y)), y]).mean())
    return float(min(np.arange(0.5, 4.0, 0.05).tolist(), key=loss))


def no_story(model: Model, docs: Sequence[Doc], seed: int) -> list[float]:
    """Slope and shift for the logit of "no story", from pages with and without their story."""
    rng = random.Random(seed)
    whole = [d for d in docs if (d.story == 1).sum() > 200]
    empty = [Augmenter(whole, rng).without_story(d) for d in rng.sample(whole, min(len(whole), 200))]
    empty = [d for d in empty if len(d) > 20]
    x = np.array([r[1].page[-1] for r in scores_of(model, [*whole[:400], *empty])])
    y = np.array([0.0] * len(scores_of(model, whole[:400])) + [1.0] * (len(x) - min(len(whole), 400)))
    weight = np.where(y == 1, 0.05 / max(y.sum(), 1), 0.95 / max((1 - y).sum(), 1))  # one page in twenty has no story
    best, found = (1.0, 0.0), np.inf
    for slope in np.arange(0.3, 2.1, 0.1):
        for shift in np.arange(-6, 6.1, 0.25):
            z = np.clip(slope * x + shift, -30, 30)
            value = float((weight * (np.log1p(np.exp(z)) - y * z)).sum())
            if value < found:
                best, found = (float(slope), float(shift)), value
    return [round(v, 3) for v in best]
