"""Logs as one JSON object a line, for machines that collect them. Nothing that looks like a key gets into one."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

_SECRET = re.compile(r"iv_[0-9a-f]{16}_[\w-]+|(?i:(?<=bearer )[^\s\"']+)|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)")
_EXTRA = ("method", "route", "status", "ms", "owner")


class JsonLines(logging.Formatter):
    """A record as JSON: at, level, logger, message, and what the access log adds."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: getattr(record, name) for name in _EXTRA if hasattr(record, name)},
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return redacted(json.dumps(line, ensure_ascii=False))


def redacted(text: str) -> str:
    """A text without keys, bearer tokens and passwords in URLs."""
    return _SECRET.sub("***", text)


def log_as_json() -> None:
    """Have everything logged on standard error in this form, a line for every request included."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.root.handlers = [handler]
    logging.root.setLevel(logging.WARNING)
    logging.getLogger("interviewer").setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
