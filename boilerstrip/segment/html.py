"""HTML -> atoms with tree evidence: the blocks of `tree.py` in the form in which text is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from boilerstrip.chars import class_table, codes_of
from boilerstrip.segment.text import Atoms
from boilerstrip.segment.tree import TREE_DENSE, TreePage, decode_html, looks_like_html, segment_html

__all__ = ["TREE_DENSE", "TreeEvidence", "TreePage", "atoms_of_trees", "decode_html", "looks_like_html", "segment_html"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TreeEvidence:
    """What the tree says of each atom: `dense` has the columns TREE_DENSE, `tokens[first[a]:first[a + 1]]` are the hashed
    tags, classes, ids and roles around atom a."""

    dense: npt.NDArray[np.float32]
    tokens: npt.NDArray[np.uint64]
    first: Ints


def atoms_of_trees(pages: Sequence[TreePage]) -> tuple[Atoms, TreeEvidence]:
    """The blocks of a batch of pages as atoms, one each, and their evidence."""
    text = "\n".join(p.text for p in pages) + "\n" * bool(pages)
    codes = codes_of(text)
    lengths = np.array([len(p.text) + 1 for p in pages], np.int64)
    page_start = np.cumsum(lengths) - lengths
    sizes = np.array([len(p) for p in pages], np.int64)
    page = np.repeat(np.arange(len(pages)), sizes)
    offset = page_start[page]
    start, end, blank = (np.concatenate([getattr(p, name) for p in pages]) if pages else np.zeros(0, np.int64)
                         for name in ("start", "end", "blank_before"))
    first = np.concatenate([[0], np.cumsum(sizes)])
    gap = np.where(blank, 2, 1)
    gap[first[:-1][sizes > 0]] = 9
    no = np.zeros(len(page), bool)
    atoms = Atoms(text, codes, class_table()[codes], page_start, start + offset, end + offset, page, np.arange(len(page)), gap, no, no,
                  np.zeros(len(page), np.int64), first)
    counts = np.concatenate([np.diff(p.token_first) for p in pages]) if pages else np.zeros(0, np.int64)
    dense = np.concatenate([p.dense for p in pages]) if pages else np.zeros((0, len(TREE_DENSE)), np.float32)
    tokens = np.concatenate([p.tokens for p in pages]) if pages else np.zeros(0, np.uint64)
    return atoms, TreeEvidence(dense, tokens, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))
