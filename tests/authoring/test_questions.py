"""Questions are found in every layout that people write, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviewer.authoring.questions import find_questions, level_of, question_of
from interviewer.documents.lines import Document
from interviewer.documents.markdown import markdown_lines
from interviewer.schema import Bilingual
from tests.authoring.conftest import asked, plain


def test_inner_lists_that_count_like_the_questions_are_answers():
    page = """
1.卷积的特点
局部连接，参数共享。
1.局部连接：可以提取局部特征。
2.权值共享：减少参数数量。
3.降维：通过池化实现。
2.反卷积的作用
1.重构图像
2.上采样
3.什么造成过拟合？
数据太少，模型太大。
4.如何判断收敛
5.空洞卷积的优缺点
1.感受野变大
2.会出现网格效应
"""
    assert asked(page) == ["卷积的特点", "反卷积的作用", "什么造成过拟合？", "如何判断收敛", "空洞卷积的优缺点"]


def test_the_count_may_begin_anew_under_a_heading_without_a_mark():
    page = "VAE\n1.VAE的损失由什么构成\n重建误差加上 KL 散度。\n2.什么是重参数化\n把随机性移到输入。\n\nGAN\n1.GAN为什么难训练\n两个网络互相对抗，损失不下降。"
    found = find_questions(plain(page)).questions
    assert [f.text for f in found] == ["VAE的损失由什么构成", "什么是重参数化", "GAN为什么难训练"]
    assert [line.text for line in found[1].answer] == ["把随机性移到输入。"]  # "GAN" is the next section's


def test_marks_that_say_question_are_the_only_questions():
    page = """
面试记录
岗位: 算法工程师
问题1：如何优化模型？
考察目标：优化的经验。
回答：首先调整结构。
1. 为什么要加深？因为表达能力更强。
问题2：什么是模型抽象？
回答：把模型分成模块。
点评：回答得很好。什么都会。
"""
    found = find_questions(plain(page)).questions
    assert [f.text for f in found] == ["如何优化模型？", "什么是模型抽象？"]
    assert found[0].intent == "优化的经验。"
    assert [line.text for line in found[0].answer] == ["首先调整结构。", "1. 为什么要加深？因为表达能力更强。"]
    assert [line.text for line in found[1].answer] == ["把模型分成模块。"]


def test_exercises_and_their_solutions():
    page = """
6.1 Convolutions
A kernel slides over the input.

Exercise 1 (4 points). State what stride does.

Solution. It skips places. The output gets smaller.
Problem 1: it is not defined at the border.

Exercise 2*. Derive the shape of the output.

Proof. Count the places of the kernel.
                  - 3 -
"""
    found = find_questions(plain(page)).questions
    assert [f.text for f in found] == ["State what stride does.", "Derive the shape of the output."]
    assert found[0].answer[0].text == "It skips places. The output gets smaller."
    assert [line.text for line in found[1].answer] == ["Count the places of the kernel."]
    assert asked(
        "Problem 1. Why pad?\nSolution: to keep the size.\nProblem 2. Why stride?\nSolution: to save work."
    ) == [
        "Why pad?",
        "Why stride?",
    ]


def test_a_count_that_begins_late_goes_on_from_what_stands_before():
    page = "# Terms\n\n**What is a token?**\n\nA piece of text.\n\nQ2: Why quantise a model?\nA: It saves memory.\nQ3: Why distil?\nA: It saves time."
    found = find_questions(Document("page.md", tuple(markdown_lines(page)))).questions
    assert [f.text for f in found] == ["What is a token?", "Why quantise a model?", "Why distil?"]
    assert [line.text for line in found[0].answer] == ["A piece of text."]


def test_notes_give_their_innermost_titles():
    page = """
1. 基础
1.1 神经元
神经元对输入加权求和，再经过激活函数。
1.2 激活函数
激活函数引入非线性，使网络能表达复杂的函数。
2. 优化算法
随机梯度下降每次用一个小批量更新参数。
3. 总结
希望本文能帮助你。
"""
    assert asked(page) == ["神经元", "激活函数", "优化算法"]


def test_lists_and_parts_inside_of_notes_are_no_questions():
    page = """
1.1 逻辑回归
用 sigmoid 把线性输出映射为概率。
优点
训练快，可解释。
1.2 随机森林
1. 自助采样得到多个训练集
2. 每个节点只看一部分特征
3. 多棵树投票
1.3 提升树
每棵树拟合前面所有树的残差。
"""
    assert asked(page) == ["逻辑回归", "随机森林", "提升树"]


@pytest.mark.parametrize(
    "page",
    [
        "What is a kernel?\nA small matrix that slides over the input.\n\nWhat is stride?\nThe step of the kernel.",
        "Q: What is a kernel?\nA: A small matrix that slides over the input.\nQ: What is stride?\nA: The step of the kernel.",
        "Question 1. What is a kernel?\nAnswer: A small matrix.\nQuestion 2. What is stride?\nAnswer: The step.",
        "1) What is a kernel?\n\nA small matrix.\n\n2) What is stride?\n\nThe step of the kernel.",
    ],
)
def test_english_layouts(page):
    found = find_questions(plain(page)).questions
    assert [f.text for f in found] == ["What is a kernel?", "What is stride?"]
    assert all(f.answer and not f.answer[0].text.startswith(("A:", "Answer")) for f in found)


def test_what_follows_related_articles_is_not_read():
    page = "1. 什么是卷积？\n滑动的加权求和。\n2. 什么是池化？\n取窗口里的最大值。\n相关文章\n1. 什么是数据库？\n数据库是存数据的。\n2. 如何安装？\n下载即可。"
    assert asked(page) == ["什么是卷积？", "什么是池化？"]


def test_references_are_no_questions_and_end_the_answer():
    page = "1. 什么是卷积？\n滑动的加权求和。\n2. 什么是池化？\n取窗口里的最大值。\n参考资料\n1. 深度学习教材\n2. 课程幻灯片的方法"
    found = find_questions(plain(page)).questions
    assert [f.text for f in found] == ["什么是卷积？", "什么是池化？"]
    assert [line.text for line in found[1].answer] == ["取窗口里的最大值。"]


def test_of_a_contents_and_its_questions_the_answered_ones_are_taken():
    page = "1. 什么是卷积？\n2. 什么是池化？\n\n正文\n1. 什么是卷积？\n滑动的加权求和。\n2. 什么是池化？\n取窗口里的最大值。"
    found = find_questions(plain(page)).questions
    assert [(f.text, len(f.answer)) for f in found] == [("什么是卷积？", 1), ("什么是池化？", 1)]


@pytest.mark.parametrize(
    ("title", "question"),
    [
        ("什么是动量？ / What is momentum?", Bilingual("什么是动量？", "What is momentum?")),
        ("What is momentum? / 什么是动量？", Bilingual("什么是动量？", "What is momentum?")),
        ("什么是过拟合（What is overfitting?）", Bilingual("什么是过拟合", "What is overfitting?")),
        ("什么是过拟合（overfitting）？", Bilingual("什么是过拟合（overfitting）？", "")),
        ("dropout作用 (参考:https://example.org/x)", Bilingual("dropout作用", "")),
        ("**Explain BN**", Bilingual("", "Explain BN")),
    ],
)
def test_a_title_becomes_the_question_in_its_languages(title, question):
    assert question_of(title) == (question, 0)


@pytest.mark.parametrize(("tag", "level"), [("Easy", 1), ("中级", 3), ("★★★★", 4), ("expert", 5), ("optional", 0)])
def test_levels_are_read_from_remarks(tag, level):
    assert level_of(tag) == level
    assert question_of(f"What is BN? [{tag}]")[1] == level


@given(st.text(alphabet="1.2、 问题什么Q:：？?\nab回答#（）一二", max_size=300))
def test_any_text_gives_an_answer(text):
    page = find_questions(plain(text))
    assert all(f.text.strip() for f in page.questions)
    assert page.left >= 0 and page.dropped >= 0
