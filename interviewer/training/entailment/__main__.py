"""Train the cross-encoder that says whether a passage covers a claim, misses it or contradicts it.

    python -m interviewer.training.entailment --data FOLDER --work FOLDER [--steps N] [--threads N]
    python -m interviewer.training.entailment --work FOLDER --publish

`--data` is the folder with `encoder/` and `asag/`. Takes up an interrupted run where its last checkpoint was. The
upper layers start as the sentence encoder's; its lower layers stay as they are. Seeded; the log goes to standard
output, checkpoints and the log of figures to `--work`.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from interviewer.corpus import load_corpus
from interviewer.grading.entailment import FOLDER
from interviewer.grading.entailment.network import LABELS, LONGEST, Network
from interviewer.retrieval.encoder import SHIPPED
from interviewer.retrieval.reader import load_reader
from interviewer.training.entailment.data import Point, Row, draw, inference, points, students

SEED = 20
BATCH = 32
RATE = 2e-4
EVERY = 100
"""Steps between checkpoints and figures."""


def _length(row: Row) -> int:
    """About how many tokens a pair has: a Chinese character is one, four letters are one."""
    text = row.passage + row.claim
    return sum(4 if c > "\u2e7f" else 1 for c in text)


class Rows:
    """What each step learns from: from mostly public inference pairs to mostly our own subject."""

    def __init__(self, nli: Sequence[Row], asked: Sequence[Row], claims: Sequence[Point]) -> None:
        self._nli, self._asked, self._claims = nli, asked, claims

    def chunk(self, step: int, steps: int, batches: int) -> list[list[Row]]:
        """Some batches of pairs of like length, decided by the step alone so that a run can be taken up again."""
        rng = random.Random(SEED * 1_000_003 + step)
        own = 0.45 + 0.3 * step / steps
        rows = []
        for _ in range(batches * BATCH):
            kind = rng.random()
            if kind < own:
                rows.append(draw(rng.choice(self._claims), rng.choice(self._claims), rng))
            else:
                rows.append(rng.choice(self._asked if kind < own + 0.1 else self._nli))
        rows.sort(key=_length)
        cut = [rows[n : n + BATCH] for n in range(0, len(rows), BATCH)]
        rng.shuffle(cut)
        return cut


def logits(network: Network, tokenizer: Tokenizer, rows: Sequence[Row]) -> Tensor:
    """Of each row over `LABELS`, shape (rows, 3)."""
    passages, claims = (
        network.read([e.ids[:LONGEST] for e in tokenizer.encode_batch(texts)])
        for texts in ([r.passage for r in rows], [r.claim for r in rows])
    )
    found: Tensor = network(passages, claims)
    return found


@torch.no_grad()
def accuracy(network: Network, tokenizer: Tokenizer, rows: Sequence[Row]) -> tuple[float, list[float]]:
    """Share of right labels, and recall per label."""
    network.eval()
    hits: list[list[bool]] = [[] for _ in LABELS]
    ordered = sorted(rows, key=_length)
    for n in range(0, len(ordered), 64):
        batch = ordered[n : n + 64]
        for row, guess in zip(batch, logits(network, tokenizer, batch).argmax(dim=1).tolist(), strict=True):
            hits[row.label].append(guess == row.label)
    every = [h for one in hits for h in one]
    return sum(every) / len(every), [sum(h) / max(1, len(h)) for h in hits]


def train(
    network: Network, tokenizer: Tokenizer, rows: Rows, dev: dict[str, Sequence[Row]], options: argparse.Namespace
) -> None:
    """Train in place, with checkpoints."""
    wanted = list(network.parameters())
    optimiser = torch.optim.AdamW(wanted, lr=RATE, weight_decay=0.01, betas=(0.9, 0.98), fused=True)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.05)
    saved, begun = options.work / "checkpoint.pt", 0
    if saved.exists():
        state = torch.load(saved, weights_only=True)
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        begun = state["step"]
        print(f"taken up at step {begun}", flush=True)
    started, losses, step = time.monotonic(), [], begun
    while step < options.steps:
        for batch in rows.chunk(step, options.steps, batches=EVERY // 5):
            share = (step + 1) / options.steps
            for group in optimiser.param_groups:
                group["lr"] = RATE * min(share / 0.06, (1 - share) / 0.94 + 0.02)
            network.train()
            loss = loss_of(logits(network, tokenizer, batch), torch.tensor([r.label for r in batch]))
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(wanted, 1.0)
            optimiser.step()
            losses.append(loss.item())
            step += 1
        if step % EVERY == 0 or step >= options.steps:
            shown = (
                {n: accuracy(network, tokenizer, r) for n, r in dev.items()}
                if step % (5 * EVERY) == 0 or step >= options.steps
                else {}
            )
            line = {
                "step": step,
                "loss": round(sum(losses) / len(losses), 4),
                "seconds": round(time.monotonic() - started),
                **{n: [round(a, 3), [round(v, 2) for v in r]] for n, (a, r) in shown.items()},
            }
            print(json.dumps(line), flush=True)
            losses = []
            state = {"network": network.state_dict(), "optimiser": optimiser.state_dict(), "step": step}
            torch.save(state, saved.with_suffix(".new"))
            saved.with_suffix(".new").replace(saved)


def publish(network: Network) -> int:
    """Write what was trained, in sixteen bits, into the package; returns bytes."""
    FOLDER.mkdir(exist_ok=True)
    weights = {k: v.half().contiguous() for k, v in network.state_dict().items()}
    save_file(weights, FOLDER / "model.safetensors", metadata={"format": "pt"})
    (FOLDER / "model.safetensors").chmod(0o644)
    return (FOLDER / "model.safetensors").stat().st_size


def main() -> None:
    """Train or publish."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument(
        "--test", type=Path, default=Path("eval/data/answers.test.jsonl"), help="their items are left out"
    )
    parser.add_argument("--steps", type=int, default=2400)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--publish", action="store_true")
    options = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(options.threads)
    options.work.mkdir(parents=True, exist_ok=True)
    reader, tokenizer, _ = load_reader(SHIPPED)
    network = Network(reader)
    if options.publish:
        network.load_state_dict(torch.load(options.work / "checkpoint.pt", weights_only=True)["network"])
        print(f"{publish(network) / 1e6:.1f} MB")
        return
    with options.test.open(encoding="utf-8") as lines:
        left_out = {json.loads(line)["item"] for line in lines}
    items = load_corpus().items.values()
    own = points(items, left_out)
    kept = points([i for i in items if i.id in left_out], ())
    rng = random.Random(SEED)
    nli = inference(options.data, SEED)
    dev: dict[str, Sequence[Row]] = {
        "nli": nli[:600],
        "students": students(options.data, SEED, "test-unseen-questions")[:500],
        "corpus": [draw(rng.choice(kept), rng.choice(kept), rng) for _ in range(600)],
    }
    asked = students(options.data, SEED)
    print(
        f"{len(nli) - 600} inference pairs, {len(asked)} students' answers, {len(own)} points in two languages",
        flush=True,
    )
    train(network, tokenizer, Rows(nli[600:], asked, own), dev, options)


if __name__ == "__main__":
    main()
