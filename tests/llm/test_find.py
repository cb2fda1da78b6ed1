"""Which chat model there is, from the setting or from what lies on the machine; keys are never shown."""

import json

import pytest
from pydantic import SecretStr

from interviewer.errors import InputError
from interviewer.llm import find_model, open_model
from interviewer.settings import load_settings


def found(**settings):
    return find_model(load_settings(**settings))


def test_a_server_a_folder_and_none():
    server = found(llm="http://user:hunter2@box:8000/v1#Qwen/Qwen3-4B")
    assert (server.why, server.name) == ("server", "Qwen/Qwen3-4B @ box:8000")
    assert (found(llm="local:~/models/x").why, found(llm="local:~/models/x").name) == ("local", "~/models/x")
    for nothing, why in (("off", "off"), ("OFF", "off")):
        assert (found(llm=nothing).why, bool(found(llm=nothing))) == (why, False)


@pytest.mark.parametrize("wrong", ["gpt-4o", "local:", "sk-abcdef123", "ftp://x#y"])
def test_what_is_none_of_these_is_refused_and_not_repeated(wrong):
    with pytest.raises(InputError, match="local:FOLDER_OR_ID, or off") as caught:
        found(llm=wrong)
    assert wrong == "local:" or wrong not in str(caught.value)


@pytest.mark.parametrize("url", ["http://box:8000/v1", "https://#m", "http://[/v1#m"])
def test_an_address_without_host_or_model_is_refused(url):
    settings = load_settings(llm=url)
    with pytest.raises(InputError, match=r"https://host/v1#model"):
        open_model(find_model(settings), settings)


def test_a_downloaded_model_is_found_only_when_it_is_whole(tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.file_download.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.delenv("INTERVIEWER_LLM")
    assert found().why == "none"
    commit = "0" * 40
    folder = tmp_path / "models--Qwen--Qwen3-1.7B"
    snapshot = folder / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(commit)
    (snapshot / "config.json").write_text("{}")
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (snapshot / "model.safetensors.index.json").write_text(json.dumps(index))
    (snapshot / "model-1.safetensors").write_bytes(b"")
    assert found().why == "none"
    (snapshot / "model-2.safetensors").write_bytes(b"")
    assert (found().why, found().name) == ("downloaded", "Qwen/Qwen3-1.7B")


def test_the_key_is_in_no_text(capsys, caplog):
    settings = load_settings(llm="http://127.0.0.1:1/v1#m", llm_key=SecretStr("sk-hunter2"))
    model = open_model(find_model(settings), settings)
    assert "hunter2" not in f"{settings!r} {model!r} {vars(model)!r} {model.name}"
