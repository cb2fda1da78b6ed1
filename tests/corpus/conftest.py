"""A small corpus without a fault, to be broken in one place at a time."""

from pathlib import Path

import pytest

from interviewer.corpus import check_folders

ITEMS = """\
topic: toy
title: {zh: 玩具, en: Toy}
overview: {zh: 一段概述。, en: An overview.}
items:
  - id: gradient
    kind: concept
    level: 2
    question:
      zh: 什么是梯度？
      en: What is a gradient?
    intent: {zh: 是否理解梯度。, en: Whether gradients are understood.}
    key_points:
      - id: vector
        weight: 2
        text:
          zh: 梯度是各个偏导数组成的向量。
          en: The gradient is the vector of partial derivatives.
        also:
          zh: [把所有偏导排成一列, 每个方向的斜率放在一起]
          en: [all the slopes in one list, every direction gets its own slope]
        not:
          zh: [它只是一个数字]
          en: [it is a single number]
        probe: {zh: 它由什么构成？, en: What is it made of?}
        hint: {zh: 每次只看一个变量。, en: Look at one variable at a time.}
      - id: steepest
        text: {zh: 它指向上升最快的方向。, en: It points in the direction of steepest ascent.}
        also: {zh: [沿着它走爬得最快], en: [walk along it to climb fastest]}
        not: {zh: [它指向最低点], en: [it points to the lowest place]}
        probe: {zh: 它有什么几何意义？, en: What does it mean in geometry?}
        hint: {zh: 想象你在山坡上。, en: Imagine a hillside.}
      - id: zero-at-minimum
        weight: 1.5
        text: {zh: 在极小值处它等于零。, en: It is zero at a minimum.}
        also: {zh: [谷底没有坡度], en: [no slope at the bottom]}
        not: {zh: [谷底坡度最大], en: [the slope is largest at the bottom]}
        probe: {zh: 训练停下时呢？, en: And when training has stopped?}
        hint: {zh: 想想谷底。, en: Think of a valley.}
    misconceptions:
      - text: {zh: 梯度指向最小值。, en: The gradient points to the minimum.}
        correction: {zh: 它只说局部。, en: It only speaks of here and now.}
        contradicts: [steepest]
    answer: {zh: 梯度是偏导数组成的向量。, en: The vector of partial derivatives.}
    code: ['toy.py::Net.forward']
    requires: []
    sources: [{ref: book, at: §1}]
    errata: [{source: book, zh: 符号写反了。, en: The sign was wrong.}]
    as_of: 2026-11
  - id: descent
    status: draft
    question: What is gradient descent?
    answer: Follow the negative gradient.
    requires: [gradient]
    sources: [book]
"""

SOURCES = """\
references:
  book: {title: A Book, authors: A. Writer, year: 2020, url: 'https://example.org'}
rows:
  b.1: [gradient]
  b.2: [gradient, descent]
"""

CODE = '''\
"""A toy."""


class Net:
    @property
    def size(self):
        return 1

    def forward(self, x):
        return x
'''


class Toy:
    """The folder of a corpus, and what the check says about it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("items/toy.yaml", ITEMS)
        self.write("sources.yaml", SOURCES)
        self.write("code/toy.py", CODE)

    def write(self, name: str, content: str | bytes) -> Path:
        """A file of the folder, with exactly that content."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def replace(self, name: str, old: str, new: str) -> int:
        """Replace the one place where `old` stands; the line of the mark `# here` in what comes out."""
        text = (self.folder / name).read_text("utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        text = text.replace(old, new)
        self.write(name, text)
        return next((n for n, line in enumerate(text.splitlines(), 1) if "# here" in line), 0)

    def complaints(self) -> list[str]:
        """Every complaint as it is printed."""
        return [str(c) for c in check_folders(self.folder)[1]]


@pytest.fixture
def toy(tmp_path):
    return Toy(tmp_path / "corpus")


@pytest.fixture
def other(tmp_path):
    """A second one, with files of its own."""
    return Toy(tmp_path / "mine")
