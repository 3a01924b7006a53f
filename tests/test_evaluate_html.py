"""The comparison on HTML, on a small data set of pages of our own."""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from boilerstrip.train import peers

if any(importlib.util.find_spec(name) is None for name in ("bs4", "inscriptis", "html2text", "resiliparse")):
    pytest.skip('the evaluation needs the extra "bench"', allow_module_level=True)

from boilerstrip import cli
from boilerstrip.train import evaluate_html
from boilerstrip.train.evaluate import groups_of
from boilerstrip.train.evaluate_html import Page, Tool, evaluate, load_pages, quality, run_tools, table

STORY = ("The ferry left at nine with forty people on board, and the harbour lamp went out behind it.",
         "The keeper slept on his chair in the kitchen of the old customs house, as he had done all winter.",
         "Nobody was hurt, the harbour master said, but the lamp will be watched by two people from now on.")
HTML = ("<html><head><title>Lamp out</title></head><body><nav><a href=/>Home</a><a href=/b>Boats</a></nav><article><h1>Lamp out</h1>"
        f"{''.join(f'<p>{p}</p>' for p in STORY)}</article><footer>All rights reserved</footer></body></html>")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data set of five pages, one of each kind."""
    def add(folder: str, name: str, truth: str, row: dict[str, Any]) -> None:
        (tmp_path / folder / "html").mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "html" / f"{name}.html.gz").write_bytes(gzip.compress(HTML.encode()))
        with (tmp_path / folder / truth).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"id": name, "site": "pier.example", "fold": "validation", **row}) + "\n")

    gold = {"main_content": "\n".join(STORY), "title": "Lamp out"}
    for name, kind in (("1", "article"), ("2", "forum")):
        add("wcxb-dev", name, "ground_truth.jsonl", {**gold, "page_type": kind, "with": [STORY[0]], "without": ["All rights reserved"]})
    add("wcxb-dev", "3", "ground_truth.jsonl", {**gold, "page_type": "article", "with": [], "without": [], "fold": "train"})
    add("news-dev", "4", "ground_truth.jsonl", gold)
    add("segments-dev", "5", "segments.jsonl", {"with": [STORY[1]], "without": ["Boats"]})
    (tmp_path / "sites-dev").mkdir()
    (tmp_path / "sites-dev" / "ground_truth.jsonl").touch()
    (tmp_path / "labelled.jsonl").touch()
    return tmp_path


def test_pages(data: Path) -> None:
    pages = load_pages(data)
    assert [p.job["id"] for p in pages] == ["wcxb-dev-1", "wcxb-dev-2", "news-dev-4", "segments-dev-5"]
    assert [(len(p.with_), len(p.without)) for p in pages] == [(1, 1), (1, 1), (0, 0), (1, 1)]
    assert groups_of(pages[1].job) == ("wcxb-dev", "wcxb-dev forum") and groups_of(pages[2].job) == ("news-dev",)
    assert len(load_pages(data, limit=2)) == 2


def test_quality(data: Path) -> None:
    pages = load_pages(data)
    gold = "\n".join(STORY)
    best = quality([gold] * 4, pages)
    assert {row["f1"] for row in best["word_f1"].values()} == {1.0}
    assert {name: best[name] for name in ("with_found", "without_leaked", "exact_body", "shingle_f1", "segment_f1", "empty")} == {
        "with_found": 1, "without_leaked": 0, "exact_body": 1, "shingle_f1": 1, "segment_f1": 1, "empty": 0}
    worst = quality(["", " ", "", "Boats"], pages)
    assert {row["f1"] for row in worst["word_f1"].values()} == {0.0}
    assert (worst["with_found"], worst["exact_body"], worst["shingle_f1"], worst["segment_f1"], worst["empty"]) == (0, 0, 0, 0, 3)
    leaky = quality([gold + "\nAll rights reserved"] * 4, pages)
    assert leaky["without_leaked"] == 1 and leaky["exact_body"] == 0 and 0.9 < leaky["shingle_f1"] < 1


def test_the_library(data: Path) -> None:
    figures = evaluate(data)
    assert list(figures["tools"]) == ["boilerstrip"] and figures["missing"] == {} and figures["pages"] == 4
    ours = figures["tools"]["boilerstrip"]
    assert ours["exceptions"] == ours["empty"] == 0 and ours["ms"] > 0 and ours["import_ms"] > 0
    assert ours["peak_mb"] >= ours["start_mb"] > 0
    assert 0 <= figures["calibration"]["ece_words"] <= 1 and figures["calibration"]["blocks"] > 0
    text = table(figures)
    assert figures["model"] in text and "| boilerstrip |" in text and json.loads(json.dumps(figures)) == figures


def test_others_run_on_the_same_pages_and_missing_ones_are_named(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "fake"
    fake.mkdir()
    (fake / "goose3.py").write_text("raise ImportError('no goose here')")
    monkeypatch.setattr(evaluate_html, "_path", lambda: os.pathsep.join((str(fake), str(Path(cli.__file__).parents[1]))))
    figures = evaluate(data, names=["boilerstrip", "trafilatura", "goose3"])
    assert list(figures["tools"]) == ["boilerstrip", "trafilatura"] and "no goose here" in figures["missing"]["goose3"]
    assert "goose3 is left out" in table(figures)


def test_exceptions_and_deaths_are_counted(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "fake"
    fake.mkdir()
    (fake / "turbohtml.py").write_text("import os\nseen = []\ndef parse(html):\n    print('noise')\n    seen.append(html)\n"
                                       "    if len(seen) == 2: os._exit(1)\n    raise ValueError('no')\n")
    monkeypatch.setattr(evaluate_html, "_path", lambda: str(fake))
    pages = load_pages(data)
    runs, missing = run_tools(["turbohtml"], pages)
    assert missing == {} and runs["turbohtml"].errors == ["ValueError: no", "the process died", "ValueError: no", "the process died"]
    assert runs["turbohtml"].texts == [""] * 4 and len(runs["turbohtml"].ms) == 2


def test_a_tool_that_is_unknown_cannot_be_started() -> None:
    assert Tool("nothing").missing == "it cannot be started"
    assert run_tools(["nothing"], [Page({}, "", [], [])]) == ({}, {"nothing": "it cannot be started"})


def test_import_times_are_of_the_tool_alone() -> None:
    """The file that runs tools loads nothing of the library by itself."""
    source = Path(peers.__file__).read_text("utf-8")
    head = source[:source.index("def boilerstrip")]
    assert "numpy" not in head and "from boilerstrip" not in head and "import lxml" not in head


def test_the_command(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["eval", "--html", "--data", str(data), "--limit", "2", "--json", str(tmp_path / "figures.json")]) == 0
    assert "Word F1" in capsys.readouterr().out
    assert json.loads((tmp_path / "figures.json").read_text())["pages"] == 2
    assert cli.main(["eval", "--html", "--data", str(tmp_path / "none")]) == 1


def test_peers_are_all_listed() -> None:
    assert set(peers.PEERS) < set(peers.TOOLS) and next(iter(peers.TOOLS)) == "boilerstrip" and sys.modules.get("goose3") is None
