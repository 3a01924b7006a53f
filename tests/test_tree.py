"""HTML -> blocks: what a browser would show, the evidence of the tree, and input that is broken in every way."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
from lxml import etree
from lxml import html as lxml_html

from boilerstrip.segment.tree import ANCESTORS, MAX_TOKENS, TREE_DENSE, TreePage, decode_html, looks_like_html, segment_html

FILLER = " ".join(f"<p>The ferry to Quillholm left pier {n} with eleven passengers and a crate of pears.</p>" for n in range(8))


def page(body: str, fill: bool = True) -> TreePage:
    """A page with the body given, and, so that it has enough text, some paragraphs behind it."""
    return segment_html(f"<html><head><title>Ferries of Quillholm</title></head><body>{body}{FILLER if fill else ''}</body></html>")


def blocks(body: str) -> list[str]:
    """The blocks of a body without those of the filler."""
    return page(body).texts()[:-8]


def column(found: TreePage, name: str) -> list[float]:
    return [round(float(x), 4) for x in found.dense[:, TREE_DENSE.index(name)]]


def check(found: TreePage) -> None:
    """What holds for every page."""
    n = len(found)
    assert [found.text[a:b] for a, b in zip(found.start, found.end)] == found.texts()
    assert "\n".join(found.texts()) == found.text
    assert "\0" not in found.text
    assert all(text.strip() and text.strip("\n") == text for text in found.texts())
    assert found.dense.shape == (n, len(TREE_DENSE)) and found.dense.dtype == np.float32 and np.isfinite(found.dense).all()
    assert len(found.token_first) == len(found.node_first) == n + 1
    assert found.tokens.dtype == np.uint64 and found.token_first[-1] == len(found.tokens)
    assert n == 0 or np.diff(found.token_first).max() <= MAX_TOKENS + len(ANCESTORS)
    for values in (found.tag, found.path, found.hidden, found.blank_before, found.words, found.words_linked, found.element):
        assert len(values) == n
    assert (found.words_linked <= found.words).all()
    assert found.node_first[-1] == len(found.nodes) and (np.diff(found.node_first) >= 0).all()


# ---------------------------- blocks

@pytest.mark.parametrize(("body", "expected"), [
    ("<p>The <b>old</b> pier <i>is</i> <a href='/x'>closed</a>.</p>", ["The old pier is closed."]),
    ("<p>un<b>break</b>able</p>", ["unbreakable"]),
    ("<div>Before<p>Inside</p>After</div>", ["Before", "Inside", "After"]),
    ("<div>First part<br><br>Second part<br>\n<br/>Third</div>", ["First part", "Second part", "Third"]),
    ("<p>Tide House<br>Harbour Row 4<br>Quillholm</p>", ["Tide House\nHarbour Row 4\nQuillholm"]),
    ("<p>Line   with\n   odd&nbsp;space</p>", ["Line with odd space"]),
    ("<ul><li>Pears</li><li>Apples<ul><li>Red</li></ul>and more</li></ul>", ["Pears", "Apples", "Red", "and more"]),
    ("<dl><dt>Draught</dt><dd>Two metres</dd></dl>", ["Draught", "Two metres"]),
    ("<h2>Timetable</h2><p>None.</p>", ["Timetable", "None."]),
    ("<blockquote>We sail at six.</blockquote>", ["We sail at six."]),
    ("<figure><img src='a.png' alt='not shown'><figcaption>The pier</figcaption></figure>", ["The pier"]),
    ("<details><summary>More</summary>Hidden depths</details>", ["More", "Hidden depths"]),
    ("<script>var a = '<p>no</p>';</script><style>p {}</style><template><p>no</p></template><p>yes</p>", ["yes"]),
    ("<noscript><p>Turn scripts on</p></noscript><p>yes</p>", ["yes"]),
    ("<svg><title>icon</title><text>no</text></svg><p>yes</p><iframe>no</iframe><video>no</video>", ["yes"]),
    ("<select><option>One<option>Two</select>", ["One\nTwo"]),
    ("<a><div>Card title</div><div>Card text</div></a>", ["Card title", "Card text"]),
    ("<div><a href='/a'>Home</a><a href='/b'>news</a></div>", ["Home news"]),
    ("<div><span>12 June 2025</span><span>By Ada Fenn</span></div>", ["12 June 2025 By Ada Fenn"]),
    ("<p>O<sub>2</sub> and x<sup>2</sup></p>", ["O2 and x2"]),
    ("<p>Press <button>Go</button> twice</p>", ["Press Go twice"]),
    ("text without any element", ["text without any element"]),
    ("<p>one<p>two<p>three", ["one", "two", "three"]),
    ("<b><p>mis<i>nested</b> mark</i>-up</p>", ["misnested mark-up"]),
    ("<hr>a<hr>b", ["a", "b"]),
])
def test_blocks_are_those_of_a_browser(body: str, expected: list[str]) -> None:
    found = page(body)
    check(found)
    assert found.texts()[:-8] == expected


def test_custom_elements_are_blocks_where_they_hold_blocks() -> None:
    assert blocks("<p>See <x-name>Ada Fenn</x-name> there</p>") == ["See Ada Fenn there"]
    assert blocks("intro <x-card>lead<p>inner</p>rest</x-card> outro") == ["intro", "lead", "inner", "rest", "outro"]
    found = page("intro <x-card>lead<p>inner</p>rest</x-card> outro")
    assert found.tag[:5] == ["body", "x-card", "p", "x-card", "body"]
    assert blocks("<x-a>one <x-b>two<p>three</p></x-b></x-a><div>four</div>") == ["one", "two", "three", "four"]


def test_preformatted_text_keeps_its_lines() -> None:
    assert blocks("<pre>def sail():\n    go()\n\n  done</pre>") == ["def sail():\n    go()\n\n  done"]
    assert blocks("<pre><code><span>a = 1\n</span><span>  b = 2</span></code></pre>") == ["a = 1\n  b = 2"]
    assert blocks("<pre><div>a</div><div>  b</div></pre>") == ["a\n  b"]
    long = "\n\n".join("words of a long letter " * 12 for _ in range(9))
    found = page(f"<pre>{long}</pre>")
    assert len(found) == 8 + 9
    assert found.blank_before[1:9].all()
    assert found.nodes_of(0) == found.nodes_of(8)


def test_tables_row_by_row_layout_tables_split() -> None:
    rows = "<table><tr><th>Pier</th><th>Depth</th></tr>" \
           "<tr><td>North</td><td>4 m</td></tr><tr><td><p>South</p></td><td>6 m</td></tr></table>"
    found = page(rows)
    assert found.texts()[:3] == ["Pier | Depth", "North | 4 m", "South | 6 m"]
    assert found.tag[:3] == ["tr"] * 3
    assert found.nodes_of(1) == [found.nodes_of(0)[-1] + 1, found.nodes_of(0)[-1] + 2]
    layout = "<table><tr><td><ul><li>Home</li><li>Fares</li></ul></td><td><p>One.</p><p>Two.</p></td></tr></table>"
    assert blocks(layout) == ["Home", "Fares", "One.", "Two."]
    nested = f"<table><tr><td>menu</td><td>{rows}</td></tr></table>"
    assert blocks(nested) == ["menu", "Pier | Depth", "North | 4 m", "South | 6 m"]
    long = f"<table><tr><td>{'long text ' * 80}</td><td>side</td></tr></table>"
    assert len(blocks(long)) == 2
    check(page(rows + layout + nested + long))


def test_long_lines_with_breaks_are_blocks_of_their_own() -> None:
    line = "The harbour master of Quillholm, who has held the post for nine years, said nothing new on {n} of the month, and left. "
    body = "<div>" + "<br>".join(line.format(n=n) * 2 for n in range(6)) + "</div>"
    found = page(body)
    assert len(found) == 6 + 8
    assert all(len(found.nodes_of(block)) == 1 for block in range(6))
    assert not found.blank_before[1:6].any()


def test_hidden_elements() -> None:
    found = page("<div hidden>one</div><div style='color: red; display : none'><p>two</p></div><div aria-hidden='true'>three</div>"
                 "<p>four <span style='display:none'>five</span>six <i aria-hidden=true>seven</i></p><p aria-hidden=false>eight</p>"
                 "<dialog>nine</dialog><dialog open>ten</dialog><p style='visibility:hidden; animation-name: fade'>eleven</p>")
    check(found)
    assert dict(zip(found.texts()[:-8], found.hidden.tolist())) == {
        "one": True, "two": True, "three": True, "five": True, "four six seven": False, "eight": False, "nine": True, "ten": False,
        "eleven": False}
    order = found.texts().index("four six seven")
    assert len(found.nodes_of(order)) == 3 and len(found.nodes_of(order - 1)) == 1
    assert found.nodes_of(order - 1)[0] == found.nodes_of(order)[0] + 1
    assert not segment_html(f"<body style='display:none'>{FILLER}</body>").hidden.any()


def test_margins() -> None:
    found = page("<p>a</p><ul><li>b</li><li>c</li></ul><h2>d</h2><div>e</div><div>f</div>g<br><br>h")
    assert found.blank_before[:8].tolist() == [True, True, False, True, True, False, False, True]


def test_words() -> None:
    found = page("<p>Read <a href='/'>the fare table</a> now</p><p>船は午前六時に出る。<a href='/'>時刻表</a></p>")
    assert found.words[:2].tolist() == [5, 12]
    assert found.words_linked[:2].tolist() == [3, 3]


# ---------------------------- paths and nodes

RICH = ("<!-- note --><header><nav><ul><li><a href=/>Home</a></li><li><a href=/f>Fares</a></li></ul></nav></header>"
        "<main><article><h1>Ferry stops early</h1><p>By <a rel=author href=/a>Ada Fenn</a></p><p>One<!-- c --> two</p><div>x<p>y</p>z</div>"
        "<noscript><img></noscript>tail<script>1</script>end<template>t</template> joined</article></main><footer><p>2024</p></footer>")


def test_paths_are_found_again() -> None:
    source = f"<html><body>{RICH}{FILLER}<we:ird><p>odd</p></we:ird></body></html>"
    found = segment_html(source)
    tree = lxml_html.document_fromstring(source).getroottree()
    for path, tag in zip(found.path, found.tag):
        hits = tree.xpath(path)
        assert [hit.tag for hit in hits] == [tag]
        if "name()" not in path:
            assert tree.getpath(hits[0]) == path


@pytest.mark.parametrize("source", [
    f"<html><head><title>T</title></head><body>{RICH}{FILLER}</body></html>",
    f"<div>{RICH}{FILLER}</div>",
    f"<html><body>{FILLER}<svg><title>s</title><style>t</style></svg><p>a</p>after<b> </b>x<noscript>n</noscript>y</body></html>",
    f"<html><body>{FILLER}</body></html><html><body><p>late</p></body></html>",
])
def test_text_nodes_are_numbered_as_in_training(source: str) -> None:
    tree = lxml_html.document_fromstring(source, parser=lxml_html.HTMLParser(encoding="utf-8", huge_tree=True))
    for element in list(tree.iter("noscript", "template")):
        element.drop_tree()
    texts: list[str] = []

    def visit(element: etree._Element) -> None:
        if isinstance(element.tag, str) and element.tag not in ("script", "style"):
            texts.extend(filter(str.strip, [element.text or ""]))
            for child in element:
                visit(child)
                texts.extend(filter(str.strip, [child.tail or ""]))

    visit(tree)
    found = segment_html(source)
    for block, text in enumerate(found.texts()):
        wanted = "".join("".join(texts[node] for node in found.nodes_of(block)).split())
        assert wanted == "".join(text.split()) or (text == "late" and not found.nodes_of(block))


# ---------------------------- evidence

def test_dense_evidence() -> None:
    cards = "".join(f"<div class='card c-{n}'><h3><a href=/{n}>Story number {n} of them</a></h3></div>" for n in range(5))
    found = page(f"{RICH}<aside role=complementary>{cards}</aside><div role=navigation><p>Menu</p></div>"
                 "<div itemprop=articleBody><p>Inner</p></div>")
    check(found)
    at = {text: number for number, text in enumerate(found.texts())}

    def value(text: str, name: str) -> float:
        return column(found, name)[at[text]]

    assert value("Home", "in_nav") == value("Home", "in_header") == value("Home", "in_list") == value("Home", "is_item") == 1
    assert value("Home", "linked") == value("Home", "inner_link") == 1
    assert value("Menu", "in_nav") == 1 and value("Menu", "in_header") == 0
    assert value("Inner", "in_body_prop") == 1 and value("Menu", "in_body_prop") == 0
    assert value("2024", "in_footer") == 1
    assert value("Ferry stops early", "is_heading") == value("Ferry stops early", "heading_level") == 1
    assert value("One two", "in_article") == value("One two", "in_main") == value("One two", "is_paragraph") == 1
    assert value("Story number 2 of them", "in_aside") == value("Story number 2 of them", "inner_link") == 1
    assert value("Story number 2 of them", "repeats") == pytest.approx(np.log(5), abs=1e-3)
    assert value("Story number 2 of them", "near_siblings") == pytest.approx(np.log(5), abs=1e-3)
    assert value("Story number 2 of them", "near_position") == 0.5
    assert value("One two", "shared_with_headline") > value("2024", "shared_with_headline") > 0
    assert value("One two", "after_headline") > 0 == value("One two", "before_headline")
    assert value("Home", "before_headline") > 0
    shares = [value("One two", f"share_{name}") for name in ("parent", "grand", "great")]
    assert shares == sorted(shares) and shares[0] > 0 and shares[2] <= 1


def test_headline_is_the_heading_most_like_the_title() -> None:
    found = segment_html(f"<title>Ferry runs aground off Quillholm - The Tidings</title><h1>The Tidings</h1><h2>Weather</h2>"
                         f"<h2>Ferry runs aground off Quillholm</h2>{FILLER}")
    assert column(found, "title_overlap")[2] > 0.7
    assert column(found, "before_headline")[:3] == pytest.approx([np.log(3), np.log(2), 0], abs=1e-3)
    assert found.title == "Ferry runs aground off Quillholm - The Tidings"


def tokens(body: str) -> set[int]:
    found = page(body)
    return set(found.tokens[found.token_first[0]:found.token_first[1]].tolist())


def test_tokens() -> None:
    plain = tokens("<div><p>a</p></div>")
    shared = tokens("<div><p class='share-bar2'>a</p></div>")
    assert plain < shared and len(shared - plain) == 3  # the whole, "share" and "bar0"
    assert tokens("<div><p class='share-bar17'>b</p></div>") == shared  # digits do not matter
    assert tokens("<div><p id='shareBar2'>b</p></div>") & shared > plain  # nor whether it is a class or an id, nor how words are joined
    assert not (tokens("<div class='share-bar2'><p>a</p></div>") - plain) & shared  # but the distance does
    assert tokens("<div><p class='sharebar'>b</p></div>") & shared == plain  # never parts of words
    assert tokens("<section><p>a</p></section>") - plain and plain - tokens("<section><p>a</p></section>")
    assert tokens("<div><p role=note rel=author itemtype='https://schema.example/Person'>a</p></div>") > plain
    many = "".join(f"<div class='{' '.join(f'x{chr(97 + k)}y{chr(97 + n)}' for k in range(20))}'>" for n in range(9)) + "<p>deep</p>"
    assert len(tokens(many)) <= MAX_TOKENS
    first, second = page(RICH), page(RICH)
    assert (first.tokens == second.tokens).all() and (first.dense == second.dense).all()


# ---------------------------- pages that scripts build

STORY = " ".join(f"On day {n} the keeper of the Quillholm light wrote down the wind, the swell and his supper." for n in range(6))


def test_noscript_where_there_is_nothing_else() -> None:
    found = segment_html(f"<html><body><div>Loading</div><noscript><div><p>{STORY}</p><p>More</p></div></noscript></body></html>")
    check(found)
    assert found.source == "noscript" and found.texts() == ["Loading", STORY, "More"]
    tree = lxml_html.document_fromstring(f"<html><body><div>Loading</div><noscript><div><p>{STORY}</p></div></noscript></body></html>")
    assert tree.getroottree().xpath(found.path[1])[0].text == STORY


def test_json_ld_where_there_is_nothing_else() -> None:
    data = json.dumps({"@graph": [{"@type": "WebSite"}, {"@type": "NewsArticle", "headline": "A & B",
                                                         "articleBody": f"{STORY}\n\nEnd & out."}]})
    found = segment_html(f"<html><body><script type='application/ld+json'>{data}</script><div id=root></div></body></html>")
    check(found)
    assert found.source == "json-ld" and found.texts() == ["A & B", STORY, "End & out."] and found.path == ["", "", ""]
    shown = segment_html(f"<html><body><script type='application/ld+json'>{data}</script>{FILLER}</body></html>")
    assert shown.source == "html" and "End" not in shown.text
    assert segment_html("<script type='application/ld+json'>{\"articleBody\": [</script><p>a</p>").texts() == ["a"]


@pytest.mark.parametrize("script", [
    "<script id=__NEXT_DATA__ type=application/json>{data}</script>",
    "<script>window.__INITIAL_STATE__ = {data};</script>",
    "<script>var x = 1; window['__NUXT__']={data}</script>",
    "<script>window.__STATE__ = JSON.parse({quoted});</script>",
])
def test_embedded_state(script: str) -> None:
    data = json.dumps({"props": {"menu": ["Home", "Fares"], "post": {"title": "Keeper", "html": f"<p>{STORY}</p><p>And <b>so</b> on.</p>"},
                                 "config": {"legal": "All of this is made up, every word of it, by us."}}})
    found = segment_html(f"<html><body><div id=app></div>{script.format(data=data, quoted=json.dumps(data))}</body></html>")
    check(found)
    assert found.source == "state" and found.texts() == [STORY, "And so on."]


# ---------------------------- encodings and bad input

GREETING = "<p>Grüße aus der Bäckerei am Kai – „frisch“ wie eh und je</p>"


@pytest.mark.parametrize(("raw", "text"), [
    (GREETING.encode(), "Grüße aus"),
    (b"\xef\xbb\xbf" + GREETING.encode(), "Grüße aus"),
    (GREETING.encode("utf-16"), "Grüße aus"),
    (GREETING.encode("utf-16-le"), "Grüße aus"),
    (GREETING.encode("utf-16-be"), "Grüße aus"),
    (GREETING.encode("utf-32"), "Grüße aus"),
    (b"<meta charset=windows-1252>" + GREETING.encode("cp1252"), "Grüße aus"),
    (b"<meta http-equiv=content-type content='text/html; charset=iso-8859-1'>" + GREETING.encode("cp1252"), "Grüße aus"),
    (b"<?xml version='1.0' encoding='windows-1252'?>" + GREETING.encode("cp1252"), "Grüße aus"),
    (b"<meta charset=iso-8859-1>" + GREETING.encode(), "Grüße aus"),  # declared wrongly
    (b"<meta charset=utf-16>" + GREETING.encode(), "Grüße aus"),
    (b"<meta charset=nonsense>" + GREETING.encode(), "Grüße aus"),
    (b"<meta charset=utf-8>" + GREETING.encode() * 9 + b"<p>\xff</p>", "Grüße aus"),  # a few bad bytes
    (b"<meta charset=utf-8>" + GREETING.encode("cp1252") * 9, "Gr\u00fc\u00dfe aus"),  # declared wrongly
    (b"<meta charset=punycode>" + GREETING.encode("cp1252") * 9, "aus der B"),
    ("<meta charset=shift_jis><p>船は出ない。港は静かだ。</p>".encode("cp932"), "船は出ない"),
    ("<meta charset=gb2312><p>渡轮今天停航，港口很安静。</p>".encode("gb18030"), "渡轮今天停航"),
    (("<p>Паром сегодня не ходит, в порту тихо и пусто.</p>" * 5).encode("cp1251"), "Паром сегодня"),
])
def test_encodings(raw: bytes, text: str) -> None:
    found = segment_html(raw)
    check(found)
    assert text in found.text


def test_a_character_cut_off_at_the_end() -> None:
    assert decode_html("<p>Grüße ü".encode()[:-1]) == "<p>Grüße "


@pytest.mark.parametrize("raw", [
    "", " \n ", "\0", b"", b"\0\0", "<html></html>", "<html><body></body></html>", "<!-- only -->", "</p>", "<!doctype html>",
    b"%PDF-1.7\n%\xe2\xe3\xcf\xd3 stream", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", b"GIF89a\1\0\1\0", b"\xff\xd8\xff\xe0\0\x10JFIF",
    b"\0\0\0 ftypisom", b"PK\3\4\x14\0", b"\x1f\x8b\x08\0\0\0", bytes(range(256)) * 40,
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\1\2\3\4\5\6".decode("latin-1") * 9,
])
def test_nothing_to_find(raw: str | bytes) -> None:
    found = segment_html(raw)
    check(found)
    assert len(found) == 0 and found.text == ""


@pytest.mark.parametrize("raw", [
    "<p>a\0b</p>", "<p>lone \ud800 surrogate</p>", "<p>x</p" * 50, "<p " + "a=b " * 1000 + ">x", "<p>&#0;&#xD800;&#99999999;&bogus;x</p>",
    "<!DOCTYPE x [<!ENTITY a 'lol'><!ENTITY b '&a;&a;&a;'>]><html><body><p>&b;x</p></body></html>",
    "<?xml version='1.0' encoding='utf-16'?><html xmlns='http://www.w3.org/1999/xhtml'><body><p>x</p><br/></body></html>",
    "<html><body><p>x", "<div><p>x</div></p></span></table>x", "<table><p>x<tr>x<td>x</table>x", "<select><div>x<p>x</select>",
    "<p>x<![CDATA[ <p>y</p> ]]></p>", "<x-a><x-b><x-c>x</x-a>x<p>x", "<frameset><frame><noframes>y</noframes></frameset><p>x",
    "<body><body class=b><html lang=x><p>x", "<td>x</td><li>x<dd>x", "<a><a><a>x<p>x", "<textarea><p>x", "<title>x<p>x</title>x",
    "<pre>\n\n x \r\n\r\n y", "<p hidden>x<p>x", "<span hidden>x<span hidden>x<p>x</span>x", "<x-a hidden>x<p>x</x-a>x<br>x<br><br>x",
    "x<span hidden>a<br>b<x-y>c<p>d</p></x-y></span>y<br>z<x-q>w<span style='display:none'>v</span><p>u</p></x-q>",
])
def test_broken_input_has_a_result(raw: str) -> None:
    for padded in (raw, raw + FILLER, FILLER + raw, (raw + FILLER).encode("utf-8", "replace")):
        found = segment_html(padded)
        check(found)
        assert len(found)
        assert "lollollol" not in found.text
    for cut in range(0, len(raw), 7):
        check(segment_html(raw[:cut]))


@pytest.mark.parametrize("source", [
    "<div>" * 10_000 + "deep" + FILLER + "</div>" * 10_000,
    "<x-a>t" * 10_000 + "<p>deep</p>" + FILLER,
    "<table><tr><td>c" * 5_000 + "deep" + FILLER,
    "<b><i>" * 20_000 + "deep" + FILLER,
    "<ul><li>i" * 10_000 + "deep" + FILLER,
    "<span hidden>h" * 5_000 + "deep" + FILLER,
    "<pre>p<br>" * 5_000 + "deep" + FILLER,
])
def test_huge_depth(source: str) -> None:
    begin = time.perf_counter()
    found = segment_html(source)
    assert time.perf_counter() - begin < 10
    assert "deep" in found.text and len(found)
    assert len(found.dense) == len(found)


@pytest.mark.parametrize("unit", ["<p>x</p>", "<br>x", "<a href=x>x</a>", "<tr><td>x<td>y", "<x-y>x</x-y>", "x<!---->", "<li hidden>x"])
def test_cost_is_linear_in_siblings(unit: str) -> None:
    def cost(count: int) -> float:
        source = "<table>" * ("tr" in unit) + unit * count
        begin = time.thread_time()
        segment_html(source)
        return time.thread_time() - begin

    cost(100)
    few, many = min(cost(5_000) for _ in range(3)), cost(40_000)
    assert many < 30 * few + 0.2


# ---------------------------- recognising

@pytest.mark.parametrize(("text", "expected"), [
    ("<!DOCTYPE html><html><body>x", True), ("\ufeff \n<!-- a --><!-- b --><HTML>", True),
    ("<?xml version='1.0'?>\n<html xmlns='x'>", True),
    ("<p>One paragraph</p>", True), ("<div class='a'>x", True), ("Fares: <p>a</p> <p>b</p> <b>c</b> <ul><li>d</li></ul>", True),
    ("Plain words, nothing else.", False), ("3 < 4 and 5 > 2", False), ("I <3 ferries", False), ("", False),
    ("Use the <div> and <p> tags, and close them with </div> and </p>. " + "Much prose about the web follows here. " * 9, False),
    ("if (a < b) { return <span>; }", False), ("<ada@quillholm.example> wrote: hello", False),
    ("<?xml version='1.0'?><rss><channel><item>x</item></channel></rss>", False), ("<!--" * 5000, False), ("<p " * 5000, False),
])
def test_looks_like_html(text: str, expected: bool) -> None:
    begin = time.perf_counter()
    assert looks_like_html(text) is expected
    assert time.perf_counter() - begin < 1
