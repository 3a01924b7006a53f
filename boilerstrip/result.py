"""Result: what `clean` returns. Blocks become Python objects only when they are asked for."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import compress, pairwise
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from boilerstrip.labels import BOILERPLATE, Label, PageType, Verdict
from boilerstrip.metadata import Metadata

if TYPE_CHECKING:
    from boilerstrip.segment.html import TreePage

__all__ = ["Block", "Reason", "Result"]

SCHEMA = 1
STORY_WORDS, STORY_BLOCK = 40, 120  # words of a run of foreign blocks that counts as a whole story, and characters of its longest


class Reason(NamedTuple):
    """One piece of evidence: `source` ("model", "copy" or a rule's id), the `label` it speaks for, and its `weight` in
    log-odds. The model's reason is about the story: its weight is the logit of `Block.story`."""

    source: str
    label: Label
    weight: float


class Block(NamedTuple):
    """A piece of the page with one label.

    `start` and `end` are character offsets: `raw[start:end] == text`, torn or hard-wrapped lines included (None for
    HTML, where `path` says which element it is). `story` is the calibrated probability, 0 to 1, that the block is part
    of the story, `confidence` the calibrated probability that `label` is right. `hits` are the rules that spoke, which
    acted on the model's input; `reasons` adds the model's own term.
    """

    text: str
    start: int | None
    end: int | None
    label: Label
    story: float
    confidence: float
    kept: bool
    hits: tuple[Reason, ...] = ()
    path: str | None = None
    tag: str | None = None

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The model's term and every rule that hit."""
        return (Reason("model", Label.BODY, log_odds(self.story)), *self.hits)


_block: Callable[[Iterable[Any]], Block] = partial(tuple.__new__, Block)  # from all its fields, at a third of the time


class Blocks(Sequence[Block]):
    """An immutable sequence of blocks, held as columns."""

    __slots__ = ("_columns",)

    def __init__(self, *columns: list[Any]) -> None:
        self._columns = columns

    def __len__(self) -> int:
        return len(self._columns[0])

    def __iter__(self) -> Iterator[Block]:
        return map(_block, zip(*self._columns))

    @overload
    def __getitem__(self, number: int) -> Block: ...
    @overload
    def __getitem__(self, number: slice) -> tuple[Block, ...]: ...
    def __getitem__(self, number: int | slice) -> Block | tuple[Block, ...]:
        if isinstance(number, slice):
            return tuple(map(_block, zip(*(column[number] for column in self._columns))))
        return Block(*(column[number] for column in self._columns))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and not isinstance(other, str) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Blocks({list(self)!r})"


def log_odds(p: float) -> float:
    """The logit of a probability, bounded."""
    return round(math.log((p + 1e-6) / (1 - p + 1e-6)), 6)


def rejoined(text: str) -> str:
    """A block as one paragraph: line ends inside it, where lines were torn or wrapped, become spaces."""
    lines = [stripped for line in text.splitlines() if (stripped := line.strip())]
    parts = lines[:1]
    for before, after in pairwise(lines):
        parts += _seam(before[-1], after[0]), after
    return "".join(parts)


def _seam(before: str, after: str) -> str:
    """What two characters are joined by."""
    closed = after in ",.;:!?)]}’”»" or before in "([{“«"
    dense = before > "\u2e80" and after > "\u2e80" and not "\uac00" <= before <= "\ud7a3"
    return "" if closed or dense else " "


@dataclass(frozen=True, slots=True)
class Scored:
    """All that is known of a page's blocks, as columns; what a decision is made from.

    `joint` is what stands between a block and the one before it in the text: "" glued, " " the same paragraph, a line
    end or a blank line. `other` and `other_confidence` are the best label besides body and its share of what is not
    story. `fixed` holds the blocks that a rule of the user decides, `hits` those that a rule spoke about. `tree` is the page
    as HTML, where it is: one block of it per block here.
    """

    text: list[str]
    start: list[int]
    end: list[int]
    joint: list[str]
    story: list[float]
    other: list[Label]
    other_confidence: list[float]
    words: list[int]
    fixed: dict[int, bool]
    hits: dict[int, tuple[Reason, ...]]
    torn: frozenset[int] = frozenset()
    tree: TreePage | None = None


@dataclass(frozen=True)
class Result:
    """A cleaned page. Frozen and picklable; `str(result)` is its text.

    Attributes:
        raw: the text that block offsets count in (for bytes: the decoded text).
        threshold: story probability from which blocks are kept.
        keep: labels besides the story that stay in the text.
        verdict: "story", or "no_story" for pages without content of their own; then `text` is empty.
        confidence: calibrated probability that the verdict is right, 0 to 1.
        page_type: what kind of page it is, `page_type_confidence` with what probability.
        error: what was wrong with the input, where `clean_many` met a bad item; else None.
        model: version of the weights.
    """

    raw: str = field(repr=False)
    scored: Scored = field(repr=False)
    threshold: float
    keep: frozenset[Label]
    verdict: Verdict
    confidence: float
    page_type: PageType
    page_type_confidence: float
    model: str
    error: str | None = None

    @cached_property
    def _decided(self) -> tuple[list[Label], list[bool]]:
        """Label and decision of every block."""
        s = self.scored
        if self.verdict is Verdict.NO_STORY:
            labels, kept = list(s.other), [False] * len(s.other)
        else:
            threshold, keep, body = self.threshold, self.keep, Label.BODY
            labels = [body if p >= threshold else other for p, other in zip(s.story, s.other)]
            kept = [label is body or label in keep for label in labels] if keep else [label is body for label in labels]
        for number, decision in s.fixed.items():
            kept[number] = decision
            if decision:
                labels[number] = Label.BODY
            elif labels[number] is Label.BODY:
                labels[number] = s.other[number]
        return labels, kept

    @cached_property
    def page(self) -> Blocks:
        """All blocks in document order: a sequence that makes its blocks when they are looked at."""
        s = self.scored
        body = Label.BODY
        labels, kept = self._decided
        confidence = [p if label is body else (1 - p) * q for p, q, label in zip(s.story, s.other_confidence, labels)]
        hits: list[tuple[Reason, ...]] = [()] * len(kept)
        for number, reasons in s.hits.items():
            hits[number] = reasons
        nothing: list[None] = [None] * len(kept)
        if s.tree is None:
            return Blocks(s.text, s.start, s.end, labels, s.story, confidence, kept, hits, nothing, nothing)
        return Blocks(s.text, nothing, nothing, labels, s.story, confidence, kept, hits, s.tree.path, s.tree.tag)

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks that were kept, in document order."""
        return tuple(b for b in self.page if b.kept)

    @cached_property
    def removed(self) -> tuple[Block, ...]:
        """The blocks that were not kept, in document order."""
        return tuple(b for b in self.page if not b.kept)

    @cached_property
    def text(self) -> str:
        """The kept blocks, torn and wrapped lines re-joined, paragraph breaks preserved; list items of HTML begin with "- ", the
        cells of a table's row are separated by " | "."""
        s, last, marked = self.scored, -2, self._marked
        parts: list[str] = []
        for number in compress(range(len(s.text)), self._decided[1]):
            if parts:
                joint = s.joint[number]
                parts.append(joint if last == number - 1 or "\n" in joint else "\n")
            if number in marked:
                parts.append("- ")
            parts.append(rejoined(s.text[number]) if number in s.torn else s.text[number])
            last = number
        return "".join(parts)

    @property
    def _marked(self) -> Container[int]:
        """The blocks that begin an item of a list, where the page is HTML."""
        if self.scored.tree is None:
            return ()
        from boilerstrip.markdown import list_items

        return list_items(self.scored.tree, self._decided[1])

    def __str__(self) -> str:
        return self.text

    @property
    def markdown(self) -> str:
        """`to_markdown()` without links."""
        return self.to_markdown()

    def to_markdown(self, links: bool = False) -> str:
        """The kept blocks as Markdown: of HTML with its headings, lists, quotes, code and tables; of text its paragraphs,
        as they are.

        Args:
            links: whether links keep their targets (relative ones stay so); only HTML has any.
        """
        from boilerstrip.markdown import markdown_of

        return markdown_of(self.scored, self._decided[1], links)

    @property
    def metadata(self) -> Metadata | None:
        """What the page says about itself, for HTML cleaned `with_metadata=True`; else None."""
        return self.scored.tree.metadata if self.scored.tree is not None else None

    @cached_property
    def title(self) -> str | None:
        """The headline: the surest of its copies, the first of equals; where a story prints none, that of its metadata."""
        return self._best(Label.TITLE) or self._told("title")

    @cached_property
    def byline(self) -> str | None:
        """The surest author or source line, and only where there is none a date alone; where a story prints neither, the author of
        its metadata."""
        from boilerstrip.metadata import names_somebody

        return self._best(Label.BYLINE, names_somebody) or self._told("author")

    @cached_property
    def published(self) -> str | None:
        """The story's date as an ISO date, where a byline has one that can be read; else that of the page's metadata."""
        from boilerstrip.metadata import published_date

        printed = published_date(b.text for b in self.page if b.label is Label.BYLINE)
        return printed or self._told("date")

    def _told(self, fact: str) -> str | None:
        """A fact of the metadata that was asked for; none where the page has no story that it could be about."""
        told: str | None = None if self.metadata is None or self.verdict is Verdict.NO_STORY else getattr(self.metadata, fact)
        return told

    def _best(self, label: Label, preferred: Callable[[str], bool] = bool) -> str | None:
        """The surest block with a label, one whose text is preferred before all others."""
        found = [b for b in self.page if b.label is label]
        return max(found, key=lambda b: (preferred(b.text), b.confidence)).text if found else None

    @cached_property
    def other_stories(self) -> tuple[tuple[Block, ...], ...]:
        """Whole foreign stories on the page, each as its blocks: runs of `related` blocks with prose in them."""
        runs: list[list[Block]] = []
        words: list[int] = []
        previous: Block | None = None
        for block, count in zip(self.page, self.scored.words):
            if block.label is Label.RELATED:
                prose = previous is not None and len(previous.text) > STORY_BLOCK
                if previous is None or previous.label is not Label.RELATED or (prose and len(block.text) < STORY_BLOCK):
                    runs.append([])
                    words.append(0)
                runs[-1].append(block)
                words[-1] += count
            previous = block
        return tuple(tuple(run) for run, count in zip(runs, words)
                     if count >= STORY_WORDS and max(len(b.text) for b in run) > STORY_BLOCK)

    def at(self, threshold: float) -> Result:
        """The same page decided with another threshold, without another run. A higher one never keeps more.

        Raises:
            TypeError: if the threshold is not a number.
            ValueError: if it is not from 0 to 1.
        """
        if not isinstance(threshold, Real) or isinstance(threshold, bool):
            raise TypeError(f"threshold must be a number from 0 to 1, not {type(threshold).__name__}")
        if not 0 <= threshold <= 1:
            raise ValueError(f"threshold must be from 0 to 1, not {threshold}")
        return replace(self, threshold=float(threshold))

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain JSON types, with the version of this schema and of the model."""
        metadata = {"metadata": self.metadata.to_dict()} if self.metadata is not None else {}
        return {
            "schema": SCHEMA, "model": self.model, "text": self.text, "title": self.title, "byline": self.byline,
            "published": self.published,
            "verdict": str(self.verdict), "confidence": round(self.confidence, 6), "page_type": str(self.page_type),
            "page_type_confidence": round(self.page_type_confidence, 6), "threshold": self.threshold, "error": self.error, **metadata,
            "blocks": [{
                "text": b.text, "start": b.start, "end": b.end, "label": str(b.label), "story": b.story,
                "confidence": round(b.confidence, 6), "kept": b.kept, "path": b.path, "tag": b.tag,
                "reasons": [{"source": r.source, "label": str(r.label), "weight": r.weight} for r in b.reasons]}
                for b in self.page]}

    def to_json(self, **options: Any) -> str:
        """`to_dict` as JSON; options as of `json.dumps`."""
        return json.dumps(self.to_dict(), **{"ensure_ascii": False, **options})

    def to_frame(self) -> Any:
        """A pandas DataFrame with one row per block of the page: text, label, kept, story, confidence, where it stands, and
        the ids of the rules that hit it.

        Raises:
            ImportError: if pandas is missing, naming what installs it.
        """
        from boilerstrip.report.views import frame

        return frame(self)

    def plot(self, ax: Any = None) -> Any:
        """The story probability of every block in document order, coloured by label, with the threshold; needs matplotlib.

        Args:
            ax: matplotlib axes to draw on; by default new ones.

        Raises:
            ImportError: if matplotlib is missing, naming what installs it.
        """
        from boilerstrip.report.views import plot

        return plot(self, ax)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from boilerstrip.report import notebook_html

        return notebook_html(self)

    def __getstate__(self) -> dict[str, Any]:
        """Only the fields: what was computed from them is computed again."""
        return {name: value for name, value in self.__dict__.items() if name in self.__dataclass_fields__}

    @property
    def boilerplate(self) -> tuple[Block, ...]:
        """The removed blocks that are neither the story nor beside it."""
        return tuple(b for b in self.removed if b.label in BOILERPLATE)
