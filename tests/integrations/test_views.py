"""A result as a pandas DataFrame and as a plot, with the real packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from boilerstrip import Label, clean

SAMPLE = (Path(__file__).parents[2] / "fixtures" / "sample.txt").read_text("utf-8")


def test_a_frame_has_a_row_per_block() -> None:
    pandas = pytest.importorskip("pandas")
    result = clean(SAMPLE)
    frame = result.to_frame()
    assert list(frame.columns) == ["text", "label", "kept", "story", "confidence", "start", "end", "rules", "path", "tag"]
    assert list(frame.text) == [b.text for b in result.page]
    assert list(frame[frame.kept].text) == [b.text for b in result.blocks]
    assert list(frame.label) == [str(b.label) for b in result.page]
    assert all(SAMPLE[row.start:row.end] == row.text for row in frame.itertuples())
    assert [str(frame.dtypes[name]) for name in ("kept", "start", "story", "label")] == ["bool", "Int64", "float64", "category"]
    assert frame.groupby("label", observed=True).size().sum() == len(result.page)
    assert isinstance(frame, pandas.DataFrame)


def test_an_empty_page_has_an_empty_frame() -> None:
    pytest.importorskip("pandas")
    assert len(clean("").to_frame()) == 0


def test_a_plot_has_a_bar_per_block(tmp_path: Path) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    result = clean(SAMPLE)
    ax = result.plot()
    assert [round(bar.get_height(), 6) for bar in ax.patches] == [round(max(b.story, 0.015), 6) for b in result.page]
    used = {b.label for b in result.page}
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [str(label) for label in Label if label in used]
    assert ax.lines[0].get_ydata()[0] == result.threshold
    ax.figure.savefig(tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 5_000
    mine = pyplot.subplots()[1]
    assert clean("").plot(mine) is mine
    pyplot.close("all")
