"""The learned detector: the numpy network is the arithmetic that it says it is, on a tiny model of random numbers."""

from __future__ import annotations

import io
import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from boilerstrip.detect.model import WINDOW, Model, Scores, default_model, slot_of
from boilerstrip.features import DENSE, Features, measure
from boilerstrip.labels import LABELS, PageType
from boilerstrip.segment.text import Atoms, segment

Array = npt.NDArray[Any]
FIRST, SECOND = (1, 3), (2,)
EMBEDDING, HIDDEN, MEMORY, TOPIC = 3, 5, 2, 4
CARD = {"version": "tiny", "shape": {"first": FIRST, "second": SECOND}, "calibration": {"no_story": [1.0, 0.0, 0.0]}}
PAGES = (
    "Harbour lamp shines again\nBy Ada Brook\n\nThe harbour lamp of Oldbrook shines again. The lamp was hidden in a barn.\nShare this",
    "Oldbrook ferry\n***\nThe ferry was raised, and the harbour was glad of the lamp of Oldbrook\n12 comments\n!!!\nMore news",
    "One line",
    "",
    "!!!",
)


@cache
def arrays() -> dict[str, Array]:
    """Random weights for a vocabulary of the words of the first page."""
    random = np.random.default_rng(7)
    features = measure(segment([PAGES[0]]))
    vocabulary = np.concatenate([features.tokens.hash, features.tokens.ngrams()[0][::2]])
    vocabulary = vocabulary[np.unique(slot_of(vocabulary), return_index=True)[1]]
    inputs = len(DENSE) + len(LABELS) + 3 * EMBEDDING
    context = HIDDEN + 2 * MEMORY
    shapes = {
        "enter": (HIDDEN, inputs), "remember": (MEMORY, HIDDEN), "guess": (1, context), "topic": (TOPIC, 2 * EMBEDDING),
        "again": (HIDDEN, context + HIDDEN + TOPIC + 4), "story": (1, 2 * HIDDEN), "label": (len(LABELS), 2 * HIDDEN),
        "page": (len(PageType) + 1, 3 * HIDDEN), **{f"first.{k}.linear": (HIDDEN, 3 * HIDDEN) for k in range(len(FIRST))},
        **{f"second.{k}.linear": (HIDDEN, 3 * HIDDEN) for k in range(len(SECOND))}}
    out: dict[str, Array] = {
        "vocabulary": vocabulary, "centre": random.normal(0, 0.3, len(DENSE)), "scale": random.uniform(0.5, 2, len(DENSE)),
        "table": np.vstack([np.zeros(EMBEDDING), random.normal(0, 1, (len(vocabulary), EMBEDDING))]),
        "about.weight": random.normal(0, 0.4, (HIDDEN, 3 * HIDDEN)), "against": random.normal(-0.5, 0.4, 2 * len(LABELS)),
        "trust": random.normal(1, 0.4, 2 * len(LABELS))}
    for name, (rows, columns) in shapes.items():
        out[f"{name}.weight"] = random.normal(0, 0.4, (rows, columns))
        out[f"{name}.bias"] = random.normal(0, 0.2, rows)
    return out


def tiny() -> Model:
    return Model(arrays(), CARD)


def evidence_of(atoms: Atoms) -> Array:
    return np.random.default_rng(len(atoms)).uniform(0, 3, (len(atoms), len(LABELS))).astype(np.float32)


def run(model: Model, *pages: str, evidence: Array | None = None) -> list[Scores]:
    atoms = segment(pages)
    return model(measure(atoms), evidence_of(atoms) if evidence is None else evidence, atoms.first)


# the network again, atom by atom


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def linear(w: dict[str, Array], name: str, x: Array) -> Array:
    return np.array([[math.fsum(row * v) for row in w[f"{name}.weight"]] for v in x]) + w[f"{name}.bias"]


def dilated(w: dict[str, Array], name: str, x: Array, distance: int) -> Array:
    nothing = np.zeros(x.shape[1])
    seen = [np.concatenate([x[t - distance] if t >= distance else nothing, x[t], x[t + distance] if t + distance < len(x) else nothing])
            for t in range(len(x))]
    return np.maximum(linear(w, name, np.array(seen)), 0) + x


def bags_again(w: dict[str, Array], features: Features) -> Array:
    row_of = {int(h): k + 1 for k, h in enumerate(w["vocabulary"])}
    grams, gram_first = features.tokens.ngrams()
    out = []
    for atom in range(len(features.words)):
        words = [w["table"][row_of.get(int(h), 0)] for h, a in zip(features.tokens.hash, features.tokens.atom) if a == atom]
        pairs = [w["table"][row_of.get(int(h), 0)] for h in grams[gram_first[atom]:gram_first[atom + 1]]]
        out.append(np.concatenate([np.mean(words, 0) if words else np.zeros(EMBEDDING), np.mean(pairs, 0), np.max(pairs, 0)]))
    return np.array(out)


def shared_again(features: Features, p: Array) -> Array:
    """Per atom: its words inside and outside of the guessed story, its own share of them left out."""
    places = [(int(a), int(g)) for a, g in zip(features.tokens.atom, features.group) if g >= 0]
    out = np.zeros((len(p), 4))
    for atom in range(len(p)):
        mine = [g for a, g in places if a == atom]
        for group in mine:
            inside = sum(p[a] for a, g in places if g == group and a != atom)
            outside = sum(1 - p[a] for a, g in places if g == group and a != atom)
            out[atom] += (inside / (1 + inside), outside / (1 + outside), inside / (inside + outside + 0.01), inside > 0.5)
        out[atom] /= len(mine) + 1
    return out


def network_again(w: dict[str, Array], page: str, evidence: Array) -> tuple[Array, Array, Array]:
    features = measure(segment([page]))
    bags = bags_again(w, features)
    dense = np.clip((features.dense - w["centre"]) / w["scale"], -4, 4)
    words = features.words
    sure = np.array([[2 * (value - 2) if value > 2 else 0 for value in row] for row in evidence])
    against = [math.fsum([*row * w["against"][:len(LABELS)], *more * w["against"][len(LABELS):]]) for row, more in zip(evidence, sure)]
    x = local = np.maximum(linear(w, "enter", np.concatenate([dense, evidence, bags], 1)), 0)
    for k, distance in enumerate(FIRST):
        x = dilated(w, f"first.{k}.linear", x, distance)
    kept = sigmoid(linear(w, "remember", x))
    before = np.array([kept[:t + 1].max(0) for t in range(len(x))])
    after = np.array([kept[t:].max(0) for t in range(len(x))])
    context = np.concatenate([x, before, after], 1)
    p = sigmoid(linear(w, "guess", context)[:, 0] + against)
    weight = p * np.log1p(words)
    pooled = (weight[:, None] * x).sum(0) / (weight.sum() + 1e-3)
    topic = np.tanh(linear(w, "topic", bags[:, :2 * EMBEDDING]))
    topic_pooled = (weight[:, None] * topic).sum(0) / (weight.sum() + 1e-3)
    second = np.concatenate([context, x * pooled, topic * topic_pooled, shared_again(features, p)], 1)
    x = x + np.maximum(linear(w, "again", second) + w["about.weight"] @ np.concatenate([pooled, x.mean(0), x.max(0)]), 0)
    for k, distance in enumerate(SECOND):
        x = dilated(w, f"second.{k}.linear", x, distance)
    seen = np.concatenate([x, local], 1)
    story = linear(w, "story", seen)[:, 0] + against
    trusted = evidence * w["trust"][:len(LABELS)] + sure * w["trust"][len(LABELS):]
    read = sigmoid(story) * words
    about = np.concatenate([x.mean(0), x.max(0), (read[:, None] * x).sum(0) / (read.sum() + 1)])
    return story, linear(w, "label", seen) + trusted, linear(w, "page", about[None])[0]


@pytest.mark.parametrize("page", [page for page in PAGES if page])
def test_network_is_the_plain_computation(page: str) -> None:
    w = {name: value if name == "vocabulary" else value.astype(np.float64) for name, value in arrays().items()}
    evidence = evidence_of(segment([page]))
    story, label, overall = network_again(w, page, evidence)
    [scores] = run(tiny(), page, evidence=evidence)
    assert scores.story == pytest.approx(story, rel=1e-3, abs=1e-3)
    assert scores.label == pytest.approx(label, rel=1e-3, abs=1e-3)
    assert scores.page == pytest.approx(overall, rel=1e-3, abs=1e-3)


def test_bags_are_means_and_maxima_of_embeddings() -> None:
    w = {name: value if name == "vocabulary" else value.astype(np.float64) for name, value in arrays().items()}
    features = measure(segment([PAGES[1]]))
    bags = tiny().bags(features)
    assert bags == pytest.approx(bags_again(w, features), abs=1e-5)
    assert np.abs(bags).max() > 0  # some words are in the vocabulary


def test_words_outside_the_vocabulary_have_row_0() -> None:
    words = tiny()._words
    vocabulary = arrays()["vocabulary"]
    assert words.rows(vocabulary).tolist() == list(range(1, len(vocabulary) + 1))
    same_slot = vocabulary ^ np.uint64(1)
    assert words.rows(same_slot).tolist() == [0] * len(vocabulary)


def test_shapes_of_scores() -> None:
    for page, scores in zip(PAGES, run(tiny(), *PAGES)):
        count = len(segment([page]))
        assert scores.story.shape == (count,)
        assert scores.label.shape == (count, len(LABELS))
        assert scores.page.shape == ((len(PageType) + 1,) if count else (0,))


def equal(one: Scores, other: Scores) -> bool:
    return all((getattr(one, name) == getattr(other, name)).all() for name in ("story", "label", "page"))


@pytest.mark.parametrize("model", (tiny, default_model), ids=("tiny", "default"))
def test_a_page_has_the_same_scores_in_every_batch(model: Any) -> None:
    evidence = {page: evidence_of(segment([page])) for page in PAGES}
    alone = {page: run(model(), page)[0] for page in PAGES}
    for batch in (PAGES, PAGES[::-1], PAGES * 3):
        together = run(model(), *batch, evidence=np.concatenate([evidence[page] for page in batch]))
        assert all(equal(scores, alone[page]) for page, scores in zip(batch, together))


def test_evidence_reaches_the_scores() -> None:
    atoms = segment([PAGES[0]])
    without, with_ = (run(tiny(), PAGES[0], evidence=np.full((len(atoms), len(LABELS)), value, np.float32))[0] for value in (0, 3))
    assert not equal(without, with_)


def test_long_pages_are_read_in_windows() -> None:
    page = "\n".join(f"lamp {'of Oldbrook' if n % 3 else 'at'} harbour{n % 50}" for n in range(WINDOW + 40))
    atoms = segment([page])
    features = measure(atoms)
    evidence = np.zeros((len(atoms), len(LABELS)), np.float32)
    [whole] = tiny()(features, evidence, atoms.first)
    parts = tiny()(features, evidence, np.array([0, WINDOW, len(atoms)]))
    assert len(whole.story) == len(atoms) == WINDOW + 40
    assert (whole.story == np.concatenate([part.story for part in parts])).all()
    assert (whole.label == np.concatenate([part.label for part in parts])).all()
    assert (whole.page == parts[0].page).all()


# loading


def stored(**changes: Any) -> io.BytesIO:
    """A model file, with some of its arrays changed or, where None, left out."""
    content = {**arrays(), "card": np.frombuffer(json.dumps(CARD).encode(), np.uint8), **changes}
    file = io.BytesIO()
    np.savez(file, **{name: value for name, value in content.items() if value is not None})
    file.seek(0)
    return file


def test_a_stored_model_gives_the_same_scores() -> None:
    loaded = Model.load(stored())
    assert loaded.card == json.loads(json.dumps(CARD))
    assert all(equal(one, other) for one, other in zip(run(loaded, *PAGES), run(tiny(), *PAGES)))


def test_tables_may_be_stored_in_steps() -> None:
    table, steps = np.array(arrays()["table"]), np.full(len(arrays()["table"]), 0.25, np.float16)
    whole = np.round(table / 0.25).clip(-127, 127).astype(np.int8)
    same = ({"table": whole, "table_step": steps}, {"table": whole * np.float32(0.25)})
    one, other = (run(Model.load(stored(**changes)), *PAGES) for changes in same)
    assert all(map(equal, one, other)) and not all(map(equal, one, run(tiny(), *PAGES)))


@pytest.mark.parametrize("steps", (None, np.float16(1), np.ones(3, np.float16), np.ones((3, 3), np.float16)))
def test_steps_that_do_not_fit_their_table_are_an_error(steps: Any) -> None:
    with pytest.raises(ValueError, match="table_step"):
        Model.load(stored(table=np.ones((len(arrays()["table"]), EMBEDDING), np.int8), table_step=steps))
    with pytest.raises(ValueError, match="table_step"):
        Model.load(stored(table_step=np.ones(len(arrays()["table"]), np.float16)))


def test_a_model_is_loaded_from_a_path(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    path.write_bytes(stored().getvalue())
    assert equal(run(Model.load(path), PAGES[0])[0], run(tiny(), PAGES[0])[0])
    assert equal(run(Model.load(str(path)), PAGES[0])[0], run(tiny(), PAGES[0])[0])


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Model.load(tmp_path / "none.npz")


@pytest.mark.parametrize("content", (b"", b"no weights here", b"PK\x03\x04cut off"))
def test_rubbish_is_an_error(content: bytes) -> None:
    with pytest.raises(ValueError, match="holds no weights"):
        Model.load(io.BytesIO(content))


@pytest.mark.parametrize("name", ("card", "vocabulary", "table", "centre", "against", "trust"))
def test_a_missing_array_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Model.load(stored(**{name: None}))


def test_weights_of_another_version_are_an_error() -> None:
    with pytest.raises(ValueError, match=f"they read 3 columns, but this version measures {len(DENSE)}"):
        Model.load(stored(centre=np.zeros(3, np.float32)))


def test_pickled_objects_are_never_loaded() -> None:
    with pytest.raises(ValueError, match="pickle"):
        Model.load(stored(vocabulary=np.array([{"a": 1}, None], object)))


# the model that comes with the library


def test_the_default_model_is_loaded_once() -> None:
    assert default_model() is default_model()
    assert default_model().card["version"]


def test_the_weights_are_small() -> None:
    import boilerstrip

    assert (Path(boilerstrip.__file__).parent / "weights" / "text.npz").stat().st_size <= 5_000_000
