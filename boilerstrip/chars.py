"""Character classes as one look-up table per code point, the same under every Python version.

The tables are stored run-length coded in `chars.npz` (made by `python -m boilerstrip.train.chars`) and
unfolded once, since asking `unicodedata` for a million code points would take longer than the import may.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["CharClass", "class_table", "codes_of", "count_words", "fold_table", "is_blank", "is_word", "words_or_letters"]

Classes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]

UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


class CharClass(IntEnum):
    """What a character is to the segmentation and the features. Blanks stand together, and so do the characters of words:
    a comparison tells them apart at a tenth of the cost of a look-up."""

    SYMBOL = 0
    SPACE = 1
    INVISIBLE = 2  # zero-width, bidi controls, soft hyphen, byte order mark
    BREAK = 3  # line ends: LF, CR, VT, FF, NEL, U+2028, U+2029 …
    LOWER = 4
    UPPER = 5
    LETTER = 6  # letters without case, in scripts that separate words
    IDEOGRAPH = 7  # letters of scripts without spaces: each is a word of its own
    DIGIT = 8
    MARK = 9  # combining marks: part of the word
    STOP = 10
    COMMA = 11
    COLON = 12
    QUOTE = 13
    DASH = 14
    BULLET = 15  # list marks, arrows, vertical bars
    OPEN = 16
    CLOSE = 17
    CURRENCY = 18
    COPYRIGHT = 19
    SLASH = 20  # / \\ @ # _ = & and the like: addresses and code
    EMOJI = 21


def is_blank(classes: Classes) -> Bools:
    """Which characters leave a blank, or nothing, on the page: from SPACE to BREAK."""
    return classes - np.uint8(CharClass.SPACE) <= CharClass.BREAK - CharClass.SPACE


def is_word(classes: Classes) -> Bools:
    """Which characters belong to words: from LOWER to MARK."""
    return classes - np.uint8(CharClass.LOWER) <= CharClass.MARK - CharClass.LOWER


def codes_of(text: str) -> npt.NDArray[np.uint32]:
    """The code points of a text as an array of its length; lone surrogates are kept."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def count_words(text: str) -> int:
    """The number of words; each letter of a script without spaces is one."""
    return words_or_letters(text, len(text.split()))


def words_or_letters(text: str, words: int) -> int:
    """The number of words of a text that has so many between white space."""
    return words if text.isascii() or 40 < len(text) < 9 * words else max(words, len(UNSPACED.findall(text)))


@cache
def _stored() -> dict[str, npt.NDArray[np.uint32]]:
    with Path(__file__).with_name("chars.npz").open("rb") as file, np.load(file) as stored:
        return {name: stored[name] for name in stored.files}


@cache
def class_table() -> npt.NDArray[np.uint8]:
    """CharClass of every code point; shape (0x110000,)."""
    stored = _stored()
    starts = np.append(stored["starts"], np.uint32(0x110000))
    return np.repeat(stored["classes"].astype(np.uint8), np.diff(starts))


@cache
def fold_table() -> npt.NDArray[np.uint32]:
    """Every code point folded for comparison: lower case, digits as 0, letters of full width plain, accents kept; shape (0x110000,)."""
    stored = _stored()
    table = np.arange(0x110000, dtype=np.uint32)
    table[stored["folded_from"]] = stored["folded_to"]
    return table
