"""The weight of another extractor's answer: a logistic fit on the calibration fold.

    python -m boilerstrip.train.votes DATA
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from boilerstrip.detect.extractors import HALF, extracted, shares
from boilerstrip.stripper import Stripper
from boilerstrip.train import measures
from boilerstrip.train.dataset import jobs, read_html
from boilerstrip.train.evaluate import SETS


def fitted(logit: np.ndarray, truth: np.ndarray) -> float:
    """The constant that, added to the logits, makes the truth most likely."""
    shift = 0.0
    for _ in range(50):
        p = 1 / (1 + np.exp(-(logit + shift)))
        shift += float(np.clip((truth - p).sum() / ((p * (1 - p)).sum() + 1e-9), -1, 1))
    return shift


def main(data: Path, fold: str = "calibration") -> None:
    stripper = Stripper(input="html")
    rows = []
    for job in jobs(data):
        if job["fold"] != fold or not job["gold"] or job["set"] not in SETS:
            continue
        html = read_html(Path(job["path"]))
        found = extracted(html)
        if not found:
            continue
        result = stripper.clean(html)
        texts = result.scored.text
        truth = measures.story_lines(texts, job["gold"], job["title"])
        rows += [row for row in zip(result.scored.story, truth, shares(texts, found)) if row[1] >= 0]
    story, told, share = (np.array(column, float) for column in zip(*rows))
    story = np.clip(story, 1e-6, 1 - 1e-6)
    logit, taken = np.log(story / (1 - story)), share >= HALF
    for name, chosen in (("taken", taken), ("left", ~taken)):
        print(f"{name}: {int(chosen.sum())} blocks, {fitted(logit[chosen], told[chosen]):+.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
