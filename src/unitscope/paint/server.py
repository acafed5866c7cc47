"""The local server of the page: every answer follows from the request alone, nothing about a person is kept."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import CancelledError, Future
from importlib.resources import files
from typing import Any, TypeVar

import msgspec
import numpy as np
from msgspec import Raw
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from unitscope.errors import UnitscopeError, one_line
from unitscope.paint.asked import Ask, AskCell, AskPicture, AskPlace, AskReader, AskStroke, AskUnit
from unitscope.paint.jobs import Find, Jobs, TooMany
from unitscope.paint.photo import find_latent
from unitscope.paint.photographs import PICTURE_BYTES, TooLarge, read_photograph
from unitscope.paint.recipe import MOST_BYTES, read_json, read_recipe, write_recipe
from unitscope.paint.safety import MOST_BODIES, MOST_WAITING, Guard, Refused, read_body, refusal
from unitscope.paint.studio import Studio
from unitscope.paint.worker import Closed, Full, Worker

T = TypeVar("T")
TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
"""Files of the page."""


def page_files() -> dict[str, tuple[bytes, str]]:
    """Return the files of the page by name, with their content types: nothing else is ever served."""
    found = {}
    for file in (files("unitscope.paint") / "page").iterdir():
        kind = next((kind for ending, kind in TYPES.items() if file.name.endswith(ending)), None)
        if kind is not None and file.is_file():
            found[file.name] = file.read_bytes(), kind
    return found


class Server:
    """Answers requests about a studio.

    Args:
        studio: what is painted on.
        token: that every request needs.
        host: that is listened on.
        find: finds the latent of a photograph.
    """

    def __init__(self, studio: Studio, token: str, host: str, *, find: Find = find_latent) -> None:
        self.studio = studio
        self.worker = Worker(MOST_WAITING)
        generator = studio.canvas.painter.generator
        self.jobs = Jobs(self.worker, generator, find)
        self.page = page_files()
        self.said = msgspec.json.encode(studio.said)
        self._asked = AskReader()
        self._room, self._photographs = asyncio.Semaphore(MOST_BODIES), asyncio.Semaphore(1)
        self.application = Guard(self._routes(), token, host)
        self.worker.start(studio.canvas.levels.prepare)

    def close(self, timeout: float = 0.0) -> None:
        """Answer no more; wait so many seconds for what has begun."""
        self.worker.close(timeout)

    def _routes(self) -> Starlette:
        asked: Mapping[str, Callable[[bytes], Response]] = {
            "picture": self.picture,
            "changes": self.changes,
            "cells": self.cells,
            "region": self.region,
            "units": self.units,
            "unit": self.unit,
            "recipe": self.recipe,
        }
        routes = [
            Route("/", self.index),
            Route("/page/{name}", self.file),
            Route("/api/run", self.run),
            *(
                Route(f"/api/{name}", self._posted(answer), methods=["POST"])
                for name, answer in asked.items()
            ),
            Route("/api/photo", self.photo, methods=["POST"]),
            Route("/api/photo/{job}", self.job, methods=["GET", "DELETE"]),
        ]
        handlers: Mapping[Any, Any] = {
            Refused: _refused,
            UnitscopeError: _mistaken,
            HTTPException: _unknown,
            Exception: _failed,
        }
        return Starlette(routes=routes, exception_handlers=handlers)

    def _posted(self, answer: Callable[[bytes], Response]) -> Callable[[Request], Awaitable[Response]]:
        """Return an endpoint whose answer is made of the body, on the thread of the networks."""

        async def endpoint(request: Request) -> Response:
            async with self._room:
                content = await read_body(request, MOST_BYTES, ("application/json",))
                if await request.is_disconnected():
                    raise Refused(400, "nobody waits for the answer")
                return await self._done(lambda: answer(content))

        return endpoint

    async def _done(self, task: Callable[[], T]) -> T:
        try:
            future: Future[T] = self.worker.submit(task)
            return await asyncio.wrap_future(future)
        except Full:
            raise Refused(503, "too many requests are waiting; try again") from None
        except (Closed, CancelledError):
            raise Refused(503, "the server is closing") from None

    async def index(self, request: Request) -> Response:  # noqa: ARG002
        """Return the page."""
        content, kind = self.page["index.html"]
        return Response(content, media_type=kind)

    async def file(self, request: Request) -> Response:
        """Return a file of the page by its name."""
        found = self.page.get(request.path_params["name"])
        if found is None:
            raise Refused(404, "the page has no such file")
        return Response(found[0], media_type=found[1])

    async def run(self, request: Request) -> Response:  # noqa: ARG002
        """Return what a page needs to know first."""
        return Response(self.said, media_type="application/json")

    def picture(self, content: bytes) -> Response:
        """Return a picture as PNG."""
        asked = self._asked.read(content, AskPicture)
        return Response(self.studio.picture(asked.latent, asked.strokes, asked.size), media_type="image/png")

    def changes(self, content: bytes) -> Response:
        """Return what strokes change."""
        asked = self._asked.read(content, Ask)
        return _json(self.studio.changes(asked.latent, asked.strokes))

    def cells(self, content: bytes) -> Response:
        """Return the cells that a stroke touches."""
        cells = self.studio.canvas.painter.cells(read_json(content, AskStroke).stroke)
        return _json({"grid": cells.shape, "cells": np.flatnonzero(cells).tolist()})

    def region(self, content: bytes) -> Response:
        """Return the region of the concept at a place."""
        asked = self._asked.read(content, AskPlace)
        return _json(self.studio.region(asked.latent, asked.strokes, (asked.x, asked.y)))

    def units(self, content: bytes) -> Response:
        """Return the units that are on at a cell."""
        asked = self._asked.read(content, AskCell)
        return _json({"units": self.studio.units(asked.latent, asked.strokes, (asked.row, asked.column))})

    def unit(self, content: bytes) -> Response:
        """Return where a unit is on."""
        asked = self._asked.read(content, AskUnit)
        return _json(self.studio.unit(asked.latent, asked.strokes, asked.unit))

    def recipe(self, content: bytes) -> Response:
        """Return a recipe as it is written."""
        given = read_json(content, dict[str, Raw], "the recipe")
        if "unitscope" in given:
            found = self.studio.canvas.check(read_recipe(content))
        else:
            asked = read_json(content, Ask, "the recipe")
            found = self.studio.canvas.recipe(asked.latent, asked.strokes)
        return Response(write_recipe(found), media_type="application/json")

    async def photo(self, request: Request) -> Response:
        """Begin to look for the latent of a photograph."""
        async with self._photographs:
            content = await read_body(request, PICTURE_BYTES, ("image/", "application/octet-stream"))
            picture = await asyncio.to_thread(read_photograph, content)
        try:
            return _json({"job": self.jobs.start(picture)})
        except TooMany:
            raise Refused(429, "other photographs are waiting; cancel one, or try again later") from None
        except Closed:
            raise Refused(503, "the server is closing") from None

    async def job(self, request: Request) -> Response:
        """Return how far a photograph is, or cancel it."""
        try:
            job = request.path_params["job"]
            if request.method == "DELETE":
                self.jobs.cancel(job)
            return _json(self.jobs.outcome(job))
        except KeyError:
            raise Refused(404, "there is no such photograph, or it was long ago") from None


def _json(found: object) -> Response:
    return Response(msgspec.json.encode(found), media_type="application/json")


async def _refused(request: Request, refused: Refused) -> Response:  # noqa: ARG001
    return refusal(refused.status, refused.line)


async def _mistaken(request: Request, error: UnitscopeError) -> Response:  # noqa: ARG001
    return refusal(413 if isinstance(error, TooLarge) else 400, str(error))


async def _unknown(request: Request, error: HTTPException) -> Response:  # noqa: ARG001
    return refusal(
        error.status_code,
        {404: "there is no such address", 405: "this address is not asked so"}.get(
            error.status_code, error.detail
        ),
    )


async def _failed(request: Request, error: Exception) -> Response:  # noqa: ARG001
    traceback.print_exception(error)
    return refusal(500, one_line(error))
