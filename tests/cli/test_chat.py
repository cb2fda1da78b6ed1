"""An interview in a terminal and through a pipe, to the debrief, with interruptions."""

import re

import pytest

from interviewer.engine import MAX_MESSAGE
from interviewer.errors import ModelUnavailable

EN = (
    "Derivatives multiply through the layers and shrink; parameters of early layers hardly get updated. "
    "Training zeroes random units."
)
ZH = "反向传播时导数逐层相乘，越乘越小，浅层参数几乎得不到更新；训练时随机把单元置零"
ASKED = {"en": ("vanishing gradient", "dropout curb"), "zh": ("梯度消失", "随机失活")}
# Both answer either of the two questions of level 2 in full: 100 points.


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(("language", "answer", "total"), [("en", EN, "100"), ("zh", ZH, "100")])
def test_piped_answers_lead_to_the_debrief_in_the_session_s_language(cli, language, answer, total, end):
    result = cli("chat", "-l", language, "-n", "2", stdin=(answer + end) * 2)
    assert result.code == 0
    assert all(words in result.out for words in ASKED[language])
    before, _, debrief = result.out.partition("\n# ")
    assert re.search(r"\*\*(Score|Overall|Total|总分).*" + total, debrief)
    assert "Traceback" not in result.err
    other = {"en": "面试官", "zh": "interviewer>"}[language]
    assert other not in before


@pytest.mark.parametrize("language", ["zh", "en"])
def test_input_that_ends_early_ends_the_interview_with_a_debrief(cli, language):
    for stdin in ("", "only this", "one\n"):
        result = cli("chat", "-l", language, "-n", "2", stdin=stdin)
        assert result.code == 0
        assert "\n# " in result.out
        assert {"zh": "没有更多输入", "en": "no more input"}[language] in result.err


def test_only_what_was_said_goes_to_standard_output(cli):
    result = cli("chat", "-l", "en", "-n", "1", stdin=EN + "\n")
    assert "Commands:" in result.err
    assert "scripted" in result.err
    assert "Commands:" not in result.out
    assert re.search(r"interviewer report [0-9a-f]+ -o report.html", result.err)


@pytest.mark.parametrize("encoding", ["gbk", "utf-8-sig", "utf-8"])
def test_answers_in_the_encoding_of_chinese_windows_are_understood(cli, encoding):
    result = cli("chat", "-n", "1", stdin=(ZH + "\n").encode(encoding))
    assert result.code == 0
    assert ZH in result.out.replace("\\", "")  # quoted in the debrief


def test_bytes_that_are_no_text_are_one_line_and_the_interview_is_kept(cli):
    result = cli("chat", "-n", "1", stdin=b"\xff\xff\xff\n")
    assert result.code == 2
    assert "interviewer: standard input is not text" in result.err
    assert "Traceback" not in result.err
    assert cli("chat", "--resume", "last", stdin=ZH).code == 0


def test_an_answer_that_is_too_long_is_refused_and_the_interview_goes_on(cli):
    result = cli("chat", "-l", "en", "-n", "1", stdin="x" * (MAX_MESSAGE + 1) + "\n" + EN + "\n")
    assert result.code == 0
    assert result.err.count(f"interviewer: {MAX_MESSAGE + 1:,} characters are too many") == 1
    assert "x" * 1000 not in result.out
    assert EN in result.out.replace("\\", "")


@pytest.mark.parametrize(
    "line", ["", "   ", "\0", "🙂🙂", "\u202e\u200b", "'; DROP TABLE session; --", "# h\t<b>&amp;"]
)
def test_any_line_is_an_answer_and_breaks_nothing(cli, line):
    result = cli("chat", "-n", "1", stdin=f"{line}\n" * 3)
    assert result.code == 0
    assert "\n# " in result.out


@pytest.mark.parametrize(
    ("language", "skip", "stop"), [("zh", "跳过", "结束"), ("en", "skip", "stop"), ("en", "/skip", "/stop")]
)
def test_commands_move_the_interview_and_are_no_answers(cli, language, skip, stop):
    result = cli("chat", "-l", language, "-n", "2", stdin=f"{skip}\n{stop}\n")
    assert result.code == 0
    assert all(words in result.out for words in ASKED[language])
    assert {"zh": "没有更多输入", "en": "no more input"}[language] not in result.err


def test_a_hint_is_the_item_s_own(cli):
    result = cli("chat", "-l", "en", "-n", "2", stdin="hint\nskip\nhint\nskip\n")
    assert "Think of the chain rule" in result.out


def test_topic_focus_and_an_own_corpus_choose_the_questions(cli, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "mine.yaml").write_text(
        "topic: mine\nitems:\n  - id: zebra\n    status: draft\n    question: {en: Why are zebras striped?}\n"
        "    answer: {en: Stripes confuse biting flies and help the animals to recognise each other.}\n",
        encoding="utf-8",
    )
    result = cli("chat", "-l", "en", "-n", "1", "--corpus", str(own), "--topic", "mine", stdin="skip\n")
    assert "Why are zebras striped?" in result.out
    result = cli("chat", "-l", "en", "-n", "1", "--focus", "dropout overfitting", stdin="skip\n")
    assert "dropout curb" in result.out


# Interruptions


def session_of(text: str) -> str:
    found = re.search(r"--resume ([0-9a-f]+)", text)
    assert found
    return found[1]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_ctrl_c_keeps_the_interview_and_resume_goes_on_with_it(cli, language):
    answer = {"zh": ZH, "en": EN}[language]
    first = cli("chat", "-l", language, "-n", "2", stdin=answer + "\n", ctrl_c=True)
    assert first.code == 130
    assert "\n# " not in first.out
    # Another language on the command line does not change that of the interview.
    again = cli("chat", "--resume", session_of(first.err), "-l", "en", stdin=answer + "\n")
    assert again.code == 0
    assert {"zh": "继续面试", "en": "going on with"}[language] in again.err
    assert all(words in again.out for words in ASKED[language])
    assert again.out.startswith(first.out.rstrip("\n").split("\n")[0])  # what was said before is shown first


def test_resume_last_takes_the_latest_that_is_unfinished(cli):
    cli("chat", "-l", "en", "-n", "1", stdin=EN + "\n", ctrl_c=True)
    cli("chat", "-l", "zh", "-n", "1", stdin=ZH + "\n")
    result = cli("chat", "--resume", "last", stdin=EN + "\n")
    # The first one was answered in full at once, so nothing was left to interrupt.
    assert result.code == 2
    assert "no unfinished interview" in result.err
    open_one = cli("chat", "-l", "en", "-n", "2", stdin=EN + "\n", ctrl_c=True)
    cli("chat", "-l", "zh", "-n", "1", stdin=ZH + "\n")
    result = cli("chat", "--resume", "last", stdin="stop\n")
    assert result.code == 0
    assert session_of(open_one.err) in result.err


def test_a_finished_interview_can_be_looked_at_again(cli):
    result = cli("chat", "-l", "en", "-n", "1", stdin=EN + "\n")
    (session,) = re.findall(r"interviewer report ([0-9a-f]+)", result.err)
    again = cli("chat", "--resume", session)
    assert again.code == 0
    assert again.out.partition("\n# ")[2] == result.out.partition("\n# ")[2]


def test_an_answer_that_could_not_be_graded_for_want_of_a_model_is_graded_upon_resume(cli, monkeypatch):
    from interviewer import grading

    class Missing:
        def __init__(self, *_: object) -> None:
            raise ModelUnavailable("the model is missing; install it")

    with monkeypatch.context() as patched:
        patched.setattr(grading, "Grader", Missing)
        first = cli("chat", "-l", "en", "-n", "1", stdin=EN + "\n")
    assert first.code == 2
    assert first.err.rstrip().endswith("interviewer: the model is missing; install it")
    again = cli("chat", "--resume", "last")
    assert again.code == 0
    assert EN in again.out.replace("\\", "")
    assert "no more input" not in again.err  # the stored answer was enough


# In a terminal


def test_in_a_terminal_an_answer_may_have_several_lines_and_an_empty_one_sends_it(cli):
    first, second = EN.split("; ")
    result = cli("chat", "-l", "en", "-n", "1", terminal=True, stdin=f"\n\n{first}\n{second}\n\n")
    assert result.code == 0
    assert "you> " in result.out
    assert "... " in result.out
    assert first in result.out.replace("\\", "")
    assert second in result.out.replace("\\", "")


@pytest.mark.parametrize("command", ["skip", "stop", "跳过", "/stop"])
def test_in_a_terminal_a_command_is_taken_at_once(cli, command):
    result = cli("chat", "-n", "1", terminal=True, stdin=command + "\n", ctrl_c=True)
    assert result.code == 0
    assert "\n# " in result.out


def test_the_end_of_input_in_a_terminal_sends_what_was_begun_and_ends(cli):
    result = cli("chat", "-l", "en", "-n", "2", terminal=True, stdin=EN + "\n")
    assert result.code == 0
    assert EN in result.out.replace("\\", "")
    assert "no more input" in result.err


# Modes and documents


@pytest.mark.parametrize(("language", "word"), [("zh", "点评"), ("en", "Feedback")])
def test_a_coach_comments_on_each_answer_and_an_interviewer_does_not(cli, language, word):
    answer = {"zh": ZH, "en": EN}[language]
    before, _, _ = cli("chat", "-l", language, "-n", "2", "--mode", "coach", stdin=f"{answer}\n" * 2).out.partition(
        "\n# "
    )
    assert before.count(word) == 2
    before, _, _ = cli("chat", "-l", language, "-n", "2", stdin=f"{answer}\n" * 2).out.partition("\n# ")
    assert word not in before


def test_styles_word_the_same_questions_differently(cli):
    greetings = set()
    for style in ("warm", "neutral", "demanding"):
        result = cli("chat", "-l", "en", "-n", "1", "--style", style, "--item", "dropout", stdin="skip\n")
        assert "dropout curb" in result.out
        greetings.add(result.out.splitlines()[0])
    assert len(greetings) == 3


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--mode", "exam"], "choose interview"),
        (["--mode", "drill"], "exactly one"),
        (["--mode", "review"], "due"),
        (["--style", "rude"], "choose warm"),
        (["--minutes", "-5"], "minutes"),
        (["--item", "no-such-item"], "no-such-item"),
        (["--for", "nowhere.txt"], "cannot be read"),
        (["--cv", "cv.odt"], "not read"),
    ],
)
def test_an_option_that_cannot_be_used_is_one_line(cli, options, says):
    result = cli("chat", "-n", "1", *options, stdin="skip\n")
    assert result.code == 2
    assert says in result.err.splitlines()[-1]


def test_the_time_is_shown(cli):
    result = cli("chat", "-l", "en", "-n", "2", "--minutes", "30", stdin="hint\nskip\nskip\n")
    assert "of 30 min" in result.err
    assert "of 30 min" not in result.out


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_job_description_decides_what_is_asked_and_is_quoted(cli, tmp_path, language):
    line = {"zh": "要求：明白随机失活怎么防过拟合", "en": "You know how dropout curbs overfitting."}[language]
    (tmp_path / "job.txt").write_text(f"关于我们 About us\n{line}\n", encoding="utf-8")
    result = cli("chat", "-l", language, "-n", "1", "--for", str(tmp_path / "job.txt"), stdin="跳过\n")
    assert result.code == 0
    quoted = line.rstrip(".").removeprefix("要求：")
    assert quoted in result.err
    assert quoted in result.out
    assert ASKED[language][1] in result.out
