"""Apache Spark: a column of pages -> a column of stories, and what sites repeat, learned in groups."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from boilerstrip.detect.site import Learner
from boilerstrip.integrations._columns import COLUMNS, Columns
from boilerstrip.integrations._extras import extra

with extra("spark", "pyspark", "pyarrow"):
    import pyarrow as pa
    from pyspark.sql import DataFrame
    from pyspark.sql.types import DoubleType, StringType, StructField, StructType

__all__ = ["STRUCT", "learn_profiles", "strip_column"]

STRUCT = StructType([StructField(name, DoubleType() if name == "confidence" else StringType()) for name in COLUMNS])
"""What `strip_column` adds: text, title, verdict, confidence, page_type and error."""
ROWS = 1_000  # that are worked on and handed back together


def strip_column(frame: DataFrame, column: str, *, into: str = "story", url: str | None = None, site: str | None = None,
                 profiles: str | Path | None = None, **options: Any) -> DataFrame:
    """`frame` with one column more, a struct: `strip_column(df, "text").select("id", "story.text", "story.verdict")`.

    Runs by `mapInArrow`: rows keep their order and their partition. A worker process loads the model once.

    Args:
        column: the column of raw texts or HTML, string or binary.
        into: the name of the new column.
        url: the column of the pages' addresses.
        site: the column of the keys of their profiles.
        profiles: a file of site profiles, which every worker can read; see `learn_profiles`.
        options: as of `boilerstrip.Stripper`.

    Raises:
        ValueError: if a column is missing, `into` is there already, or one of `site` and `profiles` is given without the other.
    """
    _check(frame, column, url, site)
    if into in frame.columns:
        raise ValueError(f"there is a column {into!r} already; name another one with into=")
    if (site is None) != (profiles is None):
        raise ValueError("site= and profiles= go together")
    columns = Columns(profiles, **options)

    def strip(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for first in range(0, batch.num_rows, ROWS):
                rows = batch.slice(first, ROWS)
                struct = columns.structs(*(None if name is None else rows.column(name) for name in (column, url, site)))
                yield pa.RecordBatch.from_arrays([*rows.columns, struct], names=[*rows.schema.names, into])

    return frame.mapInArrow(strip, StructType([*frame.schema.fields, StructField(into, STRUCT)]))


def learn_profiles(frame: DataFrame, column: str, site: str) -> DataFrame:
    """What recurs on each site, learned by `groupBy`: the site, its number of distinct pages, and its profile as JSON.

    The profiles are the lines of a file for `profiles=`, and for `boilerstrip batch --profiles`. A group is held in memory:
    some hundred pages per site are enough, so take a sample of large ones.

    Args:
        column: the column of raw texts or HTML, as they will be cleaned.
        site: the column of their site, a string.

    Raises:
        ValueError: if a column is missing.
    """
    _check(frame, column, site)

    def learn(pages: pa.Table) -> pa.Table:
        name = pages.column(site)[0].as_py() or ""
        learner = Learner(name)
        for page in pages.column(column):
            if page.is_valid:
                learner.add(page.as_py())
        profile = learner.profile().pruned()
        return pa.table({"site": [name], "pages": [profile.pages], "profile": [json.dumps(profile.to_dict())]})

    return frame.select(column, site).groupBy(site).applyInArrow(learn, "site string, pages long, profile string")


def _check(frame: DataFrame, *columns: str | None) -> None:
    for name in columns:
        if name is not None and name not in frame.columns:
            raise ValueError(f"there is no column {name!r}; there are {', '.join(frame.columns)}")
