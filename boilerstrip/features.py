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
from boilerstrip.chars import fold_table, is_word
from boilerstrip.segment.text import MAX_ATOM, Atoms, changes, table_of

__all__ = ["DENSE", "Features", "Tokens", "measure", "tokenize"]

Floats = npt.NDArray[np.float32]
Hashes = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Columns = dict[str, Floats]

BASE = np.uint64(0x9E3779B97F4A7C15)
PAIR = np.uint64(0xC2B2AE3D27D4EB4F)
MIX = np.uint64(0xFF51AFD7ED558CCD)
EDGE = np.uint64(0x632BE59BD9B4E019)  # stands before the first and after the last word of an atom
WHOLE = np.uint64(0xA0761D6478BD642F)
WHOLE_TOKENS = 10  # atoms of at most so many words also count as one n-gram
CONTENT_LENGTH = 5  # letters from which a word counts as a content word (one for ideographs)
NEAR = 8  # atoms: a word seen at most so far away says little about belonging to the story


INVERSE = np.uint64(pow(int(BASE), -1, 1 << 64))
ROOM = 1 << 19  # characters of the usual batches: their powers are kept


def _power_table(base: int, size: int) -> Hashes:
    return np.cumprod(np.concatenate([[np.uint64(1)], np.full(size - 1, base, np.uint64)]), dtype=np.uint64)


_powers = cache(_power_table)


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
    """Hash, start and length of every word. A word never crosses one of the offsets `starts`. What cannot be seen inside a word,
    such as a soft hyphen, does not belong to it."""
    seen = _seen(classes)
    if seen is None:
        return _word_hashes(codes, classes, starts)
    hashes, start, length = _word_hashes(codes.take(seen), classes.take(seen), np.searchsorted(seen, starts))
    return hashes, seen.take(start), length


def _seen(classes: npt.NDArray[np.uint8]) -> Ints | None:
    """The places of all characters without the invisible ones that stand between two letters with case; None: there are none.
    (In scripts without case some of them are spelling, or part words.)"""
    hidden = np.flatnonzero(classes == C.INVISIBLE)
    if len(hidden) == 0:
        return None
    visible = np.flatnonzero(classes != C.INVISIBLE)
    behind = np.searchsorted(visible, hidden)
    inner = np.flatnonzero((behind > 0) & (behind < len(visible)))
    around = classes.take(visible.take(np.stack([behind[inner] - 1, behind[inner]])))
    inside = ((around == C.LOWER) | (around == C.UPPER)).all(0)
    return np.delete(np.arange(len(classes)), hidden[inner[inside]]) if inside.any() else None


def _word_hashes(codes: npt.NDArray[np.uint32], classes: npt.NDArray[np.uint8], starts: Ints) -> tuple[Hashes, Ints, Ints]:
    word, single = is_word(classes), classes == C.IDEOGRAPH
    parted = np.zeros(len(classes), bool)  # a word ends before it, whatever stands there
    parted[starts[starts < len(classes)]] = True
    parted[1:] |= ~word[:-1] | single[:-1]
    begins = word & (parted | single)
    if len(begins):
        begins[0] = word[0]
    ends = word.copy()
    ends[:-1] &= begins[1:] | ~word[1:]
    start, last = np.flatnonzero(begins), np.flatnonzero(ends)
    # running sums of characters times powers by their place in the batch: a word's own sum is a difference of two of them
    size = len(classes)
    powers, inverses = (_powers(int(base), ROOM) if size <= ROOM else _power_table(int(base), size) for base in (BASE, INVERSE))
    terms = fold_table().take(codes) * powers[:size]
    sums = np.cumsum(terms)
    return mix((sums.take(last) - sums.take(start) + terms.take(start)) * inverses.take(start)), start, last - start + 1


def tokenize(atoms: Atoms) -> Tokens:
    """The words of all atoms, hashed."""
    hashes, start, length = word_hashes(atoms.codes, atoms.classes, atoms.start)
    first = np.append(np.searchsorted(start, atoms.start), len(start))
    count = np.diff(first)
    atom = np.repeat(np.arange(len(atoms)), count)
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


SHARES = {kind.name.lower(): kind for kind in (
    C.LOWER, C.UPPER, C.LETTER, C.IDEOGRAPH, C.DIGIT, C.STOP, C.COMMA, C.COLON, C.QUOTE, C.DASH, C.BULLET, C.OPEN, C.CURRENCY,
    C.COPYRIGHT, C.SLASH, C.EMOJI, C.SPACE, C.SYMBOL)}
FIRST = {"lower": (C.LOWER,), "upper": (C.UPPER,), "caseless": (C.LETTER, C.IDEOGRAPH), "digit": (C.DIGIT,),
         "mark": (C.BULLET, C.DASH), "quote": (C.QUOTE, C.OPEN)}
LAST = {"stop": (C.STOP,), "colon": (C.COLON,), "comma": (C.COMMA, C.DASH), "quote": (C.QUOTE, C.CLOSE), "digit": (C.DIGIT,),
        "letter": (C.LOWER, C.LETTER, C.IDEOGRAPH, C.UPPER)}
FIRST_TABLE, LAST_TABLE = ([table_of(*kinds) for kinds in groups.values()] for groups in (FIRST, LAST))

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
    words = np.diff(tokens.first)
    dense = np.empty((len(DENSE), len(atoms)), np.float32)
    if len(atoms) == 0:
        none = np.zeros(0, np.int64)
        return Features(dense.T, tokens, none, none, 0, words)
    columns = dict(zip(DENSE, dense))
    _shape(atoms, tokens, words, columns)
    _layout(atoms, words, columns)
    group, own, groups = _vocabulary(atoms, tokens, words, columns)
    return Features(dense.T, tokens, group, own, groups, words)


def _kinds(atoms: Atoms) -> Ints:
    """How many characters of each class an atom has: one row per class."""
    count, classes = len(atoms), atoms.classes
    # what stands between atoms counts for the one before it: nothing but blanks
    rare = np.flatnonzero(classes - np.uint8(C.SPACE) > C.LOWER - C.SPACE)  # neither blanks nor LOWER, which is next to them
    row = np.repeat(np.arange(count), np.diff(np.concatenate([[0], atoms.start[1:], [len(classes)]]))).take(rare)
    kinds = np.bincount(classes.take(rare) * np.int64(count) + row, minlength=len(C) * count).reshape(len(C), count)
    for common in (C.LOWER, C.SPACE):
        found = classes == common
        running = np.cumsum(found, dtype=np.int32)
        kinds[common] = running[atoms.end - 1] - running[atoms.start] + found[atoms.start]
    return kinds


def _shape(atoms: Atoms, tokens: Tokens, words: Ints, columns: Columns) -> None:
    """What an atom looks like by itself."""
    count, classes = len(atoms), atoms.classes
    chars, kinds = atoms.end - atoms.start, _kinds(atoms)
    columns["chars"][:], columns["words"][:] = _log(chars), _log(words)
    some = np.maximum(words, 1)
    columns["word_length"][:] = kinds[C.LOWER:C.MARK + 1].sum(0) / some
    for name, kind in SHARES.items():
        columns[f"share_{name}"][:] = np.minimum(kinds[kind] / chars, 1.0)
    columns["capitalised"][:] = np.bincount(tokens.atom[tokens.capital], minlength=count) / some
    columns["long_words"][:] = np.bincount(tokens.atom[tokens.length >= 7], minlength=count) / some
    stops = kinds[C.STOP]
    columns["sentences"][:] = _log(stops)
    columns["sentence_length"][:] = _log(words / (stops + 1))
    first, last = classes[atoms.start], classes[atoms.end - 1]
    for number, name in enumerate(FIRST):
        columns[f"first_{name}"][:] = FIRST_TABLE[number][first]
    for number, name in enumerate(LAST):
        columns[f"last_{name}"][:] = LAST_TABLE[number][last]


def _layout(atoms: Atoms, words: Ints, columns: Columns) -> None:
    """Where an atom stands on its page, and what the page is like."""
    page, first = atoms.page, atoms.first
    size = np.diff(first)
    starts = first[:-1][size > 0]
    after = np.append(atoms.gap[1:], 9)
    columns["same_line"][:], columns["glued"][:], columns["wrapped"][:] = atoms.gap == 0, atoms.glued, atoms.wrapped
    columns["blank_before"][:], columns["blank_after"][:] = _log(np.clip(atoms.gap - 1, 0, 8)), _log(np.clip(after - 1, 0, 8))
    columns["same_line_after"][:] = after == 0
    columns["indent"][:] = _log(np.minimum(atoms.indent, 40))
    index = np.arange(len(atoms)) - first[page]
    columns["position"][:] = index / np.maximum(size[page] - 1, 1)
    columns["index"][:], columns["index_from_end"][:] = _log(index), _log(size[page] - 1 - index)
    running = np.cumsum(words)
    total = np.bincount(page, words, len(size))
    before = running - words - (running - words)[first[:-1].clip(max=len(atoms) - 1)][page]
    columns["word_position"][:] = before / np.maximum(total[page], 1)
    columns["words_before"][:], columns["words_after"][:] = _log(before), _log(total[page] - before - words)
    columns["page_atoms"][:], columns["page_words"][:] = _log(size[page]), _log(total[page])
    prose = np.bincount(page, np.where(words >= 20, words, 0), len(size)) / np.maximum(total, 1)
    columns["page_prose"][:] = prose[page]
    columns["page_blank"][:] = (np.bincount(page, atoms.gap >= 2, len(size)) / np.maximum(size, 1))[page]
    columns["page_atoms_per_line"][:] = (np.bincount(page, atoms.gap == 0, len(size)) / np.maximum(size, 1))[page]
    for name, member in (("run_of_short", words < 8), ("run_of_long", words >= 20)):
        fresh = changes(member)
        fresh[starts] = True
        begins = np.flatnonzero(fresh)
        run = np.diff(np.append(begins, len(member)))
        columns[name][:] = _log(np.where(member, np.repeat(run, run), 0))


def _vocabulary(atoms: Atoms, tokens: Tokens, words: Ints,
                columns: Columns) -> tuple[Ints, Ints, int]:
    """Whether an atom shares its words with the rest of its page: what is foreign to a story lacks its vocabulary."""
    count = len(atoms)
    filled = np.flatnonzero(words)
    order, fresh = _alike(mix(tokens.sums[filled] + atoms.page[filled].astype(np.uint64) * BASE))
    head = np.flatnonzero(fresh)
    copies = np.diff(np.append(head, len(order)))
    columns["repeats"][:], columns["first_copy"][:] = 0, 0
    columns["repeats"][filled[order]] = np.repeat(np.log(copies), copies)
    columns["first_copy"][filled[order[head]]] = 1

    content = np.flatnonzero((tokens.length >= CONTENT_LENGTH) | tokens.ideograph)
    atom = tokens.atom[content]
    order, fresh = _alike(tokens.hash[content], atoms.page[atom])
    number = np.cumsum(fresh) - 1
    content, atom = content[order], atom[order]
    # words of one group stand in the order of the text, so equal neighbours share an atom
    head, runs = np.flatnonzero(fresh), np.flatnonzero(fresh | changes(atom))
    size, length = (np.diff(np.append(begins, len(order))) for begins in (head, runs))
    group, own = np.full(len(tokens.hash), -1), np.zeros(len(tokens.hash), np.int64)
    group[content], own[content] = number, np.repeat(length, length)
    first, last = np.repeat(atom[head], size), np.repeat(atom[head + size - 1], size)
    some = np.maximum(np.bincount(atom, minlength=count), 1)
    for name, hit in (("seen", first < atom), ("seen_far", first < atom - NEAR), ("seen_later_far", last > atom + NEAR),
                      ("novel", first == last)):
        columns[name][:] = np.bincount(atom[hit], minlength=count) / some
    # in whole 1024ths, so that sums do not depend on their order
    columns["frequent"][:] = np.bincount(atom, np.repeat(np.round(1024 * np.log(size)), size), count) / 1024 / some
    return group, own, len(head)


def _alike(hashes: Hashes, page: Ints | None = None) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """An order in which equal hashes (of one page) stand together, page by page and each as they came; and which of them are the
    first of their kind. One sort of numbers made of the page, the upper bits of the hash and the place."""
    pages = int(page[-1]).bit_length() if page is not None and len(page) else 0
    places = np.uint64(len(hashes).bit_length())
    keys = hashes.copy()
    if page is not None and pages:
        keys = keys >> np.uint64(pages) | page.astype(np.uint64) << np.uint64(64 - pages)
    keys = keys >> places << places | np.arange(len(keys), dtype=np.uint64)
    keys.sort()
    order = (keys & (np.uint64(1) << places) - np.uint64(1)).astype(np.int64)
    keys >>= places
    return order, changes(keys)
