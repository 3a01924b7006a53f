"""Polars."""

from __future__ import annotations

import pytest
from pages import COLUMNS, PAGES, RULE, URLS, expected

pl = pytest.importorskip("polars")
from boilerstrip.integrations.polars import DTYPE, strip


def test_equals_clean_many() -> None:
    out = pl.DataFrame({"text": PAGES}).with_columns(strip("text").alias("story"))
    assert out.schema["story"] == DTYPE
    assert out.columns == ["text", "story"]
    assert out["story"].struct.unnest().to_dict(as_series=False) == expected(PAGES)


def test_lazy_and_streaming() -> None:
    lazy = pl.LazyFrame({"text": PAGES * 3}).with_columns(story=strip("text").struct.field("text"))
    assert lazy.collect_schema() == {"text": pl.String, "story": pl.String}
    assert lazy.collect(engine="streaming")["story"].to_list() == expected(PAGES * 3)["text"]


def test_addresses_and_options() -> None:
    frame = pl.DataFrame({"text": PAGES, "url": URLS}).select(strip(pl.col("text"), "url", rules=[RULE]).alias("story"))
    assert frame["story"].struct.unnest().to_dict(as_series=False) == expected(PAGES, URLS, rules=[RULE])
    with pytest.raises(TypeError, match="did you mean 'favor'"):
        strip("text", favour="recall")


def test_bad_pages_cost_only_themselves() -> None:
    frame = pl.DataFrame({"text": [PAGES[0], None, PAGES[1]]}).select(strip("text").struct.unnest())
    assert frame["text"].to_list() == [expected(PAGES)["text"][0], "", expected(PAGES)["text"][1]]
    assert frame["error"].to_list() == [None, "TypeError: a page must be str or bytes, not NoneType", None]


def test_bytes_and_no_pages() -> None:
    frame = pl.DataFrame({"raw": [page.encode() for page in PAGES]}).select(strip("raw").struct.field("text"))
    assert frame["text"].to_list() == expected(PAGES)["text"]
    assert pl.DataFrame({"text": []}, {"text": pl.String}).select(strip("text").struct.unnest()).shape == (0, len(COLUMNS))
