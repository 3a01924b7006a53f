"""The HTML model as a teacher: it sees the tree, so its answers label text nodes that neither gold texts nor classes do.

Its sure answers become truths for training the text model: the story on pages without a gold text, and the labels of
what is not story on all pages (self-training across views: Blum & Mitchell 1998, "co-training").
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from boilerstrip.labels import LABELS
from boilerstrip.train.dataset import BODY_NUMBER, UNKNOWN, Lesson
from boilerstrip.train.fit import Evidence, Lookup, Trained, tensors
from boilerstrip.train.trees import TreeDoc, measured_trees

SURE_STORY, SURE_NOT, SURE_LABEL = 0.85, 0.15, 0.6


def answers(trained: Trained, doc: TreeDoc, evidence: Evidence) -> Iterator[tuple[int, float, int]]:
    """(text node, story probability, label or UNKNOWN) for every text node of a page."""
    m = measured_trees([doc])
    with torch.no_grad():
        _, story, label, _ = trained.network(tensors(m, Lookup(trained.vocabulary, trained.tree_vocabulary), evidence(m, None),
                                                     trained.centre, trained.scale))
    label[:, BODY_NUMBER] = -1e4
    shares = torch.softmax(label, -1).numpy()
    p = torch.sigmoid(story).numpy()
    best = np.where((shares.max(1) >= SURE_LABEL) & (p <= SURE_NOT), shares.argmax(1), UNKNOWN)
    for block in range(len(doc.page)):
        for node in doc.page.nodes_of(block):
            yield node, float(p[block]), int(best[block])


def lesson(trained: Trained, doc: TreeDoc, evidence: Evidence) -> Lesson:
    """The sure answers for one page: story as 1, 0 or UNKNOWN, and labels."""
    rows = list(answers(trained, doc, evidence))
    story = {node: 1 if p >= SURE_STORY else 0 if p <= SURE_NOT else UNKNOWN for node, p, _ in rows}
    return Lesson(story, {node: label for node, _, label in rows if label < len(LABELS)})
