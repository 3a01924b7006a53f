"""Apache Spark, in local mode."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pages import COLUMNS, PAGES, RULE, URLS, expected, page

pytest.importorskip("pyspark")
pa = pytest.importorskip("pyarrow")
if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
    pytest.skip("Spark needs Java", allow_module_level=True)
from pyspark.sql import SparkSession

from boilerstrip.detect.model import default_model
from boilerstrip.detect.site import SiteProfile
from boilerstrip.integrations._columns import Columns
from boilerstrip.integrations.spark import STRUCT, learn_profiles, strip_column


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = (SparkSession.builder.master("local[2]").appName("test").config("spark.ui.enabled", False)
               .config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
               .config("spark.driver.memory", "1g").config("spark.sql.shuffle.partitions", 2)
               .config("spark.sql.execution.arrow.maxRecordsPerBatch", 5).getOrCreate())
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


def columns_of(frame: Any) -> dict[str, list[Any]]:
    rows = frame.orderBy("n").collect()
    return {name: [row["story"][name] for row in rows] for name in COLUMNS}


def pages(spark: Any, texts: list[Any] = PAGES, kind: str = "string") -> Any:
    return spark.createDataFrame(list(zip(range(len(texts)), texts, URLS)), f"n int, page {kind}, url string")


def test_equals_clean_many(spark: Any) -> None:
    out = strip_column(pages(spark).repartition(3), "page")
    assert out.columns == ["n", "page", "url", "story"]
    assert out.schema["story"].dataType == STRUCT
    assert columns_of(out) == expected(PAGES)


def test_in_sql(spark: Any) -> None:
    strip_column(pages(spark), "page").createOrReplaceTempView("stories")
    count = spark.sql("SELECT count(*) AS n FROM stories WHERE story.verdict = 'story'").first()["n"]
    assert count == expected(PAGES)["verdict"].count("story")


def test_addresses_and_options(spark: Any) -> None:
    out = strip_column(pages(spark), "page", url="url", rules=[RULE], threshold=0.4).select("n", "story")
    assert columns_of(out) == expected(PAGES, URLS, rules=[RULE], threshold=0.4)


def test_bytes(spark: Any) -> None:
    out = strip_column(pages(spark, [page.encode() for page in PAGES], "binary"), "page")
    assert columns_of(out) == expected(PAGES)


def test_bad_pages_cost_only_themselves(spark: Any) -> None:
    columns = columns_of(strip_column(pages(spark, [PAGES[0], None, PAGES[1]]), "page"))
    assert columns["error"] == [None, "TypeError: a page must be str or bytes, not NoneType", None]
    assert columns["text"] == [expected(PAGES)["text"][0], "", expected(PAGES)["text"][1]]


def test_the_model_is_loaded_once_per_worker(spark: Any) -> None:
    columns = Columns()

    def loads(batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            columns.structs(batch.column("page"))
            yield pa.RecordBatch.from_pydict({"pid": [os.getpid()], "loads": [default_model.cache_info().misses]})

    frame = pages(spark, PAGES * 6).repartition(6).mapInArrow(loads, "pid long, loads long")
    seen = [row for _ in range(2) for row in frame.collect()]
    assert {row["loads"] for row in seen} == {1}
    assert len({row["pid"] for row in seen}) < 12  # tasks


def test_profiles_are_learned_and_used(spark: Any, tmp_path: Path) -> None:
    sites = [f"{'abc'[n % 3]}.example" for n in range(24)]
    texts = [page(n) + f"\n\nAll the news of {site}, every day" for n, site in enumerate(sites)]
    frame = spark.createDataFrame(list(zip(range(24), texts, sites)), "n int, page string, site string").repartition(4)
    learned = learn_profiles(frame.where("site != 'c.example'"), "page", "site").orderBy("site").collect()
    whole = {site: SiteProfile.learn([t for t, s in zip(texts, sites) if s == site], site).pruned() for site in sorted(set(sites))}
    assert {row["site"]: json.loads(row["profile"]) for row in learned} == {s: p.to_dict() for s, p in whole.items() if s != "c.example"}
    (tmp_path / "profiles.jsonl").write_text("".join(row["profile"] + "\n" for row in learned))
    out = columns_of(strip_column(frame, "page", site="site", profiles=tmp_path / "profiles.jsonl"))
    for site, profile in {**whole, "c.example": None}.items():
        numbers = [n for n, s in enumerate(sites) if s == site]
        wanted = expected([texts[n] for n in numbers], site=profile)
        assert {name: [values[n] for n in numbers] for name, values in out.items()} == wanted
    with pytest.raises(ValueError, match="go together"):
        strip_column(frame, "page", site="site")


def test_says_what_is_wrong(spark: Any) -> None:
    with pytest.raises(ValueError, match="there is no column 'text'; there are n, page, url"):
        strip_column(pages(spark), "text")
    with pytest.raises(ValueError, match="there is a column 'url' already"):
        strip_column(pages(spark), "page", into="url")
    with pytest.raises(TypeError, match="did you mean 'favor'"):
        strip_column(pages(spark), "page", favour="recall")
