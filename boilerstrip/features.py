"""Atoms -> arrays: every atom of a batch of pages is measured once, in a few passes over the code points.

Word hashes are sums of folded code points times powers of an odd base, modulo 2^64; n-grams are hashes of
word hashes. The idea of hashed n-gram embeddings follows Weinberger et al. 2009 ("Feature hashing").
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from boilerstrip.chars import CharClass as C
from boilerstrip.chars import fold_table
from boilerstrip.segment.text import MAX_ATOM, WORD, Atoms

__all__ = ["DENSE", "Features", "Tokens", "measure", "tokenize"]

Floats = npt.NDArray[np.float32]
Hashes = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]

BASE = np.uint64(0x9E3779B97F4A7C15)
PAIR = np.uint64(0xC2B2AE3D27D4EB4F)
MIX = np.uint64(0xFF51AFD7ED558CCD)
EDGE = np.uint64(0x632BE59BD9B4E019)  # stands before the first and after the last word of an atom
WHOLE = np.uint64(0xA0761D6478BD642F)
WHOLE_TOKENS = 10  # atoms of at most so many words also count as one n-gram
CONTENT_LENGTH = 5  # letters from which a word counts as a content word (one for ideographs)
NEAR = 8  # atoms: a word seen at most so far away says little about belonging to the story


@cache
def _powers(base: int, size: int) -> Hashes:
    return np.cumprod(np.concatenate([[np.uint64(1)], np.full(size - 1, base, np.uint64)]), dtype=np.uint64)


def mix(hashes: Hashes) -> Hashes:
    """Spread the bits of hashes (the finaliser of MurmurHash3, Austin Appleby, public domain)."""
    hashes = (hashes ^ (hashes >> np.uint64(33))) * MIX
    return hashes ^ (hashes >> np.uint64(29))


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words of a batch: `hash`, `atom` (which atom it stands in), `place` (how many words of its atom stand before it),
    `first` (per atom its first word, and one entry more), `length` in characters, `capital` (begins with a capital),
    `ideograph`; and per atom `sums`, hashes of all its words together (0 where there are none)."""

    hash: Hashes
    atom: Ints
    place: Ints
    first: Ints
    sums: Hashes
    length: Ints
    capital: npt.NDArray[np.bool_]
    ideograph: npt.NDArray[np.bool_]

    def ngrams(self) -> tuple[Hashes, Ints]:
        """Hashes of neighbouring words, the edges of the atom included, and of all words of each short atom; and per
        atom the number of its first one (one entry more). An atom without words still has the pair of its edges."""
        count = np.diff(self.first)
        short = (count > 0) & (count <= WHOLE_TOKENS)
        first = np.append(0, np.cumsum(count + 1 + short))
        left = np.full(int(first[-1]), EDGE)
        right = left.copy()
        at = first.take(self.atom) + self.place
        right[at] = self.hash
        left[at + 1] = self.hash
        left *= PAIR
        left += right
        grams = mix(left)
        grams[first[1:][short] - 1] = mix(self.sums[short] + WHOLE)
        return grams, first


def word_hashes(codes: npt.NDArray[np.uint32], classes: npt.NDArray[np.uint8], starts: Ints) -> tuple[Hashes, Ints, Ints]:
    """Hash, start and length of every word. A word never crosses one of the offsets `starts`."""
    word = WORD.take(classes)
    single = classes == C.IDEOGRAPH
    fresh = np.zeros(len(classes), bool)
    fresh[starts[starts < len(fresh)]] = True
    fresh[1:] |= ~word[:-1] | single[:-1]
    fresh |= single
    fresh &= word
    places = np.flatnonzero(word)
    begins = np.flatnonzero(fresh.take(places))
    start = places[begins]
    length = np.diff(np.append(begins, len(places)))
    if len(start) == 0:
        return np.zeros(0, np.uint64), start, length
    folded = fold_table().take(codes.take(places)).astype(np.uint64)
    offset = np.arange(len(places)) - np.repeat(begins, length)
    folded *= _powers(int(BASE), MAX_ATOM * 2).take(np.minimum(offset, MAX_ATOM * 2 - 1))
    return mix(np.add.reduceat(folded, begins)), start, length


def tokenize(atoms: Atoms) -> Tokens:
    """The words of all atoms, hashed."""
    hashes, start, length = word_hashes(atoms.codes, atoms.classes, atoms.start)
    atom = np.searchsorted(atoms.start, start, side="right") - 1
    count = np.bincount(atom, minlength=len(atoms))
    first = np.append(0, np.cumsum(count))
    place = np.arange(len(atom)) - first.take(atom)
    sums, filled = np.zeros(len(atoms), np.uint64), np.flatnonzero(count)
    if len(filled):
        powers = _powers(int(PAIR), MAX_ATOM * 2).take(np.minimum(place, MAX_ATOM * 2 - 1))
        sums[filled] = np.add.reduceat(hashes * powers, first[filled])
    kinds = atoms.classes.take(start)
    return Tokens(hashes, atom, place, first, sums, length, kinds == C.UPPER, kinds == C.IDEOGRAPH)


@dataclass(frozen=True, slots=True)
class Features:
    """What the detectors see. `dense` has one row per atom and the columns DENSE; `group` numbers the distinct
    content words of each page (-1 for other words) and `own` counts how often its atom holds the word; `words` is
    the number of words of each atom."""

    dense: Floats
    tokens: Tokens
    group: Ints
    own: Ints
    groups: int
    words: Ints


SHARES = ("lower", "upper", "letter", "ideograph", "digit", "stop", "comma", "colon", "quote", "dash", "bullet", "open",
          "currency", "copyright", "slash", "emoji", "space", "symbol")
SHARE_CLASSES = [C.LOWER, C.UPPER, C.LETTER, C.IDEOGRAPH, C.DIGIT, C.STOP, C.COMMA, C.COLON, C.QUOTE, C.DASH, C.BULLET, C.OPEN,
                 C.CURRENCY, C.COPYRIGHT, C.SLASH, C.EMOJI, C.SPACE, C.SYMBOL]
FIRST = {"lower": (C.LOWER,), "upper": (C.UPPER,), "caseless": (C.LETTER, C.IDEOGRAPH), "digit": (C.DIGIT,),
         "mark": (C.BULLET, C.DASH), "quote": (C.QUOTE, C.OPEN)}
LAST = {"stop": (C.STOP,), "colon": (C.COLON,), "comma": (C.COMMA, C.DASH), "quote": (C.QUOTE, C.CLOSE), "digit": (C.DIGIT,),
        "letter": (C.LOWER, C.LETTER, C.IDEOGRAPH, C.UPPER)}



def _membership(groups: dict[str, tuple[C, ...]]) -> list[npt.NDArray[np.bool_]]:
    """Per group, which character classes belong to it."""
    return [np.isin(np.arange(len(C)), members) for members in groups.values()]


FIRST_TABLE, LAST_TABLE = _membership(FIRST), _membership(LAST)

DENSE: tuple[str, ...] = (
    "chars", "words", "word_length", *(f"share_{name}" for name in SHARES), "capitalised", "long_words", "sentences",
    "sentence_length", *(f"first_{name}" for name in FIRST), *(f"last_{name}" for name in LAST),
    "same_line", "glued", "wrapped", "blank_before", "blank_after", "same_line_after", "indent",
    "position", "word_position", "index", "index_from_end", "words_before", "words_after",
    "page_atoms", "page_words", "page_prose", "page_blank", "page_atoms_per_line",
    "repeats", "first_copy", "run_of_short", "run_of_long",
    "seen", "seen_far", "seen_later_far", "novel", "frequent",
)


def _log(x: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    out: npt.NDArray[np.float64] = np.log1p(x.astype(np.float64))
    return out


def measure(atoms: Atoms) -> Features:
    """Measure all atoms of a batch."""
    tokens = tokenize(atoms)
    count = len(atoms)
    words = np.diff(tokens.first)
    if count == 0:
        none = np.zeros(0, np.int64)
        return Features(np.zeros((0, len(DENSE)), np.float32), tokens, none, none, 0, words)
    columns: dict[str, npt.NDArray[np.generic]] = {}
    _shape(atoms, tokens, words, columns)
    _layout(atoms, words, columns)
    group, own, groups = _vocabulary(atoms, tokens, words, columns)
    dense = np.empty((count, len(DENSE)), np.float32)
    for number, name in enumerate(DENSE):
        dense[:, number] = columns[name]
    return Features(dense, tokens, group, own, groups, words)


def _per_atom(tokens: Tokens, weights: npt.NDArray[np.generic], count: int) -> npt.NDArray[np.float64]:
    return np.asarray(np.bincount(tokens.atom, weights, count), np.float64)


def _shape(atoms: Atoms, tokens: Tokens, words: Ints, columns: dict[str, npt.NDArray[np.generic]]) -> None:
    """What an atom looks like by itself."""
    count, classes = len(atoms), atoms.classes
    chars = atoms.end - atoms.start
    # rows: atoms and the white space behind them; the latter falls into the same row as the atom before
    marks = np.zeros(len(classes), np.int32)
    marks[atoms.start] = 1
    row = np.cumsum(marks, dtype=np.int32) - 1
    begin = int(atoms.start[0])
    kinds = np.bincount(row[begin:] * len(C) + classes[begin:], minlength=count * len(C)).reshape(count, len(C))
    columns["chars"], columns["words"] = _log(chars), _log(words)
    some = np.maximum(words, 1)
    columns["word_length"] = _per_atom(tokens, tokens.length, count) / some
    spaces = np.cumsum(classes == C.SPACE, dtype=np.int32)
    kinds[:, C.SPACE] = spaces[atoms.end - 1] - spaces[atoms.start]
    for name, kind in zip(SHARES, SHARE_CLASSES):
        columns[f"share_{name}"] = np.minimum(kinds[:, kind] / chars, 1.0)
    columns["capitalised"] = _per_atom(tokens, tokens.capital, count) / some
    columns["long_words"] = _per_atom(tokens, tokens.length >= 7, count) / some
    stops = kinds[:, C.STOP]
    columns["sentences"] = _log(stops)
    columns["sentence_length"] = _log(words / (stops + 1))
    first, last = classes[atoms.start], classes[atoms.end - 1]
    for number, name in enumerate(FIRST):
        columns[f"first_{name}"] = FIRST_TABLE[number][first]
    for number, name in enumerate(LAST):
        columns[f"last_{name}"] = LAST_TABLE[number][last]


def _layout(atoms: Atoms, words: Ints, columns: dict[str, npt.NDArray[np.generic]]) -> None:
    """Where an atom stands on its page, and what the page is like."""
    page, first = atoms.page, atoms.first
    size = np.diff(first)
    starts = first[:-1][size > 0]
    after = np.append(atoms.gap[1:], 9)
    columns["same_line"], columns["glued"], columns["wrapped"] = atoms.gap == 0, atoms.glued, atoms.wrapped
    columns["blank_before"], columns["blank_after"] = _log(np.clip(atoms.gap - 1, 0, 8)), _log(np.clip(after - 1, 0, 8))
    columns["same_line_after"] = after == 0
    columns["indent"] = _log(np.minimum(atoms.indent, 40))
    index = np.arange(len(atoms)) - first[page]
    columns["position"] = index / np.maximum(size[page] - 1, 1)
    columns["index"], columns["index_from_end"] = _log(index), _log(size[page] - 1 - index)
    running = np.cumsum(words)
    total = np.bincount(page, words, len(size))
    before = running - words - (running - words)[first[:-1].clip(max=len(atoms) - 1)][page]
    columns["word_position"] = before / np.maximum(total[page], 1)
    columns["words_before"], columns["words_after"] = _log(before), _log(total[page] - before - words)
    columns["page_atoms"], columns["page_words"] = _log(size[page]), _log(total[page])
    prose = np.bincount(page, np.where(words >= 20, words, 0), len(size)) / np.maximum(total, 1)
    columns["page_prose"] = prose[page]
    columns["page_blank"] = (np.bincount(page, atoms.gap >= 2, len(size)) / np.maximum(size, 1))[page]
    columns["page_atoms_per_line"] = (np.bincount(page, atoms.gap == 0, len(size)) / np.maximum(size, 1))[page]
    for name, member in (("run_of_short", words < 8), ("run_of_long", words >= 20)):
        changes = np.diff(member.astype(np.int8), prepend=-1) != 0
        changes[starts] = True
        begins = np.flatnonzero(changes)
        run = np.diff(np.append(begins, len(member)))
        columns[name] = _log(np.where(member, np.repeat(run, run), 0))


def _vocabulary(atoms: Atoms, tokens: Tokens, words: Ints,
                columns: dict[str, npt.NDArray[np.generic]]) -> tuple[Ints, Ints, int]:
    """Whether an atom shares its words with the rest of its page: what is foreign to a story lacks its vocabulary."""
    count = len(atoms)
    whole_atoms = np.flatnonzero(words)
    hashes = mix(tokens.sums[whole_atoms] + atoms.page[whole_atoms].astype(np.uint64) * BASE)
    order = np.argsort(hashes, kind="stable")
    ranked = hashes[order]
    begins = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1])[:len(order)])
    copies = np.diff(np.append(begins, len(order)))
    repeats, first_copy = np.zeros(count), np.zeros(count)
    repeats[whole_atoms[order]] = np.repeat(copies, copies)
    first_copy[whole_atoms[order[begins]]] = 1
    columns["repeats"], columns["first_copy"] = np.log(np.maximum(repeats, 1)), first_copy

    content = np.flatnonzero((tokens.length >= CONTENT_LENGTH) | tokens.ideograph)
    group = np.full(len(tokens.hash), -1, np.int64)
    atom = tokens.atom[content]
    page = atoms.page[atom]
    # one sort: 40 bits of hash salted with the page, 24 bits of position (batches stay far below 2^24 words)
    salted = mix(tokens.hash[content] + page.astype(np.uint64) * PAIR) & ~np.uint64((1 << 24) - 1)
    low = np.arange(len(content), dtype=np.uint64)
    if len(content) < 1 << 24:
        keys = np.sort(salted | low)
        place = (keys & np.uint64((1 << 24) - 1)).astype(np.int64)
        keys >>= np.uint64(24)
    else:
        place = np.argsort(salted, kind="stable")
        keys = salted[place]
    same = np.zeros(len(keys), bool)
    same[1:] = keys[1:] == keys[:-1]
    number = np.cumsum(~same) - 1
    groups = int(number[-1]) + 1 if len(number) else 0
    group[content[place]] = number
    sorted_atom = atom[place]
    # words of one group stand in the order of the text, so equal neighbours share an atom
    runs = np.flatnonzero(np.append(True, (number[1:] != number[:-1]) | (sorted_atom[1:] != sorted_atom[:-1]))[:len(number)])
    length = np.diff(np.append(runs, len(number)))
    own = np.zeros(len(tokens.hash), np.int64)
    own[content[place]] = np.repeat(length, length)
    head = np.flatnonzero(~same)
    size = np.diff(np.append(head, len(keys)))
    first_atom, last_atom = np.repeat(sorted_atom[head], size), np.repeat(sorted_atom[head + size - 1], size)
    seen = first_atom < sorted_atom
    some = np.maximum(np.bincount(sorted_atom, minlength=count), 1)
    for name, hit in (("seen", seen), ("seen_far", first_atom < sorted_atom - NEAR),
                      ("seen_later_far", last_atom > sorted_atom + NEAR),
                      ("novel", (first_atom == sorted_atom) & (last_atom == sorted_atom))):
        columns[name] = np.bincount(sorted_atom, hit, count) / some
    # in whole 1024ths, so that sums do not depend on their order
    columns["frequent"] = np.bincount(sorted_atom, np.round(1024 * np.log(np.repeat(size, size))), count) / 1024 / some
    return group, own, groups
