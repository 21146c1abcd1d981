"""Situation reports, composed of the board of services and the last message of an incident.

They are message files as a person would write them, and go the same way. What they say is the same for the same board,
message and time.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from messages import front_matter, languages
from messages.checking import LIFETIME
from messages.composing import subject
from messages.languages import Language
from messages.markdown import escaped
from messages.model import Kind, Message, ServiceStatus
from messages.moments import told

ROOM = 80
"""Characters for the names of services with a status, where a text is short: an SMS, a phone line."""

SHORT = ("sms", "ivr")
"""Channels that get a shorter text of their own."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the board of services.

    Args:
        since: when it got this status; None where nobody knows, or it never had another.
    """

    name: str
    status: ServiceStatus
    note: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Situation:
    """What a report is made of.

    Args:
        last: the last message of the incident.
        id: that message's.
        lines: the board of services, which is the same in all of the municipalities.
        municipalities: short names of those that report.
        at: the time that the report is of.
        next_update: when the next one comes; None for what the last message promises, if that is still ahead.
        readable: whether there is something to read where texts lead.
    """

    last: Message
    id: str
    lines: Sequence[Line]
    municipalities: Sequence[str]
    at: datetime
    next_update: datetime | None = None
    readable: bool = True


def situation_report(situation: Situation, code: str, channels: Collection[str], zone: tzinfo) -> str:
    """Compose a report: an update of the last message, in every language that speaks.

    Args:
        code: language of its body.
        channels: those that any of the municipalities has.
        zone: where its times are read.

    Returns:
        The source of a message file. It is true for a day, counted from the next update if it promises one, or as long
        as the last message if that is longer.

    Raises:
        ValueError: the last message is an all-clear, or the board is empty, so there is nothing to report.
    """
    if situation.last.kind is Kind.ALL_CLEAR or not situation.lines:
        raise ValueError("there is nothing to report")
    parts = [part for part in situation.last.parts if part.channel is None]
    written = []
    for part in parts:
        spoken = languages.language(part.language or code)
        about = subject(part, situation.last.incident)
        written.append((f"{part.heading}\n" if part.heading else "") + _body(situation, spoken, about, zone))
    for part in parts:
        spoken = languages.language(part.language or code)
        for channel in SHORT:
            if channel in channels:
                heading = f"## @{' '.join(filter(None, (part.language, channel)))}"
                written.append(f"{heading}\n{_short(situation, spoken, channel, zone)}")
    return f"+++\n{front_matter.amended('', _head(situation))}+++\n" + "\n".join(written)


def _head(situation: Situation) -> dict[str, front_matter.Value | None]:
    last, expires = situation.last, situation.at + LIFETIME
    promised = last.next_update if last.next_update is not None and last.next_update > situation.at else None
    next_update = situation.next_update or promised
    if next_update is not None:
        expires = max(expires, next_update + LIFETIME)
    return {
        "incident": last.incident,
        "kind": Kind.UPDATE,
        "severity": last.severity,
        "municipalities": situation.municipalities,
        "follows": situation.id,
        "next_update": next_update,
        "expires": max(expires, last.expires or expires),
        "exercise": last.exercise or None,
    }


def _body(situation: Situation, spoken: Language, about: str, zone: tzinfo) -> str:
    words = spoken.report
    time = told(situation.at, spoken.moments.written, spoken.code, zone)
    headline = words.headline.format(time=_time(situation.at, spoken, zone), subject=about)
    lists = "".join(_list(situation, spoken, status, zone) for status in _WORST_FIRST)
    return f"# {headline}\n\n{words.intro.replace('{time}', time)}\n\n{lists}{words.contact}\n"


_WORST_FIRST = (ServiceStatus.DOWN, ServiceStatus.LIMITED, ServiceStatus.WORKING)


def _list(situation: Situation, spoken: Language, status: ServiceStatus, zone: tzinfo) -> str:
    lines = [line for line in situation.lines if line.status is status]
    if not lines:
        return ""
    items = "".join(f"- {_item(line, spoken, zone)}\n" for line in lines)
    return f"**{spoken.page.statuses[status]}**\n\n{items}\n"


def _item(line: Line, spoken: Language, zone: tzinfo) -> str:
    said = escaped(line.name)
    if line.since is not None:
        time = told(line.since, spoken.moments.written, spoken.code, zone)
        said = f"{said}, {spoken.report.since.format(time=time)}"
    return f"{said}. {_sentence(escaped(line.note))}" if line.note else f"{said}."


def _short(situation: Situation, spoken: Language, channel: str, zone: tzinfo) -> str:
    words = spoken.report
    opening = words.headline.format(time=_time(situation.at, spoken, zone), subject="{subject}").partition("{subject}")
    sentences = list(_sentences(situation, words.limited, words.down, spoken)) or [words.works]
    last = (words.web if situation.readable else words.contact) if channel == "sms" else ""
    return " ".join(filter(None, (opening[0].strip(), *sentences, last))) + "\n"


def _sentences(situation: Situation, limited: str, down: str, spoken: Language) -> Iterator[str]:
    for status, sentence in ((ServiceStatus.DOWN, down), (ServiceStatus.LIMITED, limited)):
        names = [line.name for line in situation.lines if line.status is status]
        if names:
            yield sentence.format(services=_named(names, spoken))


def _named(names: Sequence[str], spoken: Language) -> str:
    """Name as many as there is room for, and count the others."""
    words, shown, room = spoken.report, 1, ROOM - len(names[0])
    while shown < len(names) and (room := room - len(names[shown])) >= 0:
        shown += 1
    listed = [escaped(name) for name in names[:shown]]
    if shown < len(names):
        listed.append(words.more.format(count=len(names) - shown))
    return f" {words.last} ".join(filter(None, (", ".join(listed[:-1]), listed[-1])))


def _sentence(note: str) -> str:
    return note if note.endswith((".", "!", "?")) else f"{note}."


def _time(at: datetime, spoken: Language, zone: tzinfo) -> str:
    local = at.astimezone(zone)
    form = spoken.report.time if local.minute else spoken.report.hour
    return form.format(hour=local.hour, minute=local.minute)
