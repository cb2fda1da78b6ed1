"""Settings: what beats what, and that what cannot be used is said in one line."""

import os
import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from interviewer.errors import InputError
from interviewer.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """An empty working folder, so that no `.env` of a developer is read."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_without_anything_set_the_defaults_hold(monkeypatch):
    monkeypatch.delenv("INTERVIEWER_DATA_DIR")
    settings = load_settings()
    assert settings.data_dir.name == "interviewer"
    assert settings.data_dir.is_absolute()
    assert (settings.database_url, settings.encoder, settings.corpus) == ("", "", None)


def test_the_command_line_beats_the_environment_which_beats_the_env_file(here, monkeypatch):
    (here / ".env").write_text("INTERVIEWER_ENCODER=file\nINTERVIEWER_DATABASE_URL=sqlite:///file.db\n", "utf-8")
    assert load_settings().encoder == "file"
    monkeypatch.setenv("INTERVIEWER_ENCODER", "environment")
    assert load_settings().encoder == "environment"
    assert load_settings(encoder="option").encoder == "option"
    assert load_settings(encoder="option").database_url == "sqlite:///file.db"


def test_an_option_that_was_not_given_leaves_the_environment_alone(data_dir):
    assert load_settings(data_dir=None, encoder=None).data_dir == data_dir


@pytest.mark.parametrize("name", ["DATA_DIR", "CORPUS", "ENCODER", "DATABASE_URL"])
def test_an_empty_variable_is_as_good_as_none(name, monkeypatch):
    # Else an empty INTERVIEWER_DATA_DIR would keep everything in whatever folder the program was started from.
    monkeypatch.delenv("INTERVIEWER_DATA_DIR")
    unset = load_settings()
    monkeypatch.setenv(f"INTERVIEWER_{name}", "")
    assert load_settings() == unset


def test_the_database_lies_in_the_data_folder_with_an_absolute_path(here):
    assert load_settings(data_dir="kept").database == f"sqlite:///{here}/kept/interviewer.db"
    assert load_settings(data_dir="数据 🙂").database == f"sqlite:///{here}/数据 🙂/interviewer.db"


def test_a_database_of_ones_own_is_taken_as_it_is():
    url = "postgresql://user:word@host/name"
    assert load_settings(database_url=url).database == url


@pytest.mark.parametrize("name", ["data_dir", "corpus"])
def test_the_home_folder_may_be_written_short_where_no_shell_sees_it(name, here, monkeypatch):
    monkeypatch.delenv("INTERVIEWER_DATA_DIR")
    monkeypatch.setenv("HOME", str(here))
    (here / ".env").write_text(f"INTERVIEWER_{name.upper()}=~/面试\n", "utf-8")
    assert getattr(load_settings(), name) == here / "面试"


def test_the_home_folder_of_nobody_is_refused_in_one_line():
    with pytest.raises(InputError, match=r"^setting INTERVIEWER_CORPUS: .*home") as caught:
        load_settings(corpus="~no-such-user-here/x")
    assert "\n" not in str(caught.value)


def test_an_unusable_value_is_refused_with_the_name_of_its_variable():
    with pytest.raises(InputError, match=r"^setting INTERVIEWER_DATA_DIR: Input is not a valid path"):
        load_settings(data_dir=5)


def test_unknown_variables_and_options_do_no_harm(here, monkeypatch):
    monkeypatch.setenv("INTERVIEWER_NO_SUCH_THING", "1")
    (here / ".env").write_text("OTHER_PROGRAM=1\nINTERVIEWER_NEITHER=1\n", "utf-8")
    assert not hasattr(load_settings(nothing="x"), "nothing")


@pytest.mark.parametrize("content", [b"INTERVIEWER_ENCODER=\xff\xfe\n", "INTERVIEWER_ENCODER=模型\n".encode("gbk")])
def test_an_env_file_that_is_not_utf8_is_refused_in_one_line(content, here):
    (here / ".env").write_bytes(content)
    with pytest.raises(InputError, match=r"\.env .*utf-8") as caught:
        load_settings()
    assert "\n" not in str(caught.value)


def test_an_env_file_is_read_as_utf8_whatever_the_locale(here):
    (here / ".env").write_bytes("\ufeffINTERVIEWER_CORPUS=语料\nINTERVIEWER_ENCODER=模型\n".encode())
    assert load_settings().encoder == "模型"


@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="root may read any file")
def test_an_env_file_that_may_not_be_read_is_refused(here):
    (here / ".env").write_text("INTERVIEWER_ENCODER=x\n", "utf-8")
    (here / ".env").chmod(stat.S_IWUSR)
    with pytest.raises(InputError, match=r"\.env .*Permission"):
        load_settings()


def test_an_env_folder_is_no_env_file(here):
    (here / ".env").mkdir()
    assert load_settings().encoder == ""


def test_settings_do_not_change_once_loaded():
    settings = load_settings()
    with pytest.raises(ValidationError):
        settings.data_dir = Path("elsewhere")


def test_every_setting_has_a_variable_of_its_name(monkeypatch):
    given = {name: f"/of/{name}" for name in Settings.model_fields}
    given |= {"auth": "on", "rate_limit": "7", "log_json": "True", "llm_seconds": "2.5"}
    for name, value in given.items():
        monkeypatch.setenv(f"INTERVIEWER_{name.upper()}", value)
    settings = load_settings()
    for name, expected in given.items():
        value = getattr(settings, name)
        assert str(value.get_secret_value() if name.endswith("_key") else value) == expected
