"""The rates of Spark and Ray in docs/integrations.md, against `clean_many` on the same pages and one core.

    python docs/make_engines.py [PAGES]

Needs pyspark (and Java), ray and pyarrow. PAGES made-up pages (20,000 unless told otherwise), from the written ones in `fixtures/`,
are read from Parquet and written to it. All starts are left out but that of Ray's actor, which `map_batches` brings with it.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from boilerstrip import clean_many

FIXTURES = Path(__file__).parents[1] / "fixtures" / "written"


def made_up_pages(count: int) -> pa.Table:
    """Written pages over and over, without their labels, three to a page (6,000 characters), each with a number of its own."""
    labelled = [path.read_text("utf-8").partition("\n---\n")[2].split("\n") for path in sorted(FIXTURES.glob("*.txt"))]
    texts = ["\n".join(line.partition("|")[2].strip() for line in lines) for lines in labelled]
    threes = ["\n\n".join(texts[k:k + 3]) for k in range(len(texts) - 2)]
    return pa.table({"text": [f"{text}\n{number}" for number, text in enumerate(islice(cycle(threes), count))]})


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def with_clean_many(source: Path, target: Path) -> float:
    def work() -> None:
        stories = [result.text for result in clean_many(pq.read_table(source)["text"].to_pylist())]
        pq.write_table(pa.table({"story": stories}), target / "plain.parquet")
    return seconds(work)


def with_spark(source: Path, target: Path) -> float:
    from pyspark.sql import SparkSession

    from boilerstrip.integrations.spark import strip_column

    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", False).config("spark.driver.host", "127.0.0.1")
               .config("spark.driver.bindAddress", "127.0.0.1").getOrCreate())
    session.sparkContext.setLogLevel("ERROR")
    frame = strip_column(session.read.parquet(str(source)), "text")
    frame.limit(10).collect()  # the worker process and its model
    took = seconds(lambda: frame.write.parquet(str(target / "spark")))
    session.stop()
    return took


def with_ray(source: Path, target: Path) -> float:
    import ray

    from boilerstrip.integrations.ray import strip_column

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    took = seconds(lambda: strip_column(ray.data.read_parquet(str(source))).write_parquet(str(target / "ray")))
    ray.shutdown()
    return took


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "pages.parquet", Path(folder)
        pq.write_table(made_up_pages(count), source)
        list(clean_many(["warm up"]))
        plain = with_clean_many(source, target)
        print(f"{count} pages; clean_many {count / plain:.0f} pages a second")
        for name, measure in (("Spark, local[1]", with_spark), ("Ray Data, one actor", with_ray)):
            print(f"| {name} | {plain / measure(source, target):.2f} |")


if __name__ == "__main__":
    main()
