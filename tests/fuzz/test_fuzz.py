"""A few hundred pages by random mutation, and what fuzzing once found. Longer, guided by coverage: see README.md."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from fuzz.fuzz_clean import STRIPPERS, check, mutated

FIXTURES = Path(__file__).parents[2] / "fixtures"
HTML = """<!DOCTYPE html><html><head><title>Lamp</title><meta charset=utf-8></head><body><nav><ul><li><a href=/>Home</a></ul></nav>
<article><h1>Lamp out</h1><p>The ferry left at nine with forty people on board.<p>Nobody was hurt.<pre>a
b</pre><table><tr><td>1<td>2</table></article><aside class=related><a href=/b>Mill burns</a></aside></body></html>"""
SEEDS = (FIXTURES.joinpath("sample.txt").read_bytes()[:2000], HTML.encode(), bytes(range(256)))
CRASHES: dict[str, bytes] = {  # by what was wrong
    "nothing": b"",
    "only the head": b"\x01",
}


@pytest.mark.parametrize("head", range(4 * len(STRIPPERS)))
def test_mutated_pages(head: int) -> None:
    chance = random.Random(head)
    for _ in range(5):
        for seed in SEEDS:
            check(bytes([head]) + mutated(seed, chance))


@pytest.mark.parametrize("name", CRASHES)
def test_crashes_of_the_past(name: str) -> None:
    check(CRASHES[name])
