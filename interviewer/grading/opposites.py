"""Does a sentence repeat another one nearly word for word and still say the opposite?

Neither embeddings nor counted words tell "training" from "inference" in an otherwise equal sentence. Here the words
that have an opposite ("poles"), negations and numbers are set aside: if what remains is nearly the same, the sentence
is a repetition, and what was set aside decides whether it agrees. Says nothing about free wordings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from interviewer.schema import Language
from interviewer.text import normalise, terms

# Opposites along one scale: turning two of them in a sentence ("larger … smoother") turns nothing.
SCALES: dict[Language, str] = {
    "zh": "增大/减小 增加/减少 变大/变小 提高/降低 升高/降低 上升/下降 放大/缩小 大于/小于 高于/低于 多于/少于 更大/更小 更高/更低 更快/更慢 更多/更少 "
    "更好/更差 更深/更浅 更强/更弱 更长/更短 更宽/更窄 偏大/偏小 偏高/偏低 越大/越小 越高/越低 越多/越少 越深/越浅 越快/越慢 变长/变短 变快/变慢 "
    "变强/变弱 加快/减慢 加速/减速 增强/减弱 升/降 大/小 高/低 多/少 快/慢 强/弱 长/短 宽/窄 深/浅",
    "en": "increases/decreases increase/decrease increasing/decreasing increased/decreased larger/smaller bigger/smaller "
    "higher/lower more/less more/fewer faster/slower better/worse deeper/shallower above/below grows/shrinks grow/shrink "
    "rises/falls rise/fall raises/lowers raise/lower low/high few/many large/small big/small strong/weak stronger/weaker "
    "wide/narrow wider/narrower long/short longer/shorter greater/smaller amplifies/dampens",
}
POLES: dict[Language, str] = {
    "zh": "训练/推理 训练/测试 训练集/验证集 训练集/测试集 之前/之后 输入/输出 前向/反向 最大化/最小化 全部/没有一个 必须/不必 保留/丢掉 保留/丢弃 偏差/方差 "
    "精确率/召回率 编码器/解码器 生成器/判别器 学生/教师 策略/价值 欠拟合/过拟合 稀疏/稠密 静态/动态 局部/全局 串行/并行 收敛/发散 均值/方差 打开/关闭 "
    "启用/关闭 开启/关闭 有偏/无偏 线性/非线性 可导/不可导 有监督/无监督 在线/离线 相同/不同 独立/相关 冻结/更新 行/列 好/差 前/后 先/后 "
    "左/右 上/下 内/外 正/负 都/都不 总是/从不 加/减 乘/除",
    "en": "training/inference training/test train/test before/after first/last maximises/minimises maximizes/minimizes "
    "maximise/minimise maximize/minimize input/output forward/backward all/none always/never every/no has/lacks keeps/drops "
    "keeps/loses with/without same/different bias/variance precision/recall query/key encoder/decoder "
    "generator/discriminator row/column rows/columns student/teacher policy/value underfitting/overfitting underfit/overfit "
    "sparse/dense static/dynamic local/global parallel/sequential mean/variance adds/removes add/remove "
    "multiplies/divides multiply/divide positive/negative on/off enabled/disabled linear/nonlinear biased/unbiased "
    "converges/diverges left/right inside/outside frozen/trained online/offline dependent/independent",
}
"""Words and what takes their place when a statement is turned round, by language."""
# Compounds in which the character negates nothing that could be contradicted are left out (不同, 无监督, 非线性 …).
NEGATION = re.compile(
    r"(?<!有)冇|甭|不(?!同|仅|但|断|过|管|只是)|(?<!有)没有?|无(?!论|监督|非|关紧要|偏)|未(?!来|必)|非(?!线性|常|凸|饱和|极大|监督)|难以|"
    r"\bnot?\b(?! only)|n't\b|\bnever\b|\bnone\b|\bwithout\b|\bcannot\b|\bnor\b"
)
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w]*\d)")
_SAME = 0.9
"""Least share of common terms (Dice), opposites set aside, for one sentence to be a repetition of another."""
_LEAST = 4
"""Fewest terms that must remain: of shorter sentences too many are nearly the same by chance."""


@dataclass(frozen=True, slots=True)
class Sense:
    """A sentence with what can be turned round in it set aside."""

    rest: frozenset[str]
    """Terms of what remains."""
    poles: tuple[tuple[int, int], ...]
    """In order: number of the pair, and which side of it."""
    negations: int
    numbers: tuple[str, ...]


def negated(text: str) -> bool:
    """Whether a text holds an odd number of negations."""
    return len(NEGATION.findall(normalise(text))) % 2 == 1


@lru_cache(maxsize=8192)
def sense(text: str) -> Sense:
    """Set aside what can be turned round."""
    plain = normalise(text)
    pattern, places = _table()
    poles = tuple(places[m[0]] for m in pattern.finditer(plain))
    rest = pattern.sub(" ", plain)
    without = NEGATION.sub(" ", rest)
    return Sense(
        frozenset(t for t in terms(without) if not t[0].isdigit()),
        poles,
        len(NEGATION.findall(rest)),
        tuple(_NUMBER.findall(plain)),
    )


def repeats(said: Sense, due: Sense) -> bool:
    """Whether one is nearly the other word for word, opposites set aside."""
    if min(len(said.rest), len(due.rest)) < _LEAST:
        return False
    return 2 * len(said.rest & due.rest) >= _SAME * (len(said.rest) + len(due.rest))


def opposes(said: Sense, due: Sense) -> bool:
    """Whether what was set aside differs in a way that turns the statement round; both must be the same otherwise.

    Two opposites along scales cancel ("more … smoother" and "fewer … rougher" agree); so do an opposite and a negation.
    """
    if len(said.poles) != len(due.poles):
        return False
    turns = said.negations - due.negations
    exchanged: set[int] = set()
    for (pair, side), (wanted, other) in zip(said.poles, due.poles, strict=True):
        if pair != wanted:
            return False
        if side != other:
            if pair < _scales():
                turns += 1
            else:
                exchanged.add(pair)  # two words that changed places turn a statement once
    if said.numbers != due.numbers and len(said.numbers) == len(due.numbers):
        return True
    return (turns + len(exchanged)) % 2 == 1


def turned(text: str, wordings: Iterable[str]) -> bool:
    """Whether a sentence repeats one of some wordings turned round, and none of them as it is."""
    said = sense(text)
    near = [due for w in wordings if repeats(said, due := sense(w))]
    return bool(near) and all(opposes(said, due) for due in near)


@lru_cache(maxsize=1)
def _scales() -> int:
    return len({p for text in SCALES.values() for p in text.split()})


@lru_cache(maxsize=1)
def _table() -> tuple[re.Pattern[str], dict[str, tuple[int, int]]]:
    """A pattern for every pole, longest first, and where each belongs. A word of several pairs belongs to one group of
    pairs: "training" opposes both "inference" and "test"."""
    pairs = [p for table in (SCALES, POLES) for text in table.values() for p in dict.fromkeys(text.split())]
    places: dict[str, tuple[int, int]] = {}
    for number, pair in enumerate(pairs):
        one, other = pair.split("/")
        place, side = places.get(one, (number, 0))
        if other in places:
            place, side = places[other][0], 1 - places[other][1]
        places.setdefault(one, (place, side))
        places.setdefault(other, (place, 1 - side))
    words = sorted(places, key=lambda w: (-len(w), w))
    plain = [re.escape(w) for w in words if not w.isascii()]
    spelled = [re.escape(w) for w in words if w.isascii()]
    return re.compile("|".join(plain) + r"|\b(?:" + "|".join(spelled) + r")\b"), places
