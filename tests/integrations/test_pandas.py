"""pandas."""

from __future__ import annotations

import pytest
from pages import COLUMNS, PAGES, RULE, URLS, expected

pd = pytest.importorskip("pandas")
strip = pytest.importorskip("boilerstrip.integrations.pandas").strip


def columns_of(frame: pd.DataFrame) -> dict[str, list[object]]:
    return {name: [None if pd.isna(v) else v for v in frame[name]] for name in frame}


def test_equals_clean_many() -> None:
    frame = strip(pd.Series(PAGES))
    assert tuple(frame.columns) == COLUMNS
    assert columns_of(frame) == expected(PAGES)


def test_keeps_the_index_and_joins() -> None:
    frame = pd.DataFrame({"id": range(3), "text": PAGES[:3]}, index=["c", "a", "b"])
    out = frame.join(strip(frame["text"]).add_prefix("story_"))
    assert list(out.index) == ["c", "a", "b"]
    assert list(out["story_text"]) == expected(PAGES[:3])["text"]


def test_bad_pages_cost_only_themselves() -> None:
    pages = [PAGES[0], None, 3.5, b"Nur ein paar Bytes, f\xfcr den Test.", "a lone \ud800 surrogate in a line of text", PAGES[1]]
    frame = strip(pd.Series(pages, dtype=object))
    assert columns_of(frame)["text"][::5] == expected(PAGES[:2])["text"]
    assert [pd.notna(e) for e in frame["error"]] == [False, True, True, False, False, False]
    assert "\ud800" not in "".join(frame["text"])


def test_options_and_addresses() -> None:
    frame = strip(pd.Series(PAGES), pd.Series(URLS), rules=[RULE], threshold=0.3)
    assert columns_of(frame) == expected(PAGES, URLS, rules=[RULE], threshold=0.3)
    assert columns_of(frame)["text"] != expected(PAGES, threshold=0.3)["text"]
    with pytest.raises(TypeError, match="did you mean 'threshold'"):
        strip(pd.Series(PAGES), treshold=0.3)
    with pytest.raises(ValueError, match="11 pages and 1 urls"):
        strip(pd.Series(PAGES), pd.Series(["https://a.example"]))


def test_no_pages() -> None:
    assert strip(pd.Series([], dtype=str)).shape == (0, len(COLUMNS))
