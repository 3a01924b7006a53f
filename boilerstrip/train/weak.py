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
    Label.MEDIA_UI: "player video-player controls slideshow-controls gallery-counter vjs-control-text",
}
STEMS = {token: label for label, tokens in TOKENS.items() for token in tokens.split()}
SPLIT = re.compile(r"[-_]+|(?<=[a-z])(?=[A-Z])")
# What is legal among the lines of a footer: policies, terms, imprint, copyright, address and contact.
LEGAL = re.compile(
    r"©|\(c\)\s*\d|copyright|all rights|alle rechte|tous droits|derechos reservados|diritti riservati|direitos reservados|prawa zastrze|"
    r"privacy|privat|polic[yi]|terms|conditions|cookie|consent|gdpr|ccpa|do not sell|disclaim|legal|imprint|accessib|contact|"
    r"impressum|datenschutz|\bagb\b|nutzungsbedingungen|kontakt|barrierefrei|haftung|mentions l|confidentialit|politique|nous contacter|"
    r"pol[ií]tica|privacidad|aviso|contact[oae]|condi[cz]ioni|note legali|informativa|privatnost|voorwaarden|regulamin|prywatno|"
    r"ochrana|podm[ií]nk|personuppgift|integritet|villkor|tietosuoja|gizlilik|kvkk|конфиденциальн|политика|соглашени|контакт|"
    r"プライバシー|利用規約|お問い合わせ|特定商取引|隐私|隱私|版权|版權|联系|聯絡|개인정보|이용약관|청소년보호", re.I)
# Labels whose surroundings say more than a class inside of them: the date of a teaser belongs to the teaser.
STRONG = frozenset({Label.RELATED, Label.COMMENTS, Label.NAVIGATION, Label.AD})
PICTURED = frozenset({Label.RELATED, Label.COMMENTS, Label.NAVIGATION, Label.AD, Label.SHARE, Label.SUBSCRIBE, Label.LEGAL})
SENTENCE = 5  # words from which an alternative text is a sentence
DEPENDENT = frozenset({Label.BYLINE, Label.CAPTION})


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


def within(own: Label | None, around: Label | None) -> Label | None:
    """The label of an element from its own and that of its surroundings."""
    return around if own is None or (own in DEPENDENT and around in STRONG) else own


def is_footer(tag: str, attributes: str) -> bool:
    """Whether an element is the page's footer or a part of it."""
    return tag == "footer" or (tag not in ("html", "body") and "footer" in tokens_of(attributes))


def footer_label(text: str) -> Label:
    """Footers hold legal lines and links."""
    return Label.LEGAL if LEGAL.search(text) else Label.NAVIGATION


def picture_label(text: str, before: Label | None, after: Label | None) -> Label:
    """The label of a picture's alternative text, from the labels of what stands before and after: a card's is the card's, a
    sentence is a caption, a bare name belongs to the player or the picture."""
    if before == after and before in PICTURED:
        return before
    if Label.NAVIGATION in (before, after) and None in (before, after):
        return Label.NAVIGATION
    return Label.CAPTION if len(text.split()) >= SENTENCE else Label.MEDIA_UI
