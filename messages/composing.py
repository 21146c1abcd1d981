"""Messages that nobody wrote, composed of the last one of their incident: that it is over, that nothing has changed.

They name the incident by what it began with: a later headline says what was new, and is no name for it.

They are message files as a person would write them, and go the same way. They say less than a person could, and nothing
new: where nothing has changed, what the last message says stands in them once more. Their severity is that of the
message they follow, and what follows from it is for people to say.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from messages import front_matter, languages
from messages.checking import LIFETIME
from messages.document import split_headline
from messages.holding import added, announced, held, part_for
from messages.languages import Ending, Language
from messages.markdown import escaped
from messages.model import Kind, Message, Part, ServiceStatus
from messages.variables import NEXT_UPDATE, mentions

SMS, IVR = "sms", "ivr"
_SENDER = "{{ municipality.name }}"


@dataclass(frozen=True, slots=True)
class Followed:
    """What a composed message follows.

    Args:
        last: the message that it follows.
        id: of that message.
        about: the message that the incident began with, whose headlines name it; None where its own name has to.
    """

    last: Message
    id: str
    about: Message | None = None


@dataclass(frozen=True, slots=True)
class Unwell:
    """A service that does not work, or only with limits, when all is over."""

    name: str
    status: ServiceStatus


def all_clear(followed: Followed, code: str, texted: Collection[str], unwell: Sequence[Unwell] = ()) -> str:
    """Compose the all-clear of a message. It names the incident and, in an SMS, first of all who sends it.

    It goes to the municipalities that sent the message. It only keeps to the channels of an alert: an update may have
    been for fewer than the alert before it, and whoever was alerted has to hear that it is over.

    Args:
        code: language of its body.
        texted: languages in which residents get SMS of it.
        unwell: services that it says do not work yet.

    Returns:
        The source of a message file.
    """
    last = followed.last
    channels = last.channels if last.kind is Kind.ALERT else ()
    sms = {code for code in texted if not channels or SMS in channels}
    return _composed(
        followed, {"kind": Kind.ALL_CLEAR, "channels": channels or None}, _ended(followed, code, sms, unwell)
    )


def _ended(followed: Followed, code: str, sms: Collection[str], unwell: Sequence[Unwell]) -> Iterator[str]:
    for part, spoken, about in _wholes(followed, code):
        own = spoken.ending
        still = "".join(f"{sentence} " for sentence in _unwell(unwell, own))
        yield f"{_opening(part)}# {own.mark}: {about}\n\n{own.text.replace('{still}', still)}\n"
        if spoken.code in sms:
            heading = " ".join(filter(None, (part.language, SMS)))
            yield f"## @{heading}\n{_SENDER}: {own.mark}: {_stopped(about)} {own.short.replace('{still}', still)}\n"
    for part, spoken, about in _lone(followed, code):
        own = spoken.ending
        still = "".join(f"{sentence} " for sentence in _unwell(unwell, own))
        yield f"{_opening(part)}{_SENDER}: {own.mark}: {_stopped(about)} {own.short.replace('{still}', still)}\n"


def _unwell(services: Sequence[Unwell], own: Ending) -> Iterator[str]:
    for status, sentence in ((ServiceStatus.DOWN, own.down), (ServiceStatus.LIMITED, own.limited)):
        names = [escaped(service.name) for service in services if service.status is status]
        if names:
            yield sentence.format(services=", ".join(names))


def no_change(followed: Followed, code: str, next_update: datetime, channels: Sequence[str]) -> str:
    """Compose an update that says that nothing has changed, and when the next one comes.

    Args:
        followed: with the message that still holds.
        code: language of its body.
        next_update: what it promises, with its offset.
        channels: the only ones it goes to.

    Returns:
        The source of a message file. It stays true for a day after the next update, or as long as the message was to.

    Raises:
        ValueError: the message is an all-clear, after which nothing is left to be unchanged.
    """
    last = followed.last
    if last.kind is Kind.ALL_CLEAR:
        raise ValueError("an all-clear has no next update")
    expires = next_update + LIFETIME
    values: dict[str, front_matter.Value | None] = {
        "kind": Kind.UPDATE,
        "channels": channels,
        "next_update": next_update,
        "expires": max(last.expires or expires, expires),
    }
    return _composed(followed, values, _unchanged(followed, code, channels))


def _unchanged(followed: Followed, code: str, channels: Collection[str]) -> Iterator[str]:
    """Say what the last message says once more, which holds on, and below it that nothing has changed."""
    last = followed.last
    for part, spoken, about in _wholes(followed, code):
        own = spoken.unchanged
        said = held(part, spoken, promised=True) if part in last.parts else ""
        yield f"{_opening(part)}# {own.mark}: {about}\n\n{added(said, own.text)}\n"
        for channel in [channel for channel in channels if part_for(last, part.language, channel) or channel == IVR]:
            alone = part_for(last, part.language, channel)
            heard = held(alone, spoken, promised=True) if alone else added(f"{own.mark}: {about}", said)
            text = announced(heard, own.text) if channel == IVR else added(heard, own.text)
            yield f"## @{' '.join(filter(None, (part.language, channel)))}\n{text}\n"
    for part, spoken, about in _lone(followed, code):
        own = spoken.unchanged
        yield f"{_opening(part)}{own.mark}: {about}\n\n{own.text}\n"


def _composed(followed: Followed, values: Mapping[str, front_matter.Value | None], parts: Iterable[str]) -> str:
    last = followed.last
    head: dict[str, front_matter.Value | None] = {
        "incident": last.incident,
        "severity": last.severity,
        "municipalities": last.municipalities,
        "exercise": last.exercise or None,
        "follows": followed.id,
    }
    toml = front_matter.amended("", {**head, **values})
    return f"+++\n{toml}+++\n" + "\n".join(parts)


def _wholes(followed: Followed, code: str) -> Iterator[tuple[Part, Language, str]]:
    """A part for the body and for each further language that has been spoken, with what it is about."""
    for part in _parts(followed):
        if part.channel is None:
            yield part, languages.language(part.language or code), _about(followed, part.language)


def _lone(followed: Followed, code: str) -> Iterator[tuple[Part, Language, str]]:
    """A part for each channel for which alone a language has been spoken."""
    spoken = {part.language for part in _parts(followed) if part.channel is None} | {None, code}
    for part in _parts(followed):
        if part.channel is not None and part.language not in spoken:
            yield part, languages.language(part.language or code), _about(followed, None)


def _parts(followed: Followed) -> Sequence[Part]:
    """The parts of what is followed and of what it began with, the body first, each once."""
    every = (*followed.last.parts, *(followed.about.parts if followed.about else ()))
    once: dict[tuple[str | None, str | None], Part] = {}
    for part in every:
        once.setdefault((part.language, part.channel), part)
    return list(once.values())


def _about(followed: Followed, language: str | None) -> str:
    """What the incident is called in a language, in Markdown."""
    incident = followed.last.incident
    whole = followed.about.parts if followed.about else ()
    named = [subject(part, incident) for part in whole if part.channel is None and part.language == language]
    return named[0] if named else escaped(incident)


def _stopped(about: str) -> str:
    return about if about.endswith((".", "!", "?")) else f"{about}."


def _opening(part: Part) -> str:
    return f"{part.heading}\n" if part.heading else ""


def subject(part: Part, incident: str) -> str:
    """What a part is about, in Markdown: its headline without any mark of ours, or the incident if that has a time."""
    headline, _ = split_headline(part)
    return escaped(incident) if mentions(headline, NEXT_UPDATE) else _unmarked(headline)


def itself(message: Message, code: str) -> tuple[Part, ...]:
    """A message's parts without what was composed to them: whoever goes on with a report begins with what holds.

    Args:
        code: language of its body.
    """
    headlines = {part.language: split_headline(part)[0] for part in message.parts if part.channel is None}
    if all(_unmarked(headline) == headline for headline in headlines.values()):
        return message.parts
    said: dict[str | None, str] = {}
    kept = []
    for part in message.parts:
        text = held(part, languages.language(part.language or code), promised=True)
        if part.channel is None:
            said[part.language] = text
            kept.append(replace(part, text=f"# {_unmarked(headlines[part.language])}\n\n{text}\n\n"))
        elif text not in {"", said.get(part.language)}:
            kept.append(replace(part, text=f"{text}\n\n"))
    return tuple(kept)


def _unmarked(headline: str) -> str:
    for spoken in map(languages.language, languages.KNOWN):
        for composed in (spoken.ending, spoken.unchanged):
            headline = headline.removeprefix(f"{composed.mark}: ")
        headline = spoken.report.subject(headline)
    return headline
