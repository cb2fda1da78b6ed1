"""A true claim → claims that contradict it: a comparison or direction turned round, roles exchanged, or a negation.

Nothing is invented: each flip exchanges one pair of words of the claim itself. What comes out is marked as generated,
because only a reader can say whether the turned claim is false in every reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from interviewer.schema import Language
from interviewer.text import normalise, terms

MOST = 2
_LEAST_TERMS = 3
"""Terms of a claim below which it is a name, not a statement that could be denied."""

_OPPOSITES: dict[Language, str] = {
    "zh": "增加/减少 增大/减小 增强/减弱 提高/降低 提升/降低 加快/减慢 加速/减缓 上升/下降 变大/变小 放大/缩小 扩大/缩小 更快/更慢 更大/更小 "
    "更高/更低 更多/更少 更强/更弱 更深/更浅 更好/更差 更容易/更难 较大/较小 较高/较低 较多/较少 较快/较慢 大于/小于 高于/低于 多于/少于 快于/慢于 优于/不如 "
    "最大化/最小化 缓解/加剧 防止/导致 避免/造成 抑制/助长 解决/造成 保留/丢弃 保持/破坏 充分利用/没有利用 局部/全局 稀疏/稠密 线性/非线性 "
    "上采样/下采样 低级/高级 低层次/高层次 欠拟合/过拟合 联合概率/条件概率 有监督/无监督 之前/之后 浅层/深层 正则化项/损失项 训练时/测试时 "
    "静态/动态 稳定/不稳定 简单/复杂 擅长/不擅长 适合/不适合 适用于/不适用于 容易/不容易 有效/无效 有利于/不利于 有助于/无助于 依赖/不依赖 可导/不可导 "
    "共享/不共享 相同/不同 连续/离散 编码器/解码器 生成器/判别器",
    "en": "increase/decrease increases/decreases increasing/decreasing raise/lower raises/lowers reduce/increase reduces/increases reducing/increasing "
    "faster/slower more/less higher/lower larger/smaller bigger/smaller greater/smaller stronger/weaker deeper/shallower better/worse easier/harder "
    "maximise/minimise maximises/minimises maximize/minimize maximizes/minimizes prevent/cause prevents/causes preventing/causing avoid/cause avoids/causes "
    "alleviate/worsen alleviates/worsens mitigate/worsen mitigates/worsens improve/degrade improves/degrades encourage/discourage encourages/discourages "
    "accelerates/slows stabilises/destabilises stabilizes/destabilizes local/global sparse/dense linear/nonlinear "
    "before/after small/large high/low fast/slow fewer/more early/late shallow/deep always/never supervised/unsupervised "
    "underfitting/overfitting encoder/decoder generator/discriminator static/dynamic stable/unstable continuous/discrete independent/dependent same/different "
    "positive/negative",
}
_ROLES: dict[Language, str] = {
    "zh": "编码器/解码器 生成器/判别器 训练/测试 训练集/验证集 输入/输出 键/值 查询/键 L1/L2 偏差/方差 精确率/召回率 均值/方差 行/列 BN/LN 前向/反向",
    "en": "encoder/decoder generator/discriminator training/test training/validation inputs/outputs input/output keys/values query/key L1/L2 bias/variance "
    "precision/recall mean/variance rows/columns forward/backward batch/layer",
}
_NEGATIONS: dict[Language, tuple[tuple[str, str], ...]] = {
    "zh": (
        ("使用了", "没有使用"), ("采用了", "没有采用"), ("引入了", "没有引入"), ("不需要", "需要"), ("不能", "能"), ("不会", "会"), ("不是", "是"), ("无法", "能够"), ("没有", "有"), ("无需", "需要"),
        ("可以", "不能"), ("能够", "不能"), ("必须", "不必"), ("需要", "不需要"), ("不再", "仍然"), ("难以", "容易"),
        ("使得", "并不能使"), ("通过", "不通过"), ("是", "不是"), ("会", "不会"), ("能", "不能"), ("有", "没有"), ("用于", "不用于"),
        ("使用", "不使用"), ("采用", "不采用"), ("引入", "不引入"),
    ),
    "en": (
        ("does not", "does"), ("do not", "do"), ("is not", "is"), ("are not", "are"), ("cannot", "can"), ("can't", "can"), ("no longer", "still"), ("never", "always"),
        ("can", "cannot"), ("must", "need not"), ("is", "is not"), ("are", "are not"), ("was", "was not"), ("has", "has no"),
        ("have", "have no"), ("will", "will not"), ("does", "does not"), ("needs", "does not need"), ("uses", "does not use"),
        ("use", "do not use"), ("lets", "does not let"), ("makes", "does not make"), ("gives", "does not give"), ("helps", "does not help"),
        ("requires", "does not require"), ("learns", "does not learn"), ("depends", "does not depend"), ("computes", "does not compute"),
    ),
}  # fmt: skip
# What stands in a compound (数据增强) or says when and what for (之前的, 为了解决) is not what is claimed.
_KEPT = re.compile(
    r"复杂[度性]|稳定性|有效性|数据增强|之[前后]的|为了(?:解决|避免|防止|缓解|提高|提升|减少|降低|加快)\w?"
)
# 是 in 但是, 能 in 性能 and the like say nothing that could be denied.
_INSIDE_WORDS = re.compile(
    r"正是|但是|还是|于是|只是|是否|而是|就是说|也就是|特别是|尤其是|总是|性能|智能|功能|可能|能量|能力|只有|所有|还有|具有|含有|拥有|有效|有限|有关|有时|有些|有助|有利|有监督|社会|机会|体会|会议|"
    r"不仅|能否|没有利用|可能会|必须|不是|不会|不能|不需要|没有|无需|无法|通过程"
)


def flips(claim: str, language: Language) -> tuple[str, ...]:
    """Up to `MOST` claims that contradict a claim, most telling first; none for a name or a formula."""
    if len(terms(claim)) < _LEAST_TERMS:
        return ()
    found: dict[str, str] = {}
    for made in (*_exchanged(claim, language), *_turned(claim, language), *_negated(claim, language)):
        if normalise(made) != normalise(claim):
            found.setdefault(normalise(made), made)
    return tuple(found.values())[:MOST]


@lru_cache(maxsize=2)
def _pairs(language: Language, of_roles: bool) -> tuple[tuple[str, str], ...]:
    listed = (_ROLES if of_roles else _OPPOSITES)[language].split()
    pairs = [(a, b) for a, _, b in (pair.partition("/") for pair in listed)]
    return tuple(pairs)


def _pattern(word: str, language: Language) -> re.Pattern[str]:
    return _compiled(word, language)


@lru_cache(maxsize=1024)
def _compiled(word: str, language: Language) -> re.Pattern[str]:
    if word.isascii():
        return re.compile(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", re.IGNORECASE)
    return re.compile(re.escape(word))


def _exchanged(claim: str, language: Language) -> Iterator[str]:
    """Two roles that the claim names both, exchanged."""
    for first, second in _pairs(language, True):
        one, other = _compiled(first, language), _compiled(second, language)
        if one.search(claim) and other.search(other.sub("", one.sub("", claim)) + claim) and other.search(claim):
            held = one.sub("\0", claim)
            yield other.sub(first, held).replace("\0", second)
            return


def _turned(claim: str, language: Language) -> Iterator[str]:
    """The first word that has an opposite, turned; the second one for a second flip."""
    kept = [m.span() for m in _KEPT.finditer(claim)]
    places: dict[int, tuple[int, str]] = {}
    for first, second in _pairs(language, False):
        for word, opposite in ((first, second), (second, first)):
            for found in _compiled(word, language).finditer(claim):
                start, end = found.span()
                if any(a < end and start < b for a, b in kept):
                    continue
                # The longest word at a place: 更容易 before 容易.
                if start not in places or places[start][0] < end:
                    places[start] = end, _as_cased(found[0], opposite)
                break
    taken = 0
    for start, (end, opposite) in sorted(places.items()):
        if start >= taken:
            yield claim[:start] + opposite + claim[end:]
            taken = end


def _negated(claim: str, language: Language) -> Iterator[str]:
    """The claim denied at its first verb that can be, or a denial taken out of it."""
    inside = [m.span() for m in _INSIDE_WORDS.finditer(claim)] if language == "zh" else []
    for word, other in _NEGATIONS[language]:
        for found in _compiled(word, language).finditer(claim):
            start, end = found.span()
            if not any(a <= start and end <= b and b - a > end - start for a, b in inside):
                yield claim[:start] + _as_cased(found[0], other) + claim[end:]
                return


def _as_cased(said: str, word: str) -> str:
    return word.capitalize() if said[:1].isupper() and word[:1].islower() else word
