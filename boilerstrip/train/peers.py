"""One tool per process: reads pages from standard input, writes what it takes out of them, and what that cost.

    python boilerstrip/train/peers.py NAME

Lines are JSON: a page's HTML in, {"text", "ms", "error"} out; the first line out says what it took to import the tool,
an empty line in asks for the peak of memory. The file imports nothing of the library itself, so that a tool's import time
and memory are its own.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

Extract = Callable[[str], str]


def boilerstrip() -> Extract:
    from boilerstrip import Stripper

    stripper = Stripper(input="html")
    return lambda html: stripper.clean(html).text


def boilerstrip_with_trafilatura() -> Extract:
    from boilerstrip import Stripper

    stripper = Stripper(input="html", detectors=("trafilatura",))
    return lambda html: stripper.clean(html).text


def trafilatura(**options: Any) -> Callable[[], Extract]:
    def load() -> Extract:
        from trafilatura import extract

        return lambda html: extract(html, **options) or ""
    return load


def resiliparse() -> Extract:
    from resiliparse.extract.html2text import extract_plain_text

    return lambda html: str(extract_plain_text(html, main_content=True))


def readability() -> Extract:
    from inscriptis import get_text
    from readability import Document

    return lambda html: str(get_text(Document(html).summary()))


def justext() -> Extract:
    import justext

    stop_words = frozenset().union(*(justext.get_stoplist(name) for name in ("English", "German", "French", "Spanish")))
    return lambda html: "\n".join(p.text for p in justext.justext(html, stop_words) if not p.is_boilerplate)


def boilerpy3() -> Extract:
    from boilerpy3.extractors import ArticleExtractor

    extractor = ArticleExtractor()
    return lambda html: str(extractor.get_content(html))


def newspaper4k() -> Extract:
    import newspaper

    config = newspaper.Config()
    config.fetch_images = False

    def extract(html: str) -> str:
        article = newspaper.Article("https://page.example/story", config=config)
        article.download(input_html=html)
        article.parse()
        return str(article.text)
    return extract


def goose3() -> Extract:
    from goose3 import Goose

    goose = Goose({"enable_image_fetching": False})
    return lambda html: str(goose.extract(raw_html=html).cleaned_text)


def turbohtml() -> Extract:
    import turbohtml

    return lambda html: str(turbohtml.parse(html).article().text)


PEERS: dict[str, Callable[[], Extract]] = {
    "trafilatura": trafilatura(), "trafilatura, no comments": trafilatura(include_comments=False),
    "trafilatura, precision": trafilatura(favor_precision=True), "trafilatura, fast": trafilatura(fast=True),
    "resiliparse": resiliparse, "readability-lxml": readability, "jusText": justext, "boilerpy3": boilerpy3,
    "newspaper4k": newspaper4k, "goose3": goose3, "turbohtml": turbohtml,
}
TOOLS = {"boilerstrip": boilerstrip, "boilerstrip + trafilatura": boilerstrip_with_trafilatura, **PEERS}


def peak_mb() -> float:
    """The most memory that this process ever had, in MB."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
    except (OSError, StopIteration):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def main(name: str) -> None:
    out = sys.stdout
    sys.stdout = sys.stderr  # what a tool prints is no answer

    def answer(**fields: Any) -> None:
        out.write(json.dumps(fields) + "\n")
        out.flush()

    begun = time.process_time()
    try:
        extract = TOOLS[name]()
    except ImportError as error:
        answer(missing=str(error))
        return
    answer(import_ms=1000 * (time.process_time() - begun))
    for line in sys.stdin:
        if line.isspace():
            answer(peak_mb=peak_mb())
            continue
        html = json.loads(line)
        text, failure = "", None
        begun = time.process_time()
        try:
            text = extract(html)
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"[:200]
        answer(text=text, ms=1000 * (time.process_time() - begun), error=failure)


if __name__ == "__main__":
    main(sys.argv[1])
