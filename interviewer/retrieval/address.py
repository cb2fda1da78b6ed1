"""Which addresses a model may be asked at. The operator sets them; this catches a mistake and a planted `.env`."""

from __future__ import annotations

import logging
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from interviewer.errors import ModelUnavailable

_METADATA = tuple(ip_network(n) for n in ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "100.100.100.200/32"))
"""Where clouds tell a machine its own secrets; no model is served there."""
_METADATA_NAMES = frozenset({"metadata", "metadata.google.internal", "instance-data"})
_log = logging.getLogger(__name__)


def check_address(url: str, allowed: str, secret: bool) -> None:
    """Return if a model may be asked there.

    Args:
        url: of the endpoint.
        allowed: hosts separated by commas; empty means any but those of a cloud's metadata.
        secret: whether a key is sent along; over plain HTTP to another computer that is warned of.

    Raises:
        ModelUnavailable: it may not.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        raise ModelUnavailable("that is no model's address: write the endpoint as https://host/v1#model") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ModelUnavailable("that is no model's address: write the endpoint as https://host/v1#model")
    if _is_metadata(host):
        raise ModelUnavailable(f"{host} is where a cloud keeps a machine's secrets; no model is served there")
    known = {name.strip().lower() for name in allowed.split(",") if name.strip()}
    if known and host not in known:
        raise ModelUnavailable(f"{host} is not among INTERVIEWER_MODEL_HOSTS ({', '.join(sorted(known))})")
    if secret and parts.scheme == "http" and not _is_here(host):
        _log.warning("the key for %s is sent over plain HTTP, where others can read it", host)


def _is_metadata(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return host in _METADATA_NAMES
    plain = getattr(address, "ipv4_mapped", None) or address
    return any(plain in network for network in _METADATA if network.version == plain.version)


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
