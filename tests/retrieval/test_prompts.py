"""Which models want what before a text."""

import pytest

from interviewer.retrieval.prompts import prompts_for


@pytest.mark.parametrize(
    ("name", "text", "query"),
    [
        ("intfloat/e5-small-v2", "query: ", "query: "),
        ("multilingual-e5-base", "query: ", "query: "),
        ("intfloat/multilingual-e5-large-instruct", "", "Instruct: "),
        ("Qwen/Qwen3-Embedding-0.6B", "", "Instruct: "),
        ("BAAI/bge-small-zh-v1.5", "", "为这个句子生成表示"),
        ("BAAI/bge-base-en-v1.5", "", "Represent this sentence"),
        ("BAAI/bge-m3", "", ""),
        ("sentence-transformers/all-MiniLM-L6-v2", "", ""),
        ("base5-large", "", ""),
    ],
)
def test_prompts_follow_the_name(name, text, query):
    prompts = prompts_for(name)
    assert prompts.text == text
    assert prompts.query.startswith(query)
    assert bool(prompts.query) == bool(query)
