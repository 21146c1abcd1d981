"""A lane's turn as one statement: keep the lease, write down verdicts, claim.

Between two statements the database waits for the event loop, which is busy sending, and the event loop for the
database. Both lose more by that than by the statements themselves, so there is one. PostgreSQL can have several that
write in one (``WITH``); on SQLite they are a trigger, created for each connection, so it is never older than the
program.

https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-MODIFYING
https://sqlite.org/lang_createtrigger.html
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ClauseElement,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    String,
    Update,
    and_,
    any_,
    bindparam,
    case,
    column,
    exists,
    func,
    literal_column,
    select,
    table,
    text,
    update,
)
from sqlalchemy import Text as SqlText
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from broadcaster.delivery import State
from broadcaster.store import lanes, sets
from broadcaster.store.lanes import Lease, LeaseLostError
from broadcaster.store.schema import IS_PENDING, deliveries, milliseconds, subscribers, unindexed

_GIVEN: Mapping[str, Any] = {
    "of_lane": String(),
    "of_holder": String(),
    "of_epoch": BigInteger(),
    "now": BigInteger(),
    "verdicts": SqlText(),
    "room": Integer(),
}
"""What a turn is given: columns on SQLite, parameters on PostgreSQL. None has the name of a column that is written."""

_NEW = {name: literal_column(f"NEW.{name}", kind) for name, kind in _GIVEN.items()}
_BOUND = {name: bindparam(name, type_=kind) for name, kind in _GIVEN.items()}
_CLAIMED = table("claimed", column("id", BigInteger))
_PUT = f"INSERT INTO turn ({', '.join(_GIVEN)}) VALUES ({', '.join(f':{name}' for name in _GIVEN)})"  # noqa: S608 (our own names)
_LOST = "the lease is lost"


class Turns:
    """Takes turns in one kind of database: ``sqlite`` or ``postgresql``."""

    def __init__(self, dialect: str) -> None:
        self._look = _look() if dialect == "sqlite" else None
        self._turn = _in_one_statement() if self._look is None else text(_PUT)

    def __call__(
        self, connection: Connection, lease: Lease, verdicts: str, room: int, now: datetime
    ) -> list[list[Any]]:
        """Take a turn.

        Args:
            verdicts: rows of id, state, reason, remote id, when it is due, and attempts to count (:func:`sets.text`).
            room: most deliveries to claim.

        Returns:
            What was claimed: when it was due, its id, rendition and attempts, its target, its subscriber's sealed
            number, and whether that is gone.

        Raises:
            LeaseLostError: when another worker took over; nothing was written.
        """
        given = {
            "of_lane": lease.lane,
            "of_holder": lease.holder,
            "of_epoch": lease.epoch,
            "now": milliseconds(now),
            "verdicts": verdicts,
            "room": room,
        }
        if self._look is None:
            held, claimed = connection.execute(self._turn, given).one()
            if not held:
                raise LeaseLostError(lease.lane)
            return sets.rows(claimed)
        try:
            connection.execute(self._turn, given)
        except IntegrityError as error:
            if _LOST in str(error.orig):
                raise LeaseLostError(lease.lane) from None
            raise
        return sets.rows(connection.execute(self._look).scalar()) if room else []


def _record(dialect: str, given: Mapping[str, ColumnElement[Any]]) -> Update:
    """Write down what became of deliveries that are ``sending`` under this lease."""
    d = deliveries.c
    verdicts = sets.spread(
        dialect,
        "verdict",
        of=given["verdicts"],
        id=BigInteger(),
        state=String(),
        reason=SqlText(),
        remote_id=SqlText(),
        due=BigInteger(),
        attempts=Integer(),
    )
    # A receipt may be quicker than the answer to our own request, and shows that the provider has it whatever we
    # heard, unless it is about an earlier try: then the answer names another text.
    told = and_(d.receipt.is_not(None), verdicts.c.remote_id.is_(None) | (verdicts.c.remote_id == d.remote_id))
    # By their ids: who goes by anything else compares all that is being sent with all verdicts.
    is_sending = and_(unindexed(d.lane) == given["of_lane"], unindexed(d.state) == State.SENDING)
    return (
        update(deliveries)
        .where(d.id == verdicts.c.id, is_sending, d.epoch == given["of_epoch"])
        .values(
            state=case((told, d.receipt), else_=verdicts.c.state),
            reason=case((told, d.reason), else_=verdicts.c.reason),
            remote_id=func.coalesce(verdicts.c.remote_id, d.remote_id),
            due=verdicts.c.due,
            attempts=d.attempts + verdicts.c.attempts,
            changed=given["now"],
        )
    )


def _next(given: Mapping[str, ColumnElement[Any]], *columns: ColumnElement[Any]) -> Select[Any]:
    """What is due in the lane, what has waited longest first."""
    d = deliveries.c
    due = select(*columns).where(d.lane == given["of_lane"], IS_PENDING, d.due <= given["now"])
    return due.order_by(d.due, d.id).limit(given["room"])


def _claim(given: Mapping[str, ColumnElement[Any]], which: ColumnElement[bool]) -> Update:
    claimed = update(deliveries).where(which)
    return claimed.values(state=State.SENDING, epoch=given["of_epoch"], tried=given["now"], changed=given["now"])


def _claimed(dialect: str, columns: ReadOnlyColumnCollection[str, Any], which: FromClause) -> Select[Any]:
    """What :meth:`Turns.__call__` returns."""
    whom = (columns.target, subscribers.c.number, subscribers.c.gone.is_not(None))
    rows = sets.gathered(dialect, columns.due, columns.id, columns.rendition, columns.attempts, *whom)
    return select(rows).select_from(which.outerjoin(subscribers, subscribers.c.id == columns.subscriber))


def _look() -> Select[Any]:
    """What was claimed, for SQLite: a trigger returns nothing."""
    return _claimed("sqlite", deliveries.c, deliveries).where(deliveries.c.id.in_(select(_CLAIMED.c.id)))


def _in_one_statement() -> Select[Any]:
    """All of it, for PostgreSQL: whether the lease was held, and what was claimed."""
    d = deliveries.c
    held = lanes.held("postgresql", _BOUND["of_lane"], _BOUND["of_holder"], _BOUND["of_epoch"]).returning(
        literal_column("1", Integer)
    )
    is_held = exists().select_from(held.cte("held"))
    recorded = _record("postgresql", _BOUND).where(is_held).cte("recorded")
    # Whoever wants to cancel one of these waits for us; what is being cancelled is not for us.
    due = _next(_BOUND, d.due, d.id, d.rendition, d.attempts, d.target, d.subscriber).where(is_held)
    picked = due.with_for_update(skip_locked=True).cte("picked")
    claimed = _claim(_BOUND, _is_any(picked.c.id)).cte("claimed")
    rows = _claimed("postgresql", picked.c, picked).scalar_subquery()
    return select(is_held, rows).add_cte(recorded, claimed)


def _is_any(ids: ColumnElement[int]) -> ColumnElement[bool]:
    """A delivery is one of those: as an array, so that PostgreSQL goes by the key however many it thinks they are."""
    return deliveries.c.id == any_(func.array(select(ids).scalar_subquery()))


def _compiled(statement: ClauseElement) -> str:
    return str(statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))


def prepare_sqlite(cursor: DBAPICursor) -> None:
    """Make ready a connection on which turns are taken: a row that is put into ``turn`` takes one."""
    body = [
        _compiled(lanes.held("sqlite", _NEW["of_lane"], _NEW["of_holder"], _NEW["of_epoch"])),
        f"SELECT RAISE(ABORT, '{_LOST}') WHERE changes() = 0",
        _compiled(_record("sqlite", _NEW)),
        "DELETE FROM claimed",
        f"INSERT INTO claimed {_compiled(_next(_NEW, deliveries.c.id))}",
        _compiled(_claim(_NEW, deliveries.c.id.in_(select(_CLAIMED.c.id)))),
    ]
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.execute("CREATE TEMP TABLE claimed (id INTEGER PRIMARY KEY)")
    cursor.execute(f"CREATE TEMP VIEW turn AS SELECT {', '.join(f'NULL AS {name}' for name in _GIVEN)}")
    cursor.execute(f"CREATE TEMP TRIGGER take INSTEAD OF INSERT ON turn BEGIN {'; '.join(body)}; END")
