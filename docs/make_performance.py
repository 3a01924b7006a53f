"""The tables of docs/performance.md: where the time goes, how it grows with the size, how it spreads over pages, and memory.

    python docs/make_performance.py [DATA]

With the data it measures the pages of the validation fold (one rendering each, and their HTML), without it the written pages in fixtures/.
Times are processor times of one core, the least of some runs; set OMP_NUM_THREADS=1.
"""

from __future__ import annotations

import random
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from boilerstrip import Stripper
from boilerstrip.decide import decide
from boilerstrip.detect.model import default_model
from boilerstrip.detect.rules import builtin_rules
from boilerstrip.features import measure
from boilerstrip.options import Options
from boilerstrip.segment.html import atoms_of_trees, segment_html
from boilerstrip.segment.text import segment
from boilerstrip.train.dataset import FIXTURES
from boilerstrip.train.evaluate import load_pages
from boilerstrip.train.written import read_pages

SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
BATCH = 32


def pages(data: Path | None) -> tuple[list[str], list[str]]:
    """Raw texts and HTML."""
    chance = random.Random(0)
    if data is None:
        texts = [page.text for folder in ("hard/tune", "hides/tune", "written") for page in read_pages(FIXTURES / folder)]
        return texts, ["<html><body>" + "".join(f"<p>{line}</p>" for line in text.split("\n")) for text in texts]
    found = [page for page in load_pages(data) if page.texts]
    return [page.texts[chance.choice(sorted(page.texts))] for page in found], [page.html for page in found]


def least(run: Callable[[], object], runs: int = 3) -> float:
    """Seconds."""
    times = []
    for _ in range(runs):
        began = time.process_time()
        run()
        times.append(time.process_time() - began)
    return min(times)


def parts(given: list[str], kind: str) -> dict[str, float]:
    """Seconds of each part of the pipeline, in batches as `clean_many` makes them."""
    model, pack, options, spent = default_model(kind), builtin_rules(), Options(), dict.fromkeys(PARTS, 0.0)

    def timed(name: str, run: Callable[[], Any]) -> Any:
        began = time.process_time()
        out = run()
        spent[name] += time.process_time() - began
        return out
    for at in range(0, len(given), BATCH):
        raws = given[at:at + BATCH]
        trees = evidence = None
        if kind == "html":
            trees = timed("parsing and tree", lambda raws=raws: [segment_html(raw) for raw in raws])
            atoms, evidence = timed("segmentation", lambda trees=trees: atoms_of_trees(trees))
            raws = [tree.text for tree in trees]
        else:
            atoms = timed("segmentation", lambda raws=raws: segment(raws))
        features = timed("features", lambda atoms=atoms: measure(atoms))
        hits = timed("rules", lambda atoms=atoms, f=features: pack.hits(atoms, f))
        told = timed("rules", lambda atoms=atoms, f=features, hits=hits: pack.evidence(hits, atoms, f.words))
        scores = timed("network", lambda atoms=atoms, f=features, told=told, e=evidence: model(f, told, atoms.first, e))
        results = timed("decision", lambda r=raws, a=atoms, f=features, s=scores, h=hits, t=trees: decide(
            r, a, f.words, s, h, pack, options, model.calibration, "", t, None))
        timed("text and labels", lambda results=results: [(result.text, [block.label for block in result.page]) for result in results])
    return spent


PARTS = ("parsing and tree", "segmentation", "features", "rules", "network", "decision", "text and labels")


def row(*cells: object) -> str:
    return "| " + " | ".join(f"{c:.2f}" if isinstance(c, float) else str(c) for c in cells) + " |"


def where(texts: list[str], html: list[str]) -> list[str]:
    tables = {}
    for kind, given in (("text", texts), ("html", html)):
        runs = [parts(given, kind) for _ in range(3)]
        tables[kind] = {name: min(run[name] for run in runs) / len(given) * 1000 for name in PARTS}
    out = [row("part", "text, ms a page", "share", "HTML, ms a page", "share"), row(*["---"] * 5)]
    for name in (*PARTS, "all"):
        cells: list[object] = []
        for table in tables.values():
            value, total = (sum(table.values()) if name == "all" else table[name]), sum(table.values())
            cells += [value, f"{value / total:.0%}"]
        out.append(row(name, *cells))
    return out


def growth(texts: list[str]) -> list[str]:
    """Time and memory over the size: pages of one size made of lines of all pages."""
    lines = [line for text in texts for line in text.split("\n")]
    stripper, chance = Stripper(input="text"), random.Random(1)
    out = [row("characters", "ms", "nanoseconds a character", "peak memory, MB", "bytes a character"), row(*["---"] * 5)]
    for size in SIZES:
        made, length = [], 0
        while length < size:
            made.append(chance.choice(lines))
            length += len(made[-1]) + 1
        page = "\n".join(made)[:size]
        seconds = least(lambda page=page: stripper.clean(page).text, 5 if size < 1_000_000 else 1)
        tracemalloc.start()
        _ = stripper.clean(page).text
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        out.append(row(f"{size:,}", seconds * 1000, f"{seconds / size * 1e9:.0f}", peak / 1e6, f"{peak / size:.0f}"))
    return out


def latency(texts: list[str], html: list[str]) -> list[str]:
    """Percentiles of `clean`, one page at a time."""
    out = [row("input", "pages", "50 %, ms", "95 %", "99 %", "99 % / 50 %"), row(*["---"] * 6)]
    stripper = Stripper()
    for name, given in (("text", texts), ("HTML", html), ("mixed", texts + html)):
        times = [least(lambda page=page: stripper.clean(page).text, 2) * 1000 for page in given]
        half, most, nearly = (float(np.percentile(times, q)) for q in (50, 95, 99))
        out.append(row(name, len(given), half, most, nearly, nearly / half))
    return out


if __name__ == "__main__":
    chosen = pages(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    for title, table in (("Where the time goes", where(*chosen)), ("Size", growth(chosen[0])), ("Latency", latency(*chosen))):
        print(f"## {title}\n", *table, "", sep="\n")
