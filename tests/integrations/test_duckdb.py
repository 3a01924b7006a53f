"""DuckDB."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pages import COLUMNS, PAGES, RULE, URLS, expected, page

duckdb = pytest.importorskip("duckdb")
pytest.importorskip("pyarrow")
from boilerstrip import batch
from boilerstrip.batch import Columns
from boilerstrip.cli import main
from boilerstrip.detect.site import Profiles
from boilerstrip.integrations.duckdb import learn_profiles, register


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


# ---- learning out of core ----------------------------

SITES = ["wend.example", "sarn.example", "Sarn.example", "thrup.example", 'a "quoted" \\ sité', "\U0001f41f", "\uffff", "\ud800", "nul\0"]


def crawl(seed: int = 1) -> list[tuple[str, str]]:
    """Pages of many sites in no order, with all but equal ones among them, empty ones, and a site of two pages only."""
    r = random.Random(seed)
    rows = [(site, page(100 * n + k).replace("Courier", f"{site} Courier")) for n, site in enumerate(SITES) for k in range(12)]
    rows += [(site, text.replace("Ferry fares", "Tram fares")) for site, text in r.sample(rows, 30)]
    rows += [("few.example", page(n)) for n in range(2)]
    rows += [("empty.example", text) for text in ("", "\n", "1 2 3", "")] + [("", page(1))]
    r.shuffle(rows)
    return rows


def write_crawl(path: Path, rows: list[tuple[str, str]]) -> Path:
    path.write_text("".join(json.dumps({"domain": site, "text": text}) + "\n" for site, text in rows) + '{"domain": "wend.example"}\n')
    return path


@pytest.mark.parametrize(("most", "name"), [(200, "profiles.jsonl"), (5, "profiles.jsonl"), (200, "profiles.parquet")])
def test_profiles_are_those_of_the_learner_in_memory(tmp_path: Path, most: int, name: str) -> None:
    rows = [row for row in crawl() if row[0] != "\ud800" or name.endswith("jsonl")]  # Parquet cannot hold it
    source = write_crawl(tmp_path / "in.jsonl", rows)
    counts = []
    for engine in ("memory", "duckdb"):
        (tmp_path / engine).mkdir()
        counts.append(batch.learn([source], tmp_path / engine / name, columns=Columns(site="domain"), most=most, engine=engine))
    assert counts[0] == counts[1]
    assert (tmp_path / "memory" / name).read_bytes() == (tmp_path / "duckdb" / name).read_bytes()
    assert len(Profiles(tmp_path / "duckdb" / name)) == counts[0][0] > 8
    assert [path.name for path in (tmp_path / "duckdb").iterdir()] == [name]


def test_a_twin_of_a_page_that_was_forgotten_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boilerstrip.detect.site.MEMORY", 4)
    texts = [page(n) for n in (*range(9), 0, 8)]
    source = write_crawl(tmp_path / "in.jsonl", [("wend.example", text) for text in texts])
    for engine in ("memory", "duckdb"):
        batch.learn([source], tmp_path / f"{engine}.jsonl", columns=Columns(site="domain"), engine=engine)
    assert Profiles(tmp_path / "duckdb.jsonl")["wend.example"].pages == 10
    assert (tmp_path / "duckdb.jsonl").read_bytes() == (tmp_path / "memory.jsonl").read_bytes()


def test_a_relation_is_learned_from(connection: Any, tmp_path: Path) -> None:
    connection.execute("UPDATE pages SET page = NULL WHERE n = 1; UPDATE pages SET url = 'wend.example' WHERE n <> 2")
    assert learn_profiles(connection.sql("SELECT url, page FROM pages ORDER BY n"), tmp_path / "p.jsonl") == (1, len(PAGES) - 2)
    pages = [("wend.example", text) for n, text in enumerate(PAGES) if n not in (1, 2)]
    learn_profiles(pages, tmp_path / "q.jsonl")
    assert (tmp_path / "p.jsonl").read_bytes() == (tmp_path / "q.jsonl").read_bytes()


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = write_crawl(tmp_path / "in.jsonl", crawl()), tmp_path / "p.jsonl"
    arguments = ["learn", str(source), "--site-field", "domain", "--engine", "duckdb", "-o", str(target)]
    assert main([*arguments, "--memory", "much"]) == 1
    assert "DuckDB: Parser Error" in capsys.readouterr().err
    assert main([*arguments, "--memory", "100kB"]) == 1
    assert "DuckDB: Out of Memory" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]
    assert main([*arguments, "--memory", "200MB"]) == 0
    assert "10 profiles" in capsys.readouterr().err


FLOOD = """
import resource, sys
import numpy as np
from boilerstrip.integrations import duckdb

COMMON, places = np.arange(50, dtype=np.uint64), np.arange(250)

def blocks(page, html):  # 250 blocks, 50 of them on all pages of all sites
    r = np.random.default_rng(int(page))
    hashes = np.concatenate([COMMON, np.unique(r.integers(1 << 32, 1 << 63, 200).astype(np.uint64))])
    count = len(hashes)
    return hashes[-64:], duckdb.PageBlocks(hashes, places[:count] % 9 + 1, places[:count], places[:count][::-1])

duckdb.look_at = blocks
count = int(sys.argv[1])
pages = ((f"s{n * 7919 % (count // 5)}.example", str(n)) for n in range(count))
assert duckdb.learn_profiles(pages, sys.argv[2], memory="100MB") == (count // 5, count)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_stays_flat(tmp_path: Path) -> None:
    peaks = [int(subprocess.run([sys.executable, "-c", FLOOD, str(count), str(tmp_path / "p.jsonl")], capture_output=True, text=True,
                                check=True).stdout) for count in (2_000, 16_000)]
    assert peaks[1] < 1.15 * peaks[0]  # though there are 150 MiB more of counts
