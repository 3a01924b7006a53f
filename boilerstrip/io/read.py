"""Inputs -> records, one after the other and no more in memory than the one at hand.

What cannot be read becomes a `Broken` record in its place, and reading goes on with the next record or file.
"""

from __future__ import annotations

import glob
import gzip
import io
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from boilerstrip.io import InputError, needs

__all__ = ["Broken", "Record", "Source", "find", "read"]

KINDS = {"jsonl": (".jsonl", ".ndjson"), "parquet": (".parquet",), "warc": (".warc", ".wet"), "page": (".html", ".htm", ".txt")}
PACKED = (".gz", ".zst")
PARQUET_ROWS = 64  # rows of a table record
LONGEST_LINE = 256 << 20  # bytes
MAGIC = "*?["


class Broken(NamedTuple):
    """Stands where a record could not be read."""

    reason: str


class Source(NamedTuple):
    """One input file."""

    path: Path
    kind: str


class Record(NamedTuple):
    """One record: an item of `source`, counted from `index` (lines, rows, records, from 1).

    `item` is a JSON line (bytes), a mapping (WARC), a Path (a page that is a file of its own), Broken, or a pyarrow
    RecordBatch, which is as many records as it has rows.
    """

    source: str
    index: int  # type: ignore[assignment]
    item: Any

    @property
    def count(self) -> int:  # type: ignore[override]
        return getattr(self.item, "num_rows", 1)


def find(inputs: Iterable[str | Path]) -> list[Source]:
    """The files that inputs name: files, folders (all files in them of a known kind) and glob patterns, each sorted.

    Raises:
        InputError: for an input that names nothing, or a file of unknown kind; and where an extra is missing.
    """
    found = [source for name in inputs for source in _find(str(name))]
    if not found:
        raise InputError("there is no input")
    kinds = {source.kind for source in found}
    if "parquet" in kinds:
        needs("pyarrow.parquet", "parquet")
    if "warc" in kinds:
        needs("fastwarc.warc", "warc")
    if any(source.path.suffix == ".zst" and source.kind == "jsonl" for source in found):
        needs("zstandard", "zstd")
    return found


def _find(name: str) -> list[Source]:
    if os.path.isdir(name):
        paths = sorted(Path(folder, file) for folder, _, files in os.walk(name) for file in files)
        found = [Source(path, kind) for path in paths if (kind := _kind(path)) is not None]
        if not found:
            raise InputError(f"{name}: no file of a known kind in this folder")
        return found
    if os.path.exists(name):
        paths = [Path(name)]
    else:
        paths = [Path(path) for path in sorted(glob.glob(name, recursive=True))] if any(c in name for c in MAGIC) else []
        if not paths:
            raise InputError(f"{name}: no such file")
    return [Source(path, _known_kind(path)) for path in paths if not path.is_dir()]


def _kind(path: Path) -> str | None:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in PACKED:
        suffixes.pop()
    kind = next((kind for kind, known in KINDS.items() if suffixes and suffixes[-1] in known), None)
    return None if kind in ("parquet", "page") and path.suffix.lower() in PACKED else kind


def _known_kind(path: Path) -> str:
    kind = _kind(path)
    if kind is None:
        known = " ".join(suffix for group in KINDS.values() for suffix in group)
        raise InputError(f"{path}: unknown kind of file; known are {known} (JSONL and WARC also with .gz or .zst)")
    return kind


def read(sources: Sequence[Source]) -> Iterator[Record]:
    """All records of all sources, in order."""
    readers = {"jsonl": _read_jsonl, "parquet": _read_parquet, "warc": _read_warc}
    for source in sources:
        name = str(source.path)
        if source.kind == "page":
            yield Record(name, 1, source.path)
            continue
        index = 0
        try:
            for index, item in readers[source.kind](source.path):
                yield Record(name, index, item)
                index += getattr(item, "num_rows", 1) - 1
        except (OSError, EOFError, ValueError, zlib.error, *_codec_errors()) as error:  # type: ignore[misc]
            yield Record(name, index + 1, Broken(f"{_reason(error)}; the file cannot be read from here on"))


def _reason(error: BaseException) -> str:
    text = (error.strerror if isinstance(error, OSError) and error.strerror else str(error)) or type(error).__name__
    return text.splitlines()[0].rstrip(".")


def _codec_errors() -> tuple[type[BaseException], ...]:
    try:
        from zstandard import ZstdError
    except ImportError:
        return ()
    return (ZstdError,)


def _read_jsonl(path: Path) -> Iterator[tuple[int, bytes | Broken]]:
    """Lines that are not blank, numbered as an editor does."""
    with open_packed(path) as file:
        number = 0
        while line := file.readline(LONGEST_LINE):
            number += 1
            if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                while (rest := file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                    pass
                yield number, Broken(f"the line is longer than {LONGEST_LINE >> 20} MiB")
            elif not line.isspace():
                yield number, line


def open_packed(path: Path) -> IO[bytes]:
    """A file for reading, unpacked as its suffix says."""
    if path.suffix == ".gz":
        return gzip.open(path, "rb")  # type: ignore[return-value]
    if path.suffix == ".zst":
        packed = path.open("rb")
        reader = needs("zstandard", "zstd").ZstdDecompressor().stream_reader(packed, read_across_frames=True, closefd=True)
        return io.BufferedReader(reader, 1 << 20)
    return path.open("rb", 1 << 20)


def _read_parquet(path: Path) -> Iterator[tuple[int, Any]]:
    with needs("pyarrow.parquet", "parquet").ParquetFile(path) as file:
        row = 1
        for batch in file.iter_batches(PARQUET_ROWS, use_threads=False):
            if batch.num_rows:
                yield row, batch
                row += batch.num_rows


def _read_warc(path: Path) -> Iterator[tuple[int, dict[str, Any] | Broken]]:
    """Responses that are HTML or text, and the texts of WET files; the number counts all records of these types."""
    warc = needs("fastwarc.warc", "warc")
    types = warc.WarcRecordType.response | warc.WarcRecordType.conversion
    with path.open("rb") as file:
        for number, record in enumerate(warc.ArchiveIterator(file, record_types=types, parse_http=True, auto_decode="all"), 1):
            kind = (record.http_content_type or "") if record.is_http else "text/plain"
            if kind not in ("text/html", "application/xhtml+xml", "text/plain"):
                continue
            packed = record.is_http and "content-encoding" in {name.lower() for name, _ in record.http_headers}
            length, body = record.content_length, record.reader.read()
            if len(body) < length and not packed and not (record.is_http and _is_chunked(record)):
                yield number, Broken(f"the record {record.record_id} ends after {len(body):,} of {length:,} bytes")
                continue
            yield number, {"id": record.record_id, "url": record.headers.get("WARC-Target-URI"), "date": record.headers.get("WARC-Date"),
                           "body": body, "charset": record.http_charset if record.is_http else "utf-8", "html": kind != "text/plain"}


def _is_chunked(record: Any) -> bool:
    return any(name.lower() == "transfer-encoding" and "chunked" in value.lower() for name, value in record.http_headers)
