"""pandas: a Series of pages in, a DataFrame of stories out."""

from __future__ import annotations

from typing import Any

from boilerstrip.integrations._columns import Columns
from boilerstrip.integrations._extras import extra

with extra("pandas"):
    import pandas as pd

__all__ = ["strip"]


def strip(pages: pd.Series[Any], urls: pd.Series[Any] | None = None, **options: Any) -> pd.DataFrame:
    """The columns text, title, verdict, confidence, page_type and error, with the index of `pages`.

    Args:
        pages: raw texts or HTML.
        urls: where they are from, row by row.
        options: as of `boilerstrip.Stripper`.

    Raises:
        ValueError: if there are not as many `urls` as `pages`.
    """
    if urls is not None and len(urls) != len(pages):
        raise ValueError(f"there are {len(pages)} pages and {len(urls)} urls")
    return pd.DataFrame(Columns(**options).columns(pages, urls), index=pages.index)
