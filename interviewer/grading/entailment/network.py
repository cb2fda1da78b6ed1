"""The shipped cross-encoder's network: which of three things does a passage do to a claim?

The lower half of the shipped sentence encoder reads passage and claim apart (its weights are shared with the encoder,
not stored twice); the upper half, trained for this task, reads both together. Splitting a cross-encoder like this
costs little and saves most of the reading: Cao et al., "DeFormer: Decomposing Pre-trained Transformers for Faster
Question Answering", ACL 2020. The two pooled halves u, v are compared as [u; v; |u − v|; u ∘ v] (Conneau et al.,
"Supervised Learning of Universal Sentence Representations from Natural Language Inference Data", EMNLP 2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from interviewer.retrieval.reader import SHARED, Reader, batches, groups_of, through

LABELS = ("covered", "missing", "contradicted")
"""What the passage does to the claim: says it (entailment), neither (neutral), denies it (contradiction)."""
LONGEST = 96
"""Tokens of a passage, or of a claim, that are read."""


class Network(nn.Module):
    """Hidden states of passages and claims → logits over `LABELS`."""

    def __init__(self, reader: Reader) -> None:
        """Args:
        reader: the sentence encoder; its upper layers are copied, to be trained or loaded over.
        """
        super().__init__()
        width = reader.norm.weight.shape[0]
        self._lower = (reader,)  # in a tuple: its weights are not this module's
        self.segments = nn.Embedding(2, width)
        nn.init.zeros_(self.segments.weight)
        self.upper = deepcopy(reader.layers[SHARED:])
        self.head = nn.Sequential(nn.Linear(4 * width, width), nn.GELU(), nn.Dropout(0.1), nn.Linear(width, 3))

    def read(self, rows: Sequence[Sequence[int]]) -> list[Tensor]:
        """Token ids of texts → what the lower half makes of them: see `Reader.read`."""
        return self._lower[0].read(rows)

    @torch.no_grad()
    def chances(self, pairs: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        """Hidden states from `read`, of passages and claims → probabilities of `LABELS`, shape (len(pairs), 3).

        Pairs are packed like the texts of `Reader`: none's chances depend on its company.
        """
        lengths = [len(passage) + len(claim) for passage, claim in pairs]
        found = torch.empty(len(pairs), len(LABELS))
        for batch in batches(lengths):
            parts = [part for i in batch for part in pairs[i]]
            sizes = torch.tensor([len(part) for part in parts])
            owner = torch.arange(len(parts)).repeat_interleave(sizes)
            states = torch.cat(parts) + self.segments.weight[owner % 2]
            states = through(self.upper, states, groups_of([lengths[i] for i in batch]), self._lower[0].in_bfloat16)
            means = torch.zeros(len(parts), states.shape[1]).index_add_(0, owner, states) / sizes.unsqueeze(1)
            found[batch] = self._compared(means[0::2], means[1::2]).softmax(dim=1)
        return found

    def forward(self, passages: Sequence[Tensor], claims: Sequence[Tensor]) -> Tensor:
        """Hidden states from `read`, pair by pair → logits, shape (pairs, 3)."""
        first, second = self.segments.weight
        states = pad_sequence(
            [torch.cat([p + first, c + second]) for p, c in zip(passages, claims, strict=True)], batch_first=True
        )
        ends = torch.tensor([[len(p), len(p) + len(c)] for p, c in zip(passages, claims, strict=True)])
        place = torch.arange(states.shape[1])[None, :]
        of_passage, filled = place < ends[:, :1], place < ends[:, 1:]
        padding = None if bool(filled.all()) else ~filled
        for layer in self.upper:
            states = layer(states, src_key_padding_mask=padding)
        return self._compared(_mean(states, of_passage), _mean(states, filled & ~of_passage))

    def _compared(self, u: Tensor, v: Tensor) -> Tensor:
        logits: Tensor = self.head(torch.cat([u, v, (u - v).abs(), u * v], dim=1))
        return logits


def _mean(states: Tensor, kept: Tensor) -> Tensor:
    weight = kept.unsqueeze(-1).to(states.dtype)
    return (states * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1)
