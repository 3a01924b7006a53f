"""Coverage-guided fuzzing of `clean`, over text, HTML and bytes; needs atheris. How to run it: README.md in this folder.

`check` is also what the smoke run in test_fuzz.py calls, which needs nothing.
"""

from __future__ import annotations

import json
import random
import sys

if __name__ == "__main__":
    import atheris

    with atheris.instrument_imports(include=["boilerstrip"]):
        from boilerstrip import Label, Stripper, Verdict
else:
    from boilerstrip import Label, Stripper, Verdict

STRIPPERS = (Stripper(input="text"), Stripper(input="html"), Stripper(), Stripper(favor="recall", keep=["title", "caption"]),
             Stripper(input="text", builtin_rules=False, threshold=0.9))
PIECES = ("<p>", "</p>", "<div class='related'>", "</div>", "<table><tr><td>", "<br>", "<pre>", "<script>", "<!--", "-->",
          "<![CDATA[", "&amp;", "&#x110000;", "&lt;", "\n", "\n\n", "\r\n", "\u2028", "\u200b", "\u202e", "\ud800", "\0", "\ufeff",
          "The ferry left at nine. ", "Share on", "Related Articles\n", "渡轮离开码头。", "12:30 / 04:10", "© 2031", "x" * 90, "http://a.example/b",
          "“No,” he said.", " , ", "•", "1/2/2031")


def page_of(data: bytes) -> tuple[Stripper, str | bytes]:
    """A page from the fuzzer's bytes: the first says how it is cleaned and how the rest is read."""
    head, rest = (data[0], data[1:]) if data else (0, b"")
    stripper, form = STRIPPERS[head % len(STRIPPERS)], head // len(STRIPPERS) % 4
    if form == 0:
        return stripper, rest
    if form == 1:
        return stripper, rest.decode("utf-8", "surrogateescape")
    if form == 2:
        return stripper, rest.decode("utf-16-le", "surrogatepass" if len(rest) % 2 == 0 else "replace")
    return stripper, "".join(PIECES[byte % len(PIECES)] if byte < 200 else chr(byte) for byte in rest)


def check(data: bytes) -> None:
    """What holds for every page."""
    try:
        stripper, raw = page_of(data)
    except UnicodeDecodeError:
        return
    result = stripper.clean(raw)
    assert isinstance(result.text, str) and result.error is None
    assert json.loads(result.to_json()) == result.to_dict()
    assert isinstance(result.markdown, str) and isinstance(result.other_stories, tuple)
    assert result.title is None or result.title
    end = 0
    for block in result.page:
        assert isinstance(block.label, Label) and 0 <= block.story <= 1 and 0 <= block.confidence <= 1
        if block.start is not None and block.end is not None:
            assert end <= block.start < block.end <= len(result.raw) and result.raw[block.start:block.end] == block.text
            end = block.end
    if result.verdict is Verdict.NO_STORY:
        assert not result.text
    loose, strict = result.at(0.3), result.at(0.7)
    assert len(strict.blocks) <= len(loose.blocks)


def mutated(seed: bytes, chance: random.Random) -> bytes:
    """Plain random mutation, for where there is no coverage to guide."""
    data = bytearray(seed)
    for _ in range(chance.randint(1, 8)):
        at = chance.randint(0, len(data))
        match chance.randint(0, 4):
            case 0:
                data[at:at + 1] = bytes([chance.randint(0, 255)])
            case 1:
                del data[at:at + chance.randint(1, 9)]
            case 2:
                data[at:at] = chance.choice(PIECES).encode("utf-8", "surrogatepass")
            case 3:
                data[at:at] = data[at:at + chance.randint(1, 40)] * chance.randint(1, 5)
            case _:
                data[at:at] = chance.randbytes(chance.randint(1, 6))
    return bytes(data)


if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
