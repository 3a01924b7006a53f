"""The examples of the documentation: fenced Python blocks whose first line is `# runs`, or `# runs: module` where it needs one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^```python\n(# runs(?:: (\S+))?\n.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """An example: where it stands ("guide.md:12"), its code, and the module that it needs."""

    where: str
    code: str
    needs: str | None


def blocks(text: str, name: str) -> list[Block]:
    """The examples of one page."""
    return [Block(f"{name}:{text.count(chr(10), 0, m.start()) + 1}", m[1], m[2]) for m in FENCE.finditer(text)]


def all_blocks() -> list[Block]:
    """The examples of all pages."""
    docs = ROOT / "docs"
    return [block for path in sorted(docs.rglob("*.md")) for block in blocks(path.read_text("utf-8"), path.relative_to(docs).as_posix())]


def run(block: Block, folder: Path) -> str:
    """What an example prints, run by itself in a folder where page.txt is a page.

    Raises:
        AssertionError: if it fails, with its traceback.
    """
    shutil.copy(ROOT / "fixtures" / "sample.txt", folder / "page.txt")
    (folder / "example.py").write_text(block.code, "utf-8")
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])  # as in an environment that is active
    done = subprocess.run([sys.executable, "example.py"], cwd=folder, capture_output=True, text=True, timeout=300,
                          env={**os.environ, "PYTHONPATH": path, "PATH": programs})
    assert done.returncode == 0, f"{block.where}:\n{done.stderr}"
    return done.stdout
