"""Connections to PostgreSQL on which neither end waits for ever for the other.

Between two machines a partner can vanish without a word: a power cut, a lost network, a process that is stopped. What
it had locked would stay locked. So the server ends transactions that do nothing, and both ends look by TCP whether the
other's machine is there. A statement as such has no limit: a message to a million takes its time.

https://www.postgresql.org/docs/current/runtime-config-client.html
https://www.postgresql.org/docs/current/runtime-config-connection.html
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine

IDLE_IN_TRANSACTION = 5
"""Seconds that a transaction may do nothing. Ours wait for nothing but the database."""

CONNECT_WITHIN = 10.0
"""Seconds that a server may take to let us in."""

# A connection is given up when its other end has not answered for about ten seconds, busy or not.
_KEEPALIVE_IDLE = 5
_KEEPALIVE_INTERVAL = 2
_KEEPALIVE_COUNT = 3
_UNANSWERED = 10_000


class Connection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """A connection that breaks when the server's machine is gone; by itself it would wait for a quarter of an hour."""

    def __init__(self, protocol: asyncio.Protocol, transport: asyncio.Transport, *others: Any) -> None:  # noqa: ANN401 (handed through to asyncpg as they are)
        super().__init__(protocol, transport, *others)
        _keep_an_eye_on(transport.get_extra_info("socket"))


def _keep_an_eye_on(link: socket.socket) -> None:
    if link.family == socket.AF_UNIX:
        return
    link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", _KEEPALIVE_IDLE),
        ("TCP_KEEPINTVL", _KEEPALIVE_INTERVAL),
        ("TCP_KEEPCNT", _KEEPALIVE_COUNT),
        ("TCP_USER_TIMEOUT", _UNANSWERED),
    ):
        if hasattr(socket, name):  # not every system has each
            link.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def arguments(busy_timeout: float, *, by_index: bool = False) -> dict[str, Any]:
    """What a connection is opened with.

    Args:
        busy_timeout: seconds that a statement waits for a lock.
        by_index: whether what is asked is always a few rows of many. PostgreSQL does not know how many rows a JSON text
            has, and rather reads a whole table than believe that they are few.
    """
    settings = {
        "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION}s",
        "lock_timeout": f"{round(busy_timeout * 1000)}ms",
        "tcp_keepalives_idle": f"{_KEEPALIVE_IDLE}s",
        "tcp_keepalives_interval": f"{_KEEPALIVE_INTERVAL}s",
        "tcp_keepalives_count": str(_KEEPALIVE_COUNT),
        "tcp_user_timeout": f"{_UNANSWERED}ms",
    }
    if by_index:
        settings["enable_seqscan"] = "off"
    return {"timeout": CONNECT_WITHIN, "connection_class": Connection, "server_settings": settings}


def refuse_closed(connection: Any, *_: object) -> None:  # noqa: ANN401 (a pooled connection, as SQLAlchemy adapts it)
    """Let a pool open another connection in place of one whose end we were told of; unlike a ping, it asks nothing.

    Raises:
        DisconnectionError: it is closed.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError


@asynccontextmanager
async def listening(engine: AsyncEngine, call: str, heard: Callable[[], None]) -> AsyncIterator[asyncio.Event]:
    """Listen on a connection of its own; yields an event that is set when it breaks.

    Args:
        call: the notification that is listened for.
        heard: called for each.
    """
    broken = asyncio.Event()
    # Without a transaction: that would do nothing, and be ended for it.
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        pooled = await connection.get_raw_connection()
        driver: Any = pooled.driver_connection
        pooled.detach()
        driver.add_termination_listener(lambda _connection: broken.set())
        try:
            await driver.add_listener(call, lambda *_: heard())
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise ConnectionError(str(error)) from error
        yield broken
