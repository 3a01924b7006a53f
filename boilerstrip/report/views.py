"""A result as a pandas DataFrame and as a plot; both packages are extras."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from boilerstrip.labels import Label

if TYPE_CHECKING:
    from boilerstrip.result import Result

__all__ = ["frame", "plot"]

COLOURS: dict[Label, str] = {
    Label.BODY: "#2b6cb0", Label.TITLE: "#1a365d", Label.BYLINE: "#2c7a7b", Label.CAPTION: "#38b2ac", Label.NAVIGATION: "#718096",
    Label.AD: "#c05621", Label.AI_PROMO: "#9f3fc4", Label.RELATED: "#6b46c1", Label.SHARE: "#3182ce", Label.SUBSCRIBE: "#b83280",
    Label.COMMENTS: "#4f7a28", Label.LEGAL: "#8a6d1b", Label.MEDIA_UI: "#2f855a", Label.OTHER: "#a0aec0"}


def needed(module: str, extra: str) -> Any:
    """A module of an extra.

    Raises:
        ImportError: naming what installs it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        if (error.name or "").partition(".")[0] != package:
            raise
        raise ImportError(f'{package} is missing; this installs it: pip install "boilerstrip[{extra}]"', name=package) from None


def frame(result: Result) -> Any:
    """One row per block."""
    pandas = needed("pandas", "pandas")
    page = result.page
    columns: dict[str, Any] = {name: [getattr(b, name) for b in page] for name in ("text", "kept", "story", "confidence", "path", "tag")}
    columns["label"] = pandas.Categorical([str(b.label) for b in page], categories=[str(label) for label in Label])
    columns["rules"] = [[hit.source for hit in b.hits] for b in page]
    offsets = {name: pandas.array([getattr(b, name) for b in page], dtype="Int64") for name in ("start", "end")}
    order = ["text", "label", "kept", "story", "confidence", "start", "end", "rules", "path", "tag"]
    return pandas.DataFrame({**columns, **offsets}, columns=order)


def plot(result: Result, ax: Any = None) -> Any:
    """A bar per block, as high as it is story and as wide as it has words."""
    pyplot = needed("matplotlib.pyplot", "plot")
    patches = needed("matplotlib.patches", "plot")
    if ax is None:
        ax = pyplot.subplots(figsize=(9, 2.6), layout="constrained")[1]
    left, edges, widths = 0.0, [], []
    for words in result.scored.words:
        edges.append(left)
        widths.append(max(words, 3))
        left += widths[-1]
    labels = [b.label for b in result.page]
    ax.bar(edges, [max(b.story, 0.015) for b in result.page], widths, align="edge", color=[COLOURS[label] for label in labels],
           edgecolor="white", linewidth=0.3)
    ax.axhline(result.threshold, color="black", linewidth=1, linestyle="--")
    ax.set(xlabel="the page, in words", ylabel="story probability", ylim=(0, 1.02), xlim=(0, max(left, 1)))
    ax.spines[["top", "right"]].set_visible(False)
    used = [label for label in Label if label in labels]
    handles = [patches.Patch(color=COLOURS[label], label=str(label)) for label in used]
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize="small")
    return ax
