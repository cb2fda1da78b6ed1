"""The interview: what to ask, what a candidate's message means, how the machine moves, how it speaks."""

from interviewer.interview.ability import Ability
from interviewer.interview.brief import read_brief
from interviewer.interview.calibration import Difficulty, calibrate, read_difficulties, write_difficulties
from interviewer.interview.intents import Command, Intent, intent_of
from interviewer.interview.plan import Brief, Cue, Setup, candidates, focused_plan
from interviewer.interview.policy import ability_of, choose
from interviewer.interview.session import (
    Choice,
    Chooser,
    Event,
    State,
    advance,
    event_of,
    first_state,
    nothing_more,
    open_points,
    with_help,
)
from interviewer.interview.voice import Line, ScriptedVoice, Voice

__all__ = [
    "Ability", "Brief", "Choice", "Chooser", "Command", "Cue", "Difficulty", "Event", "Intent", "Line", "ScriptedVoice",
    "Setup", "State", "Voice", "ability_of", "advance", "calibrate", "candidates", "choose", "event_of", "first_state",
    "focused_plan", "intent_of", "nothing_more", "open_points", "read_brief", "read_difficulties", "with_help",
    "write_difficulties",
]  # fmt: skip
