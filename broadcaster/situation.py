"""Situation reports: from the board of services and the last message of an incident to a message that can be sent."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from broadcaster.config import Config
from broadcaster.plan import reread
from broadcaster.schedule.runner import Composer
from broadcaster.store.board import BoardStore
from broadcaster.store.database import Database
from broadcaster.store.errors import RefusedError
from broadcaster.store.incidents import find
from broadcaster.store.schedules import Schedule
from broadcaster.store.threads import Said, thread
from broadcaster.succession import since_cleared
from messages.model import Message
from messages.reporting import Line, Situation, situation_report
from messages.services import can_be_read, sites_down
from messages.spelling import quoted

COMPOSER = "report"
"""What schedules call it."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be reported of.

    Args:
        municipalities: those that report; none named means all for which the last message was.
    """

    incident: str
    municipalities: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The order as a schedule keeps it."""
        return json.dumps(asdict(self), ensure_ascii=False)


def composer(database: Database, config: Config) -> Composer:
    """What composes the reports of schedules."""

    async def compose(schedule: Schedule, planned: datetime) -> Message:
        found = json.loads(schedule.intent.source)
        order = Order(found["incident"], tuple(found["municipalities"]))
        promised = next(schedule.intent.runs(planned), None) if schedule.intent.promise else None
        return reread(await report(database, config, order, planned, promised))

    return compose


async def report(
    database: Database, config: Config, order: Order, at: datetime, next_update: datetime | None = None
) -> str:
    """Compose a report of how things stand.

    Args:
        at: the time that it is of.
        next_update: when the next one comes; None for what the last message promises.

    Returns:
        The source of a message file.

    Raises:
        RefusedError: nothing goes on, the board is empty, or the municipalities' boards differ.
        StoreError: the database cannot be used.
    """
    last = await _last(database, order, at)
    chosen = order.municipalities or last.municipalities
    (code, *others) = dict.fromkeys(config.municipalities[one].languages[0] for one in chosen)
    if others:
        raise RefusedError(f"{', '.join(chosen)} write in different languages. Make a report for each, with -m.")
    lines = await _board(database, chosen)
    down = sites_down(((one, line.name, line.status) for one in chosen for line in lines), config.municipalities)
    situation = Situation(
        last=reread(last.source),
        id=last.id,
        lines=lines,
        municipalities=chosen,
        at=at.astimezone(config.zone),
        next_update=next_update and next_update.astimezone(config.zone),
        readable=all(can_be_read(config.municipalities[one], down) for one in chosen),
    )
    channels = {channel for one in chosen for channel in config.municipalities[one].channels}
    return situation_report(situation, code, channels, config.zone)


async def _last(database: Database, order: Order, at: datetime) -> Said:
    name, municipalities = order.incident, order.municipalities
    incident = await find(database, name)
    if incident is None:
        raise RefusedError(f"There is no incident {quoted(name)}. See `broadcaster incident list`.")
    said = [one for one in await thread(database, name) if not one.is_exercise]
    concerned = municipalities or {municipality for one in said for municipality in one.municipalities}
    standing = {one.id: one for municipality in concerned for one in since_cleared(said, municipality)}
    last = max(standing.values(), key=lambda one: one.issued, default=None)
    if incident.closed is not None or last is None or (last.expires <= at and not incident.lasts):
        who = f" for {', '.join(municipalities)}" if municipalities else ""
        raise RefusedError(
            f"Nothing goes on in the incident {quoted(name)}{who}: no message of it is true any more. "
            "See `broadcaster incident show` for what was said."
        )
    missing = sorted(set(municipalities) - set(last.municipalities))
    if missing:
        raise RefusedError(
            f"The last message of the incident, {last.id}, is not one of {', '.join(missing)}. "
            "Make a report for each municipality, with -m."
        )
    return last


async def _board(database: Database, municipalities: Sequence[str]) -> Sequence[Line]:
    standings = await BoardStore(database).standings()
    boards = {
        one: [Line(s.name, s.status, s.note, s.since) for s in standings if s.municipality == one]
        for one in municipalities
    }
    first = boards[municipalities[0]]
    if any(_said(board) != _said(first) for board in boards.values()):
        raise RefusedError(
            f"The boards of services of {', '.join(municipalities)} differ. Make a report for each, with -m."
        )
    if not first:
        raise RefusedError(
            f"There is no service on the board of {', '.join(municipalities)}, so there is nothing to report. "
            'See `broadcaster services set "E-tjänster" down`.'
        )
    return first


def _said(board: Sequence[Line]) -> list[tuple[str, str, str]]:
    return [(line.name, line.status, line.note) for line in board]
