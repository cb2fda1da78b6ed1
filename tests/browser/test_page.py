"""The page around the interview: languages, other tabs, phones."""

from __future__ import annotations

import re

import pytest

CHINESE = re.compile("[\u4e00-\u9fff]")


def visible_words(page):
    """All text and all labels that a reader meets, except what is the same in both languages."""
    return page.evaluate("""() => {
        const seen = [document.body.innerText];
        for (const e of document.querySelectorAll('[placeholder], [aria-label], [title]'))
            if (e.offsetParent !== null && !e.closest('#language'))
                seen.push(e.placeholder || '', e.title || '', e.getAttribute('aria-label') || '');
        return seen.join('\\n').replace('中文', '');
    }""")


def test_one_click_changes_every_word_and_is_remembered(new_tab):
    tab = new_tab("zh").open()
    page = tab.page
    for number in range(6):
        tab.tab(number)
        assert CHINESE.search(visible_words(page))
    page.locator("#language label", has_text="English").click()
    page.wait_for_selector("#title :text('Deep-learning')")
    page.wait_for_timeout(1500)
    for number in range(6):
        tab.tab(number)
        assert not CHINESE.search(visible_words(page)), visible_words(page)
    assert page.evaluate("document.documentElement.lang") == "en"
    assert "interview" in page.title()
    page.reload()
    page.wait_for_selector("#title :text('Deep-learning')")


def test_the_running_interview_keeps_its_language_when_the_page_changes(new_tab):
    tab = new_tab("en").open()
    tab.start()
    tab.page.locator("#language label", has_text="中文").click()
    tab.page.wait_for_selector("#where :text('第 1 题，共 2 题')")
    assert tab.page.inner_text("#send") == "发送"
    assert "Question 1 of 2" in tab.messages("bot")[1]
    tab.press("hint")
    assert tab.messages("user") == ["Can I have a hint?"]


def test_formulae_in_questions_are_set_and_tags_are_text(new_tab):
    tab = new_tab("en").open()
    tab.start(questions=1, topic="Formulae")
    question = tab.page.locator("#chat .bot.message").nth(1)
    question.locator(".katex").nth(1).wait_for()
    assert question.locator(".katex").count() == 2
    assert question.locator(".katex-display").count() == 1
    assert "$" not in question.inner_text()
    assert "<b>this</b> and <pad>" in question.inner_text()


def test_practice_from_search_to_grade(new_tab):
    tab = new_tab("zh").open()
    page = tab.page
    tab.tab(3)
    page.fill("#search input", "重参数化")
    page.wait_for_selector("#found label:has-text('重参数化')")
    page.locator("#found label", has_text="重参数化").first.click()
    page.fill("#practice-answer textarea", "把采样写成均值加标准差乘以噪声，这样梯度可以传回编码器。")
    page.click("#grade")
    page.wait_for_selector("#practice-result .points")
    assert "参考答案" in page.inner_text("#practice-result")


def test_history_opens_continues_and_deletes(new_tab):
    tab = new_tab("en").open()
    page = tab.page
    tab.start(questions=1)
    tab.tab(2)
    entries = page.locator("#past label")
    count = entries.count()
    entries.first.click()
    page.click("#past-continue")
    page.wait_for_selector("#chat .bot.message:visible")
    tab.press("skip")
    page.wait_for_selector("#debrief-report .debrief")
    tab.tab(2)
    entries.first.click()
    page.click("#past-delete")
    page.click("#past-sure")
    page.wait_for_selector("#past-status :text('Deleted')")
    assert entries.count() == count - 1
    tab.tab(1)
    assert page.is_visible("#debrief-empty")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_on_a_phone_nothing_runs_over_the_edge(new_tab, language):
    tab = new_tab(language, 360, 740).open()
    page = tab.page

    def check(where):
        wide, room = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert wide <= room, where

    check("start")
    tab.start(questions=1)
    tab.say("averyveryverylongwordwithoutanyplacetobreakit" * 5 + " 梯度 gradient")
    check("talk")
    tab.press("end")
    check("ending")
    page.click("#end-yes")
    page.wait_for_selector("#debrief-report .debrief")
    check("debrief")
    for number in (1, 2, 3):
        tab.tab(number)
        check(number)
    page.locator("#found label").first.click()
    page.wait_for_selector("#practice-answer:visible")
    check("practice")


def test_every_control_has_a_name(new_tab):
    tab = new_tab("en").open()
    tab.start()
    for number in range(6):
        tab.tab(number)
        nameless = tab.page.evaluate("""() => [...document.querySelectorAll('button, input, textarea, iframe')]
            .filter(e => e.offsetParent !== null && !(e.innerText || '').trim() && !e.title
                && !e.getAttribute('aria-label') && !(e.labels && [...e.labels].some(l => l.innerText.trim())))
            .map(e => e.outerHTML.slice(0, 200))""")
        assert nameless == []
