"""Whole interviews, as a person has them."""

from __future__ import annotations

import re

import pytest

VAGUE = {
    "zh": "大概就是把前面的信息一步一步往后传，然后根据具体的任务去训练它。",
    "en": "Roughly, information is passed along step by step and then it is trained on the task at hand.",
}
TITLES = {"zh": "循环神经网络", "en": "Recurrent networks"}
SAYS = {
    "zh": {"hint": "提示", "skip": "跳过|换一题", "follow": "追问 1", "score": "总分", "of": "第 1 题，共 3 题"},
    "en": {
        "hint": "hint", "skip": "skip|move on", "follow": "Follow-up 1", "score": "Overall score",
        "of": "Question 1 of 3",
    },
}  # fmt: skip


def where(tab):
    """Question, topic, level; without the clock, which goes on."""
    return tab.page.inner_text("#where").splitlines()[:-1]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_from_the_first_click_to_the_code_behind_the_debrief(new_tab, language):
    tab, says = new_tab(language).open(), SAYS[language]
    page = tab.page
    assert page.evaluate("document.documentElement.lang").startswith(language)
    tab.start(questions=3, topic=TITLES[language])
    assert says["of"] in page.inner_text("#where")
    assert TITLES[language] in page.inner_text("#where")
    tab.press("hint")
    assert says["hint"] in tab.messages("bot")[-1].lower()
    tab.say(VAGUE[language])
    assert says["follow"] in page.inner_text("#where")
    tab.press("skip")
    assert re.search(says["skip"], " ".join(tab.messages("bot")[-2:]).lower())
    tab.say(VAGUE[language])
    tab.press("skip")
    tab.press("end")
    page.click("#end-yes")
    page.wait_for_selector("#debrief-report .debrief")
    assert says["score"] in page.inner_text("#debrief-report")
    assert VAGUE[language] in page.inner_text("#debrief-report")
    check_code_link(page)
    check_download(page)


def check_code_link(page):
    link = page.locator('#debrief-report a[target="code-viewer"]').first
    line = int(link.get_attribute("href").rpartition("#L")[2])
    link.focus()
    page.keyboard.press("Enter")
    frame = page.frame_locator('iframe[name="code-viewer"]')
    marked = frame.locator(f"#L{line}")
    marked.wait_for()
    assert "hit" in marked.get_attribute("class")
    symbol = link.inner_text().partition("::")[2].split(".")[-1]
    assert symbol in marked.inner_text() or marked.inner_text().lstrip("0123456789").startswith("@")
    seen = marked.evaluate(
        "e => { const r = e.getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight; }"
    )
    assert seen


def check_download(page):
    with page.expect_download() as download:
        page.click("#download-html")
    assert re.fullmatch(r"interview-[\d-]+-\w+\.html", download.value.suggested_filename)


def test_a_reload_goes_on_where_the_interview_stood(new_tab):
    tab = new_tab("en").open()
    tab.start()
    tab.say(VAGUE["en"])
    before = tab.messages("bot"), tab.messages("user"), where(tab)
    tab.page.reload()
    tab.page.wait_for_selector("#chat .user.message")
    tab.idle()
    assert (tab.messages("bot"), tab.messages("user"), where(tab)) == before
    tab.press("repeat")
    assert len(tab.messages("user")) == 2


def test_two_tabs_of_one_browser_have_two_interviews(new_tab):
    one = new_tab("en").open()
    one.start()
    other = new_tab(context=one.page.context).open()
    other.page.click("#leave")  # a new tab finds the running interview first
    other.page.wait_for_selector("#start:visible")
    other.start()
    assert one.page.url != other.page.url
    other.say("An answer in the other tab, about gradients.")
    one.page.reload()
    one.page.wait_for_selector("#chat .bot.message")
    one.idle()
    assert one.messages("user") == []
    assert one.page.url != other.page.url


HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(2)> # no **heading** $x^2$ ${alert(3)} {{7*7}} `c`\n\n  - x"
)


def test_what_a_candidate_types_is_shown_as_text(new_tab):
    tab = new_tab("en").open()
    tab.start(questions=1)
    tab.say(HOSTILE)
    assert tab.page.locator("#chat .user.message pre").inner_text() == HOSTILE
    assert tab.page.locator("#chat .user :is(script, img, h1, strong, .katex)").count() == 0
    tab.press("end")
    tab.page.click("#end-yes")
    tab.page.wait_for_selector("#debrief-report .debrief")
    assert HOSTILE in tab.page.locator("#debrief-report blockquote").first.inner_text()
    assert tab.page.locator("#debrief-report :is(script, img)").count() == 0


def test_a_double_click_sends_once(new_tab):
    tab = new_tab("en").open()
    tab.start()
    tab.page.fill("#answer textarea", VAGUE["en"])
    tab.page.dblclick("#send")
    tab.page.wait_for_timeout(500)
    tab.idle()
    tab.page.wait_for_timeout(500)
    assert tab.messages("user") == [VAGUE["en"]]
    tab.page.reload()
    tab.page.wait_for_selector("#chat .user.message")
    assert tab.messages("user") == [VAGUE["en"]]


def test_shift_enter_breaks_the_line_and_an_empty_message_is_not_sent(new_tab):
    tab = new_tab("en").open()
    tab.start()
    box = tab.page.locator("#answer textarea")
    box.press("Enter")
    tab.page.wait_for_selector("#talk-status :text('Write something')")
    assert tab.messages("user") == []
    box.type("one")
    box.press("Shift+Enter")
    box.type("two")
    assert box.input_value() == "one\ntwo"
    box.press("Enter")
    tab.page.wait_for_selector("#chat .user.message")
    assert tab.messages("user") == ["one\ntwo"]
    tab.idle()


def test_too_long_a_text_is_said_and_stays(new_tab):
    tab = new_tab("en").open()
    tab.start()
    tab.page.fill("#answer textarea", "x" * 100_001)
    tab.page.click("#send")
    tab.page.wait_for_selector("#talk-status .problem")
    assert len(tab.page.input_value("#answer textarea")) == 100_001
    assert tab.messages("user") == []
