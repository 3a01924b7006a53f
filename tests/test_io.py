"""Readers and writers: what comes out of files of every kind, whole and broken."""

from __future__ import annotations

import builtins
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from boilerstrip.io import InputError, needs
from boilerstrip.io.read import Broken, find, read
from boilerstrip.io.write import Part, encode_json, encode_table, format_of, join

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
zstandard = pytest.importorskip("zstandard")
pytest.importorskip("fastwarc")

LINES = b"".join(json.dumps({"id": n, "text": f"Boat number {n} left the quay."}).encode() + b"\n" for n in range(200))


def items(*paths: Path) -> list[Any]:
    return [record.item for record in read(find(paths))]


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_jsonl_is_the_same_however_it_is_packed(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"pages.jsonl{suffix}"
    path.write_bytes({"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}[suffix](LINES))
    assert b"".join(items(path)) == LINES


def test_blank_lines_are_skipped_and_lines_counted_as_an_editor_does(tmp_path: Path) -> None:
    path = tmp_path / "pages.jsonl"
    path.write_bytes(b'{"a": 1}\n\n  \n{"a": 2}')
    assert [(r.index, r.item) for r in read(find([path]))] == [(1, b'{"a": 1}\n'), (4, b'{"a": 2}')]


def test_members_and_frames_behind_each_other_are_one_file(tmp_path: Path) -> None:
    for suffix, pack in ((".gz", gzip.compress), (".zst", zstandard.compress)):
        path = tmp_path / f"two.jsonl{suffix}"
        path.write_bytes(pack(LINES[:300]) + pack(LINES[300:]))
        assert b"".join(items(path)) == LINES


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_truncated_file_gives_what_is_whole_and_says_where_it_ends(tmp_path: Path, suffix: str) -> None:
    whole = b"".join(json.dumps({"n": n, "text": str(n * n * 7919) * 40}).encode() + b"\n" for n in range(9_000))
    packed = {".gz": gzip.compress, ".zst": zstandard.compress}[suffix](whole)
    path, after = tmp_path / f"a.jsonl{suffix}", tmp_path / "b.jsonl"
    path.write_bytes(packed[:len(packed) // 2])
    after.write_bytes(LINES)
    records = list(read(find([path, after])))
    broken = [r for r in records if isinstance(r.item, Broken)]
    if suffix == ".zst" and not broken:  # a frame that ends early ends the stream: the torn line tells
        assert not records[len(records) - 201].item.endswith(b"\n")
    else:
        assert len(broken) == 1
        assert broken[0].source == str(path)
        assert broken[0].index == records.index(broken[0]) + 1
    assert [r.item for r in records[-200:]] == LINES.splitlines(keepends=True)


def test_no_gzip_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(LINES)
    [item] = items(path)
    assert isinstance(item, Broken)
    assert "gzip" in item.reason.lower()


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boilerstrip.io.read.LONGEST_LINE", 100)
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"1" * 1000 + b'\n{"a": 2}\n')
    first, second = items(path)
    assert isinstance(first, Broken)
    assert second == b'{"a": 2}\n'


def test_parquet_comes_as_tables(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"id": list(range(150)), "text": ["x"] * 150}), path, row_group_size=70)
    records = list(read(find([path])))
    assert sum(r.count for r in records) == 150
    assert [r.index for r in records] == [1 + sum(r.count for r in records[:n]) for n in range(len(records))]


def test_broken_parquet_is_one_broken_record(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"text": ["x" * 1000] * 150}), path)
    path.write_bytes(path.read_bytes()[:-40])
    [item] = items(path)
    assert isinstance(item, Broken)
    path.write_bytes(b"")
    assert isinstance(items(path)[0], Broken)


def warc_record(kind: str, uri: str, body: bytes, content_type: str, length: int | None = None) -> bytes:
    head = (f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {uri}\r\nWARC-Record-ID: <urn:uuid:{len(uri):032x}>\r\n"
            f"WARC-Date: 2031-05-02T10:00:00Z\r\nContent-Type: {content_type}\r\nContent-Length: {length or len(body)}\r\n\r\n")
    return head.encode() + body + b"\r\n\r\n"


def response(uri: str, body: bytes, kind: str = "text/html; charset=utf-8", length: int | None = None) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n".encode()
    return warc_record("response", uri, head + body, "application/http; msgtype=response", length)


@pytest.mark.parametrize("suffix", [".warc", ".warc.gz"])
def test_warc_gives_html_and_text_only(tmp_path: Path, suffix: str) -> None:
    records = [warc_record("warcinfo", "x", b"a: b", "application/warc-fields"), response("http://a/1", b"<p>Eins"),
               response("http://a/2", b"{}", "application/json"), response("http://a/3", b"Drei", "text/plain"),
               warc_record("conversion", "http://a/4", b"Vier", "text/plain")]
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"".join(map(gzip.compress, records)) if suffix.endswith(".gz") else b"".join(records))
    assert [(i["url"], i["body"], i["html"]) for i in items(path)] == [
        ("http://a/1", b"<p>Eins", True), ("http://a/3", b"Drei", False), ("http://a/4", b"Vier", False)]


def test_a_false_length_costs_no_record_before_it(tmp_path: Path) -> None:
    path = tmp_path / "a.warc"
    one, three = response("http://a/1", b"<p>Eins"), response("http://a/3", b"<p>Drei")
    path.write_bytes(one + response("http://a/2", b"<p>Zwei", length=60) + three)
    first, *_, last = items(path)
    assert first["body"] == b"<p>Eins"
    assert isinstance(last, Broken)
    path.write_bytes(one + response("http://a/2", b"<p>Zwei", length=6_000))
    first, last = items(path)
    assert first["body"] == b"<p>Eins"
    assert isinstance(last, Broken)
    assert "6,000" in last.reason or "bytes" in last.reason


def test_folders_and_patterns(tmp_path: Path) -> None:
    for name in ("b.txt", "a/c.html", "a/notes.md", "d.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}\n")
    assert [str(s.path.relative_to(tmp_path)) for s in find([tmp_path])] == ["a/c.html", "b.txt", "d.jsonl"]
    assert [s.path.name for s in find([f"{tmp_path}/**/*.html", f"{tmp_path}/*.txt"])] == ["c.html", "b.txt"]
    for wrong, why in (("a/notes.md", "unknown kind"), ("none.jsonl", "no such file"), ("*.warc", "no such")):
        with pytest.raises(InputError, match=why):
            find([tmp_path / wrong])
    with pytest.raises(InputError, match="no input"):
        find([])


def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("nowhere"):
            raise ImportError(name)
        return real(name, *args, **kwargs)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"boilerstrip\[warc\]"):
        needs("nowhere.warc", "warc")


def test_output_names() -> None:
    assert [format_of(Path(name)) for name in ("a.jsonl", "a.jsonl.gz", "a.jsonl.zst", "a.b.parquet")] == ["jsonl"] * 3 + ["parquet"]
    for wrong in ("a.csv", "a", "a.gz"):
        with pytest.raises(InputError):
            format_of(Path(wrong))


def test_lone_surrogates_are_written_and_read_again() -> None:
    row = {"text": "half \ud83d a sign", "n": 1}
    assert json.loads(encode_json([row])) == row


def test_tables_of_what_no_column_can_hold(tmp_path: Path) -> None:
    one = encode_table([{"a": 1, "b": {"x": [1]}, "c": None, "d": "\ud800"}, {"a": "two", "b": None, "c": 2 ** 70, "d": "x"}])
    two = encode_table([{"a": 3, "e": True}])
    path = tmp_path / "part-000000.parquet"
    part = Part(path, "parquet")
    part.add(one)
    part.add(two)
    part.close()
    rows = parquet.read_table(path).to_pylist()
    assert [row["a"] for row in rows] == ["1", "two", "3"]
    assert json.loads(rows[0]["b"]) == {"x": [1]}
    assert rows[1]["c"] == str(2 ** 70)
    assert [row["e"] for row in rows] == [None, None, True]


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".jsonl.zst"])
def test_parts_appear_whole_and_are_joined(tmp_path: Path, suffix: str) -> None:
    paths = [tmp_path / f"part-{n}{suffix}" for n in range(3)]
    for path, a in zip(paths, (0, 900, 2000)):
        part = Part(path, "jsonl")
        part.add(LINES[a:])
        assert not path.exists()
        part.close()
        assert path.exists()
    target = tmp_path / f"all{suffix}"
    join(paths, target, "jsonl", tmp_path / "_joined")
    target_lines = items(target)
    assert b"".join(target_lines) == LINES + LINES[900:] + LINES[2000:] or len(target_lines) > 200
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([target.name, *(path.name for path in paths)])
