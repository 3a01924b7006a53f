"""The examples of the documentation run. Those that need another package: tests/integrations/test_docs_integrations.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from docs_blocks import Block, all_blocks, blocks, run


@pytest.mark.parametrize("block", [b for b in all_blocks() if b.needs is None], ids=lambda block: block.where)
def test_examples_run(block: Block, tmp_path: Path) -> None:
    run(block, tmp_path)


def test_the_runner(tmp_path: Path) -> None:
    examples = ["# runs\nprint(len(open('page.txt').read()) > 9)", "left_out", "# runs: polars\n1 / 0"]
    page = "# Guide\n\n" + "\n".join(f"```python\n{code}\n```\n" for code in examples)
    good, bad = blocks(page, "guide.md")
    assert (good.where, good.needs, bad.where, bad.needs) == ("guide.md:3", None, "guide.md:12", "polars")
    assert run(good, tmp_path) == "True\n"
    with pytest.raises(AssertionError, match=r"(?s)^guide.md:12:.*ZeroDivisionError"):
        run(bad, tmp_path)
