"""Grading tables: rows a second beside two other ways, and what a grade costs beside asking a chat model for it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from interviewer.batch import grade_table, write_table
from interviewer.engine import Engine
from interviewer.retrieval.encoder import SHIPPED
from interviewer.schema import LANGUAGES, Item, Language
from interviewer.speed.answers import composed
from interviewer.speed.clock import ROUNDS, Figure, in_turns, ratio, spread, timed

Answer = tuple[Item, Language, str]
_CHAT_PARAMETERS = 1.7e9
_REPLY = 64
"""Tokens that a chat model writes for a grade: a number and a sentence or two."""


def figures(make: Callable[[], Engine], count: int) -> list[Figure]:
    """Rates and costs.

    Args:
        make: an engine whose models remember nothing of another one's.
        count: rows in each of the rounds.
    """
    ours, single = make(), make()
    wanted = max(2, count // 3)  # as many as a class is asked, say
    items = [item for item in ours.items.values() if item.key_points][:: max(1, len(ours.items) // wanted)]
    rounds = [composed(items, count, seed) for seed in range(ROUNDS)]
    for engine in (ours, single):
        for item in items:  # the questions' own texts, read once
            for language in LANGUAGES:
                engine.grader.expect(item, language)
    script = _script(rounds)
    walls: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        tables = [_table(Path(folder) / f"{n}.csv", rows) for n, rows in enumerate(rounds)]

        def batch(turn: int) -> None:
            walls.append(timed(lambda: grade_table(ours, tables[turn], tables[turn].with_suffix(".out.csv"))))

        spent = in_turns(
            {
                "batch": batch,
                "one": lambda turn: [single.grader.grade(item, text) for item, _, text in rounds[turn]],
                "script": script,
            }
        )
    gains, behind = ratio(spent["one"], spent["batch"]), ratio(spent["batch"], spent["script"])
    burnt = [s / count for s in spent["batch"]]
    chat, told = _chat(rounds[0])
    cheaper = chat / median(burnt)
    return [
        Figure(
            f"batch grading, {ROUNDS} × {count} different answers, read, graded and written",
            f"{spread([count / s for s in walls])} rows a second",
        ),
        Figure("… against the same grader row by row", f"{spread(gains, 2)}×", "≥ 10×", median(gains) >= 10),
        Figure(
            "… against the cosine of whole answer and whole reference (library defaults)",
            f"the script is {spread(behind, 1)}× as fast, and tells no right answer from its denial",
        ),
        Figure(
            "core-seconds of a graded answer",
            f"{spread(burnt, 3)} s; a 1.7B chat model {chat:,.0f} s, {cheaper:,.0f} times as much ({told})",
            "≥ 100× cheaper",
            cheaper >= 100,
        ),
    ]


def _table(path: Path, rows: Sequence[Answer]) -> Path:
    write_table(path, [{"item_id": item.id, "answer": text} for item, _, text in rows], ["item_id", "answer"])
    return path


def _script(rounds: Sequence[Sequence[Answer]]) -> Callable[[int], object]:
    """What one would write in five lines."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(SHIPPED), device="cpu", local_files_only=True)

    def run(turn: int) -> object:
        answers = model.encode([text for _, _, text in rounds[turn]], show_progress_bar=False)
        references = model.encode([item.answer.get(lang) for item, lang, _ in rounds[turn]], show_progress_bar=False)
        return (answers * references).sum(1)

    return run


def _chat(rows: Sequence[Answer]) -> tuple[float, str]:
    """Core-seconds of a chat model's grade, by operations: those of 1.7B parameters at the rate of a small network of
    the same make, reading a prompt of the rubric, the reference and the answer. Writing the reply is counted at that
    rate, too, though it is bound by memory and slower: the comparison favours the chat model."""
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    config = Qwen3Config(
        vocab_size=512, hidden_size=1024, intermediate_size=3072, num_hidden_layers=2, num_attention_heads=16,
        num_key_value_heads=8, head_dim=64, tie_word_embeddings=True,
    )  # fmt: skip
    model = Qwen3ForCausalLM(config)
    parameters = sum(p.numel() for p in model.parameters())
    prompt = torch.randint(0, 512, (1, 512))
    with torch.no_grad():
        model(prompt)
        seconds = median(in_turns({"chat": lambda _: model(prompt)})["chat"])
    rate = 2 * parameters * prompt.numel() / seconds
    tokens = median(_prompt_tokens(rows)) + _REPLY
    return (
        2 * _CHAT_PARAMETERS * tokens / rate,
        f"by operations: {tokens:.0f} tokens at the {rate / 1e9:.0f} GFLOP/s of a core that a Qwen3 of "
        f"{parameters / 1e6:.0f}M parameters reaches in reading",
    )


def _prompt_tokens(rows: Sequence[Answer]) -> list[int]:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(SHIPPED / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    prompts = [
        "\n".join([item.question.get(lang), item.answer.get(lang), *(p.text.get(lang) for p in item.key_points), text])
        for item, lang, text in rows
    ]
    return [len(encoding.ids) for encoding in tokenizer.encode_batch(prompts)]
