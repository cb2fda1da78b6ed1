"""What question pages are written with, in Chinese and English: marks, labels, and what is not worth reading."""

from __future__ import annotations

import re

from interviewer.schema import Kind

_I = re.IGNORECASE

# What opens a question

INTENT_MARK = re.compile(
    r"^[【\[]?\s*(?:考察目标|考察点|考察内容|考查点|考查目标|考点|出题意图|面试官意图|what (?:it|this) (?:tests|examines|checks)|intent|assesses)\s*[】\]]?\s*[:：]\s*(?P<text>.*)$",
    _I,
)
LEVEL_MARK = re.compile(r"^[【\[]?\s*(?:难度|级别|等级|level|difficulty)\s*[】\]]?\s*[:：]\s*(?P<text>.{1,24})$", _I)
COMMENT_MARK = re.compile(
    r"^[【\[]?\s*(?:点评|评语|总评|评价|追问|延伸|follow[- ]?ups?(?: questions?)?|comments?|reviewer(?:'s)? notes?|参考|参考资料|参考链接|来源|出处|sources?|references?|further reading|see also|tags?|标签|关键词|keywords?)\s*[】\]]?\s*[:：]",
    _I,
)

ENDS_ANSWER = re.compile(r"^[【\[]?\s*(?:点评|评语|总评|评价)\s*[】\]]?\s*[:：]", _I)
"""What follows is said about an answer, to the end of its section."""
MAY_ASK = re.compile(
    r"区别|不同|异同|优缺点|优势|特点|作用|原理|方法|场景|机制|方式|评价指标|解决方案|解释|差异|vs\.?|"
    r"difference|advantage|drawback|pros and cons|trade-?offs?|versus", _I,
)  # fmt: skip
"""A title with this form usually stands for a question."""

LEVELS: tuple[tuple[int, re.Pattern[str]], ...] = (
    (1, re.compile(r"^(?:入门|基础|简单|容易|screening|beginner|basic|easy|★|⭐|1)(?:级|题)?$", _I)),
    (2, re.compile(r"^(?:初级|junior|★★|⭐⭐|2)$", _I)),
    (3, re.compile(r"^(?:中级|中等|一般|intermediate|medium|mid|★★★|⭐⭐⭐|3)$", _I)),
    (4, re.compile(r"^(?:高级|困难|较难|难|advanced|senior|hard|★★★★|⭐⭐⭐⭐|4)$", _I)),
    (5, re.compile(r"^(?:专家|资深|expert|staff|principal|★★★★★|⭐⭐⭐⭐⭐|5)$", _I)),
)
TAG = re.compile(r"\s*[\[【(（](?P<text>[^\[\]【】()（）]{1,16})[\])）】]\s*")
"""A short remark in brackets, which may be a level."""
REFERENCE_TAIL = re.compile(
    r"\s{0,9}[（(](?:参考|来源|转自|ref|see|source)[^（()）]{0,300}[)）]\s{0,9}$|\s{0,9}[（(]?https?://\S{1,500}\s{0,9}$",
    _I,
)

KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("experience", re.compile(r"您|你(?:有没有|曾|遇到|在项目|做过)|你会采用|项目经历|经验|\btell me about\b|\bhave you\b|\byour (?:project|experience|team)\b|\ba time (?:when|you)\b", _I)),
    ("comparison", re.compile(r"区别|异同|不同|差异|比较|对比|\bvs\b\.?|difference|\bcompare|\bversus\b|contrast", _I)),
    ("derivation", re.compile(r"推导|证明|derive|prove\b|proof|derivation", _I)),
    ("coding", re.compile(r"代码|手写|编程|写一个|while_loop|range|\bimplement|\bwrite (?:a|the) (?:function|class|code)|\bcode\b", _I)),
    ("calculation", re.compile(r"计算|多少|参数量|感受野的|\bcompute\b|\bcalculate\b|\bhow many\b|\bhow much\b|\bcount\b", _I)),
)  # fmt: skip

LABEL = re.compile(
    r"^\W*(?:note|tips?|warning|important|caution|examples?|answers?|solution|explanation|key (?:points|takeaways)|takeaways?|hint|code|"
    r"show (?:the )?(?:answer|solution)|(?:click|tap) (?:here )?to (?:expand|reveal|show)(?: the answer)?|reveal|expand|spoiler|"
    r"(?:点击|点开|单击)?(?:展开|查看|显示)(?:参考)?(?:答案|解析|全部|详情)?|注|注意|提示|说明|备注|例子?|示例|举例|要点|关键点|答案|回答|参考答案|解答|解析|补充|代码(?:示例|实现)?)\s*(?:[#\d]{0,3})\s*[:：]?$",
    _I,
)
"""A line that only names what follows: no title, no text."""

PART = re.compile(
    r"^\W*(?:优点|缺点|优缺点|优势|劣势|应用(?:场景)?|定义|原理|公式|步骤|背景|总体思路|思路|区别|适用场景|advantages?|disadvantages?|pros|cons|"
    r"pros and cons|definition|intuition|steps|formula|background|applications?|use cases?|limitations?|drawbacks)\s*[:：]?$",
    _I,
)
"""A heading of a part of an answer: no question by itself, but text of it."""

# What is not worth reading

NO_QUESTION = re.compile(
    r"^(?:[\W\d_一二三四五六七八九十]*)(?:前言|序言?|引言|导言|概述|简介|摘要|目录|总结|小结|结语|结论|后记|写在(?:最|前|后)面?.*|致谢|附录|"
    r"参考(?:文献|资料|链接|书目)?|更新(?:日志|记录)?|版权.*|许可(?:证|协议)?|联系(?:我们|方式|作者)|关于(?:作者|我们|本文|本站)|如何(?:贡献|使用本)|"
    r"安装|使用(?:说明|方法)|贡献(?:指南)?|常见(?:问题|面试问题)|面试(?:问题|题)(?:汇总|大全|合集)?|点评|"
    r"table of contents|contents|toc|overview|introduction|preface|foreword|abstract|summary|conclusions?|wrap[- ]?up|references?|bibliography|"
    r"further reading|see also|resources|links|about(?: (?:me|us|the authors?|this .*))?|contact|contributing|contributors|how to (?:contribute|use(?: this.*)?)|"
    r"licen[cs]e|changelog|installation|install|usage|acknowledge?ments?|appendix|credits|sponsors?|stargazers|thanks|index|faq|questions|interview questions)"
    r"\s*[:：。.!！]?$",
    _I,
)
"""Titles under which no question is looked for."""
GROUPS_QUESTIONS = re.compile(r"问题|面试题|questions|faq|概述|overview", _I)
"""Titles of that kind under which there are questions all the same."""
THE_END = re.compile(
    r"^\W*(?:相关(?:文章|推荐|阅读|实践学习|内容|问答|资源|链接|课程)|猜你喜欢|推荐(?:阅读|文章)|热门(?:文章|推荐)|最新(?:文章|评论)|往期(?:精彩|推荐|回顾).*|"
    r"阅读过本文的人还看了.*|本文来自(?:互联网|网络).*|如若(?:内容|转载).*|版权声明.*|原文链接.*|长按(?:图片|识别).*|(?:全部|发表)?评论(?:区)?(?:\s*[(（]?\d+[)）]?)?|上一篇.*|下一篇.*|"
    r"related (?:articles?|posts?|reading|content|questions)|recommended (?:for you|reading|articles?)|you (?:may|might) also (?:like|enjoy).*|more from .*|"
    r"(?:leave|post) a (?:comment|reply)|\d* ?comments?|popular posts|trending(?: now)?|previous post.*|next post.*|read next)\s*[:：]?$",
    _I,
)
"""Behind such a line a page is about something else."""
NOISE = re.compile(
    r"公众号|扫码|扫描.*二维码|识别二维码|👇|次点击|点击(?:上方|下方|查看|阅读|这里|关注)|阅读原文|欢迎关注|关注(?:我们|本号|作者)|转发|点赞|一键三连|加群|进群|"
    r"(?:微信|QQ)\s*[:：号群]|广告|推广链接|优惠券|限时|报名|免费领取|领取资料|答疑钉钉群|本文涉及的产品|版权(?:归|所有)|转载请|未经(?:许可|授权)|"
    r"^\s*(?:image|img)[\w.-]*\.(?:png|jpe?g|gif|webp)\s*$|^\s*\[?图片\]?\s*$|^\d+\s*(?:次)?(?:阅读|点击|浏览|评论|赞)|"
    r"^(?:好的|当然)[，,].{0,8}我(?:将|会|来)|^希望(?:这些|以上|本文|对你).{0,40}$|祝你面试|如果你有任何(?:问题|疑问)|"
    r"subscribe (?:to|now|for)|sign up (?:for|now|to)|click (?:here|below)|advertisement|sponsored|share (?:this|on)|follow (?:us|me) on|"
    r"newsletter|all rights reserved|copyright ©|©\s*\d{4}|cookie(?:s)? (?:policy|settings|consent)|buy me a coffee|limited[- ]time|promo code|\d+% off|"
    r"hope (?:this|that) helps|let me know if you|good luck (?:with|on) your|back to top|返回顶部|⬆|edit this page|page \d+ of \d+|第\s*\d+\s*页|^[-–—]?\s*\d{1,4}\s*[-–—]$",
    _I,
)
"""Lines that are said to readers of a page, not to learners."""
# How answers are said

CONNECTIVE = re.compile(
    r"^(?:首先|其次|再者|再次|然后|最后|另外|此外|同时|而且|并且|因此|所以|总之|总的来说|总体来说|综上(?:所述)?|一般来说|具体来说|通常来说|"
    r"例如|比如|举个例子|first(?:ly)?|second(?:ly)?|third(?:ly)?|finally|lastly|moreover|furthermore|in addition|additionally|also|"
    r"besides|however|therefore|thus|in summary|in short|to sum up|overall|in general|generally)\s*[,，:：]\s*",
    _I,
)
ENUMERATES = re.compile(
    r"^(?:首先|其次|再者|再次|然后|接着|最后|另外|此外|第[一二三四五六七八九十]|其[一二三四五]|一是|二是|三是|first(?:ly)?|second(?:ly)?|third(?:ly)?|next|"
    r"finally|lastly|in addition|additionally|moreover|furthermore)\b\s*[,，:：、]?\s*",
    _I,
)
"""What follows is one of the things that an answer lists, though not as a list."""
EXAMPLE = re.compile(
    r"^(?:例如|比如|譬如|举个例子|举例来?说|以.{1,20}为例|for (?:example|instance)|e\.g\.)\s*[,，:：]?", _I
)
"""What follows illustrates what stands before."""
FILLER = re.compile(
    r"^(?:只有这样|我(?:相信|认为自己|有丰富的|非常(?:高兴|荣幸))|在未来的工作中|今后|只要我|通过这些经[验历]|这(?:个|些|次)?经[验历]让我|以上(?:就)?是|希望)|"
    r"(?:我(?:会|将)继续|职业技能|丰富的经验|经验可以分享|一项(?:非常)?重要的(?:技能|工作|任务)[。.]?$|我(?:确实|也|曾经?)*遇到过?了?(?:不少|很多|一些)(?:的?问题|的?挑战)[。.]?$)|"
    r"^(?:i (?:believe|am confident|hope|have (?:extensive|rich|years of))|in my (?:experience|career|future)|looking forward)|"
    r"(?:i (?:will|shall) (?:continue|keep)|taught me (?:a lot|that))",
    _I,
)
"""Said about the speaker: nobody else's answer could contain it."""
RESTATES = re.compile(
    r"^(?:也就是说|换句话说|换言之|换个说法|简单(?:来|地)说|简言之|通俗(?:来|地)讲|说白了|直观(?:上|地说|来看)|即|"
    r"in other words|put (?:simply|differently|another way)|that is(?: to say)?|simply put|intuitively|i\.e\.|in plain (?:words|english))\s*[,，:：]?\s*",
    _I,
)
"""What follows says the same as what stands before."""
SUMMARISES = re.compile(
    r"^(?:总的来说|总体来说|总之|综上(?:所述)?|总结一下|一句话|in summary|in short|to sum up|overall|in a nutshell|tl;?dr)\s*[,，:：]?\s*",
    _I,
)
INTRODUCES = re.compile(
    r"(?:如下|以下(?:几[点个种项方]?面?)?(?:的?(?:方面|方法|步骤|内容|措施|策略))?|包括|有几个.{0,8}区别|主要(?:有|包括|特点)|常见的.{0,12}(?:包括|有)|as follows|the following|including|such as|these are)\s*[:：。.]?$"
    r"|[:：]$",
    _I,
)
"""A sentence that only leads to a list."""
IN_OTHER_WORDS = re.compile(
    r"[，,；;（(]\s*(?:也就是说?|即|换句话说|换言之|in other words|that is|i\.e\.)[，,：:]?\s*(?P<text>[^）)]{6,})", _I
)
"""A restatement in the middle of a sentence."""
