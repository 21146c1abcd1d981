"""Where a database lies: what it has in common with none of its copies, however they were made."""

import socket
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from sqlalchemy import text

from broadcaster.store.database import Database

_MACHINE = Path("/etc/machine-id")
"""https://www.freedesktop.org/software/systemd/man/latest/machine-id.html; containers and other systems have none."""

# A restored dump has new tables, in a new database or cluster. A cluster that was set back to an earlier moment, or a
# standby that took over, has a new timeline, which the names of its log files begin with.
# https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-CONTROLDATA
# https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-TIMELINES
_OF_POSTGRESQL = text("""
    SELECT concat_ws(' ', (SELECT system_identifier FROM pg_control_system()),
        left(pg_walfile_name(pg_current_wal_lsn()), 8),
        (SELECT oid FROM pg_database WHERE datname = current_database()), 'generations'::regclass::oid)
""")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a database lies.

    Args:
        id: no copy has the same.
        name: as people know it.
    """

    id: str
    name: str = field(compare=False)


NOWHERE = Place("", "")
"""Where a backup lies that nobody has opened yet."""


async def place_of(database: Database) -> Place:
    """Where an open database lies.

    Raises:
        StoreError: it cannot be used.
    """
    if not database.is_postgresql:
        return place_of_file(Path(database.name))
    async with database.read() as connection:
        return Place((await connection.execute(_OF_POSTGRESQL)).scalar_one(), database.name)


def place_of_file(file: Path) -> Place:
    """Where a file lies that is there: on which machine, under which name, and as which file of that name."""
    found = file.resolve()
    return Place(f"{_machine()} {found.stat().st_ino} {found}", f"{socket.gethostname()}:{found}")


@cache  # a lane looks at every turn whether its file is still there
def _machine() -> str:
    return _MACHINE.read_text(encoding="ascii").strip() if _MACHINE.is_file() else ""
