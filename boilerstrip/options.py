"""Options: one frozen object; every option with its default and what it costs."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from boilerstrip.detect.extractors import DETECTORS
from boilerstrip.detect.rules import Rule, load_rules
from boilerstrip.labels import Label

if TYPE_CHECKING:
    from boilerstrip.detect.site import SiteProfile

__all__ = ["Options"]

Favor = Literal["precision", "balanced", "recall"]
Input = Literal["auto", "text", "html"]
FAVORS = ("precision", "balanced", "recall")
INPUTS = ("auto", "text", "html")


@dataclass(frozen=True, slots=True)
class Options:
    """How pages are cleaned. Objects are immutable and can be shared and pickled.

    Attributes:
        favor: "precision" keeps less, "recall" keeps more, "balanced" (default) what maximises the expected F1 of
            the page. Costs nothing.
        threshold: a number from 0 to 1 in place of the threshold that adapts to each page: blocks whose story
            probability is at least so high are kept. None (default) adapts.
        keep: labels besides the story that stay in the text, e.g. {"caption", "title"}.
        rules: rules of your own: `Rule` objects, mappings in the form of the TOML files, or paths of such files.
            They act together with the built-in ones, before context is taken into account.
        builtin_rules: whether the rule packs that come with the library are used. They cost about a tenth of the time.
        input: "text", "html", or "auto" (default), which recognises HTML by its tags.
        weights: a folder with `text.npz` and `html.npz`, or one such file, in place of the weights that come with the
            library (see `boilerstrip train`).
        max_chars: longest input, in characters; longer ones raise ValueError.
        site: what recurs on the site that the pages are from, see `SiteProfile.learn`. Costs a few hundredths of the time.
        with_metadata: whether `result.metadata` is filled for HTML, from the page's head and JSON-LD and, where these
            leave out title, author, date or site, from trafilatura. The former costs about a tenth of the time of cleaning
            the page; trafilatura, where it is asked, once or twice that time. Text has no metadata.
        detectors: other extractors whose answer counts as evidence on HTML: "trafilatura", or none (default). A page
            then takes about three times as long; see docs/html.md for what it brings.

    Raises:
        TypeError: for an unknown option (naming the nearest valid one) or a value of a wrong type.
        ValueError: for a value out of range, naming the option and what it may be.
    """

    favor: Favor = "balanced"
    threshold: float | None = None
    keep: frozenset[Label] = frozenset()
    rules: tuple[Rule, ...] = ()
    builtin_rules: bool = True
    input: Input = "auto"
    weights: str | Path | None = None
    max_chars: int = 50_000_000
    site: SiteProfile | None = None
    with_metadata: bool = False
    detectors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, allowed in (("favor", FAVORS), ("input", INPUTS)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {getattr(self, name)!r}")
        if self.threshold is not None:
            if isinstance(self.threshold, bool) or not isinstance(self.threshold, (int, float)):
                raise TypeError(f"threshold must be a number from 0 to 1 or None, not {self.threshold!r}")
            if not 0 <= self.threshold <= 1:
                raise ValueError(f"threshold must be from 0 to 1, not {self.threshold}")
        for name in ("builtin_rules", "with_metadata"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} must be True or False, not {getattr(self, name)!r}")
        if self.weights is not None and not isinstance(self.weights, (str, Path)):
            raise TypeError(f"weights must be a path or None, not {type(self.weights).__name__}")
        if isinstance(self.max_chars, bool) or not isinstance(self.max_chars, int) or self.max_chars < 1:
            raise ValueError(f"max_chars must be a positive whole number, not {self.max_chars!r}")
        if self.site is not None and type(self.site).__name__ != "SiteProfile":  # not imported for a check alone
            raise TypeError(f"site must be a SiteProfile or None, not {type(self.site).__name__}")
        object.__setattr__(self, "keep", _labels(self.keep))
        object.__setattr__(self, "rules", _rules(self.rules))
        object.__setattr__(self, "detectors", _detectors(self.detectors))

    @classmethod
    def of(cls, **options: Any) -> Options:
        """Options from keyword arguments; unknown names raise TypeError and name the nearest valid one."""
        names = [f.name for f in fields(cls)]
        for name in options:
            if name not in names:
                near = difflib.get_close_matches(name, names, 1, 0.4)
                hint = f"; did you mean {near[0]!r}?" if near else f"; options are {', '.join(names)}"
                raise TypeError(f"unknown option {name!r}{hint}")
        return cls(**options)


def _labels(keep: Collection[str]) -> frozenset[Label]:
    if isinstance(keep, str):
        keep = (keep,)
    if not isinstance(keep, Collection):
        raise TypeError(f"keep must be a collection of labels, not {type(keep).__name__}")
    out = set()
    for name in keep:
        try:
            out.add(Label(name))
        except ValueError:
            near = difflib.get_close_matches(str(name), list(Label), 1, 0.4)
            hint = f"did you mean {str(near[0])!r}?" if near else f"labels are {', '.join(Label)}"
            raise ValueError(f"keep: {name!r} is no label; {hint}") from None
    return frozenset(out)


def _detectors(names: Collection[str]) -> tuple[str, ...]:
    if isinstance(names, str):
        names = (names,)
    if not isinstance(names, Collection):
        raise TypeError(f"detectors must be a collection of names, not {type(names).__name__}")
    for name in names:
        if name not in DETECTORS:
            raise ValueError(f"detectors: {name!r} is none; detectors are {', '.join(map(repr, DETECTORS))}")
    return tuple(dict.fromkeys(names))


def _rules(rules: Sequence[Rule | Mapping[str, Any] | str | Path] | str | Path) -> tuple[Rule, ...]:
    if isinstance(rules, (str, Path, Mapping)):
        rules = (rules,)
    if not isinstance(rules, Sequence):
        raise TypeError(f"rules must be a sequence of rules or paths, not {type(rules).__name__}")
    out: list[Rule] = []
    for item in rules:
        if isinstance(item, Rule):
            out.append(item)
        elif isinstance(item, (str, Path)):
            out += load_rules(item)
        elif isinstance(item, Mapping):
            out.append(Rule.from_dict(item, "rules="))
        else:
            raise TypeError(f"rules must be Rule objects, mappings or paths of TOML files, not {type(item).__name__}")
    return tuple(out)
