"""Apache Spark: a column of pages -> a column of stories, and what sites repeat, learned in groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from boilerstrip.integrations._columns import COLUMNS, Columns
from boilerstrip.integrations._extras import extra

with extra("spark", "pyspark", "pyarrow"):
    import pyarrow as pa
    from pyspark.sql import DataFrame
    from pyspark.sql.types import DoubleType, StringType, StructField, StructType

__all__ = ["STRUCT", "strip_column"]

STRUCT = StructType([StructField(name, DoubleType() if name == "confidence" else StringType()) for name in COLUMNS])
"""What `strip_column` adds: text, title, verdict, confidence, page_type and error."""
ROWS = 1_000  # that are worked on and handed back together


def strip_column(frame: DataFrame, column: str, *, into: str = "story", url: str | None = None, **options: Any) -> DataFrame:
    """`frame` with one column more, a struct: `strip_column(df, "text").select("id", "story.text", "story.verdict")`.

    Runs by `mapInArrow`: rows keep their order and their partition. A worker process loads the model once.

    Args:
        column: the column of raw texts or HTML, string or binary.
        into: the name of the new column.
        url: the column of the pages' addresses.
        options: as of `boilerstrip.Stripper`.

    Raises:
        ValueError: if a column is missing, or `into` is there already.
    """
    for name in (column, *([] if url is None else [url])):
        if name not in frame.columns:
            raise ValueError(f"there is no column {name!r}; there are {', '.join(frame.columns)}")
    if into in frame.columns:
        raise ValueError(f"there is a column {into!r} already; name another one with into=")
    columns = Columns(**options)

    def strip(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for first in range(0, batch.num_rows, ROWS):
                rows = batch.slice(first, ROWS)
                struct = columns.structs(rows.column(column), None if url is None else rows.column(url))
                yield pa.RecordBatch.from_arrays([*rows.columns, struct], names=[*rows.schema.names, into])

    return frame.mapInArrow(strip, StructType([*frame.schema.fields, StructField(into, STRUCT)]))
