"""What ``incident`` does, but for its record."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console
from rich.text import Text

from broadcaster.cli import context
from broadcaster.cli.board_changes import entries_as_data, print_entries
from broadcaster.cli.errors import UsageError
from broadcaster.cli.output import console, local, print_json, table
from broadcaster.cli.progress import as_data
from broadcaster.clock import utc_now
from broadcaster.config import Config
from broadcaster.deadlines import Deadline
from broadcaster.delivery import State
from broadcaster.leading import (
    Clock,
    Owed,
    all_of_them,
    clocks,
    close_incident,
    current,
    goes_on,
    going_on,
    last_words,
    note_report,
    open_incident,
    owed,
    standing,
)
from broadcaster.opening import opened
from broadcaster.store import incidents, reports, threads, timeline
from broadcaster.store.database import Database
from broadcaster.store.incidents import Incident, Report
from broadcaster.store.reports import Progress
from broadcaster.store.threads import Said
from messages.spelling import did_you_mean, quoted
from messages.times import TimeError, typed


async def open_one(config: Config, name: str, aware_at: str | None, earlier: str | None) -> None:
    """Open an incident, or note what is known of one.

    Raises:
        UsageError: there is no such time.
        RefusedError: no incident can be opened like that.
    """
    now, name = utc_now(), _composed(name)
    aware = None if aware_at is None else _time(aware_at, config, now, "--aware-at")
    async with opened(config) as store:
        before = None if earlier is None else (await named(store.database, earlier)).name
        result = await open_incident(store.database, name, now, context.actor(), aware=aware, earlier=before)
        running = await _clocks(store.database, config, result.incident)
        others = [one.name for one in await incidents.listing(store.database) if one.name != name]
    verb = "is open" if result.is_new else "is open again" if result.was_closed else "goes on"
    out = console()
    out.print(f"{name} {verb}.")
    if result.is_new and (hint := did_you_mean(name, others)):
        out.print(f"It is a new one. {hint.strip()}")
    if aware is not None:
        out.print(_clock_table(running, config, now))


async def close_one(config: Config, wanted: str) -> None:
    """Close an incident.

    Raises:
        UsageError: there is no such incident.
        RefusedError: messages of it stand.
    """
    async with opened(config) as store:
        found = await named(store.database, wanted)
        before = await close_incident(store.database, found.name, utc_now(), context.actor())
    if before.closed is not None:
        print(f"{before.name} is closed since {local(before.closed, config.zone)}.")
    else:
        print(f"{before.name} is closed.")


async def note_done(config: Config, wanted: str, deadline: str, at: str | None, not_due: str | None) -> None:
    """Note what an authority was told.

    Raises:
        UsageError: there is no such incident or time.
        RefusedError: there is no such deadline, or it cannot have been reported then.
    """
    now = utc_now()
    if not_due is not None and not not_due.strip():
        raise UsageError("--not-due needs a reason, which goes into the record.")
    if not_due is not None and at is not None:
        raise UsageError(
            "--at says when an authority was told, --not-due that none needs to be told: leave one of them out."
        )
    said = Report(now if at is None else _time(at, config, now, "--at"), context.actor(), not_due)
    async with opened(config) as store:
        found = await named(store.database, wanted)
        noted = await note_report(store.database, found.name, deadline, said, now)
        running = await _clocks(store.database, config, noted)
    console().print(_clock_table(running, config, now))


async def show_all(config: Config, *, everything: bool, as_json: bool) -> None:
    """List incidents, those that go on first."""
    now = utc_now()
    async with opened(config) as store:
        found = await (all_of_them(store.database) if everything else going_on(store.database, now))
        running = [await _clocks(store.database, config, incident) for incident in found]
    lines = [(one, said, _next(clocks)) for (one, said), clocks in zip(found.items(), running, strict=True)]
    if as_json:
        print_json({"incidents": [_summary(*line, now) for line in lines]})
        return
    out = console()
    if not found:
        out.print("No incident goes on." if not everything else "There has been no incident.")
        return
    shown = table("incident", "state", "messages", "last said", "next update", "next deadline")
    for incident, thread, deadline in lines:
        waiting = owed(incident, thread, now)
        shown.add_row(
            incident.name,
            "OVERDUE" if waiting.overdue(now) else _stage(incident, thread, now),
            str(len(thread)),
            _said_last(thread, waiting, config, now),
            _due(waiting.promise, config, now),
            _due(deadline.due, config, now) if deadline else "",
        )
    out.print(shown)


async def show_one(config: Config, wanted: str, *, as_json: bool) -> None:
    """Show an incident.

    Raises:
        UsageError: there is no such incident.
    """
    now = utc_now()
    async with opened(config) as store:
        incident = await named(store.database, wanted)
        thread = await threads.thread(store.database, incident.name)
        progress = {said.id: await reports.progress(store.database, said.id) for said in thread}
        authors = await timeline.authors(store.database, incident.name)
        running = await _clocks(store.database, config, incident)
        async with store.database.read() as connection:
            later = await incidents.later(connection, incident.name)
            board = await timeline.board_of(connection, incident, thread)
    if as_json:
        messages = [_message(said, thread, progress[said.id], authors.get(said.id), now) for said in thread]
        print_json(
            _summary(incident, thread, _next(running), now)
            | {"later": [other.name for other in later]}
            | {"deadlines": [_clock(clock, now) for clock in running]}
            | {"said": messages}
            | {"board": entries_as_data(board)}
        )
        return
    out = console()
    _print_head(out, config, incident, later)
    waiting = owed(incident, thread, now)
    if waiting.promise is not None:
        out.print(f"Next update promised: {_due(waiting.promise, config, now)}.")
    if waiting.expired is not None:
        _print_expired(out, config, incident, thread, waiting.expired)
    if running:
        out.print(_clock_table(running, config, now))
    elif incident.closed is None:
        out.print(
            f'No clock runs: broadcaster incident open "{incident.name}" --aware-at TIME starts those of the law.'
        )
    last = {said.id for said in current(thread, now)}
    for said in thread:
        what = f"{said.id}  {local(said.issued, config.zone)}  {said.kind}, {said.severity}: {said.headline}"
        by = f"by {authors[said.id]}; " if said.id in authors else ""
        out.print(Text(what, style="bold" if said.id in last else ""))
        out.print(f"  {by}{_state(said, thread, now)}. {_became(progress[said.id])}")
    if not thread:
        out.print("Nothing has been said yet.")
    print_entries(out, config, board)


async def named(database: Database, wanted: str) -> Incident:
    """The incident that a person means: by its name, the beginning of it, or the id of a message.

    Raises:
        UsageError: there is none, or more than one.
    """
    known, looked_for = await incidents.listing(database), _composed(wanted)
    alike = (
        [one for one in known if _composed(one.name) == looked_for]
        or [one for one in known if _composed(one.name).casefold() == looked_for.casefold()]
        or [one for one in known if _composed(one.name).casefold().startswith(looked_for.casefold())]
    )
    if not alike:
        names = {message.incident for message in await reports.find_message(database, looked_for.lower())}
        alike = [one for one in known if one.name in names]
    if not alike:
        raise UsageError(f"there is no incident {quoted(wanted)}. See `broadcaster incident list --all`.")
    if len(alike) > 1:
        names_of = ", ".join(quoted(one.name) for one in alike[:5])
        raise UsageError(f"{quoted(wanted)} could be {names_of}: write more of it.")
    return alike[0]


async def _clocks(database: Database, config: Config, incident: Incident) -> Sequence[Clock]:
    async with database.read() as connection:
        return clocks(incident, await incidents.reports(connection, incident.name), config.zone)


def _next(running: Iterable[Clock]) -> Deadline | None:
    """The deadline that ends first among those by which nothing was reported."""
    return min((one.deadline for one in running if one.report is None), key=lambda one: one.due, default=None)


# --- For people -------------------------------------------------------------------------------------------------------


def _print_head(out: Console, config: Config, incident: Incident, later: Sequence[Incident]) -> None:
    out.print(incident.name, style="bold")
    by = f" by {incident.opened_by}" if incident.opened_by else ""
    out.print(f"Opened {local(incident.opened, config.zone)}{by}.")
    if incident.closed is not None:
        by = f" by {incident.closed_by}" if incident.closed_by else ""
        out.print(f"Closed {local(incident.closed, config.zone)}{by}.")
    if incident.aware is not None:
        out.print(f"Known since {local(incident.aware, config.zone)}.")
    if incident.earlier is not None:
        out.print(f"Earlier: {incident.earlier}.")
    if later:
        out.print(f"Later: {', '.join(other.name for other in later)}.")


def _print_expired(out: Console, config: Config, incident: Incident, thread: Sequence[Said], since: datetime) -> None:
    """Say that residents have not heard anything for too long, and what to do."""
    last = next(said.id for said in last_words(thread) if said.expires == since)
    out.print(
        f"OVERDUE: message {last} expired {local(since, config.zone)}. Residents still see and hear it, with how old "
        f"it is and that it is not over. Send an update (`broadcaster update {last} FILE`), say that it is over "
        f'(`broadcaster all-clear {last}`), or end it without a word: `broadcaster incident close "{incident.name}"`.'
    )


def _stage(incident: Incident, thread: Sequence[Said], now: datetime) -> str:
    return "open" if goes_on(incident, thread, now) else "closed" if incident.closed else "over"


def _said_last(thread: Sequence[Said], waiting: Owed, config: Config, now: datetime) -> str:
    if not thread:
        return ""
    expired = "" if waiting.expired is None else f" (expired {_span(now - waiting.expired)} ago)"
    return f"{local(thread[-1].issued, config.zone)}{expired}"


def _clock_table(running: Iterable[Clock], config: Config, now: datetime) -> Any:  # noqa: ANN401 (rich has many kinds)
    shown = table("deadline", "at the latest", "how it stands", "what", "rule")
    for clock in running:
        one = clock.deadline
        shown.add_row(one.id, local(one.due, config.zone), _standing(clock, config, now), one.text, one.rule)
    return shown


def _standing(clock: Clock, config: Config, now: datetime) -> str:
    due, report = clock.deadline.due, clock.report
    if report is None:
        return f"OVERDUE by {_span(now - due)}" if now > due else f"{_span(due - now)} left"
    if report.not_due is not None:
        return f"not due: {report.not_due}"
    late = f", {_span(report.at - due)} late" if report.at > due else ""
    return f"done {local(report.at, config.zone)}{late}"


def _state(said: Said, thread: Sequence[Said], now: datetime) -> str:
    if said.retracted is not None:
        return "taken back"
    if said in current(thread, now):
        return "current"
    followers = [other.id for other in thread if other.follows == said.id and other.retracted is None]
    if followers:
        return f"followed by {', '.join(followers)}"
    return "stands" if said in standing(thread, now) else "over"


def _became(progress: Progress) -> str:
    counts: dict[tuple[str, State], int] = defaultdict(int)
    for tally in progress.tallies:
        counts[tally.channel, tally.state] += tally.count
    of_channels: dict[str, list[str]] = defaultdict(list)
    for (channel, state), count in counts.items():
        of_channels[channel].append(f"{count} {state.replace('_', ' ')}")
    said = [f"{channel}: {', '.join(parts)}" for channel, parts in of_channels.items()]
    return "; ".join(said) or "It went to nobody."


def _due(time: datetime | None, config: Config, now: datetime) -> str:
    if time is None:
        return ""
    late = f" (OVERDUE by {_span(now - time)})" if time <= now else ""
    return f"{local(time, config.zone)}{late}"


def _span(time: timedelta) -> str:
    """How long in the two largest units: ``2 d 3 h``, ``3 h 12 min``, ``12 min``."""
    minutes = int(time.total_seconds()) // 60
    days, hours = divmod(minutes // 60, 24)
    parts = [(days, "d"), (hours, "h"), (minutes % 60, "min")]
    first = next((place for place, (count, _) in enumerate(parts) if count), 2)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count or unit == "min")


def _time(text: str, config: Config, now: datetime, option: str) -> datetime:
    try:
        return typed(text, config.zone, now, past=True)
    except TimeError as error:
        raise UsageError(f"{option}: {error}") from None


def _composed(name: str) -> str:
    """A name as messages have it, also where a keyboard writes letters and their dots apart."""
    return unicodedata.normalize("NFC", name).strip()


# --- For programs -----------------------------------------------------------------------------------------------------


def _summary(incident: Incident, thread: Sequence[Said], deadline: Deadline | None, now: datetime) -> dict[str, Any]:
    waiting = owed(incident, thread, now)
    return {
        "name": incident.name,
        "state": _stage(incident, thread, now),
        "opened": incident.opened.isoformat(),
        "opened_by": incident.opened_by,
        "closed": _iso(incident.closed),
        "closed_by": incident.closed_by,
        "aware": _iso(incident.aware),
        "earlier": incident.earlier,
        "messages": len(thread),
        "last_said": thread[-1].issued.isoformat() if thread else None,
        "next_update": _iso(waiting.promise),
        "expired": _iso(waiting.expired),
        "overdue": waiting.overdue(now),
        "next_deadline": None if deadline is None else {"id": deadline.id, "due": deadline.due.isoformat()},
    }


def _clock(clock: Clock, now: datetime) -> dict[str, Any]:
    one, report = clock.deadline, clock.report
    return {
        "id": one.id,
        "rule": one.rule,
        "text": one.text,
        "due": one.due.isoformat(),
        "reported": None if report is None or report.not_due is not None else report.at.isoformat(),
        "by": None if report is None else report.by,
        "not_due": None if report is None else report.not_due,
        "overdue": report is None and now > one.due,
    }


def _message(
    said: Said, thread: Sequence[Said], progress: Progress, author: str | None, now: datetime
) -> dict[str, Any]:
    return as_data(said.id, progress) | {
        "kind": said.kind,
        "severity": said.severity,
        "exercise": said.is_exercise,
        "headline": said.headline,
        "by": author,
        "sent": said.issued.isoformat(),
        "expires": said.expires.isoformat(),
        "next_update": _iso(said.next_update),
        "follows": said.follows,
        "retracted": _iso(said.retracted),
        "current": said in current(thread, now),
    }


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()
