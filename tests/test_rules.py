"""Rules: what a rule hits, what it may hold, and that the built-in packs keep their own promises."""

from __future__ import annotations

import json
import re
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from boilerstrip import Label, Options, Rule, RuleError, Stripper, load_rules
from boilerstrip.detect.rules import LONGEST, RulePack, builtin_files, builtin_rules, compile_phrases
from boilerstrip.features import measure
from boilerstrip.labels import LABELS
from boilerstrip.segment.text import Atoms, as_single_atoms, segment

PROSE = ("The ferry left at nine with forty people on board, and the harbour lamp went out behind it while the keeper slept on his chair "
         "in the kitchen of the old customs house that night.")
GOOD: dict[str, Any] = {"id": "mine.lamp", "label": "ad", "phrases": ["buy a lamp"], "examples": ["Buy a lamp"],
    "counterexamples": ["The lamp"]}
TOML = """
[[rule]]
id = "mine.lamp"
label = "ad"
position = "line_start"
weight = 3
examples = ["Buy a lamp today"]
counterexamples = ["The lamp"]
[rule.phrases]
en = ["buy a lamp"]
"""


def rule(*phrases: str, name: str = "mine", label: Label = Label.AD, position: str = "line", **more: Any) -> Rule:
    return Rule(name, label, position=position, phrases={"": phrases}, **more)


def hits(text: str, *rules: Rule, url: str | None = None) -> list[tuple[str, str]]:
    """(atom, rule) of every hit on a page."""
    atoms = segment([text])
    pack = RulePack(rules)
    found = pack.hits(atoms, measure(atoms), [url])
    return [(text[atoms.start[a]:atoms.end[a]], pack.rules[r].id) for a, r in zip(found.atom.tolist(), found.rule.tolist())]


def hit(text: str, *rules: Rule, url: str | None = None) -> bool:
    return bool(hits(text, *rules, url=url))


def evidence(pages: list[str], *rules: Rule) -> tuple[Atoms, np.ndarray]:
    atoms = segment(pages)
    features = measure(atoms)
    pack = RulePack(rules)
    return atoms, pack.evidence(pack.hits(atoms, features), atoms, features.words)


# where a phrase must stand

LAMPS = ("Buy a lamp", "BUY A LAMP!", "» buy, a lamp «", "Buy a lamp today", "- Buy a lamp or two", "Please buy a lamp",
    "Go, buy a lamp now")


@pytest.mark.parametrize(("position", "wanted"), (
    ("line", LAMPS[:3]), ("heading", LAMPS[:3]), ("line_start", LAMPS[:5]), ("anywhere", LAMPS)))
def test_positions(position: str, wanted: tuple[str, ...]) -> None:
    texts = (*LAMPS, "buy lamp", "a lamp buy", "buy a lampshade", "rebuy a lamp", "buy the lamp")
    assert tuple(text for text in texts if hit(text, rule("buy a lamp", position=position))) == wanted


def test_phrases_ignore_case_digits_and_punctuation() -> None:
    assert hit("12 COMMENTS:", rule("99 comments"))
    assert not hit("123 comments", rule("99 comments"))
    assert hit("ΔΙΑΦΉΜΙΣΗ", rule("διαφήμιση"))


def test_scripts_without_spaces() -> None:
    anywhere = rule("关注我们", position="anywhere")
    assert hit("欢迎关注我们的频道", anywhere) and not hit("欢迎关注他们", anywhere)
    assert hit("広告", rule("広告")) and not hit("広告です", rule("広告"))


def test_one_phrase_may_belong_to_several_rules_and_one_block_to_several_phrases() -> None:
    one, two, three = rule("buy a lamp", name="one"), rule("buy a lamp", name="two"), rule("lamp", name="three", position="anywhere")
    assert hits("Buy a lamp", one, two, three) == [("Buy a lamp", "one"), ("Buy a lamp", "two"), ("Buy a lamp", "three")]


def test_a_rule_hits_a_block_once() -> None:
    assert len(hits("lamp lamp lamp", rule("lamp", "lamp lamp", position="anywhere"))) == 1


def test_a_phrase_never_runs_over_the_end_of_a_block() -> None:
    assert not hit("Buy a\nlamp", rule("buy a lamp", position="anywhere"))
    assert hits("Buy a\nlamp", rule("a", "lamp", position="anywhere")) == [("Buy a", "mine"), ("lamp", "mine")]


def test_phrases_of_the_longest_length() -> None:
    phrase = " ".join(f"lamp{chr(97 + n)}" for n in range(LONGEST))
    for position in ("line", "line_start", "anywhere"):
        assert hit(phrase, rule(phrase, position=position))
        assert not hit(phrase.removesuffix("x") + "y", rule(phrase, position=position))


def test_max_words() -> None:
    limited = rule("lamp", position="anywhere", max_words=3)
    assert hit("The lamp shines", limited) and not hit("The lamp shines again", limited)


def test_a_pattern_must_match_too() -> None:
    both = rule("lamp", position="anywhere", pattern=r"\d+ ?€")
    assert hit("Lamp for 9 €", both) and not hit("Lamp for free", both) and not hit("Oil for 9 €", both)


def test_patterns_ignore_case() -> None:
    assert hit("LAMP 9", rule(cue="digit", pattern="lamp"))


@pytest.mark.parametrize(("cue", "text", "without"), (
    ("digit", "lamp 9", "lamp"), ("url", "lamp.example/x", "lamp.example"), ("copyright", "© lamp", "lamp"), ("hash", "#lamp", "lamp"),
    ("degree", "9° lamp", "lamp")))
def test_cues(cue: str, text: str, without: str) -> None:
    cued = Rule("mine", Label.OTHER, cue=cue, pattern="lamp")
    assert hit(text, cued) and not hit(without, cued) and not hit(text.replace("lamp", "oil"), cued)


def test_cues_look_at_short_blocks_only() -> None:
    cued = Rule("mine", Label.OTHER, cue="digit", pattern="lamp", max_words=4)
    assert hit("The 9 lamp shines", cued) and not hit("The 9 lamp shines again", cued)
    assert not hit("9 lamp " + "x" * 2000, cued)


def test_no_rules_and_no_blocks() -> None:
    assert hits("Buy a lamp") == []
    assert hits("", rule("lamp")) == [] and hits("!!!\n\n***", rule("lamp")) == []


# evidence


def test_evidence_is_the_strongest_hit_of_each_label() -> None:
    _, found = evidence(["Buy a lamp\nHome"], rule("buy a lamp", name="weak", weight=1.0), rule("buy a lamp", name="strong", weight=3.5),
                        rule("buy a lamp", name="other", label=Label.SHARE, weight=2.0))
    assert found.shape == (2, len(LABELS))
    assert {LABELS[k]: found[0, k] for k in np.flatnonzero(found[0])} == {Label.AD: 3.5, Label.SHARE: 2.0}
    assert not found[1].any()


def test_negative_weights_speak_against_a_label() -> None:
    _, found = evidence(["Buy a lamp"], rule("buy a lamp", weight=-3.0))
    assert found[0, LABELS.index(Label.AD)] == -3


HEADING = rule("more stories", name="mine.heading", label=Label.RELATED, position="heading", weight=4.0)
RELATED = LABELS.index(Label.RELATED)


def test_a_heading_governs_what_follows_until_prose_resumes() -> None:
    text = f"{PROSE}\nMore stories\nMill burns down\nBridge reopens\n{PROSE}\n{PROSE}\nShare this"
    _, found = evidence([text], HEADING)
    section = found[:, RELATED]
    assert section[1] == 4 and 0 < section[2] == section[3] < 4
    assert section[[0, 4, 5, 6]].tolist() == [0, 0, 0, 0]
    assert np.delete(found, RELATED, 1).max() == 0


def test_a_heading_governs_its_page_only() -> None:
    _, found = evidence(["Home\nMore stories\nMill burns down", "Bridge reopens\nFerry sinks"], HEADING)
    assert (found[:, RELATED] > 0).tolist() == [False, True, True, False, False]


def test_a_phrase_inside_a_line_is_no_heading() -> None:
    _, found = evidence(["There are more stories\nMill burns down"], HEADING)
    assert not found.any()


def test_sections_do_not_depend_on_the_next_page() -> None:
    page = f"More stories\n{PROSE}"
    _, alone = evidence([page], HEADING)
    _, batch = evidence([page, PROSE], HEADING)
    assert (batch[:2] == alone).all()


def test_inactive_rules_give_no_evidence() -> None:
    atoms = segment(["Buy a lamp\nMore stories\nHome"])
    features = measure(atoms)
    pack = RulePack([rule("buy a lamp"), HEADING])
    found = pack.hits(atoms, features)
    assert pack.evidence(found, atoms, features.words, np.array([False, False])).max() == 0
    assert pack.evidence(found, atoms, features.words, np.array([True, False]))[1:].max() == 0


# sites


@pytest.mark.parametrize(("url", "wanted"), (
    ("https://saltmarsh.example/a", True), ("https://www.SALTMARSH.example:8080/a?b", True), ("https://notsaltmarsh.example/", False),
    ("https://saltmarsh.example.org/", False), ("https://other.example/saltmarsh.example", False), ("", False), (None, False),
    ("rubbish", False)))
def test_rules_of_a_site(url: str | None, wanted: bool) -> None:
    assert hit("Buy a lamp", rule("buy a lamp", sites=("saltmarsh.example",)), url=url) == wanted


def test_rules_of_a_site_leave_others_alone() -> None:
    rules = (rule("buy a lamp", name="site", sites=("saltmarsh.example",)), rule("buy a lamp", name="all"))
    assert [name for _, name in hits("Buy a lamp", *rules, url="https://other.example/")] == ["all"]


def test_each_page_of_a_batch_has_its_own_url() -> None:
    stripper = Stripper(rules=[rule("buy a lamp", sites=("saltmarsh.example",), action="keep")], builtin_rules=False, threshold=1)
    pages = [("Buy a lamp", "https://saltmarsh.example/"), ("Buy a lamp", "https://other.example/"), ("Buy a lamp", None)]
    assert [bool(result.page[0].hits) for result in stripper.clean_many(pages)] == [True, False, False]


def test_a_malformed_url_is_no_error() -> None:
    assert not hit("Buy a lamp", rule("buy a lamp", sites=("saltmarsh.example",)), url="http://[saltmarsh")


# a user's rules in the pipeline


def test_keep_and_drop_rules_decide() -> None:
    text = f"{PROSE}\nBuy a lamp\nHome"
    rules = [rule("buy a lamp", name="mine.keep", action="keep"), rule("harbour lamp", name="mine.drop", position="anywhere",
        action="drop")]
    for options in ({"threshold": 0}, {"threshold": 1}, {"builtin_rules": False}, {}):
        blocks = {b.text: b for b in Stripper(rules=rules, **options).clean(text).page}
        assert blocks["Buy a lamp"].kept and not blocks[PROSE].kept


@cache
def packs() -> dict[str, list[Rule]]:
    """The rules of the built-in files."""
    return {path.stem: load_rules(path) for path in builtin_files()}


def test_a_users_rule_replaces_the_built_in_one_of_its_id() -> None:
    old = next(r for r in packs()["ad"] if r.position == "line" and not r.pattern)
    example = next(iter(old.examples))
    new = rule("xyzzy", name=old.id, label=Label.SHARE)
    pack = builtin_rules().extended([new])
    assert len(pack) == len(builtin_rules())
    atoms = segment([f"{example}\nXyzzy"])

    def named(pack: RulePack) -> list[list[str]]:
        found = pack.hits(atoms, measure(atoms))
        return [[pack.rules[r].id for a, r in zip(found.atom.tolist(), found.rule.tolist()) if a == number] for number in range(len(atoms))]

    assert old.id in named(builtin_rules())[0]
    assert old.id not in named(pack)[0] and named(pack)[-1] == [old.id]


def test_a_users_rules_join_the_built_in_ones() -> None:
    pack = builtin_rules().extended([rule("xyzzy")])
    texts = [text for rules in packs().values() for r in rules for text in r.examples]
    atoms = as_single_atoms([*texts, "Xyzzy"])
    features = measure(atoms)

    def pairs(pack: RulePack) -> set[tuple[int, str]]:
        found = pack.hits(atoms, features)
        return {(a, pack.rules[r].id) for a, r in zip(found.atom.tolist(), found.rule.tolist())}

    assert pairs(pack) == pairs(builtin_rules()) | {(len(texts), "mine")}


def test_rules_without_the_built_in_ones() -> None:
    text = "Advertisement\nBuy a lamp"
    assert [[r.source for r in b.hits] for b in Stripper(rules=[rule("buy a lamp")], builtin_rules=False).clean(text).page] == [[],
        ["mine"]]
    assert not any(b.hits for b in Stripper(builtin_rules=False).clean(text).page)


# what a rule may hold


def test_a_rule_from_a_mapping() -> None:
    made = Rule.from_dict({**GOOD, "position": "anywhere", "weight": 1, "max_words": 5, "sites": ["saltmarsh.example"], "action": "drop"})
    assert (made.id, made.label, made.position, made.weight, made.max_words, made.action) == ("mine.lamp", Label.AD, "anywhere", 1, 5,
        "drop")
    assert Rule.from_dict({**GOOD, "phrases": {"en": ["buy a lamp"]}}).phrases == {"en": ("buy a lamp",)}


@pytest.mark.parametrize(("change", "reason"), (
    ({"colour": "red"}, "unknown key 'colour'"), ({"label": "advert"}, "label must be one of.*caption"), ({"label": None}, "label"),
    ({"position": "middle"}, "position must be one of line"), ({"action": "maybe"}, "action must be one of evidence"),
    ({"cue": "smell", "pattern": "a"}, "cue must be one of digit"), ({"weight": "high"}, "weight"), ({"weight": 11}, "weight"),
    ({"weight": float("nan")}, "weight"), ({"phrases": []}, "needs phrases"), ({"phrases": {"en": []}}, "needs phrases"),
    ({"phrases": [], "pattern": "a"}, "needs phrases"), ({"phrases": "buy a lamp"}, "lists of strings"),
    ({"phrases": {"en": "lamp"}}, "lists"), ({"phrases": [3]}, "lists of strings"),
    ({"examples": []}, "examples"), ({"counterexamples": []}, "counterexamples"),
    ({"pattern": "(lamp"}, "pattern")))
def test_a_bad_rule_names_itself_and_the_reason(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(RuleError, match=rf"somewhere.*mine\.lamp.*{reason}"):
        Rule.from_dict({**GOOD, **change}, "somewhere")


@pytest.mark.parametrize("row", ({k: v for k, v in GOOD.items() if k != "id"}, {**GOOD, "id": ""}, {**GOOD, "id": 3}))
def test_a_rule_needs_an_id(row: dict[str, Any]) -> None:
    with pytest.raises(RuleError, match="needs an id"):
        Rule.from_dict(row)


@pytest.mark.parametrize("change", (
    {"phrases": 3}, {"phrases": {"en": 3}}, {"pattern": 5, "cue": "digit"}, {"max_words": "five"}, {"examples": "buy a lamp"},
    {"counterexamples": "The lamp"}, {"sites": "saltmarsh.example"}, {"examples": [3]}))
def test_a_value_of_a_wrong_type_names_the_rule(change: dict[str, Any]) -> None:
    with pytest.raises(RuleError, match=r"mine\.lamp"):
        Rule.from_dict({**GOOD, **change})


@pytest.mark.parametrize("phrase", ("", "!!!", " ".join(["lamp"] * (LONGEST + 1))))
def test_phrases_need_words_and_not_too_many(phrase: str) -> None:
    with pytest.raises(RuleError, match="mine"):
        RulePack([rule("lamp", phrase)])


def test_two_rules_of_one_id_are_refused() -> None:
    with pytest.raises(RuleError, match=r"mine.*twice"):
        RulePack([rule("lamp"), rule("oil")])


# files


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "lamps.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_file_of_rules(tmp_path: Path) -> None:
    [made] = load_rules(written(tmp_path, TOML))
    assert (made.id, made.label, made.position, made.phrases) == ("mine.lamp", Label.AD, "line_start", {"en": ("buy a lamp",)})
    assert load_rules(str(written(tmp_path, ""))) == []


@pytest.mark.parametrize(("text", "reason"), (
    (TOML.replace("ad", "add"), r"mine\.lamp.*label"), (TOML + "\n[other]\nx = 1", "only"),
    (TOML.replace("weight", "colour"), r"mine\.lamp.*colour"), ("[[rule", ""), ("rule = 3", "only"),
    (TOML.replace("Buy a lamp today", "Sell a lamp"), r"mine\.lamp.*example does not hit.*Sell a lamp"),
    (TOML.replace('"The lamp"', '"Buy a lamp, he said"'), r"mine\.lamp.*counterexample hits.*he said"),
    (TOML.replace("buy a lamp", "achète").encode("latin-1"), "not UTF-8"), (b"\xff\xfe\x00", "not UTF-8")))
def test_a_bad_file_is_refused_whole_and_named(tmp_path: Path, text: str | bytes, reason: str) -> None:
    good = TOML.replace("mine.lamp", "mine.good")
    whole = good + text if isinstance(text, str) and text.startswith("\n") else text
    with pytest.raises(RuleError, match=rf"(?s)lamps\.toml: .*{reason}"):
        load_rules(written(tmp_path, whole))


def test_a_missing_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"none\.toml"):
        load_rules(tmp_path / "none.toml")


@pytest.mark.parametrize("text", (
    TOML + TOML, TOML.replace('["buy a lamp"]', '["buy a lamp", "!!!"]'),
    TOML + 'slow = ["x"]\n[[rule]]\nid = "s"\nlabel = "ad"\ncue = "digit"\npattern = "(a|aa)+$"\nmax_words = 9\nexamples = ["9'
    + "a" * 45 + '!"]\ncounterexamples = ["x"]'))
def test_every_reason_names_the_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(RuleError, match=r"lamps\.toml"):
        load_rules(written(tmp_path, text))


# catastrophic patterns


SLOW = Rule("mine.slow", Label.AD, cue="digit", pattern=r"(a|aa)+$", max_words=9)
HOSTILE = "9" + "a" * 45 + "!"


def test_a_catastrophic_pattern_is_stopped_and_named() -> None:
    began = time.perf_counter()
    with pytest.raises(RuleError, match=r"mine\.slow.*too long"):
        hits(HOSTILE, SLOW)
    with pytest.raises(RuleError, match=r"mine\.slow.*too long"):
        Stripper(rules=[SLOW]).clean(HOSTILE)
    assert time.perf_counter() - began < 5


def test_a_catastrophic_pattern_behind_a_phrase_is_stopped_too() -> None:
    with pytest.raises(RuleError, match=r"mine.*too long"):
        hits(f"buy a lamp {HOSTILE}", rule("buy a lamp", position="anywhere", pattern=r"(a|aa)+$"))


def test_a_catastrophic_pattern_costs_one_page_of_many() -> None:
    results = list(Stripper(rules=[SLOW]).clean_many([PROSE, HOSTILE, PROSE]))
    assert [result.error is not None for result in results] == [False, True, False]
    assert "mine.slow" in str(results[1].error)


# the built-in packs


@pytest.mark.parametrize("path", builtin_files(), ids=lambda path: path.stem)
def test_examples_and_counterexamples_of_a_pack(path: Path) -> None:
    rules = load_rules(path)  # refuses what does not hold
    assert rules
    assert {r.label for r in rules} == {Label(path.stem)}
    assert all(r.examples and r.counterexamples for r in rules)


def test_examples_hit_in_the_compiled_pack_too() -> None:
    cases = [(text, r.id, wanted) for rules in packs().values() for r in rules
             for wanted, texts in ((True, r.examples), (False, r.counterexamples)) for text in texts]
    atoms = as_single_atoms([text for text, _, _ in cases])
    pack = builtin_rules()
    found = pack.hits(atoms, measure(atoms))
    pairs = {(a, pack.rules[r].id) for a, r in zip(found.atom.tolist(), found.rule.tolist())}
    assert [(text, name) for number, (text, name, wanted) in enumerate(cases) if ((number, name) in pairs) != wanted] == []


def test_ids_are_unique_over_all_packs() -> None:
    names = [r.id for rules in packs().values() for r in rules]
    assert len(names) == len(set(names))


def test_built_in_rules_are_evidence_and_name_no_site() -> None:
    assert all(r.action == "evidence" and not r.sites and r.weight > 0 for r in builtin_rules().rules)


def test_the_compiled_pack_is_in_step_with_the_files() -> None:
    rules = [r for rules in packs().values() for r in rules]
    with np.load(builtin_files()[0].parent / "compiled.npz") as stored:
        arrays = {name: stored[name] for name in stored.files}
    rows = json.loads(arrays.pop("rules").tobytes())
    for name, wanted in compile_phrases(rules).items():
        assert np.array_equal(arrays[name], wanted), f"{name}: run `make rules`"
    for row, r in zip(rows, rules, strict=True):
        for name in ("id", "label", "weight", "position", "pattern", "cue", "max_words", "action"):
            assert row[name] == getattr(r, name), f"{r.id}: {name}: run `make rules`"


UNITS = ("a", "1", "a ", "1 ", "1,", "-", "a1", ".", " ", "a.", "1:", "/", "a/", "© ", "1k ", "by ", "A", "漢", "#a ", "9°", "\u0301",
    "() ")
PATTERNS = {r.id: r.pattern for r in builtin_rules().rules if r.pattern}


def quickest(search: Any, text: str) -> float:
    """The least time that this thread needs: what else the machine does counts little."""
    times = []
    for _ in range(5):
        began = time.thread_time()
        search(text)
        times.append(time.thread_time() - began)
    return min(times)


@pytest.mark.parametrize("name", PATTERNS)
def test_a_built_in_pattern_is_linear(name: str) -> None:
    search = re.compile(PATTERNS[name], re.IGNORECASE).search
    texts = [unit * (200 // len(unit)) for unit in UNITS]
    examples = [example + " " for rules in packs().values() for r in rules if r.id == name for example in r.examples]
    texts += [example * (200 // len(example) + 1) for example in examples]
    for text in texts:
        # ten times the length: ten times the time, or little time at all (quadratic growth would give a hundred times)
        short, long = quickest(search, text + "!"), quickest(search, text * 10 + "!")
        assert long < 40 * short + 0.003, text[:20]


def test_hits_are_the_same_in_every_batch() -> None:
    texts = [text for rules in packs().values() for r in rules for text in r.examples][::7]
    pages = ["\n".join(texts[k::5]) for k in range(5)]
    pack = builtin_rules()
    atoms = segment(pages)
    batch = pack.hits(atoms, measure(atoms))
    for number, page in enumerate(pages):
        alone_atoms = segment([page])
        alone = pack.hits(alone_atoms, measure(alone_atoms))
        part = batch.at(int(atoms.first[number]), int(atoms.first[number + 1]))
        assert len(alone.atom) > 0
        assert part.atom.tolist() == alone.atom.tolist() and part.rule.tolist() == alone.rule.tolist()


def test_options_take_rule_files(tmp_path: Path) -> None:
    result = Stripper(Options(rules=[written(tmp_path, TOML)])).clean(f"{PROSE}\nBuy a lamp today")  # type: ignore[list-item]
    assert "mine.lamp" in [r.source for r in result.page[-1].hits]
