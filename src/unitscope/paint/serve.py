"""Listen on a port until Ctrl-C, and let nobody in who does not know the token."""

from __future__ import annotations

import asyncio
import socket
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from types import FrameType

from unitscope.errors import UnitscopeError
from unitscope.paint.studio import Studio

try:
    import starlette  # noqa: F401 - what the server is made of
    import uvicorn
except ImportError as missing:
    raise UnitscopeError(
        f"'unitscope paint' needs {missing.name}, which is not installed; pip install 'unitscope[paint]' brings it"
    ) from missing

from unitscope.paint.safety import is_loopback, new_token
from unitscope.paint.server import Server

GRACE = 1
"""Seconds that answers on their way have when the server is told to stop."""


class _Listening(uvicorn.Server):
    """A server that tells when it listens and when it is told to stop."""

    def __init__(self, config: uvicorn.Config, begun: Callable[[], None], ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._begun, self._ending = begun, ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self._begun()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop at a signal."""
        self._ending()
        super().handle_exit(sig, frame)


def serve(
    studio: Studio,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    told: Callable[[str], None],
    browser: bool = False,
) -> None:
    """Serve the page of a studio until the process is interrupted.

    Args:
        studio: what is painted on.
        host: what to listen on.
        port: 0 for any that is free.
        told: is given the address, with its token, once somebody can open it.
        browser: open it in a browser.

    Raises:
        UnitscopeError: nothing can listen there.
    """
    with bound(host, port) as listener, suppress(KeyboardInterrupt):
        asyncio.run(_serve(studio, listener, host, told, browser=browser))


async def _serve(
    studio: Studio, listener: socket.socket, host: str, told: Callable[[str], None], *, browser: bool
) -> None:
    token = new_token()
    address = f"http://{_written(host)}:{listener.getsockname()[1]}/?token={token}"
    server = Server(studio, token, host)

    def begun() -> None:
        told(address)
        if browser:
            # A browser of the terminal would stay in the way until it is left.
            Thread(target=lambda: webbrowser.open(address), daemon=True).start()

    config = uvicorn.Config(
        server.application, http="httptools", ws="none", lifespan="off", log_config=None, log_level="critical",
        access_log=False, server_header=False, timeout_keep_alive=30, timeout_graceful_shutdown=GRACE,
    )  # fmt: skip
    try:
        await _Listening(config, begun, server.close).serve([listener])
    finally:
        server.close(timeout=GRACE)


def _written(host: str) -> str:
    """Return a host as it stands in an address that this machine can open."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]" if ":" in host else host


@contextmanager
def bound(host: str, port: int) -> Iterator[socket.socket]:
    """Give a socket that listens; it says that it is TCP, without which answers wait for acknowledgements.

    Raises:
        UnitscopeError: the host is no address of this machine, or the port is taken.
    """
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise UnitscopeError(
            f"--host {host!r} is no address of this machine: {getattr(error, 'strerror', None) or error}"
        ) from error
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(place)
            listener.listen()
        except OSError as error:
            raise UnitscopeError(
                f"port {port} of {host} cannot be listened on: {error.strerror}; give another --port, or 0 for any "
                "that is free"
            ) from error
        yield listener


def warning_of(host: str) -> str:
    """Return what a person should know before others can reach the server; empty where only this machine can."""
    if is_loopback(host):
        return ""
    return (
        f"--host {host} lets other machines reach this server: who knows the address with its token can paint, and who "
        "watches the network can read it, since nothing is encrypted"
    )
