"""Weak labels: what the HTML of a page says about the text nodes that the gold text leaves out.

Class and id tokens are compared whole, never as substrings ("bar" must not match "barcelona").
Rules are data: a table of tags and a table of token stems per label, nearest ancestor first.
"""

from __future__ import annotations

import re

from boilerstrip.labels import Label

TAGS = {
    "figcaption": Label.CAPTION, "nav": Label.NAVIGATION, "time": Label.BYLINE, "address": Label.LEGAL,
    "option": Label.NAVIGATION, "select": Label.NAVIGATION, "video": Label.MEDIA_UI, "audio": Label.MEDIA_UI,
}

TOKENS: dict[Label, str] = {
    Label.CAPTION: "caption captions credit credits figcaption photocredit imagecredit copyrightimage wp-caption-text",
    Label.BYLINE: "byline bylines author authors dateline timestamp pubdate published posted date datetime "
                  "readtime reading-time autor auteur autore datum entry-meta post-meta article-meta bio",
    Label.SHARE: "share sharing shares sharebar social socials socialbar sharedaddy addtoany follow followus "
                 "share-buttons social-share social-links social-media sociallinks shariff",
    Label.RELATED: "related recirc recirculation recommended recommendations recommend readmore read-more more-from "
                   "morestories also-read alsoread trending popular mostread most-read latest teaser teasers "
                   "outbrain taboola upnext next-article related-posts relatedposts similar suggestions "
                   "crp_related yarpp jp-relatedposts post-navigation nav-links",
    Label.SUBSCRIBE: "newsletter newsletters subscribe subscription signup sign-up paywall donate donation "
                     "membership optin mailchimp mc_embed_signup app-promo appdownload premium",
    Label.COMMENTS: "comment comments commentlist comment-list disqus disqus_thread respond comment-respond "
                    "commentform discussion livefyre reader-comments",
    Label.LEGAL: "cookie cookies consent gdpr copyright disclaimer terms imprint legal cookie-notice cookie-banner "
                 "onetrust-consent-sdk cookiebanner colophon",
    Label.AD: "ad ads advert advertisement advertising sponsor sponsored sponsors adslot ad-slot affiliate "
              "ad-container anzeige werbung dfp adsbygoogle promoted",
    Label.NAVIGATION: "nav navbar navigation menu menus submenu sub-menu breadcrumb breadcrumbs pagination pager "
                      "tags tag-list tagcloud tag-links categories category search searchform login toc "
                      "skip-link sitemap topbar mainmenu main-menu menu-item dropdown masthead",
    Label.MEDIA_UI: "player video-player controls slideshow-controls screen-reader-text sr-only visually-hidden "
                    "gallery-counter vjs-control-text",
}
STEMS = {token: label for label, tokens in TOKENS.items() for token in tokens.split()}
SPLIT = re.compile(r"[-_]+|(?<=[a-z])(?=[A-Z])")
COPYRIGHT = re.compile(r"©|\(c\)\s*\d|copyright|all rights reserved|alle rechte|tous droits", re.I)


def tokens_of(attributes: str) -> list[str]:
    """Whole class and id tokens, and the parts of compound ones ("article__share-bar": article, share, bar)."""
    whole = attributes.split()
    parts = [p.lower() for token in whole for p in SPLIT.split(token) if p]
    return [t.lower() for t in whole] + parts


def element_label(tag: str, attributes: str, rel: str = "", role: str = "") -> Label | None:
    """The label that one element gives to everything in it, or None."""
    if "author" in rel.split():
        return Label.BYLINE
    if role == "navigation":
        return Label.NAVIGATION
    if tag in TAGS:
        return TAGS[tag]
    if tag in ("html", "body", "article", "main"):
        return None
    return next((STEMS[t] for t in tokens_of(attributes) if t in STEMS), None)


def footer_label(text: str) -> Label:
    """Footers hold legal lines and links."""
    return Label.LEGAL if COPYRIGHT.search(text) else Label.NAVIGATION
