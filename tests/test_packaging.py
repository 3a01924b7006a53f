"""What the package declares about itself."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import boilerstrip

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def numbers(version: str) -> list[int]:
    """A version without its trailing zeros."""
    found = [int(part) for part in version.split(".")]
    while found and not found[-1]:
        found.pop()
    return found


def test_the_oldest_versions_that_are_tested_are_those_that_are_allowed() -> None:
    extras = PROJECT["optional-dependencies"]
    needed = [*PROJECT["dependencies"], *extras["parquet"], *extras["zstd"], *extras["warc"], extras["batch"][-1]]
    allowed = dict(re.fullmatch(r"([\w-]+)>=([\d.]+)", line).groups() for line in needed)  # type: ignore[union-attr]
    tested = dict(line.split("==") for line in (ROOT / "tests" / "oldest.txt").read_text("utf-8").splitlines() if "==" in line)
    assert {name: numbers(version) for name, version in allowed.items()} == {name: numbers(version) for name, version in tested.items()}


def test_the_version_is_the_same_everywhere() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"## {boilerstrip.__version__}\n" in changes
    assert f"version: {boilerstrip.__version__}\n" in citation


def test_every_supported_python_is_declared() -> None:
    declared = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", line)]
    assert PROJECT["requires-python"] == f">={declared[0]}"
    assert all(f"python{version}" in (ROOT / "Makefile").read_text("utf-8") for version in declared)
