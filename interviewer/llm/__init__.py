"""Chat models that word the interview, and the guard that everything they say has to pass."""

from interviewer.llm.find import Found, find_model, open_model, try_model
from interviewer.llm.guard import Guard, Limits, Signs
from interviewer.llm.protocol import ChatModel, Message, Reply
from interviewer.llm.remarks import remark, tell_feedback, tell_remark
from interviewer.llm.scene import Scene, scene_of
from interviewer.llm.speaker import Speaker, Told
from interviewer.llm.voice import ModelVoice, voice_for
from interviewer.llm.wordings import propose

__all__ = [
    "ChatModel", "Found", "Guard", "Limits", "Message", "ModelVoice", "Reply", "Scene", "Signs", "Speaker", "Told",
    "find_model", "open_model", "propose", "remark", "scene_of", "tell_feedback", "tell_remark", "try_model",
    "voice_for",
]  # fmt: skip
