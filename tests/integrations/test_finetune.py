"""Training further on corrections, with the shipped weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason='torch is missing; this installs it: pip install "boilerstrip[train]"')

from boilerstrip import Label, Stripper, clean
from boilerstrip.cli import main
from boilerstrip.corrections import CorrectionError, read_corrections
from boilerstrip.detect.model import Model
from boilerstrip.report import digest_of
from boilerstrip.train.export import model_of
from boilerstrip.train.finetune import WEIGHTS, Config, docs_of, finetune, load_trained

SHIPPED = WEIGHTS / "text.npz"
ROOT = Path(__file__).parents[2]
SAMPLE = (ROOT / "fixtures" / "sample.txt").read_text("utf-8")
STORY = "\n\n".join(block.text for block in clean(SAMPLE).blocks if len(block.text) > 100)
LINE = "Marrow growers of the valley pay their harvest deposit at the {} window before noon, and they bring the green form along with them."


def page(number: int) -> str:
    """A story with a line of the house in its midst, which reads like story and is none."""
    paragraphs = STORY.split("\n\n")
    return "\n\n".join([*paragraphs[:2], LINE.format(("first", "second", "third")[number]), *paragraphs[2:]])


def corrections(path: Path, whole: bool = True) -> Path:
    rows = []
    for number in range(3):
        raw, line = page(number), LINE.format(("first", "second", "third")[number])
        start = raw.index(line)
        rows.append({"page": f"page {number}", "text": line, "start": start, "end": start + len(line), "label": "ad", "keep": False,
                     "was": {}, "raw_sha256": digest_of(raw), **({"raw": raw} if whole else {})})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tuned")
    finetune([corrections(folder / "c.jsonl")], folder / "text.npz")
    return folder / "text.npz"


def test_stored_weights_give_the_same_network() -> None:
    trained, card = load_trained(SHIPPED)
    assert card["version"].startswith("text-")
    again = model_of(trained, Config(shape=trained.network.shape), {"calibration": card["calibration"]})
    stored = Model.load(SHIPPED)
    assert again._w.keys() == stored._w.keys()
    assert all(np.array_equal(again._w[name], stored._w[name]) for name in stored._w)


def test_corrections_become_truths() -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        corrected = read_corrections([corrections(Path(folder) / "c.jsonl")])[0]
    whole, alone = docs_of(corrected, Stripper(input="text").clean(page(0)))
    c = corrected.corrections[0]
    assert c.start is not None and c.end is not None
    assert (whole.story[c.start:c.end] == 0).all() and (alone.story[c.start:c.end] == 0).all()
    assert (alone.story != 255).sum() == c.end - c.start
    assert (whole.story == 1).sum() > 500


def test_the_new_weights_follow_the_corrections_and_keep_the_rest(tuned: Path) -> None:
    from boilerstrip.train.finetune import followed, words_lost
    from boilerstrip.train.written import read_pages

    pages = read_corrections([tuned.parent / "c.jsonl"])
    before, after = Model.load(SHIPPED), Model.load(tuned)
    assert followed(before, pages) < 3, "the line reads like story"
    assert followed(after, pages) == 3
    written = read_pages(ROOT / "fixtures" / "hard" / "unseen")
    assert words_lost(after, written) < words_lost(before, written) + 0.02


def test_the_new_weights_say_where_they_are_from(tuned: Path) -> None:
    shipped, card = Model.load(SHIPPED).card, Model.load(tuned).card
    assert card["finetuned"]["from"] == shipped["version"] != card["version"]
    assert (card["finetuned"]["pages"], card["finetuned"]["corrections"]) == (3, 3)
    assert card["calibration"] == shipped["calibration"] and card["shape"] == shipped["shape"]


def test_the_new_weights_can_be_used(tuned: Path) -> None:
    result = clean(page(0), weights=tuned)
    assert result.model == Model.load(tuned).card["version"]
    assert LINE.format("first") not in result.text and STORY.split("\n\n")[0] in result.text


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    path = corrections(tmp_path / "c.jsonl")
    versions = set()
    for name in ("a.npz", "b.npz"):
        finetune([path], tmp_path / name, epochs=1, seed=7)
        versions.add(Model.load(tmp_path / name).card["version"].partition("-")[2])
    assert len(versions) == 1


def test_without_page_text_there_is_nothing_to_learn_from(tmp_path: Path) -> None:
    with pytest.raises(CorrectionError, match="with page text"):
        finetune([corrections(tmp_path / "c.jsonl", whole=False)], tmp_path / "text.npz")
    assert not (tmp_path / "text.npz").exists()


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = corrections(tmp_path / "c.jsonl")
    assert main(["train", "--add", str(path), "--out", str(tmp_path / "mine.npz"), "--epochs", "1"]) == 0
    assert "of 3 corrections are followed now" in capsys.readouterr().err
    assert Model.load(tmp_path / "mine.npz").card["version"].startswith("mine-")
    assert Label.BODY in {block.label for block in clean(SAMPLE).page}
