"""A real sentence-transformers model, small enough to know every number: each word has a direction of its own."""

from pathlib import Path

import pytest

WORDS = ("[UNK]", "gradient", "vanishing", "dropout", "attention", "梯", "度", "消", "失")


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model whose vector of a text is the normalised count of each word of `WORDS` in it."""
    import numpy as np
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, StaticEmbedding
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer

    tokenizer = Tokenizer(WordLevel({word: n for n, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer()  # cuts between Chinese characters
    tokenizer.pre_tokenizer = BertPreTokenizer()
    embedding = StaticEmbedding(tokenizer, embedding_weights=np.eye(len(WORDS), dtype=np.float32))
    folder = tmp_path_factory.mktemp("models") / "tiny"
    SentenceTransformer(modules=[embedding, Normalize()], device="cpu").save(str(folder))
    return folder
