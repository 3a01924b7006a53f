"""Labels of lines without their text: packing, reading, and the committed file."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from boilerstrip.labels import LABELS
from boilerstrip.train.annotations import ANNOTATIONS, LEFT, packed, read_annotations, unpacked

NAMES = [*map(str, LABELS), LEFT]


@given(st.lists(st.sampled_from(NAMES), max_size=60))
def test_packing_loses_nothing(labels: list[str]) -> None:
    assert list(unpacked(packed(labels))) == labels


def test_runs_of_one_label_are_counted() -> None:
    assert packed(["body", "body", "ad", "body"]) == "body*2 ad body"


@pytest.mark.parametrize("runs", ["headline", "body*x", "body*2*3", "body*0", "ad*-5"])
def test_what_is_no_label_is_refused(runs: str) -> None:
    with pytest.raises(ValueError):
        list(unpacked(runs))


def test_a_row_whose_labels_do_not_make_up_its_lines_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"page": "page-7", "renderer": "bs4", "lines": 3, "labels": "title body"}), "utf-8")
    with pytest.raises(ValueError, match="page-7 has 3 lines and 2 labels"):
        read_annotations(path)


def test_the_committed_annotations_hold_labels_and_no_text() -> None:
    pages = read_annotations()
    assert len(pages) > 500
    assert {label for page in pages.values() for label in page["labels"]} <= set(NAMES)
    for row in map(json.loads, ANNOTATIONS.read_text("utf-8").splitlines()):
        assert set(row) == {"page", "renderer", "lines", "labels"}
