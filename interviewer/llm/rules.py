"""Plain rules on what a model says: each is a pattern with a name, none knows what the question is about.

A phrase that the task itself holds breaks no rule: a question about correct answers may say "correct".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from interviewer.grading.guards import gives_instructions
from interviewer.text import clauses, language_of, normalise, terms, word_count

if TYPE_CHECKING:
    from interviewer.llm.scene import Scene

Broken = Literal["form", "link", "language", "long", "obeys", "verdict", "number"]

MAX_EXTRA = 45
"""Words (Chinese: characters) that a line may have beyond twice what the scripted one has."""
MIN_FOREIGN = 4
"""Words from which a sentence has to be in the session's language: shorter ones may be a term or a name."""

_FORM = re.compile(
    r"[`#*|{}\\]{2,}|^\s*(?:[-*•]|\d+[.)])\s|</?[a-z][^>]*>|<\||\|>|<<|>>|\*\*|[\U0001F300-\U0001FAFF]"
    r"|^\s*(?:interviewer|assistant|candidate|system|user|面试官|候选人|助手|系统|用户)\s*[:：]"
    r"|\bas an? (?:ai|language model|assistant)\b|\b(?:i am|i'm) (?:an? )?(?:ai|language model|chatbot|assistant)\b|\blanguage model,? i\b"
    r"|\bi(?:'m| am) (?:sorry|afraid|unable),? (?:but )?(?:i )?(?:can(?:'|no)t|to|am)\b|\bi (?:can(?:'t|not)|won't) (?:help|assist|comply|answer|do that|continue)"
    r"|\bmy (?:instructions|rules|guidelines|prompt)\b|\b(?:system prompt|the task (?:is|says|asks)|task:)"
    r"|作为(?:一个|一名)?(?:ai|人工智能|语言模型|助手)|我是(?:一个|一名)?(?:ai|人工智能|语言模型)|(?:抱歉|对不起)[，,]?我?(?:不能|无法)|我(?:无法|不能)(?:提供|回答|协助|帮)"
    r"|我的(?:指令|规则|提示词|设定)|系统提示|^任务[:：]",
    re.I | re.M,
)
_LINK = re.compile(
    r"https?:|www\.|\b[a-z0-9-]+\.(?:com|org|net|io|ai|cn|dev|edu|gov|co|me|info|html?|pdf)\b|\barxiv\b|\bdoi\b|\]\(|\[\d+\]|@[a-z]"
    r"|\b[a-z]+ et al\b|[（(](?:19|20)\d\d[)）]",
    re.I,
)
# Letters of neither language (Greek is mathematics).
_OTHER_SCRIPT = re.compile(
    "[\u0400-\u052f\u0590-\u06ff\u0900-\u0dff\u0e00-\u0e7f\u3040-\u30ff\u1100-\u11ff\uac00-\ud7af]"
)
_CJK = re.compile("[\u3400-\u9fff]")
# The commonest words of French, German, Spanish, Italian and Portuguese that are no English ones.
_FOREIGN = re.compile(
    r"\b(?:le|la|les|des|une?|est|et|pour|que|qui|vous|nous|votre|merci|dans|avec|sur|el|los|las|del|una|por|para|con|como|gracias|usted|"
    r"und|der|die|das|ist|nicht|ein|eine|sie|wir|wie|mit|danke|il|lo|gli|che|di|per|sono|grazie|os|uma|voce|não|obrigado|su|sa|ce|d'accord)\b"
    r"|\b[a-z]{0,30}[à-öø-ÿ][a-zà-öø-ÿ]{0,30}"
)
_OBEYS = re.compile(
    r"\b(?:full|perfect|maximum|top|highest) (?:marks?|scores?|points?|grades?|credit)\b|\b\d+ ?(?:/|out of) ?(?:100|10)\b|\b(?:100|ten|hundred) ?(?:points?|marks?|percent|%)"
    r"|\b(?:i(?:'ll| will| shall| can| have| am going to|'m going to| hereby)?|we(?:'ll| will)?) (?:now )?(?:give|gave|given|giving|award|grant|assign|mark|score|grade|rate|record)\w* (?:you|this|it|your|him|her|the candidate|that)\b"
    r"|\byou(?:'ve| have)? (?:pass|passed|are hired|'re hired|got the job)\b|\bas (?:you|the candidate) (?:asked|requested|instructed|wished|told|said to|wish|ordered)\b|\bas (?:requested|instructed|ordered)\b"
    r"|\bper your (?:request|instruction)|\b(?:ignor|disregard|forget)\w* (?:my|all|the|any|previous|earlier)? ?(?:previous |earlier |prior )?(?:instructions?|rules?|prompts?|guidelines?)"
    r"|\b(?:developer|debug|admin|dan|jailbreak) mode\b|\bi am now\b|\bi(?:'ll| will) (?:end|stop|finish|skip|reveal|show|tell you the answer|read (?:out )?the (?:reference|model) answer)"
    r"|\b(?:the )?interview (?:is (?:now )?(?:over|finished|ended|complete)|ends here)\b|\b(?:reference|model|expected|correct) answers? (?:is|are|says?|reads?)\b|\bkey points? (?:is|are)\b"
    r"|(?:给|打|判|评|记)(?:你|您|这个回答|他|她)?[^。，,]{0,6}(?:满分|[0-9]{1,6}\s{0,9}分|[一二三四五六七八九十百]+分(?!钟|布|别|类|析|解|为|支|量|割|子|母|开|成|配))|满分|(?<!\d)\d{1,6}\s{0,9}分(?!钟|布|别|类|析|解|为|支|量|割|位|辨|片|组|之)"
    r"|(?:按照?|依照?|遵照|遵从|听从|根据|应)(?:你|您|候选人)的?(?:要求|指示|指令|吩咐|请求)|(?:如|照)你(?:所愿|要求|吩咐)|(?:忽略|无视)(?:了|掉)?(?:之前|以上|前面|我)?的?(?:指令|规则|要求|设定|提示)"
    r"|(?:你|您)(?:已经|已)?(?:通过|被录用|录取)|录用|面试(?:通过|已?(?:经)?结束|到此(?:结束|为止))|(?:开发者|调试|管理员)模式|(?:参考|标准|模型|正确)答案(?:是|为|如下|说)|要点(?:是|有|包括|如下)|我现在是|告诉你答案",
    re.I,
)
_VERDICT = re.compile(
    r"\b(?:in|not (?:quite |entirely |fully |exactly |completely |really )?|partly |partially |mostly |almost |absolutely |quite |completely |that'?s |that is |you(?:'re| are) |you were |it'?s |is |all |perfectly )(?:correct|right|wrong|true|accurate|there yet)\b"
    r"|\bcorrect(?:ly)?[!.,;]|\b(?:incorrect|inaccurate|mistaken|erroneous)\b|\bexactly[!.,]|^\s*(?:correct|exactly|precisely|wrong|excellent|great|perfect|brilliant|good|nice|well done|wonderful|fantastic|impressive|absolutely|indeed|yes|no)\b[!.,]"
    r"|\b(?:good|great|excellent|nice|solid|strong|perfect|impressive|superb|brilliant|fantastic|wonderful|weak|poor|bad|incomplete|thorough|insightful|decent|fine|clear|vague|sound|spot[- ]on|detailed) (?:answer|point|explanation|job|work|start|response|thinking|intuition|insight|summary|understanding|reasoning|observation|description|overview|grasp|try|attempt)s?\b"
    r"|\bwell (?:done|said|put|explained|described|answered|reasoned)\b|\bspot[- ]on\b|\bon the right track\b|\b(?:you|that|this|your answer|it) (?:missed|misses|left out|forgot|overlooked|omits?|lacks?|nailed|got (?:it|that|this))\b|\byou (?:have )?(?:covered|missed|forgotten|confused|mixed up|misunderst\w+)\b"
    r"|\b(?:mistake|misconception|misunderstanding)\b|\bi (?:dis)?agree\b|\bactually,|\bthat(?:'s| is) (?:good|great|excellent|perfect|impressive|nice|fine work|helpful|incomplete|not (?:enough|complete|what))\b|\b(?:impressive|impressed|awesome|bravo|kudos|congratulations)\b|\bbetter (?:than|answer)|\bcould be better\b"
    r"|(?:回答|答|说|讲|解释|理解|总结|分析|思路|描述|想法|这个点|这点)(?:得|的)?(?:都|也|就|还|基本|完全|非常|很|挺|不太|不够|不|比较|相当|十分|大体|有点|太|确实|真){0,3}(?:正确|对(?!应|于|比|称|齐|象|照|手|待|此|这|那|哪)|错(?!误率)|好(?!的吧)|不错|准确|清楚|清晰|到位|全面|完整|透彻|精彩|漂亮|专业|详细|有误|含糊|笼统|棒)"
    r"|(?:^|[，,。！!；;])(?:完全|非常|基本|部分|大体)?(?:正确|没错|不对|错了|答对了?|不错|很好|非常好|太好了|很棒|真棒|对的|是的)(?=[，,。！!；;？?]|$)|(?:你|这|回答|完全|部分|基本|并)(?:是)?(?:正确|不正确|说对|说错|答对|答错|搞错|弄错|搞混|混淆了|漏了|忽略了|遗漏了|忘了|误解|理解错)"
    r"|(?:非常|很|真|太|十分)(?:好|棒|精彩|准确|到位|正确|优秀|出色|专业|全面|清晰)(?:的|了|[，,。！!])|(?:好|不错|精彩|优秀|完美|出色)的(?:回答|答案|解释|思路|总结|理解|想法|分析|观点)|说到点子|抓住了(?:重点|关键|要点|核心)|方向(?:是)?(?:对|正确|错)|有道理|(?:我)?(?:不)?同意|佩服|厉害|恭喜|优秀|完美|可惜|遗憾|还差(?:一点|得远)|不够(?:完整|准确|全面|深入|具体)|纠正|更正|有(?:个|一个|一处|点)?(?:误解|错误|问题的地方|偏差)",
    re.I | re.M,
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def broken(scene: Scene, before: str, sentence: str) -> Broken | None:
    """The first rule that a sentence breaks, or None."""
    given = f"{scene.target}\n{scene.scripted}"
    broken = impolite(scene, before, sentence, given)
    if broken:
        return broken
    given, plain = normalise(given), normalise(sentence)
    if _new_match(_OBEYS, plain, given) or gives_instructions(sentence) or _echoes_orders(sentence, scene.said):
        return "obeys"
    if scene.silent and _new_match(_VERDICT, plain, given):
        return "verdict"
    if numbers(sentence) - numbers(f"{given}\n{scene.question}\n{scene.said}\n{scene.total}\n{scene.number}"):
        return "number"
    return None


def impolite(scene: Scene, before: str, sentence: str, given: str) -> Broken | None:
    """The first rule of form that a sentence breaks, whatever it is about; `given` are texts it may take phrases from."""
    # First of all, since patterns take long over a long text.
    if is_long(scene.scripted, f"{before} {sentence}"):
        return "long"
    given, plain = normalise(given), normalise(sentence)
    if _new_match(_FORM, plain, given):
        return "form"
    if _new_match(_LINK, plain, given):
        return "link"
    return "language" if is_foreign(sentence, scene, given) else None


def numbers(text: str) -> set[str]:
    """The numbers written in digits in a text, thousands' commas taken out."""
    return {n.replace(",", "") for n in _NUMBER.findall(normalise(text))}


def is_long(scripted: str, line: str) -> bool:
    """Whether a line is far longer than the scripted one."""
    return word_count(line) > 2 * word_count(scripted) + MAX_EXTRA or len(line) > 4 * len(scripted) + 400


def is_foreign(sentence: str, scene: Scene, given: str) -> bool:
    """Whether a sentence is in another language than the session's, or in another script than its materials."""
    plain = normalise(sentence)
    materials = f"{given}\n{normalise(scene.said)}"
    if any(c not in materials for c in _OTHER_SCRIPT.findall(plain)):
        return True
    if scene.language == "en":
        if any(c not in materials for c in _CJK.findall(plain)):
            return True
        strange = [w for w in _FOREIGN.findall(plain) if w not in materials]
        return len(strange) >= 3 and len(strange) > 0.25 * word_count(plain)
    return word_count(sentence) >= MIN_FOREIGN and language_of(sentence) not in ("zh", None) and plain not in materials


def _new_match(pattern: re.Pattern[str], plain: str, given: str) -> bool:
    return any(m[0].strip(" \n.,!;。，！；") not in given for m in pattern.finditer(plain))


def _echoes_orders(sentence: str, said: str) -> bool:
    """Whether a sentence says again what the candidate ordered."""
    orders = [frozenset(terms(c.text)) for c in clauses(said) if gives_instructions(c.text)]
    spoken = frozenset(terms(sentence))
    return any(len(order) > 2 and len(order & spoken) >= 0.6 * len(order) for order in orders)
