"""Many pages: records are read, cleaned by worker processes, and written in parts, so that a run that was
interrupted at any moment goes on without a record lost or doubled.

The journal is what decides: a small file, replaced as a whole after each part, that says which records are done and
how many parts hold them. What a killed run left beyond it does not count and is removed.
"""

from __future__ import annotations

import json
import os
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from boilerstrip import parallel
from boilerstrip.detect.site import Profiles, SiteProfile
from boilerstrip.io import InputError, needs
from boilerstrip.io.read import Broken, Record, Source, find, open_packed, read
from boilerstrip.io.write import FORMATS, Part, encode_json, encode_table, format_of, join, replace_durably
from boilerstrip.labels import Verdict
from boilerstrip.options import Options
from boilerstrip.result import Block, Result
from boilerstrip.stripper import Stripper

__all__ = ["Columns", "Row", "Summary", "host_of", "rows_of", "run"]

CHUNK_RECORDS, CHUNK_BYTES = 64, 1 << 20
PART_BYTES = 64 << 20  # of output; a part is closed when it holds more
OUTPUT_FIELDS = ("text", "title", "verdict", "confidence", "blocks", "removed")
JOURNAL, LOCK, ERRORS = "_journal.json", "_lock", "_errors-{:06d}.jsonl"


@dataclass(frozen=True)
class Columns:
    """Names of input fields: the page's `text` or, before it, `html`; its `id`, its `site` (key of its profile; else
    the host of its `url`)."""

    text: str = "text"
    html: str | None = None
    id: str = "id"
    site: str | None = None
    url: str = "url"


class Row(NamedTuple):
    """One input record, decoded. `rest` is what is passed through."""

    id: Any
    page: str | bytes
    html: bool
    url: str | None
    site: str
    rest: dict[str, Any]


@dataclass
class Summary:
    """What a run did. `counts` holds pages, stories, errors, characters read and kept, and blocks removed by label."""

    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    done_before: int = 0
    errors_file: Path | None = None

    def __str__(self) -> str:
        c = self.counts
        rate = (c["pages"] + c["errors"] - self.done_before) / self.seconds if self.seconds else 0.0
        removed = sorted(((n, name.removeprefix("removed ")) for name, n in c.items() if name.startswith("removed ")), reverse=True)
        lines = [f"{c['pages']:,} pages, {c['stories']:,} with a story, {c['errors']:,} errors, {rate:,.0f} pages/s",
                 f"{c['kept'] / max(c['characters'], 1):.1%} of the characters kept; blocks removed: "
                 + (", ".join(f"{name} {n:,}" for n, name in removed) or "none")]
        if self.done_before:
            lines.append(f"{self.done_before:,} of the records were done before")
        if c["errors"]:
            lines.append(f"what went wrong: {self.errors_file}")
        return "\n".join(lines)


# ---- chunks: what travels to the workers ----------------------------


@dataclass(frozen=True)
class Chunk:
    """Neighbouring records, the first of them number `first` of the run. Where they are rows of a table, `table` is
    its Arrow stream and the items are None."""

    first: int
    records: tuple[Record, ...]
    table: bytes | None = None

    def pieces(self) -> list[Chunk]:
        tables = [None] * len(self.records) if self.table is None else _rows_apart(self.table)
        return [Chunk(self.first + k, (record,), table) for k, (record, table) in enumerate(zip(self.records, tables))]


def _rows_apart(table: bytes) -> list[bytes]:
    batch = _table(table)
    return [_stream(batch.slice(row, 1)) for row in range(batch.num_rows)]


def _stream(batch: Any) -> bytes:
    pa = needs("pyarrow", "parquet")
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _table(stream: bytes) -> Any:
    return needs("pyarrow", "parquet").ipc.open_stream(stream).read_next_batch()


def chunks(records: Iterator[Record], done: Ranges) -> Iterator[Chunk]:
    """The records that are not done, in chunks."""
    number, size, first = 0, 0, 0
    open_: list[Record] = []
    for record in records:
        for a, b in done.missing(number, number + record.count):
            if open_ and (a != first + len(open_) or len(open_) >= CHUNK_RECORDS or size >= CHUNK_BYTES or record.count > 1):
                yield Chunk(first, tuple(open_))
                open_, size = [], 0
            if hasattr(record.item, "num_rows"):
                rows = tuple(Record(record.source, record.index + k - number, None) for k in range(a, b))
                yield Chunk(a, rows, _stream(record.item.slice(a - number, b - a)))
                continue
            if not open_:
                first = a
            open_.append(record)
            size += len(record.item) if isinstance(record.item, bytes) else len(record.item.get("body", b"")) if isinstance(
                record.item, dict) else 0
        number += record.count
    if open_:
        yield Chunk(first, tuple(open_))


class Ranges:
    """A set of whole numbers as ranges [a, b)."""

    def __init__(self, pairs: Sequence[Sequence[int]] = ()) -> None:
        self.pairs = [(int(a), int(b)) for a, b in pairs]

    def add(self, a: int, b: int) -> None:
        left, right = bisect_left(self.pairs, a, key=lambda p: p[1]), bisect_left(self.pairs, b + 1, key=lambda p: p[0])
        if left < right:
            a, b = min(a, self.pairs[left][0]), max(b, self.pairs[right - 1][1])
        self.pairs[left:right] = [(a, b)]

    def missing(self, a: int, b: int) -> Iterator[tuple[int, int]]:
        """What of [a, b) is not in the set."""
        for low, high in self.pairs[bisect_left(self.pairs, a + 1, key=lambda p: p[1]):]:
            if low >= b:
                break
            if low > a:
                yield a, low
            a = max(a, high)
        if a < b:
            yield a, b

    def __len__(self) -> int:
        return sum(b - a for a, b in self.pairs)


# ---- the workers' side ----------------------------


class Reply(NamedTuple):
    """What became of a chunk: encoded output, errors, counts."""

    data: bytes
    errors: list[dict[str, Any]]
    counts: Counter[str]


@dataclass(frozen=True)
class Cleaner:
    """The task of the workers."""

    columns: Columns
    options: Options
    form: str
    blocks: bool = False
    removed: bool = False
    profiles: Path | None = None

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        store = Profiles(self.profiles) if self.profiles is not None else {}
        object.__setattr__(self, "_store", store)
        object.__setattr__(self, "_stripper", lru_cache(64)(self._make_stripper))
        Stripper(self.options).clean("")  # loads the model, so that no page's time is spent on it

    def __call__(self, chunk: Chunk) -> Reply:
        rows, kept_columns = rows_of(chunk, self.columns, whole=self.form != "parquet")
        results = self._results([row for row in rows if isinstance(row, Row)])
        good: list[dict[str, Any]] = []
        places: list[int] = []
        errors: list[dict[str, Any]] = []
        counts: Counter[str] = Counter()
        for place, (row, record) in enumerate(zip(rows, chunk.records)):
            result = next(results) if isinstance(row, Row) else None
            reason = row.reason if isinstance(row, Bad) else result.error if result is not None else None
            if result is None or reason is not None:
                errors.append(error_of(record, row.id, str(reason)))
                continue
            counts.update(_counts(result))
            good.append(self._output(row.rest if isinstance(row, Row) else {}, result))
            places.append(place)
        counts["errors"] = len(errors)
        return Reply(self._encoded(good, places, kept_columns), errors, counts)

    def _results(self, rows: Sequence[Row]) -> Iterator[Result]:
        """Results in the order of the rows; rows of one kind and site go through one Stripper together."""
        groups: dict[tuple[bool, str], list[int]] = {}
        for number, row in enumerate(rows):
            groups.setdefault((row.html, row.site if row.site in self._store else ""), []).append(number)  # type: ignore[attr-defined]
        found: dict[int, Result] = {}
        for key, numbers in groups.items():
            stripper: Stripper = self._stripper(*key)  # type: ignore[attr-defined]
            found.update(zip(numbers, stripper.clean_many([(rows[n].page, rows[n].url) for n in numbers])))
        return (found[number] for number in range(len(rows)))

    def _make_stripper(self, html: bool, site: str) -> Stripper:
        options = replace(self.options, input="html") if html else self.options
        return Stripper(replace(options, site=self._store[site]) if site else options)  # type: ignore[attr-defined]

    def _output(self, rest: Mapping[str, Any], result: Result) -> dict[str, Any]:
        out = {f"source_{name}" if name in OUTPUT_FIELDS else name: value for name, value in rest.items()}
        out |= {"text": result.text, "title": result.title, "verdict": str(result.verdict), "confidence": round(result.confidence, 4)}
        if self.blocks:
            out["blocks"] = [_plain(block) for block in result.page]
        if self.removed:
            out["removed"] = [_plain(block) for block in result.removed]
        return out

    def _encoded(self, rows: Sequence[Mapping[str, Any]], places: Sequence[int], kept: Any) -> bytes:
        if not rows:
            return b""
        if self.form != "parquet":
            return encode_json(rows)
        if kept is not None:
            names = [f"source_{name}" if name in OUTPUT_FIELDS else name for name in kept.schema.names]
            kept = kept.rename_columns(names).take(places)
        return encode_table(rows, kept)


def _plain(block: Block) -> dict[str, Any]:
    return {"text": block.text, "label": str(block.label), "story": round(block.story, 4), "confidence": round(block.confidence, 4),
            "kept": block.kept}


def _counts(result: Result) -> Counter[str]:
    removed = Counter(block.label for block in result.page if not block.kept)
    counts = Counter({f"removed {label}": count for label, count in removed.items()})
    counts["pages"], counts["stories"] = 1, int(result.verdict is Verdict.STORY)
    counts["characters"] = sum(map(len, result.scored.text))
    counts["kept"] = sum(len(block.text) for block in result.page if block.kept)
    return counts


# ---- records -> rows ----------------------------


class Bad(NamedTuple):
    """A record that holds no page, and why."""

    id: Any
    reason: str


def rows_of(chunk: Chunk, columns: Columns, whole: bool = True) -> tuple[list[Row | Bad], Any]:
    """The rows of a chunk. With `whole` unset, what is passed through of a table comes as its columns, second."""
    if chunk.table is None:
        return [_row(record.item, columns) for record in chunk.records], None
    batch = _table(chunk.table)
    page_fields = [name for name in (columns.text, columns.html) if name in batch.schema.names]
    if whole:
        return [_row_of_mapping(row, columns) for row in _as_rows(batch)], None
    used = [name for name in batch.schema.names if name in (columns.text, columns.html, columns.id, columns.site, columns.url)]
    rows = [_row_of_mapping(row, columns) for row in _as_rows(batch.select(used))]
    return [row._replace(rest={}) if isinstance(row, Row) else row for row in rows], batch.drop_columns(page_fields)


def _as_rows(batch: Any) -> list[dict[str, Any]]:
    pa = needs("pyarrow", "parquet")
    for number, kind in enumerate(batch.schema.types):  # Python's times know no nanoseconds
        if pa.types.is_timestamp(kind) and kind.unit == "ns":
            batch = batch.set_column(number, batch.schema.names[number], batch.column(number).cast(pa.timestamp("us", kind.tz), safe=False))
    return batch.to_pylist()  # type: ignore[no-any-return]


def _row(item: Any, columns: Columns) -> Row | Bad:
    if isinstance(item, Broken):
        return Bad(None, item.reason)
    if isinstance(item, Path):
        try:
            with open_packed(item) as file:
                page = file.read()
        except OSError as error:
            return Bad(str(item), error.strerror or str(error))
        return Row(str(item), page, item.suffix.lower() != ".txt", None, "", {"id": str(item)})
    if isinstance(item, dict):
        rest = {name: item[name] for name in ("id", "url", "date")}
        return Row(item["id"], _decoded(item["body"], item["charset"]), item["html"], item["url"], host_of(item["url"]), rest)
    try:
        row = json.loads(item.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as error:
        return Bad(None, f"no JSON: {error}")
    return _row_of_mapping(row, columns) if isinstance(row, dict) else Bad(None, f"a {type(row).__name__}, not a JSON object")


def _row_of_mapping(row: dict[str, Any], columns: Columns) -> Row | Bad:
    name = row.get(columns.id)
    field_ = columns.html if columns.html is not None and row.get(columns.html) is not None else columns.text
    page = row.get(field_)
    if not isinstance(page, (str, bytes)):
        wanted = f"{columns.html!r} or {columns.text!r}" if columns.html is not None else repr(columns.text)
        return Bad(name, f"field {field_!r} holds {type(page).__name__}, not text" if page is not None else
                   f"field {wanted} is null" if field_ in row else f"field {wanted} is missing")
    url = row.get(columns.url)
    url = url if isinstance(url, str) else None
    site = row.get(columns.site) if columns.site is not None else host_of(url)
    rest = {key: value for key, value in row.items() if key not in (columns.text, columns.html)}
    return Row(name, page, field_ == columns.html, url, str(site or ""), rest)


def _decoded(body: bytes, charset: str | None) -> str | bytes:
    """Text, if it is in the charset that was declared; else the bytes, for the Stripper to find out."""
    try:
        return body.decode(charset) if charset else body
    except (LookupError, ValueError):
        return body


def host_of(url: str | None) -> str:
    """The host that an address names, without "www."."""
    try:
        return (urlsplit(url or "").hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def error_of(record: Record, name: Any, reason: str) -> dict[str, Any]:
    """A line of the errors file."""
    return {"id": name, "source": record.source, "record": record.index, "reason": reason}


# ---- the parent's side ----------------------------


class Output:
    """Parts, journal and errors of one run.

    Args:
        target: a file, or a folder that will hold the parts.
        job: what the run is about; a run that goes on must be about the same.
        resume: go on where an earlier run stopped.

    Raises:
        InputError: if the output is there already, in use, or of another job.
    """

    def __init__(self, target: Path, form: str, errors: Path, job: dict[str, Any], resume: bool) -> None:
        self.target, self.form, self.errors, self._job = target, form, errors, job
        self.is_folder = target.suffix not in (".jsonl", ".ndjson", ".parquet", ".gz", ".zst")
        self.folder = target if self.is_folder else target.with_name(target.name + ".parts")
        self.counts: Counter[str] = Counter()
        self.done = Ranges()
        self.parts, self.finished = 0, False
        self._lock: int | None = None
        if not self.is_folder and target.exists() and not (self.folder / JOURNAL).exists():
            if not resume:
                raise InputError(f"{target}: is there already; remove it first")
            self.finished = True  # the run that wrote it had come to its end
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self.folder / LOCK)
        try:
            self._read_journal(resume)
        except InputError:
            self.close()
            raise
        self._tidy()
        self._open()

    def _read_journal(self, resume: bool) -> None:
        try:
            journal = json.loads((self.folder / JOURNAL).read_text("utf-8"))
        except FileNotFoundError:
            return
        except ValueError:
            raise InputError(f"{self.folder / JOURNAL}: is damaged; remove {self.folder} to begin anew") from None
        if not resume:
            raise InputError(f"{self.folder}: holds the parts of an earlier run; --resume goes on with it, or remove the folder")
        for key, value in self._job.items():
            if journal["job"].get(key) != json.loads(json.dumps(value)):
                raise InputError(f"{self.folder}: is of a run with another {key}; use the same, or remove the folder")
        self.done, self.parts, self.counts = Ranges(journal["done"]), journal["parts"], Counter(journal["counts"])
        self.finished = journal["finished"]

    def _tidy(self) -> None:
        """Remove what an interrupted run left beyond its journal."""
        known = {JOURNAL, LOCK, *(path.name for n in range(self.parts) for path in (self._part(n), self._errors(n)))}
        for path in self.folder.iterdir():
            if path.name not in known and path.name.startswith(("part-", "_part-", "_errors-", "__errors-", "_journal", "_joined", "_all")):
                path.unlink()

    def _part(self, number: int) -> Path:
        suffixes = "".join(self.target.suffixes[-2:]) if self.target.suffix in (".gz", ".zst") else f".{self.form}"
        return self.folder / f"part-{number:06d}{suffixes}"

    def _errors(self, number: int) -> Path:
        return self.folder / ERRORS.format(number)

    def _open(self) -> None:
        self._data, self._bad = Part(self._part(self.parts), self.form), Part(self._errors(self.parts), "jsonl")
        self._new, self._new_counts = [], Counter()  # type: ignore[var-annotated]

    def add(self, first: int, count: int, replies: Sequence[Reply]) -> None:
        """Take in a whole chunk."""
        for reply in replies:
            if reply.data:
                self._data.add(reply.data)
            if reply.errors:
                self._bad.add(encode_json(reply.errors))
            self._new_counts.update(reply.counts)
        self._new.append((first, first + count))

    @property
    def pending(self) -> int:
        """Records taken in since the last commit."""
        return sum(b - a for a, b in self._new)

    @property
    def size(self) -> int:
        return self._data.size

    def commit(self) -> None:
        """Close the part; from here on its records are done."""
        if not self._new:
            return
        self._data.close()
        self._bad.close()
        for a, b in self._new:
            self.done.add(a, b)
        self.counts.update(self._new_counts)
        self.parts += 1
        self._write_journal()
        self._open()

    def _write_journal(self) -> None:
        temporary = self.folder / f"{JOURNAL}.tmp"
        journal = {"job": self._job, "parts": self.parts, "done": self.done.pairs, "counts": self.counts, "finished": self.finished}
        temporary.write_text(json.dumps(journal), "utf-8")
        replace_durably(temporary, self.folder / JOURNAL)

    def finish(self) -> None:
        """Join the parts to the output (a folder keeps them), and the errors to their file."""
        parts, errors = ([path for n in range(self.parts) if (path := name(n)).exists()] for name in (self._part, self._errors))
        if not self.finished:
            self.errors.unlink(missing_ok=True)  # of an earlier run
            if errors:
                self.errors.parent.mkdir(parents=True, exist_ok=True)
                join(errors, self.errors, "jsonl", self.errors.with_name(f"_{self.errors.name}.tmp"))
            if not self.is_folder:
                join(parts, self.target, self.form, self.folder / "_joined")
            self.finished = True
            self._write_journal()
        for path in errors if self.is_folder else [*errors, *parts, self.folder / JOURNAL]:
            path.unlink(missing_ok=True)
        self.close()
        self.clear()

    def clear(self) -> None:
        """Remove what is left of the folder of parts; where the output is a folder, only the lock."""
        (self.folder / LOCK).unlink(missing_ok=True)
        if not self.is_folder and self.folder.exists():
            self.folder.rmdir()

    def close(self) -> None:
        """Let others use the output."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _locked(path: Path) -> int | None:
    """A lock that ends with this process, however it ends; None where there are no such locks."""
    try:
        import fcntl
    except ImportError:
        return None
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise InputError(f"{path.parent}: another run is writing there") from None
    return handle


def run(inputs: Sequence[str | Path], target: str | Path, *, columns: Columns = Columns(), options: Options | None = None,
        form: str | None = None, blocks: bool = False, removed: bool = False, profiles: Path | None = None, workers: int = 1,
        ordered: bool = False, resume: bool = False, timeout: float | None = None, part_size: int = 10_000,
        errors: Path | None = None, progress: Callable[[int, int], None] | None = None) -> Summary:
    """Clean all records of the inputs into the target.

    Args:
        inputs: files, folders and glob patterns.
        target: a .jsonl (.gz, .zst) or .parquet file, or a folder for parts (then `form` says of which kind).
        blocks, removed: whether all blocks, or those removed, are written too.
        profiles: a file of site profiles.
        ordered: whether the output has the order of the input.
        resume: go on with a run that was interrupted.
        timeout: seconds that one document may take.
        part_size: records after which a part is put on disk.
        errors: where failures are listed; by default beside the target.
        progress: is told how many pages and errors there are more.

    Raises:
        InputError: for inputs or an output that cannot be used; nothing was done then, or what was done is kept.
        OSError: if the output cannot be written; what was done is kept, and `resume` goes on with it.
    """
    target = Path(target)
    if form is None:
        form = format_of(target)
    elif form not in FORMATS:
        raise InputError(f"the format must be one of {', '.join(FORMATS)}, not {form!r}")
    sources = find(inputs)
    if profiles is not None:
        Profiles(profiles)  # a wrong file is told of before anything runs
    cleaner = Cleaner(columns, options or Options(), form, blocks, removed, profiles)
    errors = errors or target.with_name(target.name + ".errors.jsonl")
    output = Output(target, form, errors, _job(sources, cleaner), resume)
    summary = Summary(output.counts, 0.0, len(output.done), errors)
    if output.finished and not output.is_folder and not (output.folder / JOURNAL).exists():
        output.clear()
        summary.counts["errors"] = errors.read_bytes().count(b"\n") if errors.exists() else 0
        return summary
    begun = time.perf_counter()
    with _closing(output):
        if not output.finished:
            _work(sources, cleaner, output, workers, ordered, timeout, part_size, progress)
        output.finish()
    summary.seconds = time.perf_counter() - begun
    return summary


@contextmanager
def _closing(output: Output) -> Iterator[None]:
    """What was taken in is put on disk when the run stops, unless writing is what failed."""
    try:
        yield
    except OSError:
        output.close()
        raise
    except BaseException:
        output.commit()
        output.close()
        raise


def _job(sources: Sequence[Source], cleaner: Cleaner) -> dict[str, Any]:
    """What makes two runs the same: inputs as they are on disk, fields, options."""
    files = [[str(source.path), source.path.stat().st_size, source.path.stat().st_mtime_ns] for source in sources]
    settings = {"fields": repr(cleaner.columns), "options": repr(replace(cleaner.options, site=None)), "format": cleaner.form,
                "choice of --blocks or --removed": [cleaner.blocks, cleaner.removed], "file of profiles": str(cleaner.profiles)}
    return {"input": files, **settings}


def _work(sources: Sequence[Source], cleaner: Cleaner, output: Output, workers: int, ordered: bool, timeout: float | None,
          part_size: int, progress: Callable[[int, int], None] | None) -> None:
    todo = chunks(read(sources), Ranges(output.done.pairs))
    answers = parallel.spread(cleaner, todo, workers, ordered=ordered, timeout=timeout)
    try:
        for chunk, parts in answers:
            replies = [_failed(piece, answer, cleaner) if isinstance(answer, parallel.Failure) else answer for piece, answer in parts]
            output.add(chunk.first, len(chunk.records), replies)
            if progress is not None:
                progress(len(chunk.records), sum(len(reply.errors) for reply in replies))
            if output.pending >= part_size or output.size >= PART_BYTES:
                output.commit()
    finally:
        answers.close()  # type: ignore[attr-defined]
    output.commit()


def _failed(chunk: Chunk, failure: parallel.Failure, cleaner: Cleaner) -> Reply:
    """What is known of documents that no worker could answer for."""
    rows, _ = rows_of(chunk, cleaner.columns)
    errors = [error_of(record, row.id, failure.reason) for record, row in zip(chunk.records, rows)]
    return Reply(b"", errors, Counter(errors=len(errors)))


# ---- learning ----------------------------


def learn(inputs: Sequence[str | Path], target: str | Path, *, columns: Columns = Columns(), most: int = 200, fewest: int = 3,
          engine: Literal["memory", "duckdb"] = "memory", memory: str = "1GB",
          progress: Callable[[int, int], None] | None = None) -> tuple[int, int]:
    """Learn a profile of every site with at least `fewest` pages, from at most `most` pages each.

    Args:
        engine: where the counts of all sites are held: in memory, or out of core by DuckDB (extra: duckdb), which gives
            the same profiles.
        memory: what DuckDB may hold, such as "500MB".

    Returns:
        How many sites, and how many pages.
    """
    pages = _pages_of_sites(inputs, columns, progress)
    if engine == "memory":
        return _learn_in_memory(pages, target, most, fewest)
    try:
        from boilerstrip.integrations.duckdb import learn_profiles
    except ImportError as error:
        raise InputError(str(error)) from None
    return learn_profiles(pages, target, most=most, fewest=fewest, memory=memory)


def _pages_of_sites(inputs: Sequence[str | Path], columns: Columns,
                    progress: Callable[[int, int], None] | None) -> Iterator[tuple[str, str | bytes, bool | None]]:
    """Of every record that has them the site, the page, and whether it is HTML for sure."""
    for chunk in chunks(read(find(inputs)), Ranges()):
        rows, _ = rows_of(chunk, columns)
        yield from ((row.site, row.page, row.html or None) for row in rows if isinstance(row, Row) and row.site)
        if progress is not None:
            progress(len(rows), sum(isinstance(row, Bad) for row in rows))


def _learn_in_memory(pages: Iterable[tuple[str, str | bytes, bool | None]], target: str | Path, most: int, fewest: int) -> tuple[int, int]:
    from boilerstrip.detect.site import Learner

    learners: dict[str, Learner] = {}
    whole: dict[str, SiteProfile] = {}
    count = 0
    for site, page, html in pages:
        if site in whole:
            continue
        learner = learners.setdefault(site, Learner(site))
        count += learner.add(page, html)
        if learner.pages >= most:
            whole[site] = learners.pop(site).profile().pruned()
    for site, learner in learners.items():
        if learner.pages >= fewest:
            whole[site] = learner.profile().pruned()
    Profiles.write((whole[site] for site in sorted(whole)), target)
    return len(whole), count
