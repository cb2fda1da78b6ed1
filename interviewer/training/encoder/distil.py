"""The training loop: distillation first, then meaning that words alone do not carry.

Six kinds of step, drawn by a schedule that shifts with progress:

- pairs: student(zh) near teacher(en), nearer than to the other English vectors of the batch; student(en) too.
- paragraphs: the same for aligned paragraphs, so that a long answer has a vector worth comparing.
- nli: a premise nearer to what follows from it than to what contradicts it (Gao et al., 2021, SimCSE, §4).
- flips: a sentence nearer to its translation than to its own opposite.
- sts: cosines in the order of people's scores (CoSENT loss).
"""

from __future__ import annotations

import dataclasses
import json
import math
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor
from transformers import BertConfig, BertModel

from interviewer.training.encoder.contrast import flip
from interviewer.training.encoder.data import Pair, Scored, Triplet

Tokens = list[list[int]]
_BLOCK = 40  # batches sorted by length together: little padding, little order


@dataclass(frozen=True, slots=True)
class Config:
    """What a run depends on, beside the data."""

    steps: int = 1500
    batch: int = 128
    seed: int = 20261121
    network_rate: float = 1e-4
    rows_rate: float = 5e-4  # of the new Chinese rows
    warm_up: int = 80
    temperature: float = 0.05
    second_phase: float = 0.5  # share of the steps after which the other kinds join
    longest: int = 64
    longest_paragraph: int = 128
    mixed_words: float = 0.2  # share of Chinese sentences in which a few words are said in English
    evaluate_every: int = 300
    save_every: int = 200


@dataclass(frozen=True, slots=True)
class Data:
    """Texts of every kind of step."""

    pairs: Sequence[Pair]
    paragraphs: Sequence[Pair]
    triplets: Sequence[Triplet]
    scored: Sequence[Scored]


# Shares of the kinds in the second phase; all pairs in the first.
_MIX = {"pairs": 0.46, "paragraphs": 0.08, "nli": 0.2, "flips": 0.18, "sts": 0.08}


def student_from(teacher: BertModel, rows: Tensor, longest: int) -> BertModel:
    """The teacher's network under another vocabulary: `rows` has shape (tokens, d)."""
    old: BertConfig = teacher.config
    settings = {**old.to_dict(), "vocab_size": len(rows), "pad_token_id": 0, "max_position_embeddings": longest}
    config = BertConfig(**settings)
    student = BertModel(config, add_pooling_layer=False)
    weights = dict(teacher.state_dict())
    weights["embeddings.word_embeddings.weight"] = rows
    weights["embeddings.position_embeddings.weight"] = weights["embeddings.position_embeddings.weight"][:longest]
    for name in ("embeddings.position_ids", "embeddings.token_type_ids"):
        weights.pop(name, None)
    lacking, surplus = student.load_state_dict(weights, strict=False)
    if surplus or [name for name in lacking if not name.endswith("_ids")]:
        raise ValueError(f"the network differs from the teacher's: {lacking} {surplus}")
    return without_dropout(student)


def without_dropout(model: BertModel) -> BertModel:
    """A small network that sees each sentence once or twice has nothing to forget, and dropout costs time."""
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        if hasattr(module, "dropout_prob"):
            module.dropout_prob = 0.0  # type: ignore[assignment]
    return model


def pooled(model: BertModel, tokens: Tokens) -> Tensor:
    """Mean of the last layer over the tokens, length 1: shape (len(tokens), d)."""
    width = max(len(t) for t in tokens)
    ids = torch.zeros((len(tokens), width), dtype=torch.long)
    mask = torch.zeros((len(tokens), width))
    for row, t in enumerate(tokens):
        ids[row, : len(t)] = torch.tensor(t)
        mask[row, : len(t)] = 1
    hidden = model(input_ids=ids, attention_mask=mask).last_hidden_state
    return functional.normalize((hidden * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True), dim=-1)


def tokens_of(tokenizer: Tokenizer, texts: Sequence[str], longest: int) -> Tokens:
    """Token numbers with [CLS] and [SEP], cut to `longest`."""
    encoded = [e.ids for e in tokenizer.encode_batch(list(texts))]
    return [ids if len(ids) <= longest else [*ids[: longest - 1], ids[-1]] for ids in encoded]


@torch.no_grad()
def embed(model: BertModel, tokens: Tokens, batch: int = 64) -> NDArray[np.float32]:
    """Vectors of many texts, batched by length: shape (len(tokens), d)."""
    order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
    vectors = np.zeros((len(tokens), model.config.hidden_size), np.float32)
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        vectors[chosen] = pooled(model, [tokens[i] for i in chosen]).numpy()
    return vectors


class Teacher:
    """The teacher's vectors of English texts, each computed once and kept on disk."""

    def __init__(self, model: BertModel, tokens: Tokens, path: Path) -> None:
        self._model, self._tokens = model, tokens
        shape = (len(tokens), model.config.hidden_size)
        fresh = not path.exists() or path.stat().st_size != shape[0] * shape[1] * 2
        self._kept = np.memmap(path, np.float16, "w+" if fresh else "r+", shape=shape)

    def __call__(self, rows: Sequence[int]) -> Tensor:
        """Vectors of these texts: shape (len(rows), d)."""
        new = [i for i in rows if not self._kept[i].any()]
        if new:
            self._kept[new] = embed(self._model, [self._tokens[i] for i in new]).astype(np.float16)
        return torch.from_numpy(self._kept[list(rows)].astype(np.float32))


class Run:
    """One training run: its data in tokens, its model, its optimiser, and where it stands."""

    def __init__(
        self,
        config: Config,
        data: Data,
        student: BertModel,
        teacher: BertModel,
        tokenizers: tuple[Tokenizer, Tokenizer],
        english_rows: int,
        said_in_english: dict[int, int],
        folder: Path,
    ) -> None:
        self.config, self.data, self.student, self.folder = config, data, student, folder
        own, others = tokenizers
        self._own = own
        self._said_in_english = said_in_english
        self._zh = tokens_of(own, [p.zh for p in data.pairs], config.longest)
        self._en = tokens_of(own, [p.en for p in data.pairs], config.longest)
        self._zh_long = tokens_of(own, [p.zh for p in data.paragraphs], config.longest_paragraph)
        self._en_long = tokens_of(own, [p.en for p in data.paragraphs], config.longest_paragraph)
        self._of_pairs = Teacher(teacher, tokens_of(others, [p.en for p in data.pairs], 96), folder / "pairs.f16")
        self._of_paragraphs = Teacher(
            teacher, tokens_of(others, [p.en for p in data.paragraphs], 160), folder / "paragraphs.f16"
        )
        rows = student.embeddings.word_embeddings.weight
        rows.register_hook(  # type: ignore[no-untyped-call]
            lambda grad: grad.index_fill(0, torch.arange(english_rows), 0.0)
        )
        network = [p for p in student.parameters() if p is not rows]
        self._optimiser = torch.optim.AdamW(
            [
                {"params": network, "lr": config.network_rate, "weight_decay": 0.01},
                {"params": [rows], "lr": config.rows_rate, "weight_decay": 0.0},
            ],
            betas=(0.9, 0.98),
            fused=True,
        )
        self._rates = [group["lr"] for group in self._optimiser.param_groups]
        self._random = random.Random(config.seed)
        self._orders = {
            "pairs": self._batches([len(t) for t in self._zh], config.batch),
            "paragraphs": self._batches([len(t) for t in self._zh_long], config.batch // 4),
            "nli": self._batches([len(t.anchor) for t in data.triplets], config.batch // 2),
            "flips": self._batches([len(t) for t in self._zh], config.batch // 4),
            "sts": self._batches([len(s.left) for s in data.scored], config.batch // 2),
        }
        self.step = 0

    def _batches(self, lengths: Sequence[int], size: int) -> Iterator[list[int]]:
        """Batches of rows of like length, epoch after epoch."""
        rng = random.Random(self.config.seed + size)
        while True:
            order = list(range(len(lengths)))
            rng.shuffle(order)
            for start in range(0, len(order), size * _BLOCK):
                block = sorted(order[start : start + size * _BLOCK], key=lambda i: lengths[i])
                batches = [block[i : i + size] for i in range(0, len(block), size)]
                rng.shuffle(batches)
                yield from (batch for batch in batches if len(batch) > 8)

    def loss(self, kind: str) -> Tensor:
        """The loss of the next batch of a kind."""
        rows = next(self._orders[kind])
        if kind == "pairs":
            return self._distil(self._zh, self._en, self._of_pairs, rows)
        if kind == "paragraphs":
            return self._distil(self._zh_long, self._en_long, self._of_paragraphs, rows)
        if kind == "nli":
            chosen = [self.data.triplets[i] for i in rows]
            return self._apart([t.anchor for t in chosen], [t.positive for t in chosen], [t.negative for t in chosen])
        if kind == "flips":
            return self._flips(rows)
        return self._sts([self.data.scored[i] for i in rows])

    def _distil(self, zh: Tokens, en: Tokens, teacher: Teacher, rows: list[int]) -> Tensor:
        target = teacher(rows)
        ours = pooled(self.student, [self._mixed(zh[i]) for i in rows])
        near = (1 - (ours * target).sum(-1)).mean()
        places = torch.arange(len(rows))
        logits = ours @ target.T / self.config.temperature
        contrast = functional.cross_entropy(logits, places) + functional.cross_entropy(logits.T, places)
        replay = rows[::5]
        english = pooled(self.student, [en[i] for i in replay])
        kept = (1 - (english * target[::5]).sum(-1)).mean()
        return 5 * near + 0.3 * contrast + 4 * kept

    def _apart(self, anchors: Sequence[str], positives: Sequence[str], negatives: Sequence[str]) -> Tensor:
        """In-batch contrast with one hard negative for each anchor."""
        count = len(anchors)
        vectors = pooled(self.student, tokens_of(self._own, [*anchors, *positives, *negatives], self.config.longest))
        anchor, others = vectors[:count], vectors[count:]
        return functional.cross_entropy(anchor @ others.T / self.config.temperature, torch.arange(count))

    def _flips(self, rows: list[int]) -> Tensor:
        anchors, positives, negatives = [], [], []
        for i in rows:
            pair = self.data.pairs[i]
            for chinese, said, translated in ((True, pair.zh, pair.en), (False, pair.en, pair.zh)):
                opposite = flip(said, chinese, self._random)
                if opposite is not None:
                    anchors.append(said)
                    positives.append(translated)
                    negatives.append(opposite)
        return self._apart(anchors, positives, negatives) if len(anchors) > 4 else self.loss("flips")

    def _sts(self, chosen: Sequence[Scored]) -> Tensor:
        """CoSENT: every pair of pairs whose order by cosine is not the order by score costs."""
        vectors = pooled(
            self.student,
            tokens_of(self._own, [s.left for s in chosen] + [s.right for s in chosen], self.config.longest),
        )
        cosine = (vectors[: len(chosen)] * vectors[len(chosen) :]).sum(-1) / self.config.temperature
        score = torch.tensor([s.score for s in chosen])
        wrong = (cosine[:, None] - cosine[None, :])[score[:, None] < score[None, :]]
        return torch.logsumexp(torch.cat([torch.zeros(1), wrong]), 0) * 0.3

    def _mixed(self, tokens: list[int]) -> list[int]:
        """Sometimes a few Chinese words of a sentence said in English, as engineers do."""
        if self._random.random() >= self.config.mixed_words:
            return tokens
        return [self._said_in_english.get(t, t) if self._random.random() < 0.4 else t for t in tokens]

    def kind(self) -> str:
        """What the next step trains on."""
        if self.step < self.config.second_phase * self.config.steps:
            return "pairs"
        return self._random.choices(list(_MIX), list(_MIX.values()))[0]

    def train(self, evaluate: Any) -> None:
        """Run to the end, logging as JSON lines; call again with the same folder to go on after a stop."""
        log = (self.folder / "log.jsonl").open("a", encoding="utf-8")
        started = time.monotonic()
        mean: dict[str, float] = {}
        parameters = [p for group in self._optimiser.param_groups for p in group["params"]]
        first = self.step
        while self.step < self.config.steps:
            progress = self.step / self.config.steps
            factor = min(1, (self.step + 1) / self.config.warm_up) * max(0.02, 0.5 * (1 + math.cos(math.pi * progress)))
            for group, rate in zip(self._optimiser.param_groups, self._rates, strict=True):
                group["lr"] = rate * factor
            kind = self.kind()
            loss = self.loss(kind)
            self._optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            self._optimiser.step()
            self.step += 1
            mean[kind] = loss.item() if kind not in mean else 0.95 * mean[kind] + 0.05 * loss.item()
            if self.step % 20 == 0:
                per_step = (time.monotonic() - started) / (self.step - first)
                row = {"step": self.step, "rate": round(factor, 3), "seconds_per_step": round(per_step, 2)}
                row |= {f"loss_{name}": round(value, 4) for name, value in mean.items()}
                print(json.dumps(row), file=log, flush=True)
                print(json.dumps(row), file=sys.stderr, flush=True)
            if self.step % self.config.evaluate_every == 0:
                row = {"step": self.step, **evaluate(self.student, self._own)}
                print(json.dumps(row), file=log, flush=True)
                print(json.dumps(row), file=sys.stderr, flush=True)
            if self.step % self.config.save_every == 0 or self.step == self.config.steps:
                self.save()
        log.close()

    def save(self) -> None:
        """Keep everything needed to go on."""
        state = {
            "config": dataclasses.asdict(self.config),
            "step": self.step,
            "student": self.student.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "random": self._random.getstate(),
        }
        torch.save(state, self.folder / "checkpoint.tmp")
        (self.folder / "checkpoint.tmp").replace(self.folder / "checkpoint.pt")

    def resume(self) -> bool:
        """Go on from the last checkpoint of the folder, if there is one."""
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return False
        state = torch.load(path, weights_only=False)
        self.student.load_state_dict(state["student"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._random.setstate(state["random"])
        self.step = state["step"]
        # Each kind's order goes on with fresh batches: which rows a kind had seen is not kept.
        self._random.seed(self.config.seed + self.step)
        return True
