"""Answers become key points; restatements and contradictions come from the document's own words."""

import pytest

from interviewer.authoring.flips import flips
from interviewer.authoring.points import MAX_POINTS, key_points, text_of
from interviewer.authoring.questions import find_questions
from interviewer.schema import Bilingual
from tests.authoring.conftest import plain

CONVOLUTION = Bilingual(zh="什么是卷积？")


def unlike(first: str, second: str) -> float:
    return 0.0


def points(text: str, question=CONVOLUTION, likeness=unlike):
    return key_points(question, plain(text).lines, likeness, 0.8)


def test_items_of_a_list_are_points_and_the_sentence_that_leads_to_them_is_none():
    found, answer = points("卷积有以下特点：\n1. 局部连接：提取局部特征。\n2. 权值共享：减少参数的数量。\n")
    assert [p.text.zh for p in found] == ["局部连接：提取局部特征。", "权值共享：减少参数的数量。"]
    assert [p.id for p in found] == ["p1", "p2"]
    assert answer.zh.startswith("卷积有以下特点")


def test_a_sentence_of_an_item_keeps_what_the_item_is_about():
    found, _ = points(
        "- 过拟合：训练集上表现好，测试集上表现差。解决方法是正则化和数据增强。\n- 欠拟合：训练集上就表现差。"
    )
    assert found[1].text.zh == "过拟合：解决方法是正则化和数据增强。"


def test_a_short_sentence_that_opens_an_item_is_its_title():
    found, _ = points("- 约束模型。权重衰减让权重变小。早停看验证集的指标。\n- 数据增强能增加样本的多样性。")
    assert [p.text.zh for p in found] == [
        "约束模型：权重衰减让权重变小。",
        "约束模型：早停看验证集的指标。",
        "数据增强能增加样本的多样性。",
    ]


def test_restatements_belong_to_what_they_restate():
    found, _ = points(
        "卷积核在所有位置共享参数。换句话说，一个检测器看遍整张图片。\n池化层降低特征图的分辨率，即让后面的层看得更广。"
    )
    assert found[0].also.zh == ("一个检测器看遍整张图片。",)
    assert found[1].also.zh == ("让后面的层看得更广。",)


def test_a_summary_is_a_restatement_or_nothing():
    text = "卷积核在所有位置共享参数，减少参数量。总的来说，共享参数减少了参数量。"
    found, _ = points(text, likeness=lambda a, b: 0.9)
    assert len(found) == 1
    assert found[0].also.zh == ("共享参数减少了参数量。",)


def test_parallel_claims_are_not_restatements():
    text = "生成模型需要的数据量比较大。判别模型需要的数据量比较小。"
    found, _ = points(text, likeness=lambda a, b: 0.95)
    assert [p.text.zh for p in found] == ["生成模型需要的数据量比较大。", "判别模型需要的数据量比较小。"]


def test_the_question_said_again_is_no_point():
    found, answer = points("什么是卷积？\n卷积是什么。")
    assert found == () and answer.zh


def test_points_in_both_languages_where_their_numbers_agree():
    question = Bilingual("什么是动量？", "What is momentum?")
    zh, en = "动量累积过去的梯度方向。", "Momentum accumulates past gradient directions."
    found, answer = key_points(question, plain(f"{zh}\n{en}").lines, unlike, 0.8)
    assert [p.text for p in found] == [Bilingual(zh, en)]
    assert answer == Bilingual(zh, en)
    found, answer = key_points(question, plain(f"{zh}震荡的分量因此互相抵消。\n{en}").lines, unlike, 0.8)
    assert [p.text.en for p in found] == ["", ""]
    assert answer.en == en


def test_long_answers_keep_their_longest_points_in_order():
    rows = ["".join(chr(0x4E00 + 41 * (20 * n + k)) for k in range(6 + n % 5)) + "。" for n in range(18)]
    found, _ = points("\n".join(rows))
    assert len(found) == MAX_POINTS
    assert [p.text.zh for p in found] == sorted((p.text.zh for p in found), key=rows.index)


def test_what_is_told_one_by_one_comes_first_and_examples_last():
    wide = "，".join("".join(chr(0x4E00 + 37 * (30 * n + k)) for k in range(8)) for n in range(2))
    example = "例如在某个分类任务里，模型的参数和结构都经过了反复调整，" + wide + "。"
    told = (
        "首先，调整网络结构。"
        + example
        + "其次，采用正则化方法。"
        + "".join("".join(chr(0x5E00 + 41 * (20 * n + k)) for k in range(9)) + "。" for n in range(12))
    )
    found, _ = points(told)
    assert len(found) == MAX_POINTS
    assert [p.text.zh for p in found[:2]] == ["调整网络结构。", "采用正则化方法。"]


@pytest.mark.parametrize(
    "said",
    [
        "我相信，只要继续努力学习，就一定能应对各种挑战。",
        "在未来的工作中，我将继续探索更多的方法。",
        "在训练过程中，我确实遇到过不少问题。",
        "为解决这个问题，我采取了以下几个步骤。",
        "I am confident that hard work will pay off again.",
        r"$$\hat x=\frac{x-\mu_c}{\sqrt{\sigma_c^2+\epsilon}}$$",
    ],
)
def test_what_nobody_else_could_say_is_no_point(said):
    assert points(f"卷积核在所有位置共享参数，参数因此很少。\n\n{said}")[0][1:] == ()


def test_code_is_kept_in_the_answer_and_is_no_point():
    page = "1. 怎么定义卷积层？\n用一行代码定义一个卷积层对象。\nimport torch\nconv = torch.nn.Conv2d(3, 8, 3)\n2. 怎么定义池化层？\n直接调用池化函数即可完成。"
    (first, _) = find_questions(plain(page)).questions
    found, answer = key_points(first.question, first.answer, unlike, 0.8)
    assert [p.text.zh for p in found] == ["用一行代码定义一个卷积层对象。"]
    assert "```\nimport torch\n" in answer.zh
    assert text_of(first.answer) == answer.zh


@pytest.mark.parametrize(
    ("claim", "language", "flip"),
    [
        ("权值共享减少了参数数量", "zh", "权值共享增加了参数数量"),
        ("残差连接缓解梯度消失", "zh", "残差连接加剧梯度消失"),
        ("编码器把输入映射为解码器的条件", "zh", "解码器把输入映射为编码器的条件"),
        ("层归一化不依赖批次的统计量", "zh", "层归一化依赖批次的统计量"),
        ("Dropout reduces overfitting of large networks", "en", "Dropout increases overfitting of large networks"),
        ("The encoder gives its states to the decoder", "en", "The decoder gives its states to the encoder"),
        ("数据增强增加训练数据的多样性", "zh", "数据增强减少训练数据的多样性"),
        ("我引入了正则化项来约束权重", "zh", "我没有引入正则化项来约束权重"),
        ("Attention cannot see the order of tokens", "en", "Attention can see the order of tokens"),
    ],
)
def test_flips_exchange_words_of_the_claim(claim, language, flip):
    assert flip in flips(claim, language)


@pytest.mark.parametrize(
    ("claim", "language"), [("残差", "zh"), ("但是性能好", "zh"), ("max pooling", "en"), ("", "en")]
)
def test_what_claims_nothing_is_not_flipped(claim, language):
    assert flips(claim, language) == ()


def test_generated_contradictions_are_marked():
    found, _ = points("权值共享大大减少了参数的数量。\n卷积核，步长，填充方式。")
    assert found[0].contradictions.zh and found[0].generated == ("not",)
    assert not found[1].contradictions.zh and found[1].generated == ()
