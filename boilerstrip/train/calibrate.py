"""Calibration: logits -> probabilities, per kind of input, on pages that training has not seen."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from boilerstrip.decide import calibrate as apply_curve
from boilerstrip.decide import emptiness, expected_f1_threshold, kinds_of_input
from boilerstrip.detect.model import Model, Scores
from boilerstrip.detect.rules import builtin_rules
from boilerstrip.features import measure
from boilerstrip.segment.text import segment
from boilerstrip.train.augment import Augmenter, Doc
from boilerstrip.train.dataset import BODY_NUMBER, UNKNOWN
from boilerstrip.train.fit import majority
from boilerstrip.train.trees import TreeDoc, measured_trees, without_story

KINDS = ("separated", "lines", "glued")
CURVE = np.linspace(-12, 12, 97)  # logits at which a calibration curve is stored
PRIOR = 1.0  # pull of a kind's slope and shift towards those of all kinds together, against the loss per page: the fold has few pages


def curve(slope: float, shift: float) -> dict[str, list[float]]:
    """A logistic calibration curve by its knots; `decide` interpolates between them."""
    calibrated = 1 / (1 + np.exp(-slope * CURVE - shift))
    return {"logit": [round(float(x), 4) for x in CURVE], "calibrated": [round(float(p), 6) for p in calibrated]}


def uncalibrated() -> dict[str, Any]:
    """A calibration that changes nothing (the logistic curve)."""
    return {"story": dict.fromkeys((*KINDS, "html"), curve(1, 0)), "label_temperature": 1.0, "no_story": [1.0, 0.0, 0.0]}


def logistic_fit(x: np.ndarray, truth: np.ndarray, weight: np.ndarray, prior: np.ndarray, pull: float) -> np.ndarray:
    """Weights of the columns of x that make the truth most likely, pulled towards a prior; a few Newton steps."""
    w, found = weight / weight.sum(), prior.copy()

    def loss(at: np.ndarray) -> float:
        z = x @ at
        return float((w * (np.logaddexp(0, z) - truth * z)).sum() + pull * ((at - prior) ** 2).sum())
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ found, -30, 30)))
        gradient = x.T @ (w * (p - truth)) + 2 * pull * (found - prior)
        hessian = (x * (w * p * (1 - p))[:, None]).T @ x + (2 * pull + 1e-6) * np.eye(len(prior))
        step = np.linalg.solve(hessian, gradient)
        while loss(found - step) > loss(found) and np.abs(step).max() > 1e-6:
            step = step / 2
        found = found - step
    return found


def platt(logits: np.ndarray, truth: np.ndarray, weight: np.ndarray, prior: tuple[float, float] = (1.0, 0.0),
          pull: float = 0.0) -> tuple[float, float]:
    """Slope and shift that make the truth most likely (Platt 1999)."""
    slope, shift = logistic_fit(np.stack([logits, np.ones_like(logits)], 1), truth, weight, np.array(prior), pull).tolist()
    return slope, shift


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


def known(rows: Sequence[tuple[Any, ...]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits, truths and words of all atoms whose truth is known."""
    logits, truth, words = (np.concatenate([r[k] if k != 1 else r[1].story for r in rows]) for k in (1, 2, 5))
    chosen = (truth >= 0) & (words > 0)
    return logits[chosen].astype(np.float64), truth[chosen].astype(np.float64), words[chosen].astype(np.float64)


def calibrate(model: Model, docs: Sequence[Doc], seed: int = 0) -> dict[str, Any]:
    """The calibration of a text model, from the renderings of the calibration fold."""
    rows = scores_of(model, docs)
    common = platt(*known(rows))
    story = {kind: curve(*platt(*known([r for r in rows if kinds_of_input(r[0]) == [kind]]), common, PRIOR)) for kind in KINDS}
    rng = random.Random(seed)
    whole = [d for d in docs if (d.story == 1).sum() > 200]
    augmenter = Augmenter(whole, rng)
    empty = [augmenter.without_story(d) for d in rng.sample(whole, min(len(whole), 200)) if d.page_type == "article"]
    full = scores_of(model, rng.sample(whole, min(len(whole), 400)))
    return {"story": story, "label_temperature": label_temperature(rows),
            "no_story": no_story(full, scores_of(model, [d for d in empty if len(d) > 20]), story)}


def tree_scores_of(model: Model, docs: Sequence[TreeDoc]) -> list[tuple[Any, ...]]:
    """As `scores_of`, for HTML."""
    out, pack = [], builtin_rules()
    for doc in docs:
        m = measured_trees([doc])
        if len(m.atoms):
            evidence = pack.evidence(pack.hits(m.atoms, m.features), m.atoms, m.features.words)
            scores = model(m.features, evidence, m.atoms.first, m.tree)[0]
            out.append((m.atoms, scores, m.story, m.label, m.label_weight, m.features.words))
    return out


def calibrate_trees(model: Model, docs: Sequence[TreeDoc]) -> dict[str, Any]:
    """The calibration of a model for HTML."""
    rows = tree_scores_of(model, docs)
    empty = tree_scores_of(model, [without_story(d) for d in docs if d.page_type == "article"])
    story = {"html": curve(*platt(*known(rows)))}
    return {"story": story, "label_temperature": label_temperature(rows), "no_story": no_story(rows, empty, story)}


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


def no_story(full: Sequence[tuple[Any, ...]], empty: Sequence[tuple[Any, ...]], story: dict[str, dict[str, list[float]]]) -> list[float]:
    """Weights of `decide.emptiness`, from pages with and without their story; one page in twenty is taken to have none."""
    def expected(row: tuple[Any, ...]) -> float:
        [kind] = ["html"] if "html" in story else kinds_of_input(row[0])
        probabilities = apply_curve(row[1].story, story[kind])
        return float(emptiness(0.0, expected_f1_threshold(probabilities, row[5]), [0.0, 1.0, 0.0]))
    rows = [*full, *empty]
    x = np.array([[float(r[1].page[-1]), expected(r), 1.0] for r in rows])
    y = np.array([0.0] * len(full) + [1.0] * len(empty))
    weight = np.where(y == 1, 0.05 / len(empty), 0.95 / len(full))
    return [round(float(v), 4) for v in logistic_fit(x, y, weight, np.array([1.0, -1.0, -3.0]), 1e-3)]
