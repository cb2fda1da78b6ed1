"""A job description and a résumé against a small corpus, found by the words they share."""

from __future__ import annotations

import pytest

from interviewer.errors import InputError
from interviewer.interview import Brief, read_brief
from interviewer.interview.brief import MAX_CUES, MAX_LINE, MAX_LINES, lines_of
from interviewer.retrieval import Hit
from interviewer.schema import Bilingual, Item, KeyPoint
from interviewer.text import terms


def item(item_id: str, topic: str, zh: str, en: str) -> Item:
    return Item(item_id, topic, Bilingual(zh, en), key_points=(KeyPoint("p", Bilingual(zh, en)),))


ITEMS = {
    i.id: i
    for i in (
        item("vae", "generative", "变分自编码器的损失函数是什么？", "What is the loss of a variational autoencoder?"),
        item("ddp", "scale", "数据并行训练怎么同步梯度？", "How does data-parallel training synchronise gradients?"),
        item("rag", "rag", "检索增强生成怎么评测？", "How do you evaluate retrieval-augmented generation?"),
    )
}


def find(line: str) -> list[Hit]:
    """By the share of the line's terms that an item has; "near" is near to everything without sharing a term."""
    said = set(terms(line))
    hits = []
    for one in ITEMS.values():
        shared = len(said & set(terms(one.question.zh + one.question.en))) / max(1, len(said))
        hits.append(Hit(one.id, shared, 0.9 if "福利" in line else min(1.0, 2 * shared)))
    return sorted(hits, key=lambda h: -h.similarity)


JOB = """About us
- Experience with data-parallel training of large models.
• Retrieval-augmented generation in production; you evaluate retrieval.
五险一金，福利很好
"""


def test_lines_call_for_questions_and_are_quoted_as_they_stand() -> None:
    brief = read_brief(JOB, "", ITEMS, find)
    cue = brief.cue("ddp")
    assert cue is not None
    assert (cue.line, cue.source) == ("Experience with data-parallel training of large models.", "job")
    assert brief.cue("vae") is None
    assert not any("福利" in c.line for c in brief.cues)  # near, but without a shared term


def test_topics_have_shares_that_add_up_largest_first() -> None:
    brief = read_brief(JOB, "", ITEMS, find)
    shares = [share for _, share in brief.topics]
    assert {t for t, _ in brief.topics} == {"scale", "rag"}
    assert sum(shares) == pytest.approx(1, abs=1e-3)
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize(
    ("resume", "project"),
    [
        ("项目：用变分自编码器做异常检测\n技能：PyTorch", "用变分自编码器做异常检测"),
        ("Education: BSc\nProjects\n- Anomaly detection with a variational autoencoder\n- A web shop", "Anomaly detection with a variational autoencoder"),
        ("Project: A web shop\nProject: variational autoencoder for loss curves", "variational autoencoder for loss curves"),
        ("I trained a variational autoencoder with a loss.", ""),
    ],
)  # fmt: skip
def test_a_named_project_is_found(resume: str, project: str) -> None:
    assert read_brief("", resume, ITEMS, find).project == project


def test_resume_and_job_are_told_apart() -> None:
    brief = read_brief(JOB, "变分自编码器的损失函数", ITEMS, find)
    assert {c.item_id: c.source for c in brief.cues} == {"ddp": "job", "rag": "job", "vae": "resume"}


@pytest.mark.parametrize("text", ["", "  \n\n", "Friendly colleagues, free fruit.", "\0\x07", "😀 " * 50])
def test_a_text_that_fits_nothing_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(InputError, match="paste"):
        read_brief(text, text, ITEMS, find)


def test_a_long_document_is_read_as_far_as_is_sensible() -> None:
    lines = list(lines_of("\n".join(f"Requirement {n}: data-parallel training" for n in range(5000))))
    assert len(lines) == MAX_LINES
    assert all(len(line) <= MAX_LINE for line in lines_of("data parallel training " * 500))
    assert len(read_brief("\n".join([JOB] * 50), "", ITEMS, find).cues) <= MAX_CUES


def test_bullets_and_control_characters_are_no_part_of_a_line() -> None:
    assert list(lines_of("1. Know\x07 data parallelism\n  • 熟悉检索增强生成")) == [
        "Know data parallelism",
        "熟悉检索增强生成",
    ]


def test_no_brief_asks_for_nothing() -> None:
    assert Brief().cue("vae") is None
