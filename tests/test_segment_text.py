"""Segmentation of plain text: every layout that scraped text comes in, with exact offsets."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence

import numpy as np
import pytest

from boilerstrip.segment.text import CROWD, CROWD_CHARS, CROWD_PIECE, LONG_LINE, MAX_ATOM, Atoms, segment

CONTROLS = "\t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\0"
FERRY = "The ferry to Oldbrook left at nine in the morning with forty people on board"
SENTENCE = "On the far bank the bakers were already setting out their trays of dark rye bread. "

# name -> (text, its atoms)
LAYOUTS: dict[str, tuple[str, list[str]]] = {
    "paragraphs": (f"{FERRY}.\n\nNobody waved.\n\n\n\nIt rained.", [f"{FERRY}.", "Nobody waved.", "It rained."]),
    "blank lines of spaces": ("One boat.\n   \t \nTwo boats.", ["One boat.", "Two boats."]),
    "lines": ("Home\nNews\nSport\nThe ferry is back", ["Home", "News", "Sport", "The ferry is back"]),
    "fragments": ("The ferry, said \nAda Brook\n, will sail.", ["The ferry, said", "Ada Brook", ", will sail."]),
    "glued without space": ("The ferry sank at noon.Share this pageMore news", ["The ferry sank at noon.", "Share this page", "More news"]),
    "glued after a digit": ("Post views 126Short link", ["Post views 126", "Short link"]),
    "glued after a quote": ("“We will build another.”Share this", ["“We will build another.”", "Share this"]),
    "glued with a space": ("The ferry sank last week. Short link :", ["The ferry sank last week. Short link :"]),
    "unfinished tail": ("The ferry sank last week. Short link to share", ["The ferry sank last week.", "Short link to share"]),
    "wide gap": ("Home    News    Sport", ["Home", "News", "Sport"]),
    "one tab": ("Name\tAda Brook", ["Name\tAda Brook"]),
    "two tabs": ("Name\t\tAda Brook", ["Name", "Ada Brook"]),
    "crlf": ("Home\r\nNews\r\n\r\nThe ferry.\r\n", ["Home", "News", "The ferry."]),
    "lone cr": ("Home\rNews\rThe ferry.", ["Home", "News", "The ferry."]),
    "nel": ("Home\x85News\x85The ferry.", ["Home", "News", "The ferry."]),
    "line separator": ("Home\u2028News\u2029The ferry.", ["Home", "News", "The ferry."]),
    "form feed": ("Home\x0cNews\x0bThe ferry.", ["Home", "News", "The ferry."]),
    "no-break space": ("\xa0Forty\xa0boats sailed.\xa0\n\xa0\nNone returned.", ["Forty\xa0boats sailed.", "None returned."]),
    "zero width": ("\u200bForty bo\u200bats sailed.\n\u200b\u200d\nNone returned.\u2060", ["Forty bo\u200bats sailed.", "None returned."]),
    "byte order mark": ("\ufeffForty boats sailed.", ["Forty boats sailed."]),
    "indents": ("\tHome\n    News\n\u3000The ferry.", ["Home", "News", "The ferry."]),
    "list marks": ("• Milk\n- Bread\n* Salt\n1) Eggs\n→ Jam", ["• Milk", "- Bread", "* Salt", "1) Eggs", "→ Jam"]),
    "chinese": ("渡轮在九点离开码头。\n船上有四十人。", ["渡轮在九点离开码头。", "船上有四十人。"]),
    "japanese": ("船は九時に港を出た。\n「また来る」と船長は言った。", ["船は九時に港を出た。", "「また来る」と船長は言った。"]),
    "thai": ("เรือออกจากท่าตอนเก้าโมง\nไม่มีใครโบกมือ", ["เรือออกจากท่าตอนเก้าโมง", "ไม่มีใครโบกมือ"]),
    "hebrew": ("המעבורת יצאה בתשע.\nאיש לא נופף.", ["המעבורת יצאה בתשע.", "איש לא נופף."]),
    "emoji": ("⛴️ The ferry is back 🎉\n👍 12", ["⛴️ The ferry is back 🎉", "👍 12"]),
    "symbols": ("***\n|\n{{ item.title }}", ["***", "|", "{{ item.title }}"]),
    "empty": ("", []),
    "blank": (" \n\t\r\n\u200b\ufeff\x85", []),
}


def cut(text: str) -> list[str]:
    """The atoms of one page as strings."""
    return pieces(segment([text]), [text])[0]


def pieces(atoms: Atoms, texts: Sequence[str]) -> list[list[str]]:
    """The atoms of every page as strings."""
    out: list[list[str]] = [[] for _ in texts]
    for page, start, end in zip(atoms.page.tolist(), atoms.start.tolist(), atoms.end.tolist()):
        offset = int(atoms.page_start[page])
        out[page].append(texts[page][start - offset:end - offset])
    return out


def blank(character: str) -> bool:
    return character in CONTROLS or unicodedata.category(character) in ("Zs", "Zl", "Zp", "Cf")


def check(text: str) -> Atoms:
    """What holds for every text: atoms in order, without overlap or blanks at their ends, that leave no character out."""
    atoms = segment([text])
    start, end = atoms.start, atoms.end
    assert (start < end).all() and (end[:-1] <= start[1:]).all()
    assert (end - start <= MAX_ATOM).all()
    covered = np.zeros(len(text) + 1, bool)
    for a, b in zip(start.tolist(), end.tolist()):
        assert not blank(text[a]) and not blank(text[b - 1])
        covered[a:b] = True
    assert not [c for c, inside in zip(text, covered.tolist()) if not inside and not blank(c)]
    return atoms


@pytest.mark.parametrize("name", LAYOUTS)
def test_layout(name: str) -> None:
    text, wanted = LAYOUTS[name]
    check(text)
    assert cut(text) == wanted


def test_gap_counts_line_ends_and_first_atom_has_none_before() -> None:
    assert segment(["One.\nTwo.\n\nThree.    Four."]).gap.tolist() == [9, 1, 2, 0]


def test_every_kind_of_line_end_gives_the_same_gaps() -> None:
    text = "Home\nNews\n\nThe ferry is back.\n\n\nShare"
    wanted = segment([text]).gap.tolist()
    for end in ("\r\n", "\r", "\x85", "\u2028", "\u2029", "\x0b", "\x0c"):
        assert segment([text.replace("\n", end)]).gap.tolist() == wanted, repr(end)


def test_indent_counts_blanks_before_the_line() -> None:
    assert segment(["Home\n  News\n\t\tSport"]).indent.tolist() == [0, 2, 2]


def test_glued_is_told_from_spaced() -> None:
    assert segment(["The ferry sank.Share"]).glued.tolist() == [False, True]
    assert segment(["The ferry sank.  Share"]).glued.tolist() == [False, False]


def wrapped_text(width: int) -> str:
    return "\n\n".join("\n".join(textwrap.wrap(SENTENCE * 6, width)) for _ in range(3))


@pytest.mark.parametrize("width", (60, 72, 80))
def test_hard_wrapped_lines_are_told(width: int) -> None:
    text = wrapped_text(width)
    atoms = check(text)
    line_starts = atoms.gap > 0
    paragraph = atoms.gap > 1
    assert atoms.wrapped[line_starts & ~paragraph].mean() > 0.9
    assert not atoms.wrapped[paragraph].any()


def test_lines_of_unequal_length_are_not_wrapped() -> None:
    text = "Home\nNews\n" + FERRY + ".\nShare\nMore\nNobody waved at it from the shore.\nPrint"
    assert not segment([text]).wrapped.any()


def test_list_items_are_not_wrapped() -> None:
    lines = [f"- {SENTENCE[:68]}" for _ in range(6)]
    assert not segment(["\n".join(lines)]).wrapped.any()


def test_page_on_one_line_is_cut_at_its_sentences() -> None:
    text = (SENTENCE * 20).strip()
    assert len(text) > LONG_LINE
    check(text)
    assert cut(text) == [SENTENCE.strip()] * 20


@pytest.mark.parametrize(("sentence", "count"), (("渡轮在九点离开码头，船上有四十人。", 60),
    ("船は九時に港を出て、四十人が乗っていた。", 60)))
def test_page_on_one_line_without_spaces_is_cut_at_its_sentences(sentence: str, count: int) -> None:
    check(sentence * count)
    assert cut(sentence * count) == [sentence] * count


def test_short_lines_of_several_sentences_stay_whole() -> None:
    text = "The ferry sank. Nobody was hurt. It will be raised in May."
    assert cut(text) == [text]


@pytest.mark.parametrize("brand", "WhatsApp YouTube LinkedIn TikTok JavaScript OpenAI PayPal GitHub BuzzFeed McAdam".split())
def test_names_with_an_inner_capital_are_not_cut(brand: str) -> None:
    for text in (f"We met on {brand} last week", brand, f"The {brand}, they said, was down."):
        assert cut(text) == [text]


@pytest.mark.parametrize("text", ("We met on iPhone last week", "Sold on eBay last week", "What eLife found is new"))
def test_names_with_one_small_letter_before_the_capital_are_not_cut(text: str) -> None:
    assert cut(text) == [text]


@pytest.mark.parametrize("text", ("Forty boats\u200b sailed.", "Forty \u200eboats sailed.", "Forty\xad boats"))
def test_invisible_characters_beside_a_space_are_no_gap(text: str) -> None:
    assert cut(text) == [text]


@pytest.mark.parametrize("text", (
    "It cost 3.5 million.", "See www.saltmarsh.example/ferry for times.", "The U.S. Navy sailed.", "ada.brook@saltmarsh.example wrote",
    "At 9:30 p.m. the lamp went out.", "const x = a.b.c(d);", "ADVERTISEMENT", "Über Öl und Äpfel"))
def test_what_looks_like_a_boundary_and_is_none(text: str) -> None:
    assert cut(text) == [text]


def test_text_without_boundaries_is_cut_at_the_bound() -> None:
    for unit in ("a", "ก", "漢", "9", "!", "\U0001F600", "ab ", "é\u0301", "\u200ba"):
        text = unit * (MAX_ATOM * 3 // len(unit) + 7)
        atoms = check(text)
        assert len(atoms) >= 3


def test_bound_holds_whatever_stands_around_it() -> None:
    for before in (0, 1, 2, MAX_ATOM - 1, MAX_ATOM, MAX_ATOM + 1):
        check("x" * before + " " + "y" * MAX_ATOM + " " + "z" * (2 * MAX_ATOM + 1))


@pytest.mark.parametrize("text", ("\ud800", "a\udfffb\nc", "\0", "a\0b", "\u202eabc\u202c", "\U0010ffff", "e" + "\u0301" * 50))
def test_any_str_is_valid(text: str) -> None:
    check(text)


def test_no_pages_and_empty_pages() -> None:
    assert len(segment([])) == 0
    assert segment([]).first.tolist() == [0]
    assert segment([""]).first.tolist() == [0, 0]
    assert segment(["", "One", " \n", "Two\nThree", ""]).first.tolist() == [0, 0, 1, 1, 3, 3]


@pytest.mark.parametrize("texts", (
    ["The lamp", ".The ferry sank"], ["12", ".The ferry sank"], ["The ferry sank.A", "lamp"], ["No 3A", "lamp"], ["", "epMinder sank"],
    ["A", "", "eepMinder sank", "epMinder"]))
def test_the_pages_around_a_page_do_not_move_its_cuts(texts: list[str]) -> None:
    assert pieces(segment(texts), texts) == [cut(text) for text in texts]


def test_batches_give_the_atoms_of_single_pages() -> None:
    texts = [text for text, _ in LAYOUTS.values()] + [wrapped_text(72), (SENTENCE * 20).strip(), "x" * (2 * MAX_ATOM), "", "a\r", "\nb"]
    batch = segment(texts)
    assert pieces(batch, texts) == [cut(text) for text in texts]
    for number, text in enumerate(texts):
        alone = segment([text])
        rows = slice(int(batch.first[number]), int(batch.first[number + 1]))
        for name in ("gap", "glued", "wrapped", "indent"):
            assert getattr(batch, name)[rows].tolist() == getattr(alone, name).tolist(), (name, text[:40])


def test_a_page_of_very_many_tiny_lines_is_read_in_pieces() -> None:
    crowd, story = "x\n" * (CROWD + 1), f"{FERRY}.\n{SENTENCE}\n"
    atoms = segment([story, crowd, story])
    assert np.diff(atoms.first).tolist() == [2, -(-len(crowd) // CROWD_PIECE), 2]
    inside = slice(int(atoms.first[1]), int(atoms.first[2]))
    assert "\n".join(atoms.text[a:b] for a, b in zip(atoms.start[inside], atoms.end[inside])) == crowd.rstrip("\n")


def test_a_long_list_of_short_lines_is_no_crowd() -> None:
    lines = "lamp oil and rope\n" * (CROWD + 1)
    assert len(lines) >= CROWD_CHARS * CROWD and len(segment([lines])) == CROWD + 1


@pytest.mark.parametrize("name", ["MacArthur", "NewsGuard", "BürgerInnen", "ProSieben", "GoFundMe", "GlaxoSmithKline"])
def test_a_name_with_a_capital_inside_is_one_word(name: str) -> None:
    [whole] = cut(f"Yesterday {name} paid for the lamp of the harbour and for the oil that it needs")
    assert name in whole


def test_where_lines_were_glued_every_capital_inside_a_word_is_a_cut() -> None:
    glued = "The lamp was lit in SaltmarshThe keeper slept. Nobody woke himRead more about lampsAll newsHomeSportWeather"
    assert {"The lamp was lit in Saltmarsh", "Read more about lamps", "Home", "Sport"} <= set(cut(glued))
