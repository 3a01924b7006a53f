"""Pages of HTML with a second whole story behind their own, as where readers scroll on into the next one: in the page's own mark-up
or in plain one."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

import numpy as np
from lxml import etree
from lxml import html as lxml_html

from boilerstrip.labels import Label
from boilerstrip.segment.html import segment_html
from boilerstrip.train.dataset import NUMBER
from boilerstrip.train.trees import TITLE, TreeDoc

HEADINGS = ("", "", "Next", "Next up", "Read next", "More from us", "Also in the news", "Weiter", "À suivre", "Siguiente", "Następny",
            "次の記事")
LONG = 80  # characters of a paragraph
MOST_BLOCKS = 30
MATCHED = 0.95  # of a page's blocks are found again, or the page is left as it is


def with_second_story(html: str, doc: TreeDoc, donor: TreeDoc, rng: random.Random) -> TreeDoc | None:
    """A page with the donor's story behind its own; None where that cannot be told apart again."""
    made = continued(html, doc, donor, rng)
    return relabelled(doc, *made) if made is not None else None


def continued(html: str, doc: TreeDoc, donor: TreeDoc, rng: random.Random) -> tuple[str, set[str]] | None:
    """The HTML of such a page, and the texts that are not its own."""
    told = np.flatnonzero(doc.story == 1)
    foreign = texts_of(donor, np.flatnonzero(donor.story == 1)[:MOST_BLOCKS])
    if len(told) < 3 or len(foreign) < 3:
        return None
    tree = lxml_html.fromstring(html.encode("utf8", "replace"), parser=lxml_html.HTMLParser(encoding="utf8", huge_tree=True))
    paths = doc.page.path
    elements = [found[0] for b in told if (found := tree.xpath(paths[b]))]
    inner = container(elements)
    if inner is None or inner.getparent() is None:
        return None
    titles = texts_of(donor, np.flatnonzero(donor.label == TITLE)[:1])
    try:
        inner.addnext(second_story(inner, elements, titles, foreign, rng))
    except ValueError:  # control characters
        return None
    return lxml_html.tostring(tree, encoding="unicode"), {*titles, *foreign}


def texts_of(doc: TreeDoc, blocks: np.ndarray) -> list[str]:
    return [doc.page.text[doc.page.start[b]:doc.page.end[b]] for b in blocks]


def container(elements: Sequence[etree._Element]) -> etree._Element | None:
    """The innermost element around all of some; where that is the page's body, around the last of them."""
    if not elements:
        return None
    lines = [[*element.iterancestors()][::-1] for element in elements]
    common = [levels[0] for levels in takewhile(lambda levels: len({id(e) for e in levels}) == 1, zip(*lines))]
    found = common[-1] if common else None
    return found if found is not None and found.tag not in ("body", "html") else elements[-1].getparent()


def second_story(inner: etree._Element, elements: Sequence[etree._Element], titles: Sequence[str], texts: Sequence[str],
                 rng: random.Random) -> etree._Element:
    """Headline and paragraphs in elements like those of the page's own story, or in plain ones."""
    alike = rng.random() < 0.5
    paragraphs = [e for e in elements if len("".join(e.itertext())) > LONG] or list(elements)

    def like(element: etree._Element, tag: str) -> etree._Element:
        if not alike:
            return etree.Element(tag)
        return etree.Element(element.tag, {k: v for k, v in element.attrib.items() if k != "id"})

    out = like(inner, rng.choice(("article", "article", "div", "section")))
    heading = rng.choice(HEADINGS)
    for tag, text in ((rng.choice(("h3", "p", "div")), heading), (rng.choice(("h1", "h1", "h2")), "".join(titles))):
        if text:
            etree.SubElement(out, tag).text = text
    for text in texts:
        child = like(rng.choice(paragraphs), "p")
        child.text = text
        out.append(child)
    return out


def relabelled(doc: TreeDoc, html: str, foreign: set[str]) -> TreeDoc | None:
    """The page as it is now, with the truths of its old blocks; what is foreign is related, what is neither is left open."""
    page = segment_html(html)
    old, at = doc.page.texts(), 0
    source = np.full(len(page), -1)
    story, label, strength = np.full(len(page), -1), np.full(len(page), NUMBER[Label.RELATED]), np.zeros(len(page))
    for number, text in enumerate(page.texts()):
        if at < len(old) and text == old[at]:
            source[number], at = at, at + 1
        elif text in foreign:
            story[number], strength[number] = 0, 1.0
    if at < MATCHED * len(old) or not (story == 0).any():
        return None
    same = source >= 0
    for new, given in ((story, doc.story), (label, doc.label), (strength, doc.strength)):
        new[same] = given[source[same]]
    return replace(doc, page=page, story=story, label=label, strength=strength)
