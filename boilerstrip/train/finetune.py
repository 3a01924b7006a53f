"""`boilerstrip train --add`: the shipped weights for text, trained a little further on corrected pages.

Every corrected page is learned twice: as a whole, with the library's own labels where nothing was corrected, and with
its corrections alone, so that one line counts on a page of hundreds. The pages that we wrote are mixed in, so that what
was learned before is not forgotten. The calibration stays that of the shipped weights.
"""

from __future__ import annotations

import hashlib
import math
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from boilerstrip.chars import codes_of
from boilerstrip.corrections import CorrectedPage, CorrectionError, read_corrections
from boilerstrip.detect.model import Model, unpacked
from boilerstrip.detect.rules import builtin_rules
from boilerstrip.labels import Label, Verdict
from boilerstrip.result import Result
from boilerstrip.segment.text import segment
from boilerstrip.stripper import Stripper
from boilerstrip.train.augment import Doc, language_of
from boilerstrip.train.dataset import HAND, NUMBER, UNKNOWN, WEAK
from boilerstrip.train.export import model_of, save
from boilerstrip.train.fit import Config, Evidence, Lookup, Measured, Trained, label_weights, loss_of, measured, optimiser_of, tensors
from boilerstrip.train.network import Network, Shape
from boilerstrip.train.run import WEIGHTS, WRITTEN, rule_evidence
from boilerstrip.train.written import WrittenPage, compare, doc_of_page, read_pages

EPOCHS = 8
LEAST_STEPS = 12  # in an epoch
MINE, WRITTEN_MORE = 4, 3  # corrected pages in a batch, and how many times as many written ones
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)  # of the way from the old weights to the tuned ones
RATE = 2.5e-4  # an eighth of the rate that the shipped weights were trained with
NOT_STORED = ("card", "vocabulary", "tree_vocabulary", "centre", "scale")


@dataclass(frozen=True)
class Outcome:
    """What fine-tuning gave: how many corrections the model follows, before and after, and the share of the words of the
    written pages' stories that it loses."""

    out: Path
    corrections: int
    followed: tuple[int, int]
    lost: tuple[float, float]

    def __str__(self) -> str:
        text = f"{self.followed[1]} of {self.corrections} corrections are followed now, {self.followed[0]} before"
        if not math.isnan(self.lost[0]):
            text += f"; of the stories of the written pages {self.lost[1]:.1%} of the words are lost, {self.lost[0]:.1%} before"
        return text


def load_trained(path: Path) -> tuple[Trained, dict[str, Any]]:
    """A network with stored weights, and their card."""
    with np.load(path) as stored:
        arrays = unpacked({name: stored[name] for name in stored.files})
    card = Model.load(path).card
    facts: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in card["shape"].items()}
    shape = Shape(**facts)
    tree = arrays.get("tree_vocabulary")
    network = Network(len(arrays["vocabulary"]) + 1, shape, 1 if tree is None else len(tree) + 1)
    network.load_state_dict({k: torch.from_numpy(v.astype(np.float32)) for k, v in arrays.items() if k not in NOT_STORED})
    return Trained(network, arrays["vocabulary"], arrays["centre"], arrays["scale"], tree), card


def finetune(paths: Sequence[Path], out: Path, weights: Path = WEIGHTS / "text.npz", epochs: int | None = None,
             seed: int | None = None) -> Outcome:
    """Train the weights further on corrections and write the new ones.

    Raises:
        CorrectionError: if a file is no file of corrections, or none of its pages has its text.
    """
    pages = read_corrections(paths)
    usable = [page for page in pages if page.raw is not None and all(c.start is not None for c in page.corrections)]
    if not usable:
        raise CorrectionError("no page's text is in these corrections: export them from the report with page text")
    for page in pages:
        if page not in usable:
            print(f"{page.name}: left out, its text was not exported", file=sys.stderr)
    trained, card = load_trained(weights)
    config = replace(Config(), shape=trained.network.shape, epochs=epochs or EPOCHS, learning_rate=RATE, seed=1 if seed is None else seed,
                     weight_decay=0.0, table_decay=0.0)
    before = Model.load(weights)
    docs = [doc for page in usable for doc in docs_of(page, _run(before, [str(page.raw)])[0])]
    written = [page for folder in WRITTEN for page in read_pages(folder)]
    facts = {"calibration": card["calibration"]}
    count = sum(len(page.corrections) for page in usable)
    with one_thread():
        tune(trained, docs, [doc_of_page(page) for page in written], config,
             lambda: followed(model_of(trained, config, facts), usable) == count)
    after = model_of(trained, config, facts)
    digest = hashlib.sha256("".join(sorted(page.sha256 + repr(page.corrections) for page in usable)).encode("utf-8", "surrogatepass"))
    save(out, trained, {**card, "finetuned": {
        "from": card["version"], "corrections": count, "pages": len(usable), "written": len(written),
        "digest": digest.hexdigest()[:16], "epochs": config.epochs, "learning_rate": RATE, "seed": config.seed}})
    return Outcome(out, count, (followed(before, usable), followed(after, usable)),
                   (words_lost(before, written), words_lost(after, written)))


def docs_of(page: CorrectedPage, result: Result) -> list[Doc]:
    """A corrected page as training documents: with the library's labels and the corrections, and with these alone."""
    raw = str(page.raw)
    story, label, source = (np.full(len(raw), value, np.uint8) for value in (UNKNOWN, UNKNOWN, 0))
    story_alone, label_alone = story.copy(), label.copy()
    for block in result.page:
        a, b = block.start, block.end
        story[a:b], label[a:b], source[a:b] = block.label is Label.BODY, NUMBER[block.label], WEAK
    for c in page.corrections:
        if c.start is not None:
            for told, named in ((story, label), (story_alone, label_alone)):
                told[c.start:c.end], named[c.start:c.end] = c.label is Label.BODY, NUMBER[c.label]
            source[c.start:c.end] = HAND
    facts: dict[str, Any] = {"site": f"corrected-{page.sha256[:12]}", "language": language_of(raw), "page_type": str(result.page_type),
                             "no_story": result.verdict is Verdict.NO_STORY and not any(c.label is Label.BODY for c in page.corrections)}
    codes = codes_of(raw)
    return [Doc(codes, story, label, source, **facts), Doc(codes, story_alone, label_alone, source, **facts)]


@contextmanager
def one_thread() -> Iterator[None]:
    """Small batches are not faster on more cores, and much slower on cores that others use."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def tune(trained: Trained, docs: Sequence[Doc], written: Sequence[Doc], config: Config, done: Callable[[], bool]) -> None:
    """Change the network's weights, in place: a few passes over the corrected pages, each with more written ones. It ends
    when `done`, and goes back towards the old weights as far as that still holds: the less is changed, the less is forgotten
    (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models")."""
    torch.manual_seed(config.seed)
    rng, noise = random.Random(config.seed), np.random.default_rng(config.seed)
    network, lookup = trained.network, Lookup(trained.vocabulary)
    old = {name: value.clone() for name, value in network.state_dict().items()}
    evidence = rule_evidence(builtin_rules(), config.drop_rules)
    rarity = label_weights([measured([doc]) for doc in [*docs, *written]])
    optimiser = optimiser_of(network, config)
    for epoch in range(config.epochs):
        rate = config.learning_rate * (1 - epoch / config.epochs)
        for group in optimiser.param_groups:
            group["lr"] = rate
        network.train()
        losses = [_step(trained, lookup, m, evidence, config, rarity, optimiser, rng, noise)
                  for m in _batches(docs, written, config.max_chars, rng)]
        print(f"fine-tuning: epoch {epoch + 1} of {config.epochs}, loss {float(np.mean(losses)):.4f}", file=sys.stderr, flush=True)
        network.eval()
        if done():
            break
    tuned = {name: value.clone() for name, value in network.state_dict().items()}
    for share in SHARES:
        network.load_state_dict({name: torch.lerp(old[name], value, share) for name, value in tuned.items()})
        if done():
            break


def _batches(docs: Sequence[Doc], written: Sequence[Doc], most: int, rng: random.Random) -> Iterator[Measured]:
    """Corrected and written pages; few corrected ones are repeated, so that every epoch takes some steps."""
    repeats = max(1, math.ceil(LEAST_STEPS * MINE / len(docs)))
    chosen = [doc for _ in range(repeats) for doc in rng.sample(list(docs), len(docs))]
    for at in range(0, len(chosen), MINE):
        mine = chosen[at:at + MINE]
        others = rng.sample(list(written), min(WRITTEN_MORE * len(mine), len(written)))
        yield measured([doc.cut(0, most) for doc in [*mine, *others]])


def _step(trained: Trained, lookup: Lookup, m: Measured, evidence: Evidence, config: Config, rarity: np.ndarray,
          optimiser: torch.optim.Optimizer, rng: random.Random, noise: np.random.Generator) -> float:
    def drop(rows: np.ndarray, owner: np.ndarray) -> np.ndarray:
        return np.where(noise.random(len(rows)) < config.drop_words / 3, 0, rows)

    batch = tensors(m, lookup, evidence(m, rng), trained.centre, trained.scale, drop)
    loss = loss_of(trained.network(batch), m, config, rarity)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(trained.network.parameters(), 1.0)
    optimiser.step()
    with torch.no_grad():
        trained.network.table[0].zero_()
    return float(loss.item())


# ---- figures ----------------------------


def _run(model: Model, texts: list[str]) -> list[Result]:
    """What the library says with other weights."""
    return [Stripper(input="text")._decide(model, segment([text]), [text], [None])[0] for text in texts]


def followed(model: Model, pages: Sequence[CorrectedPage]) -> int:
    """How many corrections a model agrees with: most of the block's characters are kept, or not, as it was corrected."""
    count = 0
    for page in pages:
        kept = np.zeros(len(str(page.raw)), bool)
        for block in _run(model, [str(page.raw)])[0].blocks:
            kept[block.start:block.end] = True
        count += sum(bool(kept[c.start:c.end].mean() >= 0.5) == (c.label is Label.BODY) for c in page.corrections if c.start is not None)
    return count


def words_lost(model: Model, written: Sequence[WrittenPage]) -> float:
    """The share of the words of the written pages' stories that a model removes."""
    rows = [compare(page, result) for page, result in zip(written, _run(model, [page.text for page in written]))]
    words = sum(row["words"].get("body", 0) for row in rows)
    return sum(row["lost"] for row in rows) / words if words else math.nan
