"""datatrove."""

from __future__ import annotations

import gzip
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from pages import NOTHING, PAGES, RULE, URLS, expected

pytest.importorskip("datatrove")
from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

from boilerstrip.integrations.datatrove import StoryExtractor, StoryFilter, StoryFormatter


def documents(pages: list[str] = PAGES) -> list[Document]:
    return [Document(text=page, id=str(n), metadata={"url": url} if url else {}) for n, (page, url) in enumerate(zip(pages, URLS))]


def rows(folder: Path) -> dict[str, dict[str, Any]]:
    lines = [json.loads(line) for path in sorted(folder.glob("*.jsonl.gz")) for line in gzip.decompress(path.read_bytes()).splitlines()]
    return {row["id"]: row for row in lines}


def test_a_pipeline_on_disk(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for part in range(2):
        lines = [json.dumps({"id": str(n), "text": page}) for n, page in enumerate(PAGES) if n % 2 == part]
        (tmp_path / "in" / f"{part}.jsonl").write_text("\n".join(lines) + "\n")
    story_filter = StoryFilter(JsonlWriter(str(tmp_path / "dropped")), replace=True, batch_size=3)
    executor = LocalPipelineExecutor([JsonlReader(str(tmp_path / "in")), story_filter, JsonlWriter(str(tmp_path / "out"))], tasks=2,
                                     workers=2, logging_dir=str(tmp_path / "logs"), start_method="spawn")
    stats = executor.run()
    wanted = expected(PAGES)
    read = [n for n, page in enumerate(PAGES) if page]  # datatrove's readers leave out empty documents
    kept, dropped = rows(tmp_path / "out"), rows(tmp_path / "dropped")
    assert {n: row["text"] for n, row in kept.items()} == {str(n): wanted["text"][n] for n in read if wanted["verdict"][n] == "story"}
    assert all(row["metadata"]["story_confidence"] == wanted["confidence"][int(n)] for n, row in kept.items())
    assert len(kept) + len(dropped) == len(read)
    assert {row["metadata"]["filter_reason"] for row in dropped.values()} == {"no_story"}
    assert dropped["7"]["text"] == NOTHING
    counts = {label: value.total for step in stats.stats if "boilerstrip" in step.name for label, value in step.stats.items()}
    assert counts["dropped_no_story"] == len(dropped) and counts["forwarded"] == len(kept)


def test_reasons() -> None:
    page = documents()[0]
    assert StoryFilter().filter(page) is True
    assert page.text == PAGES[0] and page.metadata["story_verdict"] == "story"
    assert StoryFilter(page_types={"forum"}).filter(page) == (False, "page_type_article")
    assert StoryFilter(min_confidence=1.0).filter(page) in (True, (False, "low_confidence"))
    assert StoryFilter(max_chars=10).filter(page) == (False, "error")
    assert "max_chars" in page.metadata["story_error"]
    with pytest.raises(ValueError, match="'essay' is not a valid PageType"):
        StoryFilter(page_types={"essay"})
    with pytest.raises(ValueError, match="min_confidence"):
        StoryFilter(min_confidence=2)


def test_addresses_and_options() -> None:
    docs = documents()
    kept = list(StoryFilter(replace=True, rules=[RULE]).run(iter(docs)))
    wanted = expected(PAGES, URLS, rules=[RULE])
    assert {doc.id: doc.text for doc in kept} == {str(n): t for n, t in enumerate(wanted["text"]) if wanted["verdict"][n] == "story"}


def test_formatter() -> None:
    formatter = StoryFormatter()
    assert [doc.text for doc in formatter.run(iter(documents()))] == expected(PAGES)["text"]
    formatter = StoryFormatter(max_chars=100)
    assert [doc.text for doc in formatter.run(iter(documents([PAGES[0], NOTHING])))] == ["", ""]
    assert formatter.stats["error"].total == 1


def test_extractor() -> None:
    extractor = StoryExtractor(timeout=30)
    docs = list(extractor.run(iter(documents())))
    assert {doc.id: doc.text for doc in docs} == {str(n): text for n, text in enumerate(expected(PAGES)["text"]) if text}
    assert extractor.stats["extracted"].total == len(PAGES)


def test_a_page_that_cannot_be_cleaned_costs_only_itself() -> None:
    docs = list(StoryExtractor(timeout=30, max_chars=2000).run(iter(documents([PAGES[0], "x " * 1200, PAGES[1]]))))
    assert {doc.id for doc in docs} == {"0", "2"}


def test_steps_pickle() -> None:
    for step in (StoryFilter(page_types={"article"}), StoryFormatter(favor="recall"), StoryExtractor()):
        assert type(pickle.loads(pickle.dumps(step))) is type(step)
