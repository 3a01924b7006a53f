"""Every measure by which the library is judged, in one run over a fold of the data."""

from __future__ import annotations

import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from boilerstrip.decide import kinds_of_input
from boilerstrip.result import Result
from boilerstrip.segment.text import segment
from boilerstrip.stripper import Stripper
from boilerstrip.train import measures
from boilerstrip.train.augment import language_of
from boilerstrip.train.dataset import jobs, read_html
from boilerstrip.train.render import RENDERERS, lines_of

SETS = ("wcxb-dev", "news-dev")
OTHER_LANGUAGES = "not in English"
SPLICES = 200  # pages of the foreign-story test


class Page:
    """One page of the fold, rendered five times."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.html = read_html(Path(job["path"]))
        self.texts: dict[str, str] = {}
        wanted = Counter(measures.words(job["gold"] or ""))
        for name, render in RENDERERS.items():
            try:
                text = render(self.html)
            except Exception:  # a renderer's own failure is not ours to measure
                continue
            if (Counter(measures.words(text)) & wanted).total() >= 0.5 * wanted.total():
                self.texts[name] = text


def line_spans(text: str) -> list[tuple[int, int]]:
    """Offsets of the non-blank lines, as `render.lines_of` counts them."""
    return [(m.start(), m.end()) for m in re.finditer(r"[^\r\n]+", text) if lines_of(m.group())]


def line_scores(result: Result, spans: Sequence[tuple[int, int]]) -> list[float]:
    """Story probability per line: the mean of its blocks, weighted by characters."""
    blocks, out, at = result.page, [], 0
    for a, b in spans:
        while at < len(blocks) and (blocks[at].end or 0) <= a:
            at += 1
        total, covered, k = 0.0, 0, at
        while k < len(blocks) and (blocks[k].start or 0) < b:
            width = min(b, blocks[k].end or 0) - max(a, blocks[k].start or 0)
            total, covered, k = total + width * blocks[k].story, covered + width, k + 1
        out.append(total / covered if covered else 0.0)
    return out


def line_labels(result: Result, spans: Sequence[tuple[int, int]]) -> list[str | None]:
    """Label per line: of the blocks that cover most of its characters."""
    blocks, out, at = result.page, [], 0
    for a, b in spans:
        while at < len(blocks) and (blocks[at].end or 0) <= a:
            at += 1
        near = []
        k = at
        while k < len(blocks) and (blocks[k].start or 0) < b:
            near.append((blocks[k].start or 0, blocks[k].end or 0, str(blocks[k].label)))
            k += 1
        out += measures.labels_of_lines([(a, b)], near)
    return out


def f1_of(found: Iterable[bool], truth: Iterable[int]) -> float:
    pairs = list(zip(found, truth))
    hit = sum(1 for f, t in pairs if f and t == 1)
    got, want = sum(1 for f, t in pairs if f and t >= 0), sum(1 for _, t in pairs if t == 1)
    return 2 * hit / (got + want) if got + want else 1.0


class Calibration:
    """Scores and truths of blocks, per kind of input."""

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple[float, int, int]]] = defaultdict(list)

    def add(self, kind: str, scores: Sequence[float], truth: Sequence[int], words: Sequence[int]) -> None:
        self.rows[kind] += [row for row in zip(scores, truth, words) if row[1] >= 0]

    def figures(self) -> dict[str, dict[str, float]]:
        out = {}
        for kind, rows in sorted(self.rows.items()):
            s, y, w = zip(*rows)
            out[kind] = {"blocks": len(rows), "ece_blocks": measures.expect_calibration(s, y),
                         "ece_words": measures.expect_calibration(s, y, w),
                         "brier_words": sum(c * (a - b) ** 2 for a, b, c in rows) / sum(w)}
        return out


def groups_of(job: dict[str, Any]) -> tuple[str, ...]:
    """What a page with a gold text counts for: its set, its page type, and the languages other than English together."""
    name = job["set"]
    kinds = (name, f"{name} {job['page_type']}") if name == "wcxb-dev" else (name,)
    return kinds if language_of(job["gold"]) == "en" else (*kinds, OTHER_LANGUAGES)


def story_figures(pages: Sequence[Page], clean: Callable[[list[str]], list[Result]]) -> dict[str, Any]:
    """Word F1 by renderer, set and page type, line F1, calibration, exact pages; macro averages over pages, first per
    renderer, then the mean over renderers."""
    scores: dict[str, dict[str, list[tuple[float, float, float]]]] = defaultdict(lambda: defaultdict(list))
    lines: dict[str, list[float]] = defaultdict(list)
    exact: dict[str, list[float]] = defaultdict(list)
    calibration = Calibration()
    for page in pages:
        job = page.job
        if not job["gold"] or job["set"] not in SETS:
            continue
        for name, result in zip(page.texts, clean(list(page.texts.values()))):
            figures = measures.word_f1(result.text, job["gold"])
            for group in groups_of(job):
                scores[group][name].append(figures)
            raw = result.raw
            spans = line_spans(raw)
            texts = [raw[a:b] for a, b in spans]
            truth = measures.story_lines(texts, job["gold"], job["title"])
            values = line_scores(result, spans)
            lines[job["set"]].append(f1_of([v >= result.threshold for v in values], truth))
            exact[job["set"]].append(float(measures.exact_body(result.text, job["gold"])))
            atoms, blocks = segment([raw]), [b.text for b in result.page]
            calibration.add(kinds_of_input(atoms)[0], [b.story for b in result.page],
                            measures.story_lines(blocks, job["gold"], job["title"]), [len(measures.words(t)) for t in blocks])
    groups = {group: {name: dict(zip(("p", "r", "f1"), map(mean, zip(*rows)))) for name, rows in by_renderer.items()}
              for group, by_renderer in scores.items()}
    return {
        "word_f1": {group: {**{name: v["f1"] for name, v in table.items()}, "mean": mean(v["f1"] for v in table.values()),
                            "precision": mean(v["p"] for v in table.values()), "recall": mean(v["r"] for v in table.values())}
                    for group, table in sorted(groups.items())},
        "line_f1": {group: mean(v) for group, v in lines.items()},
        "exact_pages": {group: mean(v) for group, v in exact.items()},
        "calibration": calibration.figures()}


def label_figures(pages: Sequence[Page], clean: Callable[[list[str]], list[Result]]) -> dict[str, Any]:
    """Label F1 over the hand-labelled lines."""
    truth: list[str] = []
    found: list[str | None] = []
    for page in pages:
        job = page.job
        if not job["labels"]:
            continue
        raw = RENDERERS[job["labelled_renderer"]](page.html)
        spans = line_spans(raw)
        if len(spans) != len(job["labels"]):
            continue
        truth += job["labels"]
        found += line_labels(clean([raw])[0], spans)
    return measures.label_f1(truth, found) if truth else {}


def splice_figures(pages: Sequence[Page], clean: Callable[[list[str]], list[Result]], seed: int = 0) -> dict[str, float]:
    """Line F1 with another page's whole story appended, and of the same pages as they are: what the gold texts' gaps cost."""
    rng = random.Random(seed)
    usable = []
    for page in pages:
        if page.job["gold"] and page.job["set"] in SETS and page.job["page_type"] == "article" and page.texts:
            name = rng.choice(sorted(page.texts))
            lines = lines_of(page.texts[name])
            story = measures.story_lines(lines, page.job["gold"], page.job["title"])
            told = [line for line, y in zip(lines, story) if y == 1]
            if len(told) >= 3:
                usable.append((lines, story, told, page.job["title"] or told[0][:80]))
    figures: dict[str, list[float]] = {"splice_line_f1": [], "unspliced_line_f1": []}
    for lines, story, _, _ in usable[:SPLICES]:
        other = rng.choice([u for u in usable if u[0] is not lines])
        spliced = measures.splice(lines, story, other[2], other[3], rng)
        for name, (shown, truth) in zip(figures, (spliced, (lines, story))):
            raw = "\n".join(shown)
            result = clean([raw])[0]
            values = line_scores(result, line_spans(raw))
            figures[name].append(f1_of([v >= result.threshold for v in values], truth))
    return {name: mean(values) for name, values in figures.items()}


def load_pages(data: Path, fold: str = "validation", limit: int | None = None) -> list[Page]:
    """The fold's pages with gold texts or hand labels."""
    chosen = [job for job in jobs(data) if job["fold"] == fold and (job["set"] in SETS or job["labels"])]
    if limit is not None:
        chosen = random.Random(0).sample(chosen, min(limit, len(chosen)))
    return [Page(job) for job in chosen]


def speed_figures(pages: Sequence[Page], stripper: Stripper, repeats: int = 3) -> dict[str, float]:
    """Documents per second of `clean_many` (text and labels of all blocks included), and of trafilatura on the HTML of
    the same pages in the same run, on one core; the ratio is the figure, absolute times are noise. The best of some
    repeats each. And the median time of `clean` on a page of about 16 KB."""
    import trafilatura

    chosen = [page for page in pages if page.job["set"] in SETS and page.texts]
    rng = random.Random(0)
    texts = [page.texts[rng.choice(sorted(page.texts))] for page in chosen]
    ours = []
    for _ in range(repeats + 1):
        begun = time.perf_counter()
        for result in stripper.clean_many(texts):
            _ = result.text, [block.label for block in result.page]
        ours.append(time.perf_counter() - begun)
    theirs = []
    for _ in range(2):
        begun = time.perf_counter()
        for page in chosen:
            trafilatura.extract(page.html)
        theirs.append(time.perf_counter() - begun)
    typical = [t for t in texts if 12_000 < len(t) < 20_000] or texts
    single = []
    for text in typical:
        begun = time.perf_counter()
        _ = stripper.clean(text).text
        single.append(time.perf_counter() - begun)
    return {"pages": len(chosen), "chars_per_page": mean(map(len, texts)), "pages_per_s": len(texts) / min(ours),
            "trafilatura_pages_per_s": len(texts) / min(theirs), "times_trafilatura": min(theirs) / min(ours),
            "median_ms_16kb": sorted(single)[len(single) // 2] * 1000}


# ---- peers ----------------------------

def c4_rules(text: str) -> str:
    """The line rules of C4 (Raffel et al. 2020): lines of five words or more that end in a sentence mark."""
    return "\n".join(line for line in lines_of(text) if len(line.split()) >= 5 and line.endswith((".", "!", "?", '"', "”")))


def as_paragraphs(text: str) -> str:
    from html import escape
    return "<html><body>" + "".join(f"<p>{escape(line)}</p>" for line in lines_of(text)) + "</body></html>"


def peer_figures(pages: Sequence[Page]) -> dict[str, dict[str, float]]:
    """The same word F1 for other tools: on the raw text's lines wrapped as paragraphs, and trafilatura on the HTML."""
    peers: dict[str, Callable[[str], str]] = {"keep everything": lambda t: t, "C4 rules": c4_rules}
    try:
        import justext

        stop_words = frozenset().union(*(justext.get_stoplist(x) for x in ("English", "German", "French", "Spanish")))
        peers["jusText"] = lambda t: "\n".join(p.text for p in justext.justext(as_paragraphs(t), stop_words) if not p.is_boilerplate)
    except ImportError:
        pass
    try:
        from boilerpy3 import extractors

        peers["boilerpy3"] = lambda t: str(extractors.ArticleExtractor(raise_on_failure=False).get_content(as_paragraphs(t)))
    except ImportError:
        pass
    import trafilatura

    peers["trafilatura on lines"] = lambda t: trafilatura.extract(as_paragraphs(t)) or ""
    table: dict[str, dict[str, float]] = {}
    for name, peer in peers.items():
        table[name] = mean_f1(pages, lambda page, peer=peer: [peer(t) for t in page.texts.values()])  # type: ignore[misc]
    table["trafilatura on the HTML"] = mean_f1(pages, lambda page: [trafilatura.extract(page.html) or ""])
    return table


def mean_f1(pages: Sequence[Page], texts: Callable[[Page], list[str]]) -> dict[str, float]:
    groups: dict[str, list[float]] = defaultdict(list)
    for page in pages:
        job = page.job
        if not job["gold"] or job["set"] not in SETS or not page.texts:
            continue
        value = mean(measures.word_f1(t, job["gold"])[2] for t in texts(page))
        for group in groups_of(job):
            groups[group].append(value)
    return {group: mean(values) for group, values in sorted(groups.items())}


def evaluate(data: Path, limit: int | None = None, peers: bool = False, speed: bool = True,
             stripper: Stripper | None = None, pages: Sequence[Page] | None = None) -> dict[str, Any]:
    """All figures on the validation fold."""
    stripper = stripper or Stripper(input="text")
    pages = load_pages(data, limit=limit) if pages is None else pages

    def clean(texts: list[str]) -> list[Result]:
        return list(stripper.clean_many(texts))
    figures = story_figures(pages, clean)
    figures |= splice_figures(pages, clean)
    figures["labels"] = label_figures(pages, clean)
    if speed:
        figures["speed"] = speed_figures(pages, stripper)
    if peers:
        figures["peers"] = peer_figures(pages)
    return figures


def table(figures: dict[str, Any]) -> str:
    """The figures as readable text."""
    out = ["word F1 from raw text" + " " * 13 + "mean   prec.  recall | " + "  ".join(f"{r[:7]:>7}" for r in RENDERERS)]
    for group, row in figures["word_f1"].items():
        out.append(f"{group:<32} {row['mean']:7.4f} {row['precision']:6.3f} {row['recall']:6.3f} | "
                   + "  ".join(f"{row.get(r, float('nan')):7.3f}" for r in RENDERERS))
    for name in ("line_f1", "exact_pages"):
        out.append(f"{name}: " + ", ".join(f"{k} {v:.4f}" for k, v in figures[name].items()))
    out.append(f"foreign story appended, line F1: {figures['splice_line_f1']:.4f} "
               f"(the same pages without it: {figures['unspliced_line_f1']:.4f})")
    for kind, row in figures["calibration"].items():
        out.append(f"calibration, {kind}: ECE by words {row['ece_words']:.4f}, by blocks {row['ece_blocks']:.4f}, "
                   f"Brier by words {row['brier_words']:.4f}")
    for label, row in figures["labels"].items():
        out.append(f"label {label:<12} F1 {row['f1']:.3f}" + (f"  p {row['p']:.3f}  r {row['r']:.3f}  n {row['n']}" if "n" in row else ""))
    if "speed" in figures:
        s = figures["speed"]
        out.append(f"speed: {s['pages_per_s']:.0f} pages/s of {s['chars_per_page']:.0f} characters, "
                   f"{s['times_trafilatura']:.1f} x trafilatura on the HTML ({s['trafilatura_pages_per_s']:.1f}/s); "
                   f"clean() of a 16 KB page: median {s['median_ms_16kb']:.2f} ms")
    for name, row in figures.get("peers", {}).items():
        out.append(f"peer {name}: " + ", ".join(f"{k} {v:.3f}" for k, v in row.items()))
    return "\n".join(out)
