"""HTML -> raw text, block by block as a browser shows it."""

from __future__ import annotations

import re

from lxml import etree
from lxml import html as lxml_html

__all__ = ["html_to_text", "looks_like_html"]

TAG = re.compile(r"<(?:!doctype html|html|head|body|div|p|article|section|span|table|ul|script|meta|a\s+href|br)\b[^<>]{0,2000}>", re.I)
HIDDEN = frozenset(("script", "style", "noscript", "template", "head", "svg", "iframe", "object"))
BLOCKS = frozenset((
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure footer form h1 h2 h3 "
    "h4 h5 h6 header hr html legend li main menu nav ol option p pre section select summary table tbody tfoot thead tr ul").split())
SPACES = re.compile(r"[ \t\r\n\f]+")


def looks_like_html(text: str) -> bool:
    """Whether a text is HTML: it begins with a tag, or has several structural ones near its start."""
    head = text[:20_000]
    if "<" not in head:
        return False
    found = TAG.findall(head)
    return (head.lstrip("\ufeff \t\r\n")[:1] == "<" and bool(found)) or len(found) >= 5


def html_to_text(html: str) -> str:
    """The text of a page, one block a line, blank lines between. Broken HTML gives what lxml makes of it."""
    parser = lxml_html.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        tree = lxml_html.document_fromstring(html.replace("\0", "").encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return ""
    parts: list[str] = []
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            if tag in HIDDEN:
                element.text = None
                for child in list(element):
                    element.remove(child)
                continue
            parts.append("\n\n" if tag in BLOCKS else "\n" if tag == "br" else " " if tag in ("td", "th") else "")
            parts.append(_folded(element.text, tag))
        else:
            parts.append("\n\n" if tag in BLOCKS else "")
            parts.append(_folded(element.tail, ""))
    return re.sub(r" ?\n\s*\n\s*", "\n\n", "".join(parts)).strip()


def _folded(text: str | None, tag: str) -> str:
    if not text:
        return ""
    return text if tag == "pre" else SPACES.sub(" ", text)
