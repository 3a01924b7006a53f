"""Make `boilerstrip/chars.npz`, the run-length coded character tables, from `unicodedata`."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np

from boilerstrip.chars import CharClass as C

EXPLICIT: dict[C, str] = {
    C.BREAK: "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029",
    C.INVISIBLE: "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062"
                 "\u2063\u2064\u2066\u2067\u2068\u2069\ufeff\x00",
    C.SPACE: " \t\x1f\u00a0\u3164\u2800",
    C.STOP: ".!?…。！？؟।॥։።．｡‽⁇⁈⁉۔",
    C.COMMA: ",;，、；،؛､",
    C.COLON: ":：",
    C.QUOTE: "\"'`´‘’‚‛“”„‟‹›«»「」『』〝〞＂＇",
    C.BULLET: "|¦•·●○◦▪▫■□◆◇►▶▸▹▻▼▾◀◂←→↑↓↗⇒➜➔➤⟶★☆✓✔✕✖×»‣⁃∙*＊｜❯❮",
    C.COPYRIGHT: "©®™℗",
    C.CURRENCY: "%‰",
    C.SLASH: "/\\@#_=&<>^~+{}[]",
    C.OPEN: "(（【〔《〈",
    C.CLOSE: ")）】〕》〉",
}
NO_SPACES = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3005, 0x3007), (0x3040, 0x30FF), (0x31F0, 0x31FF),
             (0x3400, 0x9FFF), (0xF900, 0xFAFF), (0xFF66, 0xFF9F), (0x20000, 0x3FFFF))
EMOJI = ((0x2600, 0x27BF), (0x1F000, 0x1FAFF))
BY_CATEGORY = {
    "Lu": C.UPPER, "Lt": C.UPPER, "Ll": C.LOWER, "Lm": C.LETTER, "Lo": C.LETTER, "Mn": C.MARK, "Mc": C.MARK, "Me": C.MARK,
    "Nd": C.DIGIT, "Nl": C.LETTER, "No": C.DIGIT, "Zs": C.SPACE, "Zl": C.BREAK, "Zp": C.BREAK, "Pd": C.DASH,
    "Ps": C.OPEN, "Pe": C.CLOSE, "Pi": C.QUOTE, "Pf": C.QUOTE, "Sc": C.CURRENCY, "Cc": C.SYMBOL, "Cf": C.INVISIBLE,
}


def class_of(code: int) -> C:
    character = chr(code)
    for kind, members in EXPLICIT.items():
        if character in members:
            return kind
    category = unicodedata.category(character)
    if category[0] in "LM" and any(a <= code <= b for a, b in NO_SPACES):
        return C.IDEOGRAPH
    if any(a <= code <= b for a, b in EMOJI):
        return C.EMOJI
    return BY_CATEGORY.get(category, C.SYMBOL)


def folded_character(character: str) -> str:
    """Lower case, digits as 0; letters of full width and of mathematics as the plain ones that they stand for."""
    plain = unicodedata.normalize("NFKC", character)
    if len(plain) == 1 and unicodedata.category(character)[0] + unicodedata.category(plain)[0] in ("LL", "NN"):
        character = plain
    return "0" if unicodedata.category(character) == "Nd" else character.lower()


def main() -> None:
    classes = np.array([class_of(code) for code in range(0x110000)], np.uint8)
    starts = np.append(0, np.flatnonzero(np.diff(classes)) + 1).astype(np.uint32)
    folded = {}
    for code in range(0x110000):
        character = chr(code)
        fold = folded_character(character)
        if fold != character and len(fold) == 1:
            folded[code] = ord(fold)
    np.savez_compressed(
        Path(__file__).parents[1] / "chars.npz", starts=starts, classes=classes[starts],
        folded_from=np.array(list(folded), np.uint32), folded_to=np.array(list(folded.values()), np.uint32))


if __name__ == "__main__":
    main()
