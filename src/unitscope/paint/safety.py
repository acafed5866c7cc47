"""Who may talk to the server, and how much: every request passes here first."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import secrets
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_WAITING = 512
"""Requests that are looked at together."""
MOST_BODIES = 16
"""Of those whose bodies are in memory."""
PATIENCE = 30.0
"""Seconds that a body may take to arrive."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
"""Sent with every answer."""


class Refused(Exception):
    """A request that is not answered: a status and one line."""

    def __init__(self, status: int, line: str) -> None:
        super().__init__(line)
        self.status, self.line = status, line


def new_token() -> str:
    """Return a token that nobody guesses."""
    return secrets.token_urlsafe(32)


def refusal(status: int, line: str) -> Response:
    """Return an error as it is sent."""
    content = msgspec.json.encode({"error": " ".join(line.split())})
    return Response(content, status, media_type="application/json")


def is_loopback(host: str) -> bool:
    """Tell whether nobody but this machine reaches a host."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Guard:
    """Refuses requests of other pages and of those who do not know the token, and sends `HEADERS` with every answer.

    Another page cannot read the token, which is in the address of this one. It is refused besides by its ``Origin``,
    and one whose name was made to stand for this machine (DNS rebinding) by ``Host``: only names of this machine and
    addresses are let in.

    Args:
        app: what answers.
        token: that every request needs, but for the files of the page.
        host: that is listened on.
    """

    def __init__(self, app: ASGIApp, token: str, host: str) -> None:
        self.app, self.token, self.host = app, token.encode(), host
        self.turns = Turns()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        if scope["type"] != "http":
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        try:
            headers = Headers(scope=scope)
            self.check(scope, headers)
            async with self.turns.of(headers.get("x-client", "")):
                await self.app(scope, receive, sent)
        except Refused as refused:
            await refusal(refused.status, refused.line)(scope, receive, sent)

    def check(self, scope: Scope, headers: Headers) -> None:
        """Look at the headers and at the token.

        Raises:
            Refused: with 403 or 401.
        """
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self.knows(hosts[0]):
            raise Refused(403, "this Host is not the server's; open the address that it prints")
        origins = headers.getlist("origin")
        if origins and origins != [f"http://{hosts[0]}"]:
            raise Refused(403, "another page may not talk to this server")
        path = scope["path"]
        if path != "/" and headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise Refused(403, "another page may not talk to this server")
        if path == "/":
            given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[-1]
        elif path.startswith("/page/"):
            return
        else:
            scheme, _, given = headers.get("authorization", "").partition(" ")
            given = given if scheme.lower() == "bearer" else ""
        if not hmac.compare_digest(given.encode("utf-8", "replace"), self.token):
            raise Refused(
                401, "the token is missing or wrong; open the address that 'unitscope paint' prints"
            )

    def knows(self, host: str) -> bool:
        """Tell whether a ``Host`` is this machine by name or address; behind a tunnel its port may be another."""
        name, bracket, port = host.rpartition("]") if host.startswith("[") else host.partition(":")
        name, port = (name.removeprefix("["), port.removeprefix(":")) if bracket == "]" else (name, port)
        if port and not (port.isascii() and port.isdigit()):
            return False
        name = name.lower()
        if is_loopback(self.host):
            return name in LOOPBACK or name == self.host.lower()
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name in (*LOOPBACK, self.host.lower(), socket.gethostname().lower())
        return True


class Turns:
    """Lets every client have one request answered at a time, in the order they came."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._users = Counter[str]()

    @asynccontextmanager
    async def of(self, client: str) -> AsyncIterator[None]:
        """Wait for the turn of a client; those that do not say who they are have one together.

        Raises:
            Refused: too many wait already, or the name of the client is too long.
        """
        if len(client) > 100:
            raise Refused(400, "X-Client is longer than 100 characters")
        if self._users.total() >= MOST_WAITING:
            raise Refused(503, f"{MOST_WAITING} requests are waiting; try again")
        lock = self._locks.setdefault(client, asyncio.Lock())
        self._users[client] += 1
        try:
            async with lock:
                yield
        finally:
            self._users[client] -= 1
            if not self._users[client]:
                del self._users[client], self._locks[client]


async def read_body(request: Request, most: int, kinds: tuple[str, ...]) -> bytes:
    """Return the body of a request.

    Args:
        request: not read yet.
        most: bytes.
        kinds: content types it may have; ``image/`` stands for all that begin so.

    Raises:
        Refused: it is of another type, too large, also where it does not say how large, or does not arrive.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not any(kind == each or (each.endswith("/") and kind.startswith(each)) for each in kinds):
        raise Refused(415, f"the body is {kind or 'of no type'}; send {' or '.join(kinds)}")
    too_large = Refused(413, f"the body is larger than {most:,} bytes")
    length = request.headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise Refused(400, "Content-Length is no number")
    if len(length) > 15 or int(length) > most:
        raise too_large
    content = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            async for part in request.stream():
                content += part
                if len(content) > most:
                    raise too_large
    except TimeoutError:
        raise Refused(408, f"the body did not arrive in {PATIENCE:g} seconds") from None
    except ClientDisconnect:
        raise Refused(400, "the body ended early") from None
    return bytes(content)
