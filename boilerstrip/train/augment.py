"""New training pages from old ones: what real pages do to stories, done to real stories.

A `Doc` is a raw text with a truth for every character, so that every change of the text (splicing, gluing,
wrapping, tearing) carries its labels along; features are measured afterwards, on the changed text.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from boilerstrip.chars import CharClass as C
from boilerstrip.chars import class_table, codes_of
from boilerstrip.labels import LABELS, Label
from boilerstrip.train.dataset import FIXTURES, HAND, NUMBER, UNKNOWN, Rendering

BODY, TITLE, RELATED, BYLINE = (NUMBER[x] for x in (Label.BODY, Label.TITLE, Label.RELATED, Label.BYLINE))


@dataclass(frozen=True)
class Doc:
    """A raw text with its truth per character; `no_story` and `page_type` are truths of the page."""

    codes: np.ndarray
    story: np.ndarray
    label: np.ndarray
    source: np.ndarray
    site: str = ""
    language: str = "en"
    page_type: str = ""
    title: str = ""
    no_story: bool = False

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def text(self) -> str:
        return self.codes.tobytes().decode("utf-32-le", "surrogatepass")

    def cut(self, start: int, end: int) -> Doc:
        return replace(self, codes=self.codes[start:end], story=self.story[start:end], label=self.label[start:end],
                       source=self.source[start:end])

    def keep(self, chosen: np.ndarray) -> Doc:
        chosen = chosen[:len(self)] if chosen.dtype == bool else chosen
        return replace(self, codes=self.codes[chosen], story=self.story[chosen], label=self.label[chosen], source=self.source[chosen])


def doc_of(rendering: Rendering, **facts: Any) -> Doc:
    return Doc(codes_of(rendering.text), rendering.story, rendering.label, rendering.source, **facts)


def piece(text: str, label: int, story: int = 0) -> Doc:
    codes = codes_of(text)
    n = len(codes)
    return Doc(codes, np.full(n, story, np.uint8), np.full(n, label, np.uint8), np.full(n, HAND, np.uint8))


def join(parts: Sequence[Doc], like: Doc) -> Doc:
    return replace(like, codes=np.concatenate([p.codes for p in parts]), story=np.concatenate([p.story for p in parts]),
                   label=np.concatenate([p.label for p in parts]), source=np.concatenate([p.source for p in parts]))


def line_ends(doc: Doc) -> np.ndarray:
    """Offsets just behind each line end."""
    return np.flatnonzero(doc.codes == 10) + 1


def story_span(doc: Doc) -> tuple[int, int] | None:
    """The lines from the first to the last story line."""
    told = np.flatnonzero(doc.story == 1)
    if len(told) == 0:
        return None
    ends = line_ends(doc)
    before, after = ends[ends <= told[0]], ends[ends > told[-1]]
    return int(before[-1]) if len(before) else 0, int(after[0]) if len(after) else len(doc)


def story_only(doc: Doc) -> Doc:
    """The story's characters, with the line ends between them."""
    span = story_span(doc)
    if span is None:
        return doc.cut(0, 0)
    inner = doc.cut(*span)
    return inner.keep((inner.story == 1) | ((inner.codes == 10) & (np.append(True, inner.story[:-1] == 1))))


# ---- furniture ----------------------------

SMALL_WORDS = {
    "en": "the and of to in that for was", "de": "der und die das nicht mit ist von", "fr": "le et les des une dans est pour",
    "es": "el los las una por con que del", "it": "il che di della per una sono con", "pt": "o não uma para com dos que em",
    "nl": "het een van de dat niet met voor", "pl": "nie się jest na że do jak przez", "cs": "že se je na jsou které pro také",
    "sv": "och att det som är för inte på", "da": "og det at er til på med ikke", "no": "og det som er på til ikke har",
    "fi": "ja on ei että oli se mutta myös", "tr": "ve bir bu için ile da de olarak", "hu": "és hogy nem az egy is volt meg",
    "ro": "și în de care pe este nu din", "ru": "и в не на что с по как", "uk": "і в не на що з та як",
    "vi": "và của là các có cho không được",
    "id": "yang dan di dengan untuk dari ini tidak", "el": "και το να του η της με για", "ar": "في من على أن إلى عن التي مع",
    "bg": "и на от за се да е с не са", "hr": "nije koji koja ili kako što će bi su", "sk": "sa aj pre ktorý ktoré bol sú čo už",
    "sl": "in ki tudi bi kot pri ni ter bo", "lt": "ir yra į kad su iš tai buvo apie", "sw": "ya na wa kwa ni za katika la kuwa hiyo",
    "ca": "els amb dels als és però també més això", "ur": "کے میں کی ہے اور سے کا نے کو کہ",
    "fa": "و در به از که این است را", "he": "של את על לא הוא זה עם גם", "hi": "के में की है और से का को",
}
SCRIPTS = {"bn": (0x0980, 0x09FF), "ta": (0x0B80, 0x0BFF), "ja": (0x3040, 0x30FF), "ko": (0xAC00, 0xD7AF), "th": (0x0E00, 0x0E7F),
           "zh": (0x4E00, 0x9FFF)}


def language_of(text: str) -> str:
    """A rough guess, good enough to choose furniture by."""
    codes = codes_of(text[:20_000])
    for language, (low, high) in SCRIPTS.items():
        if len(codes) and np.mean((codes >= low) & (codes <= high)) > 0.08:
            return language
    words = re.findall(r"\w+", text[:20_000].lower())
    scores = {language: sum(words.count(w) for w in small.split()) for language, small in SMALL_WORDS.items()}
    return max(scores, key=scores.__getitem__)


FURNITURE = FIXTURES / "furniture"
LANGUAGES = tuple(sorted(path.stem for path in FURNITURE.glob("*.toml")))


@cache
def furniture(language: str) -> dict[str, Any]:
    """The wordings of a language; English where there are none. Lines by kind, `widgets` (furniture of several lines), and
    `passages`: parts of stories that look like furniture."""
    return tomllib.loads((FURNITURE / f"{language if language in LANGUAGES else 'en'}.toml").read_text("utf-8"))


LABEL_OF = {"ad": "ad", "ad_prose": "ad", "ai_promo": "ai_promo", "related_heading": "related", "related_inline": "related",
            "share": "share", "subscribe": "subscribe", "subscribe_prose": "subscribe", "comments": "comments",
            "comment_posts": "comments", "legal": "legal", "media_ui": "media_ui", "navigation": "navigation", "byline": "byline",
            "caption": "caption", "other": "other", "time": "related", "no_story": "other"}


# How often a real line stands in for a written one.
REAL_KINDS = {"caption": 0.8, "byline": 0.5, "related_inline": 0.6, "ad_prose": 0.4, "subscribe_prose": 0.3, "subscribe": 0.3, "share": 0.3,
              "media_ui": 0.4, "comment_posts": 0.7}

REAL_PASSAGES = 0.4
FEWEST_STORY = 100  # characters of a story, below which a page is left as it is
WIDGETS = 0.35  # how often furniture has several lines
SHORT_LINE = 60  # characters: what may look like furniture in a story
Harvest = dict[tuple[str, str], list[str]]
HARVESTED = (Label.CAPTION, Label.BYLINE, Label.RELATED, Label.AD, Label.SUBSCRIBE, Label.SHARE, Label.MEDIA_UI, Label.COMMENTS)


def harvest(docs: Sequence[Doc]) -> Harvest:
    """Real furniture of the training pages: runs of characters with one label outside of the story, by language and label; and the
    short lines of their stories, where they were labelled by hand."""
    found: Harvest = {}
    for doc in docs:
        edges = np.flatnonzero(np.diff(doc.label, prepend=UNKNOWN)).tolist()
        for start, end in zip(edges, [*edges[1:], len(doc)]):
            number = int(doc.label[start])
            told = number == BODY and doc.story[start] == 1 and doc.source[start] == HAND
            if not told and (number == UNKNOWN or LABELS[number] not in HARVESTED or doc.story[start] != 0):
                continue
            lines = doc.codes[start:end].tobytes().decode("utf-32-le", "surrogatepass").split("\n")
            found.setdefault((doc.language, LABELS[number]), []).extend(
                line.strip() for line in lines if 3 <= len(line.strip()) <= (SHORT_LINE if told else 400))
    return {key: sorted(set(lines)) for key, lines in found.items()}


class Writer:
    """Draws furniture lines in one language: written ones, and real ones of other pages."""

    def __init__(self, language: str, rng: random.Random, headlines: Sequence[str], real: Harvest) -> None:
        self.language, self.words, self.rng, self.headlines, self.real = language, furniture(language), rng, headlines, real

    def fill(self, template: str) -> str:
        rng, words = self.rng, self.words
        values: dict[str, Callable[[], str]] = {
            "name": lambda: rng.choice(words["names"]), "outlet": lambda: rng.choice(words["outlets"]),
            "site": lambda: rng.choice(words["outlets"]), "headline": lambda: rng.choice(self.headlines),
            "n": lambda: str(int(10 ** rng.uniform(0, 3.5))), "city": lambda: rng.choice(words["cities"]),
            "tool": lambda: rng.choice(words["tools"]),
            "date": lambda: rng.choice(("{:02d}.{:02d}.20{}", "{:02d}/{:02d}/20{}", "{:02d}-{:02d}-20{}")).format(
                rng.randint(1, 28), rng.randint(1, 12), rng.randint(15, 26))}
        return re.sub(r"\{(\w+)\}", lambda m: values[m[1]]() if m[1] in values else m[0], template)

    def line(self, kind: str) -> str:
        real = self.real.get((self.language, LABEL_OF[kind]), ()) if kind in REAL_KINDS else ()
        if len(real) >= 20 and self.rng.random() < REAL_KINDS[kind]:
            return self.rng.choice(real)
        text = self.fill(self.rng.choice(self.words[kind]))
        change = self.rng.random()
        if change < 0.06:
            return text.upper()
        if change < 0.1:
            return text.lower()
        return text

    def doc(self, kind: str) -> Doc:
        return piece(self.line(kind) + "\n", NUMBER[Label(LABEL_OF[kind])])

    def widget(self, labels: Sequence[str] = ()) -> Doc:
        """Furniture of several lines; of one of some labels."""
        found = self.rng.choice([w for w in self.words["widgets"] if not labels or w["label"] in labels])
        return piece(self._lines(found), NUMBER[Label(found["label"])])

    def passage(self) -> Doc:
        """A part of a story that looks like furniture: a written one, or a short line of another page's story."""
        real = self.real.get((self.language, Label.BODY), ())
        if len(real) >= 20 and self.rng.random() < REAL_PASSAGES:
            return piece(self.rng.choice(real) + "\n", BODY, 1)
        return piece(self._lines(self.rng.choice(self.words["passages"])), BODY, 1)

    def _lines(self, found: dict[str, list[str]]) -> str:
        return "".join(self.fill(line) + "\n" for line in found["lines"])


# ---- what happens to pages ----------------------------

class Augmenter:
    """Makes one training page from a page and a pool of others. Deterministic for a seeded `rng`."""

    def __init__(self, pool: Sequence[Doc], rng: random.Random) -> None:
        self.pool, self.rng, self.real = pool, rng, harvest(pool)
        self.headlines = [d.title for d in pool if 20 < len(d.title) < 120] or ["A headline"]

    def writer(self, doc: Doc) -> Writer:
        language = doc.language if self.rng.random() < 0.75 else self.rng.choice(LANGUAGES)
        return Writer(language, self.rng, self.headlines, self.real)

    def donor(self, doc: Doc) -> Doc:
        """A page of another site, of the same language if chance has it."""
        best = None
        for _ in range(6):
            other = self.rng.choice(self.pool)
            if other.site != doc.site and (other.story == 1).sum() >= FEWEST_STORY and other.page_type in (doc.page_type, "article"):
                best = other
                if other.language == doc.language and (other.page_type == doc.page_type):
                    break
        return best if best is not None else doc

    def __call__(self, doc: Doc) -> Doc:
        if (doc.story == 1).sum() < FEWEST_STORY:
            return self.relayout(doc)
        return self.relayout(self.article(doc) if doc.page_type in ("article", "") else self.collection(doc))

    def article(self, doc: Doc) -> Doc:
        """What happens to pages with one story in prose."""
        rng = self.rng
        if rng.random() < 0.06:
            return self.without_story(doc)
        if rng.random() < 0.09:
            return self.bare(doc)
        if rng.random() < 0.30:
            doc = self.cut_mix(doc)
        if rng.random() < 0.25:
            doc = self.shortened(doc)
        if rng.random() < 0.05:
            doc = self.listed(doc)
        if rng.random() < 0.10:
            doc = self.aggregated(doc)
        elif rng.random() < 0.38:
            doc = self.spliced(doc)
        if rng.random() < 0.65:
            doc = self.furnished(doc)
        if rng.random() < 0.08:
            doc = self.commented(doc)
        return doc

    def collection(self, doc: Doc) -> Doc:
        """What happens to pages whose story is a list, a thread or a specification: little, since a list of teasers
        may be either story or furniture there."""
        rng = self.rng
        if rng.random() < 0.15:
            doc = self.cut_mix(doc)
        if rng.random() < 0.25:
            doc = self.furnished(doc)
        return doc

    def cut_mix(self, doc: Doc) -> Doc:
        """This page's story between another page's header and footer."""
        other = self.donor(doc)
        mine, theirs = story_span(doc), story_span(other)
        if mine is None or theirs is None:
            return doc
        return join([other.cut(0, theirs[0]), doc.cut(*mine), other.cut(theirs[1], len(other))], doc)

    def without_story(self, doc: Doc) -> Doc:
        """A page with no content of its own: furniture around nothing, or around an error message."""
        span, writer, rng = story_span(doc), self.writer(doc), self.rng
        assert span is not None
        middle = [writer.doc("no_story") for _ in range(rng.choice((0, 1, 1, 2, 4)))]
        head = doc.cut(0, span[0])
        head, tail = head.keep(head.story == 0), doc.cut(span[1], len(doc))
        if rng.random() < 0.3:
            tail = tail.cut(0, 0)
        parts = [head, *middle, tail] if rng.random() < 0.8 else middle or [head]
        gone = join(parts, doc)
        return replace(gone.keep(gone.story == 0), no_story=True)

    def bare(self, doc: Doc) -> Doc:
        """The story and nothing else, as where somebody has cleaned it already; whole or only some of its lines."""
        rng, story = self.rng, story_only(doc)
        ends = line_ends(story).tolist()
        if len(ends) > 2 and rng.random() < 0.7:
            first = rng.randrange(len(ends) - 1) if rng.random() < 0.3 else 0
            last = min(first + rng.choice((1, 2, 3, 4, 6, 10, 20)), len(ends) - 1)
            story = story.cut(ends[first - 1] if first else 0, ends[last])
        if doc.title and rng.random() < 0.4:
            return join([piece(doc.title + "\n" * rng.choice((1, 2)), TITLE), story], doc)
        return story

    def shortened(self, doc: Doc) -> Doc:
        """Only the beginning of the story."""
        span = story_span(doc)
        assert span is not None
        ends = line_ends(doc)
        inside = ends[(ends > span[0]) & (ends < span[1])]
        wanted = span[0] + self.rng.randint(80, 1200)
        inside = inside[inside >= wanted]
        if len(inside) == 0:
            return doc
        return join([doc.cut(0, int(inside[0])), doc.cut(span[1], len(doc))], doc)

    def listed(self, doc: Doc) -> Doc:
        """The story as a list: a sentence a line, with or without list marks."""
        span = story_span(doc)
        assert span is not None
        story = doc.cut(*span)
        classes = class_table()[story.codes]
        ends = np.flatnonzero((classes[:-1] == C.STOP) & (classes[1:] == C.SPACE)) + 1
        mark = self.rng.choice(("", "- ", "• ", "* ", "1. "))
        parts, last = [], 0
        for end in [*ends.tolist(), len(story)]:
            if end > last and self.rng.random() < 0.8:
                parts += [piece(mark, BODY, 1), story.cut(last, end), piece("\n", BODY, 1)]
                last = end + 1
        parts.append(story.cut(min(last, len(story)), len(story)))
        return join([doc.cut(0, span[0]), *parts, doc.cut(span[1], len(doc))], doc)

    def card(self, doc: Doc, writer: Writer) -> list[Doc]:
        """Another page's whole story, in one of the layouts in which sites print it."""
        rng, other = self.rng, self.donor(doc)
        story = story_only(other)
        if rng.random() < 0.4:
            story = story.cut(0, rng.randint(200, 2500))
        text = " ".join(story.text.split()) if rng.random() < 0.6 else story.text
        title = other.title or rng.choice(self.headlines)
        outlet, when, dot = writer.fill("{outlet}"), writer.line("time"), rng.choice(("• ", "- ", "· ", "– ", "| ", ""))
        layout = rng.choice(("paragraphs", "card", "double", "one", "titled", "teaser"))
        lines = {
            "paragraphs": [title, story.text], "one": [text], "titled": [title, outlet + when, text],
            "card": [outlet, when, dot + outlet, title, text],
            "double": [title, title, outlet, when, dot + outlet, title, text],
            "teaser": [title, outlet, when, text[:rng.randint(80, 300)] + "…"]}[layout]
        return [piece(line + "\n" * rng.choice((1, 1, 2)), RELATED) for line in lines if line.strip()]

    def spliced(self, doc: Doc) -> Doc:
        """One or more whole foreign stories after this page's story."""
        rng, writer, span = self.rng, self.writer(doc), story_span(doc)
        assert span is not None
        ends = line_ends(doc)
        after = ends[ends >= span[1]]
        skip = rng.choice((0, 0, 1, 3, 8))
        at = int(after[min(skip, len(after) - 1)]) if len(after) else len(doc)
        parts = [piece("\n", RELATED)]
        if rng.random() < 0.7:
            parts.append(writer.doc("related_heading"))
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            parts += self.card(doc, writer)
        return join([doc.cut(0, at), *parts, doc.cut(at, len(doc))], doc)

    def aggregated(self, doc: Doc) -> Doc:
        """The layout of news aggregators: little before the story, cards with whole stories behind it."""
        rng, writer = self.rng, self.writer(doc)
        story = story_only(doc)
        if rng.random() < 0.5:
            story = story.cut(0, rng.randint(600, 5000))
        title = doc.title or rng.choice(self.headlines)
        top = [writer.doc("navigation")] if rng.random() < 0.4 else []
        top += [piece(title + "\n", TITLE) for _ in range(rng.choice((0, 1, 1, 2)))]
        if rng.random() < 0.6:
            top.append(piece(writer.fill("{outlet}{date}") + "\n", BYLINE))
        middle = [piece("\n", BODY, 1)]
        for kind, chance in (("media_ui", 0.4), ("navigation", 0.2), ("share", 0.3), ("ai_promo", 0.6), ("ai_promo", 0.4),
                             ("subscribe", 0.2), ("comments", 0.6), ("comments", 0.4)):
            if rng.random() < chance:
                middle.append(writer.doc(kind))
        if rng.random() < 0.85:
            middle.append(writer.doc("related_heading"))
        cards = [part for _ in range(rng.randint(1, 5)) for part in self.card(doc, writer)]
        bottom = [writer.doc(rng.choice(("subscribe", "subscribe", "subscribe_prose", "legal", "navigation")))
                  for _ in range(rng.randint(0, 5))]
        return join([*top, story, *middle, *cards, *bottom], doc)

    def furnished(self, doc: Doc) -> Doc:
        """Promotion, ad markers, share widgets and captions inside and after the story."""
        rng, writer, span = self.rng, self.writer(doc), story_span(doc)
        assert span is not None
        ends = line_ends(doc)
        inside = ends[(ends > span[0]) & (ends <= span[1])]
        if len(inside) == 0:
            return doc
        kinds_inside = ("ad", "ad", "ad_prose", "related_inline", "related_inline", "share", "subscribe", "subscribe_prose", "media_ui",
                        "ai_promo", "other", *("caption",) * 5)
        kinds_after = ("share", "share", "byline", "subscribe", "subscribe_prose", "comments", "ai_promo", "ai_promo", "legal", "ad",
                       "navigation", "related_heading", "other")
        kinds_before = ("byline", "byline", "share", "navigation", "ad", "media_ui", "ai_promo", "caption")
        widgets_inside = ("ad", "ai_promo", "related", "subscribe", "share", "media_ui", "other")
        widgets_before = ("ai_promo", "byline", "share", "subscribe", "media_ui", "navigation")
        spots: list[tuple[int, Doc]] = []

        def drawn(kinds: Sequence[str], widgets: Sequence[str] = ()) -> Doc:
            return writer.widget(widgets) if rng.random() < WIDGETS else writer.doc(rng.choice(kinds))

        for _ in range(rng.choice((0, 1, 1, 2, 3, 6))):
            at = int(rng.choice(inside.tolist()))
            spots.append((at, drawn(kinds_inside, widgets_inside)))
            if rng.random() < 0.25:  # right behind it
                spots.append((at, writer.passage()))
        for _ in range(rng.choice((0, 0, 1, 2))):
            spots.append((int(rng.choice(inside.tolist())), writer.passage()))
        for _ in range(rng.choice((0, 1, 2, 3, 5))):
            spots.append((int(inside[-1]), drawn(kinds_after)))
        for _ in range(rng.choice((0, 0, 1, 2))):
            spots.append((span[0], drawn(kinds_before, widgets_before)))
        parts, last = [], 0
        for at, what in sorted(spots, key=lambda s: s[0]):
            before = doc.cut(last, at)
            if rng.random() < 0.12 and len(before) and before.codes[-1] == 10:  # glued to the line before
                before = join([before.cut(0, len(before) - 1), piece(rng.choice((" ", " ", "")), UNKNOWN, UNKNOWN)], doc)
            if rng.random() < 0.04:  # glued to the line behind
                what = join([what.cut(0, len(what) - 1), piece(" ", UNKNOWN, UNKNOWN)], doc)
            blank = [piece("\n", UNKNOWN, UNKNOWN)] if rng.random() < 0.3 else []
            parts += [before, *blank, what, *blank]
            last = at
        return join([*parts, doc.cut(last, len(doc))], doc)

    def commented(self, doc: Doc) -> Doc:
        """Readers' comments under the story."""
        rng, writer, span = self.rng, self.writer(doc), story_span(doc)
        assert span is not None
        comments = NUMBER[Label.COMMENTS]
        parts = [piece("\n", comments), writer.doc("comments")]
        for _ in range(rng.randint(1, 8)):
            parts += [piece(writer.fill("{name}") + "\n", comments)] if rng.random() < 0.8 else []
            parts += [piece(writer.line("time") + "\n", comments)] if rng.random() < 0.6 else []
            parts.append(writer.doc("comment_posts"))
        return join([doc.cut(0, span[1]), *parts, doc.cut(span[1], len(doc))], doc)

    # ---- line breaks ----------------------------

    def relayout(self, doc: Doc) -> Doc:
        """Line breaks removed and added."""
        rng, chance = self.rng, self.rng.random()
        newline = doc.codes == 10
        if len(doc) < 2:
            return doc
        if chance < 0.10:  # no blank lines
            again = np.append(False, newline[1:] & newline[:-1])
            return doc.keep(~again)
        if chance < 0.16:  # blank lines between all lines
            return doc.keep(np.repeat(np.arange(len(doc)), np.where(newline, 2, 1)))
        if chance < 0.20:  # the whole page on one line
            codes = doc.codes.copy()
            codes[newline] = 32
            again = np.append(False, (codes[1:] == 32) & (codes[:-1] == 32))
            return replace(doc, codes=codes).keep(~again)
        if chance < 0.26:  # some line ends lost, with or without a space in their place
            lost = newline & (np.random.default_rng(rng.getrandbits(32)).random(len(doc)) < rng.choice((0.15, 0.4, 0.8)))
            if rng.random() < 0.5:
                return doc.keep(~lost)
            codes = doc.codes.copy()
            codes[lost] = 32
            return replace(doc, codes=codes)
        if chance < 0.33:
            return self.wrapped(doc, rng.randint(60, 90))
        if chance < 0.39:  # torn: line ends at some spaces, as around inline elements
            codes = doc.codes.copy()
            spaces = codes == 32
            codes[spaces & (np.random.default_rng(rng.getrandbits(32)).random(len(doc)) < 0.02)] = 10
            return replace(doc, codes=codes)
        return doc

    def wrapped(self, doc: Doc, width: int) -> Doc:
        """Hard-wrapped text."""
        codes, column, space = doc.codes.tolist(), 0, -1
        for at, code in enumerate(codes):
            if code == 10:
                column, space = 0, -1
                continue
            column += 1
            if code == 32:
                space = at
            if column > width and space >= 0:
                codes[space] = 10
                column, space = at - space, -1
        return replace(doc, codes=np.array(codes, np.uint32))
