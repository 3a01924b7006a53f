"""Batches: every record once, whatever happens to workers, files or the run itself."""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from boilerstrip import Stripper, batch, clean, clean_many, parallel
from boilerstrip.batch import Chunk, Cleaner, Columns, Ranges, Reply
from boilerstrip.cli_batch import add_commands
from boilerstrip.io import InputError

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

ROOT = Path(__file__).parents[1]
PLACES = ["quay", "mill", "chapel", "orchard", "ferry", "school", "signal box", "bakery"]


def page(number: int) -> str:
    """A short page with a story of its own."""
    r = random.Random(number)
    lines = [f"The keeper of the {r.choice(PLACES)} counted {r.randint(3, 900)} visitors on the first warm day of spring, and told"
             f" the council in a letter that the {r.choice(PLACES)} by the river would need a new roof by autumn." for _ in range(3)]
    return "\n\n".join(["Home", "News", "Contact", f"The {r.choice(PLACES)} roof", *lines, "Share this page", "© 2031 The Valley Post"])


def write_jsonl(path: Path, count: int, **more: Any) -> Path:
    path.write_text("".join(json.dumps({"id": n, **more, "text": page(n)}) + "\n" for n in range(count)))
    return path


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


class Run(NamedTuple):
    code: int
    err: str


def cli(*args: object, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process, with the errors that `boilerstrip` would print."""
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(required=True))
    try:
        options = parser.parse_args([str(arg) for arg in args])
        code = options.run(options)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        code = 1
    return Run(code, capsys.readouterr().err)


# ---- what a run writes ----------------------------


def test_batch_gives_what_clean_gives(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "in.jsonl", 70, title="old", tags=["a", {"b": None}])
    summary = batch.run([source], tmp_path / "out.jsonl", ordered=True, blocks=True, removed=True)
    out = rows(tmp_path / "out.jsonl")
    assert [row["id"] for row in out] == list(range(70))
    for row in out[::9]:
        result = clean(page(row["id"]))
        assert (row["text"], row["title"], row["verdict"]) == (result.text, result.title, result.verdict)
        assert [b["text"] for b in row["blocks"]] == [b.text for b in result.page]
        assert [b["label"] for b in row["removed"]] == [b.label for b in result.removed]
        assert (row["source_title"], row["tags"]) == ("old", ["a", {"b": None}])
    assert summary.counts["pages"] == 70
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


def test_workers_and_order_change_nothing(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "in.jsonl", 400)
    for name, more in (("one", {"ordered": True}), ("two", {"workers": 2, "ordered": True}), ("any", {"workers": 2})):
        batch.run([source], tmp_path / f"{name}.jsonl", part_size=100, **more)  # type: ignore[arg-type]
    one, two, any_ = ((tmp_path / f"{name}.jsonl").read_bytes() for name in ("one", "two", "any"))
    assert one == two
    assert sorted(one.splitlines()) == sorted(any_.splitlines())


@pytest.mark.parametrize("name", ["out.jsonl.gz", "out.jsonl.zst", "out.parquet"])
def test_output_formats(tmp_path: Path, name: str) -> None:
    source = write_jsonl(tmp_path / "in.jsonl", 90)
    batch.run([source], tmp_path / name, part_size=40, ordered=True)
    if name.endswith("parquet"):
        table = parquet.read_table(tmp_path / name)
        assert table.column("id").to_pylist() == list(range(90))
        assert table.column("text")[5].as_py() == clean(page(5)).text
    else:
        batch.run([tmp_path / name], tmp_path / "again.jsonl", columns=Columns(text="title"), ordered=True)
        assert len(rows(tmp_path / "again.jsonl")) + sum(r["title"] is None for r in rows(tmp_path / "again.jsonl")) >= 1


def test_parquet_columns_pass_as_they_are(tmp_path: Path) -> None:
    when = pa.array([10**18 + n for n in range(100)], pa.timestamp("ns", "UTC"))
    kind = pa.array(["a", "b"] * 50).dictionary_encode()
    nested = pa.array([[{"x": n}] for n in range(100)])
    texts = [page(n) if n != 30 else None for n in range(100)]
    table = pa.table({"id": list(range(100)), "text": texts, "when": when, "kind": kind, "nested": nested})
    parquet.write_table(table, tmp_path / "in.parquet")
    summary = batch.run([tmp_path / "in.parquet"], tmp_path / "out.parquet", ordered=True, blocks=True)
    out = parquet.read_table(tmp_path / "out.parquet")
    wanted = table.take([n for n in range(100) if n != 30])
    assert summary.counts["errors"] == 1
    assert out.column("when").equals(wanted.column("when"))
    assert out.column("nested").equals(wanted.column("nested"))
    assert out.column("kind").to_pylist() == wanted.column("kind").to_pylist()
    assert out.column("blocks")[0].as_py()[0]["label"]
    assert rows(tmp_path / "out.parquet.errors.jsonl") == [
        {"id": 30, "source": str(tmp_path / "in.parquet"), "record": 31, "reason": "field 'text' is null"}]
    batch.run([tmp_path / "in.parquet"], tmp_path / "out.jsonl")
    assert len(rows(tmp_path / "out.jsonl")) == 99


def test_a_folder_keeps_its_parts(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "in.jsonl", 300)
    batch.run([source], tmp_path / "out", form="parquet", part_size=100)
    assert len(list((tmp_path / "out").glob("part-*.parquet"))) >= 2
    assert sorted(parquet.read_table(tmp_path / "out").column("id").to_pylist()) == list(range(300))
    with pytest.raises(InputError, match="earlier run"):
        batch.run([source], tmp_path / "out", form="parquet")
    assert batch.run([source], tmp_path / "out", form="parquet", resume=True).done_before == 300


def test_pages_as_files(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for n in range(5):
        (tmp_path / "in" / f"{n}.txt").write_text(page(n))
    (tmp_path / "in" / "6.html").write_text("<html><body><p>" + page(6).replace("\n\n", "</p><p>") + "</p></body></html>")
    batch.run([tmp_path / "in"], tmp_path / "out.jsonl", ordered=True)
    out = rows(tmp_path / "out.jsonl")
    assert [Path(row["id"]).name for row in out] == ["0.txt", "1.txt", "2.txt", "3.txt", "4.txt", "6.html"]
    assert out[0]["text"] == clean(page(0)).text
    assert "keeper" in out[5]["text"]


def test_html_field_before_text_field(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    records = [{"id": 1, "raw": "<p>" + page(1) + "</p>", "text": "x"}, {"id": 2, "raw": None, "text": page(2)}]
    source.write_text("".join(json.dumps(record) + "\n" for record in records))
    batch.run([source], tmp_path / "out.jsonl", columns=Columns(html="raw"), ordered=True)
    one, two = rows(tmp_path / "out.jsonl")
    assert "raw" not in one
    assert two["text"] == clean(page(2)).text


# ---- bad records ----------------------------


def test_bad_records_cost_only_themselves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = json.dumps({"id": "good", "text": page(1)}).encode()
    bad = [b"{", b"[1]", b"null", b'{"id": 4}', b'{"id": 5, "text": null}', b'{"id": 6, "text": 6}', b'{"id": [7], "text": {"a": 1}}',
           b"[" * 100_000]
    broken_utf8 = json.dumps({"id": "latin", "text": page(2) + " caf"}).encode()[:-2] + b'\xe9"}'
    surrogate = json.dumps({"id": "half", "text": page(3) + " \ud83d", "x": "\ud800"}).encode()
    source = tmp_path / "in.jsonl"
    source.write_bytes(b"\xef\xbb\xbf" + b"\n".join([good, *bad, broken_utf8, surrogate, b'{"id": "empty", "text": ""}', good]))
    run = cli("batch", source, "-o", tmp_path / "out.jsonl", "--ordered", capsys=capsys)
    assert run.code == 3
    assert [row["id"] for row in rows(tmp_path / "out.jsonl")] == ["good", "latin", "half", "empty", "good"]
    errors = rows(tmp_path / "out.jsonl.errors.jsonl")
    assert [(e["id"], e["record"]) for e in errors] == [(None, 2), (None, 3), (None, 4), (4, 5), (5, 6), (6, 7), ([7], 8), (None, 9)]
    assert "missing" in errors[3]["reason"]
    assert "null" in errors[4]["reason"]
    assert "int" in errors[5]["reason"]
    assert "8 errors" in run.err
    assert "errors.jsonl" in run.err


def test_broken_files_do_not_stop_the_run(tmp_path: Path) -> None:
    import gzip

    whole = write_jsonl(tmp_path / "z.jsonl", 20)
    packed = gzip.compress(b"".join(json.dumps({"id": n, "text": page(n)}).encode() + b"\n" for n in range(500)))
    (tmp_path / "a.jsonl.gz").write_bytes(packed[:len(packed) // 2])
    (tmp_path / "b.parquet").write_bytes(b"PAR1 no more")
    summary = batch.run([tmp_path / "a.jsonl.gz", tmp_path / "b.parquet", whole], tmp_path / "out.jsonl", workers=2)
    assert summary.counts["errors"] == 2
    assert {Path(e["source"]).name for e in rows(tmp_path / "out.jsonl.errors.jsonl")} == {"a.jsonl.gz", "b.parquet"}
    assert summary.counts["pages"] > 100


def test_too_long_pages_are_errors(tmp_path: Path) -> None:
    from boilerstrip import Options

    source = write_jsonl(tmp_path / "in.jsonl", 3)
    summary = batch.run([source], tmp_path / "out.jsonl", options=Options(max_chars=10))
    assert summary.counts["errors"] == 3
    assert (tmp_path / "out.jsonl").read_bytes() == b""
    assert "max_chars" in rows(tmp_path / "out.jsonl.errors.jsonl")[0]["reason"]
    batch.run([source], tmp_path / "out.parquet", options=Options(max_chars=10))
    assert parquet.read_table(tmp_path / "out.parquet").num_rows == 0


class Trap(Cleaner):
    """A Cleaner that some pages are too much for."""

    def __call__(self, chunk: Chunk) -> Reply:
        for record in chunk.records:
            line = record.item
            if b"HANG" in line:
                time.sleep(600)
            if b"DIE" in line:
                os.kill(os.getpid(), signal.SIGKILL)
            if b"RAISE" in line:
                raise ZeroDivisionError("no pages left")
        return super().__call__(chunk)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_page_that_hangs_or_kills_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    monkeypatch.setattr(batch, "Cleaner", Trap)
    source = tmp_path / "in.jsonl"
    traps = {40: "HANG", 41: "DIE", 100: "RAISE"}
    source.write_text("".join(json.dumps({"id": n, "text": page(n) + traps.get(n, "")}) + "\n" for n in range(150)))
    summary = batch.run([source], tmp_path / "out.jsonl", workers=workers, ordered=True, timeout=1.5)
    assert [row["id"] for row in rows(tmp_path / "out.jsonl")] == [n for n in range(150) if n not in traps]
    errors = {e["id"]: e["reason"] for e in rows(tmp_path / "out.jsonl.errors.jsonl")}
    assert set(errors) == set(traps)
    assert "1.5 s" in errors[40]
    assert "signal 9" in errors[41]
    assert errors[100] == "ZeroDivisionError: no pages left"
    assert summary.counts["errors"] == 3


# ---- interruptions ----------------------------

MAIN = """
import argparse, sys
from boilerstrip.cli_batch import add_commands
parser = argparse.ArgumentParser()
add_commands(parser.add_subparsers(required=True))
args = parser.parse_args()
sys.exit(args.run(args))
"""


def start(*args: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", MAIN, *map(str, args)], cwd=ROOT, stderr=subprocess.DEVNULL)


@pytest.mark.parametrize(("name", "seed"), [("out.jsonl", 1), ("out.parquet", 2), ("folder", 3)])
def test_killed_at_random_moments_and_resumed(tmp_path: Path, name: str, seed: int) -> None:
    r = random.Random(seed)
    count = 2_500
    source = write_jsonl(tmp_path / "in.jsonl", count)
    with source.open("a") as file:
        file.write('{"id": "bad"}\n')
    target = tmp_path / name
    args = ["batch", source, "-o", target, "--workers", 2, "--part-size", 100, "--resume", "--errors", tmp_path / "errors.jsonl"]
    args += ["--ordered"] if seed == 1 else []
    args += ["--format", "parquet"] if name == "folder" else []
    kills = 0
    for _ in range(60):
        process = start(*args)
        try:
            code = process.wait(r.uniform(0.25, 0.7) if kills < (10 if seed == 1 else 4) else 120)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            continue
        assert code == 3
        break
    assert kills
    out = rows(target) if name.endswith("jsonl") else parquet.read_table(target).to_pylist()
    assert Counter(row["id"] for row in out) == Counter(range(count))
    assert [e["id"] for e in rows(tmp_path / "errors.jsonl")] == ["bad"]
    if name != "folder":
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["in.jsonl", "errors.jsonl", name])


def unclean(task: Any, chunks: Any, workers: int, **more: Any) -> Any:
    """In place of `spread`: every record as it is, in this process; those without a text are errors."""
    for chunk in chunks:
        good = [record for record in chunk.records if b"text" in record.item]
        errors = [batch.error_of(record, None, "no text") for record in chunk.records if record not in good]
        lines = [{"id": json.loads(record.item)["id"]} for record in good]
        data = batch.encode_json(lines) if task.form == "jsonl" else batch.encode_table(lines) if lines else b""
        yield chunk, [(chunk, Reply(data, errors, Counter(pages=len(good), errors=len(errors))))]


def dying_at(step: int) -> None:
    """From here on the process ends without a word when it is about to change the disk for the given time."""
    steps = itertools.count(1)

    def counted(real: Any) -> Any:
        def call(*args: Any, **more: Any) -> Any:
            if next(steps) == step:
                os._exit(9)
            return real(*args, **more)
        return call
    for owner, name in ((os, "replace"), (os, "fsync"), (Path, "unlink"), (Path, "rmdir"), (Path, "mkdir"), (Path, "write_text")):
        setattr(owner, name, counted(getattr(owner, name)))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", ["out.jsonl", "out.parquet", "folder"])
def test_death_at_every_single_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Every change of the disk is once the last that a run makes; the next run ends what is left to do."""
    monkeypatch.setattr(parallel, "spread", lambda *args, **more: unclean(*args, **more))
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps({"id": n, "text": "x"} if n % 50 else {"id": n}) + "\n" for n in range(300)))
    for step in itertools.count(1):
        target = tmp_path / str(step) / name
        target.parent.mkdir()

        def run(die: int = 0, target: Path = target) -> int:
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    dying_at(die)
                    batch.run([source], target, form="parquet" if name == "folder" else None, resume=True, part_size=100)
                    code = 0
                finally:
                    os._exit(code)
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        code = run(step)
        assert code in (0, 9)
        assert run() == 0
        out = rows(target) if name.endswith("jsonl") else parquet.read_table(target).to_pylist()
        assert Counter(row["id"] for row in out) == Counter(n for n in range(300) if n % 50), step
        assert [e["record"] for e in rows(target.with_name(f"{name}.errors.jsonl"))] == list(range(1, 301, 50)), step
        assert sorted(path.name for path in target.parent.iterdir()) == [name, f"{name}.errors.jsonl"], step
        if code == 0:
            break
    assert step > 20


def test_what_is_left_of_an_interrupted_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_jsonl(tmp_path / "in.jsonl", 300)
    with monkeypatch.context() as patch:
        def stop(records: int, errors: int) -> None:
            raise KeyboardInterrupt
        with pytest.raises(KeyboardInterrupt):
            batch.run([source], tmp_path / "out.jsonl", progress=stop)
        patch.undo()
    assert not (tmp_path / "out.jsonl").exists()
    with pytest.raises(InputError, match="--resume"):
        batch.run([source], tmp_path / "out.jsonl")
    with pytest.raises(InputError, match="another choice"):
        batch.run([source], tmp_path / "out.jsonl", resume=True, blocks=True)
    summary = batch.run([source], tmp_path / "out.jsonl", resume=True)
    assert summary.done_before >= 64
    assert sorted(row["id"] for row in rows(tmp_path / "out.jsonl")) == list(range(300))
    assert batch.run([source], tmp_path / "out.jsonl", resume=True).counts == Counter()
    with pytest.raises(InputError, match="is there already"):
        batch.run([source], tmp_path / "out.jsonl")


def test_other_input_is_refused(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "in.jsonl", 100)

    def stop(records: int, errors: int) -> None:
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        batch.run([source], tmp_path / "out.jsonl", progress=stop)
    write_jsonl(source, 99)
    with pytest.raises(InputError, match="another input"):
        batch.run([source], tmp_path / "out.jsonl", resume=True)


def test_two_runs_do_not_share_an_output(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "in.jsonl", 10)
    output = batch.Output(tmp_path / "out.jsonl", "jsonl", tmp_path / "e", {}, False)
    with pytest.raises(InputError, match="another run"):
        batch.run([source], tmp_path / "out.jsonl")
    output.close()


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "in.jsonl", 900)
    args = ["batch", source, "-o", tmp_path / "out.jsonl", "--part-size", 100]
    limit = ("import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
             "resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))\n")
    failed = subprocess.run([sys.executable, "-c", limit + MAIN, *map(str, args)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert failed.returncode != 0
    assert "--resume" in failed.stderr
    assert start(*args, "--resume").wait() == 0
    assert sorted(row["id"] for row in rows(tmp_path / "out.jsonl")) == list(range(900))


def test_unwritable_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_jsonl(tmp_path / "in.jsonl", 3)
    (tmp_path / "file").write_text("")
    assert cli("batch", source, "-o", tmp_path / "file" / "out.jsonl", capsys=capsys).code == 1
    run = cli("batch", source, "-o", tmp_path / "out.csv", capsys=capsys)
    assert run.code == 1
    assert "out.csv" in run.err
    run = cli("batch", tmp_path / "none.jsonl", "-o", tmp_path / "out.jsonl", capsys=capsys)
    assert run.code == 1
    assert "none.jsonl" in run.err
    assert cli("batch", source, capsys=capsys).code == 2
    assert cli("batch", source, "-o", tmp_path / "out.jsonl", "--workers", "0", capsys=capsys).code == 2
    assert not (tmp_path / "out.jsonl").exists()


def test_exit_code_and_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_jsonl(tmp_path / "in.jsonl", 12)
    run = cli("batch", source, "-o", tmp_path / "out.jsonl", capsys=capsys)
    assert run.code == 0
    assert "12 pages" in run.err
    assert "pages/s" in run.err
    assert "navigation" in run.err
    assert "\r" not in run.err  # no bar where there is no terminal


def test_learning_out_of_core_names_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    monkeypatch.delitem(sys.modules, "boilerstrip.integrations.duckdb", raising=False)
    run = cli("learn", write_jsonl(tmp_path / "in.jsonl", 3), "-o", tmp_path / "p.jsonl", "--engine", "duckdb", capsys=capsys)
    assert run.code == 1
    assert 'pip install "boilerstrip[duckdb]"' in run.err


# ---- the parts ----------------------------


def test_ranges_are_a_set_of_numbers() -> None:
    r = random.Random(3)
    for _ in range(200):
        ranges, numbers = Ranges(), set()
        for _ in range(30):
            a = r.randrange(60)
            b = a + r.randrange(1, 9)
            free = list(ranges.missing(a, b))
            assert {n for x, y in free for n in range(x, y)} == set(range(a, b)) - numbers
            for x, y in free:
                ranges.add(x, y)
            numbers |= set(range(a, b))
            assert len(ranges) == len(numbers)
            assert all(p[1] < q[0] for p, q in itertools.pairwise(ranges.pairs))


def test_memory_stays_flat(tmp_path: Path) -> None:
    peaks = []
    for count in (1_000, 4_000):
        source = write_jsonl(tmp_path / f"{count}.jsonl", count)
        code = ("import resource, sys\nfrom boilerstrip import batch\nbatch.run([sys.argv[1]], sys.argv[2], part_size=500)\n"
                "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
        command = [sys.executable, "-c", code, str(source), str(tmp_path / f"{count}.out.jsonl")]
        out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        peaks.append([int(n) for n in out.split()])
    assert all(later < 1.1 * earlier for earlier, later in zip(*peaks))


# ---- clean_many ----------------------------


def test_clean_many_with_workers_is_the_same() -> None:
    texts = [page(n) for n in range(100)]
    serial, spread = list(clean_many(texts)), list(clean_many(texts, workers=2))
    assert [r.to_dict() for r in spread] == [r.to_dict() for r in serial]


def test_clean_many_with_workers_and_bad_items() -> None:
    class Text(str):
        __slots__ = ("lock",)
    mine = Text(page(2))
    mine.lock = threading.Lock()  # would not travel
    items: list[Any] = [page(1), None, 5, mine, (page(3), "http://a.example/"), (page(4), 4), (page(5),), b"caf\xe9 " + page(6).encode()]
    serial, spread = list(clean_many(items)), list(clean_many(items, workers=2))
    assert [(r.text, r.error) for r in spread] == [(r.text, r.error) for r in serial]


def test_clean_many_is_lazy_and_bounded() -> None:
    taken = itertools.count()
    seen = 0

    def source() -> Any:
        nonlocal seen
        for seen in taken:
            yield page(seen % 5)
    results = clean_many(source(), workers=2)
    for _ in range(3):
        next(results)
    assert seen <= 40 * 2 * parallel.IN_FLIGHT
    results.close()  # type: ignore[attr-defined]


def test_clean_many_refuses_no_workers() -> None:
    for wrong in (0, -1):
        with pytest.raises(ValueError, match="at least 1"):
            Stripper().clean_many([], workers=wrong)


def test_errors_of_the_source_come_through() -> None:
    def source() -> Any:
        yield from [page(n) for n in range(64)]
        raise LookupError("the crawl is gone")
    got = 0
    with pytest.raises(LookupError, match="gone"):
        for _ in clean_many(source(), workers=2):
            got += 1
    assert got == 64


class Echo:
    """A task that cannot be set up where it is needed."""

    def __setstate__(self, state: Any) -> None:
        raise OSError("no model here")

    def __getstate__(self) -> dict[str, int]:
        return {"a": 1}


def test_workers_that_cannot_start() -> None:
    with pytest.raises(ChildProcessError, match="no model here"):
        list(parallel.spread(Echo(), [parallel.Pages([1])], 1))


def test_learning_from_pages_without_a_site_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = cli("learn", write_jsonl(tmp_path / "in.jsonl", 3), "-o", tmp_path / "p.jsonl", "--site-field", "nowhere", capsys=capsys)
    assert run.code == 3
    assert "--site-field" in run.err
