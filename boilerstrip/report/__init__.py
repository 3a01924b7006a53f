"""A result to look at: in a notebook, and as a self-contained HTML report in which blocks can be corrected.

Page text is never markup here: notebooks get it escaped, the report gets it as JSON that holds no `<`, and its script
writes it as text only. A content security policy forbids everything but the report's own style and script.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from boilerstrip.labels import LABELS, Label, Verdict
from boilerstrip.result import log_odds, rejoined

if TYPE_CHECKING:
    from boilerstrip.result import Block, Result

__all__ = ["MARK", "digest_of", "notebook_html", "report_html"]

MARK = '<meta name="generator" content="boilerstrip report">'  # says that a file is a report, and may be overwritten by one
HEAD_BLOCKS, TAIL_BLOCKS = 120, 40  # what a notebook shows of a longer page
BLOCK_CHARS = 1200  # what a notebook shows of a longer block
UNSAFE_IN_JSON = re.compile("[<>&\u2028\u2029\ud800-\udfff]")
NUMBER = {label: number for number, label in enumerate(LABELS)}


@cache
def asset(name: str) -> str:
    """A template, style or script of this package."""
    return (files("boilerstrip.report") / name).read_text("utf-8")


def digest_of(raw: str) -> str:
    """SHA-256 of a page's text, which corrections name their page by."""
    return hashlib.sha256(raw.encode("utf-8", "surrogatepass")).hexdigest()


# ---- notebook ----------------------------


def notebook_html(result: Result) -> str:
    """What a notebook shows of a result: its blocks in order, kept ones plain, removed ones dimmed and coloured by label,
    confidence as a bar, reasons on hover. No script; long pages are cut in the middle."""
    page = result.page
    shown: list[str] = []
    if len(page) <= HEAD_BLOCKS + TAIL_BLOCKS:
        shown += map(_notebook_block, page)
    else:
        hidden = page[HEAD_BLOCKS:-TAIL_BLOCKS]
        kept = sum(b.kept for b in hidden)
        shown += map(_notebook_block, page[:HEAD_BLOCKS])
        shown.append(f'<div class="bs-note">… {len(hidden):,} more blocks, {kept:,} of them kept: <code>result.page</code> holds all, '
                     "<code>boilerstrip explain PAGE --html report.html</code> shows them …</div>")
        shown += map(_notebook_block, page[-TAIL_BLOCKS:])
    return (f'<div class="bs-result"><style>{asset("notebook.css")}</style><div class="bs-head">{_notebook_head(result)}</div>'
            f'<div class="bs-blocks">{"".join(shown)}</div></div>')


def _notebook_head(result: Result) -> str:
    if result.error is not None:
        return f"<b>error</b> {_escaped(result.error)}"
    facts = [f"<b>{_escaped(result.verdict)}</b> {result.confidence:.0%}",
             f"{_escaped(result.page_type)} {result.page_type_confidence:.0%}",
             f"{len(result.blocks):,} of {len(result.page):,} blocks kept", f"threshold {result.threshold:.2f}"]
    return " · ".join(facts)


def _notebook_block(block: Block) -> str:
    fate = "kept" if block.kept else "removed"
    text = block.text if len(block.text) <= BLOCK_CHARS else block.text[:BLOCK_CHARS] + " …"
    label = _escaped(block.label)
    return (f'<div class="bs-block bs-{fate} bs-{label}" title="{_escaped(_hint(block))}"><span class="bs-label">{label}</span>'
            f'<span class="bs-bar" role="img" aria-label="{fate}, confidence {block.confidence:.0%}">'
            f'<i style="width:{block.confidence:.0%}"></i></span><span class="bs-text" dir="auto">{_escaped(text)}</span></div>')


def _hint(block: Block) -> str:
    lines = [f"{'kept' if block.kept else 'removed'} as {block.label}: confidence {block.confidence:.2f}, story {block.story:.2f}"]
    lines += [f"{r.source} {r.weight:+.2f} for {'the story' if r.source == 'model' else r.label}" for r in block.reasons]
    return "\n".join(lines)


def _escaped(text: str) -> str:
    """Text for HTML; half characters, which cannot be encoded, become the replacement character."""
    return html.escape(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), quote=True)


# ---- report ----------------------------


def report_html(results: Iterable[Result], names: Sequence[str]) -> str:
    """One self-contained HTML file about one page or many: what was kept and why, at any threshold. Blocks can be
    corrected in it, and the corrections exported as JSON lines.

    Args:
        results: the pages.
        names: what to call them, as many.

    Raises:
        ValueError: if there are not as many names as results, or none.
    """
    pages = [_page(result, name) for result, name in zip(results, names, strict=True)]
    if not pages:
        raise ValueError("a report needs at least one page")
    index = [page.pop("facts") for page in pages]
    key = hashlib.sha256("".join(row["sha256"] for row in index).encode()).hexdigest()[:16]
    data = [f'<script type="application/json" id="index">{_json({"labels": list(LABELS), "key": key, "pages": index})}</script>']
    data += [f'<script type="application/json" id="page-{n}">{_json(page)}</script>' for n, page in enumerate(pages)]
    style, script = asset("report.css"), asset("report.js")
    policy = f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'"
    parts = {"MARK": MARK, "POLICY": policy, "STYLE": style, "SCRIPT": script, "DATA": "\n".join(data)}
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], asset("report.html"))


def _page(result: Result, name: str) -> dict[str, Any]:
    """A page as columns. Its text is told as the blocks' and what stands between them."""
    s, raw = result.scored, result.raw
    labels, kept = result._decided
    gaps, at = [], 0
    for start, end in zip(s.start, s.end):
        gaps.append(raw[at:start])
        at = end
    whole = all(raw[a:b] == text for a, b, text in zip(s.start, s.end, s.text))
    facts = {
        "name": name, "sha256": digest_of(raw), "verdict": result.verdict, "confidence": result.confidence, "type": result.page_type,
        "title": result.title, "error": result.error, "blocks": len(kept), "kept": sum(kept), "threshold": result.threshold,
        "words": sum(s.words), "doubtful": sum(0.2 <= p <= 0.8 for p in s.story), "model": result.model}
    return {
        "facts": facts, "threshold": result.threshold, "noStory": result.verdict is Verdict.NO_STORY, "html": s.tree is not None,
        "keep": sorted(NUMBER[label] for label in result.keep), "text": s.text, "gap": gaps if whole else None, "tail": raw[at:],
        "start": s.start, "end": s.end, "joint": s.joint, "story": s.story, "other": [NUMBER[label] for label in s.other],
        "otherConfidence": s.other_confidence, "words": s.words, "label": [NUMBER[label] for label in labels], "kept": list(map(int, kept)),
        "path": s.tree.path if s.tree is not None else None, "fixed": s.fixed,
        "model": [round(log_odds(p), 2) for p in s.story], "told": {n: rejoined(s.text[n]) for n in s.torn},
        "hits": {n: [[r.source, NUMBER[Label(r.label)], r.weight] for r in hits] for n, hits in s.hits.items()}}


def _json(value: Any) -> str:
    """JSON that can stand inside a script element: nothing in it opens or closes a tag or a comment."""
    return UNSAFE_IN_JSON.sub(lambda m: f"\\u{ord(m[0]):04x}", json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _hash(content: str) -> str:
    """How a content security policy names an inline style or script."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode()
