"""Polars: an expression from pages to stories."""

from __future__ import annotations

from typing import Any

from boilerstrip.integrations._columns import COLUMNS, Columns
from boilerstrip.integrations._extras import extra

with extra("polars"):
    import polars as pl

__all__ = ["DTYPE", "strip"]

DTYPE = pl.Struct({name: pl.Float64 if name == "confidence" else pl.String for name in COLUMNS})
"""What `strip` gives: a struct of text, title, verdict, confidence, page_type and error."""


def strip(pages: str | pl.Expr, url: str | pl.Expr | None = None, **options: Any) -> pl.Expr:
    """The stories of a column: `df.with_columns(strip("text").alias("story"))`, and then `.unnest("story")` or
    `pl.col("story").struct.field("text")`. Row by row, so lazy frames may stream.

    Args:
        pages: a column of raw texts or HTML, text or binary.
        url: a column of their addresses.
        options: as of `boilerstrip.Stripper`.
    """
    columns = Columns(**options)
    used = [_column(pages).alias("page"), *([] if url is None else [_column(url).alias("url")])]

    def struct(series: pl.Series) -> pl.Series:
        urls = None if url is None else series.struct.field("url")
        rows = list(columns.rows(series.struct.field("page"), urls))
        return pl.Series(series.name, rows, DTYPE)

    return pl.struct(used).map_batches(struct, return_dtype=DTYPE, is_elementwise=True)


def _column(column: str | pl.Expr) -> pl.Expr:
    return pl.col(column) if isinstance(column, str) else column
