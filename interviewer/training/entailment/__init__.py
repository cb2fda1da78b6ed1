"""How the shipped cross-encoder is trained: `python -m interviewer.training.entailment`."""
