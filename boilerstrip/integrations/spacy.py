"""spaCy: a component that marks a page's blocks: `nlp.add_pipe("boilerstrip")`.

`doc.spans["boilerstrip"]` holds all blocks in order, each with its label; the group's `attrs` hold the lists "scores" (confidence of
the label), "story" (probability of being part of the story) and "kept", and the page's "verdict" and "confidence". `doc._.story` is
the text of the story.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from boilerstrip.integrations._columns import Columns
from boilerstrip.integrations._extras import extra
from boilerstrip.result import Result

with extra("spacy"):
    from spacy.language import Language
    from spacy.pipeline import Pipe
    from spacy.tokens import Doc, SpanGroup
    from spacy.util import minibatch

__all__ = ["StoryMarker", "make"]


class StoryMarker(Pipe):
    """See the module. A span covers every token that its block touches.

    Args:
        spans_key: where in `doc.spans` the blocks go.
        options: as of `boilerstrip.Stripper`, without `input`: a Doc is text.
    """

    def __init__(self, name: str = "boilerstrip", *, spans_key: str = "boilerstrip", **options: Any) -> None:
        if options.get("input", "text") != "text":
            raise ValueError("the input of a spaCy component is text; take HTML to boilerstrip.clean before")
        self.name, self.spans_key = name, spans_key
        self._columns = Columns(**{**options, "input": "text"})
        if not Doc.has_extension("story"):
            Doc.set_extension("story", default=None)

    def __call__(self, doc: Doc) -> Doc:
        """The doc, marked."""
        return self._marked(doc, self._columns.stripper.clean(doc.text))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """The docs, measured in batches."""
        for docs in minibatch(stream, size=batch_size):
            for doc, result in zip(docs, self._columns.results([doc.text for doc in docs])):
                if result.error is None:
                    yield self._marked(doc, result)
                else:
                    self.get_error_handler()(self.name, self, [doc], ValueError(result.error))

    def _marked(self, doc: Doc, result: Result) -> Doc:
        blocks = [(doc.char_span(b.start, b.end, str(b.label), alignment_mode="expand"), b) for b in result.page]
        blocks = [(span, b) for span, b in blocks if span is not None]
        attrs = {"scores": [b.confidence for _, b in blocks], "story": [b.story for _, b in blocks], "kept": [b.kept for _, b in blocks],
                 "verdict": str(result.verdict), "confidence": result.confidence}
        doc.spans[self.spans_key] = SpanGroup(doc, name=self.spans_key, attrs=attrs, spans=[span for span, _ in blocks])
        doc._.story = result.text
        return doc


@Language.factory("boilerstrip", default_config={"spans_key": "boilerstrip", "options": {}}, assigns=["doc.spans", "doc._.story"])
def make(nlp: Language, name: str, spans_key: str, options: dict[str, Any]) -> StoryMarker:
    """The component, from a pipeline's configuration."""
    return StoryMarker(name, spans_key=spans_key, **options)
