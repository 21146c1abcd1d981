"""A run of a schedule: which of those that are due still goes, and what its message says. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from broadcaster.store.schedules import Intent
from messages.checking import LIFETIME
from messages.document import amended
from messages.model import Kind, Message


@dataclass(frozen=True, slots=True)
class Due:
    """What becomes of planned runs.

    Args:
        missed: those that do not go, and why.
        going: the one that goes.
    """

    missed: Sequence[tuple[datetime, str]]
    going: datetime | None


def sort(planned: Sequence[datetime], now: datetime, late: timedelta) -> Due:
    """Tell which of the runs that are due goes: the last one, unless it is too late even for that.

    Args:
        planned: in order.
        late: how late a run may be.
    """
    *earlier, last = planned
    missed = [
        (run, _too_late(late) if now - run > late else f"the run of {last.isoformat()} was due too, and went instead")
        for run in earlier
    ]
    if now - last > late:
        return Due([*missed, (last, _too_late(late))], None)
    return Due(missed, last)


def message_of_run(message: Message, intent: Intent, run: datetime, *, follows: bool) -> Message:
    """The message as one run of several sends it: unlike that of every other run, for no text is sent twice.

    Args:
        run: when it was planned, in UTC.
        follows: whether something was said before. An alert then goes as an update, to the same residents.
    """
    values: dict[str, str | bool | datetime] = {"run": run.astimezone(intent.zone)}
    if follows and message.kind is Kind.ALERT:
        values |= {"kind": Kind.UPDATE.value, "notify": True}
    promised = next(intent.runs(run), None) if intent.promise else None
    if promised is not None:
        values["next_update"] = promised.astimezone(intent.zone)
        if message.expires is None:
            values["expires"] = (promised + LIFETIME).astimezone(intent.zone)
    return replace(amended(message, values), parts=message.parts)  # whose lines are those of the author's file


def _too_late(late: timedelta) -> str:
    return (
        f"it could not go within {late // timedelta(minutes=1)} minutes of its time: no `serve` or `worker` was running"
    )
