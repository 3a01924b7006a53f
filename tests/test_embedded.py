"""What a page tells machines of its story."""

from __future__ import annotations

import json

import pytest

from boilerstrip.segment.embedded import MOST_TOLD, PIECE, parsed, probes_of, share_told, told
from boilerstrip.segment.tree import TREE_DENSE, segment_html

FIRST = "The lamp went out at four in the morning, and nobody in the village knew why."
LAST = "It was lit again at six, when the keeper’s daughter had found the oil."
MENU = "Harbour news, tides and timetables of the ferries"


def page(head: str) -> str:
    return f"<html><head>{head}</head><body><p>{MENU}</p><p>{FIRST}</p><p>{LAST}</p><p>Oil</p></body></html>"


def linked(**facts: object) -> str:
    return f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **facts})}</script>'


def column(html: str, name: str) -> list[float]:
    return [float(x) for x in segment_html(html).dense[:, TREE_DENSE.index(name)]]


@pytest.mark.parametrize("body", (f"{FIRST} {LAST}", f"{FIRST}\r\n\r\n{LAST}", f"<p>{FIRST}</p><p>{LAST.replace('’', '&rsquo;')}</p>"))
def test_blocks_of_the_body_that_json_ld_tells_are_known(body: str) -> None:
    html = page(linked(articleBody=body))
    assert column(html, "body_told") == [0, 1, 1, 0]
    assert column(html, "has_body_told") == [1] * 4 and column(html, "has_description_told") == [0] * 4


@pytest.mark.parametrize("head", (
    f'<meta name="description" content="{FIRST}">', f'<meta property="og:description" content="{FIRST}">', linked(description=FIRST)))
def test_so_is_the_description(head: str) -> None:
    assert column(page(head), "description_told") == [0, 1, 0, 0]
    assert column(page(head), "body_told") == [0] * 4


def test_a_page_that_tells_nothing_has_zeros() -> None:
    for name in ("body_told", "has_body_told", "description_told", "has_description_told"):
        assert column(page(""), name) == [0] * 4


@pytest.mark.parametrize("script", ("", "{", "[[[[", '{"articleBody": 3, "description": null}', '{"articleBody": ["x"]}', "null", '"text"'))
def test_broken_scripts_tell_nothing(script: str) -> None:
    assert column(page(f'<script type="application/ld+json">{script}</script>'), "has_body_told") == [0] * 4


@pytest.mark.parametrize("size", (60_000, 10), ids=("one long text", "many short ones"))
def test_only_so_much_is_read(size: int) -> None:
    numbers = [str(number * 7919) for number in range(60_000)]
    texts = [" ".join(numbers[at:at + size]) for at in range(0, len(numbers), size)]
    bodies, _ = told([({"type": "application/ld+json"}, [json.dumps([{"articleBody": text} for text in texts])])], [])
    assert "".join(numbers[:10])[:PIECE] in bodies and "".join(numbers[-10:])[:PIECE] not in bodies
    assert len(bodies) <= MOST_TOLD


@pytest.mark.parametrize("number", ("1" * 5000, "9" * 8))
def test_references_that_are_too_long_to_read_are_no_characters(number: str) -> None:
    html = page(linked(articleBody=f"&#{number}; {FIRST}") + f'<meta name="description" content="&amp;#{number}; {FIRST}">')
    assert column(html, "body_told") == column(html, "description_told") == [0, 1, 0, 0]


def test_what_readers_and_publishers_say_is_no_story() -> None:
    html = page(linked(comment={"@type": "Comment", "text": FIRST}, publisher={"@type": "Organization", "description": LAST}))
    assert column(html, "body_told") == column(html, "description_told") == [0] * 4


@pytest.mark.parametrize("head", (
    f'<div>x</div><meta name=" Description " content="{FIRST}">', f'<meta property="x" name="description" content="{FIRST}">',
    f'<meta itemprop="description" content="{FIRST}">'))
def test_descriptions_are_found_wherever_they_stand(head: str) -> None:
    assert column(page(head), "description_told")[-3:] == [1, 0, 0]


def test_case_and_comparisons_do_not_matter() -> None:
    capitals, sums = "Ο ΦΑΡΟΣ ΤΗΣ ΝΗΣΟΥ ΕΣΒΗΣΕ ΣΤΙΣ ΤΕΣΣΕΡΙΣ", "Where a < b and the tide is low, and b > c"
    body = f"<p>{capitals}</p><p>{sums.replace('<', '&lt;')}</p>"
    html = f"<html><head>{linked(articleBody=f'{capitals}. {sums}')}</head><body>{body}</body></html>"
    assert column(html, "body_told") == [1, 1]


def test_short_blocks_have_nothing_to_look_for() -> None:
    assert probes_of("oil") == [] and share_told([], frozenset({"x"})) == 0
    assert probes_of("twelve chars!") == ["twelvechars!"]


def test_json_in_comments_is_read() -> None:
    assert parsed('<!-- {"a": 1} -->') == parsed('//<![CDATA[{"a": 1}//]]>') == {"a": 1}
