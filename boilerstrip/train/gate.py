"""The quality gate: figures on the validation fold against floors and ceilings in a file.

    python -m boilerstrip.train.gate DATA
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

from boilerstrip.train.evaluate import evaluate, table

FLOORS = Path(__file__).with_name("floors.toml")


def found(figures: dict[str, Any], name: str) -> float:
    """The figure at a path such as "word_f1.wcxb-dev.mean"."""
    value: Any = figures
    for part in name.split("."):
        value = value[part]
    return float(value)


def check(figures: dict[str, Any], limits: dict[str, dict[str, float]]) -> list[str]:
    """What misses its limit, as messages."""
    missed = []
    for name, least in limits.get("floors", {}).items():
        if found(figures, name) < least:
            missed.append(f"{name} is {found(figures, name):.4f}, must be at least {least}")
    for name, most in limits.get("ceilings", {}).items():
        if found(figures, name) > most:
            missed.append(f"{name} is {found(figures, name):.4f}, must be at most {most}")
    return missed


def main(data: Path) -> int:
    limits = tomllib.loads(FLOORS.read_text("utf-8"))
    figures = evaluate(data, speed=False)
    print(table(figures))
    missed = check(figures, limits)
    print("\n".join(missed) if missed else f"quality gate: all {sum(map(len, limits.values()))} limits held")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
