"""scikit-learn."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from pages import PAGES, page

from boilerstrip import clean_many
from boilerstrip.detect.site import SiteProfile

sklearn = pytest.importorskip("sklearn")
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from boilerstrip.integrations.sklearn import StoryTransformer


@parametrize_with_checks([StoryTransformer()])
def test_sklearns_own_checks(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize("check", ["estimator_cloneable", "estimator_repr", "estimator_tags_renamed", "get_params_invariance",
                                   "no_attributes_set_in_init", "parameters_default_constructible", "set_params", "valid_tag_types",
                                   "mixin_order", "transformer_get_feature_names_out"])
def test_sklearns_checks_that_need_no_numbers(check: str) -> None:
    """scikit-learn itself runs hardly any check on an estimator that takes no table of numbers."""
    getattr(estimator_checks, f"check_{check}")("StoryTransformer", StoryTransformer())


def test_equals_clean_many() -> None:
    stories = StoryTransformer(learn_site=False).fit_transform(PAGES)
    assert stories.tolist() == [r.text for r in clean_many(PAGES)]


def test_fit_learns_the_site() -> None:
    pages = [page(n) for n in range(8)]
    fitted = StoryTransformer().fit(pages)
    assert isinstance(fitted.profile_, SiteProfile) and fitted.profile_.pages == 8
    assert fitted.transform(PAGES).tolist() == [r.text for r in clean_many(PAGES, site=SiteProfile.learn(pages).pruned())]


@pytest.mark.parametrize("X", [np.array(PAGES, object), np.array(PAGES, object)[:, None], np.array(PAGES), iter(PAGES), tuple(PAGES)],
                         ids=["array", "column", "array of str", "iterator", "tuple"])
def test_forms_of_input(X: Any) -> None:
    assert StoryTransformer(learn_site=False).fit([]).transform(X).tolist() == [r.text for r in clean_many(PAGES)]


def test_table_of_one_column() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"page": PAGES})
    transformer = StoryTransformer(learn_site=False).fit(frame)
    assert transformer.transform(frame).tolist() == transformer.transform(frame["page"]).tolist()
    with pytest.raises(ValueError, match="one column of pages, not 2"):
        transformer.transform(frame.assign(more=1))


def test_clones_and_pickles() -> None:
    fitted = StoryTransformer(favor="recall", keep=["caption"]).fit(PAGES)
    again = pickle.loads(pickle.dumps(fitted))
    assert again.transform(PAGES).tolist() == fitted.transform(PAGES).tolist()
    assert clone(fitted).get_params() == fitted.get_params() and not hasattr(clone(fitted), "profile_")


def test_in_a_pipeline_with_search() -> None:
    pipeline = make_pipeline(StoryTransformer(), CountVectorizer(), LogisticRegression())
    search = GridSearchCV(pipeline, {"storytransformer__favor": ["precision", "recall"]}, cv=2)
    search.fit([page(n) for n in range(12)], [n % 2 for n in range(12)])
    assert set(search.predict(PAGES)) <= {0, 1}
    words = make_pipeline(StoryTransformer(), CountVectorizer()).fit([page(n) for n in range(5)])
    assert "parish" in words[-1].get_feature_names_out()


def test_says_what_is_wrong() -> None:
    with pytest.raises(NotFittedError):
        StoryTransformer().transform(PAGES)
    with pytest.raises(TypeError, match="page 1: a page must be str or bytes, not NoneType"):
        StoryTransformer().fit(["a", None])
    with pytest.raises(TypeError, match="not one page"):
        StoryTransformer().fit("a page")
    with pytest.raises(ValueError, match="favor must be one of"):
        StoryTransformer(favor="both").fit(PAGES)
    with pytest.raises(ValueError, match=r"page 1: ValueError: .*max_chars"):
        StoryTransformer(max_chars=10, learn_site=False).fit(PAGES).transform(["short", "long " * 10])
