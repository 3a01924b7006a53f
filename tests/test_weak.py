"""Weak labels: what the HTML of a page says about its text nodes."""

from __future__ import annotations

import pytest

from boilerstrip import Label
from boilerstrip.train.weak import element_label, footer_label, is_footer, picture_label, within


@pytest.mark.parametrize(("tag", "attributes", "label"), [
    ("figcaption", "", Label.CAPTION), ("div", "article__share-bar", Label.SHARE),
    ("div", "barcelona", None), ("nav", "", Label.NAVIGATION),
    ("span", "sr-only", None), ("div", "relatedPosts", Label.RELATED), ("main", "comments", None)])
def test_whole_tokens_name_what_an_element_holds(tag: str, attributes: str, label: Label | None) -> None:
    assert element_label(tag, attributes) is label


def test_the_date_of_a_teaser_belongs_to_the_teaser() -> None:
    assert within(Label.BYLINE, Label.RELATED) is Label.RELATED
    assert within(Label.BYLINE, None) is Label.BYLINE
    assert within(Label.SHARE, Label.RELATED) is Label.SHARE
    assert within(None, Label.COMMENTS) is Label.COMMENTS


def test_footers() -> None:
    assert is_footer("footer", "") and is_footer("div", "site-footer wide")
    assert not is_footer("div", "footerless") and not is_footer("body", "footer")
    assert footer_label("Datenschutzerklärung") is footer_label("© 2026 The Harrow Ledger") is Label.LEGAL
    assert footer_label("Sport") is Label.NAVIGATION


@pytest.mark.parametrize(("text", "before", "after", "label"), [
    ("A harbour at dawn", Label.RELATED, Label.RELATED, Label.RELATED), ("The Harrow Ledger", None, Label.NAVIGATION, Label.NAVIGATION),
    ("Two keepers carry the lamp up the stairs", Label.BODY, None, Label.CAPTION), ("lamp-2.jpg", Label.BODY, Label.BODY, Label.MEDIA_UI)])
def test_the_text_of_a_picture_is_named_by_its_surroundings(text: str, before: Label | None, after: Label | None, label: Label) -> None:
    assert picture_label(text, before, after) is label
