"""Situation reports, composed of the board of services and the last message of an incident.

They are message files as a person would write them, and go the same way. What the last message says holds on: it stands
first, and the report adds to it. What they say is the same for the same board, message and time.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from messages import front_matter, languages
from messages.checking import LIFETIME
from messages.composing import subject
from messages.holding import added, announced, held, part_for, whole_parts
from messages.languages import Language
from messages.markdown import escaped
from messages.model import Kind, Message, Part, ServiceStatus
from messages.moments import told
from messages.variables import mentions

ROOM = 80
"""Characters for the names of services with a status, where a text is short: an SMS, a phone line."""

SHORT = ("sms", "ivr")
"""Channels that get a shorter text of their own."""

PAGE = "page"
"""The channel that shows the board itself."""

_PHONE = "municipality.phone"


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
    written: list[str] = []
    for part in whole_parts(situation.last):
        spoken = languages.language(part.language or code)
        written += _parts(_Reporting(situation, part, spoken, zone), channels)
    return f"+++\n{front_matter.amended('', _head(situation))}+++\n" + "\n".join(written)


@dataclass(frozen=True, slots=True)
class _Reporting:
    """A report in one language.

    Args:
        whole: the last message in that language.
    """

    situation: Situation
    whole: Part
    spoken: Language
    zone: tzinfo

    def held(self, part: Part) -> str:
        """What a part of the last message says that holds on."""
        return held(part, self.spoken, promised=_next_update(self.situation) is not None)

    def read(self, part: Part) -> str:
        """The same for those who read it, with whom to ask."""
        said = self.held(part)
        return said if mentions(said, _PHONE) else added(said, self.spoken.report.contact)

    def own(self, channel: str) -> Part | None:
        """The last message's part for a channel."""
        return part_for(self.situation.last, self.whole.language, channel)

    def time(self) -> str:
        """The moment of the report, with the day."""
        return told(self.situation.at, self.spoken.moments.written, self.spoken.code, self.zone)


def _parts(report: _Reporting, channels: Collection[str]) -> Iterator[str]:
    """Write the whole report and its parts: what holds first, then the board, which the page shows itself."""
    last, language = report.situation.last, report.whole.language
    headline = report.spoken.report.headline.format(
        time=_time(report.situation.at, report.spoken, report.zone), subject=subject(report.whole, last.incident)
    )
    opening = f"{report.whole.heading}\n" if report.whole.heading else ""
    services = _services(report)
    yield f"{opening}# {headline}\n\n{added(report.read(report.whole), services)}\n"
    for part in last.parts:
        if part.language == language and part.channel not in {None, PAGE, *SHORT}:
            yield f"{part.heading}\n{added(report.read(part), services)}\n"
    texts = {
        PAGE: report.read(report.own(PAGE) or report.whole),
        "sms": _short(report, report.spoken.report.web),
        "ivr": announced(_announced(report), _short(report)),
    }
    for channel, text in texts.items():
        if channel in channels and text:
            yield f"## @{' '.join(filter(None, (language, channel)))}\n{text}\n"


def _announced(report: _Reporting) -> str:
    """What callers heard of the last message."""
    own = report.own("ivr")
    if own is not None:
        return report.held(own)
    return added(subject(report.whole, report.situation.last.incident), report.held(report.whole))


def _next_update(situation: Situation) -> datetime | None:
    last = situation.last.next_update
    return situation.next_update or (last if last is not None and last > situation.at else None)


def _head(situation: Situation) -> dict[str, front_matter.Value | None]:
    last, expires = situation.last, situation.at + LIFETIME
    next_update = _next_update(situation)
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


def _services(report: _Reporting) -> str:
    """The board under a heading of its own."""
    lists = [_list(report, status) for status in _WORST_FIRST]
    return added(f"## {report.spoken.report.section.replace('{time}', report.time())}", *lists)


_WORST_FIRST = (ServiceStatus.DOWN, ServiceStatus.LIMITED, ServiceStatus.WORKING)


def _list(report: _Reporting, status: ServiceStatus) -> str:
    lines = [line for line in report.situation.lines if line.status is status]
    if not lines:
        return ""
    return f"**{report.spoken.page.statuses[status]}**\n\n" + "\n".join(f"- {_item(line, report)}" for line in lines)


def _item(line: Line, report: _Reporting) -> str:
    said, spoken = escaped(line.name), report.spoken
    if line.since is not None:
        time = told(line.since, spoken.moments.written, spoken.code, report.zone)
        said = f"{said}, {spoken.report.since.format(time=time)}"
    return f"{said}. {_sentence(escaped(line.note))}" if line.note else f"{said}."


def _short(report: _Reporting, more: str = "") -> str:
    """The report in a few sentences; ``more`` is where to read more, if anything can be read there."""
    situation, words = report.situation, report.spoken.report
    time = _time(situation.at, report.spoken, report.zone)
    opening = words.headline.format(time=time, subject="{subject}").partition("{subject}")[0].strip()
    sentences = list(_sentences(situation, words.limited, words.down, report.spoken)) or [words.works]
    last = more if situation.readable or not more else words.contact
    return " ".join(filter(None, (opening, *sentences, last)))


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
