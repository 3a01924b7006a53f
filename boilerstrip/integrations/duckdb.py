"""DuckDB: a function for SQL, and what sites repeat, counted out of core."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from boilerstrip.detect.site import COLUMNS as COUNTS
from boilerstrip.detect.site import PageBlocks, Profiles, SiteProfile, Twins, look_at
from boilerstrip.integrations._columns import COLUMNS, Columns
from boilerstrip.integrations._extras import extra
from boilerstrip.io import InputError

with extra("duckdb", "duckdb", "pyarrow"):
    import duckdb
    import pyarrow as pa

__all__ = ["learn_profiles", "register"]

ROWS = 131_072  # that go to DuckDB and come back together: above its row groups, so that they are written to disk at once
THREADS = 4  # at most: each takes its part of the memory, and Python's side is the slower one

Page = tuple[str, str | bytes] | tuple[str, str | bytes, bool | None]


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


def learn_profiles(pages: duckdb.DuckDBPyRelation | Iterable[Page], target: str | Path, *, most: int = 200, fewest: int = 3,
                   memory: str = "1GB") -> tuple[int, int]:
    """Write a file of the profiles of all sites, as `boilerstrip learn` does, to the last bit, in bounded memory.

    In any order of the pages: DuckDB sorts and sums on disk, in a folder beside `target` that is removed at the end.
    This process holds the sketches of the last pages of one site, and one profile without what stands on one page only.

    Args:
        pages: a relation of two columns, site and page, or an iterable of such pairs; a third entry says whether the page is
            HTML (None: it is looked at). Those of no site or no page are left out.
        target: a .parquet file, else JSON lines.
        most: pages of a site that are enough, the first ones.
        fewest: a site with fewer pages gets no profile.
        memory: what DuckDB may hold, such as "500MB"; Python's side comes on top of it, some 200 MB.

    Returns:
        How many sites, and how many pages.

    Raises:
        InputError: if DuckDB cannot do it in so much memory, or on so much disk.
    """
    rows: Iterable[tuple[Any, ...]] = _rows(pages) if isinstance(pages, duckdb.DuckDBPyRelation) else pages
    with TemporaryDirectory(prefix=f".{Path(target).name}.", dir=Path(target).parent) as folder, _plain_errors():
        settings = {"memory_limit": memory, "temp_directory": f"{folder}/spill", "preserve_insertion_order": False,
                    "threads": min(THREADS, os.cpu_count() or 1)}
        with duckdb.connect(f"{folder}/counts.duckdb", config=settings) as connection:
            _store(connection, rows)
            count = _choose(connection, most, fewest)
            Profiles.write(_profiles(connection), target)
            sites = connection.execute("SELECT count(*) FROM sites").fetchall()[0][0]
    return sites, count


def _rows(relation: duckdb.DuckDBPyRelation) -> Iterator[tuple[Any, ...]]:
    for batch in _reader(relation, 1_000):
        yield from zip(*(column.to_pylist() for column in batch.columns))


def _reader(relation: duckdb.DuckDBPyRelation, rows: int) -> pa.RecordBatchReader:
    read = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader  # its name in DuckDB 1
    return read(rows)


def _store(connection: duckdb.DuckDBPyConnection, pages: Iterable[tuple[Any, ...]]) -> None:
    """Look at every page once: its sketch and its blocks go to disk."""
    connection.execute("CREATE TABLE pages (page BIGINT, site BLOB, sketch BLOB);"
                       "CREATE TABLE blocks (page BIGINT, hash UBIGINT, words BIGINT, top BIGINT, bottom BIGINT)")
    heads: list[tuple[int, bytes, bytes]] = []
    rows: list[tuple[Any, ...]] = []
    held = 0

    def flush() -> None:
        _insert(connection, "pages", dict(zip(("page", "site", "sketch"), map(list, zip(*heads)))))
        _insert(connection, "blocks", dict(zip(("page", *PageBlocks._fields), map(np.concatenate, zip(*rows)))))
        heads.clear()
        rows.clear()

    for number, (site, page, *html) in enumerate(pages):
        if not site or page is None:
            continue
        sketch, blocks = look_at(page, html[0] if html else None)
        heads.append((number, site.encode("utf-8", "surrogatepass"), sketch.tobytes()))  # bytes sort as Python's strings do
        rows.append((np.full(len(blocks.hash), number), *blocks))
        held += len(blocks.hash) + len(sketch)
        if held >= ROWS:
            flush()
            held = 0
    if heads:
        flush()


def _choose(connection: duckdb.DuckDBPyConnection, most: int, fewest: int) -> int:
    """Which pages count: the first `most` of each site that are no twins, in the order of the input. Returns how many."""
    connection.execute("CREATE TABLE sites (site BIGINT, name BLOB, pages BIGINT); CREATE TABLE chosen (page BIGINT, site BIGINT)")
    writer = connection.cursor()
    pages: list[int] = []
    numbers: list[int] = []
    sites: list[tuple[int, bytes, int]] = []
    total = 0

    def flush() -> None:
        _insert(writer, "chosen", {"page": pages, "site": numbers})
        _insert(writer, "sites", dict(zip(("site", "name", "pages"), map(list, zip(*sites)))))
        for held in (pages, numbers, sites):
            held.clear()

    rows = _stream(connection, "SELECT site, page, sketch FROM pages ORDER BY site, page")
    for number, (name, group) in enumerate(groupby(rows, key=lambda row: row[0])):
        twins, count = Twins(), 0
        for _, page, sketch in group:
            if count < most and not twins.has(np.frombuffer(sketch, np.uint64)):
                count += 1
                pages.append(page)
                numbers.append(number)
            if len(pages) >= ROWS:
                flush()
        total += count
        if count >= fewest:
            sites.append((number, name, count))
    flush()
    return total


def _profiles(connection: duckdb.DuckDBPyConnection) -> Iterator[SiteProfile]:
    """The profiles in the order of the sites' names, each when it is asked for."""
    sums = ", ".join(f"CAST(sum({place}) AS BIGINT), CAST(sum({place} * {place}) AS BIGINT)" for place in ("top", "bottom"))
    cursor = connection.cursor()  # one for each result that is read while another is
    counts = cursor.sql(
        f"SELECT site, hash, count(*) AS pages_with, min(words), {sums} FROM blocks JOIN chosen USING (page) "
        "WHERE site IN (SELECT site FROM sites) GROUP BY site, hash HAVING pages_with >= 2 ORDER BY site, hash")
    groups = _groups(_reader(counts, ROWS))
    ready = next(groups, None)
    for number, name, pages in _stream(connection, "SELECT site, name, pages FROM sites ORDER BY site"):
        columns = _nothing()
        if ready is not None and ready[0] == number:
            columns, ready = ready[1], next(groups, None)
        yield SiteProfile(pages, **dict(zip(COUNTS, columns)), site=name.decode("utf-8", "surrogatepass"))


def _groups(reader: pa.RecordBatchReader) -> Iterator[tuple[int, list[Any]]]:
    """Rows sorted by their first column -> its value and the other columns, group by group."""
    open_: list[list[Any]] = []
    site = -1
    for batch in reader:
        numbers, *columns = (column.to_numpy(zero_copy_only=False) for column in batch.columns)
        cuts = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]
        for a, b in zip(cuts, cuts[1:] if len(numbers) else []):
            if open_ and numbers[a] != site:
                yield site, [np.concatenate(parts) for parts in zip(*open_)]
                open_ = []
            site = int(numbers[a])
            open_.append([column[a:b] for column in columns])
    if open_:
        yield site, [np.concatenate(parts) for parts in zip(*open_)]


def _nothing() -> list[Any]:
    return [np.zeros(0, np.uint64 if name == "hash" else np.int64) for name in COUNTS]


def _stream(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[tuple[Any, ...]]:
    cursor = connection.cursor()
    yield from _rows(cursor.sql(query))


def _insert(connection: duckdb.DuckDBPyConnection, table: str, columns: dict[str, Any]) -> None:
    if columns and len(columns[next(iter(columns))]):
        connection.register("new_rows", pa.table(columns))
        connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM new_rows")
        connection.unregister("new_rows")


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise InputError(f"DuckDB: {error}") from None
