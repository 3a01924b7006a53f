"""scikit-learn: a transformer from pages to stories, to stand before a vectoriser."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from boilerstrip.detect.site import SiteProfile
from boilerstrip.integrations._extras import extra
from boilerstrip.stripper import Stripper

with extra("sklearn"):
    from sklearn.base import BaseEstimator, TransformerMixin
    from sklearn.utils.validation import check_is_fitted

__all__ = ["StoryTransformer"]


class StoryTransformer(TransformerMixin, BaseEstimator):
    """Pages in, the text of their stories out: "" for pages without one.

    `fit` learns what recurs on the pages (see `SiteProfile`), which `transform` then takes for boilerplate: good where the
    pages are of one site, and harmless where they are of many.

    Args:
        learn_site: whether `fit` does so.
        workers: processes that `transform` uses.
        favor, threshold, keep, rules, builtin_rules, input, max_chars: as in `boilerstrip.Options`.

    Attributes:
        profile_: what `fit` learned, or None.
    """

    def __init__(self, *, learn_site: bool = True, workers: int = 1, favor: str = "balanced", threshold: float | None = None,
                 keep: Collection[str] = (), rules: Sequence[Any] = (), builtin_rules: bool = True, input: str = "auto",
                 max_chars: int = 50_000_000) -> None:
        self.learn_site = learn_site
        self.workers = workers
        self.favor = favor
        self.threshold = threshold
        self.keep = keep
        self.rules = rules
        self.builtin_rules = builtin_rules
        self.input = input
        self.max_chars = max_chars

    def fit(self, X: Iterable[str | bytes], y: Any = None) -> StoryTransformer:
        """Check the options, and learn the site.

        Raises:
            TypeError, ValueError: for options or pages that cannot be used.
        """
        self._stripper(None)
        pages = _pages(X)
        self.profile_ = SiteProfile.learn(pages).pruned() if self.learn_site else None
        return self

    def transform(self, X: Iterable[str | bytes]) -> npt.NDArray[np.object_]:
        """The stories, one per page.

        Raises:
            TypeError: if a page is neither str nor bytes.
            ValueError: if a page cannot be cleaned, saying which.
        """
        check_is_fitted(self, "profile_")
        pages = _pages(X)
        out = np.empty(len(pages), object)
        for number, result in enumerate(self._stripper(self.profile_).clean_many(pages, workers=self.workers)):
            if result.error is not None:
                raise ValueError(f"page {number}: {result.error}")
            out[number] = result.text
        return out

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:
        """The name of the one column."""
        return np.array(["story"], object)

    def _stripper(self, site: SiteProfile | None) -> Stripper:
        return Stripper(favor=self.favor, threshold=self.threshold, keep=self.keep, rules=self.rules, builtin_rules=self.builtin_rules,
                        input=self.input, max_chars=self.max_chars, site=site)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.string, tags.input_tags.one_d_array = False, True, True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _pages(X: Any) -> list[str | bytes]:
    """The pages of a list, an array, a Series, or the one column of a table."""
    if isinstance(X, (str, bytes)):
        raise TypeError("X must be a sequence of pages, not one page")
    if getattr(X, "ndim", 1) == 2:
        X = np.asarray(X, object)
        if X.shape[1] != 1:
            raise ValueError(f"X must have one column of pages, not {X.shape[1]}")
        X = X[:, 0]
    pages = list(X)
    for number, page in enumerate(pages):
        if not isinstance(page, (str, bytes)):
            raise TypeError(f"page {number}: a page must be str or bytes, not {type(page).__name__}")
    return pages
