"""The measures that the project is judged by, in one place. Standard library only.

Words are `re.findall(r"\\w+", text.lower())` everywhere. Every function is deterministic.

    story_lines(lines, gold, title)      which lines of a raw text belong to the gold story
    word_f1(text, gold)                  WCXB: multiset of words, one page
    expect_calibration(scores, truth)    ECE, 15 equal-width bins, optionally weighted by words
    labels_of_lines(page_text, blocks)   block labels projected onto lines, for label F1
    label_f1(truth, found)               per-label precision, recall, F1 and their macro mean over lines
    shingle_scores, exact_body           Scrapinghub's 4-word shingles (case kept) and exact word sequence
    segment_counts(text, with_, without) trafilatura's segments
    splice(page, donor, rng)             the foreign-story test: another page's whole story appended
"""
from __future__ import annotations

import difflib
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    return WORD.findall(text.lower())


# ---- whole page ----------------------------

def word_f1(text: str, gold: str) -> tuple[float, float, float]:
    """Precision, recall, F1 over the multisets of words. Empty gold: 1 if nothing was kept, else 0.

    Figures are macro averages over pages; for raw text, first per renderer, then the mean over renderers.
    """
    got, want = Counter(words(text)), Counter(words(gold))
    if not want:
        return (1.0, 1.0, 1.0) if not got else (0.0, 0.0, 0.0)
    shared = (got & want).total()
    if not shared:
        return 0.0, 0.0, 0.0
    p, r = shared / got.total(), shared / want.total()
    return p, r, 2 * p * r / (p + r)


def shingle_scores(text: str, gold: str, n: int = 4) -> tuple[float | None, float | None]:
    """Precision and recall over n-word shingles, case kept; None where one side is empty.

    The benchmark's F1 is of the two averages over pages.
    """
    def shingles(t: str) -> Counter:
        w = WORD.findall(t)
        return Counter(zip(*(w[i:] for i in range(n)))) if len(w) >= n else Counter([tuple(w)] if w else [])
    got, want = shingles(text), shingles(gold)
    shared = (got & want).total()
    return (shared / got.total() if got else None), (shared / want.total() if want else None)


def exact_body(text: str, gold: str) -> bool:
    return WORD.findall(text) == WORD.findall(gold)


def segment_counts(text: str, with_: Sequence[str], without: Sequence[str]) -> tuple[int, int, int, int]:
    """(tp, fn, fp, tn): segments searched as substrings after white space is folded; F1 over all pages' sums."""
    folded = " ".join(text.split())
    good = sum(" ".join(s.split()) in folded for s in with_)
    bad = sum(" ".join(s.split()) in folded for s in without)
    return good, len(with_) - good, bad, len(without) - bad


# ---- lines ----------------------------

def _runs(raw: list[str], gold: list[str], n: int, most: int) -> list[tuple[int, int, int]]:
    """Maximal common runs of at least n words as (start in raw, start in gold, length)."""
    at = defaultdict(list)
    for j in range(len(gold) - n + 1):
        at[tuple(gold[j:j + n])].append(j)
    runs = []
    done: dict[int, int] = {}
    for i in range(len(raw) - n + 1):
        for j in at.get(tuple(raw[i:i + n]), ())[:most]:
            if done.get(i - j, -1) > i:
                continue
            k = n
            while i + k < len(raw) and j + k < len(gold) and raw[i + k] == gold[j + k]:
                k += 1
            done[i - j] = i + k - n + 1
            runs.append((i, j, k))
    return runs


def _chain(runs: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The heaviest chain of runs in order in both texts. Gaps cost a little, so of two equal copies
    the one beside the rest of the story wins; overlaps are trimmed."""
    runs.sort()
    if len(runs) > 1500:
        runs = sorted(sorted(runs, key=lambda b: -b[2])[:1500])
    best, prev = [0.0] * len(runs), [-1] * len(runs)
    for a, (i, j, k) in enumerate(runs):
        best[a] = k
        for b in range(a):
            i2, j2, k2 = runs[b]
            overlap = max(i2 + k2 - i, j2 + k2 - j, 0)
            if j2 >= j or i2 >= i or overlap >= k:
                continue
            score = best[b] + k - overlap - min(2.0, 0.004 * max(i - i2 - k2, 0))
            if score > best[a]:
                best[a], prev[a] = score, b
    a = max(range(len(runs)), key=best.__getitem__, default=-1)
    picked = []
    while a >= 0:
        picked.append(runs[a])
        a = prev[a]
    out, end_i, end_j = [], 0, 0
    for i, j, k in reversed(picked):
        overlap = max(end_i - i, end_j - j, 0)
        if overlap < k:
            out.append((i + overlap, j + overlap, k - overlap))
            end_i, end_j = i + k, j + k
    return out


def story_words(lines: Sequence[str], gold: str) -> tuple[list[int], bytearray]:
    """The line that each raw word stands on, and whether the word aligns, in order, with the gold text."""
    raw: list[str] = []
    owner: list[int] = []
    for x, line in enumerate(lines):
        w = words(line)
        raw += w
        owner += [x] * len(w)
    want = words(gold)
    hit_raw, hit_want = bytearray(len(raw)), bytearray(len(want))

    def mark(i: int, j: int, k: int) -> None:
        hit_raw[i:i + k] = hit_want[j:j + k] = b"\1" * k

    anchors = _chain(_runs(raw, want, 4, 24))
    for run in anchors:
        mark(*run)
    if anchors:
        ends = [(0, 0, 0), *anchors, (len(raw), len(want), 0)]
        for (i, j, k), (i2, j2, _) in zip(ends, ends[1:]):
            a0, a1, b0, b1 = i + k, i2, j + k, j2
            if (i, j, k) == (0, 0, 0):
                a0 = max(a0, a1 - 2 * (b1 - b0) - 10)
            if (i2, j2) == (len(raw), len(want)):
                a1 = min(a1, a0 + 2 * (b1 - b0) + 10)
            if a1 > a0 and b1 > b0 and (a1 - a0) * (b1 - b0) <= 250_000:
                for m in difflib.SequenceMatcher(None, raw[a0:a1], want[b0:b1], autojunk=False).get_matching_blocks():
                    mark(a0 + m.a, b0 + m.b, m.size)
    for i, j, k in sorted(_runs(raw, want, 8, 8), key=lambda b: -b[2]):  # gold out of the page's order
        while k and (hit_raw[i] or hit_want[j]):
            i, j, k = i + 1, j + 1, k - 1
        free = 0
        while free < k and not hit_raw[i + free] and not hit_want[j + free]:
            free += 1
        if free >= 8:
            mark(i, j, free)
    return owner, hit_raw


def is_headline(line_words: list[str], head: list[str], position: int, lines: int) -> bool:
    """Whether a line prints the page's headline (near the top a few more words are allowed)."""
    return bool(head) and (line_words == head or (
        len(head) >= 3 and position < max(3, lines // 20)
        and line_words[:len(head)] == head and len(line_words) <= len(head) + 8))


def story_lines(lines: Sequence[str], gold: str, title: str = "") -> list[int]:
    """1 story, 0 not, -1 ignore (the headline, or a line without words), one value per line.

    A line is story if at least half of its words align, in order, with the gold text: a teaser that
    repeats the headline elsewhere, or a second copy of a sentence, is not.
    """
    owner, hit = story_words(lines, gold)
    total, got = Counter(owner), Counter(x for x, h in zip(owner, hit) if h)
    head, out = words(title), []
    for x, line in enumerate(lines):
        w = words(line)
        ignore = not w or is_headline(w, head, x, len(lines))
        out.append(-1 if ignore else int(got[x] >= 0.5 * total[x]))
    return out


def labels_of_lines(spans: Iterable[tuple[int, int]], blocks: Iterable[tuple[int, int, str]]) -> list[str | None]:
    """Label per line: that of the blocks covering most of its characters. Spans and blocks are (start, end[, label])."""
    blocks, out = list(blocks), []
    for a, b in spans:
        cover: Counter = Counter()
        for s, e, label in blocks:
            if min(b, e) > max(a, s):
                cover[label] += min(b, e) - max(a, s)
        out.append(cover.most_common(1)[0][0] if cover else None)
    return out


def label_f1(truth: Sequence[str], found: Sequence[str | None]) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 per label over lines, and their unweighted mean under "macro"."""
    want, got = Counter(truth), Counter(found)
    hit = Counter(t for t, f in zip(truth, found) if t == f)
    table = {}
    for label in sorted(want):
        p, r = hit[label] / got[label] if got[label] else 0.0, hit[label] / want[label]
        table[label] = {"n": want[label], "p": p, "r": r, "f1": 2 * p * r / (p + r) if p + r else 0.0}
    table["macro"] = {"f1": sum(t["f1"] for t in table.values()) / len(table)}
    return table


def expect_calibration(scores: Sequence[float], truth: Sequence[int], weights: Sequence[float] | None = None, bins: int = 15) -> float:
    """Expected calibration error, equal-width bins. Both the line-weighted and the word-weighted figure are reported."""
    weights = [1.0] * len(scores) if weights is None else weights
    box: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for s, y, w in zip(scores, truth, weights):
        cell = box[min(int(s * bins), bins - 1)]
        cell[0] += w * s
        cell[1] += w * y
    return sum(abs(p - y) for p, y in box.values()) / sum(weights)


# ---- the foreign-story test ----------------------------

HEADINGS = ("Related Articles", "You may also like", "More stories", "Read next", "Recommended", "Latest news", "")
CARDS = ("paragraphs", "card", "double", "one")


def splice(lines: Sequence[str], story: Sequence[int], donor: Sequence[str], donor_title: str,
           rng: random.Random) -> tuple[list[str], list[int]]:
    """Append another page's story lines after this page's last story line; all of it is labelled 0."""
    last = max((i for i, y in enumerate(story) if y == 1), default=len(lines) - 1) + 1
    at = min(len(lines), last + rng.choice((0, 0, 1, 3, 8)))
    heading, card = rng.choice(HEADINGS), rng.choice(CARDS)
    outlet = rng.choice(("Business Daily", "Metro Desk", "Le Courrier"))
    when = rng.choice(("3 hours ago", "timean hour ago", "11 Jun 2025"))
    foreign = [heading] if heading else []
    if card == "paragraphs":
        foreign += [donor_title, *donor]
    elif card == "card":
        foreign += [outlet, when, f"- {outlet}", donor_title, " ".join(donor)]
    elif card == "double":
        foreign += [donor_title, donor_title, outlet, when, f"• {outlet}", donor_title, " ".join(donor)]
    else:
        foreign += [" ".join(donor)]
    foreign = [f for f in foreign if f]
    return [*lines[:at], *foreign, *lines[at:]], [*story[:at], *[0] * len(foreign), *story[at:]]
