"""The web server: the page at "/", a health check and the pages of reference code beside it.

The port is taken before anything slow is imported, so that what cannot work is said at once.
"""

from __future__ import annotations

import argparse
import gc
import inspect
import logging
import os
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, NoReturn

from interviewer.engine import Engine
from interviewer.errors import InterviewerError, ServeError
from interviewer.settings import Settings, load_settings

if TYPE_CHECKING:
    from interviewer.api import Access

DEFAULT_HOST = "127.0.0.1"
PORTS = range(7860, 7880)
"""Tried in turn where no port is asked for."""
_NEARBY = frozenset({"localhost", "127.0.0.1", "[::1]"})
_IDLE_WARM = 8.0  # seconds after which the model is loaded although no page has been opened yet


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the app until interrupted; the exit code, for `leave`."""
    options = _options(arguments)
    try:
        with closing(listen(options.host, options.port)) as listener, tempfile.TemporaryDirectory() as folder:
            settings = load_settings()
            if settings.log_json:
                from interviewer.api.logs import log_as_json

                log_as_json()
            stay_at_home(settings, folder)
            engine = Engine(settings)
            with closing(engine.store):  # opened now: one that cannot be used is no surprise for the first visitor
                run(engine, listener, options.host, access_to(engine, options.host))
    except InterviewerError as error:
        if options.debug:
            raise
        sys.stderr.write(f"interviewer: {error}\n")
        return 2
    except KeyboardInterrupt:
        pass
    return 0


def leave(code: int) -> NoReturn:
    """End the process as it is: unloading a model that is still being loaded would abort it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="app.py", description="The interviewer's web app. 模拟面试的网页界面")
    parser.add_argument("--host", default=DEFAULT_HOST, help=f"address to listen on (default {DEFAULT_HOST})")
    parser.add_argument(
        "--port", type=int, default=None, help=f"default: the first free one from {PORTS.start}; 0: any free one"
    )
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    return parser.parse_args(arguments)


def listen(host: str, port: int | None) -> socket.socket:
    """A listening socket.

    Args:
        host: address or name.
        port: 0 for any free one, None for the first free one of `PORTS`.

    Raises:
        ServeError: the port is taken or cannot be used, or the host is none of this computer.
    """
    if port is not None:
        return _bound(host, port)
    for candidate in PORTS:
        try:
            return _bound(host, candidate)
        except _Taken:
            continue
    raise ServeError(
        f"ports {PORTS.start} to {PORTS.stop - 1} are all in use; choose another with --port, or 0 for any free one"
    )


class _Taken(ServeError):
    pass


def _bound(host: str, port: int) -> socket.socket:
    if not 0 <= port <= 65535:
        raise ServeError(f"port {port} does not exist; choose one from 1024 to 65535, or 0 for any free one")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    if os.name == "posix":  # elsewhere it would let two servers share a port
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(128)
    except OSError as error:
        made.close()
        raise _refusal(error, host, port) from None
    return made


def _refusal(error: OSError, host: str, port: int) -> ServeError:
    import errno

    if error.errno == errno.EADDRINUSE:
        return _Taken(f"port {port} is already in use; choose another with --port, or 0 for any free one")
    if error.errno == errno.EACCES:
        return ServeError(f"port {port} may not be used without special rights; choose one above 1023 with --port")
    return ServeError(f"cannot listen on {host}: {error.strerror or error}; leave --host out for this computer only")


def stay_at_home(settings: Settings, folder: str) -> None:
    """Keep Gradio and the model libraries from calling anyone, and their files in a folder that goes at the end.

    Must come before they are imported: they read these once.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["GRADIO_TEMP_DIR"] = folder
    if not settings.encoder:  # a hub id was asked for by name and may have to be fetched
        os.environ.setdefault("HF_HUB_OFFLINE", "1")


@contextmanager
def _quick_import() -> Iterator[None]:
    """Import Gradio in half of its time.

    At every import it parses its own sources to bring the stubs that editors read up to date, except for classes
    without a file; and it makes a great many objects and no garbage, so that looking for some is in vain.
    """
    real = inspect.getfile

    def no_file_of_gradio(thing: Any) -> str:
        if isinstance(thing, type) and thing.__module__.startswith("gradio."):
            raise OSError("its stub is left as it is")
        return real(thing)

    inspect.getfile = no_file_of_gradio  # type: ignore[assignment]
    gc.disable()
    try:
        yield
    finally:
        inspect.getfile = real
        gc.enable()


def access_to(engine: Engine, host: str) -> Access:
    """Who may use what is served at an address.

    Raises:
        ServeError: it can be reached from elsewhere, nobody has a key, and nobody said that none is needed.
    """
    from interviewer.api import Access
    from interviewer.storage import Keys

    settings = engine.settings
    nearby = is_loopback(host)
    if settings.auth == "off" or (settings.auth == "auto" and nearby):
        # Told that anybody may come, we cannot know by which names; nearby, there are three.
        return Access(
            hosts=_NEARBY if settings.auth == "auto" else None, per_minute=0 if nearby else settings.rate_limit
        )
    keys = Keys(engine.store)
    if not keys.all():
        raise ServeError(
            f"{host} needs a key before it is served: `interviewer key create NAME` makes one; "
            "INTERVIEWER_AUTH=off lets in whoever can reach it"
        )
    return Access(keys, per_minute=settings.rate_limit)


def is_loopback(host: str) -> bool:
    """Whether only programs on this computer can reach an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def run(engine: Engine, listener: socket.socket, host: str, access: Access) -> None:
    """Serve on a socket that listens already, until interrupted."""
    with _quick_import():
        import uvicorn
        from uvicorn.config import LOGGING_CONFIG

        from interviewer.ui.routes import application

    app = application(engine, access)
    port = listener.getsockname()[1]
    # Our own lines instead of Uvicorn's, which hold addresses with ids in them.
    logs = None if engine.settings.log_json else LOGGING_CONFIG
    config = uvicorn.Config(
        app, log_config=logs, log_level="warning", access_log=False, timeout_graceful_shutdown=1, server_header=False
    )

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            sys.stdout.write(f"Interviewer is running at {address(host, port)} (Ctrl-C stops it)\n")
            sys.stdout.flush()
            idle = threading.Timer(_IDLE_WARM, engine.warm)
            idle.daemon = True
            idle.start()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            # Open pages hold a stream each, which is cut now; Uvicorn would report every one as a crash.
            logging.getLogger("uvicorn.error").disabled = True
            await super().shutdown(sockets=sockets)

    Server(config).run(sockets=[listener])


def address(host: str, port: int) -> str:
    """What to type into a browser on this computer."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"
