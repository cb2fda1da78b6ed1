"""A bilingual mock interviewer for deep learning: asks, follows up, grades against key points, explains the grade."""

from __future__ import annotations

__version__ = "0.1.0"
