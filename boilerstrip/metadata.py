"""Facts about a story: when it was published, from its blocks; title, author and the like, from a page's HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from html import unescape
from itertools import pairwise
from typing import Any
from urllib.parse import urljoin

from boilerstrip.segment.embedded import PAGE_TYPES, STORY_TYPES, is_of_type, parsed, values

__all__ = ["Metadata", "names_somebody", "page_metadata", "published_date"]

# Where a date may be: digits with separators, or a day and a year around a word (in either order), in any script.
NUMERIC = re.compile(
    r"(?<!\d)(?:\d{4}\s?[-./年년]\s?\d{1,2}\s?[-./月월]\s?\d{1,2}\s?[日일]?"
    r"|\d{1,2}\s?[-./]\s?\d{1,2}\s?[-./]\s?\d{4})(?!\d)")
WORDED = re.compile(
    r"(?<!\d)(?:\d{1,2}(?:st|nd|rd|th|er|[.º])?\s(?:de\s|d['’])?[^\W\d]{3,14}\.?,?\s(?:de\s)?\d{4}"
    r"|[^\W\d]{3,14}\.?\s\d{1,2}(?:st|nd|rd|th)?,?\s\d{4})(?!\d)")
LONGEST = 300  # characters of a byline that are searched


def published_date(bylines: Iterable[str]) -> str | None:
    """The first date in the bylines as an ISO date (YYYY-MM-DD), or None.

    Only absolute, complete dates count. Month names of some 200 languages are read by dateparser, which is imported
    on the first worded date; for numeric dates day comes first unless the year does or the numbers say otherwise.
    """
    for line in bylines:
        text = line[:LONGEST]
        found = _numeric(text) or _worded(text)
        if found is not None and 1990 <= found.year <= 2100:
            return found.isoformat()
    return None


def names_somebody(byline: str) -> bool:
    """Whether a byline may say who: it has no digit, or without its dates two words with capitals stand side by side."""
    text = byline[:LONGEST]
    if not any(map(str.isdigit, text)):
        return True
    words = WORDED.sub(" | ", NUMERIC.sub(" | ", text)).split()
    return any(one[0].isupper() and one[-1].isalpha() and other[0].isupper() for one, other in pairwise(words))


def _numeric(text: str) -> date | None:
    for match in NUMERIC.finditer(text):
        parts = [int(n) for n in re.findall(r"\d+", match.group())]
        year, month, day = parts if parts[0] > 31 else parts[::-1]
        if month > 12 and day <= 12:
            month, day = day, month
        try:
            return date(year, month, day)
        except ValueError:
            continue
    return None


def _worded(text: str) -> date | None:
    found = WORDED.search(text)
    if found is None:
        return None
    import dateparser

    parsed: datetime | None = dateparser.parse(
        found.group(), settings={"REQUIRE_PARTS": ["day", "month", "year"], "PREFER_DATES_FROM": "past"})
    return parsed.date() if parsed is not None else None


# ---- from HTML ----------------------------

HEAD = 1_000_000  # characters of a page that are searched for <meta>, <link> and <title>
LINKED_DATA = 2_000_000  # characters of JSON-LD that are read
MOST_CHARS = 3_000_000  # longer pages are not given to trafilatura
LONGEST_FACT = 1000
TAG = re.compile(r"<(html|meta|link)\b([^<>]{1,4000})>", re.I)
TITLE = re.compile(r"<title\b[^<>]{0,500}>([^<]{1,2000})", re.I)
ATTRIBUTE = re.compile(r"""([\w:-]{1,40})\s{0,20}=\s{0,20}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
LINKED = re.compile(r"<script\b[^<>]{0,1000}?application/ld\+json[^<>]{0,1000}>", re.I)
SCRIPT, SCRIPT_END = re.compile(r"<script\b", re.I), re.compile(r"</script[^<>]{0,100}>", re.I)
LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3}", re.I)
ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?!\d)")
NAMES = {  # of <meta>, the best first
    "title": ("og:title", "twitter:title", "dc.title", "dcterms.title", "headline", "parsely-title", "sailthru.title"),
    "author": ("author", "article:author", "dc.creator", "dcterms.creator", "byl", "parsely-author", "sailthru.author"),
    "date": ("article:published_time", "og:article:published_time", "datepublished", "date", "dc.date.issued", "dcterms.created", "dc.date",
             "publish-date", "pubdate", "publication_date", "sailthru.date", "parsely-pub-date", "article.published", "og:published_time"),
    "site": ("og:site_name", "application-name", "apple-mobile-web-app-title", "dc.publisher"),
    "language": ("content-language", "og:locale", "dc.language", "language"),
    "url": ("og:url",),
}


@dataclass(frozen=True, slots=True)
class Metadata:
    """What an HTML page says about itself; None where it says nothing. `date` is an ISO date, `language` a tag such as
    "de-AT", and several authors are joined by "; "."""

    title: str | None = None
    author: str | None = None
    date: str | None = None
    site: str | None = None
    language: str | None = None
    url: str | None = None

    def to_dict(self) -> dict[str, str | None]:
        """The facts by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def completed(self, other: Metadata) -> Metadata:
        """With what is missing taken from `other`."""
        return Metadata(*(getattr(self, f.name) or getattr(other, f.name) for f in fields(self)))


def page_metadata(html: str, url: str | None = None) -> Metadata:
    """The metadata of a page: from its JSON-LD and its <meta> elements, and what is missing there through trafilatura.

    Args:
        html: the page.
        url: where it is from, for relative addresses and where the page names none.
    """
    heads = list(_tags(html[:HEAD]))
    found = _head_metadata(heads).completed(_linked_metadata(html))
    if not (found.title and found.author and found.date and found.site):
        found = found.completed(_trafilatura_metadata(html))
    title = TITLE.search(html[:HEAD]) if not found.title else None
    address = found.url
    if url and address:
        with suppress(ValueError):
            address = urljoin(url, address)
    return replace(found, title=found.title or (_folded(title.group(1)) if title else None),
                   url=address if address and address.startswith(("http://", "https://")) else url)


def _folded(value: Any) -> str | None:
    """A fact as one line, or None."""
    if not isinstance(value, str):
        return None
    text = unescape(unescape(value[:4 * LONGEST_FACT])) if "&" in value else value[:4 * LONGEST_FACT]
    return " ".join(re.sub(r"<[^<>]{0,500}>", " ", text).split())[:LONGEST_FACT] or None


def _date(value: str | None) -> str | None:
    if value is None:
        return None
    for year, month, day in ISO_DATE.findall(value[:LONGEST]):
        with suppress(ValueError):
            if 1990 <= int(year) <= 2100:
                return date(int(year), int(month), int(day)).isoformat()
    return published_date([value])


def _language(value: str | None) -> str | None:
    tag = value.strip().split(",")[0].strip().replace("_", "-") if value else ""
    return tag if LANGUAGE.fullmatch(tag) else None


def _author(value: str | None) -> str | None:
    """A name; addresses and handles are none."""
    if value is None or value.startswith(("http://", "https://", "/", "@")) or len(value) > 200:
        return None
    return re.sub(r"^(?:by|von|par|por)\s+", "", value, flags=re.I) or None


def _checked(facts: dict[str, str | None]) -> Metadata:
    return Metadata(facts.get("title"), _author(facts.get("author")), _date(facts.get("date")), facts.get("site"),
                    _language(facts.get("language")), facts.get("url"))


def _tags(head: str) -> Iterator[tuple[str, dict[str, str]]]:
    for match in TAG.finditer(head):
        yield match.group(1).lower(), {name.lower(): a or b or c for name, a, b, c in ATTRIBUTE.findall(match.group(2))}


def _head_metadata(tags: Iterable[tuple[str, dict[str, str]]]) -> Metadata:
    """From <html lang>, <meta> and <link rel=canonical>."""
    named: dict[str, str] = {}
    language = canonical = None
    for tag, attributes in tags:
        if tag == "html":
            language = language or attributes.get("lang") or attributes.get("xml:lang")
        elif tag == "link":
            if "canonical" in attributes.get("rel", "").lower().split():
                canonical = canonical or attributes.get("href")
        else:
            name = attributes.get("property") or attributes.get("name") or attributes.get("itemprop") or attributes.get("http-equiv")
            content = _folded(attributes.get("content"))
            if name and content:
                named.setdefault(name.lower(), content)
    facts: dict[str, str | None] = {fact: next((named[n] for n in names if n in named), None) for fact, names in NAMES.items()}
    facts["language"] = _language(language) or facts["language"]
    facts["url"] = _folded(canonical) or facts["url"]
    facts["author"] = next((named[n] for n in NAMES["author"] if _author(named.get(n))), None)
    return _checked(facts)


def _linked_metadata(html: str) -> Metadata:
    """From JSON-LD: of the first object that is a story, else of the page's own."""
    stories: list[dict[str, Any]] = []
    pages: list[dict[str, Any]] = []
    sites: list[dict[str, Any]] = []
    read = 0
    for opening in LINKED.finditer(html):
        end = html.find("</", opening.end(), opening.end() + LINKED_DATA - read)
        while end >= 0 and html[end:end + 8].lower() != "</script":
            end = html.find("</", end + 2, opening.end() + LINKED_DATA - read)
        if end < 0:
            break
        read += end - opening.end()
        for _, value in values(parsed(html[opening.end():end])):
            if isinstance(value, dict):
                group = next((group for group, ends in ((stories, STORY_TYPES), (pages, PAGE_TYPES), (sites, ("website",)))
                              if is_of_type(value, ends)), None)
                if group is not None:
                    group.append(value)
    found = Metadata()
    for value in [*stories[:1], *pages[:1]]:
        found = found.completed(_object_metadata(value))
    return found.completed(Metadata(site=_name(sites[0]))) if sites else found


def _object_metadata(value: dict[str, Any]) -> Metadata:
    return _checked({
        "title": _folded(value.get("headline")) or _folded(value.get("name")), "author": _names(value.get("author")),
        "date": _folded(value.get("datePublished")) or _folded(value.get("dateCreated")), "site": _name(value.get("publisher")),
        "language": _folded(value.get("inLanguage"))})


def _name(value: Any) -> str | None:
    return _folded(value.get("name") if isinstance(value, dict) else value)


def _names(value: Any) -> str | None:
    names = [name for name in map(_name, value if isinstance(value, list) else [value]) if _author(name)]
    return "; ".join(dict.fromkeys(filter(None, names))) or None


def _without_scripts(html: str) -> str:
    """Scripts were read already, and trafilatura's patterns take long on broken ones."""
    parts, at = [], 0
    for opening in SCRIPT.finditer(html):
        if opening.start() >= at:
            parts.append(html[at:opening.start()])
            closing = SCRIPT_END.search(html, opening.end())
            at = closing.end() if closing else len(html)
    return "".join([*parts, html[at:]])


def _trafilatura_metadata(html: str) -> Metadata:
    """What trafilatura finds in the rest of the page; nothing where it fails."""
    if len(html) > MOST_CHARS:
        return Metadata()
    import trafilatura

    try:
        found = trafilatura.extract_metadata(_without_scripts(html), extensive=False)  # without guessing dates
    except Exception:  # another library's failure on a page is no reason to lose the page
        return Metadata()
    if found is None:
        return Metadata()
    return _checked({"title": _folded(found.title), "author": _folded(found.author), "date": _folded(found.date),
                     "site": _folded(found.sitename), "url": _folded(found.url)})
