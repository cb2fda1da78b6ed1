"""The corpus view in a browser: a document in, a draft read beside its page, accepted, and practised."""

from __future__ import annotations

import pytest

from tests.browser.test_views import CHINESE, CUT, WORDS, axe, serious, view  # noqa: F401

PAGES = {
    "en": "## What is a snake convolution?\n\nIt samples along a tube, so it follows vessels better than a plain one.\n\n## What is stride?\n\nThe step of the kernel.\n",
    "zh": "## 什么是蛇形卷积？\n\n蛇形卷积沿着管状结构采样，比普通卷积更贴合血管。\n\n## 什么是步长？\n\n步长是卷积核每次移动的距离。\n",
}


@pytest.mark.parametrize(("language", "width"), [("zh", 360), ("en", 1280)])
def test_a_document_becomes_a_question_that_can_be_practised(small_tab, axe, language, width):  # noqa: F811
    tab = small_tab(language, width, 800).open()
    page = tab.page
    view(tab, "corpus")
    name = {"zh": "笔记.md", "en": "notes.md"}[language]
    page.set_input_files(
        "#upload-documents input[type=file], input[type=file][accept*='.docx']",
        [
            {"name": name, "mimeType": "text/markdown", "buffer": PAGES[language].encode()},
            {"name": "scan.pdf", "mimeType": "application/pdf", "buffer": b"no pdf"},
        ],
    )
    page.wait_for_selector("#corpus-report .problem")
    page.locator("#drafts label").first.click()
    page.wait_for_selector("#draft-passage .passage:visible")
    assert page.input_value("#draft-question textarea") in page.inner_text("#draft-passage .passage")
    wide, room = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= room and page.evaluate(CUT) == []
    assert serious(axe, page) == []
    if language == "en":
        assert not CHINESE.search(page.evaluate(WORDS).replace("中文", ""))
    page.fill(
        "#draft-question textarea",
        {"zh": "动态蛇形卷积是什么？", "en": "What is a dynamic snake convolution?"}[language],
    )
    page.click("#draft-accept")
    page.wait_for_selector("#draft", state="hidden")
    page.wait_for_selector("#drafts label, #no-drafts .empty")
    if page.locator("#drafts label").count():  # the other one; the next test begins with none
        page.locator("#drafts label").first.click()
        page.click("#draft-reject:visible")
    page.wait_for_selector("#no-drafts .empty")
    view(tab, "practice")
    page.fill("#search input, #search textarea", {"zh": "动态蛇形", "en": "dynamic snake"}[language])
    page.wait_for_selector(f"#found label:has-text('{ {'zh': '动态蛇形卷积', 'en': 'dynamic snake'}[language] }')")
