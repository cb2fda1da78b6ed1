"""Embedding models: what is loaded, what is refused, and what the vectors are."""

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviewer.errors import ModelUnavailable
from interviewer.retrieval import encoder as module
from interviewer.retrieval import load_encoder
from interviewer.retrieval.encoder import SentenceEncoder

# Columns of the tiny model: [UNK] gradient vanishing dropout attention 梯 度 消 失
HALF = 2**-0.5
_loaded: dict[str, SentenceEncoder] = {}


@pytest.fixture
def tiny(tiny_model: Path) -> SentenceEncoder:
    return load_encoder(str(tiny_model))


@pytest.fixture
def copy(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "copy"))


def refused(name: object) -> str:
    with pytest.raises(ModelUnavailable) as error:
        load_encoder(str(name))
    message = str(error.value)
    assert "\n" not in message
    assert "INTERVIEWER_ENCODER" in message
    return message


def test_a_text_is_the_normalised_sum_of_its_words_in_both_languages(tiny):
    vectors = tiny.encode(["gradient", "Vanishing gradient", "梯度", "gradient gradient vanishing"])
    expected = np.zeros((4, 9))
    expected[0, 1] = 1
    expected[1, 1] = expected[1, 2] = HALF
    expected[2, 5] = expected[2, 6] = HALF
    # counts (2, 1) over their length √5
    expected[3, 1], expected[3, 2] = 2 / 5**0.5, 1 / 5**0.5
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
    assert vectors.dtype == np.float32


def test_no_texts_give_no_rows_of_the_right_width(tiny):
    assert tiny.encode([]).shape == (0, 9)
    assert tiny.known([]).shape == (0,)


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\u200b\u202e"])
def test_a_text_without_tokens_has_a_zero_vector_and_nothing_is_known_of_it(tiny, text):
    assert tiny.encode([text]).tolist() == [[0.0] * 9]
    assert tiny.known([text]).tolist() == [0.0]


def test_a_text_without_tokens_does_not_disturb_its_neighbours(tiny):
    vectors = tiny.encode(["gradient", "", "梯"])
    assert vectors[0, 1] == vectors[2, 5] == 1.0
    assert not np.isnan(vectors).any()


@pytest.mark.parametrize("text", ["\ud800", "gradient \udcff", "a\0b", "🙂" * 50, "x" * 100_000, "\u202egradient"])
def test_any_string_can_be_encoded(tiny, text):
    vector = tiny.encode([text])
    assert np.isfinite(vector).all()
    assert 0 <= tiny.known([text])[0] <= 1


def test_known_is_the_share_of_tokens_that_the_vocabulary_has(tiny):
    shares = tiny.known(["gradient vanishing", "gradient zebra", "zebra", "梯度", "梯度爆炸"])
    # 2 of 2, 1 of 2, 0 of 1, 2 of 2, 2 of 4
    assert shares.tolist() == [1.0, 0.5, 0.0, 1.0, 0.5]


def test_repeated_texts_and_repeated_calls_give_the_same_rows_in_the_order_asked(tiny):
    first = tiny.encode(["dropout", "梯", "dropout"])
    assert first[0].tolist() == first[2].tolist() != first[1].tolist()
    again = tiny.encode(["梯", "attention", "dropout"])
    assert again[0].tolist() == first[1].tolist()
    assert again[2].tolist() == first[0].tolist()


def test_the_memory_of_recent_texts_is_bounded_and_forgetting_changes_no_vector(tiny, monkeypatch):
    monkeypatch.setattr(module, "_MEMO", 3)
    texts = [f"gradient {n}" for n in range(10)]
    before = tiny.encode(texts)
    assert len(tiny._memo) == 3
    tiny.known(texts)
    assert len(tiny._shares) == 3
    np.testing.assert_array_equal(tiny.encode(texts), before)
    assert tiny.known([texts[0]])[0] == 0.5  # "gradient" is known, "0" is not


def test_what_a_caller_does_to_a_result_does_not_reach_the_memory(tiny):
    tiny.encode(["gradient"])[:] = 7
    assert tiny.encode(["gradient"])[0, 1] == 1.0


@given(st.lists(st.text(max_size=30), max_size=6))
def test_rows_have_length_one_or_zero_and_do_not_depend_on_their_company(tiny_model, texts):
    tiny = _loaded.setdefault("tiny", load_encoder(str(tiny_model)))
    vectors = tiny.encode(texts)
    assert vectors.shape == (len(texts), 9)
    for text, vector, known in zip(texts, vectors, tiny.known(texts), strict=True):
        length = float(np.linalg.norm(vector))
        assert length == pytest.approx(1, abs=1e-5) or length == 0
        assert 0 <= known <= 1
        np.testing.assert_allclose(load_alone(tiny, text), vector, atol=1e-6)


def load_alone(tiny: SentenceEncoder, text: str) -> np.ndarray:
    return SentenceEncoder(tiny._model, "x").encode([text])[0]


def test_many_threads_may_use_one_encoder(tiny):
    texts = [f"gradient {'vanishing ' * (n % 5)}" for n in range(60)]
    expected = SentenceEncoder(tiny._model, "x").encode(texts)
    results: list[np.ndarray] = []

    def work() -> None:
        for text in texts:
            tiny.known([text])
        results.append(np.concatenate([tiny.encode([text]) for text in texts]))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    for result in results:
        np.testing.assert_allclose(result, expected, atol=1e-6)


# Fingerprints


def test_the_fingerprint_names_the_folder_and_is_that_of_its_content(tiny_model, copy):
    name, digest = load_encoder(str(tiny_model)).fingerprint.split("@")
    assert name == "tiny"
    assert load_encoder(str(copy)).fingerprint == f"copy@{digest}"
    assert load_encoder(f"{copy}/.").fingerprint == f"copy@{digest}"


def test_the_fingerprint_changes_with_the_weights(copy):
    before = load_encoder(str(copy)).fingerprint
    weights = copy / "model.safetensors"
    changed = bytearray(weights.read_bytes())
    changed[-4:] = np.float32(0.5).tobytes()  # 失 no longer has length 1
    weights.write_bytes(changed)
    assert load_encoder(str(copy)).fingerprint != before


@pytest.mark.parametrize("size", [1 << 20, 3 << 19, 2 << 20, 5 << 19], ids=["1", "1.5", "2", "2.5"])
@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_the_fingerprint_sees_the_end_of_weights_of_any_size(tmp_path, size, name):
    (tmp_path / name).write_bytes(b"\0" * size)
    before = module._fingerprint(tmp_path)
    (tmp_path / name).write_bytes(b"\0" * (size - 1) + b"\1")
    assert module._fingerprint(tmp_path) != before


def test_the_fingerprint_does_not_change_with_the_readme(copy):
    before = load_encoder(str(copy)).fingerprint
    (copy / "README.md").write_text("其他", encoding="utf-8")
    assert load_encoder(str(copy)).fingerprint == before


# What is refused


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\0garbage", b"half"], ids=["empty", "garbage", "half"])
@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "modules.json"])
def test_a_damaged_model_is_refused_in_one_sentence(copy, name, content):
    path = copy / name
    path.write_bytes(path.read_bytes()[:-20] if content == b"half" else content)
    assert "cannot be loaded" in refused(copy)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "modules.json"])
def test_a_model_that_lacks_a_file_is_refused_in_one_sentence(copy, name):
    (copy / name).unlink()
    assert "cannot be loaded" in refused(copy)


def test_a_model_that_brings_its_own_code_is_refused_and_the_code_not_run(copy, tmp_path):
    ran = tmp_path / "ran"
    (copy / "evil.py").write_text(f"open({str(ran)!r}, 'w')\nclass Module: ...\n")
    (copy / "modules.json").write_text(json.dumps([{"idx": 0, "name": "0", "path": "", "type": "evil.Module"}]))
    refused(copy)
    assert not ran.exists()


@pytest.mark.parametrize("name", ["/no/such/folder", "./no-such", "~/no/such", "~nobody-of-that-name/x", ".."])
def test_a_missing_folder_is_refused_without_a_look_at_the_network(name, tmp_path, monkeypatch):
    empty = tmp_path / "a" / "b"
    empty.mkdir(parents=True)
    monkeypatch.chdir(empty)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert name in refused(name)


def test_a_file_is_no_model(tmp_path):
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"x")
    assert "not a folder" in refused(file)


@pytest.mark.parametrize("name", ["nobody-here/no-such-model", "模型", "a\0b"])
def test_an_unknown_model_id_is_refused_in_one_sentence(name):
    assert repr(name) in refused(name)


# The default model


def test_an_installation_without_the_default_model_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "SHIPPED", tmp_path)
    for name in ("", "  "):
        assert "reinstall" in refused(name)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_a_default_model_with_one_flipped_bit_is_refused_in_one_sentence(monkeypatch, tmp_path, name):
    folder = tmp_path / "model"
    shutil.copytree(module.SHIPPED, folder)
    content = bytearray((folder / name).read_bytes())
    content[-100] ^= 1
    (folder / name).write_bytes(content)
    monkeypatch.setattr(module, "SHIPPED", folder)
    assert f"the default model is damaged ({name})" in refused("")


@pytest.fixture(scope="module")
def shipped() -> SentenceEncoder:
    return load_encoder()


def test_the_default_model_is_small_and_self_contained():
    size = sum(p.stat().st_size for p in module.SHIPPED.rglob("*") if p.is_file())
    assert size <= 30_000_000
    assert not [p for p in module.SHIPPED.rglob("*") if p.is_symlink()]


def test_the_default_model_loads_in_float32_without_a_word(shipped, capfd):
    loaded = module._load(str(module.SHIPPED))
    assert {str(p.dtype) for p in loaded.parameters()} == {"torch.float32"}
    assert capfd.readouterr() == ("", "")


def test_the_default_model_gives_what_sentence_transformers_gives(shipped):
    texts = [
        "梯度消失", "Batch norm normalises over the batch.", "x", "残差连接给梯度一条直路。" * 40, "skip connection " * 200,
        "损失 = 重建误差 + KL", "",
    ]  # fmt: skip
    theirs = SentenceEncoder(module._load(str(module.SHIPPED)), "theirs")
    assert np.allclose(shipped.encode(texts), theirs.encode(texts), atol=1e-4)
    assert np.allclose(shipped.known(texts), theirs.known(texts))


def test_the_default_model_loads_without_sentence_transformers():
    script = (
        "import sys; from interviewer.retrieval import load_encoder; load_encoder().encode(['a']);"
        "print([m for m in ('sentence_transformers', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("anchor", "like", "unlike"),
    [
        (
            "Why do gradients vanish in deep networks?",
            "The derivative shrinks towards zero as it passes back through many layers.",
            "The weather in Paris is mild in spring.",
        ),
        ("为什么深层网络会梯度消失？", "导数一层层往回乘，越乘越接近零。", "巴黎的春天天气很温和。"),
        ("什么是过拟合？", "How would you define overfitting?", "The train leaves the station at nine."),
        ("为什么要做 batch normalization", "批归一化有什么用", "怎么做红烧肉"),
    ],
)
def test_the_default_model_holds_like_sentences_nearer_than_unlike_ones(shipped, anchor, like, unlike):
    anchor, like, unlike = shipped.encode([anchor, like, unlike])
    assert anchor.shape == (384,)
    assert anchor @ like > 0.3 > anchor @ unlike


def test_the_default_model_reads_both_languages(shipped):
    assert shipped.known(["什么是梯度消失，如何缓解？", "What is a vanishing gradient?"]).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("过拟合时，训练损失很低而验证损失很高", "過擬合時，訓練損失很低而驗證損失很高"),
        ("CNN 的卷积核共享权重", "ＣＮＮ 的卷积核共享权重"),
        ("学习率太大,会发散", "学习率太大，会发散"),
        ("Dropout Is Off At Test Time", "dropout is off at test time"),
    ],
)
def test_the_default_model_does_not_see_the_script_or_the_width(shipped, one, other):
    one, other = shipped.encode([one, other])
    assert one @ other > 0.999
