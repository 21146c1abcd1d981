"""A PostgreSQL server of the tests' own: on loopback, in a folder of its own, gone afterwards."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg

# Durability buys nothing for data that is thrown away; without a Unix socket there is no path to be too long.
_CONFIGURATION = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 60
shared_buffers = 32MB
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Args:
        address: host and port, as they stand in a URL, with the user's name before them.
        restart: ends the server as a crash does, with all its connections, and starts it again; what was committed with
            ``synchronous_commit`` (see :meth:`make_durable`) is there afterwards.
    """

    address: str
    restart: Callable[[], None]

    @asynccontextmanager
    async def database(self, copy_of: str = "template1") -> AsyncIterator[str]:
        """Make a database, empty or as another one is at this moment, yield its name, and drop it."""
        name = f"test_{uuid4().hex}"
        await self._execute(f"CREATE DATABASE {name} TEMPLATE {copy_of}")
        try:
            yield name
        finally:
            await self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def make_durable(self, database: str) -> None:
        """Let a database's new connections wait for every commit, so that it survives a crash of the server."""
        await self._execute(f"ALTER DATABASE {database} SET synchronous_commit = on")

    async def make_read_only(self, database: str, *, read_only: bool = True) -> None:
        """Take away, or give back, the right to write to a database; its connections are cut for it to take effect."""
        await self._execute(f"ALTER DATABASE {database} SET default_transaction_read_only = {read_only}")
        await self._execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", database)

    async def _execute(self, statement: str, *values: str) -> None:
        connection = await asyncpg.connect(f"postgresql://{self.address}/postgres")
        try:
            await connection.execute(statement, *values)
        finally:
            await connection.close()


@contextmanager
def serving(programs: Path) -> Iterator[Server]:
    """Run a server of the programs in that folder. Raises RuntimeError with the server's log if it does not start."""
    folder = Path(tempfile.mkdtemp(prefix="broadcaster-postgresql-"))  # pytest's own folders shut other users out
    user = _unprivileged()
    if user:
        shutil.chown(folder, user)
    data, log = folder / "data", folder / "log"

    def run(program: str, *arguments: str | Path) -> None:
        # Output goes to a file: a pipe would be inherited by the server and never end.
        with (folder / f"{program}.out").open("a+") as output:
            command = [programs / program, "--pgdata", data, *arguments]
            result = subprocess.run(
                command,
                cwd=folder,
                user=user,
                extra_groups=[] if user else None,
                stdout=output,
                stderr=output,
                check=False,
            )
            if result.returncode != 0:
                output.seek(0)
                told = log.read_text() if log.exists() else ""
                raise RuntimeError(f"{program} failed:\n{output.read()}{told}")

    try:
        run("initdb", "--username=tests", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        port = _free_port()
        with (data / "postgresql.conf").open("a") as configuration:
            configuration.write(_CONFIGURATION.format(port=port))
        run("pg_ctl", "--log", log, "--wait", "start")

        def restart() -> None:
            run("pg_ctl", "--log", log, "--mode=immediate", "--wait", "restart")

        try:
            yield Server(f"tests@127.0.0.1:{port}", restart)
        finally:
            run("pg_ctl", "--mode=immediate", "--wait", "stop")
    finally:
        shutil.rmtree(folder)


def _unprivileged() -> str | None:
    """Return whom the server runs as, None for oneself: PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return None
    users = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in users)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
