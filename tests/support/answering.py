"""A provider on loopback that answers as a test wishes, where the sandbox would answer as the real one does."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass(frozen=True)
class Asked:
    """A request that came: its path with the query, and what it carried."""

    method: str
    path: str
    headers: Mapping[str, str]
    form: Mapping[str, str]


@dataclass(frozen=True)
class Answering:
    """Where it answers (without a slash at the end), and what it was asked so far."""

    url: str
    asked: list[Asked]


@asynccontextmanager
async def answering(answer: Callable[[Asked], web.Response]) -> AsyncIterator[Answering]:
    """Answer every request, whatever its method and path. Each leaves its address in the log of ``aiohttp.access``."""
    asked: list[Asked] = []

    async def handle(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        asked.append(Asked(request.method, request.path_qs, dict(request.headers), form))
        return answer(asked[-1])

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    async with TestServer(app) as server:
        yield Answering(str(server.make_url("/")).rstrip("/"), asked)
