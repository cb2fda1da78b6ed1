"""Grading: how good a free-text answer is, and which sentence of it each verdict rests on."""

from interviewer.grading.entailment import Entailment, load_entailment
from interviewer.grading.feedback import feedback
from interviewer.grading.grader import Grader, band, vocabulary_of
from interviewer.grading.guards import admits_not_knowing
from interviewer.grading.reference import as_item, gradable

__all__ = [
    "Entailment",
    "Grader",
    "admits_not_knowing",
    "as_item",
    "band",
    "feedback",
    "gradable",
    "load_entailment",
    "vocabulary_of",
]
