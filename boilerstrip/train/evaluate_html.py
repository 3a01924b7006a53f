"""HTML in: every measure on the validation fold, for the library and, in the same run and on the same pages, for others.

Each tool runs in a process of its own (`peers.py`). They get the pages in turns of a few, so that whatever else the
machine does falls on all alike; times are processor times.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median
from typing import Any

from boilerstrip.detect.model import default_model
from boilerstrip.result import Result
from boilerstrip.stripper import Stripper
from boilerstrip.train import measures, peers
from boilerstrip.train.dataset import jobs, read_html, rows_of
from boilerstrip.train.evaluate import SETS, groups_of

OURS = "boilerstrip"
TURN = 20  # pages


@dataclass
class Page:
    """A page of the fold: gold text or segments."""

    job: dict[str, Any]
    html: str
    with_: list[str]
    without: list[str]


@dataclass
class Run:
    """What one tool made of the pages."""

    import_ms: float = 0.0
    start_mb: float = 0.0
    peak_mb: float = 0.0
    texts: list[str] = field(default_factory=list)
    ms: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def load_pages(data: Path, limit: int | None = None, fold: str = "validation") -> list[Page]:
    """The fold's pages that have a gold text or segments."""
    segments = {f"wcxb-dev-{row['id']}": row for row in rows_of(data / "wcxb-dev" / "ground_truth.jsonl")}
    chosen = [job for job in jobs(data) if job["fold"] == fold and (
        (job["set"] in SETS and job["gold"]) or (job["set"] == "segments-dev" and (job["with"] or job["without"])))]
    if limit is not None:
        chosen = random.Random(0).sample(chosen, min(limit, len(chosen)))
    out = []
    for job in chosen:
        row = segments.get(job["id"], job)
        out.append(Page(job, read_html(Path(job["path"])), list(row["with"] or ()), list(row["without"] or ())))
    return out


# ---- running ----------------------------


def _path() -> str:
    """Where the tools' processes look for packages first: where this library is."""
    return os.pathsep.join(filter(None, (str(Path(peers.__file__).parents[2]), os.environ.get("PYTHONPATH"))))


class Tool:
    """A tool in its process. If that dies on a page, the page counts as an error, and a new one goes on."""

    def __init__(self, name: str) -> None:
        self.name, self.run, self.missing = name, Run(), ""
        self._start(self.run)

    def _start(self, run: Run) -> None:
        one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", peers.__file__, self.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, encoding="utf-8", env={**os.environ, **one, "PYTHONPATH": _path()})
        first = self._read()
        self.missing = first.get("missing", "") if first else "it cannot be started"
        if not self.missing and first:
            run.import_ms = first["import_ms"]
            run.start_mb = (self._ask("\n") or {}).get("peak_mb", 0.0)

    def _read(self) -> dict[str, Any] | None:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return json.loads(line) if line else None

    def _ask(self, line: str) -> dict[str, Any] | None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
            return self._read()
        except OSError:
            return None

    def extract(self, html: str) -> None:
        """Give it a page."""
        answer = self._ask(json.dumps(html) + "\n")
        run = self.run
        if answer is None:
            answer = {"text": "", "ms": None, "error": "the process died"}
            self.close()
            self._start(Run())
        run.texts.append(answer["text"])
        if answer["ms"] is not None:
            run.ms.append(answer["ms"])
        if answer["error"]:
            run.errors.append(answer["error"])

    def finish(self) -> Run:
        """End it, and have its run."""
        self.run.peak_mb = max(self.run.peak_mb, (self._ask("\n") or {}).get("peak_mb", 0.0))
        self.close()
        return self.run

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def run_tools(names: Sequence[str], pages: Sequence[Page]) -> tuple[dict[str, Run], dict[str, str]]:
    """All tools on all pages, in turn; and which are missing, with the reason."""
    tools = [Tool(name) for name in names]
    missing = {tool.name: tool.missing for tool in tools if tool.missing}
    for tool in tools:
        if tool.missing:
            tool.close()
    tools = [tool for tool in tools if not tool.missing]
    for begin in range(0, len(pages) if tools else 0, TURN):
        first = begin // TURN % len(tools)
        for tool in tools[first:] + tools[:first]:
            for page in pages[begin:begin + TURN]:
                tool.extract(page.html)
    return {tool.name: tool.finish() for tool in tools}, missing


# ---- figures ----------------------------


def quality(texts: Sequence[str], pages: Sequence[Page]) -> dict[str, Any]:
    """All figures of what a tool made of the pages."""
    f1: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    exact: list[bool] = []
    precision: list[float] = []
    recall: list[float] = []
    found: list[float] = []
    leaked: list[float] = []
    segments = (0, 0, 0, 0)
    for text, page in zip(texts, pages):
        job = page.job
        if job["set"] == "segments-dev":
            a, b, c, d = measures.segment_counts(text, page.with_, page.without)
            segments = (segments[0] + a, segments[1] + b, segments[2] + c, segments[3] + d)
            continue
        for group in groups_of(job):
            f1[group].append(measures.word_f1(text, job["gold"]))
        if job["page_type"] == "article":
            exact.append(measures.exact_body(text, job["gold"]))
            own, wanted = measures.shingle_scores(text, job["gold"])
            precision += [] if own is None else [own]
            recall += [] if wanted is None else [wanted]
        good, lost, bad, clean = measures.segment_counts(text, page.with_, page.without)
        found += [good / (good + lost)] if page.with_ else []
        leaked += [bad / (bad + clean)] if page.without else []
    p, r = _mean(precision), _mean(recall)
    true, lost, false, _ = segments
    return {
        "word_f1": {group: {"pages": len(rows), **dict(zip(("precision", "recall", "f1"), map(mean, zip(*rows))))}
                    for group, rows in sorted(f1.items())},
        "with_found": _mean(found), "without_leaked": _mean(leaked), "exact_body": _mean(exact),
        "shingle_f1": 2 * p * r / (p + r) if p + r else 0.0,
        "segment_f1": 2 * true / (2 * true + false + lost) if true + false + lost else 0.0,
        "empty": sum(not text.strip() for text in texts)}


def _mean(values: Sequence[float]) -> float:
    return float(mean(values)) if values else 0.0


def cost(run: Run) -> dict[str, float]:
    """What a run took."""
    return {"exceptions": len(run.errors), "ms": median(run.ms) if run.ms else 0.0, "mean_ms": _mean(run.ms),
            "import_ms": run.import_ms, "start_mb": run.start_mb, "peak_mb": run.peak_mb}


def calibration(results: Sequence[Result], pages: Sequence[Page]) -> dict[str, float]:
    """How far the story probabilities of blocks are from the truth."""
    rows: list[tuple[float, int, int]] = []
    for result, page in zip(results, pages):
        if page.job["set"] in SETS:
            texts = result.scored.text
            truth = measures.story_lines(texts, page.job["gold"], page.job["title"])
            rows += [(p, y, len(measures.words(text))) for p, y, text in zip(result.scored.story, truth, texts) if y >= 0]
    if not rows:
        return {"blocks": 0, "ece_words": 0.0, "ece_lines": 0.0}
    story, told, size = zip(*rows)
    return {"blocks": len(rows), "ece_words": measures.expect_calibration(story, told, size),
            "ece_lines": measures.expect_calibration(story, told)}


def evaluate(data: Path, limit: int | None = None, peers: bool = False, names: Sequence[str] | None = None) -> dict[str, Any]:
    """All figures on the validation fold: of the library, and with `peers` of the others that are installed."""
    from boilerstrip.train.peers import TOOLS

    pages = load_pages(data, limit)
    runs, missing = run_tools(names or (list(TOOLS) if peers else [OURS]), pages)
    results = [Stripper(input="html").clean(page.html) for page in pages]
    return {"model": default_model("html").card["version"], "pages": len(pages),
            "html_kb": mean(len(page.html) for page in pages) / 1000, "calibration": calibration(results, pages),
            "tools": {name: {**quality(run.texts, pages), **cost(run), "errors": run.errors[:5]} for name, run in runs.items()},
            "missing": missing}


def table(figures: dict[str, Any]) -> str:
    """The figures as Markdown tables."""
    tools = figures["tools"]
    groups = list(next(iter(tools.values()))["word_f1"])
    size = {group: row["pages"] for group, row in next(iter(tools.values()))["word_f1"].items()}
    c = figures["calibration"]
    out = [f"Model {figures['model']}, {figures['pages']} pages of the validation fold, {figures['html_kb']:.0f} KB of HTML on average.",
           f"ECE of `story` over {c['blocks']} blocks: {c['ece_words']:.4f} by words, {c['ece_lines']:.4f} by blocks.", "",
           "Word F1, mean over pages:", "",
           *_rows(["tool", *(f"{group.removeprefix('wcxb-dev ')} ({size[group]})" for group in groups)],
                  [[name, *(f"{row['word_f1'][group]['f1']:.3f}" for group in groups)] for name, row in tools.items()]), "",
           "Word precision / recall, mean over pages:", "",
           *_rows(["tool", *(group.removeprefix("wcxb-dev ") for group in groups)],
                  [[name, *(f"{row['word_f1'][g]['precision']:.2f} / {row['word_f1'][g]['recall']:.2f}" for g in groups)]
                   for name, row in tools.items()]), "",
           "Other measures:", "",
           *_rows(["tool", "with found", "without leaked", "exact body", "shingle F1", "segment F1", "exceptions", "empty"],
                  [[name, *(f"{row[key]:.3f}" for key in ("with_found", "without_leaked", "exact_body", "shingle_f1", "segment_f1")),
                    str(row["exceptions"]), str(row["empty"])] for name, row in tools.items()]), "",
           "Cost (processor time):", "",
           *_rows(["tool", "ms a page, median", "mean", "times ours", "import, ms", "memory after import, MB", "peak, MB"],
                  [[name, f"{row['ms']:.1f}", f"{row['mean_ms']:.1f}",
                    f"{row['ms'] / tools[OURS]['ms']:.1f}" if tools.get(OURS, {}).get("ms") else ".",
                    f"{row['import_ms']:.0f}", f"{row['start_mb']:.0f}", f"{row['peak_mb']:.0f}"] for name, row in tools.items()])]
    for name, reason in figures["missing"].items():
        out.append(f"\n{name} is left out: {reason}. `pip install \"boilerstrip[bench]\"` installs what it takes.")
    return "\n".join(out)


def _rows(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
