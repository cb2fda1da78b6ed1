"""The interview: what to ask, what a candidate's message means, how the machine moves, how it speaks."""

from interviewer.interview.intents import Intent, intent_of
from interviewer.interview.plan import Setup, make_plan
from interviewer.interview.session import Event, State, advance, first_state, open_points, with_help
from interviewer.interview.voice import Line, ScriptedVoice, Voice

__all__ = [
    "Event", "Intent", "Line", "ScriptedVoice", "Setup", "State", "Voice", "advance", "first_state", "intent_of",
    "make_plan", "open_points",
    "with_help",
]  # fmt: skip
