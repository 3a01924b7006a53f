"""One Stripper for many threads and processes, and many small pages in one process."""

from __future__ import annotations

import gc
import json
import multiprocessing
import random
import sys
import tracemalloc
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest

from boilerstrip import Label, Rule, Stripper

WORDS = "ferry lamp harbour keeper council mill storm bridge market garden letter winter engine barge orchard lantern pilot".split()
FURNITURE = ("Home", "Share on", "Related Articles", "Sign up for our newsletter", "© 2031 Saltmarsh Ledger", "12 comments")
RULE = Rule("mine.lamp", Label.AD, 3.0, "anywhere", {"": ("buy a lamp",)}, action="drop")


def pages(count: int, seed: int = 1) -> list[str]:
    """Small pages that all differ, one in four of them HTML."""
    chance = random.Random(seed)
    out = []
    for number in range(count):
        lines = [" ".join(chance.choices(WORDS, k=chance.choice((3, 25, 40)))).capitalize() + f" {chance.randrange(10 ** 6)}."
                 for _ in range(6)]
        lines[1:1] = chance.sample(FURNITURE, 3)
        if number % 4:
            out.append("\n\n".join(lines))
        else:
            kind = chance.randrange(10 ** 9)
            out.append("<html><body>" + "".join(f"<p class='k{kind}' role='r{kind}'>{line}</p>" for line in lines) + "</body></html>")
    return out


def answer(stripper: Stripper, page: str) -> str:
    result = stripper.clean(page)
    return json.dumps([result.to_dict(), result.markdown, [len(run) for run in result.other_stories]])


def test_sixteen_threads_share_one_stripper() -> None:
    texts = pages(24)
    alone = [answer(Stripper(rules=[RULE]), text) for text in texts]
    shared, together = Stripper(rules=[RULE]), Barrier(16)

    def work(shift: int) -> list[str]:
        together.wait(60)
        return [answer(shared, text) for text in texts[shift:] + texts[:shift]]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(16) as threads:
            runs = list(threads.map(work, range(16)))
    finally:
        sys.setswitchinterval(interval)
    for shift, run in enumerate(runs):
        assert run == alone[shift:] + alone[:shift]


@pytest.mark.parametrize("method", [m for m in ("fork", "spawn") if m in multiprocessing.get_all_start_methods()])
def test_a_process_pool_shares_one_stripper(method: str) -> None:
    texts, stripper = pages(12), Stripper(rules=[RULE])
    alone = [answer(stripper, text) for text in texts]
    with ProcessPoolExecutor(2, multiprocessing.get_context(method)) as processes:
        assert list(processes.map(partial(answer, stripper), texts, chunksize=3)) == alone


def test_order_and_batches_leave_no_trace() -> None:
    texts, stripper = pages(60), Stripper()
    wanted = {text: answer(stripper, text) for text in texts}
    random.Random(2).shuffle(texts)
    found = [json.dumps(result.to_dict()) for result in stripper.clean_many(texts)]
    assert found == [json.dumps(json.loads(wanted[text])[0]) for text in texts]


def test_memory_stays_flat() -> None:
    """The class and the role of every HTML page is a new one: what is remembered of them is bounded, and small."""
    stripper = Stripper()

    def run(seed: int, count: int) -> None:
        for result in stripper.clean_many(pages(count, seed)):
            _ = result.text, result.page

    run(1, 200)
    gc.collect()
    tracemalloc.start()
    try:
        run(2, 400)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for seed in range(3, 8):
            run(seed, 500)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 2_000_000, f"{grown:,} bytes more after 2,500 pages"
