"""The pictures: right lengths and places, readable labels, nothing from outside."""

import re
from itertools import pairwise

import pytest

from interviewer.report.charts import radar, shown, topic_bars, wrapped
from interviewer.schema import Bilingual, Topic, TopicReview

LONG_ZH = "大规模分布式训练中的通信优化与显存管理以及混合精度训练的数值稳定性问题综合讨论"
LONG_EN = "Communication-efficient distributed optimisation and memory management for very large models"


def reviews(*scores, title=None):
    return [
        TopicReview(Topic(str(n), title or Bilingual(f"主题{n}", f"Topic {n}")), score, 1)
        for n, score in enumerate(scores)
    ]


def bars(svg):
    """Widths of the coloured bars in percent; every bar follows its full-width track."""
    return re.findall(r'<rect[^>]* width="([\d.]+)%"', svg)[1::2]


def test_a_bar_is_as_long_as_its_score():
    assert bars(topic_bars(reviews(0.0, 48.5, 100.0), "en")) == ["0.0", "48.5", "100.0"]


def test_a_score_out_of_range_does_not_leave_the_picture():
    assert bars(topic_bars(reviews(-5.0, 140.0), "en")) == ["0.0", "100.0"]


def test_the_bands_are_marked_on_every_bar_and_named_below():
    svg = topic_bars(reviews(10.0, 20.0), "en")
    for band in ("30", "60", "80"):
        assert svg.count(f'x1="{band}%"') == 2
        assert f">{band}</text>" in svg


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("draw", [topic_bars, radar])
def test_a_picture_says_in_words_what_it_shows(kit, draw, language):
    svg = kit.parse(draw(reviews(73.0, 20.5, 9.0), language)).children[0]
    name = "主题1" if language == "zh" else "Topic 1"
    assert svg.attrs["role"] == "img"
    assert f"{name}: 20.5" in svg.attrs["aria-label"]
    assert svg.all("title")[0].text()
    assert f"{name}: 20.5" in svg.all("desc")[0].text()


@pytest.mark.parametrize("draw", [topic_bars, radar])
def test_a_picture_loads_nothing_and_runs_nothing(draw):
    svg = draw(reviews(73.0, 20.5, 9.0), "en").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|url\(|<script|<style|<image|href|\son\w+=|font-face", svg)
    assert "currentColor" in svg and "var(--debrief-accent,#" in svg


@pytest.mark.parametrize("draw", [topic_bars, radar])
def test_a_hostile_title_stays_text(kit, draw):
    title = Bilingual(*['"><script>alert(1)</script>&'] * 2)
    tree = kit.parse(draw(reviews(1.0, 2.0, 3.0, title=title), "en"))
    assert not tree.all("script")
    assert "script>alert(1)" in tree.text()


def test_a_radar_needs_three_topics():
    assert radar(reviews(1.0, 2.0), "en") is None
    assert radar([], "en") is None
    assert radar(reviews(1.0, 2.0, 3.0), "en")


def test_the_corners_of_a_radar_lie_on_their_axes():
    svg = radar(reviews(100.0, 50.0, 0.0, 100.0), "en")
    corners = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', svg)
    # centre (170, 135), radius 110: up 110; right 55; none; left 110
    assert corners == [("170.0", "25.0"), ("225.0", "135.0"), ("170.0", "135.0"), ("60.0", "135.0")]


@pytest.mark.parametrize("title", [LONG_ZH, LONG_EN, "x" * 200])
def test_a_long_label_is_wrapped_and_never_cut(kit, title):
    for draw, width in ((topic_bars, 250), (radar, 340 - 36)):
        tree = kit.parse(draw(reviews(50.0, 60.0, 70.0, title=Bilingual(title, title)), "en"))
        lines = [t.text() for t in tree.all("text")]
        assert "".join(lines).replace(" ", "").count(title.replace(" ", "")) == 3
        # a Chinese character is as wide as the text is high (14), a narrow Latin letter more than a third of that
        assert all(sum(14 if ord(c) > 0x2E80 else 5 for c in line) <= width for line in lines)


@pytest.mark.parametrize("draw", [topic_bars, radar])
def test_lines_of_text_do_not_overlap(kit, draw):
    tree = kit.parse(draw(reviews(*[50.0] * 10, title=Bilingual(LONG_ZH, LONG_EN)), "zh"))
    left = [float(t.attrs["y"]) for t in tree.all("text") if t.attrs["x"] in ("0", "32")]
    assert left == sorted(left)
    assert all(b - a >= 18 for a, b in pairwise(left))


def test_the_picture_is_as_high_as_what_it_holds(kit):
    for draw in (topic_bars, radar):
        svg = kit.parse(draw(reviews(*[50.0] * 10, title=Bilingual(LONG_ZH, LONG_EN)), "zh")).children[0]
        assert max(float(t.attrs["y"]) for t in svg.all("text")) < float(svg.attrs["height"])


def test_wrapping_breaks_at_spaces_where_it_can():
    assert wrapped("two words", 45) == ["two", "words"]
    assert wrapped("一二三四五", 30) == ["一二", "三四", "五"]
    assert wrapped("abcdef", 20) == ["ab", "cd", "ef"]
    assert wrapped("", 20) == [""]
    assert wrapped("  a \n b ", 200) == ["a b"]


def test_scores_are_shown_in_as_few_digits_as_say_them():
    assert [shown(x) for x in (73.0, 72.5, 0.0, 100.0)] == ["73", "72.5", "0", "100"]
