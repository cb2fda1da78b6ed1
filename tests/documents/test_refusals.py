"""Every reason is one line in both languages, with the same gaps."""

import re
from string import Formatter

import pytest

from interviewer.documents import Refusal
from interviewer.documents.refusals import REASONS

CHINESE = re.compile("[\u4e00-\u9fff]")


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_in_both_languages(reason):
    zh, en = REASONS[reason]
    assert gaps(zh) == gaps(en)
    refusal = Refusal(reason, "笔记.md", **dict.fromkeys(gaps(zh), 7))
    assert refusal.said("zh").startswith("笔记.md ") and CHINESE.search(refusal.said("zh")[7:])
    assert not CHINESE.search(refusal.said("en")[7:])
    assert "\n" not in refusal.said("zh") + refusal.said("en")
