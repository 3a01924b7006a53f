"""Markdown and the marks of lists in `text`, on pages in which every block is kept."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boilerstrip import Result, Verdict, clean

PROFILE = settings(derandomize=True, deadline=None, database=None, max_examples=100)
PROSE = ("The ferry left at nine with forty people on board, and the harbour lamp went out behind it while the keeper slept on his chair "
         "in the kitchen of the old customs house, as he had done on every night of that long winter. Nobody on board saw the rocks, "
         "he told the inquiry on Monday. The captain had asked twice for a second keeper, and twice the council had said no.")


def whole(body: str) -> Result:
    """A page of which everything is kept."""
    result = clean(f"<html><body>{body}<p>{PROSE}</p></body></html>", input="html")
    assert result.verdict is Verdict.STORY
    return result.at(0)


def markdown(body: str, links: bool = False) -> str:
    """The Markdown of what stands before the paragraph that makes it a story."""
    text = whole(body).to_markdown(links)
    assert text.endswith("\n\n" + PROSE)
    return text.removesuffix("\n\n" + PROSE)


def text(body: str) -> str:
    return whole(body).text.removesuffix(PROSE).rstrip("\n")


# what blocks become


@pytest.mark.parametrize("level", range(1, 7))
def test_headings(level: int) -> None:
    assert markdown(f"<h{level}>Oil for <b>lamps</b></h{level}>") == "#" * level + " Oil for lamps"
    assert markdown(f"<h{level}><div>Oil<br>for lamps</div></h{level}>") == "#" * level + " Oil for lamps"


def test_paragraphs_and_line_breaks() -> None:
    assert markdown("<p>One boat.</p><p>Two boats.<br>Three.</p>") == "One boat.\n\nTwo boats.  \nThree."


def test_lists() -> None:
    assert markdown("<ul><li>A wick</li><li><p>Oil</p></li><li><a href=/m>Matches</a></li></ul>") == "- A wick\n- Oil\n- Matches"
    assert markdown("<ol><li>Trim it.</li><li>Fill it.</li></ol>") == "1. Trim it.\n2. Fill it."


def test_lists_within_lists() -> None:
    assert markdown("<ol><li>Oil<ul><li>Whale oil<ul><li>old</li></ul></li><li>Rape oil</li></ul></li><li>Wicks</li></ol>") == (
        "1. Oil\n   - Whale oil\n     - old\n   - Rape oil\n2. Wicks")


def test_what_follows_in_an_item_is_indented() -> None:
    assert markdown("<ul><li>Fill it.<p>Not while it burns.</p></li><li>Light it.</li></ul>") == (
        "- Fill it.\n\n  Not while it burns.\n- Light it.")


def test_cards_are_no_items() -> None:
    card = "<li><div><h3>Lamp {0}</h3><p>It burns {0} nights.</p></div></li>"
    body = f"<ul>{card.format('one')}{card.format('two')}</ul>"
    assert markdown(body) == "### Lamp one\n\nIt burns one nights.\n\n### Lamp two\n\nIt burns two nights."
    assert "- " not in text(body)


def test_quotes() -> None:
    assert markdown("<blockquote><p>A lamp is a promise.</p><p>And work.</p></blockquote>") == "> A lamp is a promise.\n>\n> And work."
    assert markdown("<blockquote><p>She:</p><blockquote>No.</blockquote></blockquote>") == "> She:\n>\n> > No."
    assert markdown("<blockquote><ul><li>a wick</li><li>oil</li></ul></blockquote>") == "> - a wick\n> - oil"


def test_code() -> None:
    assert markdown("<pre>def light(lamp):\n    *lamp = `on`</pre>") == "```\ndef light(lamp):\n    *lamp = `on`\n```"
    assert markdown("<pre>```\nx</pre>").startswith("````\n```\nx\n````")
    long = "\n\n".join(f"# part {n}\n" + "".join(f"wick[{k}] = trim(lamp, {k})\n" for k in range(30)) for n in range(4)).strip("\n")
    assert len(long) > 2000 and markdown(f"<h1>Wicks</h1><p>{PROSE}</p><pre>{long}</pre>").count("```") == 2


def test_tables() -> None:
    head, rows = "<tr><th>Night</th><th>Oil</th></tr>", "<tr><td>Monday</td><td>2 | 3 cups</td></tr><tr><td>Sunday</td><td>1 cup</td></tr>"
    assert markdown(f"<table>{head}{rows.replace(' | 3', '')}</table>") == (
        "| Night | Oil |\n| --- | --- |\n| Monday | 2 cups |\n| Sunday | 1 cup |")
    assert markdown(f"<table>{rows.replace(' | ', '|')}</table>") == (
        "|  |  |\n| --- | --- |\n| Monday | 2\\|3 cups |\n| Sunday | 1 cup |")
    corner = "<tr><th></th><th>Oil</th><th>Wick</th></tr><tr><th>Old</th><td>2 cups</td><td>short</td></tr>"
    assert markdown(f"<table>{corner}</table>") == "|  | Oil | Wick |\n| --- | --- | --- |\n| Old | 2 cups | short |"


def test_one_row_is_no_table() -> None:
    assert markdown("<table><tr><td>Oil</td><td>2 cups</td></tr></table>") == "Oil | 2 cups"


# links


def test_links_are_kept_on_request() -> None:
    body = "<p>See <a href='/oil (1).html'>the <b>oil</b> page</a> and <a href='https://lamps.example/?a=1&amp;b=2'>lamps</a>.</p>"
    assert markdown(body) == "See the oil page and lamps."
    assert markdown(body, links=True) == "See [the oil page](/oil%20%281%29.html) and [lamps](https://lamps.example/?a=1&b=2)."


def test_links_in_tables_and_lists() -> None:
    table = "<table><tr><th>A</th><th>B</th></tr><tr><td><a href=/a|b>x</a></td><td>y <a href=/c>z</a></td></tr></table>"
    assert markdown(table, links=True).endswith("| [x](/a%7Cb) | y [z](/c) |")
    assert markdown("<ul><li><a href=/a>Wick</a></li><li>Oil</li></ul>", links=True) == "- [Wick](/a)\n- Oil"


@pytest.mark.parametrize("target", ("javascript:alert(1)", " JavaScript:x", "data:text/html,x", "vbscript:x", "#", ""))
def test_links_that_lead_nowhere_are_left_out(target: str) -> None:
    assert markdown(f"<p>See <a href='{target}'>this</a>.</p>", links=True) == "See this."


# what is no mark-up


@pytest.mark.parametrize(("plain", "written"), (
    ("# not a heading", "\\# not a heading"), ("- no item", "\\- no item"), ("7. no item", "7\\. no item"), ("> no quote", "\\> no quote"),
    ("=====", "\\====="), ("a *b* c", "a \\*b\\* c"), ("snake_case", "snake_case"), ("_a_", "\\_a\\_"), ("[a](b)", "\\[a\\](b)"),
    ("[1]", "[1]"), ("a &lt;b&gt; c", "a \\<b> c"), ("2 &lt; 3", "2 < 3"), ("a\\b", "a\\\\b"), ("`x`", "\\`x\\`"), ("&amp;amp;", "\\&amp;"),
    ("R&amp;D", "R&D"), ("1987 was", "1987 was"), ("-5 degrees", "-5 degrees")))
def test_text_that_looks_like_markdown(plain: str, written: str) -> None:
    assert markdown(f"<p>{plain}</p>") == written


# text input, and `text`


def test_of_text_the_paragraphs() -> None:
    raw = f"# The lamp\n{PROSE}\nNobody was *hurt*.\n\n{PROSE.replace('nine', 'ten')}"
    result = clean(raw, input="text").at(0)
    assert result.markdown == "\n\n".join(line for line in raw.split("\n") if line)


def test_text_marks_items_and_rows() -> None:
    assert text("<ul><li>A wick</li><li><p>Oil</p></li></ul>") == "- A wick\n\n- Oil"
    assert text("<ol><li>Trim it.</li><li>Fill it.<p>With care.</p></li></ol>") == "- Trim it.\n- Fill it.\n\nWith care."
    assert text("<table><tr><td>Oil</td><td>2 cups</td></tr><tr><td>Wick</td><td>1</td></tr></table>") == "Oil | 2 cups\nWick | 1"


def test_only_what_is_kept() -> None:
    menu = "<ul><li><a href=/>Home</a></li><li><a href=/b>Boats</a></li></ul>"
    page = f"<html><body>{menu}<h1>Lamp</h1>{f'<p>{PROSE}</p>' * 2}</body></html>"
    result = clean(page)
    assert "Home" not in result.markdown and result.markdown.count(PROSE) == len([b for b in result.blocks if b.text == PROSE])
    empty = clean("<html><body></body></html>")
    assert (empty.markdown, empty.text) == ("", "")


def test_stories_from_scripts() -> None:
    body = f"<h2>Oil</h2><ul><li>Whale oil</li></ul><p>{PROSE}</p>".replace("<", "\\u003c")
    data = f'{{"@type": "NewsArticle", "articleBody": "{body}"}}'
    found = clean(f'<html><body><script type="application/ld+json">{data}</script></body></html>')
    assert found.at(0).markdown == f"## Oil\n\n- Whale oil\n\n{PROSE}"


TAGS = st.sampled_from("p div li ul ol blockquote h2 pre table tr td th a br section".split())
SIGNS = st.sampled_from(("lamp ", "oil | wick", "*", "[x](y)", "```", "1. ", "_"))
PIECES = st.one_of(TAGS.map("<{}>".format), TAGS.map("</{}>".format), SIGNS)


@PROFILE
@given(st.lists(PIECES, max_size=40))
def test_any_page_can_be_written(pieces: list[str]) -> None:
    result = clean(f"<html><body>{''.join(pieces)}</body></html>", input="html").at(0)
    words = "".join(b.text for b in result.blocks)
    for links in (False, True):
        written = result.to_markdown(links)
        assert sum(written.count(word) for word in ("lamp", "wick")) == sum(words.count(word) for word in ("lamp", "wick"))
    assert pickle.loads(pickle.dumps(result)).markdown == result.markdown


def test_deep_pages() -> None:
    for tag in ("blockquote", "ul><li", "div"):
        result = clean("<html><body>" + f"<{tag}>" * 3000 + f"<p>{PROSE}</p>", input="html").at(0)
        assert PROSE in result.markdown and len(result.markdown) < 2 * len(PROSE) + 200
