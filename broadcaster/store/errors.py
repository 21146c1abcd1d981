"""What can be wrong with the database, said so that a person can mend it."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError


class StoreError(Exception):
    """The database cannot be used. The message names it and says what to do."""


class ConflictError(StoreError):
    """Two transactions were in each other's way, and the database gave this one up. Nothing was changed."""


class RefusedError(Exception):
    """What was asked does not fit what has been said before. The message says why and what to do; nothing was done."""


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn what a driver says about database ``name`` into a StoreError. Bugs (bad SQL, broken constraints) pass."""
    try:
        yield
    except DBAPIError as error:
        advice = _advice(error)
        if advice is None:
            raise
        kind = ConflictError if (_sqlstate(error) or "").startswith(_CONFLICT) else StoreError
        raise kind(f"{name}: {_said(error)}. {advice}") from error
    except PoolTimeoutError as error:
        raise StoreError(f"{name}: it takes too long to answer. {_TRY_AGAIN}") from error
    except OSError as error:
        said = error.strerror or str(error) or "it does not answer"
        raise StoreError(f"{name}: {said}. Check that the database server runs.") from error


_TRY_AGAIN = "Mend that and try again."

_SQLITE_SAYS = {
    "unable to open database file": "Check that its folder exists and may be written to, or run `broadcaster init`.",
    "readonly database": "Nothing was changed. Make the file and its folder writable for this user.",
    "database or disk is full": "Nothing was changed. Free some space on the disk and try again.",
    "disk i/o error": "Check the disk.",
    "database is locked": "Nothing was changed. Another program holds it: wait or stop that one, and try again.",
    "file is not a database": "The file is something else or encrypted: name another under `database` in config.toml.",
    "malformed": "It is damaged: restore it from a copy, or move it away and run `broadcaster db upgrade`.",
    "no such table": "Run `broadcaster db upgrade`.",
}

_MOVED = "SQLITE_READONLY_DBMOVED"  # https://www.sqlite.org/rescode.html#readonly_dbmoved

_CONFLICT = "40"

# Classes of SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL_SAYS = {
    "08": "Check that the database server runs, and try again.",  # connection exception, also after standing still
    "25": "Nothing was changed. Connect to the server that may be written to.",  # read-only transaction
    "28": "Check the user and the password under `database` in config.toml.",  # invalid authorization
    "3D": "Create it, or name another under `database` in config.toml.",  # no such database
    _CONFLICT: "Nothing was changed. Another program was in the way: try again.",  # deadlock, serialization failure
    "53": "Nothing was changed. Free what the server has too little of, and try again.",  # disk, memory, connections
    "55": "Nothing was changed. Another program holds it: try again.",  # lock not available
    "57": "Nothing was changed. Wait until the server is ready, and try again.",  # cancelled, shutting down
    "58": "Check the server's disk.",  # input/output error
}


def _advice(error: DBAPIError) -> str | None:
    """What to do about an error; None for one that is a bug of ours."""
    sqlstate = _sqlstate(error)
    if sqlstate is not None:
        return _POSTGRESQL_SAYS.get(sqlstate[:2])
    if error.connection_invalidated:
        return _POSTGRESQL_SAYS["08"]
    if getattr(error.orig, "sqlite_errorname", "") == _MOVED:
        return "Another file is in its place, or none. Nothing was changed: start this program again."
    said = str(error.orig).lower()
    fitting = (advice for words, advice in _SQLITE_SAYS.items() if words in said)
    return next(fitting, _TRY_AGAIN if isinstance(error, OperationalError) else None)


def _said(error: DBAPIError) -> str:
    """What is wrong, in the driver's own words: SQLAlchemy's text would add the statement and its parameters."""
    if error.connection_invalidated and _sqlstate(error) is None:
        return "the connection broke"  # asyncpg then speaks of its own inner state
    return (str(error.orig).splitlines() or ["no answer"])[0].rstrip(".")


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)
