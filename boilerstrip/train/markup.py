"""The pages that we wrote, as HTML: in mark-up of the kind that small sites have, without classes, so that what tells story
and furniture apart there is the text and what elements usually hold."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace
from html import escape
from itertools import groupby

from boilerstrip.labels import Label
from boilerstrip.train.dataset import NUMBER, Example, Node
from boilerstrip.train.seconds import with_second_story
from boilerstrip.train.trees import TreeDoc, tree_doc
from boilerstrip.train.written import WrittenPage

LISTED = re.compile(r"[-*•·▪►]\s")
# What may stand around a run of lines with one label ("": nothing), and what its lines may be.
AROUND: dict[Label, tuple[str, ...]] = {
    Label.TITLE: ("", "header", "div"), Label.NAVIGATION: ("nav", "header", "footer", "ul", "div", ""),
    Label.RELATED: ("aside", "section", "article", "ul", "div", ""), Label.COMMENTS: ("section", "ol", "div", ""),
    Label.CAPTION: ("figure", "div", ""), Label.LEGAL: ("footer", "div", "")}
LINES: dict[Label, tuple[str, ...]] = {
    Label.TITLE: ("h1", "h1", "h2"), Label.NAVIGATION: ("a", "a", "span"), Label.RELATED: ("a", "p", "h1", "h2", "h3", "h4"),
    Label.COMMENTS: ("p", "p", "div"), Label.CAPTION: ("figcaption", "p", "div", "span"), Label.LEGAL: ("p", "small", "a", "div"),
    Label.BYLINE: ("p", "span", "div"), Label.SHARE: ("a", "button", "span", "p"), Label.MEDIA_UI: ("span", "button", "div", "p")}
AROUND_OTHERS, OTHER_LINES = ("aside", "div", "section", "", ""), ("p", "p", "div", "span", "a", "h3")
LISTS, INLINE = ("ul", "ol"), ("a", "span", "button", "small")
HEADING_CHARS = 60  # longer lines of a story are no headings
TEASER_CHARS = 120  # longer lines of what is told in prose are paragraphs
PROSE = (Label.RELATED, Label.COMMENTS, Label.AD, Label.SUBSCRIBE, Label.AI_PROMO)


@dataclass(frozen=True)
class Style:
    """One site's habits."""

    story: str  # the element around headline and story, or ""
    paragraph: str
    heading: str
    plain: bool  # every line is a paragraph

    @classmethod
    def at_random(cls, rng: random.Random) -> Style:
        plain = rng.random() < 0.25
        return cls("" if plain else rng.choice(("article", "main", "div", "")), "div" if rng.random() < 0.15 else "p",
                   rng.choice(("h2", "h3", "p")), plain)

    def run(self, label: Label, texts: list[str], rng: random.Random) -> str:
        """Neighbouring lines with one label."""
        if label is Label.BODY:
            return self.story_lines(texts, rng)
        around = "" if self.plain else rng.choice(AROUND.get(label, AROUND_OTHERS))
        element = "p" if self.plain else rng.choice(LINES.get(label, OTHER_LINES))
        around = around or ("div" if element in INLINE else "")
        rows = [self.line("p" if len(text) > TEASER_CHARS and label in PROSE else element, text) for text in texts]
        return within(around, [within("li", [row]) for row in rows] if around in LISTS else rows)

    def story_lines(self, texts: list[str], rng: random.Random) -> str:
        """Paragraphs, headings and, where several lines in a row look so, lists."""
        parts: list[str] = []
        for listed, group in groupby(texts, key=lambda text: LISTED.match(text) is not None and not self.plain):
            lines = list(group)
            if listed and len(lines) > 1:
                parts.append(within(rng.choice(LISTS), [self.line("li", LISTED.sub("", line, count=1)) for line in lines]))
            else:
                parts += [self.line(self.heading if self.is_heading(line, rng) else "p", line) for line in lines]
        return within("" if self.plain or rng.random() < 0.75 else "div", parts)

    def is_heading(self, text: str, rng: random.Random) -> bool:
        return not self.plain and len(text) < HEADING_CHARS and text[-1:].isalnum() and rng.random() < 0.7

    def line(self, element: str, text: str) -> str:
        return f"<{(element := self.paragraph if element == 'p' else element)}>{escape(text)}</{element}>"


def within(element: str, parts: list[str]) -> str:
    lines = "\n".join(parts)
    return f"<{element}>\n{lines}\n</{element}>" if element else lines


def html_of(page: WrittenPage, rng: random.Random) -> tuple[str, list[Node]]:
    """A written page in mark-up chosen at random, and its text nodes with their labels."""
    style = Style.at_random(rng)
    lines = [(page.text[a:b], label) for a, b, label in page.spans]
    told = [number for number, (_, label) in enumerate(lines) if label in (Label.BODY, Label.TITLE)]
    parts, at = ["<!DOCTYPE html><html><body>"], 0
    for label, run in groupby(lines, key=lambda line: line[1]):
        texts = [text for text, _ in run]
        run_of_lines, at = range(at, at + len(texts)), at + len(texts)
        if style.story and told and told[0] in run_of_lines:
            parts.append(f"<{style.story}>")
        parts.append(style.run(label, texts, rng))
        if style.story and told and told[-1] in run_of_lines:
            parts.append(f"</{style.story}>")
    return "\n".join([*parts, "</body></html>"]), [Node(text, hand=NUMBER[label]) for text, label in lines]


def tree_doc_of(page: WrittenPage, rng: random.Random) -> TreeDoc | None:
    """A written page as a training page of HTML; None where it has no words."""
    return _doc(page, *html_of(page, rng))


def continued_doc(page: WrittenPage, donor: TreeDoc, rng: random.Random) -> TreeDoc | None:
    """A written page with the donor's story behind its own; None where that cannot be told apart again."""
    html, nodes = html_of(page, rng)
    doc = _doc(page, html, nodes)
    return doc and with_second_story(html, doc, donor, rng)


def _doc(page: WrittenPage, html: str, nodes: list[Node]) -> TreeDoc | None:
    example = Example(page.name, "written", f"written-{page.name}", "train", page.facts.get("page_type", "article"),
                      page.story or None, "", nodes, [])
    doc = tree_doc(html, example)
    return doc and replace(doc, no_story=page.facts.get("verdict") == "no_story")
