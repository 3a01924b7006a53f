"""Scrapy: a real crawl of a site on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pages import NOTHING, RULE, needs_html, page

from boilerstrip import clean

pytest.importorskip("scrapy")

SPIDER = '''
import dataclasses, json, scrapy

@dataclasses.dataclass
class Page:
    url: str
    raw: str | None
    story_text: str | None = None
    story_verdict: str | None = None

class Declared(scrapy.Item):
    url, html = scrapy.Field(), scrapy.Field()

class Walker(scrapy.Spider):
    name = "walker"
    async def start(self):
        yield scrapy.Request(self.address + "/index.html")
    def parse(self, response):
        for link in response.css("a.story"):
            yield response.follow(link, self.parse_page)
        yield {"url": response.url, "note": "an index, which is not for the pipeline"}
    def parse_page(self, response):
        raw = "\\n\\n".join(t.strip() for t in response.css("body ::text").getall() if t.strip())
        if self.kind == "html":
            yield {"url": response.url, "html": response.text}
        elif self.kind == "dict":
            yield {"url": response.url, "html": raw}
        elif self.kind == "dataclass":
            yield Page(response.url, raw)
        else:
            yield Declared(url=response.url, html=raw)
    def closed(self, reason):
        with open("stats.json", "w") as file:
            json.dump(self.crawler.stats.get_stats(), file, default=str)
'''
SETTINGS = {"ITEM_PIPELINES": {"boilerstrip.integrations.scrapy.StoryPipeline": 300}, "LOG_LEVEL": "WARNING",
            "TELNETCONSOLE_ENABLED": False}
TEXTS = [*(page(n) for n in range(3)), NOTHING]
Crawl = Callable[..., tuple[dict[str, dict[str, Any]], dict[str, Any], str]]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    links = "".join(f'<a class="story" href="page{n}.html">Page {n}</a>' for n in range(len(TEXTS)))
    (folder / "index.html").write_text(f"<html><body>{links}</body></html>")
    for number, text in enumerate(TEXTS):
        body = "".join(f"<p>{line}</p>" for line in text.split("\n\n"))
        (folder / f"page{number}.html").write_text(f'<html><head><meta charset="utf-8"></head><body>{body}</body></html>', "utf-8")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def crawl(site: str, tmp_path: Path) -> Crawl:
    def run(kind: str = "dict", **settings: Any) -> tuple[dict[str, dict[str, Any]], dict[str, Any], str]:
        (tmp_path / "spider.py").write_text(SPIDER)
        values = {name: value if isinstance(value, str) else json.dumps(value) for name, value in {**SETTINGS, **settings}.items()}
        command = [sys.executable, "-m", "scrapy", "runspider", "spider.py", "-O", "items.jsonl", "-a", f"address={site}",
                   "-a", f"kind={kind}", *(arg for name, value in values.items() for arg in ("-s", f"{name}={value}"))]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        stats = json.loads((tmp_path / "stats.json").read_text()) if (tmp_path / "stats.json").exists() else {}
        items = [json.loads(line) for line in (tmp_path / "items.jsonl").read_text().splitlines()] if stats else []
        return {item["url"].rpartition("/")[2]: item for item in items}, stats, done.stderr

    return run


def test_items_get_the_story(crawl: Crawl) -> None:
    items, stats, _ = crawl()
    for number, text in enumerate(TEXTS):
        item, result = items[f"page{number}.html"], clean(text)
        assert item == {"url": item["url"], "html": text, "story_text": result.text, "story_title": result.title,
                        "story_verdict": str(result.verdict), "story_confidence": result.confidence,
                        "story_page_type": str(result.page_type)}
    assert list(items["index.html"]) == ["url", "note"]
    results = [clean(text) for text in TEXTS]
    stories = sum(r.verdict == "story" for r in results)
    assert stats["boilerstrip/pages"] == len(TEXTS)
    assert stats["boilerstrip/stories"] == stories and stats["boilerstrip/no_story"] == len(TEXTS) - stories
    assert stats["boilerstrip/items_without_page"] == 1
    assert stats["boilerstrip/characters"] == sum(map(len, TEXTS))
    assert stats["boilerstrip/characters_kept"] == sum(len(r.text) for r in results)
    removed = sum(count for name, count in stats.items() if name.startswith("boilerstrip/removed/"))
    assert removed == sum(len(r.removed) for r in results)


def test_items_without_a_story_are_dropped_on_request(crawl: Crawl) -> None:
    assert clean(NOTHING).verdict == "no_story"
    items, stats, log = crawl(BOILERSTRIP_DROP_NO_STORY=True)
    assert set(items) == {"index.html", "page0.html", "page1.html", "page2.html"}
    assert stats["item_dropped_count"] == stats["boilerstrip/no_story"] == 1
    assert "no story (confidence" in log and "page3.html" in log


def test_settings(crawl: Crawl) -> None:
    rule = {**RULE, "sites": ["127.0.0.1"]}
    items, _, _ = crawl("dataclass", BOILERSTRIP_FIELD="raw", BOILERSTRIP_OPTIONS={"rules": [rule], "favor": "recall"})
    story = items["page0.html"]
    assert story["story_text"] == clean(TEXTS[0], url="http://127.0.0.1/", rules=[rule], favor="recall").text
    assert story["story_text"] != clean(TEXTS[0], favor="recall").text
    assert "story_title" not in story


def test_pages_that_cannot_be_cleaned(crawl: Crawl) -> None:
    items, stats, _ = crawl(BOILERSTRIP_OPTIONS={"max_chars": 400}, BOILERSTRIP_PREFIX="s_", BOILERSTRIP_DROP_NO_STORY=True)
    assert items["page0.html"]["s_text"] == "" and "max_chars" in items["page0.html"]["s_error"]
    assert stats["boilerstrip/errors"] == 3


def test_says_what_is_wrong(crawl: Crawl) -> None:
    _, _, log = crawl("declared")
    assert "Declared must declare the field 'story_text'" in log
    _, _, log = crawl(BOILERSTRIP_OPTIONS={"favour": "recall"})
    assert "setting BOILERSTRIP_OPTIONS: unknown option 'favour'; did you mean 'favor'?" in log


@needs_html
def test_html(crawl: Crawl, site: str) -> None:
    items, _, _ = crawl("html")
    item = items["page1.html"]
    assert item["story_text"] == clean(item["html"], url=item["url"]).text
