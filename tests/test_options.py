"""Options: every value is checked before anything runs, and every message says what to do."""

from __future__ import annotations

import copy
import math
import pickle
from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from typing import Any

import pytest

from boilerstrip import Label, Options, Rule, RuleError, Stripper, clean, clean_many

RULE: dict[str, Any] = {"id": "mine.lamp", "label": "ad", "phrases": ["buy a lamp"], "examples": ["Buy a lamp"],
                        "counterexamples": ["The lamp"]}
TOML = """
[[rule]]
id = "mine.file"
label = "share"
phrases = ["wave at us"]
examples = ["Wave at us!"]
counterexamples = ["They waved at us."]
"""


def test_defaults() -> None:
    options = Options()
    assert (options.favor, options.threshold, options.keep, options.rules) == ("balanced", None, frozenset(), ())
    assert options.builtin_rules is True and options.input == "auto" and options.max_chars == 50_000_000
    assert Options.of() == options


@pytest.mark.parametrize(("name", "near"), (
    ("treshold", "threshold"), ("favour", "favor"), ("keeps", "keep"), ("rule", "rules"), ("maxchars", "max_chars"),
    ("builtin", "builtin_rules"), ("inputs", "input")))
def test_an_unknown_option_names_the_nearest(name: str, near: str) -> None:
    for call in (lambda: Options.of(**{name: 1}), lambda: clean("x", **{name: 1}), lambda: Stripper(**{name: 1}),
                 lambda: clean_many(["x"], **{name: 1})):
        with pytest.raises(TypeError, match=f"{name}.*{near}"):
            call()


def test_an_unknown_option_near_none_names_them_all() -> None:
    with pytest.raises(TypeError, match="zzz") as error:
        Options.of(zzz=1)
    assert all(field.name in str(error.value) for field in fields(Options))


@pytest.mark.parametrize(("name", "value"), (
    ("favor", "speed"), ("favor", None), ("favor", ""), ("favor", []), ("input", "pdf"), ("input", None), ("input", True),
    ("threshold", -0.01), ("threshold", 1.01), ("threshold", math.nan), ("threshold", math.inf), ("threshold", "0.5"), ("threshold", True),
    ("threshold", [0.5]), ("max_chars", 0), ("max_chars", -1), ("max_chars", 1.5), ("max_chars", "9"), ("max_chars", None),
    ("max_chars", True), ("keep", ["headline"]), ("keep", "bodies"), ("keep", [3]), ("rules", [3]), ("rules", [None])))
def test_a_bad_value_names_its_option(name: str, value: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=name):
        Options(**{name: value})


@pytest.mark.parametrize(("value", "wanted"), (("0.5", TypeError), (True, TypeError), (2, ValueError)))
def test_types_and_ranges_of_the_threshold_are_told_apart(value: Any, wanted: type[Exception]) -> None:
    with pytest.raises(wanted):
        Options(threshold=value)


@pytest.mark.parametrize(("name", "value"), (("builtin_rules", "no"), ("builtin_rules", None), ("keep", 5), ("rules", 5)))
def test_a_value_of_a_wrong_type_names_its_option(name: str, value: Any) -> None:
    with pytest.raises(TypeError, match=name):
        Options(**{name: value})


@pytest.mark.parametrize(("label", "near"), (("captions", "caption"), ("titel", "title"), ("nav", "navigation")))
def test_an_unknown_label_names_the_nearest(label: str, near: str) -> None:
    with pytest.raises(ValueError, match=near):
        Options(keep={label})


def test_an_unknown_label_near_none_names_them_all() -> None:
    with pytest.raises(ValueError) as error:
        Options(keep={"xyzzy"})
    assert all(str(label) in str(error.value) for label in Label)


@pytest.mark.parametrize("keep", ("caption", ["caption"], ("caption", "caption"), {Label.CAPTION}, frozenset({"caption"})))
def test_labels_to_keep_are_given_in_any_collection(keep: Any) -> None:
    assert Options(keep=keep).keep == frozenset({Label.CAPTION})


@pytest.mark.parametrize("value", (0, 1, 0.0, 1.0, 0.25))
def test_thresholds_in_range(value: float) -> None:
    assert Options(threshold=value).threshold == value


def test_rules_are_given_as_objects_mappings_and_files(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(TOML, "utf-8")
    rule = Rule.from_dict(RULE)
    assert [r.id for r in Options(rules=[rule, path, str(path)]).rules] == ["mine.lamp", "mine.file", "mine.file"]
    assert [r.id for r in Options(rules=[RULE]).rules] == ["mine.lamp"]
    assert [r.id for r in Options(rules=path).rules] == ["mine.file"]
    assert all(isinstance(r, Rule) for r in Options(rules=[RULE, path]).rules)


def test_bad_rules_are_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"rules=.*mine\.lamp.*label"):
        Options(rules=[{**RULE, "label": "lamp"}])
    with pytest.raises(RuleError, match=r"mine\.lamp.*twice"):
        Stripper(rules=[RULE, RULE])
    with pytest.raises(OSError, match=r"none\.toml"):
        Options(rules=[tmp_path / "none.toml"])


def test_options_are_frozen() -> None:
    options = Options()
    with pytest.raises(FrozenInstanceError):
        options.threshold = 0.5  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        options.anything = 1  # type: ignore[attr-defined]


def test_options_compare_hash_and_pickle() -> None:
    one, other = Options(keep=["title", "caption"], threshold=0.5), Options(keep=("caption", "title"), threshold=0.5)
    assert one == other and hash(one) == hash(other) and one != Options()
    assert pickle.loads(pickle.dumps(one)) == one
    assert copy.deepcopy(one) == one


def test_options_with_rules_pickle() -> None:
    options = Options(rules=[RULE])
    assert pickle.loads(pickle.dumps(options)) == options


def test_options_with_rules_hash() -> None:
    assert hash(Options(rules=[RULE])) == hash(Options(rules=[RULE]))


def test_options_and_keywords_do_not_mix() -> None:
    with pytest.raises(TypeError, match="Options"):
        Stripper(Options(), threshold=0.5)
