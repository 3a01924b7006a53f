"""The pages that we wrote, as HTML: in mark-up of the kind that small sites have, without classes, so that what tells story
and furniture apart there is the text and what elements usually hold."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from html import escape
from itertools import groupby

from boilerstrip.labels import Label
from boilerstrip.train.dataset import NUMBER, Example, Node
from boilerstrip.train.trees import TreeDoc, tree_doc
from boilerstrip.train.written import WrittenPage

LISTED = re.compile(r"(?:[-*•·–—▪►]|\d{1,2}[.)])\s")
# What may stand around a run of lines with one label ("": nothing), and what its lines may be.
AROUND: dict[Label, tuple[str, ...]] = {
    Label.BODY: ("", "", "", "div"), Label.TITLE: ("", "header", "div"), Label.NAVIGATION: ("nav", "header", "footer", "ul", "div", ""),
    Label.RELATED: ("aside", "section", "ul", "div", ""), Label.COMMENTS: ("section", "ol", "div", ""),
    Label.CAPTION: ("figure", "div", ""), Label.LEGAL: ("footer", "div", "")}
LINES: dict[Label, tuple[str, ...]] = {
    Label.BODY: ("p",), Label.TITLE: ("h1", "h1", "h2"), Label.NAVIGATION: ("a", "a", "span"), Label.RELATED: ("a", "p", "h3", "h4"),
    Label.COMMENTS: ("p", "p", "div"), Label.CAPTION: ("figcaption", "p", "div", "span"), Label.LEGAL: ("p", "small", "a", "div"),
    Label.BYLINE: ("p", "span", "div"), Label.SHARE: ("a", "button", "span", "p"), Label.MEDIA_UI: ("span", "button", "div", "p")}
AROUND_OTHERS, OTHER_LINES = ("aside", "div", "section", "", ""), ("p", "p", "div", "span", "a", "h3")
LISTS, INLINE = ("ul", "ol"), ("a", "span", "button", "small")
HEADING_CHARS = 60  # longer lines of a story are no headings


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
        around = "" if self.plain else rng.choice(AROUND.get(label, AROUND_OTHERS))
        element = "p" if self.plain else rng.choice(LINES.get(label, OTHER_LINES))
        around = around or ("div" if element in INLINE else "")
        rows = [self.line(self.story_line(text, rng) if label is Label.BODY else element, text) for text in texts]
        if around in LISTS:
            rows = [f"<li>{row}</li>" for row in rows]
        lines = "\n".join(rows)
        return f"<{around}>\n{lines}\n</{around}>" if around else lines

    def story_line(self, text: str, rng: random.Random) -> str:
        """The element of a line of the story."""
        if self.plain:
            return "p"
        if LISTED.match(text):
            return "li"
        return self.heading if len(text) < HEADING_CHARS and text[-1:].isalnum() and rng.random() < 0.7 else "p"

    def line(self, element: str, text: str) -> str:
        element = self.paragraph if element == "p" else element
        return f"<{element}>{escape(LISTED.sub('', text, count=1) if element == 'li' else text)}</{element}>"


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
    html, nodes = html_of(page, rng)
    example = Example(page.name, "written", f"written-{page.name}", "train", page.facts.get("page_type", "article"),
                      page.story or None, "", nodes, [])
    return tree_doc(html, example)
