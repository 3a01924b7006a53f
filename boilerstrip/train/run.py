"""`boilerstrip train`: data -> weights and model card, reproducible from seed, data and configuration."""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from boilerstrip.detect.rules import RulePack, builtin_rules
from boilerstrip.train.augment import Doc, doc_of, language_of
from boilerstrip.train.calibrate import calibrate
from boilerstrip.train.dataset import Example, load
from boilerstrip.train.export import model_of, save
from boilerstrip.train.fit import Config, Evidence, Measured, Trained, fit

DEFAULT_OUT = Path(__file__).parents[1] / "weights" / "text.npz"
FILES = ("labelled.jsonl", "wcxb-dev/ground_truth.jsonl", "news-dev/ground_truth.jsonl", "sites-dev/ground_truth.jsonl",
         "segments-dev/segments.jsonl")


def docs_of(example: Example) -> list[Doc]:
    """The renderings of a page as training documents."""
    language = language_of(example.renderings[0].text)
    return [doc_of(r, site=example.site, language=language, page_type=example.page_type, title=example.title) for r in example.renderings]


def data_digest(data: Path) -> str:
    """A digest of the truths; it stands in the model card."""
    digest = hashlib.sha256()
    for name in FILES:
        digest.update((data / name).read_bytes())
    return digest.hexdigest()[:16]


def rule_evidence(pack: RulePack, drop: float) -> Evidence:
    """The rules' evidence for training: a random share of the rules is dropped per batch, sometimes all."""
    def evidence(m: Measured, rng: random.Random | None) -> np.ndarray:
        hits = pack.hits(m.atoms, m.features)
        active = None
        if rng is not None:
            share = 1.0 if rng.random() < drop / 2 else drop * rng.random()
            active = np.array([rng.random() >= share for _ in pack.rules], bool)
        return pack.evidence(hits, m.atoms, m.features.words, active)
    return evidence


def prepared(data: Path, folds: Sequence[str]) -> dict[str, list[list[Doc]]]:
    """Documents per fold, a list of renderings per page."""
    out: dict[str, list[list[Doc]]] = {fold: [] for fold in folds}
    for example in load(data):
        if example.fold in out:
            out[example.fold].append(docs_of(example))
    return out


def finish(trained: Trained, config: Config, calibration: Sequence[Sequence[Doc]], out: Path, facts: dict[str, Any]) -> None:
    """Calibrate on pages not seen in training, and write weights and card."""
    model = model_of(trained, config)
    rows = [d for page in calibration for d in page]
    save(out, trained, {**model.card, "calibration": calibrate(model, rows), **facts})


def train(data: Path, out: Path = DEFAULT_OUT, epochs: int | None = None, seed: int | None = None) -> Path:
    """Train on the train fold, calibrate on the calibration fold, write the weights."""
    config = Config()
    config = replace(config, epochs=epochs or config.epochs, seed=config.seed if seed is None else seed)
    print("rendering and aligning the pages", file=sys.stderr)
    docs = prepared(data, ("train", "calibration"))
    trained = fit(docs["train"], config, rule_evidence(builtin_rules(), config.drop_rules),
                  lambda epoch, _, loss: print(f"epoch {epoch + 1} of {config.epochs}: loss {loss:.4f}", file=sys.stderr, flush=True))
    finish(trained, config, docs["calibration"], out, {
        "data_digest": data_digest(data), "pages": {fold: len(pages) for fold, pages in docs.items()},
        "config": {k: v for k, v in asdict(config).items() if k != "shape"}})
    return out
