"""The tables of docs/benchmarks.md and the README from the figures of `boilerstrip eval --data DIR --peers --json FIGURES`.

    python docs/make_benchmarks.py FIGURES [PLOT]

With a second name it also draws the comparison as a picture (matplotlib, extra `plot`).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

GROUPS = ("wcxb-dev", "wcxb-dev article", "wcxb-dev documentation", "wcxb-dev forum", "wcxb-dev service", "wcxb-dev listing",
          "wcxb-dev collection", "wcxb-dev product", "news-dev", "not in English")
RENDERERS = ("bs4", "lxml", "inscriptis", "html2text", "resiliparse")


def row(cells: list[Any]) -> str:
    return "| " + " | ".join(f"{c:.3f}" if isinstance(c, float) else str(c) for c in cells) + " |"


def story_table(figures: dict[str, Any]) -> list[str]:
    out = [row(["pages", "word F1", "precision", "recall", *RENDERERS]), row(["---"] * (4 + len(RENDERERS)))]
    for group in GROUPS:
        found = figures["word_f1"][group]
        out.append(row([group, found["mean"], found["precision"], found["recall"], *(found.get(r, "") for r in RENDERERS)]))
    return out


def peer_table(figures: dict[str, Any]) -> list[str]:
    out = [row(["from", *GROUPS]), row(["---"] * (1 + len(GROUPS)))]
    out.append(row(["**boilerstrip, raw text**", *(figures["word_f1"][g]["mean"] for g in GROUPS)]))
    return out + [row([name, *(found.get(g, "") for g in GROUPS)]) for name, found in figures.get("peers", {}).items()]


def label_table(figures: dict[str, Any]) -> list[str]:
    out = [row(["label", "lines", "precision", "recall", "F1"]), row(["---"] * 5)]
    return out + [row([label, f.get("n", ""), f.get("p", ""), f.get("r", ""), f["f1"]]) for label, f in figures["labels"].items()]


def calibration_table(figures: dict[str, Any]) -> list[str]:
    out = [row(["kind of input", "blocks", "ECE by words", "ECE by blocks", "Brier by words"]), row(["---"] * 5)]
    return out + [row([kind, f["blocks"], f["ece_words"], f["ece_blocks"], f["brier_words"]]) for kind, f in figures["calibration"].items()]


def plot(figures: dict[str, Any], target: Path) -> None:
    """Word F1 by page type, beside other tools, as bars."""
    from matplotlib import pyplot

    tools = {"boilerstrip, raw text": {g: figures["word_f1"][g]["mean"] for g in GROUPS}, **figures.get("peers", {})}
    canvas, axes = pyplot.subplots(figsize=(11, 4.2), layout="constrained")
    width = 0.84 / len(tools)
    groups = [group for group in GROUPS if all(group in found for found in tools.values())]
    for number, (name, found) in enumerate(tools.items()):
        colour = "#1f5fbf" if number == 0 else "#e08a2c" if "HTML" in name else str(0.45 + 0.1 * number)
        axes.bar([k + number * width for k in range(len(groups))], [found[g] for g in groups], width, label=name, color=colour)
    names = [group.replace("wcxb-dev ", "").replace("wcxb-dev", "all WCXB") for group in groups]
    axes.set_xticks([k + 0.42 - width / 2 for k in range(len(groups))], names)
    axes.set_ylabel("word F1")
    axes.set_ylim(0, 1)
    axes.legend(ncols=4, fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    canvas.savefig(target, dpi=110)


def main(path: Path, picture: Path | None = None) -> None:
    figures = json.loads(path.read_text("utf-8"))
    for title, table in (("Word F1 from raw text", story_table), ("Beside other tools", peer_table), ("Labels", label_table),
                         ("Calibration", calibration_table)):
        print(f"## {title}\n")
        print("\n".join(table(figures)), "\n")
    if picture is not None:
        plot(figures, picture)
    print(f"Foreign story appended, line F1: {figures['splice_line_f1']:.3f} (the same pages without it: "
          f"{figures['unspliced_line_f1']:.3f}). Exact pages: "
          + ", ".join(f"{k} {v:.3f}" for k, v in figures["exact_pages"].items()) + ".")
    if "speed" in figures:
        s = figures["speed"]
        print(f"Speed: {s['times_trafilatura']:.1f} x trafilatura on the HTML of the same pages; a 16 KB page through `clean`: "
              f"median {s['median_ms_16kb']:.1f} ms.")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
