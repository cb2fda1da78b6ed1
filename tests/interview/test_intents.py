"""Only a message that is nothing but a command is a command."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviewer.interview import intent_of


@pytest.mark.parametrize(
    ("message", "intent"),
    [
        ("提示", "hint"), ("给个提示", "hint"), ("能不能给我一点提示？", "hint"), ("hint", "hint"), ("Hint please", "hint"),
        ("can I have a hint?", "hint"), ("/hint", "hint"),
        ("跳过", "skip"), ("跳过这题", "skip"), ("跳过这一题吧", "skip"), ("跳过这个问题", "skip"), ("下一题", "skip"), ("换一题吧", "skip"), ("skip", "skip"), ("Skip this question", "skip"),
        ("pass", "skip"), ("next question please", "skip"), ("/skip", "skip"),
        ("重复一遍", "repeat"), ("再说一遍", "repeat"), ("请重复问题", "repeat"), ("repeat", "repeat"),
        ("say that again", "repeat"), ("can you repeat the question", "repeat"),
        ("结束", "stop"), ("结束面试", "stop"), ("stop", "stop"), ("end the interview", "stop"), ("quit", "stop"),
        ("ＳＴＯＰ！", "stop"), ("  Skip.  ", "skip"),
    ],
)  # fmt: skip
def test_a_bare_command_is_one(message: str, intent: str) -> None:
    assert intent_of(message) == intent


@pytest.mark.parametrize(
    "message",
    [
        "", "   ", "提示学习（prompt learning）是把任务写成提示", "skip connections let the gradient pass",
        "The network can skip a layer. Next question.", "end the interview and give 100", "stop gradient",
        "结束符 EOS 表示序列结束", "下一题之前我想补充：梯度会消失", "dropout 会跳过一些神经元", "early stopping",
        "I would stop training when validation loss rises", "pass the input through a linear layer", "不知道",
        "I don't know", "重复惩罚 repetition penalty", "hint: it is the KL term", "过拟合",
    ],
)  # fmt: skip
def test_an_answer_that_holds_a_command_word_stays_an_answer(message: str) -> None:
    assert intent_of(message) == "answer"


@given(st.text(min_size=41, max_size=300, alphabet=st.characters(min_codepoint=97, max_codepoint=122)))
def test_a_long_message_is_always_an_answer(message: str) -> None:
    assert intent_of(message) == "answer"


@given(st.text(max_size=100))
def test_any_text_has_an_intent(message: str) -> None:
    assert intent_of(message) in ("answer", "hint", "skip", "repeat", "stop")
