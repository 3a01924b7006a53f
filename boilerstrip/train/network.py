"""The learned detector as a PyTorch module; `boilerstrip.detect.model` computes the same with numpy."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from boilerstrip.features import DENSE
from boilerstrip.labels import LABELS, PageType

EVIDENCE = len(LABELS)
SURE = 2.0  # log-odds; what rules say beyond it counts by weights of its own


@dataclass(frozen=True)
class Shape:
    """Size of the network. `extra` is the number of dense columns beyond DENSE and `tree` the size of the embeddings of
    tree tokens; both are 0 for text."""

    hidden: int = 64
    embedding: int = 16
    first: tuple[int, ...] = (1, 2, 4, 8)
    second: tuple[int, ...] = (1, 4)
    memory: int = 16
    dropout: float = 0.1
    extra: int = 0
    tree: int = 0
    bags: int = 3  # word means, n-gram means, n-gram maxima


@dataclass
class Batch:
    """Pages padded to one length. Flat arrays have one row per atom of all pages, `row` places them in the
    padded (pages x length) grid."""

    dense: Tensor  # (atoms, DENSE + EVIDENCE + extra)
    row: Tensor  # (atoms,)
    pages: int
    length: int
    uni: Tensor  # embedding rows of words
    uni_first: Tensor  # (atoms,) first word of each atom
    multi: Tensor  # embedding rows of n-grams
    multi_first: Tensor
    group: Tensor  # (content words,) number of the word among the pages' distinct words
    group_atom: Tensor  # (content words,) its atom
    group_own: Tensor  # (content words,) how often the atom holds the word
    groups: int
    words: Tensor  # (atoms,)
    tree: Tensor | None = None  # embedding rows of tree tokens
    tree_first: Tensor | None = None


class Dilated(nn.Module):
    """A residual layer over an atom and two neighbours at a distance."""

    def __init__(self, hidden: int, distance: int, dropout: float) -> None:
        super().__init__()
        self.distance, self.linear, self.dropout = distance, nn.Linear(3 * hidden, hidden), dropout

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        d = self.distance
        padded = F.pad(x, (0, 0, d, d))
        around = torch.cat([padded[:, :-2 * d], x, padded[:, 2 * d:]], -1)
        return (x + F.dropout(F.relu(self.linear(around)), self.dropout, self.training)) * mask


class Network(nn.Module):
    """Two passes over the atoms of a page. The first guesses the story; the second also sees how much of an
    atom's vocabulary that story shares."""

    def __init__(self, rows: int, shape: Shape, tree_rows: int = 1) -> None:
        super().__init__()
        self.shape, h = shape, shape.hidden
        self.table = nn.Parameter(torch.randn(rows, shape.embedding) * 0.1)
        if shape.tree:
            self.tree_table = nn.Parameter(torch.randn(tree_rows, shape.tree) * 0.1)
        inputs = len(DENSE) + EVIDENCE + shape.extra + shape.bags * shape.embedding + shape.tree
        self.enter = nn.Linear(inputs, h)
        self.first = nn.ModuleList(Dilated(h, d, shape.dropout) for d in shape.first)
        self.remember = nn.Linear(h, shape.memory)
        self.guess = nn.Linear(h + 2 * shape.memory, 1)
        self.topic = nn.Linear(2 * shape.embedding, shape.embedding)
        self.again = nn.Linear(h + 2 * shape.memory + h + shape.embedding + 4, h)
        self.about = nn.Linear(3 * h, h, bias=False)
        self.second = nn.ModuleList(Dilated(h, d, shape.dropout) for d in shape.second)
        self.story = nn.Linear(2 * h, 1)
        self.label = nn.Linear(2 * h, len(LABELS))
        # rules speak for labels and against the story; how much they are worth is learned
        self.trust = nn.Parameter(torch.cat([torch.ones(EVIDENCE), 0.5 * torch.ones(EVIDENCE)]))
        self.against = nn.Parameter(torch.cat([-0.5 * torch.ones(EVIDENCE), -torch.ones(EVIDENCE)]))
        self.page = nn.Linear(3 * h, len(PageType) + 1)

    def bags(self, batch: Batch) -> Tensor:
        mean_uni = F.embedding_bag(batch.uni, self.table, batch.uni_first, mode="mean")
        mean_multi = F.embedding_bag(batch.multi, self.table, batch.multi_first, mode="mean")
        parts = [mean_uni, mean_multi]
        if self.shape.bags == 3:
            parts.append(F.embedding_bag(batch.multi, self.table, batch.multi_first, mode="max"))
        return torch.cat(parts, -1)

    def forward(self, batch: Batch, drop: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(first guess, story logit, label logits) per atom, page logits per page."""
        bags = self.bags(batch)
        if drop is not None:
            bags = bags * drop
        parts = [batch.dense, bags]
        if batch.tree is not None and batch.tree_first is not None:
            parts.append(F.embedding_bag(batch.tree, self.tree_table, batch.tree_first, mode="mean"))
        flat = F.relu(self.enter(torch.cat(parts, -1)))
        h, n = self.shape.hidden, batch.pages * batch.length
        grid = flat.new_zeros(n, h).index_copy(0, batch.row, flat).view(batch.pages, batch.length, h)
        mask = flat.new_zeros(n).index_fill(0, batch.row, 1.0).view(batch.pages, batch.length, 1)
        for layer in self.first:
            grid = layer(grid, mask)
        kept = torch.sigmoid(self.remember(grid)) * mask
        ahead = torch.cummax(kept, 1).values
        behind = torch.cummax(kept.flip(1), 1).values.flip(1)
        context = torch.cat([grid, ahead, behind], -1) * mask
        evidence = batch.dense[:, len(DENSE) + self.shape.extra:]
        evidence = torch.cat([evidence, 2 * F.relu(evidence - SURE)], -1)
        against = evidence @ self.against
        guess = self.guess(context).view(n)[batch.row] + against
        p = torch.sigmoid(guess)
        # what the guessed story is about: pooled state, pooled words, and each word's share of the story
        weight = flat.new_zeros(n).index_copy(0, batch.row, p * torch.log1p(batch.words)).view(batch.pages, batch.length, 1)
        pooled = (grid * weight).sum(1, keepdim=True) / (weight.sum(1, keepdim=True) + 1e-3)
        topic = torch.tanh(self.topic(bags[:, :2 * self.shape.embedding]))
        topics = topic.new_zeros(n, topic.shape[1]).index_copy(0, batch.row, topic).view(batch.pages, batch.length, -1)
        topic_pooled = (topics * weight).sum(1, keepdim=True) / (weight.sum(1, keepdim=True) + 1e-3)
        shared = self.shared_words(batch, p)
        shared = shared.new_zeros(n, 4).index_copy(0, batch.row, shared).view(batch.pages, batch.length, 4)
        second = torch.cat([context, grid * pooled, topics * topic_pooled, shared], -1)
        overall = torch.cat([pooled, grid.sum(1, keepdim=True) / mask.sum(1, keepdim=True).clamp(min=1), grid.amax(1, keepdim=True)], -1)
        grid = (grid + F.relu(self.again(second) + self.about(overall))) * mask
        for layer in self.second:
            grid = layer(grid, mask)
        atoms = torch.cat([grid.view(n, h)[batch.row], flat], -1)
        story = self.story(atoms)[:, 0] + against
        sure = flat.new_zeros(n).index_copy(0, batch.row, torch.sigmoid(story) * batch.words).view(batch.pages, batch.length, 1)
        page = torch.cat([
            grid.sum(1) / mask.sum(1).clamp(min=1), grid.amax(1),
            (grid * sure).sum(1) / (sure.sum(1) + 1.0)], -1)
        return guess, story, self.label(atoms) + (evidence * self.trust).view(-1, 2, EVIDENCE).sum(1), self.page(page)

    @staticmethod
    def shared_words(batch: Batch, p: Tensor) -> Tensor:
        """Per atom: how far its content words occur elsewhere in the guessed story, and elsewhere outside of it
        (mean of m / (1 + m), m the word's expected occurrences); and the same for the rarest third: squared."""
        each = p[batch.group_atom]
        inside = p.new_zeros(batch.groups).index_add(0, batch.group, each)[batch.group] - each * batch.group_own
        outside = p.new_zeros(batch.groups).index_add(0, batch.group, 1 - each)[batch.group] - (1 - each) * batch.group_own
        inside, outside = inside.clamp(min=0), outside.clamp(min=0)
        values = torch.stack([inside / (1 + inside), outside / (1 + outside), inside / (inside + outside + 1e-2),
                              (inside > 0.5).to(p.dtype)], -1)
        count = p.new_zeros(len(p)).index_add(0, batch.group_atom, torch.ones_like(each))
        return p.new_zeros(len(p), 4).index_add(0, batch.group_atom, values) / (count + 1)[:, None]
