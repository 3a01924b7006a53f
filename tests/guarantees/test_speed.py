"""The speed of cleaning, against a fixed computation of the same kind in the same run: no seconds, so that the machine does not matter.

Both are measured in turns, in processor time, the least of several runs each. A change that makes cleaning half as slow again fails.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import numpy as np
from test_quality import pages

from boilerstrip import Stripper

TEXTS = [page.text for page in pages("hard/tune")]
HTML = ["<html><body>" + "".join(f"<div class='c{n % 7}'><p id='p{n}'>{line}</p></div>" for n, line in enumerate(text.split("\n")))
        for text in TEXTS]
# ----------------------------
# LIMITS, set by the maintainer: times the reference computation. Measured in November 2026: 8.6 and 10.4.
TEXT_LIMIT, HTML_LIMIT = 13.0, 16.0
# ----------------------------
WORDS = re.compile(r"\w+")
LAYER = np.random.default_rng(0).normal(size=(144, 48)).astype(np.float32)


def reference(texts: list[str]) -> float:
    """What any cleaner must do in some form: look at all characters, hash and sort the words, multiply matrices."""
    total = 0.0
    for text in texts:
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        total += float(np.bincount(codes & 255, minlength=256).max())
        words = [hash(word) for word in WORDS.findall(text.lower())]
        total += len(np.unique(np.array(words, np.int64)))
        lines = np.ones((text.count("\n") + 1, 144), np.float32)
        for _ in range(6):
            total += float(np.maximum(lines @ LAYER, 0).sum()) * 1e-9
        total += sum(len(line.split()) for line in text.splitlines() for _ in range(4))
    return total


def clean(stripper: Stripper) -> Callable[[list[str]], object]:
    def run(texts: list[str]) -> object:
        return [(result.text, [block.label for block in result.page]) for result in stripper.clean_many(texts)]
    return run


def least_ratio(run: Callable[[list[str]], object], texts: list[str], rounds: int = 7) -> float:
    """Times the reference that a computation takes, each at its best."""
    def seconds(call: Callable[[list[str]], object], given: list[str]) -> float:
        began = time.process_time()
        call(given)
        return time.process_time() - began
    pairs = [(seconds(run, texts), seconds(reference, TEXTS)) for _ in range(rounds)]
    return min(mine for mine, _ in pairs) / min(other for _, other in pairs)


def test_text_is_fast() -> None:
    ratio = least_ratio(clean(Stripper(input="text")), TEXTS)
    assert ratio < TEXT_LIMIT, f"{ratio:.2f} times the reference computation"


def test_html_is_fast() -> None:
    ratio = least_ratio(clean(Stripper(input="html")), HTML)
    assert ratio < HTML_LIMIT, f"{ratio:.2f} times the reference computation"
