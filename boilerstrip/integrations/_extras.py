"""Optional packages: what to say when one is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["extra"]


@contextmanager
def extra(name: str, *packages: str) -> Iterator[None]:
    """Around the imports of what the extra `name` installs: the modules `packages`, or one called like the extra.

    Raises:
        ImportError: naming the extra, if one of them is missing; other errors of an import stay as they are.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in {package.partition(".")[0] for package in packages or (name,)}:
            raise
        raise ImportError(f'{missing} is missing; this installs it: pip install "boilerstrip[{name}]"', name=missing) from None
