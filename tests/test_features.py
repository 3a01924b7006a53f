"""Features: what one vectorised pass measures is what a plain loop would."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boilerstrip import features as module
from boilerstrip.chars import CharClass, class_table, fold_table, is_blank, is_word
from boilerstrip.features import BASE, CONTENT_LENGTH, DENSE, EDGE, PAIR, WHOLE, WHOLE_TOKENS, Features, measure, mix, tokenize
from boilerstrip.segment.text import MAX_ATOM, Atoms, segment

PROFILE = settings(derandomize=True, deadline=None, database=None, max_examples=60)
WORDS = {CharClass.LOWER, CharClass.UPPER, CharClass.LETTER, CharClass.IDEOGRAPH, CharClass.DIGIT, CharClass.MARK}
MODULUS = 1 << 64

PAGES = (
    "Harbour lamp shines again\nBy Ada Brook\n\nThe harbour lamp of Oldbrook shines again. The lamp was hidden in a barn for 9 years.\n"
    "“Nobody asked,” said the keeper.Share this\n\nShare this\nShare this\n12 comments",
    "渡轮在九点离开码头，船上有四十人。\n船は九時に港を出た。\nเรือออกจากท่า\nKaffeeböhnchen 2019",
    "",
    "***\n!!!\n©\n",
    "one",
    " ".join(f"harbour{n % 7} pilot lantern{n}" for n in range(60)) + "\n" + "\n".join(f"lantern{n} menu" for n in range(40)),
)
TEXT = st.text(st.sampled_from("aabB Zé漢字ก5.,\n\n-—“”•©€/😀\u200b\t\u0301ß"), max_size=120)


def measured(*texts: str) -> tuple[Atoms, Features]:
    atoms = segment(texts)
    return atoms, measure(atoms)


def atom_texts(atoms: Atoms) -> list[str]:
    return ["".join(map(chr, atoms.codes[a:b].tolist())) for a, b in zip(atoms.start.tolist(), atoms.end.tolist())]


def words_of(text: str) -> list[str]:
    """The words of a text, character by character."""
    out: list[str] = []
    open_ = False
    for character in text:
        kind = CharClass(int(class_table()[ord(character)]))
        if kind not in WORDS:
            open_ = False
        elif kind is CharClass.IDEOGRAPH or not open_:
            out.append(character)
            open_ = kind is not CharClass.IDEOGRAPH
        else:
            out[-1] += character
    return out


def hash_of(word: str) -> int:
    """The hash of a word in whole numbers."""
    total = sum(int(fold_table()[ord(c)]) * pow(int(BASE), k, MODULUS) for k, c in enumerate(word)) % MODULUS
    return mixed(total)


def mixed(number: int) -> int:
    return int(mix(np.array([number % MODULUS], np.uint64))[0])


def column(features: Features, name: str) -> list[float]:
    return [float(x) for x in features.dense[:, DENSE.index(name)]]


def hashes(text: str) -> list[int]:
    return [int(h) for h in tokenize(segment([text])).hash]


# words


@pytest.mark.parametrize("page", PAGES)
def test_words_against_a_plain_loop(page: str) -> None:
    atoms = segment([page])
    tokens = tokenize(atoms)
    wanted = [(number, word) for number, text in enumerate(atom_texts(atoms)) for word in words_of(text)]
    assert tokens.atom.tolist() == [number for number, _ in wanted]
    assert tokens.length.tolist() == [len(word) for _, word in wanted]
    assert tokens.hash.tolist() == [hash_of(word) for _, word in wanted]
    kinds = [CharClass(int(class_table()[ord(word[0])])) for _, word in wanted]
    assert tokens.capital.tolist() == [kind is CharClass.UPPER for kind in kinds]
    assert tokens.ideograph.tolist() == [kind is CharClass.IDEOGRAPH for kind in kinds]
    count = Counter(number for number, _ in wanted)
    assert np.diff(tokens.first).tolist() == [count[number] for number in range(len(atoms))]


@pytest.mark.parametrize(("one", "other"), (
    ("Harbour", "HARBOUR"), ("Ölbrück", "ÖLBRÜCK"), ("Маяк", "МАЯК"), ("2019", "1234"), ("٣٤", "12"), ("mp3", "MP4"), ("ΛΆΜΠΑ", "λάμπα")))
def test_case_and_digits_do_not_count(one: str, other: str) -> None:
    assert hashes(one) == hashes(other)


@pytest.mark.parametrize("word", ("Ins\u00adta\u00adgram", "Bei\u00adträ\u00adge", "co\u200b\u2060okies", "А\u200dф\u00adиша"))
def test_what_cannot_be_seen_inside_a_word_does_not_count(word: str) -> None:
    plain = "".join(character for character in word if character.isalpha())
    assert hashes(f"{word}, a {word}\n{word}") == hashes(f"{plain}, a {plain}\n{plain}")
    around = measured(f"Read {word} now\nand later")[1]
    assert np.array_equal(around.words, measured(f"Read {plain} now\nand later")[1].words)


@pytest.mark.parametrize(("text", "words"), (
    ("می\u200cرود", 2), ("ไป\u200bมา", 4), ("lamp\u200b", 1),
    ("\u00adlamp", 1), ("lamp \u200blamp", 2), ("9\u00ad9", 2), ("a\u00ad\nb", 2)))
def test_what_cannot_be_seen_parts_words_elsewhere(text: str, words: int) -> None:
    assert len(hashes(text)) == words


@pytest.mark.parametrize(("one", "other"), (
    ("resume", "resumé"), ("12", "123"), ("ab", "ba"), ("a", "aa"), ("lamp", "lamps"), ("漢", "字"), ("a", "ä")))
def test_different_words_have_different_hashes(one: str, other: str) -> None:
    assert hashes(one) != hashes(other)


def test_a_word_has_one_hash_wherever_it_stands() -> None:
    found = hashes("lamp, (lamp) “Lamp”\nLAMP\n\n• lamp.Lamp")
    assert len(found) == 6 and len(set(found)) == 1


def test_very_long_words_are_measured() -> None:
    atoms, features = measured("x" * (3 * MAX_ATOM))
    assert features.words.tolist() == [1] * len(atoms)
    assert np.isfinite(features.dense).all()


@pytest.mark.parametrize("page", PAGES)
def test_ngrams_against_a_plain_loop(page: str) -> None:
    atoms = segment([page])
    grams, first = tokenize(atoms).ngrams()
    wanted: list[list[int]] = []
    for text in atom_texts(atoms):
        words = [hash_of(word) for word in words_of(text)]
        edged = [int(EDGE), *words, int(EDGE)]
        row = [mixed(a * int(PAIR) + b) for a, b in zip(edged, edged[1:])]
        if 0 < len(words) <= WHOLE_TOKENS:
            row.append(mixed(sum(h * pow(int(PAIR), k, MODULUS) for k, h in enumerate(words)) + int(WHOLE)))
        wanted.append(row)
    assert np.diff(first).tolist() == [len(row) for row in wanted]
    assert grams.tolist() == [gram for row in wanted for gram in row]


# the page's vocabulary


@PROFILE
@given(st.lists(TEXT, max_size=4))
def test_groups_and_own_counts_against_a_plain_loop(pages: list[str]) -> None:
    atoms, features = measured(*pages)
    tokens = features.tokens
    keys: list[tuple[int, int] | None] = [
        (int(atoms.page[atom]), int(h)) if length >= CONTENT_LENGTH or ideograph else None
        for h, atom, length, ideograph in zip(tokens.hash, tokens.atom, tokens.length, tokens.ideograph)]
    number_of: dict[tuple[int, int], int] = {}
    count = Counter((key, int(atom)) for key, atom in zip(keys, tokens.atom) if key is not None)
    for key, group, own, atom in zip(keys, features.group.tolist(), features.own.tolist(), tokens.atom.tolist()):
        if key is None:
            assert (group, own) == (-1, 0)
        else:
            assert number_of.setdefault(key, group) == group
            assert own == count[key, atom]
    assert sorted(number_of.values()) == list(range(features.groups))


def test_vocabulary_columns_against_a_plain_loop() -> None:
    atoms, features = measured(PAGES[5])
    content = [[w for w in words_of(text) if len(w) >= CONTENT_LENGTH] for text in atom_texts(atoms)]
    # words of one hash: digits fold to 0
    folded = [[hash_of(w) for w in words] for words in content]
    where: dict[int, list[int]] = {}
    for number, row in enumerate(folded):
        for h in row:
            where.setdefault(h, []).append(number)
    for number, row in enumerate(folded):
        some = max(len(row), 1)
        expected = {"seen": sum(where[h][0] < number for h in row), "seen_far": sum(where[h][0] < number - 8 for h in row),
                    "seen_later_far": sum(where[h][-1] > number + 8 for h in row),
                    "novel": sum(set(where[h]) == {number} for h in row),
                    "frequent": sum(round(1024 * math.log(len(where[h]))) / 1024 for h in row)}
        for name, value in expected.items():
            assert column(features, name)[number] == pytest.approx(value / some, abs=1e-5), name


def test_copies_of_a_line_are_counted() -> None:
    _, features = measured("Share this\nOne lamp\nshare THIS!\nShare this", "Share this")
    assert np.exp(column(features, "repeats")) == pytest.approx([3, 1, 3, 3, 1])
    assert column(features, "first_copy") == [1, 1, 0, 0, 1]


# shapes and single columns


@pytest.mark.parametrize("page", PAGES)
def test_shapes(page: str) -> None:
    atoms, features = measured(page)
    assert features.dense.shape == (len(atoms), len(DENSE))
    assert features.dense.dtype == np.float32
    assert features.words.shape == (len(atoms),)
    assert features.group.shape == features.own.shape == features.tokens.hash.shape


def test_column_names_are_unique() -> None:
    assert len(set(DENSE)) == len(DENSE)


def test_columns_by_hand() -> None:
    _, features = measured("Menu:\n  12 Lamps\n\nThe keeper said: it shines, and how. Yes!")
    at = {name: column(features, name) for name in DENSE}
    assert np.expm1(at["chars"]) == pytest.approx([5, 8, 41])
    assert np.expm1(at["words"]) == pytest.approx([1, 2, 8])
    assert at["word_length"] == pytest.approx([4, 3.5, 30 / 8])
    assert at["share_digit"] == pytest.approx([0, 2 / 8, 0])
    assert at["share_upper"] == pytest.approx([1 / 5, 1 / 8, 2 / 41])
    assert at["capitalised"] == pytest.approx([1, 1 / 2, 2 / 8])
    assert np.expm1(at["sentences"]) == pytest.approx([0, 0, 2])
    assert at["first_digit"] == [0, 1, 0] and at["last_colon"] == [1, 0, 0] and at["last_stop"] == [0, 0, 1]
    assert np.expm1(at["blank_before"]) == pytest.approx([8, 0, 1]) and np.expm1(at["blank_after"]) == pytest.approx([0, 1, 8])
    assert np.expm1(at["indent"]) == pytest.approx([0, 2, 0])
    assert at["position"] == pytest.approx([0, 0.5, 1])
    assert np.expm1(at["words_before"]) == pytest.approx([0, 1, 3], abs=1e-5)
    assert np.expm1(at["words_after"]) == pytest.approx([10, 8, 0], abs=1e-5)
    assert np.expm1(at["page_atoms"]) == pytest.approx([3, 3, 3]) and np.expm1(at["page_words"]) == pytest.approx([11, 11, 11])
    assert np.expm1(at["run_of_short"]) == pytest.approx([2, 2, 0])


@PROFILE
@given(st.lists(TEXT | st.text(max_size=40), max_size=4))
def test_no_column_is_nan_or_infinite(pages: list[str]) -> None:
    _, features = measured(*pages)
    assert np.isfinite(features.dense).all()


@pytest.mark.parametrize("page", ("\ud800\udfff", "\0\0a\0", "0" * 9000, "\U0010ffff" * 50, "漢" * 5000, "a\n" * 3000, "." * 5000))
def test_extreme_pages_are_finite(page: str) -> None:
    _, features = measured(page)
    assert np.isfinite(features.dense).all()
    assert np.abs(features.dense).max() < 1e4


# batches


def assert_batch_invariant(pages: list[str]) -> None:
    atoms, batch = measured(*pages)
    for number, page in enumerate(pages):
        _, alone = measured(page)
        rows = slice(int(atoms.first[number]), int(atoms.first[number + 1]))
        different = np.flatnonzero((batch.dense[rows] != alone.dense).any(0))
        assert [DENSE[k] for k in different] == []
        a, b = batch.tokens.first[rows.start], batch.tokens.first[rows.stop]
        assert (batch.tokens.hash[a:b] == alone.tokens.hash).all()
        assert (batch.own[a:b] == alone.own).all()
        assert (batch.words[rows] == alone.words).all()


def test_a_page_has_the_same_features_in_every_batch() -> None:
    pages = [*PAGES, "", PAGES[0], PAGES[5]]
    assert_batch_invariant(pages)
    assert_batch_invariant(pages[::-1])


@PROFILE
@given(st.lists(TEXT.map(str.strip), max_size=4))
def test_any_page_has_the_same_features_in_every_batch(pages: list[str]) -> None:
    assert_batch_invariant([page.strip("\u200b \t\n") for page in pages])


def test_blanks_that_open_the_next_page_do_not_count() -> None:
    assert_batch_invariant(["Harbour lamp", "     Harbour lamp"])


def test_classes_stand_together() -> None:
    classes = np.arange(len(CharClass), dtype=np.uint8)
    assert {CharClass(n) for n in np.flatnonzero(is_word(classes)).tolist()} == WORDS
    assert {CharClass(n) for n in np.flatnonzero(is_blank(classes)).tolist()} == {CharClass.SPACE, CharClass.INVISIBLE, CharClass.BREAK}
    assert CharClass.LOWER == CharClass.BREAK + 1  # counted apart from the rare ones, in one comparison


def test_a_large_batch_has_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    atoms = segment(PAGES)
    before = tokenize(atoms).hash
    monkeypatch.setattr(module, "ROOM", 10)
    assert (tokenize(atoms).hash == before).all()


def test_a_word_group_does_not_leave_its_page() -> None:
    atoms = segment([PAGES[0], PAGES[0], PAGES[5]])
    features = measure(atoms)
    page = atoms.page[features.tokens.atom]
    owners = {(int(group), int(number)) for group, number in zip(features.group, page) if group >= 0}
    assert len(owners) == len({group for group, _ in owners}) == features.groups


def test_letters_of_full_width_and_of_mathematics_are_the_plain_ones() -> None:
    assert hashes("ＮＥＷＳ ２４") == hashes("news 17") == hashes("𝐍𝐞𝐰𝐬 １２")
    assert hashes("ｶﾒﾗ") == hashes("カメラ")
    assert hashes("naïve") != hashes("naive")
