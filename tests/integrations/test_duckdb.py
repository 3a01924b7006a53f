"""DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pages import COLUMNS, PAGES, RULE, URLS, expected

duckdb = pytest.importorskip("duckdb")
pytest.importorskip("pyarrow")
from boilerstrip.integrations.duckdb import register


@pytest.fixture
def connection() -> Iterator[Any]:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE pages (n INTEGER, page VARCHAR, url VARCHAR)")
        connection.executemany("INSERT INTO pages VALUES (?, ?, ?)", [[n, p, u] for n, (p, u) in enumerate(zip(PAGES, URLS))])
        yield connection


def columns_of(connection: Any, call: str) -> dict[str, list[Any]]:
    rows = connection.execute(f"SELECT {call} AS story FROM pages ORDER BY n").fetchall()
    return {name: [row[0][name] for row in rows] for name in COLUMNS}


def test_equals_clean_many(connection: Any) -> None:
    register(connection)
    assert columns_of(connection, "strip_page(page)") == expected(PAGES)


def test_in_sql(connection: Any) -> None:
    register(connection, "story")
    query = "SELECT count(*), sum(length(story(page).text)) FROM pages WHERE story(page).verdict = 'story'"
    wanted = [t for t, v in zip(expected(PAGES)["text"], expected(PAGES)["verdict"]) if v == "story"]
    assert connection.execute(query).fetchone() == (len(wanted), sum(map(len, wanted)))


def test_addresses_and_options(connection: Any) -> None:
    register(connection, with_url=True, rules=[RULE])
    assert columns_of(connection, "strip_page(page, url)") == expected(PAGES, URLS, rules=[RULE])
    with pytest.raises(TypeError, match="did you mean 'favor'"):
        register(connection, "other", favour="recall")


def test_bad_pages_cost_only_themselves(connection: Any) -> None:
    register(connection)
    connection.execute("UPDATE pages SET page = NULL WHERE n = 1")
    columns = columns_of(connection, "strip_page(page)")
    assert columns["error"][:3] == [None, "TypeError: a page must be str or bytes, not NoneType", None]
    assert columns["text"] == [t if n != 1 else "" for n, t in enumerate(expected(PAGES)["text"])]


def test_many_rows_in_parallel(connection: Any) -> None:
    register(connection)
    connection.execute("CREATE TABLE many AS SELECT page FROM pages, range(230)")
    rows = connection.execute("SELECT page, strip_page(page).text FROM many").fetchall()
    wanted = dict(zip(PAGES, expected(PAGES)["text"]))
    assert len(rows) == 230 * len(PAGES) and all(text == wanted[page] for page, text in rows)
