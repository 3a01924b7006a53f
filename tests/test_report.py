"""The report and the notebook view: what they hold, and that page text in them is inert."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from boilerstrip import Result, clean, clean_many
from boilerstrip.cli import main
from boilerstrip.report import BLOCK_CHARS, HEAD_BLOCKS, MARK, TAIL_BLOCKS, digest_of, notebook_html, report_html

ROOT = Path(__file__).parents[1]
SAMPLE = (ROOT / "fixtures" / "sample.txt").read_text("utf-8")
HOSTILE = [
    "<script>alert(1)</script>", "</script><script>alert(2)</script>", "<!-- <script>", "</style><img src=x onerror=alert(3)>",
    "\"><svg onload=alert(4)>", "' onmouseover='alert(5)", "]]> &lt;b&gt; {{SCRIPT}} {{DATA}} ${alert(6)}", "javascript:alert(7)",
    "</title></textarea></noscript><iframe srcdoc='<script>alert(8)</script>'>",
    "a\u2028b\u2029c", "\u202egnp.exe\u2066", "\x00\x1b[2J\x7f"]
PAGE = "\n\n".join([SAMPLE, *HOSTILE])


class Elements(HTMLParser):
    """Every start tag of a document with its attributes, and the text of its scripts and styles."""

    def __init__(self, document: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[int, str] = {}
        self.texts: list[str] = []
        self.raw = False
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.raw = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self.raw = False

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self.raw:
            self.inside[len(self.tags) - 1] = self.inside.get(len(self.tags) - 1, "") + data

    def data(self, name: str) -> Any:
        return next(json.loads(self.inside[n]) for n, (_, attrs) in enumerate(self.tags) if attrs.get("id") == name)


def text_page(raw: str) -> Result:
    return clean(raw, input="text")


def report(*pages: str) -> Elements:
    return Elements(report_html([text_page(page) for page in pages], [f"page {n}" for n in range(len(pages))]))


def shape(document: Elements) -> list[tuple[str, tuple[str, ...]]]:
    return [(tag, tuple(attrs)) for tag, attrs in document.tags]


# ---- notebook ----------------------------


def test_a_result_shows_itself_in_a_notebook() -> None:
    result = clean(SAMPLE)
    shown = Elements(result._repr_html_())
    blocks = [attrs["class"] or "" for tag, attrs in shown.tags if tag == "div" and "bs-block " in (attrs.get("class") or "")]
    assert blocks == [f"bs-block bs-{'kept' if b.kept else 'removed'} bs-{b.label}" for b in result.page]
    hints = [attrs["title"] for tag, attrs in shown.tags if tag == "div" and "title" in attrs]
    assert all(reason.source in (hint or "") for block, hint in zip(result.page, hints, strict=True) for reason in block.reasons)
    assert all(block.text in shown.texts for block in result.page)
    bars = [attrs["style"] for tag, attrs in shown.tags if tag == "i"]
    assert bars == [f"width:{b.confidence:.0%}" for b in result.page]
    assert "prefers-color-scheme: dark" in shown.inside[1]


def test_hostile_text_in_a_notebook_stays_text() -> None:
    shown = Elements(notebook_html(text_page(PAGE)))
    assert {tag for tag, _ in shown.tags} <= {"div", "style", "b", "span", "i", "code"}
    assert {name for _, attrs in shown.tags for name in attrs} <= {"class", "title", "style", "role", "aria-label", "dir"}
    assert all(not re.search(r"url|expression|[^\w:%]", attrs["style"] or "") for _, attrs in shown.tags if "style" in attrs)


def test_half_characters_can_be_shown() -> None:
    assert "\ufffd" in notebook_html(clean("A half character \ud800 in a sentence that goes on for some more words."))


def test_a_long_page_stays_small_in_a_notebook() -> None:
    result = clean("\n\n".join(f"Paragraph {n} tells of the harbour, the rain and the keeper's long walk home." for n in range(5000)))
    shown = notebook_html(result)
    assert len(result.page) == 5000
    assert shown.count('class="bs-block ') == HEAD_BLOCKS + TAIL_BLOCKS
    assert f"{5000 - HEAD_BLOCKS - TAIL_BLOCKS:,} more blocks" in shown
    assert "Paragraph 0 " in shown and "Paragraph 4999 " in shown and "Paragraph 2500 " not in shown
    assert len(shown) < 150_000


def test_a_long_block_is_cut_in_a_notebook() -> None:
    shown = notebook_html(clean("harbour " * 5000))
    assert " …</span>" in shown
    assert len(shown) < 5 * BLOCK_CHARS + 10_000


def test_a_failed_page_shows_its_error() -> None:
    failed = next(clean_many([3]))  # type: ignore[list-item]
    assert "TypeError" in notebook_html(failed)
    assert "TypeError" in report_html([failed], ["bad"])


def test_an_empty_page_can_be_shown() -> None:
    assert "no_story" in notebook_html(clean(""))
    assert report("").data("page-0")["text"] == []


# ---- report ----------------------------


def test_hostile_text_and_names_change_no_element_of_a_report() -> None:
    calm = Elements(report_html([clean(SAMPLE)], ["page"]))
    hostile = Elements(report_html([text_page(PAGE)], ["</script><script>alert(0)</script>"]))
    assert shape(calm) == shape(hostile)
    assert hostile.data("index")["pages"][0]["name"] == "</script><script>alert(0)</script>"
    document = report_html([text_page(PAGE)], ["</script>"])
    for n in (n for n, (tag, attrs) in enumerate(hostile.tags) if tag == "script" and attrs.get("type")):
        assert not re.search("[<>&\u2028\u2029]", hostile.inside[n])
    assert "alert(4)>" not in document and "<img" not in document


def test_all_text_survives_in_a_report() -> None:
    result = text_page(PAGE)
    page = report(PAGE).data("page-0")
    assert page["text"] == [b.text for b in result.page]
    assert "".join(gap + text for gap, text in zip(page["gap"], page["text"])) + page["tail"] == PAGE
    assert [PAGE[a:b] for a, b in zip(page["start"], page["end"])] == page["text"]


def test_half_characters_survive_in_a_report() -> None:
    raw = "A half character \ud83d stands in this sentence, and the sentence goes on."
    document = report_html([clean(raw)], ["\udcff.txt"])
    assert Elements(document.encode("utf-8").decode("utf-8")).data("page-0")["text"] == [raw]


def test_a_report_allows_only_its_own_style_and_script() -> None:
    document = report(SAMPLE)
    policy = next(attrs["content"] or "" for _, attrs in document.tags if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none';")
    run = [document.inside[n] for n, (tag, attrs) in enumerate(document.tags) if tag in ("style", "script") and "type" not in attrs]
    assert len(run) == 2
    assert sorted(re.findall("sha256-([^']+)", policy)) == sorted(
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in run)


def test_a_report_loads_nothing() -> None:
    document = report(SAMPLE)
    assert not {tag for tag, _ in document.tags} & {"link", "img", "iframe", "object", "embed", "base", "form"}
    assert all((attrs.get("href") or "#").startswith("#") and "src" not in attrs for _, attrs in document.tags)
    script = next(document.inside[n] for n, (tag, attrs) in enumerate(document.tags) if tag == "script" and "type" not in attrs)
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "fetch(", "XMLHttpRequest", "http:", "https:"):
        assert word not in script


def test_a_report_of_many_pages_has_an_index() -> None:
    document = report(SAMPLE, "Menu\nHome", PAGE)
    index = document.data("index")
    assert [page["name"] for page in index["pages"]] == ["page 0", "page 1", "page 2"]
    assert [page["sha256"] for page in index["pages"]] == [digest_of(raw) for raw in (SAMPLE, "Menu\nHome", PAGE)]
    assert index["pages"][0]["kept"] == len(clean(SAMPLE).blocks)
    assert len(document.data("page-1")["text"]) == 2


def test_a_report_needs_a_name_per_page_and_a_page() -> None:
    with pytest.raises(ValueError, match="at least one page"):
        report_html([], [])
    with pytest.raises(ValueError):
        report_html([clean(SAMPLE)], [])


def test_elements_that_scripts_and_labels_name_exist() -> None:
    document = report(SAMPLE)
    names = [attrs["id"] for _, attrs in document.tags if attrs.get("id")]
    assert len(names) == len(set(names))
    script = next(document.inside[n] for n, (tag, attrs) in enumerate(document.tags) if tag == "script" and "type" not in attrs)
    assert set(re.findall(r'\$\("([\w-]+)"\)', script)) <= set(names)
    for _, attrs in document.tags:
        for reference in ("aria-labelledby", "aria-controls", "for"):
            assert attrs.get(reference) in (None, *names)
        assert not (attrs.get("href") or "#").removeprefix("#") or (attrs.get("href") or "").removeprefix("#") in names


# ---- the command ----------------------------


def test_explain_writes_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(SAMPLE, "utf-8")
    out = tmp_path / "report.html"
    arguments = ["explain", str(tmp_path / "a.txt"), str(tmp_path / "b.txt"), "--html", str(out)]
    assert main(arguments) == 0
    told = capsys.readouterr()
    assert told.out == "" and "report of 2 pages" in told.err and str(out) in told.err
    assert [p["name"] for p in Elements(out.read_text("utf-8")).data("index")["pages"]] == arguments[1:3]
    assert main(arguments) == 0, "a report may be written anew"


def test_explain_overwrites_no_file_that_is_no_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.html"
    page.write_text("<p>precious</p>", "utf-8")
    assert main(["explain", str(ROOT / "fixtures" / "sample.txt"), "--html", str(page)]) == 1
    assert "no report" in capsys.readouterr().err
    assert page.read_text("utf-8") == "<p>precious</p>"


def test_explain_with_a_page_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "nowhere.txt", "--html", str(tmp_path / "r.html")]) == 1
    assert "nowhere.txt" in capsys.readouterr().err
    assert not (tmp_path / "r.html").exists()


def test_explain_prints_several_pages_under_their_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "one.txt").write_text(SAMPLE, "utf-8")
    (tmp_path / "two.txt").write_text("Menu\nHome", "utf-8")
    assert main(["explain", str(tmp_path / "one.txt"), str(tmp_path / "two.txt")]) == 0
    out = capsys.readouterr().out
    assert out.index("==> ") < out.index("Gannet Point") < out.index("two.txt") < out.rindex("Home")


def test_the_mark_stands_near_the_beginning() -> None:
    assert MARK in report_html([clean(SAMPLE)], ["x" * 3000])[:2000]


@pytest.mark.parametrize(("method", "module", "extra"), [("to_frame", "pandas", "pandas"), ("plot", "matplotlib", "plot")])
def test_a_missing_extra_is_named(method: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=re.escape(f'pip install "boilerstrip[{extra}]"')):
        getattr(clean(SAMPLE), method)()


def test_text_of_a_page_is_escaped_once() -> None:
    assert html.escape("Fish & <Chips>") in notebook_html(clean("Fish & <Chips>"))
