"""Rules as data: phrases and patterns that speak for a label, found in one pass over the word hashes.

A phrase is compared as its sequence of words (case folded, digits as 0, punctuation ignored). Whole lines and
line starts are looked up once per atom; phrases that may stand anywhere only where a word begins one of them;
patterns run only on atoms that a phrase or a cheap cue points to. The cost does not depend on the number of rules.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from boilerstrip.chars import CharClass as C
from boilerstrip.chars import class_table, codes_of
from boilerstrip.features import PAIR, Features, Tokens, _powers, mix, word_hashes
from boilerstrip.labels import LABELS, Label
from boilerstrip.segment.text import Atoms

__all__ = ["Hits", "Rule", "RuleError", "RulePack", "builtin_rules", "load_rules"]

Hashes = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]

PACKS = Path(__file__).parents[1] / "rules"
POSITIONS = ("line", "line_start", "anywhere", "heading")
WHOLE, START, ANY = (np.uint8(bit) for bit in (1, 2, 4))  # the words of a whole block, those at its start, any
PLACES = np.array([WHOLE, START, ANY, WHOLE])  # for each of POSITIONS
# Characters that point to a rule's pattern: their kind (none: a block without words), which ones (none: all of the kind), and
# the longest block, in characters, that it looks at.
CUES: dict[str, tuple[C | None, str, int]] = {
    "digit": (C.DIGIT, "", 60), "url": (C.SLASH, "/", 400), "copyright": (C.COPYRIGHT, "©®℗", 400), "hash": (C.SLASH, "#", 400),
    "degree": (C.SYMBOL, "°", 40), "wordless": (None, "", 40)}
ACTIONS = ("evidence", "keep", "drop")
FIXES = {"keep": 1, "drop": -1}
LONGEST = 24  # words of a phrase; in scripts without spaces every character counts as one
BITMAP_BITS = 18
USER_TIMEOUT = 0.1  # seconds for one user pattern on one block; built-in patterns are linear and have no limit
SECTION_WEIGHT = 1.0  # log-odds of what follows a section heading, until the story resumes
PROSE = 25  # words from which two atoms in a row are evidence that the story resumes


class RuleError(ValueError):
    """A rule that cannot be used; the message names its file, its id and the reason."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. It needs phrases, or a `cue` and a `pattern`; and examples of both kinds.

    `weight` is in log-odds for the label (1 weak, 4 sure). `position` says where a phrase must stand: "line" (the
    whole block), "line_start", "anywhere", or "heading" (a whole block, and what follows belongs to the label too).
    `action` "keep" and "drop" fix the decision for the blocks that they hit. `sites` limits a rule to registrable
    domains. `pattern` must match too, where it is given with phrases.
    """

    id: str
    label: Label
    weight: float = 2.0
    position: str = "line"
    phrases: Mapping[str, Sequence[str]] = field(default_factory=dict, hash=False)
    pattern: str | None = None
    cue: str | None = None
    max_words: int | None = None
    examples: Sequence[str] = ()
    counterexamples: Sequence[str] = ()
    action: str = "evidence"
    sites: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("examples", "counterexamples", "sites"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    @classmethod
    def from_dict(cls, row: Mapping[str, Any], source: str = "rules") -> Rule:
        """A checked rule from a mapping.

        Raises:
            RuleError: naming `source`, the rule and the reason.
        """
        if not isinstance(row, Mapping):
            raise RuleError(f"{source}: a rule must be a table, not {type(row).__name__}")
        name = f"{source}: rule {row.get('id', '(without id)')!r}"
        unknown = set(row) - {f.name for f in fields(cls)}
        if unknown:
            raise RuleError(f"{name}: unknown key {min(unknown)!r}")
        if not isinstance(row.get("id"), str) or not row["id"]:
            raise RuleError(f"{name}: needs an id")
        try:
            label = Label(row["label"])
        except (KeyError, ValueError):
            raise RuleError(f"{name}: label must be one of {', '.join(LABELS)}") from None
        phrases = row.get("phrases", {})
        if not isinstance(phrases, Mapping):
            phrases = {"": phrases}
        if any(not isinstance(p, (list, tuple)) or not all(isinstance(x, str) for x in p) for p in phrases.values()):
            raise RuleError(f"{name}: phrases must be lists of strings")
        for key in ("examples", "counterexamples", "sites"):
            value = row.get(key, ())
            if isinstance(value, str) or not isinstance(value, Sequence) or not all(isinstance(x, str) for x in value):
                raise RuleError(f"{name}: {key} must be a list of strings")
        if not isinstance(row.get("max_words", 1), int) or row.get("max_words", 1) < 1:
            raise RuleError(f"{name}: max_words must be a positive whole number")
        if not isinstance(row.get("pattern", ""), str):
            raise RuleError(f"{name}: pattern must be a string")
        lists = {key: tuple(row[key]) for key in ("examples", "counterexamples", "sites") if key in row}
        rule = cls(**{**row, **lists, "label": label, "phrases": {k: tuple(v) for k, v in phrases.items()}})
        rule._check(name)
        return rule

    def _check(self, name: str) -> None:
        for value, allowed, what in ((self.position, POSITIONS, "position"), (self.action, ACTIONS, "action"),
                                     (self.cue, (None, *CUES), "cue")):
            if value not in allowed:
                raise RuleError(f"{name}: {what} must be one of {', '.join(str(a) for a in allowed if a)}")
        if not isinstance(self.weight, (int, float)) or not -10 <= self.weight <= 10:
            raise RuleError(f"{name}: weight must be a number from -10 to 10")
        if not any(self.phrases.values()) and not (self.cue and self.pattern):
            raise RuleError(f"{name}: needs phrases, or a cue and a pattern")
        if not self.examples or not self.counterexamples:
            raise RuleError(f"{name}: needs examples and counterexamples")
        if self.pattern is not None:
            import regex

            try:
                regex.compile(self.pattern)
            except regex.error as error:
                raise RuleError(f"{name}: pattern: {error}") from None


@dataclass(frozen=True, slots=True)
class Hits:
    """Which rule hit which atom; equally long arrays, sorted by atom."""

    atom: Ints
    rule: Ints

    def at(self, first: int, last: int) -> Hits:
        """The hits of atoms first to last - 1, counted from first."""
        a, b = np.searchsorted(self.atom, (first, last))
        return Hits(self.atom[a:b] - first, self.rule[a:b])


class RulePack:
    """Rules compiled to hash tables.

    Raises:
        RuleError: for two rules of one id, or phrases without words or with too many.
    """

    def __init__(self, rules: Sequence[Rule], compiled: Mapping[str, npt.NDArray[Any]] | None = None, builtin: int = 0) -> None:
        self.rules, self._builtin = tuple(rules), builtin
        twice = [name for name, count in Counter(rule.id for rule in self.rules).items() if count > 1]
        if twice:
            raise RuleError(f"rule {twice[0]!r} is given twice")
        self._scoped = {n: tuple(rule.sites) for n, rule in enumerate(self.rules) if rule.sites}
        arrays = compile_phrases(self.rules) if compiled is None else dict(compiled)
        self._arrays = arrays
        hashes, lengths, numbers = arrays["hash"], arrays["length"], arrays["rule"]
        self._position = np.array([POSITIONS.index(rule.position) for rule in self.rules], np.int64)
        self._phrases = _Table(hashes, lengths, numbers)
        self._ends = np.zeros(1 << BITMAP_BITS, np.uint8)  # a first, cheap test: where phrases of such a hash may stand
        np.bitwise_or.at(self._ends, bit_of(hashes), PLACES[self._position[numbers]])
        self._prefixes = np.unpackbits(arrays["prefixes"]).astype(bool)
        self._begins = self._prefixes | (self._ends > 0)
        self.weight = np.array([rule.weight for rule in self.rules], np.float32)
        self.label = np.array([LABELS.index(rule.label) for rule in self.rules], np.int64)
        self.heading = np.array([rule.position == "heading" for rule in self.rules], bool)
        self.fixes = np.array([FIXES.get(rule.action, 0) for rule in self.rules], np.int64)
        self._limit = np.array([rule.max_words or 1 << 40 for rule in self.rules], np.int64)
        self._patterned = np.array([rule.pattern is not None for rule in self.rules], bool)

    def __len__(self) -> int:
        return len(self.rules)

    @cached_property
    def _matchers(self) -> list[Callable[[str], object] | None]:
        """One search function per rule with a pattern; users' own have a time limit."""
        return [self._matcher(rule, number < self._builtin) if rule.pattern else None for number, rule in enumerate(self.rules)]

    @staticmethod
    def _matcher(rule: Rule, trusted: bool) -> Callable[[str], object]:
        assert rule.pattern is not None
        if trusted:
            return re.compile(rule.pattern, re.IGNORECASE).search
        import regex

        compiled = regex.compile(rule.pattern, regex.IGNORECASE | regex.VERSION0)
        def search(text: str) -> object:
            try:
                return compiled.search(text, timeout=USER_TIMEOUT)
            except TimeoutError:
                raise RuleError(f"rule {rule.id!r}: its pattern takes too long on a block of {len(text)} characters") from None
        return search

    def extended(self, rules: Sequence[Rule]) -> RulePack:
        """This pack with further rules; those of an id that it has already replace it.

        Raises:
            RuleError: for two new rules of one id.
        """
        new = RulePack(rules)
        replaced = {rule.id for rule in rules}
        kept = np.array([rule.id not in replaced for rule in self.rules], bool)
        number = np.cumsum(kept) - 1
        mine, theirs = self._arrays, new._arrays
        chosen = kept[mine["rule"]]
        arrays = {k: np.concatenate([mine[k][chosen], theirs[k]]) for k in mine if k != "prefixes"}
        arrays["prefixes"] = mine["prefixes"] | theirs["prefixes"]
        arrays["rule"] = np.concatenate([number[mine["rule"][chosen]], theirs["rule"] + int(kept.sum())])
        old = [rule for rule, keep in zip(self.rules, kept.tolist()) if keep]
        return RulePack([*old, *new.rules], arrays, builtin=len(old))

    @cached_property
    def _cues(self) -> list[_Cue]:
        out = []
        for cue, (kind, characters, longest) in CUES.items():
            rules = [(n, rule) for n, rule in enumerate(self.rules) if rule.cue == cue and not any(rule.phrases.values())]
            if rules:
                # most blocks match none of the built-in patterns, which one search for all of them tells
                patterns = [f"(?:{rule.pattern})" for n, rule in rules if n < self._builtin]
                search = re.compile("|".join(patterns), re.IGNORECASE).search if patterns else None
                limits = [(n, rule.max_words or LONGEST) for n, rule in rules]
                out.append(_Cue(kind, codes_of(characters), longest, search, limits, [x for x in limits if x[0] >= self._builtin]))
        return out

    def hits(self, atoms: Atoms, features: Features, urls: Sequence[str | None] = ()) -> Hits:
        """All hits in a batch of pages (with their URLs, for rules of certain sites). Linear in the batch, whatever
        the number of rules."""
        if not self.rules or len(atoms) == 0:
            return Hits(np.zeros(0, np.int64), np.zeros(0, np.int64))
        tokens, words = features.tokens, features.words
        atom, rule = self._found(tokens, words)
        atom, rule = self._confirm(atoms, atom, rule)
        cued = self._cue(atoms, features)
        atom, rule = np.append(atom, cued[0]), np.append(rule, cued[1])
        pairs = np.unique(atom * len(self.rules) + rule)
        if self._scoped:
            pairs = pairs[self._in_scope(atoms, pairs // len(self.rules), pairs % len(self.rules), urls)]
        return Hits(pairs // len(self.rules), pairs % len(self.rules))

    def _in_scope(self, atoms: Atoms, atom: Ints, rule: Ints, urls: Sequence[str | None]) -> npt.NDArray[np.bool_]:
        """Which hits are of rules for all sites, or for the site of their page."""
        allowed = np.ones((len(atoms.page_start), len(self.rules)), bool)
        for number, sites in self._scoped.items():
            for page in range(len(allowed)):
                host = host_of(urls[page]) if page < len(urls) else ""
                allowed[page, number] = any(host == site or host.endswith("." + site) for site in sites)
        inside: npt.NDArray[np.bool_] = allowed[atoms.page[atom], rule]
        return inside

    def _found(self, tokens: Tokens, words: Ints) -> tuple[Ints, Ints]:
        """Phrases where they may stand: (atom, rule). A place is given up as soon as no phrase begins with its words, so few go
        beyond the first word."""
        places = np.flatnonzero(self._begins.take(bit_of(mix(tokens.hash))))
        room, first = tokens.first[tokens.atom[places] + 1] - places, tokens.place[places] == 0
        sums, powers = np.zeros(len(places), np.uint64), _powers(int(PAIR), LONGEST + 1)
        seen: list[tuple[Hashes, Ints, npt.NDArray[np.uint8]]] = []
        for k in range(self._phrases.longest):
            sums = sums + tokens.hash[places + k] * powers[k]
            mixed = mix(sums)
            bit = bit_of(mixed)
            stands = ANY + first * START + (first & (room == k + 1)) * WHOLE
            likely = np.flatnonzero(self._ends.take(bit) & stands)
            seen.append((mixed[likely], places[likely], stands[likely]))
            alive = np.flatnonzero(self._prefixes.take(bit) & (room > k + 1))
            if len(alive) == 0:
                break
            places, room, first, sums = places[alive], room[alive], first[alive], sums[alive]
        if not seen:
            return places, places
        length = np.repeat(np.arange(1, len(seen) + 1), [len(at) for _, at, _ in seen])
        mixed, places, stands = (np.concatenate([part[k] for part in seen]) for k in range(3))
        query, rule = self._phrases.find(mixed, length)
        atom = tokens.atom[places[query]]
        fits = (stands[query] & PLACES[self._position[rule]] > 0) & (words[atom] <= self._limit[rule])
        return atom[fits], rule[fits]

    def _confirm(self, atoms: Atoms, atom: Ints, rule: Ints) -> tuple[Ints, Ints]:
        """Keep hits of rules without a pattern, and those whose pattern matches."""
        open_ = np.flatnonzero(self._patterned[rule])
        if len(open_) == 0:
            return atom, rule
        keep = np.ones(len(atom), bool)
        for k, number, text in zip(open_.tolist(), rule[open_].tolist(), _texts(atoms, atom[open_])):
            search = self._matchers[number]
            keep[k] = search is not None and search(text) is not None
        return atom[keep], rule[keep]

    def _cue(self, atoms: Atoms, features: Features) -> tuple[Ints, Ints]:
        """Rules that a character points to: their patterns run on short atoms that hold it."""
        out: list[tuple[int, int]] = []
        for cue in self._cues:
            owners = cue.owners(atoms, features.words)
            seen: dict[str, list[int]] = {}
            for at, words, text in zip(owners.tolist(), features.words[owners].tolist(), _texts(atoms, owners)):
                if text not in seen:
                    tried = cue.rules if cue.search is not None and cue.search(text) is not None else cue.own
                    seen[text] = [n for n, limit in tried if words <= limit
                                  and (search := self._matchers[n]) is not None and search(text)]
                out += [(at, rule) for rule in seen[text]]
        pairs = np.array(out, np.int64).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]

    def evidence(self, hits: Hits, atoms: Atoms, words: Ints, active: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.float32]:
        """Log-odds per atom and label, shape (atoms, labels): the strongest hit for it plus the strongest against it; and
        SECTION_WEIGHT for what follows a heading."""
        out = np.zeros((len(atoms), len(LABELS)), np.float32)
        atom, rule = hits.atom, hits.rule
        if active is not None:
            chosen = active[rule]
            atom, rule = atom[chosen], rule[chosen]
        heads = self.heading[rule]
        if heads.any():
            stops = _story_resumes(atoms, words)
            for label in np.unique(self.label[rule[heads]]).tolist():
                at = atom[heads & (self.label[rule] == label)]
                end = np.minimum(stops[np.searchsorted(stops, at, side="right")], atoms.first[atoms.page[at] + 1])
                change = np.bincount(at + 1, minlength=len(atoms) + 2) - np.bincount(np.maximum(end, at + 1), minlength=len(atoms) + 2)
                out[:, label] = SECTION_WEIGHT * (np.cumsum(change)[:len(atoms)] > 0)
        weight = self.weight[rule]
        np.maximum.at(out, (atom, self.label[rule]), weight)
        if (weight < 0).any():
            against = np.zeros_like(out)
            np.minimum.at(against, (atom, self.label[rule]), weight)
            out += against
        return out


def host_of(url: str | None) -> str:
    """The host of a URL; empty where there is none to be read."""
    try:
        return urlsplit(url or "").hostname or ""
    except ValueError:
        return ""


def _story_resumes(atoms: Atoms, words: Ints) -> Ints:
    """Atoms at which prose begins again: long ones followed by another long one; and the end of the batch."""
    long = words >= PROSE
    pair = np.append(long[:-1] & long[1:] & (atoms.page[:-1] == atoms.page[1:]), False)
    return np.append(np.flatnonzero(pair), len(atoms))


def _texts(atoms: Atoms, numbers: Ints) -> list[str]:
    """The texts of some atoms."""
    return [atoms.text[a:b] for a, b in zip(atoms.start[numbers].tolist(), atoms.end[numbers].tolist())]


@dataclass(frozen=True, slots=True)
class _Cue:
    """The rules that a character points to, or the lack of words, each with the most words of its blocks: `kind` and `codes` of the
    character, the `longest` block, and a `search` for the patterns of all rules but the user's `own`."""

    kind: C | None
    codes: npt.NDArray[np.uint32]
    longest: int
    search: Callable[[str], object] | None
    rules: list[tuple[int, int]]
    own: list[tuple[int, int]]

    def owners(self, atoms: Atoms, words: Ints) -> Ints:
        """Short atoms with the character, or without words."""
        if self.kind is None:
            held = words == 0
        else:
            found = np.flatnonzero(atoms.classes == self.kind)
            if len(self.codes):
                found = found[(atoms.codes[found, None] == self.codes).any(1)]
            held = np.zeros(len(atoms), bool)
            held[np.searchsorted(atoms.start, found, side="right") - 1] = True
        held &= (words <= max(limit for _, limit in self.rules)) & (atoms.end - atoms.start <= self.longest)
        return np.flatnonzero(held)


class _Table:
    """Phrase hashes -> rules; one phrase may belong to several."""

    def __init__(self, hashes: Hashes, lengths: Ints, rules: Ints) -> None:
        order = np.lexsort((rules, hashes))
        self.hashes, self.lengths, self.rules = hashes[order], lengths[order], rules[order]
        self.longest = int(lengths.max(initial=0))

    def find(self, hashes: Hashes, lengths: Ints) -> tuple[Ints, Ints]:
        """(number, rule) of every hash that is a phrase of that length."""
        left = np.searchsorted(self.hashes, hashes)
        inside = np.minimum(left, len(self.hashes) - 1)
        hit = np.flatnonzero((self.hashes[inside] == hashes) & (self.lengths[inside] == lengths))
        left, right = left[hit], np.searchsorted(self.hashes, hashes[hit], side="right")
        count = right - left
        offset = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        return np.repeat(hit, count), self.rules[np.repeat(left, count) + offset]


def bit_of(hashes: Hashes) -> Ints:
    """The place of a hash in a bitmap."""
    return (hashes >> np.uint64(64 - BITMAP_BITS)).astype(np.int64)


def compile_phrases(rules: Sequence[Rule]) -> dict[str, npt.NDArray[Any]]:
    """Hash, length in words and rule number of every phrase, and a bitmap of the hashes of what phrases begin with."""
    prefixes = np.zeros(1 << BITMAP_BITS, bool)
    phrases = [(n, p) for n, rule in enumerate(rules) for group in rule.phrases.values() for p in group]
    text = "\n".join(p.replace("\n", " ").replace("\r", " ") for _, p in phrases) + "\n"
    codes = codes_of(text)
    classes = class_table()[codes]
    starts = np.concatenate([[0], np.flatnonzero(codes == 10) + 1]).astype(np.int64)[:len(phrases)]
    hashes, token_start, _ = word_hashes(codes, classes, starts)
    owner = np.searchsorted(starts, token_start, side="right") - 1
    first = np.searchsorted(owner, np.arange(len(phrases) + 1))
    length = np.diff(first)
    for (number, phrase), words in zip(phrases, length.tolist()):
        if not 1 <= words <= LONGEST:
            raise RuleError(f"rule {rules[number].id!r}: phrase {phrase!r} must have 1 to {LONGEST} words")
    if not phrases:
        none = np.zeros(0, np.int64)
        return {"hash": none.astype(np.uint64), "length": none, "rule": none, "prefixes": np.packbits(prefixes)}
    sums = np.zeros(len(phrases), np.uint64)
    for k, power in enumerate(_powers(int(PAIR), LONGEST + 1)[:LONGEST]):
        longer = np.flatnonzero(length > k)
        sums[longer] += hashes[first[longer] + k] * power
        prefixes[bit_of(mix(sums[length > k + 1]))] = True
    return {"hash": mix(sums), "length": length, "rule": np.array([n for n, _ in phrases], np.int64), "prefixes": np.packbits(prefixes)}


def load_rules(path: str | Path) -> list[Rule]:
    """The rules of a TOML file, all of them checked, examples and counter-examples included.

    Raises:
        RuleError: naming file, rule and reason; nothing is half-loaded.
        OSError: if the file cannot be read.
    """
    import tomllib

    name = Path(path).name
    try:
        rows = tomllib.loads(Path(path).read_text("utf-8"))
    except UnicodeDecodeError:
        raise RuleError(f"{name}: not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise RuleError(f"{name}: {error}") from None
    if set(rows) - {"rule"} or not isinstance(rows.get("rule", []), list):
        raise RuleError(f"{name}: only [[rule]] tables are allowed")
    rules = [Rule.from_dict(row, name) for row in rows.get("rule", [])]
    try:
        problem = next(iter(failing_examples(rules)), None)
    except RuleError as error:
        raise RuleError(f"{name}: {error}") from None
    if problem is not None:
        raise RuleError(f"{name}: {problem}")
    return rules


def failing_examples(rules: Sequence[Rule]) -> Iterable[str]:
    """What is wrong with the rules' own examples, as messages."""
    from boilerstrip.features import measure
    from boilerstrip.segment.text import as_single_atoms

    pack = RulePack(rules)
    cases = [(n, text, wanted) for n, rule in enumerate(rules)
             for wanted, texts in ((True, rule.examples), (False, rule.counterexamples)) for text in texts]
    atoms = as_single_atoms([text for _, text, _ in cases])
    urls = [f"https://{rules[n].sites[0]}/" if rules[n].sites else None for n, _, _ in cases]
    hits = pack.hits(atoms, measure(atoms), urls)
    found = set(zip(hits.atom.tolist(), hits.rule.tolist()))
    for case, (number, text, wanted) in enumerate(cases):
        if ((case, number) in found) != wanted:
            yield f"rule {rules[number].id!r}: {'example does not hit' if wanted else 'counterexample hits'}: {text!r}"


@cache
def builtin_rules() -> RulePack:
    """The rule packs that come with the library, from their compiled form (see `boilerstrip.train.rules`)."""
    with (PACKS / "compiled.npz").open("rb") as file, np.load(file) as stored:
        arrays = {name: stored[name] for name in stored.files}
    rows = json.loads(arrays.pop("rules").tobytes().decode())
    return RulePack([Rule(**{**row, "label": Label(row["label"])}) for row in rows], arrays, builtin=len(rows))


def builtin_files() -> list[Path]:
    """The TOML files of the built-in packs."""
    return sorted(PACKS.glob("*.toml"))


def compile_builtin() -> Path:
    """Write `rules/compiled.npz` from the TOML files, after checking every example."""
    rules = [rule for path in builtin_files() for rule in load_rules(path)]
    arrays = compile_phrases(rules)
    rows = [{k: v for k, v in asdict(rule).items() if k not in ("examples", "counterexamples", "phrases")} for rule in rules]
    target = PACKS / "compiled.npz"
    for row, rule in zip(rows, rules):
        row["phrases"] = {"": ["…"]} if any(rule.phrases.values()) else {}
    np.savez_compressed(target, rules=np.frombuffer(json.dumps(rows).encode(), np.uint8), **arrays)  # type: ignore[arg-type]
    return target
