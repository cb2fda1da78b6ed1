"""The corpus that comes with the program: without a complaint, and nothing of what it must cover left out."""

import re

import pytest

from interviewer.corpus import check_folders, shipped_folder
from interviewer.schema import LANGUAGES
from interviewer.text import language_of, terms

# Every question of the five documents that the corpus began from.
ROWS = [
    *(f"d0.{n}" for n in range(1, 9)),
    *(f"d1.{n}" for n in range(1, 33)),
    *(f"d2.{n}" for n in range(1, 25)),
    *(f"d2.p{n}" for n in range(1, 9)),
    *(f"d4.{n}" for n in range(1, 5)),
    "d3.ae", "d3.vae", "d3.1", "d3.2", "d3.gan", "d3.3", "d3.unet", "d3.4", "d3.tf", "d3.5", "d3.6", "d3.7",
]  # fmt: skip

# Where the document is wrong or stale, with a word that the correction cannot do without in either language.
WRONG_ROWS = {
    "d0.1": ("14", "14"),  # the code fits one input size only
    "d0.2": ("补齐", "padding"),  # takes the state after the padding
    "d0.3": ("batch_first", "batch_first"),  # indexes the batch instead of the sequence
    "d1.5": ("小批量", "mini-batch"),  # not one sample a step
    "d1.11": ("即时|eager|动态", "eager"),  # TensorFlow 2
    "d1.14": ("归档", "archived"),  # TorchServe
    "d1.15": ("ExecuTorch", "LiteRT"),  # what the tools are called now
    "d1.16": ("离群", "outlier"),  # MSE is sensitive to them
    "d1.17": ("log", "log"),  # no weighted sum of differences
    "d1.18": ("间隔", "correctly"),  # right is not yet without loss
    "d1.21": ("采样|偏移", "offset|sampl"),  # the taps move, not the scan
    "d1.23": ("质疑", "dispute|question|challeng"),  # internal covariate shift
    "d1.30": ("BERT", "BERT"),  # whose MLM and NSP are
    "d1.31": ("聊天", "chat"),  # Bard is no translation system
    "d2.p1": ("惰性", "lazy"),  # the two are the wrong way round
    "d2.p8": ("一次", "once"),  # traced, not built at each step
    "d4.4": ("学习率", "learning rate"),  # no cure for overfitting
    "d2.3": ("保留", "keep"),  # which of the two probabilities
    "d2.10": ("核", "kernel"),  # zeros go between its taps, not into the feature map
    "d2.16": ("强化学习", "reinforcement"),  # is not unsupervised
    "d3.1": ("KL", "KL"),  # belongs to the loss
    "d3.3": ("log", "log"),  # the value at the optimum
    "d3.6": ("轴|维", "axes|axis|dimension"),  # over which the statistics run
}


@pytest.fixture(scope="module")
def checked():
    return check_folders(shipped_folder())


@pytest.fixture(scope="module")
def corpus(checked):
    return checked[0]


def test_the_shipped_corpus_has_no_complaint(checked):
    assert [str(c) for c in checked[1]] == []


def test_there_are_88_rows_to_cover():
    assert len(ROWS) == len(set(ROWS)) == 8 + 32 + 24 + 8 + 12 + 4


@pytest.mark.parametrize("row", ROWS)
def test_every_row_has_an_item_that_cites_its_document(corpus, row):
    assert corpus.rows.get(row)
    for item_id in corpus.rows[row]:
        assert row.split(".")[0] in {c.ref for c in corpus.item(item_id).sources}


@pytest.mark.parametrize("row", WRONG_ROWS)
def test_what_a_document_gets_wrong_is_put_right_in_both_languages(corpus, row):
    document = row.split(".")[0]
    errata = [e for i in corpus.rows[row] for e in corpus.item(i).errata if e.source == document]
    assert errata
    for language, words in zip(LANGUAGES, WRONG_ROWS[row], strict=True):
        assert any(re.search(words, e.text.get(language), re.IGNORECASE) for e in errata), (row, language)


def test_every_item_is_published_and_has_a_source(corpus):
    assert {i.status for i in corpus.items.values()} == {"published"}
    assert all(i.sources for i in corpus.items.values())


def test_points_have_as_many_wordings_as_the_format_asks_for(corpus):
    # docs/corpus.md: at least three right and two wrong ones in each language.
    for item in corpus.items.values():
        for point in item.key_points:
            for language in LANGUAGES:
                assert len(point.also.get(language)) >= 3, (item.id, point.id)
                assert len(point.contradictions.get(language)) >= 2, (item.id, point.id)
            assert 1 <= point.weight <= 3, (item.id, point.id)


def test_no_wording_is_in_the_wrong_language_unless_it_is_a_formula_or_code(corpus):
    for item in corpus.items.values():
        for point in item.key_points:
            for wording in (*point.also.zh, *point.contradictions.zh):
                assert language_of(wording) != "en" or re.search(r"[=@\[]", wording), (item.id, wording)
            for wording in (*point.also.en, *point.contradictions.en):
                assert language_of(wording) != "zh", (item.id, wording)


def test_every_text_has_terms_to_find_it_by(corpus):
    for item in corpus.items.values():
        for language in LANGUAGES:
            assert terms(item.question.get(language)), item.id
            assert all(terms(p.text.get(language)) for p in item.key_points), item.id


def test_topics_have_titles_and_overviews_and_the_names_of_their_files(corpus):
    files = {p.stem for p in (shipped_folder() / "items").glob("*.yaml")}
    assert set(corpus.topics) == files == {i.topic for i in corpus.items.values()}
    for topic in corpus.topics.values():
        for text in (topic.title, topic.overview):
            assert text.zh and language_of(text.zh) == "zh"
            assert text.en and language_of(text.en) == "en"


def test_every_code_link_opens_the_symbol_it_names(corpus):
    links = [ref for item in corpus.items.values() for ref in item.code]
    assert links
    for ref in links:
        name = ref.symbol.split(".")[-1]
        assert re.search(rf"^\s*(class|def|async def) {name}\b", corpus.source_of(ref), re.MULTILINE), ref


def test_every_reference_is_used_or_is_one_of_the_five_documents(corpus):
    cited = {c.ref for i in corpus.items.values() for c in i.sources}
    cited |= {e.source for i in corpus.items.values() for e in i.errata}
    assert cited <= set(corpus.references)
    assert {"d0", "d1", "d2", "d3", "d4"} <= set(corpus.references)
    assert all(r.url == "" or re.match(r"https?://\S+$", r.url) for r in corpus.references.values())


def test_formulas_are_closed(corpus):
    for item in corpus.items.values():
        for text in (item.answer.zh, item.answer.en):
            prose = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)
            assert prose.replace("\\$", "").count("$") % 2 == 0, item.id


def test_every_topic_has_every_level(corpus):
    for topic in corpus.topics:
        assert {i.level for i in corpus.items.values() if i.topic == topic} >= {1, 2, 3, 4, 5}, topic


def test_at_least_a_seventh_of_the_items_is_worked_out_by_hand(corpus):
    worked = [i for i in corpus.items.values() if i.kind in ("calculation", "derivation", "coding")]
    assert len(corpus.items) >= 200
    assert len(worked) >= 0.15 * len(corpus.items)
