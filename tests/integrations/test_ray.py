"""Ray Data, on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pages import COLUMNS, PAGES, RULE, URLS, expected

ray = pytest.importorskip("ray")
pytest.importorskip("ray.data")
from boilerstrip.integrations.ray import Strip, strip_column


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR", object_store_memory=150 << 20)
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield
    ray.shutdown()


def pages(texts: list[Any] = PAGES) -> Any:
    rows = [{"n": n, "page": text, "url": url} for n, (text, url) in enumerate(zip(texts, URLS))]
    return ray.data.from_items(rows, override_num_blocks=2)


def columns_of(dataset: Any) -> dict[str, list[Any]]:
    rows = sorted(dataset.take_all(), key=lambda row: row["n"])
    return {name: [row["story"][name] for row in rows] for name in COLUMNS}


def test_equals_clean_many() -> None:
    out = strip_column(pages(), "page")
    assert columns_of(out) == expected(PAGES)


def test_map_batches_with_addresses_and_options() -> None:
    out = pages().map_batches(Strip, fn_constructor_args=("page",), batch_format="pyarrow", batch_size=4, concurrency=1,
                              fn_constructor_kwargs={"url": "url", "rules": [RULE], "favor": "recall"})
    assert columns_of(out) == expected(PAGES, URLS, rules=[RULE], favor="recall")


def test_bad_pages_cost_only_themselves() -> None:
    columns = columns_of(strip_column(pages([PAGES[0], None, PAGES[1]]), "page"))
    assert columns["error"] == [None, "TypeError: a page must be str or bytes, not NoneType", None]
    assert columns["text"] == [expected(PAGES)["text"][0], "", expected(PAGES)["text"][1]]


def test_the_model_is_loaded_once_per_actor() -> None:
    class Telling(Strip):
        def __call__(self, batch: Any) -> Any:
            from boilerstrip.detect.model import default_model

            batch = super().__call__(batch)
            return batch.append_column("loads", [[default_model.cache_info().misses] * batch.num_rows])

    out = pages().map_batches(Telling, fn_constructor_args=("page",), batch_format="pyarrow", batch_size=2, concurrency=1)
    assert {row["loads"] for row in out.take_all()} == {1}


def test_says_what_is_wrong_before_anything_runs() -> None:
    with pytest.raises(TypeError, match="did you mean 'favor'"):
        strip_column(pages(), "page", favour="recall")
