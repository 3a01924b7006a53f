"""A million small documents in one process: the memory that the process holds, every tenth of the way.

    PYTHONPATH=.:tests python tests/guarantees/soak.py [COUNT]

Too long for the tests; `test_threads.py::test_memory_stays_flat` does the same for fewer.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from test_quality import pages

from boilerstrip import Stripper


def documents(count: int) -> Iterator[str]:
    """Some lines of the written pages each, all different; every tenth as HTML."""
    lines = [line for page in pages("hard/tune") for line in page.text.split("\n") if line.strip()]
    chance = random.Random(1)
    for number in range(count):
        chosen = [f"{number}", *chance.choices(lines, k=chance.randint(2, 6))]
        yield "<html><body>" + "".join(f"<p>{line}</p>" for line in chosen) if number % 10 == 0 else "\n".join(chosen)


def resident_mb() -> float:
    """What the process holds now."""
    for line in Path("/proc/self/status").read_text("utf-8").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("only where there is /proc")


def main(count: int) -> None:
    began, step = time.perf_counter(), max(count // 10, 1)
    for number, result in enumerate(Stripper().clean_many(documents(count)), 1):
        assert result.error is None
        if number % step == 0:
            print(f"{number:>10,} documents, {resident_mb():.0f} MB, {number / (time.perf_counter() - began):.0f}/s", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
