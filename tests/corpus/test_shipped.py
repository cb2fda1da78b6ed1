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
    *(f"d4.{n}" for n in range(1, 7)),
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
    "d4.1": ("BatchNorm|Batch Normalization", "batch norm"),  # the batch size is none of its settings
    "d4.4": ("学习率", "learning rate"),  # no cure for overfitting
    "d4.5": ("tf.data", "tf.data"),  # what is particular to TensorFlow
    "d4.6": ("折外", "out-of-fold"),  # what a stacked model must be trained on
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


def test_there_are_90_rows_to_cover(corpus):
    assert len(ROWS) == len(set(ROWS)) == 8 + 32 + 24 + 8 + 12 + 6
    assert set(corpus.rows) == set(ROWS)


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


def test_what_is_worked_out_shows_its_number_formula_or_code(corpus):
    for item in corpus.items.values():
        if item.kind not in ("calculation", "derivation", "coding"):
            continue
        for language in LANGUAGES:
            answer = item.answer.get(language)
            shown = {
                "calculation": re.search(r"\d", answer) and any(_number(p, language) for p in item.key_points),
                "derivation": re.search(r"\$[^$]*=[^$]*\$", answer),
                "coding": "`" in answer,
            }
            assert shown[item.kind], (item.id, language)


def _number(point, language):
    return re.search(r"\d", point.text.get(language))


# Where each question about experience looks for setting, own doing, result and price: ids of key points.
STORIES = {
    "model-optimisation-story": ("baseline-first", "error-analysis", "measured-outcome", "price-paid"),
    "deployment-challenge-story": (
        "production-constraints",
        "own-part-and-options",
        "before-after-online",
        "safe-release",
    ),
    "training-problem-solved": ("symptom-described", "cause-verified", "result-on-validation", "prevention"),
    "project-you-are-proud-of": ("problem-in-numbers", "my-own-part", "outcome-measured", "honest-reflection"),
    "offline-good-online-bad": ("gap-quantified", "parity-check", "loop-closed", "metric-mismatch"),
    "inference-cost-cut": ("unit-cost-baseline", "ordered-measures", "saving-reported", "quality-guard"),
    "data-quality-story": ("quantified-impact", "fix-at-source", "data-gain-and-guard", "eval-set-clean-first"),
    "metric-disagreement": ("both-goals-stated", "tested-by-data", "committed-and-learnt", "link-to-cost"),
    "failed-experiment": ("falsifiable-hypothesis", "bug-ruled-out", "explained-why", "stopped-in-time"),
    "reproducing-a-paper": ("target-and-gap", "bisect-differences", "independent-judgement", "eval-first"),
    "architecture-under-deadline": ("constraints-ranked", "cheap-probe", "outcome-checked", "risk-and-reversibility"),
    "production-incident": ("impact-and-timeline", "mitigate-first", "systemic-prevention", "root-cause-evidence"),
    "mentoring-and-ml-code-review": ("silent-errors", "concrete-example", "scaled-by-tooling", "teach-to-find"),
    "tensorflow-training-story": (
        "setting-and-own-part",
        "tf-data-pipeline",
        "figures-and-price",
        "fit-or-custom-loop",
    ),
}


def test_a_dozen_questions_about_experience_have_a_rubric_of_setting_action_result_and_price(corpus):
    assert len(STORIES) >= 12
    for item_id, rubric in STORIES.items():
        item = corpus.item(item_id)
        assert item.kind == "experience" and len(item.key_points) >= 5
        assert set(rubric) <= {p.id for p in item.key_points}
        assert item.intent.zh and item.intent.en


def test_the_plan_of_what_to_learn_first_has_no_cycle_and_goes_from_easier_to_harder(corpus):
    # The check refuses cycles; here that a study plan which follows `requires` does not climb down by two levels.
    for item in corpus.items.values():
        for required in item.requires:
            assert corpus.item(required).level <= item.level + 1, (item.id, required)


PLACES = {
    "d0": r"(一\.[1-3]|二\.[1-5]) \S.*",
    "d1": r"([1-9]|1[0-4])(\.\d)? \S.*",
    "d2": r"第 ([1-9]|1\d|2[0-4]) 题|实践部分 [1-8]",
    "d3": r"(AE|VAE|GAN|U-Net|Transformer|面试问题汇总（杂）)( ?第 [1-3] 题)?(, GAN 第 1 题)?",
    "d4": r"问题 [1-6]",
}


def test_places_in_the_five_documents_are_places_they_have_and_papers_are_cited_without_numbers(corpus):
    # Numbers of sections in papers had been written from memory; nobody has looked them up.
    for item in corpus.items.values():
        for citation in item.sources:
            if citation.ref in PLACES:
                assert re.fullmatch(PLACES[citation.ref], citation.at), (item.id, citation)
            else:
                assert not re.search(r"§|\b(section|table|chapter|appendix) ", citation.at, re.IGNORECASE), (
                    item.id,
                    citation,
                )
