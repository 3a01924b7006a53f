"""The public API is what api.txt says: a change of it is made on purpose, and seen in review."""

from __future__ import annotations

import difflib
import enum
import inspect
import sys
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

import boilerstrip

SNAPSHOT = Path(__file__).with_name("api.txt")
HOW = "If that is meant: `PYTHONPATH=. python tests/guarantees/test_api.py` writes api.txt anew; say so in CHANGELOG.md."


def parameter(p: inspect.Parameter) -> str:
    mark = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
    kind = f": {p.annotation}" if p.annotation is not p.empty else ""
    return f"{mark}{p.name}{kind}" + (f" = {p.default!r}" if p.default is not p.empty else "")


def signature(function: Any) -> str:
    found = inspect.signature(function)
    parts: list[str] = []
    for p in found.parameters.values():
        if p.kind is p.KEYWORD_ONLY and "*" not in parts and not any(part.startswith("*") for part in parts):
            parts.append("*")
        parts.append(parameter(p))
    answer = found.return_annotation
    return f"({', '.join(parts)})" + (f" -> {answer}" if answer is not found.empty else "")


def members(cls: type) -> list[str]:
    """What stands in a class and in those of ours that it is made of, private names left out."""
    lines = []
    if issubclass(cls, enum.Enum):
        return [f"{member.name} = {str(member.value)!r}" for member in cls]
    if is_dataclass(cls):
        for f in fields(cls):
            default = "" if f.default_factory is MISSING else " = …"
            if f.default is not MISSING:
                default = f" = {f.default!r}"
            lines.append(f"{f.name}: {f.type}{default}")
    elif hasattr(cls, "_fields"):
        annotations = inspect.get_annotations(cls)
        lines += [f"{name}: {getattr(annotations[name], '__forward_arg__', annotations[name])}"
                  + (f" = {cls._field_defaults[name]!r}" if name in cls._field_defaults else "") for name in cls._fields]
    elif "__init__" in vars(cls):
        lines.append(f"__init__{signature(cls.__init__)}")
    known = {line.split(":")[0] for line in lines}
    ours = [base for base in cls.__mro__ if base.__module__.startswith("boilerstrip")]
    for name in sorted({name for base in ours for name in vars(base)} - known):
        member = inspect.getattr_static(cls, name)
        if name.startswith("_"):
            continue
        if isinstance(member, (staticmethod, classmethod)):
            lines.append(f"{type(member).__name__} {name}{signature(member.__func__)}")
        elif inspect.isfunction(member):
            lines.append(f"{name}{signature(member)}")
        elif isinstance(member, property) or hasattr(member, "func"):
            getter = member.fget if isinstance(member, property) else member.func
            lines.append(f"{name} -> {inspect.signature(getter).return_annotation}")
    return lines


def public_api() -> str:
    lines = [f"# The public API, written by tests/guarantees/test_api.py. {HOW}"]
    for name in sorted(boilerstrip.__all__):
        thing = getattr(boilerstrip, name)
        if isinstance(thing, type):
            bases = [base.__name__ for base in thing.__bases__ if base is not object]
            lines += ["", f"class {name}" + (f"({', '.join(bases)})" if bases else "")] + [f"    {line}" for line in members(thing)]
        elif callable(thing):
            lines += ["", f"def {name}{signature(thing)}"]
        else:
            lines += ["", f"{name}: {type(thing).__name__}"]
    return "\n".join(lines) + "\n"


@pytest.mark.skipif(sys.version_info[:2] >= (3, 14), reason="later Pythons show annotations in other words")
def test_the_public_api_is_the_recorded_one() -> None:
    wanted, found = SNAPSHOT.read_text("utf-8"), public_api()
    change = "\n".join(difflib.unified_diff(wanted.splitlines(), found.splitlines(), "api.txt", "now", lineterm="", n=1))
    assert wanted == found, f"The public API has changed.\n{change}\n{HOW}"


def test_every_public_name_is_there() -> None:
    assert len(set(boilerstrip.__all__)) == len(boilerstrip.__all__)
    assert all(hasattr(boilerstrip, name) for name in boilerstrip.__all__)


if __name__ == "__main__":
    SNAPSHOT.write_text(public_api(), "utf-8")
