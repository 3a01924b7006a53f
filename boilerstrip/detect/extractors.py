"""Other extractors as detectors: what they take out of a page is evidence on its blocks.

A block whose words are in the extracted text gets log-odds for the story, every other one log-odds against it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from boilerstrip.segment.tree import TreePage

__all__ = ["DETECTORS", "shares", "trafilatura_votes"]

Floats = npt.NDArray[np.float64]

DETECTORS = ("trafilatura",)
MOST_CHARS = 3_000_000  # longer pages are not given to it
HALF = 0.5  # share of a block from which it counts as taken
RUN = 4  # words: longer blocks are compared by their runs of so many, shorter ones by whole lines
WORD = re.compile(r"\w+")
# Log-odds of a block that the extractor took, and of one that it left: a logistic fit of the truth of the calibration fold's
# blocks, given the model's own answer (python -m boilerstrip.train.votes DATA).
TAKEN, LEFT = 0.6, -0.6


def trafilatura_votes(html: str, page: TreePage) -> Floats | None:
    """Log-odds for the story of each block, from what trafilatura extracts; None where that fails or is nothing."""
    if len(html) > MOST_CHARS or len(page) == 0 or page.source != "html":
        return None
    found = extracted(html)
    if not found:
        return None
    votes: Floats = np.where(shares(page.texts(), found) >= HALF, TAKEN, LEFT)
    votes[page.words == 0] = 0.0
    return votes


def extracted(html: str) -> str | None:
    """The text that trafilatura takes out of a page, if any."""
    import trafilatura

    try:
        text: str | None = trafilatura.extract(html)
    except Exception:  # another library's failure on a page is no reason to lose the page
        return None
    return text


def shares(texts: list[str], found: str) -> Floats:
    """How much of each text is in the extracted one: of its runs of words, or of its words where it is short."""
    lines = [WORD.findall(line.lower()) for line in found.splitlines()]
    whole = {tuple(line) for line in lines}
    words = [word for line in lines for word in line]
    runs = set(zip(*(words[k:] for k in range(RUN))))
    out = np.zeros(len(texts))
    for number, text in enumerate(texts):
        own = WORD.findall(text.lower())
        if len(own) < RUN:
            out[number] = tuple(own) in whole
        else:
            mine = list(zip(*(own[k:] for k in range(RUN))))
            out[number] = sum(run in runs for run in mine) / len(mine)
    return out
