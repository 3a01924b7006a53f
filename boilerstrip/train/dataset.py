"""Pages with gold texts -> rendered raw texts with a truth for every character.

Each text node of a page gets private-use marks before it is rendered, so that every character of every
rendering is traced back to its element, whatever the renderer does. Gold texts and hand labels are
aligned once per page, with its text nodes, and carried to all renderings.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from lxml import html as lxml_html

from boilerstrip.labels import LABELS, Label
from boilerstrip.train import measures
from boilerstrip.train.annotations import LEFT, page_digest, read_annotations
from boilerstrip.train.render import RENDERERS, decode, lines_of
from boilerstrip.train.weak import element_label, footer_label, is_footer, picture_label, within

FIXTURES = Path(__file__).parents[2] / "fixtures"
UNKNOWN = 255
NUMBER = {label: i for i, label in enumerate(LABELS)}
HIDDEN_TAGS = frozenset({"script", "style", "noscript", "template"})

# Marks: OPEN, three base-256 digits, text, CLOSE. They survive every renderer (private use, not white space).
OPEN, CLOSE, DIGIT = 0xF0000, 0xF0001, 0xF0100
NONE, WEAK, HAND = 0, 1, 2
ADJACENT_NUMBERS = (NUMBER[Label.CAPTION], NUMBER[Label.BYLINE])
BODY_NUMBER, OTHER_NUMBER = NUMBER[Label.BODY], NUMBER[Label.OTHER]


@dataclass
class Rendering:
    """One raw text with the truth of every character."""

    renderer: str
    text: str
    story: np.ndarray  # uint8: 1 story, 0 not, UNKNOWN
    label: np.ndarray  # uint8: index into LABELS, or UNKNOWN
    source: np.ndarray  # uint8: NONE, WEAK or HAND


@dataclass
class Node:
    """One text node of the page."""

    text: str
    weak: int = UNKNOWN
    hand: int = UNKNOWN
    words: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint8))  # per word: in the gold text


@dataclass
class Lesson:
    """What a teacher says of text nodes: story (1, 0 or UNKNOWN) and labels."""

    story: dict[int, int]
    label: dict[int, int]


@dataclass
class Example:
    """One page: its facts, its text nodes and its renderings."""

    id: str
    set: str
    site: str
    fold: str
    page_type: str
    gold: str | None
    title: str
    nodes: list[Node]
    renderings: list[Rendering]
    lines: list[str] | None = None
    labels: list[str] | None = None
    labelled_renderer: str = ""


def read_html(path: Path) -> str:
    return decode(gzip.decompress(path.read_bytes()))


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def mark_nodes(html: str) -> tuple[str, list[Node]]:
    """The page's HTML with marks around every text node, and the nodes with their weak labels."""
    tree = lxml_html.fromstring(html.encode("utf8", "replace"), parser=lxml_html.HTMLParser(encoding="utf8", huge_tree=True))
    for tag in list(tree.iter("noscript", "template")):
        if tag.getparent() is not None:
            tag.drop_tree()
    nodes: list[Node] = []

    def mark(text: str | None, label: Label | None, footer: bool) -> str | None:
        if not text or not text.strip():
            return text
        core = text.strip()
        number, at = len(nodes), text.index(core[0])
        if footer and label in (None, Label.NAVIGATION):
            label = footer_label(core)
        nodes.append(Node(core, UNKNOWN if label is None else NUMBER[label]))
        digits = "".join(chr(DIGIT + (number >> shift & 255)) for shift in (16, 8, 0))
        return text[:at] + chr(OPEN) + digits + core + chr(CLOSE) + text[at + len(core):]

    stack: list[tuple[Any, Label | None, bool]] = [(tree, None, False)]
    # Document order with an explicit stack: (element, label of its surroundings, in a footer); a tail follows its element.
    while stack:
        element, label, footer = stack.pop()
        if isinstance(element, tuple):
            owner = element[0]
            owner.tail = mark(owner.tail, label, footer)
            continue
        if not isinstance(element.tag, str) or element.tag in HIDDEN_TAGS:
            continue
        attributes = f"{element.get('class', '')} {element.get('id', '')}"
        label = within(element_label(element.tag, attributes, element.get("rel", ""), element.get("role", "")), label)
        footer = footer or is_footer(element.tag, attributes)
        element.text = mark(element.text, label, footer)
        for child in reversed(element):
            stack.append(((child,), label, footer))
            stack.append((child, label, footer))
    return lxml_html.tostring(tree, encoding="unicode"), nodes


def trace(marked: str) -> tuple[str, np.ndarray]:
    """A rendering without its marks, and the node of each character (-1: made by the renderer)."""
    codes = np.frombuffer(marked.encode("utf-32-le", "surrogatepass"), np.uint32)
    opens = np.flatnonzero(codes == OPEN)
    opens = opens[opens + 3 < len(codes)]
    number = np.full(len(codes), -2, np.int64)
    digits = [codes[opens + k].astype(np.int64) - DIGIT for k in (1, 2, 3)]
    number[opens] = (digits[0] << 16) | (digits[1] << 8) | digits[2]
    number[np.flatnonzero(codes == CLOSE)] = -1
    known = np.maximum.accumulate(np.where(number > -2, np.arange(len(codes)), 0))
    owner = np.where(number[known] > -2, number[known], -1)
    keep = codes < OPEN
    return codes[keep].tobytes().decode("utf-32-le", "surrogatepass"), owner[keep]


def spread(node_of: np.ndarray, text: str, nodes: list[Node], gold: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth per character from truth per node: story (by word), label, source."""
    story = np.full(len(text), 0 if gold else UNKNOWN, np.uint8)
    label = np.full(len(text), UNKNOWN, np.uint8)
    source = np.zeros(len(text), np.uint8)
    cuts = np.flatnonzero(np.diff(node_of)) + 1
    seen: Counter[int] = Counter()
    body = NUMBER[Label.BODY]
    for start, end in zip([0, *cuts.tolist()], [*cuts.tolist(), len(text)]):
        if start == end:
            continue
        number = int(node_of[start])
        if number < 0:
            if start and end < len(text) and text[start:end].isspace():
                story[start:end], label[start:end], source[start:end] = story[start - 1], label[start - 1], source[start - 1]
            elif re.search(r"\w{3}", text[start:end]):  # made by the renderer, of pictures
                near = [_label_of(nodes, node_of, at) for at in (start - 1, end)]
                label[start:end], source[start:end] = NUMBER[picture_label(text[start:end], *near)], WEAK
            continue
        node = nodes[number]
        adjacent = node.weak in ADJACENT_NUMBERS and len(node.words) < 60
        if node.hand != UNKNOWN:
            story[start:end] = node.hand == body
            label[start:end], source[start:end] = node.hand, HAND
            continue
        if not gold:
            if len(node.words):
                story[start:end] = 0  # a segment that must not be extracted
            label[start:end] = node.weak
            source[start:end] = WEAK if node.weak != UNKNOWN else NONE
            continue
        starts = [start + m.start() for m in measures.WORD.finditer(text[start:end].lower())]
        hits = node.words[seen[number]:seen[number] + len(starts)]
        seen[number] += len(starts)
        if len(hits) == 0:
            story[start:end] = UNKNOWN
            continue
        share = float(hits.mean())
        if len(hits) <= 12 or share in (0.0, 1.0):
            story[start:end] = share >= 0.5
        else:
            bounds = [start, *starts[1:len(hits)], end]
            story[start:end] = np.repeat(hits, np.diff(bounds))
        told = story[start:end] == 1
        label[start:end] = np.where(told, body, node.weak)
        source[start:end] = np.where(told | (node.weak != UNKNOWN), WEAK, NONE)
        if (node.weak == NUMBER[Label.TITLE] or adjacent) and told.any():
            story[start:end] = UNKNOWN
            label[start:end], source[start:end] = node.weak, WEAK
    return story, label, source


def _label_of(nodes: list[Node], node_of: np.ndarray, at: int) -> Label | None:
    """The label of the text node at a character, where it is known."""
    number = int(node_of[at]) if 0 <= at < len(node_of) else -1
    known = UNKNOWN if number < 0 else nodes[number].hand if nodes[number].hand != UNKNOWN else nodes[number].weak
    return None if known == UNKNOWN else LABELS[known]


Spans = list[tuple[int, int, int]]  # start and end in a rendering, number of the label


def place_hand_labels(nodes: list[Node], text: str, node_of: np.ndarray, lines: list[str], labels: list[str]) -> Spans:
    """Hand labels of lines -> the nodes that make up most of a line. Returns the lines that were found."""
    spans = [(m.start(), m.end()) for m in re.finditer(r"[^\r\n]+", text)]
    folded = [re.sub(r"[ \t\u00a0]+", " ", text[a:b]).strip() for a, b in spans]
    rows = [(span, line) for span, line in zip(spans, folded) if line]
    import difflib
    matcher = difflib.SequenceMatcher(None, [line for _, line in rows], lines, autojunk=False)
    found: Spans = []
    votes: dict[int, Counter[int]] = {}
    for match in matcher.get_matching_blocks():
        for k in range(match.size):
            (a, b), _ = rows[match.a + k]
            if labels[match.b + k] == LEFT:
                continue
            told = NUMBER[Label(labels[match.b + k])]
            found.append((a, b, told))
            owners = node_of[a:b]
            present, counts = np.unique(owners[owners >= 0], return_counts=True)
            for number, count in zip(present.tolist(), counts.tolist()):
                if count >= 0.5 * counts.sum() or count > 200:
                    votes.setdefault(number, Counter())[told] += count
    for number, vote in votes.items():
        nodes[number].hand = vote.most_common(1)[0][0]
    return found


def tell_made(spans: Spans, node_of: np.ndarray, story: np.ndarray, label: np.ndarray, source: np.ndarray) -> None:
    """Carry the hand labels of lines to what the renderer made itself, such as pictures' alternative texts."""
    for a, b, told in spans:
        made = a + np.flatnonzero(node_of[a:b] < 0)
        story[made], label[made], source[made] = told == BODY_NUMBER, told, HAND


def drop_contradicted(nodes: list[Node]) -> None:
    """Forget a page's caption and byline classes where they stand around much of its story."""
    total = sum(int(n.words.sum()) for n in nodes)
    for number in ADJACENT_NUMBERS:
        inside = sum(int(n.words.sum()) for n in nodes if n.weak == number)
        if inside > 0.1 * total:
            for node in nodes:
                if node.weak == number and node.words.sum() > 0.5 * len(node.words):
                    node.weak = UNKNOWN


def learn(nodes: list[Node], lesson: Lesson, story: bool) -> None:
    """Take a teacher's labels where there are none, and its story where there is no gold text."""
    for number, label in lesson.label.items():
        if number < len(nodes) and nodes[number].weak == UNKNOWN:
            nodes[number].weak = label
    if story:
        for number, node in enumerate(nodes):
            told = lesson.story.get(number, UNKNOWN)
            if len(node.words) == 0 and told != UNKNOWN:
                node.words = np.full(len(measures.words(node.text)), told, np.uint8)


def silver(html: str, job: dict[str, Any]) -> str | None:
    """A stand-in for a gold text: trafilatura's, where it holds every wanted segment and no unwanted one,
    and readability finds nearly the same words."""
    if not job["with"]:
        return None
    import trafilatura
    from readability import Document

    found = trafilatura.extract(html, include_comments=False) or ""
    hit, missed, leaked, _ = measures.segment_counts(found, job["with"], job["without"])
    if missed or leaked or not hit:
        return None
    try:
        other = lxml_html.fromstring(Document(html).summary()).text_content()
    except Exception:
        return None
    return found if measures.word_f1(found, other)[2] >= 0.85 else None


def build(job: dict[str, Any]) -> Example | None:
    """One page: marked, rendered, aligned."""
    html = read_html(Path(job["path"]))
    try:
        marked, nodes = mark_nodes(html)
    except Exception:
        return None
    rendered = {}
    for name, render in RENDERERS.items():
        try:
            rendered[name] = trace(render(marked))
        except Exception:
            continue
    lesson: Lesson | None = job.get("lesson")
    gold = job["gold"] or (silver(html, job) if lesson is None else None)
    texts = [n.text for n in nodes]
    by_hand: Spans = []
    if job.get("labels") and job["labelled_renderer"] in rendered:
        text, node_of = rendered[job["labelled_renderer"]]
        lines = job["lines"] or lines_of(RENDERERS[job["labelled_renderer"]](html))
        if len(lines) == len(job["labels"]):  # another version of a renderer may break lines in other places
            by_hand = place_hand_labels(nodes, text, node_of, lines, job["labels"])
    if gold is not None:
        owner, hit = measures.story_words(texts, gold)
        hits, bounds = np.frombuffer(bytes(hit), np.uint8), np.searchsorted(owner, np.arange(len(nodes) + 1))
        head = measures.words(job["title"])
        for x, node in enumerate(nodes):
            node.words = hits[bounds[x]:bounds[x + 1]]
            if measures.is_headline(measures.words(node.text), head, x, len(nodes)):
                node.weak = NUMBER[Label.TITLE]
        drop_contradicted(nodes)
    good, bad = job.get("with", ()), job.get("without", ())
    if gold is None:
        for node in nodes:
            folded = " ".join(node.text.split())
            if any(s in folded for s in good):
                node.hand = NUMBER[Label.BODY]
            elif any(folded in s or s in folded for s in bad) and len(folded) > 3 and node.weak == UNKNOWN:
                node.words = np.zeros(len(measures.words(folded)), np.uint8)
    if lesson is not None:
        learn(nodes, lesson, gold is None)
    taught = lesson is not None and gold is None
    renderings = []
    wanted = Counter(measures.words(gold)) if gold else None
    for name, (text, node_of) in rendered.items():
        if wanted and (Counter(measures.words(text)) & wanted).total() < 0.5 * wanted.total():
            continue
        truth = spread(node_of, text, nodes, gold is not None or taught)
        if name == job["labelled_renderer"]:
            tell_made(by_hand, node_of, *truth)
        renderings.append(Rendering(name, text, *truth))
    return Example(job["id"], job["set"], job["site"], job["fold"], job["page_type"], gold, job["title"], nodes,
                   renderings, job.get("lines"), job.get("labels"), job.get("labelled_renderer", ""))


def jobs(data: Path) -> Iterator[dict[str, Any]]:
    """What there is to build: every page with a gold text, hand labels or segments."""
    hand, annotated = {row["id"]: row for row in rows_of(data / "labelled.jsonl")}, read_annotations()
    for name, truth in (("wcxb-dev", "ground_truth.jsonl"), ("news-dev", "ground_truth.jsonl"),
                        ("sites-dev", "ground_truth.jsonl"), ("segments-dev", "segments.jsonl")):
        for row in rows_of(data / name / truth):
            page_id = f"{name}-{row['id']}"
            labelled = hand.get(page_id) or annotated.get(page_digest(page_id), {})
            partial = row.get("note") == "partial gold"
            if partial and not labelled:
                continue
            yield {
                "id": page_id, "set": name, "site": row["site"], "fold": row["fold"],
                "path": str(data / name / "html" / f"{row['id']}.html.gz"),
                "page_type": row.get("page_type", "article" if name != "segments-dev" else ""),
                "gold": None if partial else row.get("main_content"), "title": row.get("title") or "",
                "with": [" ".join(s.split()) for s in row.get("with", ())] if name == "segments-dev" else (),
                "without": [" ".join(s.split()) for s in row.get("without", ())] if name == "segments-dev" else (),
                "lines": labelled.get("lines"), "labels": labelled.get("labels"),
                "labelled_renderer": labelled.get("renderer", ""),
            }


def load(data: Path, lessons: dict[str, Lesson] | None = None, workers: int = 2) -> Iterator[Example]:
    """All examples of a data directory, in the order of its files; `lessons` by their ids."""
    todo = [{**job, "lesson": (lessons or {}).get(job["id"])} for job in jobs(data)]
    with ProcessPoolExecutor(workers) as pool:
        for example in pool.map(build, todo, chunksize=8):
            if example is not None and example.renderings:
                yield example
