"""Stripper, clean and clean_many: what goes in, what never stops a run, and that one object serves all."""

from __future__ import annotations

import copy
import os
import pickle
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest

import boilerstrip
from boilerstrip import Options, Result, Stripper, Verdict, clean, clean_many
from boilerstrip.detect.model import load_model

PROSE = ("The ferry left at nine with forty people on board, and the harbour lamp went out behind it while the keeper slept on his chair "
         "in the kitchen of the old customs house that night.")
RULE: dict[str, Any] = {"id": "mine.lamp", "label": "ad", "phrases": ["buy a lamp"], "action": "keep", "examples": ["Buy a lamp"],
                        "counterexamples": ["The lamp"]}
HTML = (f"<!DOCTYPE html><html><head><title>Lamp</title><script>var x = 1;</script></head><body><nav><a href='/'>Home</a></nav>"
        f"<article><h1>Lamp shines again</h1><p>{PROSE}</p><p>Nobody was hurt.</p></article></body></html>")


def pages() -> list[str]:
    """Pages of many shapes and sizes."""
    folder = Path(__file__).parents[1] / "fixtures" / "hard" / "tune"
    marked = [path.read_text("utf-8").split("\n---\n")[1] for path in sorted(folder.glob("*.txt"))[::6]]
    written = ["\n".join(line.partition("|")[2].strip() for line in text.splitlines()) for text in marked]
    return [*written, PROSE, f"Home\n\n{PROSE}\n\n\nShare this", "!!!", "Home  News  Sport", f"{PROSE}Share this{PROSE[::-1]}",
        *written[:2], "x"]


def contents(result: Result) -> tuple[Any, ...]:
    return result.to_json(), result.raw, result.threshold, result.confidence, result.scored


# what goes in


def test_str_is_taken_as_it_is() -> None:
    text = f"\ufeffHome\r\n\r\n{PROSE}\u2028 End \x00"
    assert clean(text).raw == text


def test_offsets_count_in_raw() -> None:
    result = clean(f"\ufeff\n  Home\r\n\r\n  {PROSE}  \n".encode())
    assert [result.raw[b.start:b.end] for b in result.page] == [b.text for b in result.page]
    assert len(result.page) >= 1


TEXTS = {
    "utf-8": "Où était le gardien ? 灯台 маяк 🎉", "utf-8-sig": "Où était le gardien ?", "utf-16": "Où était le gardien ? 灯台",
    "ascii": PROSE,
    "cp1251": "Паром вышел в девять часов утра, и на борту было сорок человек. Маяк погас.",
    "shift_jis": "船は九時に港を出た。四十人が乗っていた。灯台の灯が消えた。",
    "gb18030": "渡轮在九点离开码头，船上有四十人。灯塔的灯在他们身后熄灭了。",
    "euc_kr": "배가 아홉 시에 항구를 떠났다. 마흔 명이 타고 있었다.",
    "cp1252": "Le bac a quitté le port à neuf heures. Où était le gardien ? Il dormait, paraît-il, dans la vieille forêt.",
}


@pytest.mark.parametrize("encoding", TEXTS)
def test_bytes_are_decoded(encoding: str) -> None:
    assert clean(TEXTS[encoding].encode(encoding)).raw == TEXTS[encoding]


def test_utf_32_with_a_byte_order_mark_is_decoded() -> None:
    assert clean("The ferry sank.".encode("utf-32")).raw == "The ferry sank."


@pytest.mark.parametrize("raw", (
    bytes(range(1, 256)), b"\xff\xfe\x00", b"\xfe\xff\xd8", b"\xc3(lamp", b"\x80" * 500, b"lamp\x00\x01\x02" * 50, "漢字".encode()[:-1]))
def test_bytes_that_are_no_text_give_a_result(raw: bytes) -> None:
    result = clean(raw)
    assert [result.raw[b.start:b.end] for b in result.page] == [b.text for b in result.page]


@pytest.mark.parametrize("raw", (None, 3, 2.5, ["lamp"], {"a": 1}, bytearray(b"lamp"), memoryview(b"lamp"), Path("lamp")), ids=repr)
def test_other_types_are_refused(raw: Any) -> None:
    for call in (clean, Stripper().clean):
        with pytest.raises(TypeError, match=f"str or bytes.*{type(raw).__name__}"):
            call(raw)


def test_too_long_input_names_the_option() -> None:
    stripper = Stripper(max_chars=10)
    assert stripper.clean("0123456789").raw == "0123456789"
    for raw in ("01234567890", b"01234567890", "é" * 11, ("é" * 11).encode()):
        with pytest.raises(ValueError, match="max_chars") as error:
            stripper.clean(raw)
        assert "11" in str(error.value) and "10" in str(error.value)
    assert stripper.clean(("é" * 10).encode()).raw == "é" * 10


def blocks(result: Result) -> str:
    return "\n".join(block.text for block in result.page)


def test_html_is_recognised() -> None:
    for raw in (HTML, HTML.encode(), "\n  " + HTML, HTML.removeprefix("<!DOCTYPE html>")):
        found = blocks(clean(raw))
        assert PROSE in found and "Lamp shines again" in found
        assert "<p>" not in found and "var x" not in found


def test_input_says_what_it_is() -> None:
    assert "<p>" in blocks(clean(HTML, input="text"))
    assert "<b>" not in blocks(clean(f"<b>{PROSE}</b>", input="html")) and PROSE in blocks(clean(f"<b>{PROSE}</b>", input="html"))


@pytest.mark.parametrize("text", ("a < b and b > c", f"{PROSE} The tag <p> opens a paragraph.", "if (a<b) { return; }", "<3 <3 <3", "<",
    "x <- 5"))
def test_text_with_angle_brackets_is_no_html(text: str) -> None:
    assert clean(text).raw == text


# clean_many


def test_many_are_the_same_as_one_by_one() -> None:
    texts = pages()
    stripper = Stripper()
    alone = [contents(stripper.clean(text)) for text in texts]
    assert [contents(result) for result in stripper.clean_many(texts)] == alone
    assert [contents(result) for result in clean_many(reversed(texts))] == alone[::-1]


def test_many_are_the_same_as_one_by_one_over_many_batches() -> None:
    texts = [f"{PROSE} It was day {n} of the voyage.\nHome {n}\nShare this" for n in range(90)]
    stripper = Stripper(keep={"title"}, favor="recall")
    assert [contents(result) for result in stripper.clean_many(texts)] == [contents(stripper.clean(text)) for text in texts]


def test_many_are_in_order_and_lazy() -> None:
    taken = []

    def source() -> Iterator[str]:
        for number in count():
            taken.append(number)
            yield f"{PROSE} Number {number}."

    results = clean_many(source())
    assert taken == []
    assert [result.raw for result in islice(results, 50)] == [f"{PROSE} Number {number}." for number in range(50)]
    assert len(taken) < 200


def test_long_pages_do_not_wait_for_a_full_batch() -> None:
    taken = []

    def source() -> Iterator[str]:
        for number in range(30):
            taken.append(number)
            yield "The ferry sank. " * 40_000

    assert next(clean_many(source())).raw
    assert len(taken) < 5


def test_no_pages() -> None:
    assert list(clean_many([])) == []


@pytest.mark.parametrize("bad", (None, 3, ["lamp"], "x" * 1001, b"x" * 1001, object()), ids=("none", "int", "list", "long", "long bytes",
    "object"))
def test_a_bad_item_costs_itself_only(bad: Any) -> None:
    results = list(Stripper(max_chars=1000).clean_many([PROSE, bad, bad, b"Home", bad]))
    assert [result.error is None for result in results] == [True, False, False, True, False]
    assert [result.raw for result in results if result.error is None] == [PROSE, "Home"]
    for result in results:
        if result.error is not None:
            assert "max_chars" in result.error or type(bad).__name__ in result.error
            assert (result.text, result.page, result.verdict) == ("", (), Verdict.NO_STORY)
            assert result.to_dict()["error"] == result.error and pickle.loads(pickle.dumps(result)) == result


def test_only_bad_items() -> None:
    assert [result.error is None for result in clean_many([None, None])] == [False, False]  # type: ignore[list-item]


@pytest.mark.parametrize("bad", ((), (PROSE,), (PROSE, None, None)))
def test_a_tuple_that_is_no_pair_costs_itself_only(bad: Any) -> None:
    results = list(clean_many([PROSE, bad, "Home"]))
    assert [result.error is None for result in results] == [True, False, True]


@pytest.mark.parametrize("url", ("http://[saltmarsh", 5))
def test_a_bad_url_costs_itself_at_most(url: Any) -> None:
    stripper = Stripper(rules=[{**RULE, "sites": ["saltmarsh.example"]}])
    assert [result.raw for result in stripper.clean_many([PROSE, (PROSE, url), "Home"])][::2] == [PROSE, "Home"]


def test_items_may_be_pairs_of_page_and_url() -> None:
    stripper = Stripper(rules=[{**RULE, "sites": ["saltmarsh.example"]}])
    text = f"{PROSE}\nBuy a lamp"
    results = list(stripper.clean_many([(text, "https://www.saltmarsh.example/1"), (text, None), text, (text.encode(),
        "https://saltmarsh.example")]))
    assert [result.page[-1].hits != () for result in results] == [True, False, False, True]
    assert contents(results[0]) == contents(stripper.clean(text, url="https://www.saltmarsh.example/1"))


# one object for all


def test_threads_share_one_stripper() -> None:
    texts = pages()
    stripper = Stripper(rules=[RULE])
    alone = [contents(stripper.clean(text)) for text in texts]
    with ThreadPoolExecutor(8) as threads:
        runs = list(threads.map(lambda shift: [contents(stripper.clean(text)) for text in texts[shift:] + texts[:shift]], range(8)))
    for shift, run in enumerate(runs):
        assert run == alone[shift:] + alone[:shift]


def test_a_stripper_pickles() -> None:
    stripper = Stripper(rules=[RULE], keep={"title"}, threshold=0.4)
    text = f"Lamp shines\n{PROSE}\nBuy a lamp\nHome"
    for used in (False, True):
        if used:
            stripper.clean(text)
        for again in (pickle.loads(pickle.dumps(stripper)), copy.deepcopy(stripper)):
            assert again.options == stripper.options
            assert contents(again.clean(text)) == contents(stripper.clean(text))
    assert len(pickle.dumps(stripper)) < 10_000  # neither weights nor rule packs


def test_options_object_and_keywords_are_the_same() -> None:
    text = f"Lamp shines\n{PROSE}\nHome"
    wanted = contents(Stripper(Options(favor="precision")).clean(text))
    assert contents(Stripper(favor="precision").clean(text)) == contents(clean(text, favor="precision")) == wanted
    assert contents(next(clean_many([text], favor="precision"))) == wanted


def test_pages_leave_nothing_behind() -> None:
    stripper = Stripper()
    first = contents(stripper.clean(PROSE))
    for text in pages():
        stripper.clean(text)
    assert contents(stripper.clean(PROSE)) == first


EMPTY = ("", " ", "\n\n", "\u200b\ufeff", "\r\n\t\x85")


@pytest.mark.parametrize("text", EMPTY, ids=ascii)
def test_empty_pages_have_no_story(text: str) -> None:
    result = clean(text)
    assert (result.text, result.page, result.verdict, result.error, result.title) == ("", (), Verdict.NO_STORY, None, None)
    assert clean(text.encode()).text == ""


def test_empty_pages_among_others() -> None:
    results = list(clean_many([*EMPTY, PROSE, *EMPTY]))
    assert [result.page == () for result in results] == [True] * 5 + [False] + [True] * 5


@pytest.mark.parametrize("html", ("<html></html>", "<!DOCTYPE html>", "<html><head><script>x</script></head><body></body></html>"))
def test_empty_html_has_no_story(html: str) -> None:
    assert (clean(html).text, clean(html).verdict) == ("", Verdict.NO_STORY)


@pytest.mark.parametrize("raw", ["---", "★ ★ ★", "😀", "\ud800", "<p>…</p>"])
def test_a_page_without_a_word_has_no_story(raw: str) -> None:
    result = clean(raw)
    assert (result.verdict, result.text) == (Verdict.NO_STORY, "")


def test_weights_are_checked_before_anything_runs(tmp_path: Path) -> None:
    notes = tmp_path / "notes.npz"
    notes.write_text("The lamp of Saltmarsh was lit.", "utf-8")
    with pytest.raises(ValueError, match=r"notes\.npz holds no weights"):
        Stripper(weights=notes)
    with pytest.raises(FileNotFoundError):
        Stripper(weights=tmp_path / "missing.npz")


def test_weights_that_changed_are_read_again(tmp_path: Path) -> None:
    released = Path(boilerstrip.__file__).parent / "weights" / "text.npz"
    mine = tmp_path / "mine.npz"
    shutil.copy(released, mine)
    first = load_model("text", mine)
    assert load_model("text", mine) is first
    os.utime(mine, ns=(1, 1))
    assert load_model("text", mine) is not first


def test_a_url_must_be_a_str() -> None:
    with pytest.raises(TypeError, match="URL"):
        clean(PROSE, url=5)  # type: ignore[arg-type]
    [result] = clean_many([(PROSE, 5)])  # type: ignore[list-item]
    assert "URL" in str(result.error)
