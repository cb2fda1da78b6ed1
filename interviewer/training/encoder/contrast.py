"""Sentences turned into their opposite by rule: hard negatives that share nearly every word with the original.

A claim's translation shares no word with it and says the same; its flip shares all but one and says the opposite.
Trained to prefer the first, the encoder cannot live on words alone. The rules are coarse, and some flips are clumsy:
as negatives they need only be wrong.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

# Applied in this order; the first that matches a sentence denies it. What already denies is made to assert.
_DENIALS_ZH = (
    ("不能够|不能|无法", "可以"), ("不可以", "可以"), ("不需要|无需|不必", "需要"), ("不应该|不应", "应该"), ("不会", "会"),
    ("不支持", "支持"), ("不是", "是"), ("没有", "有"), ("并不|从不", "总是"), ("未被", "已被"),
    ("可以", "不能"), ("必须", "不必"), ("需要", "不需要"), ("应该", "不应该"), ("能够", "不能"), ("支持", "不支持"),
    ("总是", "从不"), ("会(?!议|话)", "不会"), ("能(?=[^力量源])", "不能"), ("只有", "并非只有"), ("(?<=[^也还就可要])是(?=[^否])", "不是"),
    ("(?<=[^所没只现具拥含])有(?=[^效关些时])", "没有"),
)  # fmt: skip
_DENIALS_EN = (
    (r"\bcannot\b|\bcan not\b|\bcan't\b", "can"), (r"\b(do|does|did) not (?:need|have) to\b", r"\1 need to"),
    (r"\b(is|are|was|were|will|would|should|must|could|may|can|do|does|did|has|have) not\b", r"\1"),
    (r"\b(is|are|was|were|do|does|did|would|should|could|has|have)n't\b", r"\1"), (r"\bnever\b", "always"), (r"\bwithout\b", "with"),
    (r"\b(must|can|could|will|would|should|may|might)\b", r"\1 not"), (r"\balways\b", "never"),
    (r"\b(is|are|was|were)\b", r"\1 not"), (r"\b(has|have) (?=\w+ed\b)", r"\1 not "), (r"\b(needs?|requires?|allows?|supports?)\b", r"never \1"),
)  # fmt: skip
_OPPOSITES_ZH = (
    "增加 减少|增大 减小|提高 降低|提升 降低|上升 下降|更大 更小|更高 更低|更快 更慢|更多 更少|最大 最小|最高 最低|较大 较小|较高 较低|"
    "之前 之后|以前 以后|开始 结束|输入 输出|训练 测试|启用 禁用|开启 关闭|相同 不同|容易 困难|简单 复杂|正确 错误|全部 部分|所有 个别|"
    "成功 失败|内部 外部|上面 下面|左侧 右侧|男人 女人|男孩 女孩|室内 室外|编码器 解码器|生成器 判别器|前向 反向|浅层 深层|"
    "局部 全局|线性 非线性|有监督 无监督|精确率 召回率|方差 偏差|过拟合 欠拟合|静态 动态|同步 异步|稀疏 稠密|收敛 发散|消失 爆炸"
)
_OPPOSITES_EN = (
    "increase decrease|increases decreases|increased decreased|increasing decreasing|larger smaller|higher lower|faster slower|"
    "more fewer|maximum minimum|maximize minimize|before after|first last|input output|inputs outputs|training test|enable disable|"
    "enabled disabled|same different|easy difficult|simple complex|correct wrong|all none|success failure|inside outside|left right|"
    "man woman|boy girl|indoors outdoors|rows columns|row column|encoder decoder|generator discriminator|forward backward|large small|"
    "high low|local global|linear nonlinear|supervised unsupervised|precision recall|variance bias|overfitting underfitting|"
    "static dynamic|synchronous asynchronous|sparse dense|converges diverges|vanishing exploding|many few|best worst|better worse|up down"
)


def _both_ways(table: str) -> dict[str, str]:
    pairs = [tuple(entry.split()) for entry in table.split("|")]
    return {a: b for a, b in pairs} | {b: a for a, b in pairs}


_SWAP_ZH, _SWAP_EN = _both_ways(_OPPOSITES_ZH), _both_ways(_OPPOSITES_EN)
_FIND_ZH = re.compile("|".join(sorted(_SWAP_ZH, key=len, reverse=True)))
_FIND_EN = re.compile(r"\b(?:" + "|".join(sorted(_SWAP_EN, key=len, reverse=True)) + r")\b")


def flips(sentence: str, chinese: bool) -> Sequence[str]:
    """The opposites that the rules find for a sentence: denied, and with one word turned round. May be empty."""
    found = []
    for pattern, replacement in _DENIALS_ZH if chinese else _DENIALS_EN:
        flipped, changes = re.subn(pattern, replacement, sentence, count=1)
        if changes:
            found.append(flipped)
            break
    table, find = (_SWAP_ZH, _FIND_ZH) if chinese else (_SWAP_EN, _FIND_EN)
    flipped, changes = find.subn(lambda match: table[match[0]], sentence, count=1)
    if changes:
        found.append(flipped)
    return found


def flip(sentence: str, chinese: bool, rng: random.Random) -> str | None:
    """One of the opposites, or None where no rule fits."""
    found = flips(sentence, chinese)
    return rng.choice(found) if found else None
