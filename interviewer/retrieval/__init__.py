"""Embedding models and the search index over the corpus."""

from interviewer.retrieval.encoder import Encoder, load_encoder
from interviewer.retrieval.index import Hit, Index, open_index

__all__ = ["Encoder", "Hit", "Index", "load_encoder", "open_index"]
