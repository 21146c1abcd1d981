"""Whether the process lives, and whether it can do its work: asked by what restarts it, and what sends to it.

A process that lives without its database is not restarted for that: its pages and phone lines go on.
"""

from collections.abc import Callable
from enum import StrEnum

from aiohttp import web

from broadcaster.glance import Glance
from broadcaster.store.database import HEAD, Database
from broadcaster.store.errors import StoreError

ALIVE_PATH = "/health"
READY_PATH = "/ready"

LASTS = 1.0
"""Seconds for which an answer of the database is good."""

PATIENCE = 2.0
"""Seconds that the database gets to answer."""

_NOT_STORED = {"Cache-Control": "no-store"}


class Reason(StrEnum):
    """Why the work cannot be done."""

    DATABASE_UNREACHABLE = "database_unreachable"
    DATABASE_REVISION = "database_revision"
    ENGINE_STOPPED = "engine_stopped"


class Readiness:
    """Tells whether messages that are submitted now would go out.

    Args:
        is_sending: whether the engine runs.
    """

    def __init__(self, database: Database, is_sending: Callable[[], bool]) -> None:
        self._database = database
        self._is_sending = is_sending
        self._glance = Glance(self._look, LASTS, PATIENCE)

    async def reason(self) -> Reason | None:
        """Why not; None where they would."""
        if not self._is_sending():
            return Reason.ENGINE_STOPPED
        found = await self._glance()
        if found is None:
            return Reason.DATABASE_UNREACHABLE
        return None if found == HEAD else Reason.DATABASE_REVISION

    async def close(self) -> None:
        """Stop looking."""
        await self._glance.close()

    async def _look(self) -> str | None:
        """The database's revision, empty for an empty one; None where it cannot be reached."""
        if not self._database.exists():
            return None  # asked first, for SQLite would make a new file
        try:
            return await self._database.revision() or ""
        except StoreError:
            return None


READINESS = web.AppKey("readiness", Readiness)


def add_readiness(app: web.Application, readiness: Readiness) -> None:
    """Let an application tell whether it is ready."""
    app[READINESS] = readiness
    app.add_routes([web.get(READY_PATH, answer_ready)])

    async def close(_app: web.Application) -> None:
        await readiness.close()

    app.on_cleanup.append(close)


async def answer_alive(_request: web.Request) -> web.Response:
    """Say so. Nothing else is asked: a process that cannot answer is dead."""
    return web.json_response({"status": "ok"}, headers=_NOT_STORED)


async def answer_ready(request: web.Request) -> web.Response:
    """Say whether the work can be done, and why not."""
    reason = await request.app[READINESS].reason()
    if reason is None:
        return web.json_response({"status": "ready"}, headers=_NOT_STORED)
    return web.json_response({"status": "not ready", "reason": reason}, status=503, headers=_NOT_STORED)
