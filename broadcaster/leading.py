"""An incident as people lead it: opened, looked at, reported to authorities, closed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.deadlines import IDS, Deadline, deadlines
from broadcaster.store import audit, incidents, threads
from broadcaster.store.audit import Deed
from broadcaster.store.database import Database
from broadcaster.store.errors import RefusedError
from broadcaster.store.incidents import Incident, Report
from broadcaster.store.threads import Said
from broadcaster.succession import since_cleared, with_corrections
from messages.characters import FORBIDDEN, is_blank
from messages.model import Kind
from messages.spelling import quoted, suggestion


@dataclass(frozen=True, slots=True)
class Clock:
    """A deadline of an incident, and what was reported by it; None if nothing was yet."""

    deadline: Deadline
    report: Report | None


def clocks(incident: Incident, reports: Mapping[str, Report], zone: ZoneInfo) -> Sequence[Clock]:
    """The clocks of the law that run for an incident; none where nobody said when it became known."""
    if incident.aware is None:
        return []
    done = {id_: None if report.not_due is not None else report.at for id_, report in reports.items()}
    found = deadlines(incident.aware, zone, done, incident.closed)
    return [Clock(deadline, reports.get(deadline.id)) for deadline in found]


def standing(thread: Sequence[Said], now: datetime) -> Sequence[Said]:
    """What residents may still go by: said for some municipality since its last all-clear, and not expired.

    Args:
        thread: what was said in an incident, oldest first.
    """
    stand = {said.id for lines in _since_cleared(thread) for said in lines if said.expires > now}
    return [said for said in thread if said.id in stand]


def current(thread: Sequence[Said], now: datetime) -> Sequence[Said]:
    """The last word for each municipality, or what was put in its place; nothing where that expired."""
    return [said for said in last_words(thread) if said.expires > now]


def last_words(thread: Sequence[Said]) -> Sequence[Said]:
    """The last word for each municipality, or what was put in its place, be it expired or not."""
    last: set[str] = set()
    for lines in _since_cleared(thread):
        if newest := next((said for said in reversed(lines) if said.kind is not Kind.CORRECTION), None):
            last.add(with_corrections(newest, lines)[-1].id)
    return [said for said in thread if said.id in last]


@dataclass(frozen=True, slots=True)
class Owed:
    """What an incident that goes on owes to residents.

    Args:
        promise: when the next update is due by the last word; None where none is promised.
        expired: since when the last word for some municipality has expired; None while all are true.
    """

    promise: datetime | None
    expired: datetime | None

    def overdue(self, now: datetime) -> bool:
        """Whether somebody should have said something by now."""
        return self.expired is not None or (self.promise is not None and self.promise <= now)


def owed(incident: Incident, thread: Sequence[Said], now: datetime) -> Owed:
    """What residents wait for in an incident; nothing once it is closed."""
    if incident.closed is not None:
        return Owed(None, None)
    words = _not_over(incident, thread, now)
    return Owed(
        promise=min((said.next_update for said in words if said.next_update is not None), default=None),
        expired=min((said.expires for said in words if said.expires <= now), default=None),
    )


def goes_on(incident: Incident, thread: Sequence[Said], now: datetime) -> bool:
    """Whether an incident still goes on.

    A notice, an exercise and what follows a source are over when what was said in them has expired: nobody closes them.
    The clocks of the law keep an incident, and so does that nothing was said in it yet.
    """
    if incident.closed is not None:
        return False
    return incident.aware is not None or not thread or bool(_not_over(incident, thread, now))


async def all_of_them(database: Database, *, closed: bool = True) -> Mapping[Incident, Sequence[Said]]:
    """All incidents, or those that nobody has closed, the one opened last first, each with what was said in it."""
    return {one: await threads.thread(database, one.name) for one in await incidents.listing(database, closed=closed)}


async def going_on(database: Database, now: datetime) -> Mapping[Incident, Sequence[Said]]:
    """The incidents that go on, the one opened last first, each with what was said in it, oldest first."""
    found = await all_of_them(database, closed=False)
    return {one: said for one, said in found.items() if goes_on(one, said, now)}


def _not_over(incident: Incident, thread: Sequence[Said], now: datetime) -> Sequence[Said]:
    """The last words that are true, or that an incident goes on with although they have expired."""
    words = last_words(thread)
    return [said for said in words if said.expires > now or (incident.lasts and not said.is_exercise)]


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening an incident did.

    Args:
        is_new: there was none of the name.
        was_closed: it had been closed, and goes on.
    """

    incident: Incident
    is_new: bool
    was_closed: bool


async def open_incident(
    database: Database,
    name: str,
    now: datetime,
    actor: str,
    *,
    aware: datetime | None = None,
    earlier: str | None = None,
) -> Opened:
    """Open an incident, or one that was closed again, and note what is known of it.

    Args:
        aware: when the municipality became aware of it.
        earlier: the name of one that came before.

    Raises:
        RefusedError: no incident can have such a name, time or predecessor; nothing was changed.
    """
    if FORBIDDEN.search(name) or len(name.splitlines()) > 1 or is_blank(name):
        raise RefusedError("The name of an incident must be one line and not blank.")
    if aware is not None and aware > now:
        raise RefusedError("--aware-at lies in the future: write when the municipality became aware of it.")
    async with database.write() as connection:
        before = await incidents.read(connection, name)
        if earlier is not None:
            await _expect_earlier(connection, name, earlier)
        entered = await incidents.enter(connection, database, name, now, actor)
        deeds = [] if before is not None else [("incident.open", "")]
        if entered.closed is not None:
            await incidents.reopen(connection, name)
            deeds.append(("incident.reopen", ""))
        if aware is not None and aware != entered.aware:
            await incidents.become_aware(connection, name, aware)
            was = "" if entered.aware is None else f", not {entered.aware.isoformat()}"
            deeds.append(("incident.aware", f"{aware.isoformat()}{was}"))
        if earlier is not None and earlier != entered.earlier:
            await incidents.refer(connection, name, earlier)
            deeds.append(("incident.earlier", earlier))
        await _note(connection, deeds, name, now, actor)
    opened = replace(
        entered, closed=None, closed_by=None, aware=aware or entered.aware, earlier=earlier or entered.earlier
    )
    return Opened(opened, before is None, entered.closed is not None)


async def close_incident(database: Database, name: str, now: datetime, actor: str) -> Incident:
    """Close an incident of which nothing stands any more; returns it as it was before.

    Raises:
        RefusedError: messages stand, or there is no such incident; nothing was changed.
    """
    async with database.write() as connection:
        before = await _expect(connection, name)
        if before.closed is not None:
            return before
        thread = await threads.read_thread(connection, name)
        if stand := standing(thread, now):
            listed = ", ".join(f"{said.id} ({said.kind}, {quoted(said.headline)})" for said in stand)
            last = stand[-1].id
            raise RefusedError(
                f"Residents still go by what was said in {quoted(name)}: {listed}. Tell them that it is over with "
                f"`broadcaster all-clear {last}`, which closes the incident too, or take a message back with "
                f"`broadcaster retract {last}`."
            )
        await incidents.end(connection, name, now, actor)
        await _note(connection, [("incident.close", "")], name, now, actor)
    return before


async def note_report(database: Database, name: str, deadline: str, said: Report, now: datetime) -> Incident:
    """Note that an authority was told, or need not be; returns the incident.

    Args:
        deadline: its id.

    Raises:
        RefusedError: there is no such deadline, or it cannot have been at that time; nothing was changed.
    """
    if deadline not in IDS:
        raise RefusedError(f"There is no deadline {quoted(deadline)}. {suggestion(deadline, IDS)}")
    if said.at > now:
        raise RefusedError("--at lies in the future: write when it was reported.")
    async with database.write() as connection:
        incident = await _expect(connection, name)
        if incident.aware is None:
            raise RefusedError(
                f"No legal deadline is running for {quoted(name)}. Say when it became known: "
                f'`broadcaster incident open "{name}" --aware-at TIME`.'
            )
        if said.at < incident.aware:
            raise RefusedError(
                f"Nobody knew of it then: {quoted(name)} became known later. See `broadcaster incident show`."
            )
        await incidents.report(connection, database, name, deadline, said)
        how = said.at.isoformat() if said.not_due is None else f"not due: {said.not_due}"
        await _note(connection, [("incident.report", f"{deadline} {how}")], name, now, said.by)
    return incident


async def _expect(connection: AsyncConnection, name: str) -> Incident:
    found = await incidents.read(connection, name, for_update=True)
    if found is None:
        raise RefusedError(f"There is no incident {quoted(name)}. See `broadcaster incident list --all`.")
    return found


async def _expect_earlier(connection: AsyncConnection, name: str, earlier: str) -> None:
    """Make sure that an incident can refer to another: that one is there, and does not come after this one."""
    before: str | None = earlier
    while before is not None:
        if before == name:
            raise RefusedError(f"{quoted(earlier)} refers to {quoted(name)} itself, so it cannot be an earlier one.")
        found = await incidents.read(connection, before)
        if found is None:
            raise RefusedError(
                f"There is no incident {quoted(before)} to refer to. See `broadcaster incident list --all`."
            )
        before = found.earlier


async def _note(
    connection: AsyncConnection, deeds: Sequence[tuple[str, str]], name: str, now: datetime, actor: str
) -> None:
    if deeds:
        await audit.note(connection, *(Deed(now, actor, action, name, details) for action, details in deeds))


def _since_cleared(thread: Sequence[Said]) -> Sequence[Sequence[Said]]:
    """What was said since the last all-clear, for every municipality; exercises end and are ended apart."""
    found = []
    for is_exercise in (False, True):
        lines = [said for said in thread if said.is_exercise is is_exercise]
        municipalities = {municipality for said in lines for municipality in said.municipalities}
        found += [since_cleared(lines, municipality) for municipality in sorted(municipalities)]
    return found
