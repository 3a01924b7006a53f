"""Kept blocks -> Markdown, from the tags of the elements around them; and the list items of a page, which `text` marks too."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from boilerstrip.segment.tree import TreePage

if TYPE_CHECKING:
    from boilerstrip.result import Scored

__all__ = ["list_items", "markdown_of"]

LISTS = frozenset({"ul", "ol", "menu", "dir"})
PREFORMATTED = frozenset({"pre", "listing", "xmp", "plaintext", "textarea"})
HEADINGS = {f"h{level}": level for level in range(1, 7)}
DEEPEST = 12  # lists and quotes within each other
LONGEST_CELL = 200  # characters of a cell that is alone in its row

INLINE = re.compile(r"[\\`*]|~(?=~)|(?<!\w)_|_(?!\w)|<(?=[A-Za-z/!?])|&(?=#?\w{1,31};)|\[(?=[^\[\]\n]{0,300}\][(\[:])|\](?=[(\[])")
LINE = re.compile(r"^(?:(?=#{1,6}(?:\s|$)|>|[-+](?:\s|$)|=+\s*$|-{2,}\s*$|~{3})|(\d{1,9})(?=[.)](?:\s|$)))")
SCHEME = re.compile(r"\s*([a-z][a-z0-9+.-]*):", re.I)
SCHEMES = frozenset({"http", "https", "mailto", "tel", "ftp"})
TICKS = re.compile(r"`+")
IN_TARGET = str.maketrans({**{sign: f"%{ord(sign):02X}" for sign in " ()<>|\\"}, **dict.fromkeys("\n\r\t")})


def markdown_of(scored: Scored, kept: Sequence[bool], links: bool = False) -> str:
    """The kept blocks of a page as Markdown; of a text its paragraphs, as they are."""
    if scored.tree is None:
        return _paragraphs(scored, kept)
    return _Writer(scored.tree, scored.text, kept, links).written()


def _paragraphs(scored: Scored, kept: Sequence[bool]) -> str:
    from boilerstrip.result import rejoined

    parts: list[str] = []
    last = -2
    for number, text in enumerate(scored.text):
        if kept[number]:
            joint = scored.joint[number]
            parts.append("" if not parts else joint if last == number - 1 and "\n" not in joint else "\n\n")
            parts.append(rejoined(text) if number in scored.torn else text)
            last = number
    return "".join(parts)


def list_items(tree: TreePage, kept: Sequence[bool]) -> dict[int, int]:
    """The kept blocks that begin an item of a list, and the <li> of each.

    An <li> is an item if its text stands right in it or in a paragraph, or is one block; others are cards or posts.
    """
    if "li" not in tree.tag and "li" not in tree.elements.tags:
        return {}
    tags, parents, elements = tree.elements.tags, tree.elements.parents, tree.element.tolist()
    nearest = {-1: -1}

    def item_of(block: int) -> int:
        if not 0 <= block < len(elements):
            return -1
        element, seen = elements[block], []
        while element not in nearest and tags[element] != "li":
            seen.append(element)
            element = parents[element]
        item: int = nearest.get(element, element)
        nearest.update(dict.fromkeys(seen, item))
        return item

    found: dict[int, int] = {}
    begun = set()
    for block, (told, element) in enumerate(zip(kept, elements)):
        if not told:
            continue
        if element < 0:
            if tree.tag[block] == "li":
                found[block] = -1
            continue
        item = item_of(block)
        if item < 0 or item in begun:
            continue
        if item in (element, parents[element] if tags[element] == "p" else -1) or item not in (item_of(block - 1), item_of(block + 1)):
            begun.add(item)
            found[block] = item
    return found


class _Place(NamedTuple):
    """What is around a block: its quotes and list items from the outside in, the level of the heading that it is in, and the
    innermost preformatted element and table (-1: none)."""

    within: tuple[int, ...] = ()
    heading: int = 0
    pre: int = -1
    table: int = -1


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some lines that belong together, where they stand, and the list item that they begin (or None)."""

    lines: list[str]
    within: tuple[int, ...]
    begins: int | None = None


class _Writer:
    """The Markdown of one page."""

    def __init__(self, tree: TreePage, texts: Sequence[str], kept: Sequence[bool], links: bool) -> None:
        self.tree, self.texts = tree, texts
        self.kept = [number for number, told in enumerate(kept) if told]
        self.begins = list_items(tree, kept)
        self.items = set(self.begins.values()) - {-1}
        self.tags, self.parents = tree.elements.tags, tree.elements.parents
        self.element: list[int] = tree.element.tolist()
        self.places = {-1: _Place()}
        self.markers: dict[int, str] = {}
        self.numbers: dict[int, int] = {}
        self.links: dict[int, list[tuple[str, str]]] = {}
        for block, text, target in tree.links if links else ():
            if _allowed(target):
                self.links.setdefault(block, []).append((text, target))

    def written(self) -> str:
        parts: list[str] = []
        before: _Piece | None = None
        for piece in self.pieces():
            if before is not None:
                parts.append("\n" if self.tight(before, piece) else f"\n{self.shared(before, piece)}\n")
            if piece.begins is not None:
                self.markers[piece.begins] = self.marker(piece.begins)
            first = self.prefix(piece.within, piece.begins)
            later = self.prefix(piece.within, None)
            lines = [(later if place else first) + line for place, line in enumerate(piece.lines)]
            parts.append("\n".join(line if line.endswith("  ") else line.rstrip() for line in lines))
            before = piece
        return "".join(parts)

    # ---- blocks

    def pieces(self) -> Iterator[_Piece]:
        at = 0
        while at < len(self.kept):
            number = self.kept[at]
            place = self.place(number)
            if place.pre >= 0:
                count = self.run(at, partial(self.is_in, place.pre))
                yield _Piece(_fenced([self.texts[n] for n in self.kept[at:at + count]]), place.within, self.begins.get(number))
            elif (count := self.rows(at, place.table)) > 1:
                yield _Piece(self.tabled(self.kept[at:at + count]), place.within, self.begins.get(number))
            else:
                count = 1
                yield _Piece(self.lines(number, place.heading), place.within, self.begins.get(number))
            at += count

    def run(self, at: int, belongs: Callable[[int], bool]) -> int:
        count = 1
        while at + count < len(self.kept) and belongs(self.kept[at + count]):
            count += 1
        return count

    def is_in(self, pre: int, number: int) -> bool:
        return self.place(number).pre == pre

    def rows(self, at: int, table: int) -> int:
        """How many blocks from `at` on are rows of one table; the first has several cells."""
        if table < 0 or not self.is_row(self.kept[at], table):
            return 0
        return self.run(at, lambda n: self.is_row(n, table) or self.is_cell(n, table))

    def is_row(self, number: int, table: int) -> bool:
        return self.tree.tag[number] == "tr" and " | " in self.texts[number] and self.place(number).table == table

    def is_cell(self, number: int, table: int) -> bool:
        """Whether a block is alone in its row."""
        text = self.texts[number]
        if self.tree.tag[number] not in ("td", "th") or len(text) > LONGEST_CELL or "\n" in text:
            return False
        return self.place(number).table == table

    def lines(self, number: int, heading: int) -> list[str]:
        lines = self.inline(number).split("\n")
        if heading:
            return ["#" * heading + " " + " ".join(lines)]
        lines = [LINE.sub(lambda m: (m[1] or "") + "\\", line) for line in lines]
        return [line + "  " for line in lines[:-1]] + lines[-1:]

    def tabled(self, numbers: Sequence[int]) -> list[str]:
        rows = [[cell.replace("|", "\\|") for cell in self.inline(n).split(" | ")] for n in numbers]
        width, headed = max(map(len, rows)), self.is_header(numbers[0])
        if headed and len(rows[0]) == width - 1:  # over a column of names
            rows[0].insert(0, "")
        if not headed:
            rows.insert(0, [])
        rows.insert(1, ["---"] * width)
        return ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]

    def is_header(self, number: int) -> bool:
        """Whether all cells of a row are headings."""
        row = self.element[number]
        cells, at = [], row + 1
        while at < len(self.tags) and self.parents[at] >= row:
            if self.parents[at] == row:
                cells.append(self.tags[at])
            at += 1
        return bool(cells) and set(cells) == {"th"}

    def inline(self, number: int) -> str:
        """A block's text with its links, everything else made plain."""
        text, parts, at = self.texts[number], [], 0
        found: list[tuple[int, int, str]] = []
        for anchor, target in self.links.get(number, ()):
            anchor = " ".join(anchor.split())
            begin = text.find(anchor, at)
            if begin < 0:
                continue
            if found and found[-1][2] == target and not text[found[-1][1]:begin].strip():
                begin = found.pop()[0]
            at = text.index(anchor, max(at, begin)) + len(anchor)
            found.append((begin, at, target))
        at = 0
        for begin, end, target in found:
            parts.append(_plain(text[at:begin]))
            parts.append(f"[{_plain(text[begin:end])}]({target.strip().translate(IN_TARGET)})".replace("\n", " "))
            at = end
        return "".join([*parts, _plain(text[at:])])

    # ---- where they stand

    def place(self, number: int) -> _Place:
        element = self.element[number]
        if element < 0:
            tag = self.tree.tag[number]
            return _Place((), HEADINGS.get(tag, 0), number if tag in PREFORMATTED else -1)
        above = []
        while element not in self.places:
            above.append(element)
            element = self.parents[element]
        place = self.places[element]
        for element in reversed(above):
            tag = self.tags[element]
            if (tag == "blockquote" or element in self.items) and len(place.within) < DEEPEST:
                place = place._replace(within=(*place.within, element))
            elif tag in HEADINGS:
                place = place._replace(heading=HEADINGS[tag])
            elif tag in PREFORMATTED:
                place = place._replace(pre=element)
            elif tag == "table":
                place = place._replace(table=element)
            self.places[element] = place
        return place

    def list_of(self, item: int) -> int:
        """The list that an item is in; -1 where it is in none."""
        element = self.parents[item] if item >= 0 else -1
        return element if element >= 0 and self.tags[element] in LISTS else -1

    def marker(self, item: int) -> str:
        owner = self.list_of(item)
        if owner < 0 or self.tags[owner] != "ol":
            return "- "
        self.numbers[owner] = self.numbers.get(owner, 0) + 1
        return f"{self.numbers[owner]}. "

    def prefix(self, within: tuple[int, ...], begins: int | None) -> str:
        out = ""
        for element in within:
            if element not in self.items:
                out += "> "
            elif element == begins:
                out += self.markers[element]
            else:
                out += " " * len(self.markers.get(element, ""))
        return out + ("- " if begins is not None and begins not in within else "")

    def tight(self, before: _Piece, piece: _Piece) -> bool:
        """Whether an item follows right on the one before it, or on that which it is in."""
        if piece.begins is None:
            return False
        if piece.begins < 0:
            return before.begins is not None
        if piece.begins not in piece.within or not before.within:
            return False
        owner, around = self.list_of(piece.begins), piece.within[:piece.within.index(piece.begins)]
        same = any(element in self.items and self.list_of(element) == owner for element in before.within)
        return owner >= 0 and (same or (bool(around) and around[-1] in self.items and around[-1] in before.within))

    def shared(self, before: _Piece, piece: _Piece) -> str:
        """What stands on an empty line between two pieces: the marks of the quotes that both are in."""
        count = 0
        for a, b in zip(before.within, piece.within):
            if a != b:
                break
            count += 1
        while count and piece.within[count - 1] in self.items:
            count -= 1
        return self.prefix(piece.within[:count], None).rstrip()


def _plain(text: str) -> str:
    return INLINE.sub(lambda m: "\\" + m[0], text)


def _fenced(texts: Sequence[str]) -> list[str]:
    code = "\n\n".join(texts)
    fence = "`" * max(3, 1 + max(map(len, TICKS.findall(code)), default=0))
    return [fence, *code.split("\n"), fence]


def _allowed(target: str) -> bool:
    """Whether a link leads somewhere: to a page, a mail address, a telephone."""
    scheme = SCHEME.match(target)
    return bool(target.strip(" #")) and (scheme is None or scheme.group(1).lower() in SCHEMES)
