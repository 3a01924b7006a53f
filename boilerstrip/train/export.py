"""Trained network -> weights file: half-precision arrays, vocabulary, and the model card, in one .npz without pickles."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from boilerstrip.detect.model import Model
from boilerstrip.train.calibrate import uncalibrated
from boilerstrip.train.fit import Config, Trained


def arrays_of(trained: Trained) -> dict[str, np.ndarray]:
    """The arrays of a model, as they are stored."""
    state = {k: v.detach().numpy().astype(np.float16) for k, v in trained.network.state_dict().items()}
    if trained.tree_vocabulary is not None:
        state["tree_vocabulary"] = trained.tree_vocabulary.astype(np.uint64)
    return {**state, "vocabulary": trained.vocabulary.astype(np.uint64),
            "centre": trained.centre.astype(np.float32), "scale": trained.scale.astype(np.float32)}


def model_of(trained: Trained, config: Config, facts: dict[str, Any] | None = None) -> Model:
    """An uncalibrated run-time model."""
    card = {"shape": asdict(config.shape), "config": {k: v for k, v in asdict(config).items() if k != "shape"},
            "calibration": uncalibrated(), "version": "", **(facts or {})}
    return Model({k: v.astype(np.float32) if v.dtype == np.float16 else v for k, v in arrays_of(trained).items()}, card)


def save(path: Path, trained: Trained, card: dict[str, Any]) -> None:
    """Write weights and card; the version is a digest of the weights."""
    arrays = arrays_of(trained)
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(arrays[name].tobytes())
    card = {**card, "version": f"{path.stem}-{digest.hexdigest()[:10]}"}
    path.parent.mkdir(exist_ok=True)
    np.savez_compressed(path, card=np.frombuffer(json.dumps(card).encode(), np.uint8), **arrays)  # type: ignore[arg-type]
    path.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n", "utf-8")
