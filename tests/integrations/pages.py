"""Pages for the tests of the integrations, and what `clean_many` makes of them."""

from __future__ import annotations

import random
from importlib.resources import files
from typing import Any

import pytest

from boilerstrip import clean_many

COLUMNS = ("text", "title", "verdict", "confidence", "page_type", "error")
THINGS = ["weir", "bandstand", "tithe barn", "lime kiln", "tram shed", "oast house", "slipway"]
needs_html = pytest.mark.skipif(not (files("boilerstrip") / "weights" / "html.npz").is_file(), reason="no weights for HTML")


def page(number: int) -> str:
    """A short page with a story of its own."""
    r = random.Random(number)
    lines = [f"The parish of Upper {r.choice(['Wend', 'Sarn', 'Thrup'])} will mend its {r.choice(THINGS)} before the "
             f"{r.randint(4, 19)}th of May, the clerk told {r.randint(20, 90)} people who had come to the meeting with lamps and their own "
             "chairs." for _ in range(4)]
    return "\n\n".join(["Home", "News", "Sport", "Log in", f"A new roof for the {r.choice(THINGS)}", "By Odile Marrick", *lines,
                        "Advertisement", "Share on Facebook", "Related Articles", "Ferry fares rise again", "© 2031 The Wend Courier"])


NOTHING = "404\n\nPage not found\n\nThe page that you asked for is not here.\n\nBack to the start page"
CHINESE = "首页\n\n新闻\n\n渡轮在九点离开码头,船上有四十名乘客。港务局说,新的灯塔将在春天点亮,居民们等了九年。\n\n分享"
PAGES = [*(page(n) for n in range(7)), NOTHING, "", CHINESE, page(7).replace("\n\n", "\n")]


def expected(pages: list[Any], urls: list[str | None] | None = None, **options: Any) -> dict[str, list[Any]]:
    """The columns that an integration has to give."""
    out: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for r in clean_many(zip(pages, urls or [None] * len(pages)), **options):
        for name, value in zip(COLUMNS, (r.text, r.title, str(r.verdict), r.confidence, str(r.page_type), r.error)):
            out[name].append(value)
    return out


RULE = {"id": "test.parish", "label": "other", "phrases": ["the parish of upper"], "position": "line_start", "action": "drop",
        "weight": 4.0, "sites": ["wend.example"], "examples": ["The parish of Upper Wend will mend its weir."],
        "counterexamples": ["Nobody in the parish of Upper Wend was surprised."]}
"""A rule that acts on one site only: it shows whether addresses arrive."""
URLS = ["https://wend.example/a" if n % 2 else None for n in range(len(PAGES))]
