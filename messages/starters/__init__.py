"""Starters: half-written messages for common events, so that nobody begins with an empty page.

Each is a file of this folder in the message format, with ``[[ … ]]`` where the author has to write; a message in which
one is left can not be rendered. The dollar names are filled in here.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib.resources import files
from string import Template

NEXT_UPDATE = timedelta(hours=4)
"""How far ahead a message that is begun promises the next update."""

LIFETIME = timedelta(hours=24)
"""How long it is true."""


def names() -> tuple[str, ...]:
    """Name the starters there are, in alphabetical order."""
    return tuple(sorted(file.name[:-3] for file in files(__name__).iterdir() if file.name.endswith(".md")))


def starter(name: str, *, municipalities: Sequence[str], now: datetime) -> str:
    """Begin a message: the next update promised in four hours, the end after a day, both rounded up to a full hour.

    Args:
        name: one of ``names()``.
        municipalities: ids of those it is for.
        now: the present time with the offset in which the message's times are written.

    Returns:
        The source of a message file.

    Raises:
        ValueError: there is no such starter, or ``now`` has no offset.
    """
    if name not in names():
        raise ValueError(f"There is no starter {name!r}: there are {', '.join(names())}.")
    if now.utcoffset() is None:
        raise ValueError("The present time needs an offset from UTC.")
    next_update = full_hour(now + NEXT_UPDATE)
    return Template((files(__name__) / f"{name}.md").read_text(encoding="utf-8")).substitute(
        date=now.date().isoformat(),
        municipalities=json.dumps(list(municipalities), ensure_ascii=False),
        next_update=next_update.isoformat(),
        expires=full_hour(now + LIFETIME).isoformat(),
    )


def full_hour(time: datetime) -> datetime:
    """Round up."""
    hour = time.replace(minute=0, second=0, microsecond=0)
    return hour if hour == time else hour + timedelta(hours=1)
