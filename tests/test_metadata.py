"""What an HTML page says about itself."""

from __future__ import annotations

import json
import pickle
import sys
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boilerstrip import Options, clean, clean_many
from boilerstrip.metadata import Metadata, page_metadata

PROFILE = settings(derandomize=True, deadline=None, database=None, max_examples=100)
PROSE = ("The ferry left at nine with forty people on board, and the harbour lamp went out behind it while the keeper slept on his chair "
         "in the kitchen of the old customs house, as he had done on every night of that long winter.")
HEAD = """<html lang="en-GB"><head><title>Lamp shines again | The Pier</title>
<meta property="og:title" content="Lamp shines &amp;amp; shines"><meta name='author' content='By Ada Brook'>
<meta property=og:site_name content="The Pier"><meta property="article:published_time" content="2031-05-04T23:30:00+02:00">
<link href="/lamp?a=1&amp;b=2" rel="shortlink canonical"></head>"""


def page(head: str = HEAD, body: str = "") -> str:
    return f"<!DOCTYPE html>{head}<body>{body}<article><h1>Lamp shines again</h1><p>{PROSE}</p></article></body></html>"


def linked(data: Any) -> str:
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


def test_of_the_head() -> None:
    assert page_metadata(page(), "https://pier.example/x") == Metadata(
        "Lamp shines & shines", "Ada Brook", "2031-05-04", "The Pier", "en-GB", "https://pier.example/lamp?a=1&b=2")


def test_of_linked_data() -> None:
    data = {"@context": "https://schema.example", "@graph": [
        {"@type": "WebSite", "name": "The Pier"}, {"@type": "BreadcrumbList", "name": "Home"},
        {"@type": ["NewsArticle"], "headline": "Lamp &amp; light", "author": [{"@type": "Person", "name": "Ada Brook"}, "Bo Fenn"],
         "datePublished": "2031-05-04", "inLanguage": "en"}]}
    found = page_metadata(page("<html><head></head>", linked(data)))
    assert found == Metadata("Lamp & light", "Ada Brook; Bo Fenn", "2031-05-04", "The Pier", "en", None)
    publisher = {"@type": "BlogPosting", "name": "Lamp", "publisher": {"name": "The Pier"}, "author": "https://pier.example/ada"}
    found = page_metadata(page("<html><head></head>", linked(publisher)))
    assert (found.title, found.site) == ("Lamp", "The Pier") and found.author != "https://pier.example/ada"


def test_the_rest_is_found_by_trafilatura() -> None:
    body = '<p class="byline">By <span class="author">Ada Brook</span></p><time datetime="2031-05-04">4 May</time>'
    assert page_metadata(page("<html><head></head>", body)).title == "Lamp shines again"


def test_it_is_not_asked_where_all_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trafilatura", None)  # an import of it would fail
    assert page_metadata(page()).author == "Ada Brook"
    with pytest.raises(ImportError):
        page_metadata(page("<html><head></head>"))


def test_a_failure_of_trafilatura_is_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    import trafilatura

    def fail(*args: Any, **fields: Any) -> None:
        raise RecursionError
    monkeypatch.setattr(trafilatura, "extract_metadata", fail)
    found = page_metadata(page("<html lang=de><head><title>Lamp</title></head>"), "https://pier.example/")
    assert found == Metadata("Lamp", None, None, None, "de", "https://pier.example/")


@pytest.mark.parametrize(("meta", "fact", "value"), (
    ("<meta http-equiv=content-language content='de, en'>", "language", "de"),
    ("<meta property=og:locale content=pt_BR>", "language", "pt-BR"),
    ("<meta name=language content='German (Austria)'>", "language", None),
    ("<meta name=author content=https://pier.example/ada>", "author", None),
    ("<meta name=author content=''><meta name=byl content='By Ada Brook'>", "author", "Ada Brook"),
    ("<meta name=date content='4 May 2031'>", "date", "2031-05-04"), ("<meta name=date content='2031-13-40'>", "date", None),
    ("<meta name=date content='0001-01-01'>", "date", None), ("<link rel=canonical href='javascript:x'>", "url", None),
    ("<link rel=canonical href='https://pier.example/a'>", "url", "https://pier.example/a"),
    ("<meta property=og:title content='A <b>lamp</b>\n shines'>", "title", "A lamp shines")))
def test_single_facts(meta: str, fact: str, value: str | None) -> None:
    assert getattr(page_metadata(f"<html><head>{meta}</head><body><p>{PROSE}</p></body></html>"), fact) == value


# in results


def test_in_results_on_request() -> None:
    assert Options().with_metadata is False and clean(page()).metadata is None and "metadata" not in clean(page()).to_dict()
    result = clean(page(), with_metadata=True, url="https://pier.example/x")
    assert result.metadata == page_metadata(page(), "https://pier.example/x")
    assert result.metadata is not None and json.loads(result.to_json())["metadata"] == result.metadata.to_dict()
    assert pickle.loads(pickle.dumps(result)).metadata == result.at(0.9).metadata == result.metadata
    assert result.text == clean(page()).text


def test_what_the_page_does_not_print_is_told_by_its_metadata() -> None:
    linked = json.dumps({"@type": "NewsArticle", "headline": "The lamp", "author": {"name": "Ida Moor"}, "datePublished": "2024-05-06"})
    result = clean(f'<html><script type="application/ld+json">{linked}</script><body><p>{PROSE}</p></body></html>', with_metadata=True)
    assert (result.title, result.byline, result.published) == ("The lamp", "Ida Moor", "2024-05-06")


def test_what_the_page_prints_goes_before() -> None:
    linked = json.dumps({"@type": "NewsArticle", "headline": "Another headline", "author": {"name": "Ida Moor"}})
    told = f'<html><script type="application/ld+json">{linked}</script><body><h1>The lamp of Quillholm</h1><p>{PROSE}</p></body></html>'
    assert clean(told, with_metadata=True).title == "The lamp of Quillholm"


def test_a_page_without_a_story_has_no_title() -> None:
    result = clean('<html><head><title>404</title><meta property="og:title" content="404"></head><body></body></html>', with_metadata=True)
    assert result.verdict == "no_story" and result.metadata is not None and result.metadata.title == "404" and result.title is None


def test_text_has_none() -> None:
    assert clean(PROSE, with_metadata=True).metadata is None


def test_of_many() -> None:
    items = [(page(), "https://pier.example/x"), page().encode(), PROSE]
    found = [r.metadata and r.metadata.url for r in clean_many(items, with_metadata=True)]
    assert found == ["https://pier.example/lamp?a=1&b=2", None, None]


def test_the_option_is_checked() -> None:
    with pytest.raises(TypeError, match="with_metadata"):
        Options.of(with_metadata=1)


# bad pages


@PROFILE
@given(st.lists(st.sampled_from((
    "<meta ", "name=author ", "content='", "'", '"', ">", "<title>", "</title>", "<script type='application/ld+json'>", "</script>", "</",
    '{"@type": "Article"', ', "author": [', "]", "}", "\0", "\ud800", "&amp;",
    "<link rel=canonical href=//[x", "<html lang=")), max_size=20))
def test_any_head_is_read(parts: list[str]) -> None:
    found = page_metadata("".join(parts), "https://pier.example/")
    assert all(value is None or isinstance(value, str) for value in found.to_dict().values())


@pytest.mark.parametrize("part", ("<meta name='a' content='b", "<script type=application/ld+json>{", "</", "<meta a= ", '<title a="'))
def test_time_is_linear(part: str) -> None:
    begun = time.process_time()
    page_metadata("<script type='application/ld+json'>" + part * (300_000 // len(part)))
    assert time.process_time() - begun < 5
