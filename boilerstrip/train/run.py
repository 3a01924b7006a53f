"""`boilerstrip train`: data -> weights and model card, reproducible from seed, data and configuration."""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from boilerstrip.detect.rules import RulePack, builtin_rules
from boilerstrip.segment.html import TREE_DENSE
from boilerstrip.train.annotations import ANNOTATIONS
from boilerstrip.train.augment import FEWEST_STORY, FURNITURE, Augmenter, Doc, doc_of, language_of
from boilerstrip.train.calibrate import calibrate, calibrate_trees
from boilerstrip.train.dataset import FIXTURES, Example, Lesson, jobs, load, read_html
from boilerstrip.train.export import model_of, save
from boilerstrip.train.fit import Config, Evidence, Measured, TextSource, Trained, fit
from boilerstrip.train.markup import continued_doc, tree_doc_of
from boilerstrip.train.network import Shape
from boilerstrip.train.seconds import with_second_story
from boilerstrip.train.teach import lesson
from boilerstrip.train.trees import TreeDoc, TreeSource, tree_doc
from boilerstrip.train.written import WrittenPage, doc_of_page, page_of_doc, read_pages

WEIGHTS = Path(__file__).parents[1] / "weights"
# Folders of pages that we wrote, and the copies of each for the text model, of which an epoch sees half; no other folder is trained on.
WRITTEN = {FIXTURES / "hard" / "tune": 1, FIXTURES / "hides" / "tune": 1, FIXTURES / "written": 1, FIXTURES / "plain": 3}
CONTINUED, CONTINUED_SHARE = 500, 0.5  # written pages of HTML, and the share of the real articles, that have a second story behind
TEXT = Config()
HTML = Config(shape=Shape(extra=len(TREE_DENSE), tree=8), epochs=10, min_sites=8, line_share=0.4, label_weight=1.0, seed=2)
FILES = ("labelled.jsonl", "wcxb-dev/ground_truth.jsonl", "news-dev/ground_truth.jsonl", "sites-dev/ground_truth.jsonl",
         "segments-dev/segments.jsonl")


def docs_of(example: Example) -> list[Doc]:
    """The renderings of a page as training documents."""
    language = language_of(example.renderings[0].text)
    return [doc_of(r, site=example.site, language=language, page_type=example.page_type, title=example.title) for r in example.renderings]


def data_digest(data: Path) -> str:
    """A digest of all that a model learns from: truths, written pages, rules, furniture; it stands in the model card."""
    package = Path(__file__).parents[1]
    ours = [path for folder in WRITTEN for path in folder.glob("*.txt")]
    ours += [ANNOTATIONS, *package.glob("rules/*.toml"), *FURNITURE.glob("*.toml")]
    digest = hashlib.sha256()
    for path in sorted(ours):
        digest.update(path.read_bytes())
    for name in FILES:
        digest.update((data / name).read_bytes())
    return digest.hexdigest()[:16]


def rule_evidence(pack: RulePack, drop: float) -> Evidence:
    """The rules' evidence for training: a random share of the rules is dropped per batch, sometimes all."""
    def evidence(m: Measured, rng: random.Random | None) -> np.ndarray:
        hits = pack.hits(m.atoms, m.features)
        active = None
        if rng is not None:
            share = 1.0 if rng.random() < drop / 2 else drop * rng.random()
            active = np.array([rng.random() >= share for _ in pack.rules], bool)
        return pack.evidence(hits, m.atoms, m.features.words, active)
    return evidence


def progress(name: str, epochs: int) -> Callable[[int, Trained, float], None]:
    """Reports each epoch on stderr."""
    def report(epoch: int, _: Trained, loss: float) -> None:
        print(f"{name}: epoch {epoch + 1} of {epochs}, loss {loss:.4f}", file=sys.stderr, flush=True)
    return report


def card_of(data: Path, config: Config, pages: dict[str, int]) -> dict[str, Any]:
    """The facts of a training run for the model card."""
    return {"data_digest": data_digest(data), "pages": pages, "config": {k: v for k, v in asdict(config).items() if k != "shape"}}


def trees_of(data: Path, examples: Sequence[Example]) -> dict[str, TreeDoc]:
    """The pages that have their story in their HTML, by id."""
    paths = {job["id"]: Path(job["path"]) for job in jobs(data)}
    found = ((e.id, tree_doc(read_html(paths[e.id]), e)) for e in examples)
    return {name: doc for name, doc in found if doc is not None}


def continued(data: Path, docs: dict[str, TreeDoc], seed: int) -> list[TreeDoc]:
    """Some of the articles among the pages, each with the story of another one behind its own."""
    paths = {job["id"]: Path(job["path"]) for job in jobs(data)}
    articles = [(name, doc) for name, doc in docs.items() if doc.page_type == "article" and (doc.story == 1).any()]
    rng = random.Random(seed)
    pairs = [(name, doc, rng.choice(articles)[1]) for name, doc in rng.sample(articles, int(CONTINUED_SHARE * len(articles)))]
    found = (with_second_story(read_html(paths[name]), doc, donor, rng) for name, doc, donor in pairs if donor.site != doc.site)
    return [doc for doc in found if doc is not None]


def train_html(data: Path, examples: Sequence[Example], written: Sequence[TreeDoc], out: Path, config: Config) -> dict[str, Lesson]:
    """Train and write the model for HTML; returns what it teaches about the training pages."""
    evidence = rule_evidence(builtin_rules(), config.drop_rules)
    fold = {e.id: e.fold for e in examples}
    docs = trees_of(data, [e for e in examples if e.fold != "validation"])
    mine = {name: doc for name, doc in docs.items() if fold[name] == "train"}
    news = [doc for name, doc in mine.items() if name.startswith("news-dev")]
    source = TreeSource([*mine.values(), *news], [*written, *continued(data, mine, config.seed)])
    trained = fit(source, config, evidence, progress("html", config.epochs))
    held = [doc for name, doc in docs.items() if fold[name] == "calibration" and not name.startswith("segments-dev")]
    model = model_of(trained, config)
    save(out, trained, {**model.card, "calibration": calibrate_trees(model, held),
                        **card_of(data, config, {"train": len(mine), "written": len({doc.site for doc in written}),
                                                 "calibration": len(held)})})
    return {name: lesson(trained, doc, evidence) for name, doc in mine.items()}


def written_docs() -> list[list[Doc]]:
    """The written pages that an epoch of the text model sees.

    Raises:
        FileNotFoundError: where they are not, such as beside an installed package.
    """
    return [[doc_of_page(page)] for folder, copies in WRITTEN.items() for page in read_pages(folder) * copies]


def written_trees(seed: int) -> list[TreeDoc]:
    """The written pages as HTML: each as it is, each article with what real pages do to stories done to it, and some with another
    one's story behind their own.

    Raises:
        FileNotFoundError: where they are not, such as beside an installed package.
    """
    rng = random.Random(seed)
    pages = [page for folder in WRITTEN for page in read_pages(folder)]
    docs = [doc for page in pages if (doc := tree_doc_of(page, rng)) is not None]
    made = (tree_doc_of(page, rng) for page in augmented(pages, rng))
    more = (continued_doc(page, rng.choice(docs), rng) for page in rng.sample(pages, min(len(pages), CONTINUED)))
    return [*docs, *(doc for doc in (*made, *more) if doc is not None)]


def augmented(pages: Sequence[WrittenPage], rng: random.Random) -> Iterator[WrittenPage]:
    """The articles among the pages, each changed once."""
    docs = [doc_of_page(page) for page in pages]
    augmenter = Augmenter(docs, rng)
    for page, doc in zip(pages, docs):
        if doc.page_type == "article" and (doc.story == 1).sum() >= FEWEST_STORY:
            yield page_of_doc(augmenter.article(doc), page)


def train_text(data: Path, written: Sequence[list[Doc]], lessons: dict[str, Lesson], out: Path, config: Config) -> None:
    """Train and write the model for text."""
    docs: dict[str, list[list[Doc]]] = {"train": [], "calibration": []}
    for example in load(data, lessons):
        if example.fold == "train" or (example.fold == "calibration" and example.set != "segments-dev"):
            docs[example.fold].append(docs_of(example))
    evidence = rule_evidence(builtin_rules(), config.drop_rules)
    trained = fit(TextSource(docs["train"], written), config, evidence, progress("text", config.epochs))
    model = model_of(trained, config)
    pages = {"train": len(docs["train"]), "written": len({page[0].site for page in written}), "calibration": len(docs["calibration"])}
    save(out, trained, {**model.card, "calibration": calibrate(model, [d for page in docs["calibration"] for d in page]),
                        **card_of(data, config, pages)})


def train(data: Path, out: Path = WEIGHTS, epochs: int | None = None, seed: int | None = None) -> Path:
    """Train both models on the train fold, calibrate them on the calibration fold, and write `html.npz` and `text.npz`
    to the folder `out`. The model for HTML comes first: it teaches the one for text.

    Raises:
        FileNotFoundError: where the written pages are not, such as beside an installed package.
    """
    def adjusted(config: Config) -> Config:
        return replace(config, epochs=epochs or config.epochs, seed=config.seed if seed is None else seed)
    written, trees = written_docs(), written_trees(adjusted(HTML).seed)
    print("rendering and aligning the pages", file=sys.stderr)
    lessons = train_html(data, list(load(data)), trees, out / "html.npz", adjusted(HTML))
    train_text(data, written, lessons, out / "text.npz", adjusted(TEXT))
    return out
