"""Rules from corrections: wordings that were corrected again and again, and never stand in what is kept."""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from boilerstrip.corrections import CorrectedPage
from boilerstrip.detect.rules import LONGEST, Rule, failing_examples
from boilerstrip.features import tokenize
from boilerstrip.labels import LABELS, Label
from boilerstrip.segment.text import as_single_atoms
from boilerstrip.stripper import Stripper

__all__ = ["suggest", "to_toml"]

Words = tuple[int, ...]
LEAST = 2  # blocks that must have been corrected alike
START_WORDS = 3  # words from which a common beginning is a phrase of its own
MOST_EXAMPLES = 5
HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class _Case:
    text: str
    words: Words
    page: str


def suggest(pages: Sequence[CorrectedPage], stripper: Stripper | None = None) -> list[Rule]:
    """Rules for blocks that were corrected to be removed, at least twice in the same wording. No rule has a phrase that
    occurs in a kept block: neither in one that was corrected to be kept nor in one that the library keeps on a page whose
    text is given. Every rule's examples have been tried.

    Raises:
        ValueError: if no kept block is known: a rule needs counterexamples.
    """
    kept, removed = _sorted_out(pages, stripper or Stripper(input="text"))
    if not kept:
        raise ValueError("no kept blocks are known, so nothing shows what a rule must not hit: export the corrections with page text, "
                         "or correct some blocks to be kept")
    inside = _Occurrences(case.words for case in kept)
    rules: list[Rule] = []
    for label in LABELS:
        rules += _rules_for(label, removed.get(label, []), kept, inside, {rule.id for rule in rules})
    return rules


def _sorted_out(pages: Sequence[CorrectedPage], stripper: Stripper) -> tuple[list[_Case], dict[Label, list[_Case]]]:
    """Kept blocks, and those corrected to be removed by label."""
    kept: list[_Case] = []
    removed: dict[Label, list[_Case]] = defaultdict(list)
    for page in pages:
        kept += _cases([c.text for c in page.corrections if c.keep], page.sha256)
        kept += _cases([b.text for b, correction in page.blocks(stripper) if correction is None and b.kept], page.sha256)
        for label in LABELS[1:]:
            removed[label] += _cases([c.text for c in page.corrections if not c.keep and c.label is label], page.sha256)
    return kept, removed


def _cases(texts: Sequence[str], page: str) -> list[_Case]:
    texts = [text for text in texts if not HALF.search(text)]
    return [_Case(text, words, page) for text, words in zip(texts, map(_words, texts)) if words]


@lru_cache(maxsize=100_000)
def _words(text: str) -> Words:
    """A text as rules see it: the hashes of its words, with case, digits and punctuation folded."""
    return tuple(tokenize(as_single_atoms([text])).hash.tolist())


class _Occurrences:
    """Whether a phrase stands anywhere in some texts."""

    def __init__(self, texts: Iterable[Words]) -> None:
        self._texts = list(dict.fromkeys(texts))
        self._by_word: dict[int, set[int]] = defaultdict(set)
        for number, words in enumerate(self._texts):
            for word in words:
                self._by_word[word].add(number)

    def __contains__(self, phrase: Words) -> bool:
        return any(_holds(self._texts[n], phrase) for n in set.intersection(*(self._by_word.get(word, set()) for word in set(phrase))))


def _holds(words: Words, phrase: Words) -> bool:
    return any(words[at:at + len(phrase)] == phrase for at in range(len(words) - len(phrase) + 1))


def _rules_for(label: Label, cases: Sequence[_Case], kept: Sequence[_Case], inside: _Occurrences, taken: set[str]) -> list[Rule]:
    """One rule per wording, those of most blocks first; a common beginning stands for the wordings that have it."""
    rules: list[Rule] = []
    covered: set[Words] = set()
    for position, groups in (("line_start", _beginnings(cases)), ("line", _wordings(cases))):
        for phrase, group in sorted(groups.items(), key=lambda item: (-len(item[1]), item[1][0].text)):
            if len(group) < LEAST or len(phrase) > LONGEST or {case.words for case in group} <= covered or phrase in inside:
                continue
            rule = _rule(label, position, phrase, group, kept, taken | {rule.id for rule in rules})
            if rule is not None:
                rules.append(rule)
                covered |= {case.words for case in group}
    return rules


def _wordings(cases: Sequence[_Case]) -> dict[Words, list[_Case]]:
    groups: dict[Words, list[_Case]] = defaultdict(list)
    for case in cases:
        groups[case.words].append(case)
    return groups


def _beginnings(cases: Sequence[_Case]) -> dict[Words, list[_Case]]:
    """The longest beginnings that several different wordings share."""
    groups: dict[Words, list[_Case]] = defaultdict(list)
    for case in cases:
        for length in range(START_WORDS, min(len(case.words), LONGEST) + 1):
            groups[case.words[:length]].append(case)
    shared = {phrase: group for phrase, group in groups.items() if len({case.words for case in group}) >= LEAST}
    shorter = {phrase[:-1] for phrase, group in shared.items() if len(group) == len(shared.get(phrase[:-1], ()))}
    return {phrase: group for phrase, group in shared.items() if phrase not in shorter}


def _rule(label: Label, position: str, phrase: Words, group: Sequence[_Case], kept: Sequence[_Case], taken: set[str]) -> Rule | None:
    """A rule, if it can be stated so that its examples do what they should."""
    wording = _wording_of(phrase, group[0].text)
    if wording is None:
        return None
    name = base = f"suggested.{label}.{re.sub(r'[^a-z0-9]+', '-', wording.lower()).strip('-')[:40].strip('-') or 'wording'}"
    number = 1
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    examples = list(dict.fromkeys(case.text for case in group))[:MOST_EXAMPLES]
    rule = Rule(name, label, _weight(len(group)), position, {"": (wording,)}, examples=examples, counterexamples=_near_misses(phrase, kept))
    return None if list(failing_examples([rule])) else rule


def _weight(count: int) -> float:
    """Log-odds that such a block is to be removed, seen so often and never kept, with half an observation of either kind
    beforehand (the prior of Jeffreys); at most 4, which is sure."""
    return round(min(math.log((count + 0.5) / 0.5), 4.0), 2)


def _wording_of(phrase: Words, text: str) -> str | None:
    """The beginning of a text that has exactly these words, on one line."""
    folded = " ".join(text.split())
    if _words(folded) == phrase:
        return folded
    ends = [match.end() for match in re.finditer(r"\w+", folded)]
    return next((folded[:end] for end in ends if _words(folded[:end]) == phrase), None)


def _near_misses(phrase: Words, kept: Sequence[_Case]) -> list[str]:
    """The kept blocks that share most words with a phrase, the shortest of equals."""
    wanted = set(phrase)
    best = sorted(kept, key=lambda case: (-len(wanted & set(case.words)), len(case.text)))
    return list(dict.fromkeys(case.text for case in best))[:3]


# ---- TOML ----------------------------


def to_toml(rules: Sequence[Rule]) -> str:
    """Rules in the form of the rule files."""
    return "\n".join(_table(rule) for rule in rules)


def _table(rule: Rule) -> str:
    phrases = [phrase for group in rule.phrases.values() for phrase in group]
    return (f"[[rule]]\nid = {_string(rule.id)}\nlabel = {_string(rule.label)}\nposition = {_string(rule.position)}\n"
            f"weight = {rule.weight}\nphrases = {_list(phrases)}\nexamples = {_list(rule.examples)}\n"
            f"counterexamples = {_list(rule.counterexamples)}\n")


def _list(texts: Sequence[str]) -> str:
    return "[\n" + "".join(f"    {_string(text)},\n" for text in texts) + "]"


def _string(text: str) -> str:
    """A basic string; also what terminals would obey and what reorders text is escaped."""
    return re.sub("[\x7f-\x9f\u2028-\u202e\u2066-\u2069]", lambda m: f"\\u{ord(m[0]):04x}", json.dumps(str(text), ensure_ascii=False))
