"""`interviewer code`: the shipped reference code, and a user's own."""

import pytest

from interviewer.corpus import shipped_folder

PICTURE = '''"""Draws a line.

More."""


def plot():
    """The line."""
    from matplotlib.figure import Figure

    figure = Figure()
    figure.subplots().plot([0, 1])
    return figure


class Line:
    """A line."""

    def length(self) -> float:
        return 1.0


if __name__ == "__main__":
    print("ran")
'''


@pytest.fixture
def own(tmp_path, corpus_folder):
    (corpus_folder / "code").mkdir()
    (corpus_folder / "code" / "plain.py").write_text('"""Prints."""\nraise SystemExit(3)\n', encoding="utf-8")
    folder = tmp_path / "own"
    (folder / "code").mkdir(parents=True)
    (folder / "code" / "line.py").write_text(PICTURE, encoding="utf-8")
    (folder / "own.yaml").write_text(
        "topic: own\nitems:\n  - {id: a-line, status: draft, question: {en: What?}, key_points: [One thing.], "
        "code: ['line.py::Line']}\n",
        encoding="utf-8",
    )
    return str(folder)


def test_list_names_every_file_with_its_summary_and_questions(cli, own):
    lines = cli("code", "list", "--corpus", own).out.splitlines()
    assert [line.split(maxsplit=1) for line in lines] == [
        ["line", "Draws a line. [1 question]"],
        ["plain", "Prints. [0 questions]"],
    ]


def test_list_unlinked_names_the_questions_without_code(cli, own):
    lines = cli("code", "list", "--unlinked", "--corpus", own).out.splitlines()
    assert {line.split()[0] for line in lines} == {"vanishing", "dropout", "bare"}  # a-line links to some
    assert "What is a vanishing gradient?" in lines[0]


def test_show_prints_a_file_or_one_symbol(cli, own):
    assert cli("code", "show", "line", "--corpus", own).out == PICTURE + "\n"
    shown = cli("code", "show", "line.py::Line.length", "--corpus", own).out
    assert shown == "# line.py, lines 18–19\n    def length(self) -> float:\n        return 1.0\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "lime"], "no reference code 'lime'; did you mean line?"),
        (["show", "line::Circle"], "line.py has no symbol Circle; `interviewer code show line` prints"),
        (["show", "../line"], "no reference code '../line'"),
        (["run", "nothing-like-it"], "no reference code 'nothing-like-it'; `interviewer code list` shows all"),
        (["plot", "plain", "-o", "x.png"], "plain.py draws nothing; these do: line"),
        (["plot", "line", "-o", "x.txt"], "x.txt: a picture's name ends in .png or .svg"),
        (["plot", "line", "-o", "no/such/folder/x.png"], "cannot be written: No such file or directory"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(cli, own, arguments, said):
    result = cli("code", *arguments, "--corpus", own)
    assert result.code == 2
    assert said in result.err
    assert len(result.err.strip().splitlines()) == 1


def test_run_runs_it_and_passes_its_exit_code_on(cli, own, capfd):
    assert cli("code", "run", "line", "--corpus", own).code == 0
    assert capfd.readouterr().out == "ran\n"
    assert cli("code", "run", "plain", "--corpus", own).code == 3


def test_plot_draws_one_or_all(cli, own, tmp_path):
    assert cli("code", "plot", "line", "-o", str(tmp_path / "a.svg"), "--corpus", own).code == 0
    assert "<svg" in (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert cli("code", "plot", "all", "-o", str(tmp_path / "all"), "--corpus", own).code == 0
    assert [p.name for p in (tmp_path / "all").iterdir()] == ["line.png"]
    assert (tmp_path / "all" / "line.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_it_says_what_to_install(cli, own, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    result = cli("code", "plot", "line", "-o", str(tmp_path / "a.png"), "--corpus", own)
    assert result.code == 2
    assert "pip install 'interviewer[plots]'" in result.err


def test_the_shipped_code_is_listed():
    assert (shipped_folder() / "code" / "vae.py").is_file()
