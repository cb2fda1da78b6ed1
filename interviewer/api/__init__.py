"""The HTTP side that programs use: `/v1` with its OpenAPI document, health, metrics, and the guard at the door."""

from interviewer.api.app import application, caller
from interviewer.api.guard import CALLER, COOKIE, OWNER, Access

__all__ = ["CALLER", "COOKIE", "OWNER", "Access", "application", "caller"]
