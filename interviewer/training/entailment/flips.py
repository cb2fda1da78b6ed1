"""Sentences that share nearly every word with a claim and deny it, and sentences that change words and do not.

A network that sees only free wordings learns that many common words mean "covered"; these pairs differ in the one word
that matters, or only in words that do not.
"""

from __future__ import annotations

import random
import re

# Either side in place of the other.
_OPPOSITES = {
    "zh": (
        "增大/减小 增加/减少 变大/变小 提高/降低 升高/降低 上升/下降 放大/缩小 大于/小于 高于/低于 多于/少于 更大/更小 更高/更低 更快/更慢 更多/更少 "
        "更好/更差 更深/更浅 训练时/推理时 训练集/验证集 之前/之后 输入/输出 前向/反向 最大化/最小化 全部/没有一个 必须/不必 可以/不能 能/不能 会/不会 "
        "需要/不需要 是/不是 有/没有 一样/不一样 依赖/不依赖 保留/丢掉 偏差/方差 精确率/召回率 编码器/解码器 "
        "生成器/判别器 学生/教师 策略/价值 欠拟合/过拟合 稀疏/稠密 静态/动态 局部/全局 串行/并行 收敛/发散 均值/方差"
    ).split(),
    "en": (
        "increases/decreases increase/decrease larger/smaller bigger/smaller higher/lower more/less more/fewer faster/slower "
        "better/worse deeper/shallower before/after above/below first/last training/inference train/test maximises/minimises "
        "maximise/minimise input/output forward/backward all/none always/never every/no is/is_not are/are_not can/cannot "
        "does/does_not has/lacks needs/needs_no keeps/drops with/without same/different bias/variance precision/recall "
        "query/key encoder/decoder generator/discriminator row/column rows/columns batch/features student/teacher "
        "policy/value underfitting/overfitting sparse/dense static/dynamic local/global parallel/sequential mean/variance "
        "grows/shrinks rises/falls low/high few/many adds/removes multiplies/divides positive/negative"
    ).split(),
}  # fmt: skip
# Both sides of one sentence exchanged, where both are in it.
_ROLES = {
    "zh": "训练/推理 训练/测试 编码器/解码器 生成器/判别器 精确率/召回率 偏差/方差 行/列 前者/后者 BN/LN L1/L2 查询/键 输入/输出 批/特征 学生/教师".split(),
    "en": "training/inference training/test encoder/decoder generator/discriminator precision/recall bias/variance row/column BN/LN L1/L2 query/key input/output batch/feature student/teacher BatchNorm/LayerNorm".split(),
}
_FILLERS = {
    "zh": "呃，|我觉得|就是说，|其实|一般来说，|简单讲，|嗯，|应该是".split("|"),
    "en": "um, |I think |basically, |well, |in short, |as far as I know, |so, ".split("|"),
}
_LIGHT = {"zh": "的了就都也还很", "en": "the a an very just also really quite".split()}
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\d)")


def denied(claim: str, rng: random.Random) -> str:
    """The claim with one decisive thing turned round; empty if nothing in it can be."""
    lang = _language(claim)
    ways = [_exchanged, _opposite, _opposite, _other_number]
    rng.shuffle(ways)
    for way in ways:
        found = way(claim, lang, rng)
        if found and found != claim:
            return found
    return ""


def said_otherwise(claim: str, rng: random.Random) -> str:
    """The claim with a filler in front or light words gone: as true as before."""
    lang = _language(claim)
    light = _LIGHT[lang]
    if lang == "zh":
        kept = "".join(c for c in claim if c not in light or rng.random() < 0.6)
    else:
        kept = " ".join(w for w in claim.split() if w.lower() not in light or rng.random() < 0.6)
    return rng.choice(_FILLERS[lang]) + kept if rng.random() < 0.6 else kept


def _opposite(claim: str, lang: str, rng: random.Random) -> str:
    pairs = [p.replace("_", " ").split("/") for p in _OPPOSITES[lang]]
    both = [(a, b) for one, other in pairs for a, b in ((one, other), (other, one)) if _has(claim, a, lang)]
    return _put(claim, *rng.choice(both), lang) if both else ""


def _exchanged(claim: str, lang: str, rng: random.Random) -> str:
    pairs = [p.split("/") for p in _ROLES[lang]]
    both = [(a, b) for a, b in pairs if _has(claim, a, lang) and _has(claim, b, lang)]
    if not both:
        return ""
    a, b = rng.choice(both)
    return _put(_put(_put(claim, a, "\0", lang, 0), b, a, lang, 0), "\0", b, "zh", 0)


def _other_number(claim: str, lang: str, rng: random.Random) -> str:
    found = list(_NUMBER.finditer(claim))
    if not found:
        return ""
    one = rng.choice(found)
    value = float(one[0]) * rng.choice((2, 4, 10, 0.5)) + rng.choice((0, 1))
    return claim[: one.start()] + f"{value:g}" + claim[one.end() :]


def _pattern(word: str, lang: str) -> str:
    return re.escape(word) if lang == "zh" else rf"\b{re.escape(word)}\b"


def _has(text: str, word: str, lang: str) -> bool:
    return re.search(_pattern(word, lang), text) is not None


def _put(text: str, old: str, new: str, lang: str, count: int = 1) -> str:
    return re.sub(_pattern(old, lang), lambda _: new, text, count=count)


def _language(text: str) -> str:
    return "zh" if any("\u4e00" <= c <= "\u9fff" for c in text) else "en"
