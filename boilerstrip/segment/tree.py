"""HTML -> blocks as a browser shows them, each with the evidence of the tree.

The parser's events are handled as they come; no tree is built. What the walk records per element and per block
is turned into arrays afterwards, a few operations each, however many blocks there are. Subtrees are intervals of
blocks, so that "words in the parent", "inside a nav" and the like are differences of running sums.
"""

from __future__ import annotations

import codecs
import re
import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from functools import partial
from io import SEEK_END, BytesIO
from itertools import chain, repeat
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from lxml import etree

from boilerstrip.chars import count_words, words_or_letters
from boilerstrip.features import mix
from boilerstrip.segment.embedded import FEWEST_WORDS, Attributes, probes_of, share_told, stories_of, told

if TYPE_CHECKING:
    from boilerstrip.metadata import Metadata

__all__ = ["TREE_DENSE", "TreePage", "decode_html", "looks_like_html", "segment_html"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Hashes = npt.NDArray[np.uint64]

# What an element does to the text around it. Everything from BLOCK on breaks it.
INLINE, LINK, CUSTOM, BR, BLOCK, MARGIN, PRE, SELECT, ROW, CELL, SOFT, DIALOG, SILENT, DEAD = range(14)
HIDES, ASIDE, KIND_BITS = 16, 32, 15  # flags of an open element, to be undone at its end

KINDS: dict[str, int] = {tag: kind for kind, tags in {
    INLINE: "abbr acronym applet b bdi bdo big cite code data del dfn em font i img input ins kbd label mark math meter nobr output "
            "picture progress q rb rp rt rtc ruby s samp small source span strike strong sub sup time track tt u var wbr link meta param "
            "mi mo mn ms mrow msup msub mfrac semantics area base embed",
    LINK: "a",
    BR: "br",
    BLOCK: "html body div li dt dd main nav header footer aside section article form fieldset legend details summary figcaption center "
           "address optgroup option tbody thead tfoot caption colgroup col search hgroup frameset frame marquee slot",
    MARGIN: "p h1 h2 h3 h4 h5 h6 ul ol dl menu dir blockquote figure table hr",
    PRE: "pre listing xmp plaintext textarea",
    SELECT: "select datalist",
    ROW: "tr",
    CELL: "td th",
    SOFT: "button label",
    DIALOG: "dialog",
    SILENT: "head title svg iframe object canvas audio video map noframes noembed annotation annotation-xml desc metadata",
    DEAD: "script style noscript template",
}.items() for tag in tags.split()}

BR_MARK = "\0"  # stands for a line break while a block is collected; NUL never comes out of the parser
MAX_CELL, MAX_ROW = 500, 1500  # characters: what is longer is no row of a data table
LONG_BREAKS = (600, 80)  # characters: of a block with <br>, and of its lines on average, from which every line is a block
LONG_PRE = 1500  # characters from which preformatted text is split at its blank lines
MAX_DEPTH = 128  # elements; a path leads to the one so deep at most
MAX_CUSTOMS, MAX_ASIDE = 100, 2000  # open unknown elements, and text nodes of a line set aside, that are kept account of
MAX_NODES = 64  # times its characters: text nodes named by the parts of a preformatted text
MAX_OPEN = 1000  # elements open at once, from which end tags may cost too much: the parser looks for each among them all
FEW_WORDS = 50  # words below which a page counts as empty, and other sources are tried
MAX_TOKENS, ELEMENT_TOKENS, MAX_LEVELS = 60, 20, 16
TOKEN_BUDGET = 4_000_000  # tokens of one page: pages with very many blocks get fewer for each

HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden(?!.*animation)", re.I | re.S)
NAME = re.compile(r"[A-Za-z_][\w.-]*", re.A)

# Tags that blocks are told to stand in, and the groups that make up one flag.
ANCESTORS = ("a address article aside blockquote body button caption dd details dialog div dl dt fieldset figcaption figure footer form "
             "h1 h2 h3 h4 h5 h6 header hgroup label li main nav ol option p pre section select span summary table tbody td textarea "
             "tfoot th thead tr ul em strong b i small code center menu font").split()
COLUMN = {tag: number for number, tag in enumerate(ANCESTORS)}
GROUPS: dict[str, tuple[str, ...]] = {
    "in_list": ("ul", "ol", "dl", "menu"), "in_table": ("table",), "in_nav": ("nav",), "in_header": ("header",),
    "in_footer": ("footer",), "in_aside": ("aside",), "in_main": ("main",), "in_article": ("article",), "in_form": ("form", "fieldset"),
    "in_figure": ("figure",), "in_quote": ("blockquote",), "in_code": ("pre", "textarea", "code"), "in_details": ("details",),
    "in_dialog": ("dialog",), "in_link": ("a",),
}
ROLES = {"navigation": "nav", "menu": "nav", "menubar": "nav", "banner": "header", "contentinfo": "footer", "complementary": "aside",
         "main": "main", "article": "article", "search": "form", "form": "form", "dialog": "dialog", "alertdialog": "dialog",
         "list": "ul", "listitem": "li", "button": "button", "figure": "figure", "table": "table"}
CONTENT_PROPS = frozenset({"articlebody", "text", "reviewbody", "blogpost"})

TREE_DENSE: tuple[str, ...] = (
    "linked", "page_linked", "depth", "siblings", "sibling_position", "near_siblings", "near_position", "repeats", "same_as_before",
    "same_as_after", "run", "share_parent", "share_grand", "share_great", "linked_parent", "linked_grand", "linked_great",
    "part_of_parent", "text_density", "blocks_in_parent", "links_in_parent", "paragraphs_in_parent", "images_in_parent",
    "images_in_grand", "controls_in_parent", "time_in_parent", "heading_level", "is_heading", "since_heading", "heading_before",
    *GROUPS, "is_item", "is_button", "is_paragraph", "is_cell", "in_body_prop", "hidden", "blank_before", "lines", "inner_link",
    "inner_strong", "inner_time", "title_overlap", "has_headline", "before_headline", "after_headline", "shared_with_headline",
    "page_blocks", "page_words", "body_told", "has_body_told", "description_told", "has_description_told",
)


class Elements:
    """The elements of a page that may hold blocks, in document order: tag and parent of each."""

    __slots__ = ("_ranks", "parents", "tags")

    def __init__(self, tags: list[str], parents: Sequence[int]) -> None:
        self.tags, self.parents = tags, parents
        self._ranks: tuple[list[int], list[int], list[int]] | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Elements) and self.tags == other.tags and list(self.parents) == list(other.parents)

    def paths(self, elements: Iterable[int]) -> list[str]:
        """An XPath of each of the elements, as lxml's `getpath` makes them; "" for -1. Of an element deeper than MAX_DEPTH
        that of the ancestor so deep."""
        if self._ranks is None:
            names: dict[str, int] = {}
            kind = np.array([names.setdefault(tag, len(names)) for tag in self.tags], np.int64)
            rank, count = _ranks((np.array(self.parents, np.int64) + 1) * (len(names) + 1) + kind)
            self._ranks = (rank + 1).tolist(), count.tolist(), list(self.parents)
        parents = self._ranks[2]
        known = {-1: ("", 0)}  # path and depth of elements
        out = []
        for element in elements:
            unknown = []
            while element not in known:
                unknown.append(element)
                element = parents[element]
            path, depth = known[element]
            for element in reversed(unknown):
                depth += 1
                if depth <= MAX_DEPTH:
                    path = f"{path}/{self._step(element)}"
                known[element] = path, depth
            out.append(path)
        return out

    def _step(self, element: int) -> str:
        """The last step of an element's path."""
        assert self._ranks is not None
        ranks, counts, _ = self._ranks
        tag = self.tags[element]
        step = tag if NAME.fullmatch(tag) else f"*[name()={_quoted(tag)}]"
        return f"{step}[{ranks[element]}]" if counts[element] > 1 else step


def _quoted(text: str) -> str:
    return f'"{text}"' if "'" in text else f"'{text}'"


@dataclass(frozen=True, slots=True, eq=False)
class TreePage:
    """The blocks of an HTML page in document order; every array has one entry per block.

    `text` holds all blocks' texts joined by line ends; block b is `text[start[b]:end[b]]` (white space folded; line
    breaks inside it are those of <br>, of preformatted text and of select boxes). `tag` is the tag of the block-level
    element that holds it, `element` its number in `elements`, `path` its XPath. `words` counts like
    `words_linked`, the words inside <a>: by white space, letters of scripts without spaces singly. `tokens[token_first[b]:
    token_first[b + 1]]` are the hashed tokens of the block's surroundings, nearest first, and `nodes[node_first[b]:
    node_first[b + 1]]` the numbers of its text nodes (non-blank ones outside script, style, noscript and template,
    in document order). `blank_before`: a margin stands before the block. `hidden`: the page does not show the block.
    `title` is the <title>. `source` says where the blocks are from; unless it is "html", they have no text nodes, and
    unless it is "html" or "noscript", no paths. `links` holds block, text and target of each piece of text in a link.
    What was asked for besides: the page's `metadata`, and `votes`, a detector's log-odds for each block.
    """

    text: str
    start: Ints
    end: Ints
    tag: list[str]
    element: Ints
    elements: Elements
    dense: npt.NDArray[np.float32]
    tokens: Hashes
    token_first: Ints
    blank_before: Bools
    words: Ints
    words_linked: Ints
    nodes: Ints
    node_first: Ints
    hidden: Bools
    title: str = ""
    source: str = "html"
    links: list[tuple[int, str, str]] = field(default_factory=list)
    metadata: Metadata | None = None
    votes: Floats | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TreePage):
            return False
        pairs = [(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)]
        return all(np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b for a, b in pairs)

    def __len__(self) -> int:
        return len(self.start)

    @property
    def path(self) -> list[str]:
        """Per block the XPath of the element that holds it; "" where the text is from a script. Made on demand."""
        return self.elements.paths(self.element.tolist())

    def texts(self) -> list[str]:
        """The text of each block."""
        text = self.text
        return [text[a:b] for a, b in zip(self.start.tolist(), self.end.tolist())]

    def nodes_of(self, block: int) -> list[int]:
        """The numbers of a block's text nodes."""
        return list(map(int, self.nodes[self.node_first[block]:self.node_first[block + 1]]))


# ---------------------------- recognising and decoding

TAG = re.compile(r"<(/?)(?:!doctype html|html|head|body|div|p|article|section|main|header|nav|span|table|t[rdh]|[uo]l|li|h[1-6]|script|"
                 r"meta|a(?=\s+href|>)|br|img|strong|em|b|i|blockquote|figure|template)\b[^<>]{0,2000}>", re.I)
OPENING = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.I)
PROLOGUE = re.compile(r"\s*(?:<\?xml[^<>]{0,500}\?>|<!--(?:[^-]|-(?!->)){0,10000}-->)", re.I)


def looks_like_html(text: str) -> bool:
    """Whether a text is HTML: it begins as a page or with an element, or much of it is mark-up.

    Prose that mentions tags, or shows some code, is none.
    """
    head = text[:20_000].lstrip("\ufeff \t\r\n\f\0")
    if "<" not in head:
        return False
    at = 0
    while prologue := PROLOGUE.match(head, at):
        at = prologue.end()
    head = head[at:].lstrip()
    if OPENING.match(head):
        return True
    found = list(TAG.finditer(head))
    if not found:
        return False
    if head.startswith("<") and (found[0].start() == 0 or len(found) >= 3):
        return True
    closing = sum(1 for m in found if m.group(1))
    return len(found) >= 5 and closing >= 2 and sum(m.end() - m.start() for m in found) >= 0.05 * len(head)


MAGIC = (b"%PDF", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"PK\x03\x04", b"\x1f\x8b", b"RIFF", b"Rar!", b"\x7fELF", b"BZh", b"\xfd7zXZ",
         b"wOF", b"II*\0", b"MM\0*", b"OggS", b"ID3", b"\0\0\1\0", b"\0asm", b"7z\xbc\xaf", b"SQLite", b"\xd0\xcf\x11\xe0")
CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([\w.:-]+)|<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]+)""", re.I)
# Labels that browsers read as a larger or other encoding than their name says
LABELS = {"iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874",
          "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "big5": "big5hkscs"}
NO_CHARSETS = ("idna", "punycode", "unicode-escape", "raw-unicode-escape", "utf-7", "undefined", "utf-16", "utf-32", "mbcs", "oem")


def decode_html(raw: bytes) -> str:
    """Bytes as text: byte order mark, then UTF-8 (a few bad bytes allowed), then the declared charset, then a guess.

    What is no text (an image, a PDF, an archive) is the empty string.
    """
    if raw.startswith(MAGIC) or raw[4:8] == b"ftyp":
        return ""
    for mark, codec in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"),
                        (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if raw.startswith(mark):
            return raw.decode(codec, "replace").lstrip("\ufeff")
    head = raw[:4096]
    odd, even = head[1::2].count(0), head[::2].count(0)
    if max(odd, even) > 0.3 * len(head) / 2 and min(odd, even) < 0.1 * max(odd, even):
        return raw.decode("utf-16-le" if odd > even else "utf-16-be", "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(raw) - 3:  # cut off within a character
            return raw.decode("utf-8", "ignore")
    if sum(head.count(byte) for byte in range(32) if byte not in b"\0\t\n\r\f\x0b\x1b") > 0.05 * len(head):
        return ""
    found = CHARSET.search(head)
    declared = _codec((found.group(1) or found.group(2)).decode("ascii")) if found else None
    lenient = raw.decode("utf-8", "replace")
    bad = lenient.count("\ufffd")
    if 20 * bad < len(raw) - len(lenient):
        return lenient
    if declared not in (None, "utf-8"):
        return raw.decode(declared, "replace")
    import charset_normalizer

    best = charset_normalizer.from_bytes(raw[:100_000]).best()
    return raw.decode(best.encoding if best is not None else "cp1252", "replace")


def _codec(name: str) -> str | None:
    """The codec that a declaration means, or None."""
    try:
        known = codecs.lookup(name).name
        b"x".decode(known, "replace")
    except (LookupError, ValueError):
        return None
    return None if known.startswith(NO_CHARSETS) else LABELS.get(known, known)


CONTROLS = re.compile("[\x01-\x08\x0e-\x1a\x1c-\x1f]")


def _is_binary(text: str) -> bool:
    """Whether the beginning of a decoded text is full of control characters."""
    head = text[:4096]
    return len(CONTROLS.findall(head)) > 0.05 * len(head)


# ---------------------------- the walk

def _hides(tag: str, attributes: Attributes) -> int:
    """2: not shown; 1: shown, but not to screen readers; 0: shown."""
    if tag in ("html", "body"):  # hidden by scripts until the page has loaded
        return 0
    if "hidden" in attributes:
        return 2
    style = attributes.get("style")
    if style is not None and HIDING.search(style[:2000]):
        return 2
    return 1 if attributes.get("aria-hidden", "").strip().lower() == "true" else 0


Numbers = partial(array, "q")


# A block as the walk finds it: its holder, the element that its text begins in, its words, those of them in links, whether it is
# hidden, whether it stands behind a margin, how many elements had begun and ended by then, and where its text nodes end.
Block = tuple[int, int, int, int, bool, bool, int, int, int]
WORDS, HIDDEN = 2, 4


@dataclass(slots=True)
class _Walk:
    """What the walk records. Elements: `tags`, `parents`, `attributes`; their ends, in order: `ended` (which) and `ended_at` (number
    of elements by then). Blocks: `texts`, `blocks`, and `nodes`, the numbers of the text nodes of one after the other."""

    tags: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    attributes: list[Attributes] = field(default_factory=list)
    ended: array[int] = field(default_factory=Numbers)
    ended_at: array[int] = field(default_factory=Numbers)
    texts: list[str] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    nodes: list[int] = field(default_factory=list)
    title: str = ""
    noscript_words: int = 0
    links: list[tuple[int, str, str]] = field(default_factory=list)
    scripts: list[tuple[Attributes, list[str]]] = field(default_factory=list)
    metas: list[Attributes] = field(default_factory=list)


class _TooDeep(Exception):
    """So many elements are open that the page's end tags would cost more than its length warrants."""


def _walk(html: str, noscript: bool = False, tries: int = 3) -> _Walk:
    """Parse a page and record its elements and blocks. One function with its state in local variables, since it runs
    for every tag and every text of every page; `noscript` says whether what stands in such elements counts."""
    out = _Walk()
    tags, parents, attributes = out.tags, out.parents, out.attributes
    ended, ended_at = out.ended, out.ended_at
    texts, blocks, nodes = out.texts, out.blocks, out.nodes
    begin = 0  # of the text nodes of the block that is being collected
    here = -1  # the innermost open element; those around it are its ancestors
    kinds: list[int] = []  # of the elements, with flags
    holders = [-1]  # open block-level elements
    buffer: list[str] = []  # the block that is being collected: its pieces, and …
    breaks: list[tuple[int, int, int]] = []  # … per line break: pieces, nodes of the block and linked words before it
    customs: list[list[int]] = []  # open unknown elements without blocks so far: element, pieces, nodes and linked words before
    rows: list[list[int]] = []  # open table rows: element, first block, whether it is none, first block of each cell
    aside: list[tuple[Any, ...]] = []  # what was set aside while a hidden part of a line is collected
    title: list[str] = []
    linked, inner = 0, -1  # … its words in links, the element that its text begins in, whether any of it is shown
    shown = gap = broken = False  # broken: a <br> was the last thing in the buffer
    links = hiding = solid = pre = silent = dead = bare = 0  # how many such elements are open; bare: its texts have no number
    separates = counted = kept = False  # of a skipped element: whether it separates text nodes, and its words are counted
    script: list[str] | None = None
    target = ""  # of the open link
    number = -1  # of the last text node
    fresh = titling = link_ended = False
    turn = 0  # 1 after an inline end tag, 2 after a start tag behind it
    deepest = MAX_OPEN  # elements that may be open; more where the page has few end tags, which is counted when that many are
    kind_of = KINDS.get

    def emit(text: str, words: int, in_links: int, node: int) -> None:
        nonlocal gap, begin
        texts.append(text)
        blocks.append((holders[-1], inner, words, in_links, not shown, gap, len(tags), len(ended), node))
        gap, begin = False, node

    def flush() -> None:
        """End the block that is being collected."""
        nonlocal linked, inner, shown, broken
        text = "".join(buffer)
        if pre or BR_MARK in text:
            lines(text)
        else:
            words = text.split()
            if words:
                text = " ".join(words)
                emit(text, words_or_letters(text, len(words)), linked, len(nodes))
        del nodes[begin:]
        buffer.clear()
        if breaks:
            breaks.clear()
        linked, inner, shown, broken = 0, -1, False, False
        for custom in customs:
            custom[1:] = 0, len(nodes), 0

    def lines(text: str) -> None:
        """A block with line breaks in it: one, or one per line where they are paragraphs."""
        nonlocal gap
        if pre:
            lined = [line.rstrip() for line in text.split(BR_MARK)]
            if len(text) <= LONG_PRE:
                found = ["\n".join(lined).strip("\n")]
            else:
                found = [part.strip("\n") for part in re.split(r"\n{2,}", "\n".join(lined))]
            found = [part for part in found if part.strip()]
            own = nodes[begin:]
            shared = len(own) * len(found) <= MAX_NODES * len(text)
            for place, part in enumerate(found):
                if place:
                    if shared:
                        nodes.extend(own)
                    gap = True
                emit(part, count_words(part), 0 if place else linked, len(nodes))
            return
        folded = [" ".join(line.split()) for line in text.split(BR_MARK)]
        folded = [line for line in folded if line]
        if not folded:
            return
        if len(breaks) >= len(folded) - 1 > 0 and len(text) > LONG_BREAKS[0] and len(text) / len(folded) >= LONG_BREAKS[1] and not solid:
            piece = counted = 0
            first = begin
            for to, node, words in [*breaks, (len(buffer), len(nodes) - first, linked)]:
                line = " ".join("".join(buffer[piece:to]).replace(BR_MARK, " ").split())
                if line:
                    emit(line, count_words(line), words - counted, first + node)
                piece, counted = to, words
        else:
            text = "\n".join(folded)
            emit(text, count_words(text), linked, len(nodes))

    def upgrade() -> None:
        """A block begins within unknown elements: they are blocks themselves."""
        marks = [*customs, [-1, len(buffer), len(nodes), linked]]
        piece = counted = 0
        for mark, to, node, words in marks:
            if piece < to:
                text = " ".join("".join(buffer[piece:to]).replace(BR_MARK, " ").split())
                if text:
                    emit(text, count_words(text), words - counted, node)
            piece, counted = to, words
            if mark >= 0:
                kinds[mark] = kinds[mark] & ~KIND_BITS | BLOCK
                holders.append(mark)
        customs.clear()
        buffer.clear()
        flush()

    def too_deep(more: int = 0) -> None:
        nonlocal deepest
        depth = 1 + len(tags) - len(ended) + more
        if depth > deepest == MAX_OPEN:
            deepest = max(deepest, 100 * len(html) // (1 + html.count("</")))
        if depth > deepest:
            source.seek(0, SEEK_END)  # the parser reads no more, even if it goes on
            raise _TooDeep

    def unusual(tag: str, attrib: Attributes, kind: int) -> int:
        """The kind of an element that is not shown, is within one, or breaks a line only where it begins one; -1: skip it."""
        nonlocal dead, separates, counted, kept, script, fresh, silent, titling, bare
        too_deep(dead + silent)
        if dead:
            dead += 1
            return -1
        if kind == DEAD:
            if not (noscript and tag == "noscript" and not silent):
                dead, separates, counted = 1, tag == "script" or tag == "style", tag == "noscript" and not silent
                if tag == "script":
                    script = []
                    out.scripts.append((attrib, script))
                fresh |= separates
                return -1
            if not bare:
                kept = fresh
            bare += 1
            return BLOCK
        fresh = True
        if silent:
            silent += 1
            titling |= tag == "title" and not out.title
            if tag == "meta":
                out.metas.append(attrib)
            return -1
        if kind == SILENT:
            silent = 1
            titling = tag == "title" and not out.title and not texts
            return -1
        if kind == DIALOG and "open" not in attrib:
            return BLOCK | HIDES
        return INLINE if kind == SOFT and buffer else BLOCK

    def start(tag: str, attrib: Attributes) -> None:
        nonlocal here, fresh, hiding, links, solid, pre, bare, turn, gap, broken, linked, shown, inner, buffer, breaks, customs, target
        kind = kind_of(tag, CUSTOM)
        if kind >= SOFT or dead or silent:
            kind = unusual(tag, attrib, kind)
            if kind < 0:
                return
        fresh = True
        element, flags = len(tags), 0
        if element - len(ended) >= deepest:
            too_deep()
        if kind > KIND_BITS or (attrib and ("style" in attrib or "hidden" in attrib or "aria-hidden" in attrib)):
            hides = 2 if kind > KIND_BITS else _hides(tag, attrib)
            if hides:
                kind &= KIND_BITS
                flags = HIDES
                hiding += 1
                if hides == 2 and kind < BLOCK and not solid:
                    flags |= ASIDE
                    if len(nodes) - begin > MAX_ASIDE:
                        flush()
                    aside.append((begin, buffer, nodes[begin:], linked, shown, inner, breaks, customs))
                    del nodes[begin:]
                    linked, inner, shown, buffer, breaks, customs = 0, -1, False, [], [], []
        if kind >= BLOCK:
            if solid:
                if buffer:
                    buffer.append(BR_MARK)
                kind = INLINE
            elif customs:
                upgrade()
            elif buffer:
                flush()
        if here < 0 and element:  # what follows the end of the page has no numbers
            bare += 1
        tags.append(tag)
        parents.append(here)
        attributes.append(attrib)
        here = element
        if kind == BLOCK:
            holders.append(element)
        elif kind == INLINE:
            if turn == 1:
                turn = 2
            if tag == "meta":
                out.metas.append(attrib)
        elif kind == LINK:
            links += 1
            target = attrib.get("href", "")
            if link_ended and buffer:
                buffer.append(" ")
            if turn == 1:
                turn = 2
        elif kind == MARGIN:
            holders.append(element)
            gap = True
        elif kind == CUSTOM:
            if len(customs) < MAX_CUSTOMS:
                customs.append([element, len(buffer), len(nodes), linked])
            else:
                kind = INLINE
        elif kind == BR:
            if buffer:
                if broken and not solid and not aside:
                    flush()
                    gap = True
                else:
                    breaks.append((len(buffer), len(nodes) - begin, linked))
                    buffer.append(BR_MARK)
                    broken = True
        else:
            holders.append(element)
            if kind == PRE:
                gap = True
                pre += 1
                solid += 1
            elif kind == SELECT:
                solid += 1
            elif kind == ROW:
                if rows:
                    rows[-1][2] = 1
                rows.append([element, len(texts), 0])
            elif rows:
                rows[-1].append(len(texts))
        kinds.append(kind | flags)

    def end(tag: str) -> None:
        nonlocal here, dead, script, fresh, silent, titling, bare, turn
        if dead:
            dead -= 1
            if not dead:
                fresh |= separates
                script = None
            return
        fresh = True
        if silent:
            silent -= 1
            if titling and tag == "title":
                titling = False
                out.title = " ".join("".join(title).split())
            return
        if here < 0:
            return
        element = here
        here = parents[element]
        kind = kinds[element]
        if kind == BLOCK:
            if buffer:
                flush()
            holders.pop()
        elif kind:
            end_other(element, kind)
        else:
            turn = 1
        if bare and tag == "noscript":
            bare -= 1
            if not bare:
                fresh = kept
        ended.append(element)
        ended_at.append(len(tags))

    def end_other(element: int, kind: int) -> None:
        """The end of an element that is neither a plain block nor plainly inline."""
        nonlocal hiding, links, solid, pre, turn, gap, link_ended, linked, shown, inner, buffer, breaks, customs
        base = kind & KIND_BITS
        if base == LINK:
            links -= 1
            link_ended, turn = True, 1
        elif base >= BLOCK:
            if buffer:
                flush()
            gap |= base in (MARGIN, PRE)
            if base == PRE:
                pre -= 1
                solid -= 1
            elif base == SELECT:
                solid -= 1
            elif base == ROW and rows:
                end_row(element)
            holders.pop()
        elif base == CUSTOM:
            if customs:
                customs.pop()
            turn = 1
        elif not kind:
            turn = 1
        if kind & HIDES:
            hiding -= 1
            if kind & ASIDE:
                if buffer:
                    flush()
                before, buffer, own, linked, shown, inner, breaks, customs = aside.pop()
                shift = len(nodes) - before  # the nodes of what was set aside come behind those of the hidden part
                nodes.extend(own)
                for custom in customs:
                    custom[2] += shift

    def data(text: str) -> None:
        nonlocal number, fresh, linked, shown, inner, broken, turn, link_ended
        if dead:
            if script is not None:
                script.append(text)
            elif counted:
                out.noscript_words += len(text.split())
            return
        if text.isspace():
            if pre:
                buffer.append(text.replace("\r\n", "\n").replace("\n", BR_MARK))
            elif buffer:
                buffer.append(" ")
            return
        if fresh:
            fresh = False
            if not bare:
                number += 1
                if not silent:
                    nodes.append(number)
        if silent:
            if titling:
                title.append(text)
            return
        if inner < 0:
            inner = here
        elif turn == 2:
            before, first = buffer[-1][-1], text[0]
            if first.isupper() and (before.islower() or before.isdigit()):
                buffer.append(" ")
        turn, link_ended, broken = 0, False, False
        if links:
            linked += count_words(text)
            if target:
                out.links.append((len(texts), text, target))
        if not hiding:
            shown = True
        buffer.append(text.replace("\r\n", "\n").replace("\n", BR_MARK) if pre else text)

    def comment(text: str) -> None:
        nonlocal fresh
        if not dead:
            fresh = True

    def end_row(element: int) -> None:
        """A table row whose cells hold at most one short text each is one block."""
        row, first, nested, *cells = rows.pop()
        found = len(texts) - first
        if row != element or nested or found < 2 or found > len(cells):
            return
        if len(set(cells)) < found or sum(map(len, texts[first:])) > MAX_ROW:  # a cell with two blocks
            return
        within, inners, words, in_links, hidden, gaps, *_ = zip(*blocks[first:])
        for text, holder in zip(texts[first:], within):
            if len(text) > MAX_CELL or "\n" in text or tags[holder] in ("li", "pre", "h1", "h2", "h3", "select", "button", "option"):
                return
        for place in range(len(out.links) - 1, -1, -1):
            if out.links[place][0] <= first:
                break
            out.links[place] = (first, *out.links[place][1:])
        texts[first:] = [" | ".join(texts[first:])]
        inner = element if len(cells) > 1 else inners[0]
        blocks[first:] = [(element, inner, sum(words), sum(in_links), all(hidden), gaps[0], len(tags), len(ended), len(nodes))]

    handler = SimpleNamespace(start=start, end=end, data=data, comment=comment, pi=lambda target, data=None: comment(""),
                              close=lambda: None)
    source = BytesIO(html.encode("utf-8", "replace"))
    parser = etree.HTMLParser(target=handler, encoding="utf-8", huge_tree=True)
    with suppress(etree.LxmlError):  # nothing to parse; what was seen before counts
        try:
            etree.parse(SimpleNamespace(read=source.read), parser)
        except _TooDeep:
            if tries and 1 + len(tags) - len(ended) > deepest:  # the page without the element that is never closed
                unclosed = Counter(map(tags.__getitem__, sorted(set(range(len(tags))).difference(ended)))).most_common(1)[0][0]
                space = "<br><br>" if kind_of(unclosed, CUSTOM) >= BLOCK else " "
                return _walk(re.sub(rf"</?{re.escape(unclosed)}\b[^<>]*>", space, html, flags=re.I), noscript, tries - 1)
    dead = silent = 0
    while here >= 0:
        end("")
    if buffer:
        flush()
    # lxml's parser and its context hold each other and these functions: without this, a page stays until the garbage collector comes
    walked, out = out, _Walk()
    tags, parents, attributes, ended, ended_at = out.tags, out.parents, out.attributes, out.ended, out.ended_at
    texts, blocks, nodes, kinds, source, html = out.texts, out.blocks, out.nodes, [], BytesIO(), ""
    return walked


# ---------------------------- evidence

ATTRIBUTES = ("role", "itemprop", "itemtype", "rel", "data-testid", "data-component", "aria-label")  # besides class and id
PREFIXES = ("role=", "prop=", "type=", "rel=", ".", ".", "label=")
ANY_ATTRIBUTE = frozenset(ATTRIBUTES)
NOTHING = (None,) * len(ATTRIBUTES)
SPLIT = re.compile(r"[-_:/.@!\[\]()]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
SPLIT_LOWER = re.compile(r"[-_:/.@!\[\]()]+")  # the same for what has no capitals
DIGITS = re.compile(r"\d+")
PLACE = np.uint64(0xC2B2AE3D27D4EB4F)
OWN, NEAR, FAR = np.uint64(1 << 32), np.uint64(2 << 32), np.uint64(3 << 32)
HOLDER, INNER, ABOVE = np.uint64(4 << 32), np.uint64(5 << 32), np.uint64(6 << 32)
CODES = COLUMN | {"img": len(ANCESTORS), "picture": len(ANCESTORS), "input": len(ANCESTORS) + 1, "time": len(ANCESTORS) + 2}
HOLDER_TAGS = {"is_item": ("li", "dd", "dt"), "is_button": ("button", "label", "option", "select"), "is_paragraph": ("p",),
               "is_cell": ("td", "th", "tr")}
COUNTED = {"links_in_parent": ("a",), "paragraphs_in_parent": ("p",), "images_in_parent": ("img", "picture"),
           "images_in_grand": ("img", "picture"), "controls_in_parent": ("input", "button", "select", "textarea"),
           "time_in_parent": ("time",)}
INNER_TAGS = {"inner_link": ("a",), "inner_strong": ("strong", "b"), "inner_time": ("time",)}
CACHE_SIZE = 50_000
# Hashes are kept as the bytes of an array of them, 8 each, so that those of a page need only be joined.
_token_cache: dict[str | tuple[str, str], bytes] = {}
_class_cache: dict[str, tuple[str, bytes]] = {}


def _hash(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "replace"))


def _table(groups: Mapping[str, Iterable[str]]) -> npt.NDArray[np.uint8]:
    """Which tags (rows, by their codes) belong to which groups (columns); the last row is for all other tags, code -1."""
    table = np.zeros((max(CODES.values()) + 2, len(groups)), np.uint8)
    for column, tags in enumerate(groups.values()):
        table[[CODES[tag] for tag in tags], column] = 1
    return table


GROUP_TABLE = _table(GROUPS)[:len(ANCESTORS)].astype(np.float32)
HOLDER_TABLE, INNER_TABLE, COUNTED_TABLE = _table(HOLDER_TAGS), _table(INNER_TAGS), _table(COUNTED)
TAG_HASH = {tag: _hash(tag) for tag in KINDS}
TAG_HASHES = np.array([_hash(tag) for tag in ANCESTORS], np.uint64)


def _token(token: str, prefix: str = ".") -> bytes:
    """Hashes of a token as a whole and of its parts, lower-cased, digits as 0."""
    folded = DIGITS.sub("0", token[:80])
    lower = folded.lower()
    parts = (SPLIT_LOWER if lower == folded else SPLIT).split(folded)
    words = [lower, *[part.lower() for part in parts if len(part) > 1]] if len(parts) > 1 else [lower]
    start = zlib.crc32(prefix.encode())
    known = array("Q", [zlib.crc32(word.encode("utf-8", "replace"), start) for word in words[:6]]).tobytes()
    if len(_token_cache) >= CACHE_SIZE:
        _token_cache.clear()
    if len(token) <= 80:
        _token_cache[token if prefix == "." else (prefix, token)] = known
    return known


def _classes(classes: str) -> tuple[str, bytes]:
    """What makes classes one shape, and the hashes of their tokens."""
    known = _token_cache.get
    hashes = b"".join([known(token) or _token(token) for token in classes.split()[:12]])
    found = DIGITS.sub("0", classes[:300]), hashes[:8 * ELEMENT_TOKENS]
    if len(_class_cache) >= CACHE_SIZE:
        _class_cache.clear()
    if len(classes) <= 200:
        _class_cache[classes] = found
    return found


def _other_hashes(name: str | None, others: tuple[str | None, ...]) -> bytes:
    """Hashes of all tokens of an element's id and its attributes besides class."""
    known = _token_cache.get
    found = (known(name) or _token(name)) if name else b""
    if others is not NOTHING:
        for prefix, value in zip(PREFIXES, others):
            if value and len(value) <= 120:
                if prefix == "type=":
                    value = value.rstrip("/").rpartition("/")[2]
                for token in value.split()[:4]:
                    found += known(token if prefix == "." else (prefix, token)) or _token(token, prefix)
    return found


def _flat_ranges(first: Ints, count: Ints) -> Ints:
    """first[0], first[0] + 1, …, count[0] numbers in all; then those of first[1], and so on."""
    total = np.cumsum(count)
    size = int(total[-1]) if len(total) else 0
    out: Ints = np.arange(size) + np.repeat(first - (total - count), count)
    return out


def _running(values: Ints) -> Ints:
    """The sum of the values before each, and of all."""
    out = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, out=out[1:])
    return out


def _ranks(keys: npt.NDArray[Any]) -> tuple[Ints, Ints]:
    """Of each key: how many equal ones stand before it, and how many there are."""
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    begins = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    size = np.diff(begins, append=len(keys))
    rank, count = np.empty_like(order), np.empty_like(order)
    rank[order] = np.arange(len(keys)) - np.repeat(begins, size)
    count[order] = np.repeat(size, size)
    return rank, count


def _ints(numbers: Iterable[int]) -> Ints:
    return np.frombuffer(numbers if isinstance(numbers, array) else Numbers(numbers), np.int64)


def _log(x: npt.NDArray[Any]) -> Floats:
    out: Floats = np.log1p(np.maximum(x, 0), dtype=np.float64)
    return out


def _empty(title: str = "") -> TreePage:
    none = np.zeros(0, np.int64)
    return TreePage("", none, none, [], none, Elements([], []), np.zeros((0, len(TREE_DENSE)), np.float32), np.zeros(0, np.uint64),
                    np.zeros(1, np.int64), none.astype(bool), none, none, none, np.zeros(1, np.int64), none.astype(bool), title)


Columns = dict[str, npt.NDArray[Any] | float]  # by name; one with several rows is for that name and those that follow it
PLACE_OF = {name: number for number, name in enumerate(TREE_DENSE)}


class _Evidence:
    """The arrays of one page, made from what the walk recorded."""

    def __init__(self, walk: _Walk) -> None:
        self.walk = walk
        self.count, self.elements = len(walk.texts), len(walk.tags)
        blocks = np.ascontiguousarray(_ints(chain.from_iterable(walk.blocks)).reshape(self.count, -1).T)
        self.holder, inner, self.words, linked, hidden, gap, begun_by, ended_by, node_end = blocks
        self.linked = np.minimum(linked, self.words)
        self.hidden, self.gap = hidden > 0, gap > 0
        self.node_first = np.append(0, node_end)
        self.inner = np.where(inner < self.holder, self.holder, inner)
        self.parent = _ints([*walk.parents, -1])  # so that the parent of -1 is -1
        self.ended_at = _ints(walk.ended_at)
        first = np.cumsum(np.bincount(begun_by, minlength=self.elements + 1))
        first[-1] = 0
        last, after = first.copy(), np.arange(1, self.elements + 2)
        ended = _ints(walk.ended)
        last[ended] = np.cumsum(np.bincount(ended_by, minlength=self.elements))[:self.elements]
        after[ended] = self.ended_at
        after[-1] = 0
        self.first, self.last, self.after = first, last, after  # blocks of each element, and the element behind its subtree
        self.codes = _ints(map(CODES.get, walk.tags, repeat(-1)))
        self._chains()
        self._signatures()
        self._ancestors()

    def _chains(self) -> None:
        """Per block the elements around it, from the innermost on; -1 behind the outermost."""
        levels = MAX_LEVELS if self.count < 50_000 else 6
        chain = np.full((self.count, levels), -1, np.int64)
        here = self.inner
        for level in range(levels):
            chain[:, level] = here
            here = self.parent[here]
        self.chain = chain
        self.own = np.count_nonzero(chain >= self.holder[:, None], axis=1)  # levels up to the holder

    def _signatures(self) -> None:
        """Tokens and shape (tag and class) of each element in a chain; roles and properties."""
        tags, attributes = self.walk.tags, self.walk.attributes
        used = np.zeros(self.elements + 1, bool)
        used[self.chain] = True
        used[-1] = False
        self.used = np.flatnonzero(used)
        numbers: dict[Any, int] = {}  # of the signatures
        forms: dict[str | tuple[str, str], int] = {}  # numbers of the shapes
        shapes, names, hashes = [0], [0], [b""]
        self.roles: list[tuple[int, int]] = []
        self.content: list[int] = []
        signature = []
        for element in self.used.tolist():
            tag, own = tags[element], attributes[element]
            classes = name = None
            others: tuple[str | None, ...] = NOTHING
            key: Any = tag
            if own:
                classes, name = own.get("class"), own.get("id")
                if ANY_ATTRIBUTE.isdisjoint(own):
                    if classes or name:
                        key = tag, classes, name
                else:
                    others = tuple([own.get(attribute) for attribute in ATTRIBUTES])
                    key = tag, classes, name, others
                    role, prop = others[:2]
                    if role in ROLES:
                        self.roles.append((element, COLUMN[ROLES[role or ""]]))
                    if prop and prop.lower() in CONTENT_PROPS:
                        self.content.append(element)
            number = numbers.get(key)
            if number is None:
                number = numbers[key] = len(names)
                names.append(TAG_HASH.get(tag) or _hash(tag))
                form: str | tuple[str, str] = tag
                found = b""
                if classes:
                    folded, found = _class_cache.get(classes) or _classes(classes)
                    form = tag, folded
                if name or others is not NOTHING:
                    found += _other_hashes(name, others)
                shapes.append(forms.setdefault(form, len(forms)))
                hashes.append(found[:8 * ELEMENT_TOKENS] if tag != "html" and tag != "body" else b"")
            signature.append(number)
        self.signature = np.zeros(self.elements + 1, np.int64)
        self.signature[self.used] = _ints(signature)
        self.shapes = _ints(shapes)
        self.names = np.array(names, np.uint64)
        self.token_hashes = np.frombuffer(b"".join(hashes), np.uint64)
        self.token_counts = _ints(map(len, hashes)) >> 3
        self.token_places = np.cumsum(self.token_counts) - self.token_counts

    def _ancestors(self) -> None:
        """How many elements of each known tag each block stands in."""
        width = len(ANCESTORS)
        filled = np.flatnonzero((self.last[:-1] > self.first[:-1]) & (self.codes >= 0) & (self.codes < width))
        columns = self.codes[filled]
        if self.roles:
            extra = np.array(self.roles, np.int64)
            filled, columns = np.concatenate([filled, extra[:, 0]]), np.concatenate([columns, extra[:, 1]])
        changes = np.zeros((self.count + 1) * width, np.int16)
        np.add.at(changes, self.first[filled] * width + columns, np.int16(1))
        np.add.at(changes, self.last[filled] * width + columns, np.int16(-1))
        table = changes.reshape(-1, width)
        np.cumsum(table, axis=0, out=table)
        self.inside: Bools = table[:-1] > 0

    def tokens(self) -> tuple[Hashes, Ints]:
        """Per block: tag of its holder and of the element its text begins in, tags around, tokens of attributes, nearest first."""
        limit = min(MAX_TOKENS, max(8, TOKEN_BUDGET // self.count))
        block, column = np.nonzero(self.inside)
        above = TAG_HASHES[column] + ABOVE
        around = np.bincount(block, minlength=self.count)
        chain = self.signature[self.chain]
        size = self.token_counts[chain]
        np.clip(np.cumsum(size, axis=1), 0, np.maximum(limit - 2 - around, 0)[:, None], out=(upto := np.empty_like(size)))
        size = upto.copy()
        size[:, 1:] -= upto[:, :-1]
        attributes = upto[:, -1]
        rows, levels = np.nonzero(size)
        size = size[rows, levels]
        distance = levels - self.own[rows]
        near = self.token_hashes[_flat_ranges(self.token_places[chain[rows, levels]], size)]
        near += np.repeat(np.where(distance < 0, OWN, np.where(distance < 2, NEAR, FAR)), size)
        total = 2 + around + attributes
        first = _running(total)
        out = np.empty(int(first[-1]), np.uint64)
        out[first[:-1]] = self.names[self.signature[self.holder]] + HOLDER
        out[first[:-1] + 1] = self.names[self.signature[self.inner]] + INNER
        out[_flat_ranges(first[:-1] + 2, around)] = above
        out[_flat_ranges(first[:-1] + 2 + around, attributes)] = near
        return mix(out * PLACE), first

    def dense(self) -> npt.NDArray[np.float32]:
        columns: Columns = {}
        self._shares(columns)
        self._repetition(columns)
        self._kinds(columns)
        self.lowered = "\0".join(self.walk.texts).lower().split("\0")
        self._headline(columns)
        self._told(columns)
        out = np.empty((self.count, len(TREE_DENSE)), np.float32)
        rows = out.T
        for name, values in columns.items():
            number = PLACE_OF[name]
            if isinstance(values, np.ndarray) and values.ndim == 2:
                rows[number:number + len(values)] = values
            else:
                rows[number] = values
        return out

    def _shares(self, columns: Columns) -> None:
        """How much of the page the elements around a block hold, and of what kind. "Parent" is the nearest element that
        holds more words than the block, "grand" the nearest that holds more than that: wrappers do not count."""
        words, linked, chain = self.words, self.linked, self.chain
        rows = np.arange(self.count)
        total, total_linked = max(int(words.sum()), 1), int(linked.sum())
        running, running_linked = _running(words), _running(linked)
        held = running[self.last] - running[self.first]  # 0 by -1, which is behind the outermost
        held_linked = running_linked[self.last] - running_linked[self.first]
        around = held[chain]
        outermost = np.count_nonzero(chain >= 0, axis=1) - 1
        least = words
        found = []
        for name in ("parent", "grand", "great"):
            more = around > least[:, None]
            level = more.argmax(1)
            element = chain[rows, np.where(more[rows, level], level, outermost)]
            found.append(element)
            least = np.maximum(held[element], least)
            columns[f"share_{name}"] = least / total
            columns[f"linked_{name}"] = held_linked[element] / np.maximum(held[element], 1)
        parent, grand, _ = found
        columns["linked"] = linked / np.maximum(words, 1)
        columns["page_linked"] = total_linked / total
        columns["part_of_parent"] = words / np.maximum(held[parent], words.clip(1))
        columns["text_density"] = _log(held[parent] / np.maximum(self.after[parent] - parent, 1))
        columns["blocks_in_parent"] = _log(self.last[parent] - self.first[parent])

        hits = np.zeros((len(COUNTED), self.elements + 1), np.int64)
        np.cumsum(COUNTED_TABLE[self.codes].T, axis=1, dtype=np.int64, out=hits[:, 1:])
        counts = hits[:, self.after[parent]] - hits[:, parent]
        row = list(COUNTED).index("images_in_grand")
        counts[row] = hits[row, self.after[grand]] - hits[row, grand]
        columns[next(iter(COUNTED))] = _log(counts)
        columns["depth"] = _log(self.holder - np.searchsorted(self.ended_at, self.holder, side="right"))
        columns["page_blocks"], columns["page_words"] = float(np.log1p(self.count)), float(np.log1p(total))

    def _repetition(self, columns: Columns) -> None:
        """Siblings of one shape around a block, and blocks with the same path of shapes."""
        used, chain = self.used, self.chain
        rank, size = _ranks(self.shapes[self.signature[used]] * (self.elements + 1) + self.parent[used])
        siblings, position = np.ones(self.elements + 1), np.zeros(self.elements + 1)
        siblings[used], position[used] = size, rank
        log, place = np.log(siblings), position / np.maximum(siblings - 1, 1)
        columns["siblings"], columns["sibling_position"] = log[self.holder], place[self.holder]
        rows = np.arange(self.count)
        near = np.minimum(self.own[:, None] + np.arange(4), chain.shape[1] - 1)
        near = chain[rows[:, None], near]
        most = near[rows, siblings[near].argmax(1)]
        columns["near_siblings"], columns["near_position"] = log[most], place[most]
        # counted from the holder on: what the text begins in does not matter
        levels = chain.shape[1]
        forms = mix((self.shapes + 1).astype(np.uint64))
        forms[0] = 0  # behind the outermost
        power = np.append(mix(np.arange(1, levels + 1, dtype=np.uint64) * PLACE), np.zeros(levels, np.uint64))
        path = (forms[self.signature[chain]] * power[np.arange(levels) + 1 - self.own[:, None]]).sum(1, dtype=np.uint64)
        columns["repeats"] = np.log(_ranks(path)[1])
        same = np.zeros(self.count + 1, bool)
        same[1:-1] = path[1:] == path[:-1]
        columns["same_as_before"], columns["same_as_after"] = same[:-1], same[1:]
        begins = np.flatnonzero(~same[:-1])
        run = np.diff(begins, append=self.count)
        columns["run"] = np.repeat(np.log(run), run)

    def _kinds(self, columns: Columns) -> None:
        """What a block and the elements around it are."""
        inside = self.inside
        groups = (inside.astype(np.float32) @ GROUP_TABLE).T > 0
        columns[next(iter(GROUPS))] = groups
        headings = inside[:, COLUMN["h1"]:COLUMN["h6"] + 1]
        self.heading: Bools = np.asarray(headings.any(1))
        self.first_level: Bools = headings[:, 0]
        columns["is_heading"] = self.heading
        columns["heading_level"] = np.where(self.heading, 1 - headings.argmax(1) / 6, 0)
        index = np.arange(self.count)
        last = np.maximum.accumulate(np.where(self.heading, index, -1))
        columns["since_heading"] = np.where(last >= 0, _log(index - last), 8)
        columns["heading_before"] = np.concatenate([[False], self.heading[:-1]])
        columns[next(iter(HOLDER_TAGS))] = HOLDER_TABLE[self.codes[self.holder]].T
        columns[next(iter(INNER_TAGS))] = INNER_TABLE[self.codes[self.inner]].T
        columns["in_body_prop"] = 0.0
        if self.content:
            changes = np.zeros(self.count + 1, np.int64)
            content = np.array(self.content, np.int64)
            np.add.at(changes, self.first[content], 1)
            np.add.at(changes, self.last[content], -1)
            columns["in_body_prop"] = np.cumsum(changes)[:-1] > 0
        columns["hidden"], columns["blank_before"] = self.hidden, self.gap
        columns["lines"] = _log(_ints([text.count("\n") for text in self.walk.texts]))

    def _headline(self, columns: Columns) -> None:
        """Where a block stands to the headline: the heading most like the <title>, else the first of the first level."""
        titled = frozenset(self.walk.title.lower().split())
        overlap = np.zeros(self.count)
        if titled:
            for block in np.flatnonzero((self.words >= 2) & (self.words <= 40)).tolist():
                own = self.lowered[block].split()
                if not titled.isdisjoint(own):
                    shared = len(titled.intersection(own))
                    if shared > 1:
                        overlap[block] = 2 * shared / (len(titled) + len(own))
        columns["title_overlap"] = overlap
        headline = int((self.heading * (overlap + 0.25 * self.first_level + 0.2 * ~self.hidden)).argmax())
        columns["has_headline"] = known = bool(self.heading[headline] and (self.first_level[headline] or overlap[headline] > 0.4))
        columns["before_headline"] = columns["after_headline"] = columns["shared_with_headline"] = 0.0
        if known:
            index = np.arange(self.count)
            columns["before_headline"], columns["after_headline"] = _log(headline - index), _log(index - headline)
            around = self.chain[headline]
            around = around[around >= 0]
            changes = np.zeros(self.count + 1, np.int64)
            np.add.at(changes, self.first[around], 1)
            np.add.at(changes, self.last[around], -1)
            columns["shared_with_headline"] = np.cumsum(changes)[:-1] / len(around)

    def _told(self, columns: Columns) -> None:
        """How much of a block stands in what the page that holds it tells machines of its story."""
        found = told(self.walk.scripts, self.walk.metas)
        probes = list(map(probes_of, self.lowered)) if any(found) else []
        for name, pieces in zip(("body", "description"), found):
            columns[f"{name}_told"] = np.array([share_told(each, pieces) for each in probes]) if pieces else 0.0
            columns[f"has_{name}_told"] = float(len(pieces) > 0)


def _page(walk: _Walk, source: str = "html") -> TreePage:
    """What was recorded, as a page."""
    count = len(walk.texts)
    if count == 0:
        return _empty(walk.title)
    evidence = _Evidence(walk)
    tokens, token_first = evidence.tokens()
    length = _ints(map(len, walk.texts))
    start = np.cumsum(length + 1) - length - 1
    tags = walk.tags
    return TreePage("\n".join(walk.texts), start, start + length, [tags[e] for e in evidence.holder.tolist()], evidence.holder,
                    Elements(tags, Numbers(walk.parents)), evidence.dense(), tokens, token_first, evidence.gap, evidence.words,
                    evidence.linked, _ints(walk.nodes), evidence.node_first, evidence.hidden, walk.title, source,
                    walk.links)


def segment_html(raw: str | bytes) -> TreePage:
    """Split an HTML page into its blocks. Never fails: what is no HTML has no blocks.

    A page that shows nearly no text is read from its <noscript> elements, from the `articleBody` of its JSON-LD, or from
    the state that its framework embeds, whichever has more; `source` says so.
    """
    html = decode_html(raw) if isinstance(raw, bytes) else raw
    if _is_binary(html):
        return _empty()
    html = html.replace("\0", "").lstrip("\ufeff")
    if not html or html.isspace():
        return _empty()
    walk = _walk(html)
    if len(walk.texts) < FEW_WORDS and (words := _shown_words(walk)) < FEW_WORDS:
        return _other_source(html, walk, words)
    return _page(walk)


# ---------------------------- pages that scripts build


def _shown_words(walk: _Walk) -> int:
    return sum(block[WORDS] for block in walk.blocks if not block[HIDDEN])


def _other_source(html: str, walk: _Walk, shown: int) -> TreePage:
    """A page with few words on it: from elsewhere, where that holds more; hidden text included."""
    best, most, source = walk, max(sum(block[WORDS] for block in walk.blocks), shown), "html"
    if walk.noscript_words > most:
        with_noscript = _walk(html, noscript=True)
        words = _shown_words(with_noscript)
        if words > most:
            best, most, source = with_noscript, words, "noscript"
    for name, story in stories_of(walk.scripts):
        found = _walk(story)
        words = sum(block[WORDS] for block in found.blocks)
        if words > most and words >= FEWEST_WORDS:
            found.title = walk.title
            best, most, source = found, words, name
            if name == "json-ld":
                break
    page = _page(best, source)
    if source in ("json-ld", "state") and len(page):
        page = TreePage(page.text, page.start, page.end, page.tag, np.full(len(page), -1), Elements([], []), page.dense, page.tokens,
                        page.token_first, page.blank_before, page.words, page.words_linked, np.zeros(0, np.int64),
                        np.zeros(len(page) + 1, np.int64), page.hidden, page.title, page.source, page.links)
    return page
