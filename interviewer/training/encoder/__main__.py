"""The command: `python -m interviewer.training.encoder --data DIR --work DIR`."""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr
from tokenizers import Tokenizer
from transformers import BertModel

from interviewer.corpus import load_corpus
from interviewer.retrieval.encoder import SHIPPED
from interviewer.training.encoder import data as sources
from interviewer.training.encoder.distil import Config, Data, Run, embed, student_from, tokens_of, without_dropout
from interviewer.training.encoder.publish import publish
from interviewer.training.encoder.teacher import teacher_folder
from interviewer.training.encoder.vocabulary import (
    LONGEST,
    build,
    chinese_tokens,
    english_tokens,
    first_vectors,
    han_runs,
    translations,
)

TEST_ANSWERS = Path("eval/data/answers.test.jsonl")
ENGLISH_ROWS = 10_000
WORDS = 5_600
ALIGNED = 150_000  # sentences that word translation is learnt from


def main() -> None:
    """Train; the same command goes on after a stop."""
    parser = argparse.ArgumentParser(prog="python -m interviewer.training.encoder", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with parallel.tsv.gz, nli_zh.jsonl.gz …")
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints, teacher vectors and the log")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="where the finished model is written (%(default)s)")
    parser.add_argument(
        "--test", type=Path, default=TEST_ANSWERS, help="answers kept for testing: their items' wordings stay out"
    )
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    options.work.mkdir(parents=True, exist_ok=True)
    config = Config()
    torch.manual_seed(config.seed)
    data = Data(
        sources.parallel(options.data, config.seed),
        sources.paragraphs(options.data, config.seed),
        sources.triplets(options.data, config.seed),
        sources.similarities(options.data),
        sources.claims(load_corpus().items.values(), items_of(options.test)),
    )
    say(
        f"{len(data.pairs)} pairs, {len(data.paragraphs)} paragraphs, {len(data.triplets)} triplets, "
        f"{len(data.claims)} claims"
    )
    folder = teacher_folder()
    theirs = Tokenizer.from_file(str(folder / "tokenizer.json"))
    theirs.no_padding()
    theirs.no_truncation()
    teacher = without_dropout(BertModel.from_pretrained(folder, add_pooling_layer=False))
    teacher.eval()  # type: ignore[no-untyped-call]
    start = prepare(options.work, options.data, data, teacher, theirs)
    own = Tokenizer.from_file(str(options.work / "tokenizer" / "tokenizer.json"))
    student = student_from(teacher, torch.from_numpy(start["rows"]), LONGEST).train()
    said = dict(zip(start["chinese"].tolist(), start["english"].tolist(), strict=True))
    run = Run(config, data, student, teacher, (own, theirs), ENGLISH_ROWS, said, options.work)
    evaluate = Watch(options.data)
    resumed = f"resumed at stage {run.stage + 1}, step {run.step}" if run.resume() else ""
    say(resumed or f"at the start: {evaluate(student, own)}")
    run.train(evaluate)
    card = (Path(__file__).parent / "card.md").read_text(encoding="utf-8")
    size = publish(student.state_dict(), options.work / "tokenizer", student.config.to_dict(), card, options.out)
    say(f"{size / 1e6:.1f} MB in {options.out}")


def items_of(path: Path) -> set[str]:
    """The items that a file of labelled answers belongs to."""
    return {json.loads(line)["item"] for line in path.read_text(encoding="utf-8").splitlines()}


def prepare(work: Path, folder: Path, data: Data, teacher: BertModel, theirs: Tokenizer) -> dict[str, NDArray[Any]]:
    """Vocabulary and first vectors, made once and kept in the work folder."""
    kept = work / "start.npz"
    if kept.exists():
        return dict(np.load(kept))
    import opencc

    glosses = sources.dictionary(folder)
    said = [text for t in data.triplets for text in (t.anchor, t.positive, t.negative)]
    runs = han_runs([p.zh for p in data.pairs] + said)
    runs.update(han_runs(glosses))
    characters, words = chinese_tokens(runs, glosses, WORDS, fewest=4)
    texts = [p.en for p in data.pairs] + said + [text for s in data.scored for text in (s.left, s.right)]
    english = english_tokens(theirs, texts, ENGLISH_ROWS)
    chinese = [*characters, *words]
    own = build(english, chinese, opencc.OpenCC("s2t").convert, work / "tokenizer")
    say(f"{len(english)} English pieces, {len(characters)} characters, {len(words)} words")

    names = theirs.get_vocab()
    table = teacher.embeddings.word_embeddings.weight.detach().numpy()[[names[token] for token in english]]
    some = data.pairs[:ALIGNED]
    zh = [ids[1:-1] for ids in tokens_of(own, [p.zh for p in some], 48)]
    en = [ids[1:-1] for ids in tokens_of(own, [p.en for p in some], 48)]
    aligned = translations(zh, en)
    say("word translations learnt")
    counts = Counter(token for sentence in zh for token in sentence)

    def pieces(token: str) -> list[list[int]]:
        return [own.encode(gloss, add_special_tokens=False).ids for gloss in glosses.get(token, ())]

    rows = first_vectors(chinese, pieces, aligned, counts, len(english), table)
    source, target, chance = aligned
    whole = np.array([not token.startswith("##") and token.isalpha() and len(token) > 2 for token in english])
    said_so = (chance > 0.5) & (source >= len(english)) & (target < len(english))
    said_so &= whole[np.minimum(target, len(english) - 1)] & (np.array([counts[s] for s in source.tolist()]) >= 20)
    start = {"rows": np.concatenate([table, rows]), "chinese": source[said_so], "english": target[said_so]}
    np.savez(kept, **start)  # type: ignore[arg-type]
    return start


class Watch:
    """Figures on development splits while a run goes on."""

    def __init__(self, folder: Path, rows: int = 1000) -> None:
        self._sts = {name: _scored(folder / f"sts_{name}_dev.tsv.gz")[:rows] for name in ("en", "zh_mt")}
        with gzip.open(folder / "parallel_dev.tsv.gz", "rt", encoding="utf-8") as lines:
            self._pairs = [line.rstrip("\n").split("\t")[:2] for line in lines][:rows]

    def __call__(self, model: BertModel, tokenizer: Tokenizer) -> dict[str, float]:
        """Spearman on STS, Recall@1 both ways on aligned sentences."""
        figures = {}
        for name, scored in self._sts.items():
            left, right = (embed(model, tokens_of(tokenizer, [s[i] for s in scored], 96)) for i in (0, 1))
            figures[f"sts_{name}"] = float(spearmanr((left * right).sum(1), [float(s[2]) for s in scored]).statistic)
        en, zh = (embed(model, tokens_of(tokenizer, [p[i] for p in self._pairs], 96)) for i in (0, 1))
        alike = zh @ en.T
        own = np.arange(len(alike))
        figures["zh_en"], figures["en_zh"] = (
            float((alike.argmax(1) == own).mean()),
            float((alike.argmax(0) == own).mean()),
        )
        return {name: round(value, 4) for name, value in figures.items()}


def _scored(path: Path) -> list[list[str]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [line.rstrip("\n").split("\t") for line in lines][1:]


def say(text: str) -> None:
    """Progress, for whoever watches."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
