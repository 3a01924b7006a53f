"""The figures of the written corpora that nothing was trained on, and of content that hides by its kind. By two of the corpora
choices were made.

    python docs/make_written.py
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence

from boilerstrip import Stripper
from boilerstrip.train import measures
from boilerstrip.train.dataset import FIXTURES
from boilerstrip.train.evaluate import line_labels
from boilerstrip.train.markup import html_of, tree_doc_of
from boilerstrip.train.seconds import continued, relabelled
from boilerstrip.train.written import LOOKED_AT, UNSEEN, WrittenPage, figures, read_pages

COLUMNS = ("pages", "stories_lost", "pages_with_loss", "words_lost", "all_leaked", "exact", "nearly_exact")
HEAD = ("pages", "stories lost", "pages that lose a line", "story words lost", "other words kept", "exact", "within 2 %")
KINDS = ("promotion in the story's tone", "sponsored paragraphs", "instructions to language models", "appeals at the end",
         "another story that goes on", "story that looks like furniture", "look-alike characters")


def row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(f"{c:.1%}" if isinstance(c, float) else str(c) for c in cells) + " |"


def table(groups: dict[str, list[WrittenPage]]) -> list[str]:
    stripper = Stripper(input="text")
    found = {name: figures(pages, stripper) for name, pages in groups.items()}
    return [row(("", *HEAD)), row(["---"] * (1 + len(HEAD))), *(row((name, *(f[c] for c in COLUMNS))) for name, f in found.items())]


def leaks(groups: dict[str, list[WrittenPage]]) -> list[str]:
    """Words kept of each label."""
    stripper = Stripper(input="text")
    found = {name: figures(pages, stripper)["words_leaked"] for name, pages in groups.items()}
    labels = sorted({str(label) for kept in found.values() for label in kept})
    return [row(("label", *found)), row(["---"] * (1 + len(found))),
            *(row((label, *(kept.get(label, ".") for kept in found.values()))) for label in labels)]


def label_f1(groups: dict[str, list[WrittenPage]]) -> list[str]:
    """Label F1 over the lines of the pages."""
    stripper = Stripper(input="text")
    found = {}
    for name, pages in groups.items():
        truth = [str(label) for page in pages for _, _, label in page.spans]
        given = [label for page, result in zip(pages, stripper.clean_many([page.text for page in pages]))
                 for label in line_labels(result, [(a, b) for a, b, _ in page.spans])]
        found[name] = measures.label_f1(truth, given)
    labels = sorted({label for figures in found.values() for label in figures})
    return [row(("label", *found)), row(["---"] * (1 + len(found))),
            *(row((label, *(f"{f[label]['f1']:.3f}" if label in f else "." for f in found.values()))) for label in labels)]


def as_html(groups: dict[str, list[WrittenPage]]) -> list[str]:
    """The pages in plain mark-up: words of the story lost, of all else kept, pages without either; by whole blocks."""
    stripper = Stripper(input="html")
    rows = []
    for name, pages in groups.items():
        lost, leaked, story, other, exact, measured = 0, 0, 0, 0, 0, 0
        for page in pages:
            doc = tree_doc_of(page, random.Random(page.name))
            if doc is None:
                continue
            measured += 1
            found = stripper.clean(html_of(page, random.Random(page.name))[0]).page
            wrong = 0
            for block, words, truth in zip(found, doc.page.words.tolist(), doc.story.tolist(), strict=True):
                story, other = story + words * (truth == 1), other + words * (truth == 0)
                lost, leaked = lost + words * (truth == 1 and not block.kept), leaked + words * (truth == 0 and block.kept)
                wrong += words * (truth >= 0 and block.kept != truth)
            exact += wrong == 0
        rows.append(row((name, lost / max(story, 1), leaked / max(other, 1), exact / measured)))
    return [row(("as HTML", "story words lost", "other words kept", "exact")), row(["---"] * 4), *rows]


def with_another_behind(groups: dict[str, list[WrittenPage]]) -> list[str]:
    """The pages in plain mark-up with the story of another one behind their own, in the same language where there is one."""
    stripper = Stripper(input="html")
    rows = []
    for name, pages in groups.items():
        told = [page for page in pages if page.story]
        lost = story = kept = foreign = 0
        for number, page in enumerate(told):
            others = [*told[number + 1:], *told[:number]]
            other = next((p for p in others if p.facts["language"] == page.facts["language"]), others[0])
            rng = random.Random(page.name)
            doc, donor = tree_doc_of(page, random.Random(page.name)), tree_doc_of(other, rng)
            made = continued(html_of(page, random.Random(page.name))[0], doc, donor, rng) if doc and donor else None
            both = relabelled(doc, *made) if doc and made else None
            if both is None or made is None:
                continue
            for block, words, truth in zip(stripper.clean(made[0]).page, both.page.words.tolist(), both.story.tolist(), strict=True):
                story, lost = story + words * (truth == 1), lost + words * (truth == 1 and not block.kept)
                if truth == 0 and block.text in made[1]:
                    foreign, kept = foreign + words, kept + words * block.kept
        rows.append(row((name, lost / max(story, 1), kept / max(foreign, 1))))
    return [row(("a second story behind", "story words lost", "of the other story kept")), row(["---"] * 3), *rows]


if __name__ == "__main__":
    corpora = {name: read_pages(FIXTURES / name) for name in (*UNSEEN, *LOOKED_AT)}
    by_kind: dict[str, list[WrittenPage]] = defaultdict(list)
    for page in corpora["hides/unseen"]:
        by_kind[KINDS[int(page.facts["kind"].split()[0].strip("()")) - 1]].append(page)
    print(*table(corpora), "", *leaks(corpora), "", *table(dict(sorted(by_kind.items(), key=lambda item: KINDS.index(item[0])))), "",
          *label_f1({name: corpora[name] for name in UNSEEN}), "", *as_html(corpora), "",
          *with_another_behind(corpora), sep="\n")
