"""What some embedding models want before a text, by the model's name.

Facts from the models' own cards: E5 (Wang et al., 2022) was trained with "query: " before every text of a symmetric
task; the instruction-tuned models and BGE v1.5 want an instruction before what is searched by, and nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TASK = "Given a question typed by a learner, find the interview question that it asks for"


@dataclass(frozen=True, slots=True)
class Prompts:
    """Put before a text as it is."""

    text: str = ""
    query: str = ""


_BY_NAME = (
    (r"e5.*instruct", Prompts(query=f"Instruct: {_TASK}\nQuery: ")),
    (r"(^|[-_/])e5[-_]", Prompts(text="query: ", query="query: ")),
    (r"qwen3[-_]embedding", Prompts(query=f"Instruct: {_TASK}\nQuery:")),
    (r"bge[-_](small|base|large)[-_]zh", Prompts(query="为这个句子生成表示以用于检索相关文章：")),
    (r"bge[-_](small|base|large)[-_]en", Prompts(query="Represent this sentence for searching relevant passages: ")),
)


def prompts_for(name: str) -> Prompts:
    """The prompts of the model of this name; none for a model that is not known to want any."""
    return next((prompts for pattern, prompts in _BY_NAME if re.search(pattern, name.lower())), Prompts())
