"""The settings tab says how things are."""

from __future__ import annotations

import pytest

from interviewer.errors import ModelUnavailable
from interviewer.settings import Settings
from interviewer.ui import settings


@pytest.fixture
def tab(page):
    return page._settings


def texts(shown):
    """All that stands in a tab; whether a button is there is no text."""
    return "".join(said for said in shown.values() if isinstance(said, str))


def test_everything_is_said_in_both_languages(tab, engine, data_dir):
    for language, words in {"zh": ("数据文件夹", "隐私"), "en": ("Data folder", "Privacy")}.items():
        text = texts(tab.shown(language))
        assert all(word in text for word in words)
        assert str(data_dir) in text
    assert "go nowhere else" in tab.shown("en")[tab.privacy]


def test_a_service_elsewhere_is_named_in_the_privacy_statement_without_its_password(page, engine, monkeypatch):
    assert engine.sessions() == []  # opens its own database, before another is named
    named = Settings(encoder="https://me:secret@models.example/v1#m", database_url="postgresql://u:pw@db/x?password=y")
    monkeypatch.setattr(engine, "settings", named)
    text = texts(page._settings.shown("en"))
    assert "a service at models.example; questions and your answers are sent to it" in text
    assert not any(hidden in text for hidden in ("secret", "pw", "password=y"))


def test_the_encoder_is_tried(tab, engine):
    steps = list(tab.tested("en"))
    assert not steps[0][tab.test]["interactive"]
    assert "64 dimensions" in steps[-1][tab.status]
    assert "hashing-64" in steps[-1][tab.models]


def test_an_encoder_that_does_not_work_is_said(tab, engine, monkeypatch):
    def fail(*_args, **_named):
        raise ModelUnavailable("the folder is empty; give another")

    monkeypatch.setattr(type(engine.encoder), "encode", fail)
    steps = list(tab.tested("zh"))
    assert "the folder is empty" in steps[-1][tab.status]
    assert steps[-1][tab.test]["interactive"]


class Quick:
    name, ready = "quick", True

    def stream(self, messages, limit, stop):
        yield "Hello"


def test_the_chat_model_is_named_tried_and_confessed_to(tab, engine, monkeypatch):
    shown = tab.shown("en")
    assert "INTERVIEWER_LLM is off" in shown[tab.chat]
    assert not shown[tab.chat_test]["visible"]
    monkeypatch.setattr(engine, "settings", Settings(llm="https://me:secret@talk.example/v1#tiny"))
    shown = tab.shown("en")
    assert "tiny @ talk.example" in shown[tab.chat] and "secret" not in texts(shown)
    assert shown[tab.chat_test]["visible"]
    assert "a language model at talk.example" in shown[tab.privacy] and "go nowhere else" not in shown[tab.privacy]
    engine.__dict__["model_voice"] = None
    monkeypatch.setattr(settings, "open_model", lambda *_: Quick())
    assert "It works" in list(tab.spoken("en"))[-1][tab.chat_status]
    monkeypatch.setattr(engine, "settings", Settings(llm="nonsense"))
    shown = tab.shown("zh")
    assert "INTERVIEWER_LLM is not understood" in shown[tab.chat] and not shown[tab.chat_test]["visible"]


def test_the_size_of_a_folder(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(b"x" * 1234)
    assert settings._size(tmp_path) == 1234
    assert settings._size(tmp_path / "nowhere") == 0
