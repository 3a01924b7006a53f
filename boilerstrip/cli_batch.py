"""The commands for many pages: `boilerstrip batch` and `boilerstrip learn`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["add_commands"]

FAILED = 3  # exit code: the run came to its end, but some documents are in the errors file


def add_commands(commands: Any) -> None:
    """Add the subcommands to an argparse parser's."""
    _add_batch(commands)
    _add_learn(commands)


def _command(commands: Any, name: str, run: Callable[[argparse.Namespace], int], about: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".")
    command.set_defaults(run=run)
    command.add_argument("inputs", nargs="+", metavar="IN",
                         help="JSONL (.gz, .zst), Parquet, WARC or WET files, folders, globs of .html and .txt")
    command.add_argument("--text-field", default="text", metavar="NAME", help="field of the raw text (default: %(default)s)")
    command.add_argument("--html-field", metavar="NAME", help="field of the HTML; where it is null the text field is used")
    command.add_argument("--id-field", default="id", metavar="NAME", help="field that names a record in messages (default: %(default)s)")
    command.add_argument("--site-field", metavar="NAME", help="field of the site, for profiles (default: the host of the url field)")
    command.add_argument("--url-field", default="url", metavar="NAME", help="field of the address (default: %(default)s)")
    return command


def _add_batch(commands: Any) -> None:
    command = _command(commands, "batch", _batch, "clean all pages of files and folders")
    command.epilog = f"Exit codes: 0 all went well, 1 the run stopped, 2 wrong usage, {FAILED} done, but some documents failed."
    command.add_argument("-o", "--out", required=True, type=Path, metavar="OUT", help="a .jsonl (.gz, .zst) or .parquet file, or a folder")
    command.add_argument("--format", choices=("jsonl", "parquet"), help="what is in the folder OUT (for files the name says it)")
    command.add_argument("--blocks", action="store_true", help="also write every block with its label and probabilities")
    command.add_argument("--removed", action="store_true", help="also write what was removed")
    command.add_argument("--workers", type=_positive, default=1, metavar="N", help="processes (default: %(default)s)")
    command.add_argument("--ordered", action="store_true", help="keep the order of the input")
    command.add_argument("--resume", action="store_true", help="go on with a run that was interrupted")
    command.add_argument("--timeout", type=_seconds, default=60.0, metavar="S",
                         help="seconds that a document may take (default: %(default)g)")
    command.add_argument("--part-size", type=_positive, default=10_000, metavar="N",
                         help="records after which a part is safe (default: %(default)s)")
    command.add_argument("--errors", type=Path, metavar="FILE", help="where failures are listed (default: OUT.errors.jsonl)")
    command.add_argument("--profiles", type=Path, metavar="FILE", help="site profiles, made by `boilerstrip learn`")
    risk = command.add_mutually_exclusive_group()
    risk.add_argument("--precision", dest="favor", action="store_const", const="precision", help="keep less")
    risk.add_argument("--recall", dest="favor", action="store_const", const="recall", help="keep more")
    command.add_argument("--rules", type=Path, action="append", default=[], metavar="FILE", help="a TOML file of rules (may be repeated)")


def _add_learn(commands: Any) -> None:
    command = _command(commands, "learn", _learn, "learn what recurs on the pages of each site")
    command.add_argument("-o", "--out", required=True, type=Path, metavar="OUT", help="file of profiles: .parquet, else JSON lines")
    command.add_argument("--pages", type=_positive, default=200, metavar="N", help="pages per site that are enough (default: %(default)s)")
    command.add_argument("--engine", choices=("memory", "duckdb"), default="memory",
                         help="where the counts are held: in memory, or on disk by DuckDB, for more sites than fit (default: %(default)s)")
    command.add_argument("--memory", default="1GB", metavar="SIZE", help="memory that DuckDB may use (default: %(default)s)")


def _batch(args: argparse.Namespace) -> int:
    from boilerstrip import batch
    from boilerstrip.options import Options

    options = Options.of(rules=args.rules, **({"favor": args.favor} if args.favor else {}))
    try:
        with _bar() as progress:
            summary = batch.run(
                args.inputs, args.out, columns=_columns(args), options=options, form=args.format, blocks=args.blocks,
                removed=args.removed, profiles=args.profiles, workers=args.workers, ordered=args.ordered, resume=args.resume,
                timeout=args.timeout, part_size=args.part_size, errors=args.errors, progress=progress)
    except (KeyboardInterrupt, OSError):
        print("boilerstrip: the run stopped; what was done is kept, and the same command with --resume goes on", file=sys.stderr)
        raise
    print(summary, file=sys.stderr)
    return FAILED if summary.counts["errors"] else 0


def _learn(args: argparse.Namespace) -> int:
    from boilerstrip import batch

    with _bar() as progress:
        sites, pages = batch.learn(args.inputs, args.out, columns=_columns(args), most=args.pages, engine=args.engine,
                                   memory=args.memory, progress=progress)
    if not pages:
        print("boilerstrip: no page had text and a site: look at --site-field, --text-field and --html-field", file=sys.stderr)
        return FAILED
    print(f"{sites:,} profiles from {pages:,} pages written to {args.out}", file=sys.stderr)
    return 0


def _columns(args: argparse.Namespace) -> Any:
    from boilerstrip.batch import Columns

    return Columns(args.text_field, args.html_field, args.id_field, args.site_field, args.url_field)


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on a terminal, if tqdm is installed; else nothing."""
    try:
        from tqdm import tqdm
    except ImportError:
        yield None
        return
    with tqdm(unit=" pages", disable=None, file=sys.stderr, smoothing=0.05) as bar:
        errors = 0

        def progress(records: int, failed: int) -> None:
            nonlocal errors
            errors += failed
            bar.set_postfix({"errors": errors}, refresh=False)
            bar.update(records)
        yield progress


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, not {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e7:
        raise argparse.ArgumentTypeError(f"must be a number of seconds, not {text!r}")
    return value
