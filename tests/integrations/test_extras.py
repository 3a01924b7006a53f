"""What is said when an optional package is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import boilerstrip
from boilerstrip.integrations._columns import Columns
from boilerstrip.integrations._extras import extra

MODULES = {"pandas": "pandas", "sklearn": "sklearn", "scrapy": "scrapy", "polars": "polars", "duckdb": "duckdb", "datasets": "datasets",
           "spark": "pyspark", "ray": "ray", "datatrove": "datatrove", "langchain": "langchain_core", "llamaindex": "llama_index",
           "haystack": "haystack", "spacy": "spacy"}


@pytest.mark.parametrize(("name", "package"), MODULES.items())
def test_the_message_names_the_extra(name: str, package: str) -> None:
    hide = f"import sys; sys.modules[{package!r}] = None; import boilerstrip.integrations.{name}"
    done = subprocess.run([sys.executable, "-c", hide], capture_output=True, text=True)
    assert done.returncode == 1
    assert f'{package} is missing; this installs it: pip install "boilerstrip[{name}]"' in done.stderr.splitlines()[-1]


def test_workers_of_another_version_are_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    state = Columns(favor="recall").__getstate__()
    (again := Columns()).__setstate__(state)
    assert again.stripper.options.favor == "recall"
    monkeypatch.setattr(boilerstrip, "__version__", "9.9")
    with pytest.raises(RuntimeError, match=r"this worker has boilerstrip 9\.9"):
        again.__setstate__(state)


def test_other_errors_stay() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_thing"), extra("pandas"):
        import no_such_thing  # noqa: F401


def test_the_package_imports_no_framework() -> None:
    code = f"import sys, boilerstrip.integrations; assert not {set(MODULES.values())!r} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
