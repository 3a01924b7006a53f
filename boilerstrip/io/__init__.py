"""Readers and writers for many pages: JSONL, Parquet, WARC and WET, files and folders."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["InputError", "needs"]


class InputError(ValueError):
    """An input or output that cannot be used; the message names it and says why."""


def needs(module: str, extra: str) -> Any:
    """An optional package's module.

    Raises:
        InputError: naming the extra that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise InputError(f'{module.partition(".")[0]} is missing; this installs it: pip install "boilerstrip[{extra}]"') from None
