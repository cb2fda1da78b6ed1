"""The tables. A change here needs a migration in migrations/versions/."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Boolean, Float, ForeignKey, Integer, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Holds the metadata."""


class SessionTable(Base):
    """One interview."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64), server_default="", index=True)
    started_at: Mapped[str] = mapped_column(String(32), index=True)
    updated_at: Mapped[str] = mapped_column(String(32))
    language: Mapped[str] = mapped_column(String(2))
    finished: Mapped[bool] = mapped_column(Boolean)
    setup: Mapped[dict[str, Any]] = mapped_column(JSON)
    plan: Mapped[list[str]] = mapped_column(JSON)


class EventTable(Base):
    """One event of an interview, with what the interviewer said upon it. Only ever added, never changed."""

    __tablename__ = "events"

    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(16))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    said: Mapped[list[dict[str, Any]]] = mapped_column(JSON)


class ReviewTable(Base):
    """One graded answer, for the review queue. Only ever added, never changed."""

    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    owner: Mapped[str] = mapped_column(String(64), index=True)
    session_id: Mapped[str | None] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"))
    """None for practice outside an interview."""
    item_id: Mapped[str] = mapped_column(String(200))
    at: Mapped[str] = mapped_column(String(32))
    score: Mapped[float] = mapped_column(Float)


class CorrectionTable(Base):
    """What a verdict should have been, says the candidate."""

    __tablename__ = "corrections"

    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True)
    item_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    point_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    at: Mapped[str] = mapped_column(String(32))
    was: Mapped[str] = mapped_column(String(16))
    should_be: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text)


class KeyTable(Base):
    """A key to the served app, known by its hash alone. A login is a short-lived key that another one opened."""

    __tablename__ = "keys"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[str] = mapped_column(String(32))
    expires_at: Mapped[str] = mapped_column(String(32))
    opened_with: Mapped[str] = mapped_column(String(16))
