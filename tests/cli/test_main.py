"""What holds for every verb: help, exit codes, errors in one line, a quick start."""

import importlib.metadata
import os
import resource
import subprocess
import sys

import pytest

from interviewer import __version__
from interviewer.cli import main

VERBS = ["chat", "grade", "report", "doctor", "corpus", "code", "eval"]
CORPUS_VERBS = ["check", "stats", "list", "show", "search"]
HEAVY = ["torch", "transformers", "sentence_transformers", "gradio", "faiss", "sqlalchemy", "pandas", "pydantic"]


def process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "interviewer", *arguments]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
        encoding="utf-8",
        errors="replace",
    )


def complaint(result) -> str:
    """The one line of an error."""
    assert result.code == 2
    lines = result.err.strip().split("\n")
    assert len(lines) == 1, result.err
    assert lines[0].startswith("interviewer: ")
    return lines[0]


@pytest.mark.parametrize("words", [[], *([v] for v in VERBS), *(["corpus", v] for v in CORPUS_VERBS)])
def test_every_verb_has_help_that_names_it(cli, words):
    result = cli(*words, "--help")
    assert result.code == 0
    assert " ".join(["interviewer", *words]) in result.out
    assert result.err == ""


def test_without_a_verb_the_help_lists_all_of_them(cli):
    result = cli()
    assert result.code == 0
    assert all(f" {verb} " in result.out for verb in VERBS)


def test_the_version_is_the_packages(cli):
    assert cli("--version").out == f"interviewer {__version__}\n"


def test_the_console_script_is_this_entry_point():
    (script,) = importlib.metadata.entry_points(group="console_scripts", name="interviewer")
    assert script.load() is main


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nope"], ["nope", "`interviewer --help`"]),
        (["corpus"], ["`interviewer corpus --help`"]),
        (["corpus", "nope"], ["nope", "`interviewer corpus --help`"]),
        (["chat", "--langauge", "zh"], ["--langauge", "--language", "`interviewer chat --help`"]),
        (["chat", "--level", "high"], ["--level", "integer"]),
        (["chat", "--level", "6"], ["6", "1", "5"]),
        (["chat", "--level", "-1"], ["1", "5"]),
        (["chat", "-n", "0"], ["0"]),
        (["chat", "--language", "fr"], ["'fr'", "zh or en"]),
        (["chat", "--topic", "nosuch"], ["nosuch", "tiny"]),
        (["chat", "--voice", "loud"], ["loud", "scripted"]),
        (["chat", "--voice", "llm"], ["--voice scripted"]),
        (["chat", "--resume", "nosuch"], ["nosuch"]),
        (["chat", "--resume", "last"], ["interviewer chat"]),
        (["chat", "--focus", "？！"], ["topics"]),
        (["chat", "--corpus", "/no/such"], ["/no/such", "not a folder"]),
        (["corpus", "show"], ["item_id"]),
        (["corpus", "show", "vanishin"], ["vanishing"]),
        (["corpus", "show", "vanishing", "-l", "xx"], ["zh or en"]),
        (["corpus", "list", "--topic", "nosuch"], ["nosuch", "tiny"]),
        (["corpus", "search"], ["query"]),
        (["corpus", "search", "x", "-n", "0"], ["--limit"]),
        (["report"], ["-o", "--list"]),
        (["report", "nosuch", "-o", "x.html"], ["nosuch", "--list"]),
        (["report", "last", "-o", "x.html"], ["interviewer chat"]),
        (["report", "last"], ["-o"]),
        (["grade"], ["--answer", "-o"]),
        (["grade", "a.csv"], ["-o"]),
        (["grade", "--answer", "x"], ["--item"]),
        (["grade", "--answer", "x", "--question", "y"], ["--reference"]),
        (["grade", "--answer", "x", "--item", "nosuch"], ["nosuch", "corpus list"]),
        (["grade", "--answer", "x", "--item", "bare"], ["no key points"]),
        (["grade", "none.csv", "-o", "out.csv"], ["none.csv", "No such file"]),
        (["grade", "none.csv", "-o", "out.csv", "--item", "bare"], ["--item", "one answer"]),
        (["grade", "none.csv", "-o", "out.csv", "--answer", "x"], ["--answer", "one answer"]),
        (["grade", "none.csv", "-o", "out.csv", "--engine", "spark"], ["spark", "local", "ray"]),
        (["grade", "--answer", "x", "--item", "bare", "-l", "de"], ["zh or en"]),
    ],
    ids=" ".join,
)
def test_what_cannot_be_used_is_one_line_that_says_what_and_what_to_do(cli, arguments, words):
    result = cli(*arguments)
    line = complaint(result)
    assert all(word in line for word in words), line
    assert result.out == ""


@pytest.mark.parametrize("arguments", [["--debug", "grade"], ["grade", "--debug"]])
def test_debug_before_or_after_the_verb_shows_the_traceback_and_keeps_the_exit_code(cli, arguments):
    result = cli(*arguments)
    assert result.code == 2
    assert "Traceback" in result.err
    assert "InputError" in result.err
    assert "Traceback" not in cli("grade").err


def test_an_error_that_nobody_foresaw_is_one_line_too(cli, monkeypatch):
    def broken(**_: object) -> None:
        raise ZeroDivisionError("first line\nsecond line")

    monkeypatch.setattr("interviewer.settings.load_settings", broken)
    line = complaint(cli("corpus", "list"))
    assert "ZeroDivisionError: first line second line" in line
    assert "--debug" in line


def test_a_setting_that_cannot_be_used_names_its_variable(cli, monkeypatch):
    monkeypatch.setenv("INTERVIEWER_CORPUS", "/no/such")
    assert "/no/such" in complaint(cli("corpus", "list"))


def test_a_data_folder_that_cannot_be_made_is_one_line(cli, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("INTERVIEWER_DATA_DIR", str(tmp_path / "file" / "data"))
    assert "INTERVIEWER_DATA_DIR" in complaint(cli("report", "--list"))


def test_help_loads_no_heavy_library():
    script = (
        "import sys, interviewer.cli\nsys.argv = ['interviewer', '--help']\n"
        "try: interviewer.cli.main()\nexcept SystemExit: pass\n"
        f"print('LOADED', [m for m in {HEAVY} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, encoding="utf-8")
    assert done.stdout.rstrip().endswith("LOADED []")
    assert "doctor" in done.stdout


def test_help_answers_within_six_tenths_of_a_second():
    def seconds() -> float:
        # Of the processor, not of the clock: others may use the machine as well.
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert process("--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(3)) < 0.6


def test_a_reader_that_closes_the_pipe_is_no_error():
    lists = f"{sys.executable} -m interviewer corpus list --json"
    done = subprocess.run(
        ["bash", "-c", f"{lists} | head -1; echo ${{PIPESTATUS[0]}}"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[\n0\n"
    assert done.stderr == ""


def test_a_terminal_that_lacks_chinese_gets_question_marks():
    done = process("corpus", "list", "-l", "zh", PYTHONIOENCODING="latin-1")
    assert done.returncode == 0
    assert "?" in done.stdout


def test_a_real_process_says_what_is_wrong_in_one_line_and_exits_2():
    done = process("chat", "--topic", "nosuch")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("interviewer: no topic 'nosuch'; there are ")
    assert done.stderr.count("\n") == 1
