"""Hugging Face datasets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pages import PAGES, RULE, URLS, expected

datasets = pytest.importorskip("datasets")
from boilerstrip.integrations.datasets import Strip


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    datasets.disable_progress_bars()
    yield
    datasets.enable_progress_bars()


def columns_of(dataset: Any) -> dict[str, list[Any]]:
    return {name.removeprefix("story_"): list(dataset[name]) for name in dataset.column_names if name.startswith("story_")}


@pytest.mark.parametrize("processes", [None, 2])
def test_equals_clean_many(processes: int | None) -> None:
    dataset = datasets.Dataset.from_dict({"text": PAGES, "n": list(range(len(PAGES)))})
    out = dataset.map(Strip(), batched=True, batch_size=4, num_proc=processes)
    assert columns_of(out) == expected(PAGES)
    assert out["n"][:] == dataset["n"][:]


def test_types() -> None:
    dataset = datasets.Dataset.from_dict({"text": PAGES})
    strip = Strip()
    out = dataset.map(strip, batched=True, batch_size=2, features=strip.features(dataset.features))
    assert out.features["story_error"].dtype == "string" and out.features["story_confidence"].dtype == "float64"


def test_addresses_options_and_prefix() -> None:
    dataset = datasets.Dataset.from_dict({"page": PAGES, "url": URLS})
    out = dataset.map(Strip("page", url="url", prefix="", rules=[RULE]), batched=True)
    assert {name: list(out[name]) for name in expected([])} == expected(PAGES, URLS, rules=[RULE])


def test_streaming() -> None:
    stream = datasets.IterableDataset.from_generator(lambda: ({"text": page} for page in PAGES))
    rows = list(stream.map(Strip(), batched=True, batch_size=3))
    assert [row["story_text"] for row in rows] == expected(PAGES)["text"]


def test_a_second_run_comes_from_the_cache(tmp_path: Path) -> None:
    datasets.Dataset.from_dict({"text": PAGES}).save_to_disk(tmp_path / "stored")
    dataset = datasets.load_from_disk(tmp_path / "stored")
    keep = {"caption", "title", "byline"}
    fingerprints = {dataset.map(Strip(keep=keep), batched=True)._fingerprint for _ in range(2)}
    assert len(fingerprints) == 1
    assert dataset.map(Strip(keep=keep, favor="recall"), batched=True)._fingerprint not in fingerprints


def test_bad_pages_cost_only_themselves() -> None:
    out = datasets.Dataset.from_dict({"text": [PAGES[0], None, PAGES[1]]}).map(Strip(), batched=True)
    assert list(out["story_error"]) == [None, "TypeError: a page must be str or bytes, not NoneType", None]
    assert list(out["story_text"]) == [expected(PAGES)["text"][0], "", expected(PAGES)["text"][1]]
