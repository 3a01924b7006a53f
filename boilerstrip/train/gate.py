"""The quality gate: figures of text, HTML and written pages against floors and ceilings in a file.

    python -m boilerstrip.train.gate DATA
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

from boilerstrip.stripper import Stripper
from boilerstrip.train import evaluate_html
from boilerstrip.train.dataset import FIXTURES
from boilerstrip.train.evaluate import evaluate, table
from boilerstrip.train.written import LOOKED_AT, UNSEEN, figures, read_pages

FLOORS = Path(__file__).with_name("floors.toml")


def figure_at(figures: dict[str, Any], name: str) -> float:
    """The figure at a path such as "word_f1.wcxb-dev.mean"."""
    value: Any = figures
    for part in name.split("."):
        value = value[part]
    return float(value)


def check(figures: dict[str, Any], limits: dict[str, dict[str, float]]) -> list[str]:
    """What misses its limit, as messages."""
    missed = []
    for name, least in limits.get("floors", {}).items():
        if figure_at(figures, name) < least:
            missed.append(f"{name} is {figure_at(figures, name):.4f}, must be at least {least}")
    for name, most in limits.get("ceilings", {}).items():
        if figure_at(figures, name) > most:
            missed.append(f"{name} is {figure_at(figures, name):.4f}, must be at most {most}")
    return missed


def main(data: Path) -> int:
    limits = tomllib.loads(FLOORS.read_text("utf-8"))
    text = evaluate(data, speed=False)
    print(table(text))
    html = evaluate_html.evaluate(data)
    print(evaluate_html.table(html))
    written = {name: figures(read_pages(FIXTURES / name), Stripper(input="text")) for name in (*UNSEEN, *LOOKED_AT)}
    for name, row in written.items():
        print(f"written pages, {name}: " + ", ".join(f"{k} {v:.3f}" for k, v in row.items() if isinstance(v, float)))
    found = {**text, "html": {**html["tools"][evaluate_html.OURS], "calibration": html["calibration"]}, "written": written}
    missed = check(found, limits)
    print("\n".join(missed) if missed else f"quality gate: all {sum(map(len, limits.values()))} limits held")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
