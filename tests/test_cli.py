"""The command line: what it prints, where, and with which exit code."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import IO, NamedTuple

import pytest

from boilerstrip import Label, __version__, clean
from boilerstrip.cli import main
from boilerstrip.detect.rules import builtin_rules

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "fixtures" / "sample.txt"
STORY = "The great lamp of Gannet Point lit the mouth of the Ouseby"
FOREIGN = "Growers on the upper Brede may take mussels"

RULE = """
[[rule]]
id = "mine.tower"
label = "ad"
weight = 4.0
position = "line_start"
action = "drop"
phrases = ["the tower opens"]
examples = ["The tower opens at noon."]
counterexamples = ["A tower opens at noon."]
"""


class Run(NamedTuple):
    code: int
    out: str
    err: str


Cli = Callable[..., Run]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """Runs a command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*args: object, stdin: bytes = b"") -> Run:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        try:
            code = main([str(arg) for arg in args])
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        return Run(code, *capsys.readouterr())
    return run


def process(*args: object, stdout: int | IO[bytes] = subprocess.PIPE, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Runs a command in a process of its own, with more environment variables."""
    inherited = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    return subprocess.run(
        [sys.executable, "-m", "boilerstrip.cli", *map(str, args)], env={**inherited, "PYTHONPATH": str(ROOT), **environment},
        cwd="/", stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, timeout=120)


def assert_message(run: Run, *parts: str, code: int = 1) -> None:
    """A message on stderr that names the parts, nothing on stdout, no traceback."""
    assert run.code == code
    assert run.out == ""
    assert "Traceback" not in run.err
    for part in parts:
        assert part in run.err


# ---- clean ----------------------------


def test_clean_prints_the_story_and_nothing_else(cli: Cli) -> None:
    run = cli("clean", SAMPLE)
    assert (run.code, run.err) == (0, "")
    assert run.out == clean(SAMPLE.read_bytes()).text + "\n"
    assert STORY in run.out
    assert "All rights reserved" not in run.out
    assert "Skip to main content" not in run.out


@pytest.mark.parametrize("args", [("-",), ()])
def test_clean_reads_standard_input(cli: Cli, args: tuple[str, ...]) -> None:
    assert cli("clean", *args, stdin=SAMPLE.read_bytes()) == cli("clean", SAMPLE)


def test_json_holds_every_block(cli: Cli) -> None:
    run = cli("clean", "--json", SAMPLE)
    page = json.loads(run.out)
    raw = SAMPLE.read_text("utf-8")
    assert run.code == 0
    assert page["text"] == clean(raw).text
    assert {block["kept"] for block in page["blocks"]} == {True, False}
    for block in page["blocks"]:
        assert raw[block["start"]:block["end"]] == block["text"]
        assert block["label"] in list(Label)
        assert block["reasons"]


def kept(run: Run) -> list[str]:
    return [block["text"] for block in json.loads(run.out)["blocks"] if block["kept"]]


def test_risk_options(cli: Cli) -> None:
    flags: list[list[str]] = [["--precision"], [], ["--recall"]]
    precision, balanced, recall = (len("".join(kept(cli("clean", "--json", *flag, SAMPLE)))) for flag in flags)
    assert precision <= balanced <= recall
    assert cli("clean", "--threshold", "0", "--json", SAMPLE).out.count('"kept": false') == 0
    assert json.loads(cli("clean", "--threshold", "0.75", "--json", SAMPLE).out)["threshold"] == 0.75


def test_keep_puts_labels_back(cli: Cli) -> None:
    run = cli("clean", "--json", "--keep", "navigation, legal", SAMPLE)
    assert all(block["kept"] for block in json.loads(run.out)["blocks"] if block["label"] in ("navigation", "legal"))
    assert run.code == 0


def test_html_is_recognised(cli: Cli) -> None:
    paragraphs = "".join(f"<p>{line}</p>\n" for line in SAMPLE.read_text("utf-8").split("\n") if line)
    run = cli("clean", stdin=f"<!doctype html><html><body>{paragraphs}</body></html>".encode())
    assert STORY in run.out
    assert "<p>" not in run.out


@pytest.mark.parametrize("page", [b"", b" \n\n\t \r\n", "\u200b\n".encode()], ids=["empty", "blank", "invisible"])
def test_a_page_without_text_is_no_problem(cli: Cli, page: bytes) -> None:
    run = cli("clean", stdin=page)
    assert (run.code, run.out) == (0, "")
    assert "no story" in run.err
    explained = cli("explain", stdin=page)
    assert explained.code == 0
    assert explained.out.startswith("no_story")


RUBBISH = {
    "all bytes": bytes(range(256)) * 20, "half a surrogate": b"\xff\xfe\x00\xd8a\x00", "zeros": b"\x00" * 5000,
    "a surrogate in UTF-8": b"\xed\xa0\x80 torn", "one long word": b"x" * 300_000,
}


@pytest.mark.parametrize("name", RUBBISH)
def test_rubbish_is_no_problem(cli: Cli, name: str) -> None:
    for command in (("clean",), ("clean", "--json"), ("explain",), ("rules", "why")):
        run = cli(*command, stdin=RUBBISH[name])
        assert run.code == 0
        assert "Traceback" not in run.err


def test_output_is_utf8_whatever_the_locale() -> None:
    run = process("clean", SAMPLE, PYTHONIOENCODING="ascii", LC_ALL="C", PYTHONUTF8="0")
    assert run.returncode == 0
    assert "£41,000" in run.stdout.decode("utf-8")


# ---- explain ----------------------------


def test_explain_shows_every_block_and_why(cli: Cli) -> None:
    run, result = cli("explain", SAMPLE), clean(SAMPLE.read_bytes())
    rows = re.findall(r"^(kept|removed) +(\w+) +confidence (\d\.\d\d)  story (\d\.\d\d)  (.+)$", run.out, re.M)
    assert run.code == 0
    assert [(fate == "kept", label) for fate, label, *_ in rows] == [(block.kept, block.label) for block in result.page]
    assert run.out.count("\n         model ") == len(rows)
    assert "ad.marker +" in run.out


def test_explain_prints_no_colours_into_a_file(cli: Cli) -> None:
    assert "\x1b" not in cli("explain", SAMPLE).out


HOSTILE = ("A \x1b[31mred\x1b[0m herring \x1b]0;title\x07 was \u202eseen\u202c off \x9b2J the \x08 pier\r\n" * 3).encode()

KEEP_HERRING = """
[[rule]]
id = "mine.herring"
label = "body"
weight = 4.0
position = "anywhere"
action = "keep"
phrases = ["herring"]
examples = ["A red herring."]
counterexamples = ["A red boat."]
"""


@pytest.mark.parametrize("command", [("explain",), ("rules", "why")])
def test_page_text_cannot_steer_the_terminal(cli: Cli, command: tuple[str, ...]) -> None:
    run = cli(*command, stdin=HOSTILE)
    assert run.code == 0
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", run.out)
    if command == ("explain",):
        assert r"\x1b[31mred\x1b[0m" in run.out
        assert r"\u202eseen" in run.out


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("command", "environment", "coloured"), [
    ("explain", {}, True), ("explain", {"NO_COLOR": "1"}, False), ("explain", {"TERM": "dumb"}, False), ("clean", {}, False)])
def test_a_terminal(tmp_path: Path, command: str, environment: dict[str, str], coloured: bool) -> None:
    page = tmp_path / "page.txt"
    page.write_bytes(HOSTILE)
    rules = tmp_path / "rules.toml"
    rules.write_text(KEEP_HERRING)  # so that the page is kept, whatever the model says
    seen = on_terminal([command, "--rules", rules, page], environment)
    assert ("\x1b[32m" in seen) is coloured
    assert "\x1b[31mred" not in seen
    assert "\x1b]0;title" not in seen
    assert "\x9b" not in seen
    assert r"\x1b[31mred" in seen


def on_terminal(args: list[object], environment: dict[str, str]) -> str:
    """What a command writes to a terminal."""
    import pty

    ours, theirs = pty.openpty()
    run = process(*args, stdout=theirs, **{"TERM": "xterm", "PYTHONUTF8": "1", **environment})
    os.close(theirs)
    assert run.returncode == 0, run.stderr
    parts = []
    try:
        while part := os.read(ours, 65536):
            parts.append(part)
    except OSError:  # Linux says so when the other end is closed
        pass
    os.close(ours)
    return b"".join(parts).decode()


# ---- wrong input, wrong usage ----------------------------


@pytest.mark.parametrize("command", [("clean",), ("explain",), ("rules", "why"), ("rules", "test")])
def test_what_cannot_be_read_is_a_message(cli: Cli, tmp_path: Path, command: tuple[str, ...]) -> None:
    assert_message(cli(*command, "nowhere.txt"), "nowhere.txt", "No such file")
    assert_message(cli(*command, tmp_path), str(tmp_path), "directory")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="needs a user whom permissions stop")
def test_an_unreadable_file_is_a_message(cli: Cli, tmp_path: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_text("text")
    page.chmod(0)
    assert_message(cli("clean", page), "page.txt", "Permission denied")


@pytest.mark.parametrize("args", [
    (), ("tidy",), ("clean", "a", "b"), ("clean", "--threshold", "2"), ("clean", "--threshold", "nan"), ("clean", "--threshold", "high"),
    ("clean", "--precision", "--recall"), ("clean", "--precision", "--threshold", "0.5"), ("clean", "--keep", "captoin"),
    ("rules",), ("rules", "test"), ("train",), ("train", "--data", ".", "--epochs", "0"), ("eval", "--data", ".", "--limit", "-1")])
def test_wrong_usage(cli: Cli, args: tuple[str, ...]) -> None:
    assert_message(cli(*args), "usage:", code=2)


def test_a_misspelt_label_names_the_nearest(cli: Cli) -> None:
    assert "'caption'" in cli("clean", "--keep", "captoin").err


def test_version(cli: Cli) -> None:
    assert cli("--version") == Run(0, f"boilerstrip {__version__}\n", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("args", [("clean", SAMPLE), ("--help",), ("rules", "list")])
def test_a_full_disk_is_a_message(args: tuple[object, ...]) -> None:
    with open("/dev/full", "wb") as full:
        run = process(*args, stdout=full)
    assert run.returncode == 1
    assert run.stderr.decode().count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="pipes differ")
def test_a_broken_pipe_is_a_message() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    run = process("explain", SAMPLE, stdout=writer)
    os.close(writer)
    assert run.returncode == 1
    assert run.stderr.decode().count("\n") == 1
    assert "Traceback" not in run.stderr.decode()


# ---- rules ----------------------------


def test_rules_list_shows_every_rule(cli: Cli) -> None:
    run = cli("rules", "list")
    head, *rows = run.out.splitlines()
    assert head.split() == ["id", "label", "position", "weight", "phrases"]
    assert [row.split()[0] for row in rows] == [rule.id for rule in builtin_rules().rules]
    assert all(len(row.split()) == 5 for row in rows)
    assert any(int(row.split()[-1]) > 20 for row in rows)


def test_rules_list_shows_own_rules_too(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(RULE)
    assert cli("rules", "list", "--rules", "own.toml").out.splitlines()[-1].split() == ["mine.tower", "ad", "line_start", "4.0", "1"]


def test_rules_test(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text(RULE)
    assert cli("rules", "test", "good.toml") == Run(0, "good.toml: 1 rules, 1 examples, 1 counterexamples, 0 problems\n", "")
    bad = RULE.replace('["The tower opens at noon."]', '["It opens at noon."]').replace("A tower", "The tower")
    (tmp_path / "bad.toml").write_text(bad)
    run = cli("rules", "test", "good.toml", "bad.toml")
    assert run.code == 1
    assert run.err.count("bad.toml: rule 'mine.tower': ") == 2
    assert "'It opens at noon.'" in run.err


def test_the_rule_packs_pass_their_own_test(cli: Cli) -> None:
    run = cli("rules", "test", *sorted((ROOT / "boilerstrip" / "rules").glob("*.toml")))
    assert (run.code, run.err) == (0, "")


def test_the_rule_in_the_readme_passes(cli: Cli, tmp_path: Path) -> None:
    toml = re.search(r"```toml\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)
    assert toml is not None
    (tmp_path / "readme.toml").write_text(toml[1])
    assert cli("rules", "test", "readme.toml").code == 0


def test_a_drop_rule_and_what_it_changed(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(RULE)
    assert "The tower opens to visitors" in cli("clean", SAMPLE).out
    assert "The tower opens to visitors" not in cli("clean", "--rules", "own.toml", SAMPLE).out
    why = cli("rules", "why", "--rules", "own.toml", SAMPLE)
    assert why.code == 0
    assert re.match(r"\d+ of \d+ blocks hit by rules, [1-9]\d* decided otherwise", why.out)
    assert re.search(r"^removed .*The tower opens.*\n +mine\.tower \+4\.00 for ad\n +without rules kept as body", why.out, re.M)


def test_rules_of_a_site_need_its_url(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(RULE + 'sites = ["ledger.example"]\n')
    assert "The tower opens" in cli("clean", "--rules", "own.toml", SAMPLE).out
    assert "The tower opens" not in cli("clean", "--rules", "own.toml", "--url", "https://www.ledger.example/1", SAMPLE).out


BAD_RULES = {
    "broken TOML": ("[[rule", "own.toml: "),
    "another table": ("[rules]\n", "unknown table 'rules'"),
    "no table": ("rule = ['x']\n", "[[rule]] tables"),
    "no label": (RULE.replace('label = "ad"\n', ""), "rule 'mine.tower': label must be one of"),
    "unknown key": (RULE + 'colour = "red"\n', "rule 'mine.tower': unknown key 'colour'"),
    "no id": (RULE.replace('id = "mine.tower"\n', ""), "needs an id"),
    "no counterexamples": (RULE.replace('["A tower opens at noon."]', "[]"), "rule 'mine.tower': needs examples and counterexamples"),
    "a wrong type": (RULE.replace('["The tower opens at noon."]', "5"), "rule 'mine.tower'"),
    "a failing example": (RULE.replace('["The tower opens at noon."]', '["Noon."]'), "rule 'mine.tower': example does not hit: 'Noon.'"),
    "a phrase without words": (RULE.replace("the tower opens", "?!"), "rule 'mine.tower': phrase"),
    "a broken pattern": (RULE + "pattern = '('\n", "rule 'mine.tower': pattern"),
    "twice the same": (RULE + RULE, "rule 'mine.tower'"),
}


@pytest.mark.parametrize("name", BAD_RULES)
def test_bad_rules_are_refused_before_anything_runs(cli: Cli, tmp_path: Path, name: str) -> None:
    text, reason = BAD_RULES[name]
    (tmp_path / "own.toml").write_text(text)
    assert_message(cli("clean", "--rules", "own.toml", "nowhere.txt"), "own.toml", reason)
    assert_message(cli("rules", "list", "--rules", "own.toml"), "own.toml", reason)
    assert_message(cli("rules", "test", "own.toml")._replace(out=""), "own.toml", reason)
    (tmp_path / "boilerstrip.toml").write_text(text)
    assert_message(cli("clean", "nowhere.txt"), str(tmp_path / "boilerstrip.toml"), reason.replace("own.toml: ", ""))


def test_rules_in_another_encoding_are_refused(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_bytes(RULE.replace("noon", "zw\u00f6lf").encode("latin-1"))
    assert_message(cli("clean", "--rules", "own.toml", SAMPLE), "own.toml: not UTF-8")


def test_a_pattern_that_runs_away_is_stopped_and_named(cli: Cli, tmp_path: Path) -> None:
    slow = RULE.replace("The tower opens at noon.", "The tower opens aax") + "pattern = ' (?:a|aa)+[xy]$'\n"
    (tmp_path / "own.toml").write_text(slow)
    page = b"The tower opens " + b"a" * 200 + b"z\n"
    assert_message(cli("clean", "--rules", "own.toml", stdin=page), "rule 'mine.tower'", "too long")


# ---- boilerstrip.toml ----------------------------


def test_the_config_is_found_upwards(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "boilerstrip.toml").write_text("[options]\nthreshold = 0.75\n" + RULE)
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    run = cli("clean", "--json", SAMPLE)
    assert json.loads(run.out)["threshold"] == 0.75
    assert not any(text.startswith("The tower opens") for text in kept(run))
    assert "mine.tower" in cli("rules", "list").out
    assert clean(SAMPLE.read_bytes()).threshold != 0.75  # the library does not read it


def test_the_command_line_wins_over_the_config(cli: Cli, tmp_path: Path) -> None:
    everything = [str(label) for label in Label]
    (tmp_path / "boilerstrip.toml").write_text(f"[options]\nthreshold = 0.75\nkeep = {everything}\n")
    assert json.loads(cli("clean", "--json", "--threshold", "0.25", SAMPLE).out)["threshold"] == 0.25
    assert json.loads(cli("clean", "--json", "--recall", SAMPLE).out)["threshold"] not in (0.75, 0.25)
    assert "All rights reserved" in cli("clean", SAMPLE).out
    assert "All rights reserved" not in cli("clean", "--keep", "title", SAMPLE).out


def test_the_config_names_rule_files_beside_it(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "boilerstrip.toml").write_text('[options]\nrules = ["own.toml"]\n')
    (tmp_path / "own.toml").write_text(RULE)
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert "The tower opens" not in cli("clean", SAMPLE).out
    assert_message(cli("clean", "--rules", "../own.toml", SAMPLE), "rule 'mine.tower'", "already")


@pytest.mark.parametrize(("text", "reason"), [
    ('favour = "recall"', "did you mean 'favor'"), ('favor = "luck"', "favor must be one of"), ("threshold = 7", "threshold must be from"),
    ('keep = ["captoin"]', "did you mean 'caption'"), ("keep = 5", "keep"), ('rules = "own.toml"', "list of rule files"),
    ('rules = ["gone.toml"]', "gone.toml")])
def test_a_bad_config_is_refused(cli: Cli, tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "boilerstrip.toml").write_text(f"[options]\n{text}\n")
    assert_message(cli("clean", SAMPLE), reason)


def test_max_chars_of_the_config_holds(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "boilerstrip.toml").write_text("[options]\nmax_chars = 100\n")
    assert_message(cli("clean", SAMPLE), str(SAMPLE), "max_chars")


# ---- train, eval ----------------------------


def test_train_passes_its_arguments_on(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    fake = types.ModuleType("boilerstrip.train.run")
    fake.train = lambda data, out, **rest: calls.append((data, out, rest))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, fake.__name__, fake)
    assert cli("train", "--data", tmp_path, "--out", "new/mine", "--epochs", "3", "--seed", "0").code == 0
    assert cli("train", "--data", tmp_path).code == 0
    assert calls == [(tmp_path, Path("new/mine"), {"epochs": 3, "seed": 0}), (tmp_path, Path("weights"), {})]
    assert (tmp_path / "new" / "mine").is_dir() and (tmp_path / "weights").is_dir()


def test_eval_prints_a_table_and_writes_json(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = types.ModuleType("boilerstrip.train.evaluate")
    fake.evaluate = lambda data, limit, peers: {"limit": limit, "peers": peers}  # type: ignore[attr-defined]
    fake.table = lambda figures: f"limit {figures['limit']}"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, fake.__name__, fake)
    assert cli("eval", "--data", tmp_path, "--limit", "7", "--peers", "--json", "figures.json") == Run(0, "limit 7\n", "")
    assert json.loads((tmp_path / "figures.json").read_text()) == {"limit": 7, "peers": True}


@pytest.mark.parametrize(("command", "package", "extra"), [("train", "torch", "train"), ("eval", "inscriptis", "bench")])
def test_a_missing_extra_is_named(tmp_path: Path, command: str, package: str, extra: str) -> None:
    code = f"import sys; sys.modules[{package!r}] = None; from boilerstrip.cli import main; sys.exit(main([{command!r}, '--data', '.']))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 1
    assert f'pip install "boilerstrip[{extra}]"' in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("command", ["train", "eval"])
def test_a_missing_data_folder_is_a_message(cli: Cli, command: str) -> None:
    assert_message(cli(command, "--data", "nowhere"), "nowhere")


def test_where_results_go_is_checked_first(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    for out in ("a file", "a file/weights"):
        run = cli("train", "--data", tmp_path, "--out", out)
        assert_message(run, out)
        assert "labelled" not in run.err  # the data are not looked at yet
    assert_message(cli("train", "--add", tmp_path / "a file", "--out", "gone/w.npz"), "gone")
    assert_message(cli("eval", "--data", tmp_path, "--json", tmp_path), str(tmp_path))
