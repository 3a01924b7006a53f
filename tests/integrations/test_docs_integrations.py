"""The examples of the documentation that need other packages run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from docs_blocks import Block, all_blocks, run


@pytest.mark.parametrize("block", [b for b in all_blocks() if b.needs is not None], ids=lambda block: f"{block.needs}-{block.where}")
def test_examples_run(block: Block, tmp_path: Path) -> None:
    assert block.needs is not None
    pytest.importorskip(block.needs)
    if block.needs == "pyspark" and shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    assert run(block, tmp_path).strip()
