"""HTML -> blocks as a browser shows them, each with the evidence of the tree.

The parser's events are handled as they come; no tree is built. What the walk records per element and per block
is turned into arrays afterwards, a few operations each, however many blocks there are. Subtrees are intervals of
blocks, so that "words in the parent", "inside a nav" and the like are differences of running sums.
"""

from __future__ import annotations

import codecs
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
from lxml import etree

from boilerstrip.features import mix

__all__ = ["TREE_DENSE", "TreePage", "decode_html", "looks_like_html", "segment_html"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Hashes = npt.NDArray[np.uint64]
Attributes = Mapping[str, str]

# What an element does to the text around it. Everything from BLOCK on breaks it.
INLINE, LINK, CUSTOM, BR, BLOCK, MARGIN, PRE, SELECT, ROW, CELL, SOFT, SILENT, DEAD = range(13)
HIDES, ASIDE, SOLID, LINKED = 16, 32, 64, 128  # flags of an open element, to be undone at its end
KIND_BITS = 15

KINDS: dict[str, int] = {tag: kind for kind, tags in {
    INLINE: "abbr acronym applet b bdi bdo big cite code data del dfn em font i img input ins kbd label mark math meter nobr output "
            "picture progress q rb rp rt rtc ruby s samp small source span strike strong sub sup time track tt u var wbr link meta param "
            "mi mo mn ms mrow msup msub mfrac semantics area base embed",
    LINK: "a",
    BR: "br",
    BLOCK: "html body div li dt dd main nav header footer aside section article form fieldset legend details summary figcaption center "
           "address dialog optgroup option tbody thead tfoot caption colgroup col search hgroup frameset frame marquee slot",
    MARGIN: "p h1 h2 h3 h4 h5 h6 ul ol dl menu dir blockquote figure table hr",
    PRE: "pre listing xmp plaintext textarea",
    SELECT: "select datalist",
    ROW: "tr",
    CELL: "td th",
    SOFT: "button label",
    SILENT: "head title svg iframe object canvas audio video map noframes noembed annotation annotation-xml desc metadata",
    DEAD: "script style noscript template",
}.items() for tag in tags.split()}

BR_MARK = "\0"  # stands for a line break while a block is collected; NUL never comes out of the parser
MAX_CELL, MAX_ROW = 500, 1500  # characters: what is longer is no row of a data table
LONG_BREAKS = (600, 80)  # characters: of a block with <br>, and of its lines on average, from which every line is a block
LONG_PRE = 1500  # characters from which preformatted text is split at its blank lines
FEW_WORDS = 50  # words below which a page counts as empty, and other sources are tried
MAX_TOKENS, ELEMENT_TOKENS, MAX_LEVELS = 60, 20, 16
TOKEN_BUDGET = 4_000_000  # tokens of one page: pages with very many blocks get fewer for each

HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden(?!.*animation)", re.I | re.S)
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
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
    "page_blocks", "page_words",
)


class Elements:
    """The elements of a page that may hold blocks, in document order: tag and parent of each."""

    __slots__ = ("_ranks", "parents", "tags")

    def __init__(self, tags: list[str], parents: list[int]) -> None:
        self.tags, self.parents = tags, parents
        self._ranks: tuple[list[int], list[int]] | None = None

    def paths(self, elements: Iterable[int]) -> list[str]:
        """An XPath of each of the elements, as lxml's `getpath` makes them; "" for -1."""
        if self._ranks is None:
            names: dict[str, int] = {}
            kind = np.array([names.setdefault(tag, len(names)) for tag in self.tags], np.int64)
            key = (np.array(self.parents, np.int64) + 1) * (len(names) + 1) + kind
            order = np.argsort(key, kind="stable")
            begins = np.flatnonzero(np.diff(key[order], prepend=-1))
            size = np.diff(np.append(begins, len(order)))
            rank, count = np.empty(len(key), np.int64), np.empty(len(key), np.int64)
            rank[order] = np.arange(len(order)) - np.repeat(begins, size) + 1
            count[order] = np.repeat(size, size)
            self._ranks = rank.tolist(), count.tolist()
        ranks, counts = self._ranks
        steps: dict[int, str] = {}
        out = []
        for element in elements:
            parts = []
            while element >= 0:
                step = steps.get(element)
                if step is None:
                    tag = self.tags[element]
                    step = tag if NAME.fullmatch(tag) else f"*[name()={_quoted(tag)}]"
                    if counts[element] > 1:
                        step += f"[{ranks[element]}]"
                    steps[element] = step
                parts.append(step)
                element = self.parents[element]
            out.append("/" + "/".join(reversed(parts)) if parts else "")
        return out


def _quoted(text: str) -> str:
    return f'"{text}"' if "'" in text else f"'{text}'"


@dataclass(frozen=True, slots=True)
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
    unless it is "html" or "noscript", no paths.
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
        return self.nodes[self.node_first[block]:self.node_first[block + 1]].tolist()


# ------------------------------------------------------------------------------------------------ recognising and decoding

TAG = re.compile(r"<(/?)(?:!doctype html|html|head|body|div|p|article|section|main|header|nav|span|table|t[rdh]|[uo]l|li|h[1-6]|script|"
                 r"meta|a(?=\s+href)|/?a(?=>)|br|img|strong|em|b|i|blockquote|figure|template)\b[^<>]{0,2000}>", re.I)
OPENING = re.compile(r"\s*(?:<\?xml[^<>]{0,500}\?>\s*|<!--.{0,5000}?-->\s*){0,20}<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)


def looks_like_html(text: str) -> bool:
    """Whether a text is HTML: it begins as a page or with an element, or much of it is mark-up.

    Prose that mentions tags, or shows some code, is none.
    """
    head = text[:20_000].lstrip("\ufeff \t\r\n\f\0")
    if "<" not in head:
        return False
    if OPENING.match(head):
        return True
    found = list(TAG.finditer(head))
    if not found:
        return False
    if head[0] == "<" and (found[0].start() == 0 or len(found) >= 3):
        return True
    closing = sum(1 for m in found if m.group(1))
    return len(found) >= 5 and closing >= 2 and sum(m.end() - m.start() for m in found) >= 0.05 * len(head)


MAGIC = (b"%PDF", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"PK\x03\x04", b"\x1f\x8b", b"RIFF", b"Rar!", b"\x7fELF", b"BZh", b"\xfd7zXZ", b"wOF",
         b"II*\0", b"MM\0*", b"OggS", b"ID3", b"\0\0\1\0", b"\0asm", b"7z\xbc\xaf", b"SQLite", b"\xd0\xcf\x11\xe0")
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
    found = CHARSET.search(head)
    declared = _codec((found.group(1) or found.group(2)).decode("ascii")) if found else None
    lenient = raw.decode("utf-8", "replace")
    bad = lenient.count("\ufffd")
    if declared == "utf-8" or 20 * bad < len(raw) - len(lenient):
        return lenient if bad < 0.1 * len(lenient) or declared == "utf-8" else ""
    if declared is not None:
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


def _is_binary(text: str) -> bool:
    """Whether the beginning of a decoded text is full of control characters."""
    head = text[:4096]
    return sum(1 for c in head if c < " " and c not in "\0\t\n\r\f\x0b\x1b") > 0.05 * len(head)


# ------------------------------------------------------------------------------------------------ the walk

def _count(text: str) -> int:
    """The number of words; each letter of a script without spaces is one."""
    words = len(text.split())
    if text.isascii() or len(text) < 12 * words // 2:
        return words
    return max(words, len(UNSPACED.findall(text)))


def _hides(tag: str, attributes: Attributes) -> int:
    """2: not shown; 1: shown, but not to screen readers; 0: shown."""
    if tag in ("html", "body"):  # hidden by scripts until the page has loaded
        return 0
    if "hidden" in attributes or (tag == "dialog" and "open" not in attributes):
        return 2
    style = attributes.get("style")
    if style is not None and HIDING.search(style):
        return 2
    return 1 if attributes.get("aria-hidden", "").strip().lower() == "true" else 0


@dataclass(slots=True)
class _Walk:
    """What the walk records. Elements: `tags` to `first_block`; ends of elements, in their order: `ended` (which), `ended_at` (number
    of elements by then), `ended_block` (number of blocks by then). Blocks: `texts` to `node_end`."""

    tags: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    attributes: list[Attributes] = field(default_factory=list)
    first_block: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    ended_at: list[int] = field(default_factory=list)
    ended_block: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    holder: list[int] = field(default_factory=list)
    inner: list[int] = field(default_factory=list)
    linked: list[int] = field(default_factory=list)
    hidden: list[bool] = field(default_factory=list)
    gap: list[bool] = field(default_factory=list)
    nodes: list[int] = field(default_factory=list)
    node_end: list[int] = field(default_factory=list)
    title: str = ""
    noscript_words: int = 0
    scripts: list[tuple[Attributes, list[str]]] = field(default_factory=list)


def _walk(html: str, noscript: bool = False) -> _Walk:
    """Parse a page and record its elements and blocks. One function with its state in local variables, since it runs
    for every tag and every text of every page; `noscript` says whether what stands in such elements counts."""
    out = _Walk()
    tags, parents, attributes, first_block = out.tags, out.parents, out.attributes, out.first_block
    ended, ended_at, ended_block = out.ended, out.ended_at, out.ended_block
    texts, nodes, node_end = out.texts, out.nodes, out.node_end
    stack, kinds, holders = [-1], [INLINE], [-1]  # open elements, their kinds with flags, open block-level ones
    buffer: list[str] = []  # the block that is being collected: its pieces, and …
    breaks: list[tuple[int, int, int]] = []  # … per line break: pieces, nodes and linked words before it
    customs: list[list[int]] = []  # open unknown elements without blocks so far: place in the stack, pieces, nodes and linked words before
    rows: list[list[int]] = []  # open table rows: element, first block, elements ended before, whether it is none, first block of each cell
    aside: list[tuple[list[str], list[int], int, bool, int, list[tuple[int, int, int]], list[list[int]]]] = []
    title: list[str] = []
    linked = inner = 0
    shown = gap = broken = False  # broken: a <br> was the last thing in the buffer
    links = hiding = solid = pre = silent = dead = bare = 0  # how many such elements are open
    separates = True  # the skipped element separates text nodes
    script: list[str] | None = None
    number = -1  # of the last text node
    fresh = titling = link_ended = False
    turn = 0  # 1 after an inline end tag, 2 after a start tag behind it
    kind_of = KINDS.get

    def emit(text: str, holder: int, words: int, node: int) -> None:
        nonlocal gap
        texts.append(text)
        out.holder.append(holder)
        out.inner.append(inner)
        out.linked.append(words)
        out.hidden.append(not shown)
        out.gap.append(gap)
        node_end.append(node)
        gap = False

    def flush() -> None:
        """End the block that is being collected."""
        nonlocal linked, shown, broken, gap
        text = "".join(buffer)
        if BR_MARK not in text:
            text = text.strip("\r\n") if pre else " ".join(text.split())
            if text and not text.isspace():
                emit(text, holders[-1], linked, len(nodes))
        else:
            lines(text)
        del nodes[node_end[-1] if node_end else 0:]
        buffer.clear()
        if breaks:
            breaks.clear()
        linked, shown, broken = 0, False, False
        for custom in customs:
            custom[1:] = 0, len(nodes), 0

    def lines(text: str) -> None:
        """A block with line breaks in it: one, or one per line where they are paragraphs."""
        nonlocal gap
        if pre:
            rows_ = [line.rstrip() for line in text.split(BR_MARK)]
            if len(text) <= LONG_PRE:
                found = ["\n".join(line for line in rows_ if line)]
            else:
                found = [part.strip("\n") for part in re.split(r"\n{2,}", "\n".join(rows_))]
            found = [part for part in found if part.strip()]
            begin = node_end[-1] if node_end else 0
            own = nodes[begin:]
            for place, part in enumerate(found):
                if place:
                    nodes.extend(own)
                    gap = True
                emit(part, holders[-1], linked if not place else 0, len(nodes))
            return
        folded = [" ".join(line.split()) for line in text.split(BR_MARK)]
        folded = [line for line in folded if line]
        if not folded:
            return
        if len(breaks) >= len(folded) - 1 > 0 and len(text) > LONG_BREAKS[0] and len(text) / len(folded) >= LONG_BREAKS[1] and not solid:
            piece = counted = 0
            for to, node, words in [*breaks, (len(buffer), len(nodes), linked)]:
                line = " ".join("".join(buffer[piece:to]).replace(BR_MARK, " ").split())
                if line:
                    emit(line, holders[-1], words - counted, node)
                piece, counted = to, words
        else:
            emit("\n".join(folded), holders[-1], linked, len(nodes))

    def upgrade() -> None:
        """A block begins within unknown elements: they are blocks themselves."""
        nonlocal linked
        pieces, words = buffer[:], linked
        bounds = [custom[1] for custom in customs] + [len(pieces)]
        counts = [custom[3] for custom in customs]
        at = [custom[2] for custom in customs]
        text = " ".join("".join(pieces[:bounds[0]]).replace(BR_MARK, " ").split())
        if text:
            emit(text, holders[-1], counts[0], at[0])
        for place, custom in enumerate(customs):
            kinds[custom[0]] = kinds[custom[0]] & ~KIND_BITS | BLOCK
            holders.append(stack[custom[0]])
            text = " ".join("".join(pieces[bounds[place]:bounds[place + 1]]).replace(BR_MARK, " ").split())
            until = (counts + [words])[place + 1]
            if text:
                emit(text, holders[-1], until - counts[place], (at + [len(nodes)])[place + 1])
        customs.clear()
        buffer.clear()
        flush()

    def start(tag: str, attrib: Attributes) -> None:
        nonlocal dead, separates, script, fresh, silent, titling, hiding, links, solid, pre, bare, turn, gap, broken
        nonlocal linked, shown, inner, buffer, breaks, customs
        if dead:
            dead += 1
            return
        kind = kind_of(tag, CUSTOM)
        if kind == DEAD:
            if (noscript and tag == "noscript" and not silent) or (tag == "template" and "shadowrootmode" in attrib):
                bare += 1
                kind = BLOCK if tag == "noscript" else INLINE
            else:
                dead, separates = 1, tag == "script" or tag == "style"
                if tag == "script":
                    script = []
                    out.scripts.append((attrib, script))
                fresh |= separates
                return
        fresh = True
        if silent:
            silent += 1
            titling |= tag == "title" and not out.title
            return
        if kind == SILENT:
            silent = 1
            titling = tag == "title" and not out.title and not texts
            return
        if kind == SOFT:
            kind = INLINE if buffer else BLOCK
        flags = 0
        if attrib and ("style" in attrib or "hidden" in attrib or "aria-hidden" in attrib) or tag == "dialog":
            hides = _hides(tag, attrib)
            if hides:
                flags = HIDES
                if hides == 2 and kind < BLOCK and not solid:
                    flags |= ASIDE
        if kind >= BLOCK:
            if solid:
                if buffer:
                    buffer.append(BR_MARK)
                kind = INLINE
            else:
                if customs:
                    upgrade()
                elif buffer:
                    flush()
        elif flags & ASIDE:
            begin = node_end[-1] if node_end else 0
            aside.append((buffer[:], nodes[begin:], linked, shown, inner, breaks, customs))
            del nodes[begin:]
            buffer.clear()
            linked, shown, breaks, customs = 0, False, [], []
        element = len(tags)
        tags.append(tag)
        parents.append(stack[-1])
        attributes.append(attrib)
        first_block.append(len(texts))
        stack.append(element)
        if flags:
            hiding += 1
        if kind == INLINE:
            if turn == 1:
                turn = 2
        elif kind >= BLOCK:
            holders.append(element)
            if kind == MARGIN:
                gap = True
            elif kind == PRE:
                gap = True
                pre += 1
                solid += 1
            elif kind == SELECT:
                solid += 1
            elif kind == ROW:
                for row in rows:
                    row[3] = 1
                rows.append([element, len(texts), len(ended), 0])
            elif kind == CELL and rows:
                rows[-1].append(len(texts))
        elif kind == LINK:
            links += 1
            if link_ended and buffer:
                buffer.append(" ")
            if turn == 1:
                turn = 2
        elif kind == BR:
            if buffer:
                if broken and not solid and not aside:
                    flush()
                    gap = True
                else:
                    breaks.append((len(buffer), len(nodes), linked))
                    buffer.append(BR_MARK)
                    broken = True
        elif kind == CUSTOM:
            customs.append([len(stack) - 1, len(buffer), len(nodes), linked])
        kinds.append(kind | flags)

    def end(tag: str) -> None:
        nonlocal dead, script, fresh, silent, titling, hiding, links, solid, pre, bare, turn, gap, link_ended
        nonlocal linked, shown, inner, breaks, customs
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
        if len(stack) == 1:
            return
        element, kind = stack.pop(), kinds.pop()
        if kind == INLINE:
            turn = 1
        else:
            base = kind & KIND_BITS
            if base >= BLOCK:
                if buffer:
                    if customs:
                        customs.clear()
                    flush()
                if base != BLOCK:
                    gap |= base == MARGIN or base == PRE
                    if base == PRE:
                        pre -= 1
                        solid -= 1
                    elif base == SELECT:
                        solid -= 1
                    elif base == ROW and rows:
                        end_row(element)
                holders.pop()
            elif base == LINK:
                links -= 1
                link_ended, turn = True, 1
            elif base == CUSTOM:
                if customs:
                    customs.pop()
                turn = 1
            if kind & HIDES:
                hiding -= 1
                if kind & ASIDE:
                    if buffer:
                        flush()
                    pieces, own, linked, shown, inner, breaks, customs = aside.pop()
                    buffer.extend(pieces)
                    nodes.extend(own)
                    shift = len(nodes) - len(own) - (breaks[0][1] if breaks else 0)
                    if breaks or customs:  # nodes were moved behind those of the hidden block
                        shift = len(nodes) - own_end(breaks, customs, len(own))
                        breaks = [(a, b + shift, c) for a, b, c in breaks]
                        for custom in customs:
                            custom[2] += shift
            if (tag == "noscript" or tag == "template") and bare:
                bare -= 1
        ended.append(element)
        ended_at.append(len(tags))
        ended_block.append(len(texts))

    def data(text: str) -> None:
        nonlocal number, fresh, linked, shown, inner, broken, turn, link_ended
        if dead:
            if script is not None:
                script.append(text)
            elif not separates and not silent:
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
        if not buffer:
            inner = stack[-1]
        elif turn == 2:
            before, first = buffer[-1][-1], text[0]
            if first.isupper() and (before.islower() or before.isdigit()):
                buffer.append(" ")
        turn, link_ended, broken = 0, False, False
        if links:
            linked += _count(text)
        if not hiding:
            shown = True
        buffer.append(text.replace("\r\n", "\n").replace("\n", BR_MARK) if pre else text)

    def comment(text: str) -> None:
        nonlocal fresh
        if not dead:
            fresh = True

    def end_row(element: int) -> None:
        """A table row whose cells hold at most one short text each is one block."""
        row, first, ends, nested, *cells = rows.pop()
        found = len(texts) - first
        if row != element or nested or found < 2 or found > len(cells):
            return
        if len(set(cells)) < found or sum(map(len, texts[first:])) > MAX_ROW:  # a cell with two blocks
            return
        for text, holder in zip(texts[first:], out.holder[first:]):
            if len(text) > MAX_CELL or "\n" in text or tags[holder] in ("li", "pre", "h1", "h2", "h3", "select", "button", "option"):
                return
        joined, words, shows = " | ".join(texts[first:]), sum(out.linked[first:]), not all(out.hidden[first:])
        gapped, node, within = out.gap[first], len(nodes), out.inner[first]
        for column in (texts, out.holder, out.inner, out.linked, out.hidden, out.gap, node_end):
            del column[first:]
        texts.append(joined)
        out.holder.append(element)
        out.inner.append(element if len(cells) > 1 else within)
        out.linked.append(words)
        out.hidden.append(not shows)
        out.gap.append(gapped)
        node_end.append(node)
        count = len(tags) - row - 1
        first_block[row + 1:] = [first] * count
        ended_block[ends:] = [first] * (len(ended_block) - ends)

    target = SimpleNamespace(start=start, end=end, data=data, comment=comment, pi=lambda target, data=None: comment(""),
                             close=lambda: None)
    parser = etree.HTMLParser(target=target, encoding="utf-8", huge_tree=True)
    try:
        etree.fromstring(html.encode("utf-8", "replace"), parser)
    except etree.LxmlError:  # nothing to parse; what was seen before counts
        pass
    dead = silent = 0
    while len(stack) > 1:
        end("")
    if buffer:
        flush()
    return out
