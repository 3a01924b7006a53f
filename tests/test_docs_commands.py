"""The shell examples of the documentation: every command, option, extra and make target in them exists."""

from __future__ import annotations

import re
import shlex
import tomllib

import pytest
from docs_blocks import ROOT

from boilerstrip.cli import _parser

FENCE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINES = sorted({line[2:] for path in (ROOT / "docs").rglob("*.md") for block in FENCE.findall(path.read_text("utf-8"))
                for line in block.splitlines() if line.startswith("$ ")})
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def test_there_are_examples() -> None:
    assert len(LINES) > 15


@pytest.mark.parametrize("line", LINES)
def test_shell_examples_exist(line: str) -> None:
    program, *arguments = shlex.split(line)
    if program == "make":
        assert set(arguments) <= TARGETS
    elif program == "pip":
        assert arguments[0] == "install"
        assert set(",".join(re.findall(r"\[(.*?)\]", line)).split(",")) - {""} <= set(EXTRAS)
    elif arguments == ["--version"]:
        with pytest.raises(SystemExit, match=r"^0$"):
            _parser().parse_args(arguments)
    else:
        assert program == "boilerstrip"
        assert callable(_parser().parse_args(arguments).run)


def test_every_extra_that_the_pages_name_exists() -> None:
    named = {name for path in [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
             for group in re.findall(r"""install "[a-z.]*\[([\w,-]+)\]""", path.read_text("utf-8")) for name in group.split(",")}
    assert named <= set(EXTRAS)
