"""The command line: `boilerstrip clean | explain | batch | learn | train | eval | rules`.

Results go to stdout, messages to stderr. Exit codes: 0 all went well, 1 a problem with the input, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import shutil
import sys
import tomllib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from boilerstrip import Block, Label, Options, Reason, Result, Rule, Stripper, Verdict, __version__
from boilerstrip.cli_batch import add_commands as add_batch_commands
from boilerstrip.detect.rules import builtin_files, builtin_rules, failing_examples

__all__ = ["main"]

CONFIG = "boilerstrip.toml"
TABLES = {"options": "[options]", "rule": "[[rule]]"}
WIDTH = 130  # characters of an output line that does not go to a terminal
LABEL_WIDTH = max(map(len, Label))
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
COLOURS = {"kept": "32", "removed": "31", "changed": "33", "dim": "2", "bold": "1"}

Paint = Callable[[str, str], str]


class Problem(Exception):
    """Something is wrong with the input; the message is for the user."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Raises:
        SystemExit: for wrong usage (2), `--help` and `--version` (0), as argparse does.
    """
    _prepare_stdout()
    try:
        try:
            args = _parser().parse_args(argv)
        except SystemExit:
            if sys.stdout is not None:
                _write("")  # what argparse printed must get out before the interpreter ends
            raise
        status: int = args.run(args)
        return status
    except OSError as error:
        where = f"{error.filename}: " if error.filename is not None else ""
        _say(f"{where}{error.strerror or error}")
    except (Problem, ValueError) as error:
        _say(str(error))
    except KeyboardInterrupt:
        _say("interrupted")
        return 130
    return 1


# ---- arguments ----------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="boilerstrip", description="Raw text of a scraped web page in, only the story out.",
        epilog=f"Options and rules in a {CONFIG} in this folder, or in the nearest one above it, hold for clean, explain and rules.")
    parser.add_argument("--version", action="version", version=f"boilerstrip {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_clean(commands)
    _add_explain(commands)
    _add_train(commands)
    _add_eval(commands)
    _add_rules(commands)
    add_batch_commands(commands)
    return parser


def _command(commands: Any, name: str, run: Callable[[argparse.Namespace], int], about: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".")
    command.set_defaults(run=run)
    return command


def _add_page(command: argparse.ArgumentParser, many: bool = False) -> None:
    """The arguments of every command that reads a page."""
    command.add_argument("pages" if many else "page", nargs="*" if many else "?", default=["-"] if many else "-", metavar="FILE",
                         help="raw text or HTML; - or nothing is standard input")
    risk = command.add_mutually_exclusive_group()
    risk.add_argument("--precision", dest="favor", action="store_const", const="precision", help="keep less: only what is surely story")
    risk.add_argument("--recall", dest="favor", action="store_const", const="recall", help="keep more: all that may be story")
    risk.add_argument("--threshold", type=_probability, metavar="P", help="keep blocks of at least this story probability, 0 to 1")
    command.add_argument("--keep", type=_labels, metavar="LABEL[,LABEL]", help="labels besides the story that stay in the text")
    _add_rule_files(command)
    command.add_argument("--url", help="where the page is from, for rules that hold for certain sites")


def _add_rule_files(command: argparse.ArgumentParser) -> None:
    command.add_argument("--rules", type=Path, action="append", default=[], metavar="FILE", help="a TOML file of rules (may be repeated)")


def _add_clean(commands: Any) -> None:
    command = _command(commands, "clean", _clean, "print the story of a page")
    _add_page(command)
    command.add_argument("--json", action="store_true", help="print every block, kept or not, with label and confidence, as JSON")


def _add_explain(commands: Any) -> None:
    command = _command(commands, "explain", _explain, "show every block of a page, what became of it, and why")
    _add_page(command, many=True)
    command.add_argument("--html", type=Path, metavar="REPORT", help="write a report to look at in a browser, and to correct blocks in")


def _add_train(commands: Any) -> None:
    command = _command(commands, "train", _train, "train a model on a folder of labelled pages, or the shipped one further on corrections")
    source = command.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=Path, metavar="DIR", help="folder of the data set")
    source.add_argument("--add", type=Path, action="append", metavar="FILE", help="corrections exported from a report (may be repeated)")
    command.add_argument("--out", type=Path, metavar="PATH",
                         help="where the weights go: a folder for --data (default: weights), a file for --add (default: text.npz)")
    command.add_argument("--epochs", type=_positive, metavar="N", help="passes over the data")
    command.add_argument("--seed", type=_natural, metavar="N", help="same seed and data, same weights")


def _add_eval(commands: Any) -> None:
    command = _command(commands, "eval", _eval, "measure the library on the validation fold of a data set")
    command.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of the data set")
    command.add_argument("--json", type=Path, metavar="FILE", help="also write all figures to this file")
    command.add_argument("--limit", type=_positive, metavar="N", help="a sample of so many pages")
    command.add_argument("--peers", action="store_true", help="measure other tools too, where they are installed")
    command.add_argument("--html", action="store_true", help="give the pages as HTML, not as raw text")


def _add_rules(commands: Any) -> None:
    about = "list rules, test a rule file, suggest rules, or show what rules do to a page"
    actions = commands.add_parser("rules", help=about, description=about[0].upper() + about[1:] + ".").add_subparsers(
        title="actions", metavar="ACTION", required=True)
    _add_rule_files(_command(actions, "list", _rules_list, "list all rules: id, label, position, weight, number of phrases"))
    test = _command(actions, "test", _rules_test, "check the examples and counterexamples of rule files")
    test.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a TOML file of rules")
    suggest = _command(actions, "suggest", _rules_suggest, "propose rules for what was corrected again and again, as TOML")
    suggest.add_argument("files", nargs="+", type=Path, metavar="FILE", help="corrections exported from a report")
    _add_page(_command(actions, "why", _rules_why, "show which rules hit which blocks of a page, and what they changed"))


def _probability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"must be a number from 0 to 1, not {text!r}")
    return value


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"must be a whole number, not {text!r}")
    return int(text)


def _positive(text: str) -> int:
    if (value := _natural(text)) == 0:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _labels(text: str) -> frozenset[Label]:
    try:
        return Options.of(keep=[name.strip() for name in text.split(",") if name.strip()]).keep
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("keep: ")) from None


# ---- options and rules ----------------------------


def _options(args: argparse.Namespace) -> Options:
    """Options from `boilerstrip.toml`, then from the command line; all of it checked before a page is read."""
    config = _find_config()
    fields, rules = _read_config(config) if config else ({}, [])
    if args.favor is not None:
        fields |= {"favor": args.favor, "threshold": None}
    if args.threshold is not None:
        fields["threshold"] = args.threshold
    if args.keep is not None:
        fields["keep"] = args.keep
    return Options.of(**fields, rules=_unique(rules + _read_rule_files(args.rules)))


class Sourced(NamedTuple):
    """A rule and the file that it is from."""

    rule: Rule
    source: Path


def _find_config() -> Path | None:
    """The nearest `boilerstrip.toml`, from the working directory upwards."""
    here = Path.cwd()
    return next((folder / CONFIG for folder in (here, *here.parents) if os.path.isfile(folder / CONFIG)), None)


def _read_config(path: Path) -> tuple[dict[str, Any], list[Sourced]]:
    """The fields of `Options` and the rules of a `boilerstrip.toml`. Rule files that it names are sought beside it."""
    tables = _read_toml(path, ("options", "rule"))
    fields = tables.get("options", {})
    if not isinstance(fields, dict):
        raise Problem(f"{path}: options must be a table, [options]")
    files = fields.pop("rules", [])
    if not isinstance(files, list) or not all(isinstance(name, str) for name in files):
        raise Problem(f"{path}: options: rules must be a list of rule files; rules themselves are [[rule]] tables")
    for name, value in fields.items():
        with _naming(path, name):
            Options.of(**{name: value})
    return fields, _rules_of(tables, path) + _read_rule_files(path.parent / name for name in files)


def _read_rule_files(paths: Iterable[Path]) -> list[Sourced]:
    return [rule for path in paths for rule in _rules_of(_read_toml(path, ("rule",)), path)]


def _read_toml(path: Path, allowed: Sequence[str]) -> dict[str, Any]:
    try:
        tables = tomllib.loads(path.read_bytes().decode("utf-8"))
    except UnicodeDecodeError:
        raise Problem(f"{path}: not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise Problem(f"{path}: {error}") from None
    for name in tables:
        if name not in allowed:
            raise Problem(f"{path}: unknown table {name!r}; it may hold {' and '.join(TABLES[table] for table in allowed)}")
    return tables


def _rules_of(tables: Mapping[str, Any], path: Path) -> list[Sourced]:
    """The rules of a file, if all of them are sound and all of their examples do what they should."""
    rules = _untried_rules_of(tables, path)
    for problem in _failing(rules):
        raise Problem(problem)
    return rules


def _untried_rules_of(tables: Mapping[str, Any], path: Path) -> list[Sourced]:
    rows = tables.get("rule", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Problem(f"{path}: rules must be [[rule]] tables")
    rules = []
    for row in rows:
        with _naming(path, f"rule {row.get('id', '(without id)')!r}"):
            rules.append(Sourced(Rule.from_dict(row, path.name), path))
    return rules


def _failing(rules: Iterable[Sourced]) -> Iterator[str]:
    """What is wrong with the rules' own examples."""
    for rule, path in rules:
        with _naming(path, f"rule {rule.id!r}"):
            yield from (f"{path}: {problem}" for problem in list(failing_examples([rule])))


def _unique(rules: Sequence[Sourced]) -> tuple[Rule, ...]:
    seen: dict[str, Path] = {}
    for rule, source in rules:
        if rule.id in seen:
            raise Problem(f"{source}: rule {rule.id!r} stands in {seen[rule.id]} already")
        seen[rule.id] = source
    return tuple(rule for rule, _ in rules)


@contextmanager
def _naming(path: Path, what: str) -> Iterator[None]:
    """Names the file, and what in it, in the message of an error about it."""
    try:
        yield
    except (TypeError, ValueError) as error:
        text = str(error).removeprefix(f"{path.name}: ")  # the library names files without their folder
        raise Problem(f"{path}: {text}" if what in text else f"{path}: {what}: {text}") from None


# ---- pages ----------------------------


def _read_page(name: str) -> bytes:
    if name != "-":
        return Path(name).read_bytes()
    if sys.stdin is None:
        raise Problem("standard input is closed")
    return sys.stdin.buffer.read()


def _page_name(page: str) -> str:
    return "standard input" if page == "-" else page


def _cleaned(options: Options, raw: bytes, page: str, url: str | None) -> Result:
    try:
        return Stripper(options).clean(raw, url=url)
    except ValueError as error:
        raise Problem(f"{_page_name(page)}: {error}") from None


def _clean(args: argparse.Namespace) -> int:
    result = _cleaned(_options(args), _read_page(args.page), args.page, args.url)
    if args.json:
        text = result.to_json()
        _write((UNSAFE.sub(lambda m: f"\\u{ord(m[0]):04x}", text) if _is_terminal(sys.stdout) else text) + "\n")
        return 0
    if not result.text:
        told = result.verdict is Verdict.STORY
        _say(f"{_page_name(args.page)}: " + (f"nothing reaches the threshold {result.threshold:.2f}" if told else
                                        f"no story on this page (confidence {result.confidence:.2f})"))
        return 0
    _write((inert(result.text.replace("\r\n", "\n")) if _is_terminal(sys.stdout) else result.text) + "\n")
    return 0


def _explain(args: argparse.Namespace) -> int:
    options = _options(args)
    if args.html is not None:
        return _explain_html(args, options)
    for number, name in enumerate(args.pages):
        result = _cleaned(options, _read_page(name), name, args.url)
        paint, width = _painter(), _width()
        lines = [""] * bool(number) + [paint("bold", inert(f"==> {_page_name(name)}"))] if len(args.pages) > 1 else []
        lines += [paint("bold", line) for line in _summary(result, width)]
        for block in result.page:
            lines += ["", _headline(block, paint, width)]
            lines += [paint("dim", f"{'':9}{line}") for line in _fold(_because(block.reasons), width - 9)]
        _write("\n".join(lines) + "\n")
    return 0


def _explain_html(args: argparse.Namespace, options: Options) -> int:
    from boilerstrip.report import MARK, report_html

    out: Path = args.html
    if out.is_file() and MARK.encode() not in out.read_bytes()[:2000]:
        raise Problem(f"{out}: exists, and is no report; give another name behind --html, or remove it first")
    results = [_cleaned(options, _read_page(name), name, args.url) for name in args.pages]
    out.write_text(report_html(results, [_page_name(name) for name in args.pages]), "utf-8")
    pages = "1 page" if len(results) == 1 else f"{len(results)} pages"
    _say(f"report of {pages} written to {out}; open it in a browser")
    return 0


def _summary(result: Result, width: int) -> list[str]:
    lines = [f"{result.verdict} (confidence {result.confidence:.2f}), {result.page_type} ({result.page_type_confidence:.2f}): "
             f"{len(result.blocks)} of {len(result.page)} blocks kept, threshold {result.threshold:.2f}, model {result.model}"]
    lines += [_short(f"{name}: {value}", width) for name, value in (("title", result.title), ("byline", result.byline)) if value]
    return lines


def _headline(block: Block, paint: Paint, width: int) -> str:
    """One line about a block: its fate, label, confidence, story probability, and the beginning of its text."""
    fate = "kept" if block.kept else "removed"
    figures = f"{block.label:<{LABEL_WIDTH}}  confidence {block.confidence:.2f}  story {block.story:.2f}  "
    return paint(fate, f"{fate:<9}") + figures + _short(block.text, width - 9 - len(figures))


def _because(reasons: Iterable[Reason]) -> list[str]:
    """Reasons as text, each with its weight in log-odds."""
    return [f"{reason.source} {reason.weight:+.2f} for {'the story' if reason.source == 'model' else reason.label}" for reason in reasons]


# ---- rules ----------------------------


def _rules_list(args: argparse.Namespace) -> int:
    config = _find_config()
    own = _unique([*(_read_config(config)[1] if config else []), *_read_rule_files(args.rules)])
    counts = _builtin_phrase_counts() | {rule.id: sum(map(len, rule.phrases.values())) for rule in own}
    rules = builtin_rules().extended(own).rules
    width = max((len(inert(rule.id)) for rule in rules), default=0)
    lines = [f"{'id':<{width}}  {'label':<{LABEL_WIDTH}}  {'position':<10}  weight  phrases"]
    lines += [f"{inert(rule.id):<{width}}  {rule.label:<{LABEL_WIDTH}}  {rule.position:<10}  {rule.weight:6.1f}  {counts.get(rule.id, 0):7}"
              for rule in rules]
    _write("\n".join(lines) + "\n")
    return 0


def _builtin_phrase_counts() -> dict[str, int]:
    """Phrases per built-in rule, from the TOML files: the compiled packs hold only their hashes."""
    return {row["id"]: sum(map(len, row.get("phrases", {}).values()))
            for path in builtin_files() for row in tomllib.loads(path.read_text("utf-8")).get("rule", [])}


def _rules_test(args: argparse.Namespace) -> int:
    status = 0
    for path in args.files:
        named = _untried_rules_of(_read_toml(path, ("options", "rule")), path)
        rules, problems = _unique(named), list(_failing(named))
        for problem in problems:
            _say(problem)
        good, bad = sum(len(rule.examples) for rule in rules), sum(len(rule.counterexamples) for rule in rules)
        _write(inert(f"{path}: {len(rules)} rules, {good} examples, {bad} counterexamples, {len(problems)} problems\n"))
        status = 1 if problems else status
    return status


def _rules_suggest(args: argparse.Namespace) -> int:
    from boilerstrip.corrections import read_corrections
    from boilerstrip.suggest import suggest, to_toml

    pages = read_corrections(args.files)
    rules = suggest(pages)
    unseen = sum(page.raw is None for page in pages)
    if unseen:
        _say(f"of {unseen} of {len(pages)} pages the text was not exported: their uncorrected blocks are unknown")
    _say(f"{len(rules)} rules suggested from {sum(len(page.corrections) for page in pages)} corrections"
         + ("" if rules else ": no wording was removed twice that never stands in a kept block"))
    if rules:
        _write("# Suggested from corrections: look at each before you use it. `boilerstrip rules test FILE` tries the examples.\n\n"
               + to_toml(rules))
    return 0


def _rules_why(args: argparse.Namespace) -> int:
    options = _options(args)
    raw = _read_page(args.page)
    page = _cleaned(options, raw, args.page, args.url).page
    bare = _cleaned(replace(options, rules=(), builtin_rules=False), raw, args.page, args.url).page
    paint, width = _painter(), _width()
    lines, hit, changed = [], 0, 0
    for block, before in zip(page, _counterparts(page, bare)):
        hits = _because(block.hits)
        differs = before is not None and (block.kept, block.label) != (before.kept, before.label)
        hit, changed = hit + bool(hits), changed + differs
        if hits or differs:
            lines += ["", _headline(block, paint, width)]
            lines += [f"{'':9}{line}" for line in _fold(hits or ["no rule hit this block; those around it changed it"], width - 9)]
            lines += [_without(block, before, differs, paint)] if before is not None else []
    _write("\n".join([f"{hit} of {len(page)} blocks hit by rules, {changed} decided otherwise because of rules", *lines]) + "\n")
    return 0


def _without(block: Block, before: Block, differs: bool, paint: Paint) -> str:
    """One line about the decision without rules."""
    if not differs:
        return paint("dim", f"{'':9}without rules the same: story {before.story:.2f}, confidence {before.confidence:.2f}")
    fate = "kept" if before.kept else "removed"
    return paint("changed", f"{'':9}without rules {fate} as {before.label}: story {before.story:.2f}, confidence {before.confidence:.2f}")


def _counterparts(blocks: Sequence[Block], others: Sequence[Block]) -> Iterator[Block | None]:
    """For each block the one of another decision on the same page that shares most characters with it."""
    starts = [other.start or 0 for other in others]
    for block in blocks:
        start, end = block.start or 0, block.end or 0
        near = others[max(bisect_right(starts, start) - 1, 0):bisect_right(starts, max(end - 1, start))]
        yield max(near, key=lambda other: min(end, other.end or 0) - max(start, other.start or 0), default=None)


# ---- training ----------------------------


def _train(args: argparse.Namespace) -> int:
    if args.add is not None:
        return _finetune(args)
    out = args.out if args.out is not None else Path("weights")
    _check_folders(args.data, None)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Problem(f"{out}: cannot be made: {error.strerror}") from None
    with _extra("train"):
        from boilerstrip.train.run import train

        train(args.data, out, **{name: value for name in ("epochs", "seed") if (value := getattr(args, name)) is not None})
    _say(f"weights written to {out}")
    return 0


def _finetune(args: argparse.Namespace) -> int:
    out = args.out if args.out is not None else Path("text.npz")
    _check_folders(None, out)
    with _extra("train"):
        from boilerstrip.train.finetune import finetune

        outcome = finetune(args.add, out, epochs=args.epochs, seed=args.seed)
    _say(f"weights written to {out}: {outcome}")
    return 0


def _eval(args: argparse.Namespace) -> int:
    _check_folders(args.data, args.json)
    with _extra("bench"):
        if args.html:
            from boilerstrip.train.evaluate_html import evaluate, table
        else:
            from boilerstrip.train.evaluate import evaluate, table  # type: ignore[assignment]

        figures = evaluate(args.data, limit=args.limit, peers=args.peers)
    if args.json is not None:
        args.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    _write(table(figures) + "\n")
    return 0


def _check_folders(data: Path | None, out: Path | None) -> None:
    """What would only be noticed after hours is noticed at once."""
    if data is not None and not data.is_dir():
        raise Problem(f"{data}: no such folder")
    if out is not None and out.is_dir():
        raise Problem(f"{out}: is a folder, not a file")
    if out is not None and not out.parent.is_dir():
        raise Problem(f"{out}: its folder does not exist")


@contextmanager
def _extra(name: str) -> Iterator[None]:
    """Says what to install where a package of an extra is missing."""
    try:
        yield
    except ImportError as error:
        raise Problem(f'{error.name or error} is missing; this installs it: pip install "boilerstrip[{name}]"') from None


# ---- output ----------------------------


def inert(text: str) -> str:
    """Text that cannot move the cursor, colour or reorder what a terminal shows: such characters become visible."""
    return UNSAFE.sub(lambda m: f"\\x{ord(m[0]):02x}" if ord(m[0]) < 256 else f"\\u{ord(m[0]):04x}", text)


def _short(text: str, width: int) -> str:
    """The beginning of a text on one line, inert."""
    line = inert(" ".join(text[:4 * max(width, 20)].split()))
    width = max(width, 20)
    return line if len(line) <= width and len(text) <= 4 * width else line[:width - 1] + "…"


def _fold(parts: Iterable[str], width: int) -> Iterator[str]:
    """Parts joined by commas, on lines of at most so many characters."""
    line = ""
    for part in map(inert, parts):
        if line and len(line) + len(part) + 2 > width:
            yield line + ","
            line = part
        else:
            line = f"{line}, {part}" if line else part
    yield line


def _is_terminal(stream: Any) -> bool:
    return stream is not None and bool(stream.isatty())


def _painter() -> Paint:
    """Colours for a terminal; elsewhere, and where NO_COLOR is set, text stays as it is."""
    if not _is_terminal(sys.stdout) or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return lambda _, text: text
    return lambda role, text: f"\x1b[{COLOURS[role]}m{text}\x1b[0m"


def _width() -> int:
    return max(shutil.get_terminal_size().columns, 80) if _is_terminal(sys.stdout) else WIDTH


def _prepare_stdout() -> None:
    """UTF-8 wherever stdout is no terminal; a character that cannot be written never stops the output."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding=None if sys.stdout.isatty() else "utf-8", errors="backslashreplace")


def _write(text: str) -> None:
    """To stdout, at once.

    Raises:
        Problem: if it cannot be written; stdout is then pointed away, so that the interpreter's end is quiet.
    """
    if sys.stdout is None:
        raise Problem("standard output is closed")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        reason = "its reader has gone" if isinstance(error, BrokenPipeError) else error.strerror
        raise Problem(f"the output could not be written to the end: {reason}") from None


def _say(message: str) -> None:
    if sys.stderr is not None:
        print(f"boilerstrip: {inert(message)}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
