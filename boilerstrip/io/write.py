"""Records -> files, written under a temporary name, put on disk and only then given their own name."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from boilerstrip.io import InputError, needs

__all__ = ["Part", "encode_json", "encode_table", "format_of", "join", "replace_durably"]

FORMATS = ("jsonl", "parquet")
JOINED_ROWS = 2_000  # rows of a row group of joined Parquet files: so many are in memory at a time
BLOCK_FIELDS = ("text", "label", "story", "confidence", "kept")


def format_of(path: Path) -> str:
    """The format that an output's name asks for.

    Raises:
        InputError: for a name that says nothing, and where an extra is missing.
    """
    suffixes = path.suffixes[:-1] if path.suffix in (".gz", ".zst") else path.suffixes
    if path.suffix == ".parquet":
        needs("pyarrow.parquet", "parquet")
        return "parquet"
    if suffixes and suffixes[-1] in (".jsonl", ".ndjson"):
        if path.suffix == ".zst":
            needs("zstandard", "zstd")
        return "jsonl"
    raise InputError(f"{path}: the output must be named .jsonl, .jsonl.gz, .jsonl.zst or .parquet, or be a folder with --format")


# ---- rows -> bytes, in the workers ----------------------------


def encode_json(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """JSON lines; a lone surrogate is escaped, since UTF-8 has no place for it."""
    lines = []
    for row in rows:
        try:
            lines.append(json.dumps(row, ensure_ascii=False, default=str).encode())
        except UnicodeEncodeError:
            lines.append(json.dumps(row, default=str).encode())
    return b"".join(line + b"\n" for line in lines)


def encode_table(rows: Sequence[Mapping[str, Any]], kept: Any = None) -> bytes:
    """Rows as an Arrow stream; `kept` are columns of a table that stand before them as they are. Nested values become
    JSON texts, except those of `blocks` and `removed`."""
    pa = needs("pyarrow", "parquet")
    columns = {} if kept is None else dict(zip(kept.schema.names, kept.columns))
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row.get(name) for row in rows]
        columns[name] = _blocks(pa, values) if name in ("blocks", "removed") else _column(pa, values)
    table = pa.table(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _blocks(pa: Any, values: Sequence[Any]) -> Any:
    kinds = dict(zip(BLOCK_FIELDS, (pa.string(), pa.string(), pa.float64(), pa.float64(), pa.bool_())))
    plain = [[{**block, "text": _sound(block["text"])} for block in value] for value in values]
    return pa.array(plain, pa.list_(pa.struct(kinds.items())))


def _column(pa: Any, values: Sequence[Any]) -> Any:
    plain = [json.dumps(v, default=str) if isinstance(v, (dict, list)) else _sound(v) for v in values]
    try:
        return pa.array(plain)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):  # values of several kinds
        return pa.array([v if v is None or isinstance(v, str) else json.dumps(v, default=str) for v in plain], pa.string())


def _sound(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


# ---- bytes -> files, in the parent ----------------------------


class Part:
    """One part of the output: grows under a temporary name, and gets its own when it is whole and on disk."""

    def __init__(self, path: Path, form: str) -> None:
        self._path, self._form = path, form
        self._temporary = path.with_name(f"_{path.name}.tmp")
        self._file: IO[bytes] | None = None
        self._tables: list[Any] = []
        self.size = 0

    def add(self, data: bytes) -> None:
        """Append what `encode_json` or `encode_table` gave."""
        self.size += len(data)
        if self._form == "parquet":
            pa = needs("pyarrow", "parquet")
            self._tables.append(pa.ipc.open_stream(data).read_all())
            return
        if self._file is None:
            self._file = _create(self._temporary, self._path.suffix)
        self._file.write(data)

    def close(self) -> None:
        """Put the part in its place; nothing is there if nothing was added."""
        if self._form == "parquet" and self._tables:
            pa = needs("pyarrow", "parquet")
            schema = unified([table.schema for table in self._tables])
            whole = pa.concat_tables([_cast(table, schema) for table in self._tables])
            needs("pyarrow.parquet", "parquet").write_table(whole, self._temporary, compression="zstd")
            self._tables = []
            del whole
            pa.default_memory_pool().release_unused()
        elif self._file is not None:
            self._file.close()
        else:
            return
        replace_durably(self._temporary, self._path)


def _create(path: Path, suffix: str) -> IO[bytes]:
    if suffix == ".gz":
        return gzip.open(path, "wb", 6)  # type: ignore[return-value]
    if suffix == ".zst":
        return needs("zstandard", "zstd").open(path, "wb")  # type: ignore[no-any-return]
    return path.open("wb", 1 << 20)


def replace_durably(temporary: Path, path: Path) -> None:
    """Give a file its name, once its content is on disk."""
    _sync(temporary)
    os.replace(temporary, path)
    if os.name == "posix":
        _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def join(parts: Sequence[Path], target: Path, form: str, temporary: Path) -> None:
    """All parts as one file, which is there as a whole or not at all. Packed JSONL parts can stand behind each other."""
    if form == "parquet":
        _join_tables(parts, temporary)
    else:
        with temporary.open("wb") as out:
            for part in parts:
                with part.open("rb") as file:
                    shutil.copyfileobj(file, out, 1 << 20)
    replace_durably(temporary, target)


def _join_tables(parts: Sequence[Path], temporary: Path) -> None:
    pa, parquet = needs("pyarrow", "parquet"), needs("pyarrow.parquet", "parquet")
    schema = unified([parquet.read_schema(part) for part in parts]) if parts else pa.schema([])
    with parquet.ParquetWriter(temporary, schema, compression="zstd") as writer:
        for part in parts:
            with parquet.ParquetFile(part, pre_buffer=False) as file:
                for batch in file.iter_batches(JOINED_ROWS, use_threads=False):
                    writer.write_table(_cast(pa.Table.from_batches([batch]), schema))
            pa.default_memory_pool().release_unused()


def unified(schemas: Sequence[Any]) -> Any:
    """One schema for all: each field of the most general of its types; text where they have nothing in common."""
    pa = needs("pyarrow", "parquet")
    kinds: dict[str, Any] = {}
    for field in (field for schema in schemas for field in schema):
        known = kinds.setdefault(field.name, field.type)
        if known != field.type:
            try:
                pair = [pa.schema([(field.name, kind)]) for kind in (known, field.type)]
                kinds[field.name] = pa.unify_schemas(pair, promote_options="permissive").field(0).type
            except (pa.ArrowInvalid, pa.ArrowTypeError):
                kinds[field.name] = pa.string()
    return pa.schema(list(kinds.items()))


def _cast(table: Any, schema: Any) -> Any:
    pa = needs("pyarrow", "parquet")
    columns = [table.column(field.name).cast(field.type) if field.name in table.schema.names else pa.nulls(table.num_rows, field.type)
               for field in schema]
    return pa.table(columns, schema=schema)
