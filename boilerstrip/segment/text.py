"""Plain text -> atoms: the smallest pieces that can get a label of their own.

An atom is a line, or a part of one where something says that two blocks may be glued together there. All
pages of a batch are one array of code points; there is no Python loop over lines or characters. Atoms are
never shown to users: neighbours that get the same label become one block again (see `decide.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from boilerstrip.chars import CharClass as C
from boilerstrip.chars import class_table, codes_of, is_blank, is_word

__all__ = ["Atoms", "as_single_atoms", "changes", "segment", "table_of"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MAX_ATOM = 4_000  # characters; longer stretches without any boundary are cut, so that the cost per atom is bounded
LONG_LINE = 700  # characters; longer lines are cut at sentences, since whole pages come as one line
SHORT_TAIL = 160  # characters; an unterminated tail up to this length is cut off its line
CROWD = 1_000  # atoms of a page from which they must hold CROWD_CHARS characters each, on average
CROWD_CHARS = 12  # real pages have 54 (median; one in a thousand has 12); the network's cost is one per atom, so less is a trap
CROWD_PIECE = 48  # characters of the pieces in which such a page is read
WRAP_WIDTHS = (50, 100)  # characters: the widths at which texts are hard-wrapped


@dataclass(frozen=True, slots=True)
class Atoms:
    """The atoms of a batch of pages, in document order; every array has one entry per atom.

    `start` and `end` are offsets into `text`, all pages joined, and `codes`, its code points; page p begins at
    `page_start[p]`. `gap` says what stands before the atom: 0 nothing but spaces (same line), 1 a line
    end, 2 or more blank lines; `glued` is true where not even a space stands before it.
    """

    text: str
    codes: npt.NDArray[np.uint32]
    classes: npt.NDArray[np.uint8]
    page_start: Ints
    start: Ints
    end: Ints
    page: Ints
    line: Ints
    gap: Ints
    glued: Bools
    wrapped: Bools
    indent: Ints
    first: Ints  # per page: its first atom; one entry more than there are pages

    def __len__(self) -> int:
        return len(self.start)


def changes(values: npt.NDArray[np.generic]) -> Bools:
    """Where a value differs from the one before it; the first always does."""
    out = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=out[1:])
    return out


def table_of(*kinds: C) -> Bools:
    """Per character class whether it is one of these."""
    table = np.zeros(len(C), bool)
    table[list(kinds)] = True
    return table


CLOSING = table_of(C.QUOTE, C.CLOSE)
OPENING = table_of(C.QUOTE, C.OPEN)
SENTENCE_START = table_of(C.UPPER, C.LETTER, C.IDEOGRAPH, C.DIGIT, C.BULLET, C.EMOJI, C.COPYRIGHT)
ENDING = table_of(C.LOWER, C.DIGIT, C.CLOSE, C.QUOTE)  # may stand before a stop
LISTED = table_of(C.BULLET, C.DASH)
TERMINAL = table_of(C.STOP, C.QUOTE, C.CLOSE, C.COLON, C.COMMA)


# Brand names with a capital inside: no place to cut. Compared by the three letters on each side of it.
CAMEL_WORDS = """WhatsApp YouTube LinkedIn FaceBook TikTok SoundCloud PayPal GitHub GitLab JavaScript TypeScript OpenAI WordPress
PowerPoint PlayStation BuzzFeed HuffPost MasterCard AirPods BlackRock BlackBerry StackOverflow MacBook FaceTime SharePoint QuickTime
PostScript ActiveX FireFox ThinkPad OneDrive DropBox MailChimp HubSpot SalesForce MicroSoft DeepMind DeepSeek WikiLeaks WeChat
SnapChat AliExpress CoinBase BitCoin StarCraft WarCraft MySpace MySQL PostgreSQL MongoDB RedHat NetBeans VirtualBox CrowdStrike
DoorDash FedEx SpaceX NewsWeek FlipBoard FeedBurner PinTerest SlideShare TripAdvisor EasyJet RyanAir LexisNexis ProPublica""".split()
LONGEST_NAME = 20  # letters before an inner capital
GLUED_PAGE = 2  # places where lines were glued for sure, from which a page is a glued one
SIX = np.uint64(1) << (np.uint64(8) * np.arange(6, dtype=np.uint64))


def _camel_keys() -> npt.NDArray[np.uint64]:
    """Three letters before and three from every inner capital, as one number each."""
    keys = []
    for word in CAMEL_WORDS:
        for at in range(2, len(word) - 1):
            if word[at].isupper() and word[at - 1].islower():
                around = (word[at - 3:at] if at > 2 else " " + word[:at]) + word[at:at + 3].ljust(3)
                keys.append(sum(ord(c) << (8 * k) for k, c in enumerate(around)))
    return np.array(sorted(keys), np.uint64)


CAMEL_KEYS = _camel_keys()


def segment(texts: Sequence[str]) -> Atoms:
    """Split a batch of texts into atoms. Linear in their length; any `str` is valid."""
    text, page_start = _joined(texts)
    codes = codes_of(text)
    classes = class_table().take(codes)
    crlf = np.flatnonzero(codes == 13)
    crlf = crlf[crlf + 1 < len(codes)]
    classes[crlf[codes[crlf + 1] == 10]] = C.SPACE
    return _atoms(text, codes, classes, page_start)


def as_single_atoms(texts: Sequence[str]) -> Atoms:
    """Every text as one page of one uncut atom: for looking at single blocks."""
    text, start = _joined(texts)
    codes = codes_of(text)
    number, zeros = np.arange(len(texts)), np.zeros(len(texts), np.int64)
    end = np.append(start[1:], len(codes)) - 1
    return Atoms(text, codes, class_table()[codes], start, start, end, number, number, zeros + 9, zeros > 0, zeros > 0, zeros,
                 np.arange(len(texts) + 1))


def _joined(texts: Sequence[str]) -> tuple[str, Ints]:
    """All texts with a line end behind each, and where each begins."""
    lengths = np.array([len(text) + 1 for text in texts], np.int64)
    return "\n".join(texts) + "\n" * bool(texts), np.cumsum(lengths) - lengths


def _atoms(text: str, codes: npt.NDArray[np.uint32], classes: npt.NDArray[np.uint8], page_start: Ints) -> Atoms:
    solid = np.flatnonzero(~is_blank(classes))
    if len(solid) == 0:
        none = np.zeros(0, np.int64)
        return Atoms(text, codes, classes, page_start, none, none, none, none, none, none.astype(bool), none.astype(bool), none,
                     np.zeros(len(page_start) + 1, np.int64))
    # lines
    breaks = np.append(-1, np.flatnonzero(classes == C.BREAK))
    following = np.searchsorted(solid, breaks)
    row = np.flatnonzero(np.diff(np.append(following, len(solid))))  # the last of the breaks before each line
    begins = following[row]
    start = solid[begins]
    end = solid[np.append(begins[1:], len(solid)) - 1] + 1
    gap = np.diff(np.append(-2, row))
    line_page = np.searchsorted(page_start, start, side="right") - 1
    opens = changes(line_page)
    gap[opens] = 9
    indent = start - breaks[row] - 1
    wrapped = _wrapped(classes, start, end, gap, line_page, len(page_start))
    # cuts inside lines
    cut = _cuts(codes, classes, solid, begins, begins[opens], start, end)
    line_of_cut = np.searchsorted(start, cut, side="right") - 1
    atom_start = np.concatenate([start, cut])
    order = np.argsort(atom_start, kind="stable")
    line = np.concatenate([np.arange(len(start)), line_of_cut])[order]
    atom_start = atom_start[order]
    is_line = np.concatenate([np.ones(len(start), bool), np.zeros(len(cut), bool)])[order]
    atom_end = np.where(np.append(is_line[1:], True), end[line], 0)
    inner = np.flatnonzero(atom_end == 0)
    last_solid = np.searchsorted(solid, atom_start[inner + 1]) - 1
    atom_end[inner] = solid[last_solid] + 1
    page = line_page[line]
    glued = ~is_line
    glued[1:] &= atom_start[1:] == atom_end[:-1]
    first = np.searchsorted(page, np.arange(len(page_start) + 1))
    return _uncrowded(Atoms(text, codes, classes, page_start, atom_start, atom_end, page, line, np.where(is_line, gap[line], 0),
                            glued, is_line & wrapped[line], np.where(is_line, indent[line], 0), first))


def _uncrowded(atoms: Atoms) -> Atoms:
    """Pages of very many tiny atoms, read in pieces of some atoms each."""
    count = np.diff(atoms.first)
    size = np.diff(np.append(atoms.page_start, len(atoms.codes)))
    crowded = (count > CROWD) & (size < CROWD_CHARS * count)
    if not crowded.any():
        return atoms
    piece = (atoms.start - atoms.page_start[atoms.page]) // CROWD_PIECE
    begins = changes(atoms.page) | ~crowded[atoms.page] | changes(piece)
    at = np.flatnonzero(begins)
    end = atoms.end[np.append(at[1:], len(atoms)) - 1]
    page = atoms.page[at]
    return Atoms(atoms.text, atoms.codes, atoms.classes, atoms.page_start, atoms.start[at], end, page, atoms.line[at], atoms.gap[at],
                 atoms.glued[at], atoms.wrapped[at], atoms.indent[at], np.searchsorted(page, np.arange(len(atoms.first))))


def _wrapped(classes: npt.NDArray[np.uint8], start: Ints, end: Ints, gap: Ints, page: Ints, pages: int) -> Bools:
    """Lines that continue a hard-wrapped line before them: on pages whose lines fill one width, the line before
    had no room left for the first word of this one."""
    length = end - start
    wrapped = np.zeros(len(start), bool)
    widest = np.zeros(pages, np.int64)
    np.maximum.at(widest, page, length)
    low, high = WRAP_WIDTHS
    candidate = (widest[page] >= low) & (widest[page] <= high) & (gap == 1)
    rows = np.flatnonzero(candidate)
    if len(rows) == 0:
        return wrapped
    spaces = np.flatnonzero(is_blank(classes))
    following = np.searchsorted(spaces, start[rows])
    word_end = np.minimum(spaces[np.minimum(following, len(spaces) - 1)], end[rows])
    full = length[rows - 1] + 1 + word_end - start[rows] > widest[page[rows]] - 4
    listed = LISTED[classes[start[rows]]]
    share = np.bincount(page[rows], full, pages) / np.maximum(np.bincount(page[rows], minlength=pages), 1)
    wrapped[rows] = full & ~listed & (share[page[rows]] > 0.5)
    return wrapped


def _candidates() -> Bools:
    """Which pairs of neighbouring characters may be cut between, by their classes and by whether they touch."""
    table = np.zeros((len(C), len(C), 2), bool)
    closing = [C.STOP, C.QUOTE, C.CLOSE]
    table[closing, :, 0] = True
    for before in (C.LOWER, C.DIGIT, *closing):
        table[before, [C.UPPER, C.LETTER], 1] = True
    table[closing, C.IDEOGRAPH, 1] = True
    return table.ravel()


CANDIDATE = _candidates()


def _cuts(codes: npt.NDArray[np.uint32], classes: npt.NDArray[np.uint8], solid: Ints, begins: Ints, heads: Ints, start: Ints,
          end: Ints) -> Ints:
    """Positions inside lines where a new atom begins. `begins` numbers the first solid character of each line, `heads` that
    of each page."""
    kinds = classes.take(solid)
    step = np.diff(solid)
    pair = (kinds[:-1].astype(np.int16) * len(C) + kinds[1:]) * 2 + (step == 1)
    inside = CANDIDATE.take(pair) | (step > 2)
    inside[begins[1:] - 1] = False  # the first character of a line is no cut
    at = np.flatnonzero(inside) + 1
    kind, before = kinds[at], kinds[at - 1]
    apart, invisible = step[at - 1], np.flatnonzero(classes == C.INVISIBLE)
    spaces = apart - 1 - np.searchsorted(invisible, solid[at]) + np.searchsorted(invisible, solid[at - 1])
    adjacent, wide = apart == 1, spaces >= 2
    page = np.searchsorted(heads, at, side="right") - 1  # what stands on another page does not count
    earlier = np.where(at - 2 >= heads[page], kinds[at - 2], C.SPACE)
    touching = np.where(at > 1, step[at - 2], 2) == 1  # the two characters before stand side by side
    later = np.where(at + 1 < np.append(heads[1:], len(kinds))[page], np.append(kinds, C.SPACE)[at + 1], C.SPACE)
    capital = (kind == C.UPPER) & (later == C.LOWER)
    inner = (before == C.LOWER) & (earlier == C.LOWER) & touching & capital & adjacent
    inner[inner] = ~_is_camel_word(codes, classes, solid[at[inner]])
    glue = adjacent & (
        ((before == C.DIGIT) & capital)
        | ((before == C.STOP) & ENDING[earlier] & (capital | (kind == C.LETTER)))
        | (CLOSING[before] & (earlier == C.STOP) & touching & capital))
    strong = glue | wide
    strong[inner] = _is_glued(classes, solid[at[inner]], page[inner], np.bincount(page[glue], minlength=len(heads)))
    # sentence ends: a stop, closing marks, white space (none in scripts without spaces), opening marks, a start
    ended = (before == C.STOP) | (CLOSING[before] & (earlier == C.STOP) & touching)
    sentence = ended & (SENTENCE_START[kind] | OPENING[kind]) & (~adjacent | (kind == C.IDEOGRAPH))
    line_of = np.searchsorted(begins, at, side="right") - 1
    cut_lines = np.bincount(line_of[strong], minlength=len(start)) > 0
    cut_lines |= end - start > LONG_LINE
    # the tail of a line after its last sentence end, if it is short and has no end of its own
    sentences = np.flatnonzero(sentence)
    tail = np.zeros(len(at), bool)
    if len(sentences):
        last = sentences[np.append(np.diff(line_of[sentences]) > 0, True)]
        line_end = end[line_of[last]]
        loose = (line_end - solid[at[last]] <= SHORT_TAIL) & ~TERMINAL[classes[line_end - 1]]
        tail[last[loose]] = True
    cuts = solid[at[strong | tail | (sentence & cut_lines[line_of])]]
    forced = _forced(solid, cuts, start, end)
    return np.union1d(cuts, forced) if len(forced) else cuts


def _is_glued(classes: npt.NDArray[np.uint8], at: Ints, page: Ints, glued: Ints) -> Bools:
    """Whether the capital at each position inside a word is where two lines were glued, or part of a name ("MacArthur",
    "BürgerInnen", "GlaxoSmithKline"). It is no name if the word begins with a small letter or has three such capitals; where a page
    has enough of these, or of other glue (`glued` counts it), all its capitals count."""
    before = at[:, None] - np.arange(1, LONGEST_NAME + 1)
    outside = ~is_word(classes.take(np.maximum(before, 0))) | (before < 0)
    length = np.where(outside.any(1), outside.argmax(1), LONGEST_NAME)
    begin = at - length
    several = np.zeros(len(at), bool)
    several[2:] = begin[2:] < at[:-2]
    several[1:-1] |= several[2:]
    several[:-2] |= several[2:]
    sure = several | (classes.take(begin) != C.UPPER) | (length == LONGEST_NAME)
    evidence = glued + np.bincount(page[sure], minlength=len(glued))
    out: Bools = sure | (evidence.take(page) >= GLUED_PAGE)
    return out


def _is_camel_word(codes: npt.NDArray[np.uint32], classes: npt.NDArray[np.uint8], at: Ints) -> Bools:
    """Whether the capital at each position stands inside a brand name such as those of CAMEL_WORDS."""
    around = at[:, None] + np.arange(-3, 3)
    near = np.clip(around, 0, len(codes) - 1)
    key = (np.where(is_word(classes[near]) & (around >= 0), codes[near], 32) & 255).astype(np.uint64) @ SIX
    known: Bools = CAMEL_KEYS.take(np.searchsorted(CAMEL_KEYS, key), mode="clip") == key
    return known


def _forced(solid: Ints, cuts: Ints, start: Ints, end: Ints) -> Ints:
    """Cuts of stretches longer than MAX_ATOM, wherever they fall."""
    bounds = np.sort(np.concatenate([start, cuts]))
    stops = np.append(bounds[1:], end[-1])
    stops = np.minimum(stops, end[np.searchsorted(start, bounds, side="right") - 1])
    long = stops - bounds > MAX_ATOM
    extra = [np.arange(a + MAX_ATOM, b, MAX_ATOM) for a, b in zip(bounds[long], stops[long])]
    if not extra:
        return np.zeros(0, np.int64)
    return np.unique(solid[np.searchsorted(solid, np.concatenate(extra))])
