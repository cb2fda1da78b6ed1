"""The corpus: load and validate items, resolve code links. The format is docs/corpus.md."""

from interviewer.corpus.check import Complaint
from interviewer.corpus.code import source_of
from interviewer.corpus.figures import figures
from interviewer.corpus.load import Corpus, check_folders, load_corpus, shipped_folder

__all__ = ["Complaint", "Corpus", "check_folders", "figures", "load_corpus", "shipped_folder", "source_of"]
