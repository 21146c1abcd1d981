"""The words of the trade as frozen values: message, part, municipality, form and rendition."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from messages.problems import Problem


class Kind(StrEnum):
    """What a message does in its incident."""

    ALERT = "alert"
    UPDATE = "update"
    CORRECTION = "correction"
    ALL_CLEAR = "all-clear"


class Severity(StrEnum):
    """How bad it is, worst first. The first four are those of CAP 1.2; the last is for what is not an emergency."""

    EXTREME = "extreme"
    SEVERE = "severe"
    MODERATE = "moderate"
    MINOR = "minor"
    INFORMATION = "information"


class ServiceStatus(StrEnum):
    """Whether a municipal service can be used."""

    WORKING = "working"
    LIMITED = "limited"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Service:
    """A line of the board of services; no municipalities named means all of the message's."""

    name: str
    status: ServiceStatus
    note: str = ""
    municipalities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the message's text, for a language, a channel, both, or (neither) the body itself.

    Args:
        language: ISO 639-1 code, or None for each municipality's first language.
        channel: name of the channel it is written for, or None for all that have no part of their own.
        heading: the line that opened it, exactly as written without its line end; empty for the body.
        text: everything up to the next part, exactly as written.
        line: the line of the file on which ``text`` begins, counted from 1.
    """

    language: str | None
    channel: str | None
    heading: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Recording:
    """A message as a person has spoken it, for phone lines.

    Args:
        language: ISO 639-1 code, or None for each municipality's first language.
        path: where its WAV file is, seen from the message's file.
        content: the file; empty until somebody has read it.
    """

    language: str | None
    path: str
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """What a communicator authored: frozen, and known by the hash of its source.

    Args:
        file: the name the user gave, for errors; not part of the message's identity.
        front_matter: the TOML between the ``+++`` lines, exactly as written.
        parts: body first, then the parts in the order of the file.
        exercise: whether nothing has happened and people only practise; every rendition says so.
        follows: id of the message that this one updates, corrects or ends; empty for the last one of its incident.
        notify: whether an update also goes to subscribers, who get every other kind without being asked for.
        run: for which time a schedule sends it, so that each of its runs is another message; None for all others.
        channels: names of the only channels it goes to; none named means all.
        recordings: what callers hear instead of its text, one for each language; they are part of its identity.
        remarks: what its author should know of how the file was read.
    """

    incident: str
    kind: Kind
    severity: Severity
    municipalities: tuple[str, ...]
    next_update: datetime | None
    expires: datetime | None
    services: tuple[Service, ...]
    front_matter: str
    parts: tuple[Part, ...]
    exercise: bool = False
    follows: str = ""
    notify: bool = False
    run: datetime | None = None
    channels: tuple[str, ...] = ()
    recordings: tuple[Recording, ...] = ()
    file: str = field(default="", compare=False)
    remarks: tuple[Problem, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Municipality:
    """A cooperating sender, as messages may speak of it.

    Args:
        id: the short name used in files and addresses: ``borgholm``.
        languages: ISO 639-1 codes, its first language first.
        channels: names of the channels on which it has an account.
        variables: what ``{{ municipality.KEY }}`` stands for: name, phone, web, page (where residents read more, also
            when its own web site is down) and any other the configuration adds.
        translations: variables that differ in a language, by language.
        code: its official number (SCB), whose first two digits are its county's; empty for who has none, as companies.
        part_of: of a municipal company, id of its municipality, on whose page it is shown as well; empty for others.
    """

    id: str
    languages: tuple[str, ...]
    channels: tuple[str, ...]
    variables: Mapping[str, str]
    translations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    code: str = ""
    part_of: str = ""


class Markup(StrEnum):
    """What a rendition's text is written in."""

    PLAIN = "plain"  # lines of text, as a Facebook post shows them
    SMS = "sms"  # plain, look-alike characters replaced, counted in segments
    HTML = "html"  # an HTML fragment, as a feed carries it
    SPEECH = "speech"  # words to be spoken, nothing that needs to be seen


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a channel takes. None means that the channel sets no such limit.

    Args:
        characters: longest text in Unicode code points.
        segments: most SMS segments (GSM 03.38) of one text.
        words: most spoken words.
    """

    characters: int | None = None
    segments: int | None = None
    words: int | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """What a channel's texts look like. Channels state it, rendering obeys it.

    Args:
        promises: whether the channel itself shows when the next update comes, so that its texts need not say it.
    """

    markup: Markup
    limits: Limits
    promises: bool = False


@dataclass(frozen=True, slots=True)
class Rendition:
    """The finished text of a message for one municipality, channel and language.

    Args:
        title: the headline, for channels that show one apart (feeds); plain text.
        text: all a resident gets on that channel, in the channel's markup.
    """

    municipality: str
    channel: str
    language: str
    title: str
    text: str
