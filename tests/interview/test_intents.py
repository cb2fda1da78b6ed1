"""Only a message that is nothing but a command is a command."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviewer.interview.intents import Command, agreement, command_in, intent_of


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
        ("上一题", "go_back"), ("回到上一题吧", "go_back"), ("go back", "go_back"), ("can we go back to the previous question?", "go_back"),
        ("暂停一下", "pause"), ("等我一下", "pause"), ("pause", "pause"), ("hold on a minute", "pause"),
        ("继续", "resume"), ("我回来了", "resume"), ("continue", "resume"), ("I'm ready", "resume"),
        ("告诉我答案", "reveal"), ("直接给我答案吧", "reveal"), ("正确答案是什么？", "reveal"), ("Give me the answer", "reveal"),
        ("what's the right answer?", "reveal"), ("/reveal", "reveal"), ("/go-back", "go_back"),
        ("你说的“稳定”是什么意思？", "clarify"), ("这道题是什么意思", "clarify"), ("没听懂题目", "clarify"), ("能解释一下题目吗", "clarify"),
        ("What do you mean by stable?", "clarify"), ("could you rephrase the question", "clarify"),
        ("I don't understand the question.", "clarify"), ("what does inductive bias mean", "clarify"),
        ("不知道", "dont_know"), ("这个我不太会", "dont_know"), ("I don't know", "dont_know"), ("no idea, sorry", "dont_know"),
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
        "I would stop training when validation loss rises", "pass the input through a linear layer", "重复惩罚 repetition penalty", "hint: it is the KL term", "过拟合",
        "back-propagation", "the answer is that the gradient vanishes", "继续预训练", "pause tokens give the model time",
        "停止梯度", "答案是残差连接", "反向传播会回到上一层", "the previous layer", "What do you mean by stable? I would say the loss does not diverge, since gradients stay bounded in norm.",
    ],
)  # fmt: skip
def test_an_answer_that_holds_a_command_word_stays_an_answer(message: str) -> None:
    assert intent_of(message) == "answer"


@given(st.text(min_size=41, max_size=300, alphabet=st.characters(min_codepoint=97, max_codepoint=122)))
def test_a_long_message_is_always_an_answer(message: str) -> None:
    assert intent_of(message) == "answer"


@given(st.text(max_size=100))
def test_any_text_has_an_intent(message: str) -> None:
    assert intent_of(message) in get_args(Command) or intent_of(message) in ("answer", "dont_know")
    assert command_in(message) in (None, *get_args(Command))
    assert agreement(message) in (None, True, False)


@pytest.mark.parametrize(
    ("message", "meant"),
    [
        ("Skip connections. Next.", "skip"), ("残差连接。下一题。", "skip"), ("Stop. The loss rises.", "stop"), ("是梯度消失！结束吧。", "stop"),
        ("Skip.", None), ("The network can skip a layer. Next question. And then it goes on and on.", None),
        ("stop gradient", None), ("不知道。下一题。", None), ("It depends. On the data.", None), ("", None),
    ],
)  # fmt: skip
def test_a_short_message_with_a_command_as_a_sentence_may_mean_it(message: str, meant: str | None) -> None:
    assert command_in(message) == meant


@pytest.mark.parametrize(
    ("message", "agreed"),
    [
        ("yes", True), ("Yes, please.", True), ("是的", True), ("嗯", True), ("好的，谢谢", True),
        ("no", False), ("不是", False), ("这是我的回答", False), ("No, thanks", False),
        ("maybe", None), ("no, because the gradient vanishes", None), ("是因为梯度消失", None), ("", None),
    ],
)  # fmt: skip
def test_yes_and_no_are_whole_messages(message: str, agreed: bool | None) -> None:
    assert agreement(message) is agreed
