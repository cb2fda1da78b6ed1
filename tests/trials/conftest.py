"""A corpus of four bilingual questions, and an engine over it without a model."""

from pathlib import Path

import pytest

from interviewer.corpus import load_corpus
from interviewer.trials.small import small_engine

_ITEM = """
  - id: item-{n}
    status: draft
    level: {n}
    question: {{zh: 什么是第{n}种归一化？, en: What is normalisation number {n}?}}
    key_points:
      - id: mean
        text: {{zh: 减去均值再除以标准差{n}, en: subtract the mean and divide by the deviation {n}}}
        hint: {{zh: 想想统计量, en: Think of the statistics}}
      - id: batch
        text: {{zh: 统计量来自小批量{n}, en: statistics come from the mini batch {n}}}
    answer:
      zh: 减去均值再除以标准差{n}，统计量来自小批量{n}。
      en: Subtract the mean and divide by the deviation {n}; statistics come from the mini batch {n}.
"""


@pytest.fixture
def corpus(tmp_path: Path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    items = "".join(_ITEM.format(n=n) for n in range(1, 5))
    (folder / "norms.yaml").write_text(
        f"topic: norms\ntitle: {{zh: 归一化, en: Normalisation}}\nitems:{items}", encoding="utf-8"
    )
    return load_corpus(folder)


@pytest.fixture
def engines(corpus):
    """`engines(folder)`: an engine whose data lie there."""
    made = []

    def make(folder: Path):
        made.append(small_engine(folder, corpus, seed=1))
        return made[-1]

    yield make
    for engine in made:
        if "store" in engine.__dict__:
            engine.store.close()
