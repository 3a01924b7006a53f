"""Trained network -> weights file: half-precision arrays, tables of bytes, vocabulary, and the model card, in one .npz without
pickles."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from boilerstrip.detect.model import Model, unpacked
from boilerstrip.train.calibrate import uncalibrated
from boilerstrip.train.fit import Config, Trained

LEAST_LENGTH = 0.05  # of an embedding; that of unknown words is 0


def arrays_of(trained: Trained) -> dict[str, np.ndarray]:
    """The arrays of a model, as they are stored: without the words that all but equal unknown ones."""
    state: dict[str, np.ndarray] = {}
    told = np.linalg.norm(trained.network.table.detach().numpy(), axis=1) >= LEAST_LENGTH
    told[0] = True
    for name, value in trained.network.state_dict().items():
        array = value.detach().numpy()
        if name == "table":
            array = array[told]
        if name.endswith("table"):
            state[name], state[f"{name}_step"] = in_steps(array)
        else:
            state[name] = array.astype(np.float16)
    if trained.tree_vocabulary is not None:
        state["tree_vocabulary"] = trained.tree_vocabulary.astype(np.uint64)
    return {**state, "vocabulary": trained.vocabulary[told[1:]].astype(np.uint64),
            "centre": trained.centre.astype(np.float32), "scale": trained.scale.astype(np.float32)}


def in_steps(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A table as whole numbers from -127 to 127, and the step of each row."""
    step = (np.abs(table).max(1) / 127).astype(np.float16)
    whole = np.divide(table, step[:, None], out=np.zeros_like(table), where=step[:, None] > 0)
    return np.round(whole).clip(-127, 127).astype(np.int8), step


def model_of(trained: Trained, config: Config, facts: dict[str, Any] | None = None) -> Model:
    """An uncalibrated run-time model."""
    card = {"shape": asdict(config.shape), "config": {k: v for k, v in asdict(config).items() if k != "shape"},
            "calibration": uncalibrated(), "version": "", **(facts or {})}
    return Model(unpacked(arrays_of(trained)), card)


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
