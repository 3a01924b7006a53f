"""What a page tells machines of its story: in JSON-LD, in the states that frameworks embed, and in its description."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape, unescape
from typing import Any

from boilerstrip.chars import count_words

__all__ = ["FEWEST_WORDS", "PAGE_TYPES", "STORY_TYPES", "is_of_type", "parsed", "probes_of", "share_told", "stories_of", "told", "values"]

Attributes = Mapping[str, str]
Scripts = Sequence[tuple[Attributes, list[str]]]  # attributes and pieces of each

FEWEST_WORDS = 25  # of a story
MAX_STATES, MAX_STRINGS = 1000, 200_000  # values tried per script, strings looked at in a value
STATE = re.compile(r"""(?:window|self|globalThis)\s*(?:\.\s*|\[\s*["'])([\w$]{3,60})(?:["']\s*\])?\s*=\s*(JSON\.parse\(\s*)?(?=[\[{"'])""")
BODY_KEYS = ("articleBody", "reviewBody", "text")
DESCRIPTIONS = frozenset({"description", "og:description", "twitter:description"})
# How the names of types end, in lower case.
STORY_TYPES = ("article", "posting", "report", "product", "recipe", "review", "question", "howto", "course", "event", "videoobject")
PAGE_TYPES = ("webpage", "itempage", "collectionpage", "qapage", "faqpage")
READERS_TYPES = ("comment", "review")  # what readers say
MARKUP = re.compile(r"<(?:p|div|br|h[1-6]|ul|ol|li|strong|em|a|span|figure|blockquote)\b[^<>]{0,500}>", re.I)

PIECE = 12  # characters without white space, two or three words
PROBE = 24  # characters in which that many are looked for
MOST_TOLD = 50_000  # characters
ANY_TAG = re.compile(r"</?[a-z][^<>]{0,500}>", re.I)
LONG_REFERENCE = re.compile(r"&#\d{8,};?")  # of no character; Python refuses to read very long numbers


def told(scripts: Scripts, metas: Iterable[Attributes]) -> tuple[frozenset[str], frozenset[str]]:
    """Pieces of what a page says to be its story, and of its descriptions; none where it says nothing.

    Args:
        scripts: the page's scripts; only JSON-LD counts.
        metas: the attributes of its <meta> elements.
    """
    bodies: list[str] = []
    texts: list[str] = []
    descriptions = [meta.get("content", "") for meta in metas
                    if any(meta.get(key, "").strip().lower() in DESCRIPTIONS for key in ("property", "name", "itemprop"))]
    for attributes, parts in scripts:
        if _is_linked_data(attributes):
            for _, value in values(parsed("".join(parts))):
                if isinstance(value, dict):
                    bodies += _strings(value, "articleBody")
                    texts += [] if is_of_type(value, READERS_TYPES) else _strings(value, "text")
                    descriptions += _strings(value, "description") if is_of_type(value, STORY_TYPES + PAGE_TYPES) else []
    return _pieces(bodies + texts), _pieces(descriptions)


def _strings(value: dict[str, Any], key: str) -> list[str]:
    found = value.get(key)
    return [found] if isinstance(found, str) else []


def is_of_type(value: dict[str, Any], endings: tuple[str, ...]) -> bool:
    """Whether one of an object's types ends so."""
    kinds = value.get("@type")
    return any(kind.lower().endswith(endings) for kind in (kinds if isinstance(kinds, list) else [kinds]) if isinstance(kind, str))


def _pieces(texts: Iterable[str]) -> frozenset[str]:
    """Every run of so many characters."""
    found: set[str] = set()
    left = MOST_TOLD
    for text in dict.fromkeys(texts):
        text = unescape(LONG_REFERENCE.sub("\ufffd", text[:left]))
        left -= len(text)
        solid = _solid((ANY_TAG.sub(" ", text) if "<" in text else text).lower())
        found.update(solid[at:at + PIECE] for at in range(len(solid) - PIECE + 1))
        if left <= 0:
            break
    return frozenset(found)


def _solid(text: str) -> str:
    return "".join(text.split())


def probes_of(lowered: str) -> list[str]:
    """What to look for of a block in lower case: its beginning, its middle and its end; of a short one only its beginning, and of
    a very short one nothing."""
    if len(lowered) <= PROBE:
        solid = _solid(lowered)[:PIECE]
        return [solid] if len(solid) == PIECE else []
    middle = len(lowered) // 2
    probes = (_solid(lowered[:PROBE])[:PIECE], _solid(lowered[middle:middle + PROBE])[:PIECE], _solid(lowered[-PROBE:])[-PIECE:])
    return [probe for probe in probes if len(probe) == PIECE]


def share_told(probes: list[str], pieces: frozenset[str]) -> float:
    """How many of them are among the pieces, from 0 to 1."""
    return sum(probe in pieces for probe in probes) / len(probes) if probes else 0.0


def _is_linked_data(attributes: Attributes) -> bool:
    return attributes.get("type", "").partition(";")[0].strip().lower() == "application/ld+json"


def stories_of(scripts: Scripts) -> Iterator[tuple[str, str]]:
    """The stories in a page's scripts as HTML, JSON-LD first."""
    later = []
    for attributes, parts in scripts:
        if _is_linked_data(attributes):
            for story in _linked_data(parsed("".join(parts))):
                yield "json-ld", story
        elif parts:
            later.append((attributes.get("type", "").strip().lower(), "".join(parts)))
    for kind, code in later:
        for data in _states(kind, code):
            prose = _longest_prose(data)
            if prose:
                yield "state", prose


def parsed(code: str) -> Any:
    """The value of a JSON script; None where it is broken."""
    code = code.strip().removeprefix("<!--").removesuffix("-->").strip().removeprefix("//<![CDATA[").removesuffix("//]]>")
    try:
        return json.loads(code, strict=False)
    except (ValueError, RecursionError):
        return None


def _states(kind: str, code: str) -> Iterator[Any]:
    """The JSON values in a script: the whole of it, or what it assigns to a property of the window."""
    if kind.endswith("json"):
        yield parsed(code)
        return
    if kind and "javascript" not in kind and kind != "module":
        return
    decoder, at, tried = json.JSONDecoder(strict=False), 0, 0
    while tried < MAX_STATES and (found := STATE.search(code, at)):
        tried += 1
        at = found.end()
        try:
            if code[at] == "'":
                continue
            value, at = decoder.raw_decode(code, at)
            yield json.loads(value, strict=False) if isinstance(value, str) and found.group(2) else value
        except (ValueError, RecursionError):
            continue


def values(data: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """All values of nested JSON with their keys, in document order; repeated keys and places in lists left out."""
    stack: list[tuple[tuple[str, ...], Any]] = [((), data)]
    seen = 0
    while stack and seen < MAX_STRINGS:
        seen += 1
        path, value = stack.pop()
        yield path, value
        if isinstance(value, dict):
            stack.extend(((path if path[-1:] == (key,) else (*path, key)[-6:]), child) for key, child in reversed(value.items()))
        elif isinstance(value, list):
            stack.extend((path, child) for child in reversed(value))


def _linked_data(data: Any) -> Iterator[str]:
    """Stories of JSON-LD: everything with an `articleBody` or the like."""
    for _, value in values(data):
        if isinstance(value, dict):
            body = next((value[key] for key in BODY_KEYS if isinstance(value.get(key), str)), None)
            if body is not None and count_words(body) >= FEWEST_WORDS:
                head = value.get("headline") or value.get("name")
                yield _as_html([body], head if isinstance(head, str) else None)


def _longest_prose(data: Any) -> str | None:
    """The prose in a framework's state: strings that stand under the same keys belong together; the group with most words wins."""
    groups: dict[tuple[str, ...], dict[str, int]] = {}
    for path, value in values(data):
        if isinstance(value, str) and " " in value and not value.lstrip().startswith(("{", "[", "function", "http", ".", "#")):
            words = count_words(value)
            if words >= 5:
                groups.setdefault(path, {})[value] = words
    best = max(groups.values(), key=lambda group: sum(group.values()), default={})
    return _as_html(best) if sum(best.values()) >= FEWEST_WORDS else None


def _as_html(texts: Iterable[str], headline: str | None = None) -> str:
    """Plain texts and fragments as one HTML page."""
    parts = [f"<h1>{escape(headline)}</h1>"] if headline else []
    for text in texts:
        if "&lt;" in text and "<" not in text:
            text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")
        if MARKUP.search(text):
            parts.append(f"<div>{text}</div>")
        else:
            parts.extend(f"<p>{escape(line) if '&' not in text else line}</p>" for line in text.splitlines() if line.strip())
    return f"<html><body><article>{''.join(parts)}</article></body></html>"
