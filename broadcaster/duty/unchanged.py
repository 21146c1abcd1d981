"""When automation says that nothing has changed, and what it promises next. Pure.

It speaks only where a municipality has asked for it, and a while after the promise: people go first. It never ends an
incident and never makes it worse.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from broadcaster.store.duty import Promise
from broadcaster.store.threads import Said

ACTOR = "automation"
"""Who it is in the audit."""

GRACE = timedelta(minutes=5)
"""How long after the promised time people may still come first."""

MOST_IN_A_ROW = 3
"""How often nothing has changed without a person saying so: a machine that says it for days misleads."""

_HOUR = timedelta(hours=1)
_LONGEST = timedelta(hours=24)
_AHEAD = timedelta(minutes=30)


def speakers(promise: Promise, willing: Collection[str], now: datetime) -> tuple[str, ...]:
    """The municipalities for which automation is to speak now.

    Args:
        willing: those that want it.
    """
    if now < promise.due + GRACE:
        return ()
    return tuple(municipality for municipality in promise.municipalities if municipality in willing)


def spoken_for(promise: Promise, thread: Sequence[Said], automatic: Collection[str]) -> set[str]:
    """The municipalities that automation has spoken for; if one took that back, it does not want it again.

    Args:
        thread: what was said in the incident.
        automatic: ids of the messages that automation has sent.
    """
    spoken = [said for said in thread if said.id in automatic and said.follows == promise.message]
    return {municipality for said in spoken for municipality in said.municipalities}


def in_a_row(thread: Sequence[Said], automatic: Collection[str], municipalities: Collection[str]) -> int:
    """How often automation was the last to speak for some of the municipalities.

    Args:
        thread: what was said in the incident, oldest first.
        automatic: ids of the messages that automation has sent.
    """
    count = 0
    for said in reversed(thread):
        if said.retracted is None and set(said.municipalities) & set(municipalities):
            if said.id not in automatic:
                break
            count += 1
    return count


def next_promise(promise: Promise, at: datetime) -> datetime:
    """When the next update is promised: as far ahead as the last one was, in whole hours from one to 24.

    It is counted from the last promise, so that what was promised for full hours stays so.

    Args:
        at: when automation speaks.
    """
    span = min(_LONGEST, max(_HOUR, -(-(promise.due - promise.issued) // _HOUR) * _HOUR))
    steps = max(1, -(-(at + _AHEAD - promise.due) // span))
    return promise.due + steps * span
