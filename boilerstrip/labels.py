"""The vocabulary: what a block of a scraped page can be, and which labels make up the story."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["ADJACENT", "BOILERPLATE", "LABELS", "STORY", "Label", "PageType", "Verdict"]


class Label(StrEnum):
    """What a block is. Every block carries exactly one label; the order is that of the model's outputs."""

    BODY = "body"
    TITLE = "title"
    BYLINE = "byline"
    CAPTION = "caption"
    NAVIGATION = "navigation"
    AD = "ad"
    AI_PROMO = "ai_promo"
    RELATED = "related"
    SHARE = "share"
    SUBSCRIBE = "subscribe"
    COMMENTS = "comments"
    LEGAL = "legal"
    MEDIA_UI = "media_ui"
    OTHER = "other"


LABELS: tuple[Label, ...] = tuple(Label)
"""All labels, in the order of the model's outputs and of every per-label array."""

STORY = frozenset({Label.BODY, Label.TITLE})
"""Labels of the story itself; only `body` is part of `Result.text` unless `keep` says otherwise."""

ADJACENT = frozenset({Label.BYLINE, Label.CAPTION})
"""Labels that belong to the story without being it: reported as metadata, kept on request."""

BOILERPLATE = frozenset(LABELS) - STORY - ADJACENT
"""Labels of what is removed."""


class PageType(StrEnum):
    """What kind of page the story was found on; the order is that of the model's outputs."""

    ARTICLE = "article"
    FORUM = "forum"
    PRODUCT = "product"
    COLLECTION = "collection"
    LISTING = "listing"
    DOCUMENTATION = "documentation"
    SERVICE = "service"


class Verdict(StrEnum):
    """Whether the page has content of its own."""

    STORY = "story"
    NO_STORY = "no_story"
