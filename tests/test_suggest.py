"""Corrections read from files, and rules suggested from them."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from boilerstrip import Label, Rule, Stripper
from boilerstrip.cli import main
from boilerstrip.corrections import CorrectionError, read_corrections
from boilerstrip.detect.rules import failing_examples, load_rules
from boilerstrip.report import digest_of
from boilerstrip.suggest import suggest, to_toml

ROOT = Path(__file__).parents[1]
SAMPLE = (ROOT / "fixtures" / "sample.txt").read_text("utf-8")
KEPT = "The baker of Orlow Street opens at four, and by five the queue has reached the fountain."


def row(text: str, label: str = "body", keep: bool | None = None, page: str = "a", **more: Any) -> dict[str, Any]:
    return {"page": page, "text": text, "start": None, "end": None, "label": label, "keep": label == "body" if keep is None else keep,
            "was": {"label": "body", "keep": True}, "raw_sha256": digest_of(page), **more}


def on_page(raw: str, text: str, label: str) -> dict[str, Any]:
    start = raw.index(text)
    return row(text, label, start=start, end=start + len(text), raw=raw, raw_sha256=digest_of(raw))


def written(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
    return path


def suggested(tmp_path: Path, rows: list[dict[str, Any]]) -> list[Rule]:
    return suggest(read_corrections([written(tmp_path / "c.jsonl", rows)]))


def phrases(rules: list[Rule]) -> list[tuple[str, str]]:
    return [(rule.position, phrase) for rule in rules for group in rule.phrases.values() for phrase in group]


# ---- suggestions ----------------------------


def test_a_line_removed_on_two_pages_becomes_a_rule(tmp_path: Path) -> None:
    rules = suggested(tmp_path, [row("Tip our newsroom!", "subscribe"), row("tip our NEWSROOM", "subscribe", page="b"), row(KEPT)])
    assert phrases(rules) == [("line", "Tip our newsroom!")]
    rule = rules[0]
    assert rule.label is Label.SUBSCRIBE and rule.counterexamples == (KEPT,)
    assert set(rule.examples) == {"Tip our newsroom!", "tip our NEWSROOM"}
    assert rule.weight > 1


def test_what_was_removed_once_becomes_no_rule(tmp_path: Path) -> None:
    assert suggested(tmp_path, [row("Tip our newsroom!", "subscribe"), row(KEPT)]) == []


def test_a_wording_that_stands_in_a_kept_block_becomes_no_rule(tmp_path: Path) -> None:
    twice = [row("The queue", "other"), row("the queue", "other", page="b")]
    assert suggested(tmp_path, [*twice, row(KEPT)]) == []
    assert len(suggested(tmp_path, [*twice, row("Nobody stood there.")])) == 1


def test_a_common_beginning_becomes_one_rule(tmp_path: Path) -> None:
    rows = [row(f"Our app for {name} users is here", "ad", page=name) for name in ("tablet", "phone", "watch")]
    rules = suggested(tmp_path, [*rows, row(KEPT), row("Our app was late, said the baker.")])
    assert phrases(rules) == [("line_start", "Our app for")]
    assert len(rules[0].examples) == 3
    assert rules[0].counterexamples[0].startswith("Our app was late")


def test_a_beginning_that_kept_blocks_have_is_not_shortened_to_it(tmp_path: Path) -> None:
    rows = [row(f"The baker of Orlow {name}", "related", page=name) for name in ("Lane", "Hill")]
    assert suggested(tmp_path, [*rows, row(KEPT)]) == []


def test_kept_blocks_of_exported_pages_count(tmp_path: Path) -> None:
    rows = [row("walked out along the sea wall in the rain", "other", page=name) for name in ("x", "y")]
    anything = on_page(SAMPLE, "Ask the assistant anything about this story", "ai_promo")
    assert suggested(tmp_path, [*rows, row(KEPT)]) != []
    assert suggested(tmp_path, [*rows, row(KEPT), anything]) == []


def test_labels_are_told_apart(tmp_path: Path) -> None:
    rows = [row("Orlow Post", label, page=f"{label}{n}") for label in ("navigation", "legal") for n in range(2)]
    assert sorted(rule.label for rule in suggested(tmp_path, [*rows, row(KEPT)])) == ["legal", "navigation"]


def test_without_kept_blocks_nothing_is_suggested(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no kept blocks"):
        suggested(tmp_path, [row("Ad", "ad"), row("Ad", "ad", page="b")])


def test_more_blocks_weigh_more(tmp_path: Path) -> None:
    pages = [[row("Buy ink", "ad", page=str(n)) for n in range(count)] for count in (2, 5, 1000)]
    weights = [suggested(tmp_path, [*rows, row(KEPT)])[0].weight for rows in pages]
    assert weights == sorted(weights) and weights[-1] == 4.0


@pytest.mark.parametrize("text", ["广告内容", "إعلان مدفوع", "Реклама на сайте", "광고 문의", "โฆษณา"])
def test_other_scripts(tmp_path: Path, text: str) -> None:
    assert phrases(suggested(tmp_path, [row(text, "ad"), row(text, "ad", page="b"), row(KEPT)])) == [("line", text)]


def test_hostile_text_stays_inside_its_strings(tmp_path: Path) -> None:
    text = 'Buy "ink" \\ now\n[[rule]]\nid = """x\x1b[2J \u202e\x7f'
    rows = [row(hostile, "ad", page=name) for hostile in (text, "\ud800 half") for name in "ab"]
    rules = suggested(tmp_path, [*rows, row(KEPT)])
    toml = to_toml(rules)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e]", toml)
    parsed = tomllib.loads(toml)["rule"]
    assert [rule["examples"] for rule in parsed] == [[text]]
    assert list(failing_examples(rules)) == []


def test_the_toml_is_a_rule_file_that_removes_the_line(tmp_path: Path) -> None:
    text = "Marrow of the week"
    rows = [row(text, "ad"), row(text, "ad", page="b"), row(KEPT)]
    path = tmp_path / "rules.toml"
    path.write_text(to_toml(suggested(tmp_path, rows)), "utf-8")
    rules = load_rules(path)
    page = Stripper(rules=rules).clean(f"{KEPT}\n\n{text}\n\n{KEPT.replace('four', 'six')}").page
    assert any(hit.source == rules[0].id for block in page if block.text == text for hit in block.hits)


def test_ids_are_unique(tmp_path: Path) -> None:
    rows = [row(text, "ad", page=f"{text}{n}") for text in ("広告", "宣伝", "Ink! 1", "ink? now") for n in range(2)]
    rules = suggested(tmp_path, [*rows, row(KEPT)])
    assert len({rule.id for rule in rules}) == len(rules) == 4


# ---- reading ----------------------------


def test_the_last_correction_of_a_block_counts(tmp_path: Path) -> None:
    first, second = (written(tmp_path / f"{n}.jsonl", [row("Ad", label)]) for n, label in enumerate(("ad", "legal")))
    pages = read_corrections([first, second])
    assert [(c.text, c.label) for page in pages for c in page.corrections] == [("Ad", Label.LEGAL)]


def test_pages_are_told_apart_by_their_text(tmp_path: Path) -> None:
    pages = read_corrections([written(tmp_path / "c.jsonl", [on_page(SAMPLE, "Menu", "navigation"), row("Menu", "navigation")])])
    assert [page.raw for page in pages] == [SAMPLE, None]


@pytest.mark.parametrize(("line", "reason"), [
    ("{", "not JSON"), ("[" * 100_000, "not JSON"), ("3", "must be an object"), (json.dumps(row("")), "text must be"),
    (json.dumps(row("x", "nonsense")), "label must be one of"), (json.dumps({**row("x"), "keep": "yes"}), "keep must be"),
    (json.dumps({**row("x"), "label": ["body"]}), "label must be one of"),
    (json.dumps({**row("x"), "start": 3, "end": 1}), "start and end"), (json.dumps({**row("x"), "start": True, "end": 2}), "start and end"),
    (json.dumps({**row("x"), "raw": "another text"}), "raw is not the text"),
    (json.dumps({**on_page(SAMPLE, "Menu", "navigation"), "start": 0, "end": 4}), "something else")])
def test_a_bad_line_is_refused_with_file_line_and_reason(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text(json.dumps(row(KEPT)) + "\n\n" + line + "\n", "utf-8")
    with pytest.raises(CorrectionError, match=f"c.jsonl: line 3: .*{reason}"):
        read_corrections([path])


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_bytes("é".encode("utf-16"))
    with pytest.raises(CorrectionError, match="not UTF-8"):
        read_corrections([tmp_path / "c.jsonl"])


# ---- the command ----------------------------


def test_the_command_prints_toml(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "c.jsonl", [row("Tip us", "subscribe"), row("Tip us", "subscribe", page="b"), row(KEPT)])
    assert main(["rules", "suggest", str(path)]) == 0
    told = capsys.readouterr()
    assert [rule["phrases"] for rule in tomllib.loads(told.out)["rule"]] == [["Tip us"]]
    assert "1 rules suggested from 3 corrections" in told.err and "not exported" in told.err


@pytest.mark.parametrize("command", [["rules", "suggest"], ["train", "--add"]])
def test_bad_files_are_a_message(tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    if command[0] == "train":
        pytest.importorskip("torch")
    (tmp_path / "bad.jsonl").write_text("{}\n", "utf-8")
    for name, reason in (("bad.jsonl", "line 1"), ("none.jsonl", "No such file")):
        assert main([*command, str(tmp_path / name)]) == 1
        told = capsys.readouterr()
        assert told.out == "" and name in told.err and reason in told.err
