"""The training loop: distillation first, then meaning that words alone do not carry.

Kinds of step, drawn by each stage's mix:

- pairs: student(zh) near teacher(en), nearer than to the other English vectors of the batch; student(en) too.
- paragraphs: the same for aligned paragraphs, so that a long answer has a vector worth comparing.
- nli: a premise nearer to what follows from it than to what contradicts it (Gao et al., 2021, SimCSE, §4).
- flips: a sentence nearer to its translation than to its own opposite.
- claims: a right wording of a corpus key point nearer to another right one than to a wrong one.
- sts: cosines in the order of people's scores (CoSENT loss).
"""

from __future__ import annotations

import json
import math
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from interviewer.training.encoder.data import Claim, Pair, Scored, Triplet

Tokens = list[list[int]]
_CHUNK = 32
_BLOCK = 40  # batches sorted by length together: little padding, little order


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the run with its own optimiser and cosine schedule."""

    steps: int
    network_rate: float
    rows_rate: float
    """Learning rate of the Chinese rows."""
    mix: Mapping[str, float]
    """Share of each kind of step …"""
    plain: float = 0.0
    """… after this share of the stage; before it, pairs only."""
    scores: float = 0.3
    """Weight of the loss on people's scores."""


STAGES = (
    Stage(
        steps=1500,
        network_rate=1e-4,
        rows_rate=5e-4,
        mix={"pairs": 0.46, "paragraphs": 0.08, "nli": 0.2, "flips": 0.18, "sts": 0.08},
        plain=0.5,
    ),
    # Telling a claim from its denial: with a fifth of the steps of the first stage the loss hardly moved.
    Stage(
        steps=400,
        network_rate=1e-4,
        rows_rate=2e-4,
        mix={"pairs": 0.26, "paragraphs": 0.05, "nli": 0.18, "flips": 0.12, "claims": 0.24, "sts": 0.15},
    ),
    # The order by people's scores had suffered, and opposites made by rule taught nothing more.
    Stage(
        steps=400,
        network_rate=7e-5,
        rows_rate=2e-4,
        mix={"pairs": 0.36, "paragraphs": 0.05, "nli": 0.14, "flips": 0.03, "claims": 0.2, "sts": 0.22},
        scores=1.0,
    ),
)


@dataclass(frozen=True, slots=True)
class Config:
    """What a run depends on, beside the data."""

    stages: tuple[Stage, ...] = STAGES
    batch: int = 128
    seed: int = 20261121
    warm_up: int = 80
    temperature: float = 0.05
    margin: float = 0.1  # by which a hard negative should be farther than the positive
    longest: int = 64
    longest_paragraph: int = 128
    mixed_words: float = 0.2  # share of Chinese sentences in which a few words are said in English
    glossed: float = 0.5  # share of scored English sentences read word for word in Chinese
    evaluate_every: int = 300
    save_every: int = 200


@dataclass(frozen=True, slots=True)
class Data:
    """Texts of every kind of step."""

    pairs: Sequence[Pair]
    paragraphs: Sequence[Pair]
    triplets: Sequence[Triplet]
    scored: Sequence[Scored]
    claims: Sequence[Claim] = ()


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
    # Texts of like length together: a batch of short and long ones is mostly padding.
    order = sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
    parts = [_pooled(model, [tokens[i] for i in order[at : at + _CHUNK]]) for at in range(0, len(order), _CHUNK)]
    place = torch.empty(len(order), dtype=torch.long)
    place[order] = torch.arange(len(order))
    return torch.cat(parts)[place]


def _pooled(model: BertModel, tokens: Tokens) -> Tensor:
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
        self._said_in_chinese: dict[int, list[int]] = defaultdict(list)
        for chinese, english in said_in_english.items():
            self._said_in_chinese[english].append(chinese)
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
        self._random = random.Random(config.seed)
        self._orders = {
            "pairs": self._batches([len(t) for t in self._zh], config.batch),
            "paragraphs": self._batches([len(t) for t in self._zh_long], config.batch // 4),
            "nli": self._batches([len(t.anchor) for t in data.triplets], config.batch // 2),
            "flips": self._batches([len(t) for t in self._zh], config.batch // 4),
            "claims": self._batches([len(c.right[0]) for c in data.claims], config.batch // 2),
            "sts": self._batches([len(s.left) for s in data.scored], config.batch // 2),
        }
        self.stage, self.step = 0, 0
        self._optimiser = self._optimiser_of(config.stages[0])

    def _optimiser_of(self, stage: Stage) -> torch.optim.AdamW:
        rows = self.student.embeddings.word_embeddings.weight
        return torch.optim.AdamW(
            [
                {
                    "params": [p for p in self.student.parameters() if p is not rows],
                    "lr": stage.network_rate,
                    "weight_decay": 0.01,
                },
                {"params": [rows], "lr": stage.rows_rate, "weight_decay": 0.0},
            ],
            betas=(0.9, 0.98),
            fused=True,
        )

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
        if kind == "claims":
            drawn = [self.data.claims[i].draw(self._random) for i in rows]
            return self._apart([t.anchor for t in drawn], [t.positive for t in drawn], [t.negative for t in drawn])
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
        """In-batch contrast with one hard negative for each anchor, which also has to keep a distance.

        Among a hundred easy negatives the one hard one hardly counts: hence the second term.
        """
        count = len(anchors)
        vectors = pooled(self.student, tokens_of(self._own, [*anchors, *positives, *negatives], self.config.longest))
        alike = vectors[:count] @ vectors[count:].T
        near, hard = alike.diagonal(), alike.diagonal(count)
        contrast = functional.cross_entropy(alike / self.config.temperature, torch.arange(count))
        apart = functional.softplus((hard - near + self.config.margin) / self.config.temperature).mean()
        return 0.5 * contrast + 0.5 * apart

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
        texts = tokens_of(self._own, [s.left for s in chosen] + [s.right for s in chosen], self.config.longest)
        vectors = pooled(self.student, [self._glossed(t) for t in texts])
        cosine = (vectors[: len(chosen)] * vectors[len(chosen) :]).sum(-1) / self.config.temperature
        score = torch.tensor([s.score for s in chosen])
        wrong = (cosine[:, None] - cosine[None, :])[score[:, None] < score[None, :]]
        weight = self.config.stages[self.stage].scores
        return torch.logsumexp(torch.cat([torch.zeros(1), wrong]), 0) * weight

    def _mixed(self, tokens: list[int]) -> list[int]:
        """Sometimes a few Chinese words of a sentence said in English, as engineers do."""
        if self._random.random() >= self.config.mixed_words:
            return tokens
        return [self._said_in_english.get(t, t) if self._random.random() < 0.4 else t for t in tokens]

    def _glossed(self, tokens: list[int]) -> list[int]:
        """Often an English sentence word for word in Chinese, so that people's scores reach the Chinese rows."""
        if self._random.random() >= self.config.glossed:
            return tokens
        return [self._random.choice(self._said_in_chinese.get(t, [t])) for t in tokens]

    def kind(self) -> str:
        """What the next step trains on."""
        stage = self.config.stages[self.stage]
        if self.step < stage.plain * stage.steps:
            return "pairs"
        return self._random.choices(list(stage.mix), list(stage.mix.values()))[0]

    def train(self, evaluate: Any) -> None:
        """Run to the end, logging as JSON lines; call again with the same folder to go on after a stop."""
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:

            def note(row: Mapping[str, Any]) -> None:
                line = json.dumps({"stage": self.stage + 1, "step": self.step, **row})
                print(line, file=log, flush=True)
                print(line, file=sys.stderr, flush=True)

            while self.stage < len(self.config.stages):
                self._train(self.config.stages[self.stage], evaluate, note)
                if self.stage + 1 < len(self.config.stages):
                    self._optimiser = self._optimiser_of(self.config.stages[self.stage + 1])
                self.stage, self.step = self.stage + 1, 0
                self.save()

    def _train(self, stage: Stage, evaluate: Any, note: Callable[[Mapping[str, Any]], None]) -> None:
        parameters = [p for group in self._optimiser.param_groups for p in group["params"]]
        mean: dict[str, float] = {}
        started, first = time.monotonic(), self.step
        while self.step < stage.steps:
            decay = 0.5 * (1 + math.cos(math.pi * self.step / stage.steps))
            factor = min(1, (self.step + 1) / self.config.warm_up) * max(0.02, decay)
            for group, rate in zip(self._optimiser.param_groups, (stage.network_rate, stage.rows_rate), strict=True):
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
                losses = {f"loss_{name}": round(value, 4) for name, value in mean.items()}
                note({"rate": round(factor, 3), "seconds_per_step": round(per_step, 2), **losses})
            if self.step % self.config.evaluate_every == 0 or self.step == stage.steps:
                note(evaluate(self.student, self._own))
            if self.step % self.config.save_every == 0:
                self.save()

    def save(self) -> None:
        """Keep everything needed to go on."""
        state = {
            "stage": self.stage,
            "step": self.step,
            "student": self.student.state_dict(),
            "optimiser": self._optimiser.state_dict(),
        }
        torch.save(state, self.folder / "checkpoint.tmp")
        (self.folder / "checkpoint.tmp").replace(self.folder / "checkpoint.pt")

    def resume(self) -> bool:
        """Go on from the last checkpoint of the folder, if there is one."""
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return False
        state = torch.load(path)
        self.student.load_state_dict(state["student"])
        self.stage, self.step = state["stage"], state["step"]
        if self.stage < len(self.config.stages):
            self._optimiser = self._optimiser_of(self.config.stages[self.stage])
            if self.step:
                self._optimiser.load_state_dict(state["optimiser"])
        # Each kind's order goes on with fresh batches: which rows a kind had seen is not kept.
        self._random.seed(self.config.seed + 10_000 * self.stage + self.step)
        return True
