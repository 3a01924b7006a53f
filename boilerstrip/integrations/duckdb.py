"""DuckDB: a function for SQL."""

from __future__ import annotations

from typing import Any

from boilerstrip.integrations._columns import COLUMNS, Columns
from boilerstrip.integrations._extras import extra

with extra("duckdb", "duckdb", "pyarrow"):
    import duckdb
    import pyarrow  # noqa: F401  (functions on Arrow arrays need it)

__all__ = ["register"]


def register(connection: duckdb.DuckDBPyConnection, name: str = "strip_page", *, with_url: bool = False, **options: Any) -> None:
    """Make `name(page)` known to a connection: `SELECT id, strip_page(page).text FROM pages`.

    It returns a STRUCT of text, title, verdict, confidence, page_type and error.

    Args:
        with_url: the function takes the page's address, too: `name(page, url)`.
        options: as of `boilerstrip.Stripper`.
    """
    columns = Columns(**options)

    def strip_page(pages: Any) -> Any:
        return columns.structs(pages)

    def strip_page_of(pages: Any, urls: Any) -> Any:
        return columns.structs(pages, urls)

    struct = duckdb.struct_type({column: "DOUBLE" if column == "confidence" else "VARCHAR" for column in COLUMNS})
    connection.create_function(name, strip_page_of if with_url else strip_page, ["VARCHAR"] * (1 + with_url), struct, type="arrow",
                               null_handling="special")
