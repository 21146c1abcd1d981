"""What phone lines say, whoever answers them: every incident that goes on, the most important first.

A line keeps one announcement for each incident and language. All languages are told of the same incidents in the same
order; what was not written in one is said in another, after a remark. An exercise is an incident of its own, and never
heard while there is a real one.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from channels.contract import Accepted, ChannelKind, Nature, Parcel, Rejected, Showing, Surfaces
from channels.exercise import is_exercise
from channels.spoken import SPOKEN
from messages.languages import language
from messages.model import Form, Limits, Markup
from messages.moments import in_markup, promise
from messages.precedence import precedence
from messages.speech import count_words, to_speech

IVR = ChannelKind("ivr", Nature.LINE, Form(Markup.SPEECH, Limits(characters=4096, words=150)), repeatable=True)
"""4096 characters are the most that Twilio speaks at once; 150 words take a minute, and some lines say them twice."""

LONGEST = 250
"""Words of all announcements together, about two minutes: what goes beyond is said by its headline."""

MOST = 6
"""Incidents that a line tells of; how many there are it says in any case."""

OnAir = Sequence[Mapping[str, Parcel]]
"""The incidents that a line tells of, the most important first: of each the last word by language."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something that a line says at a stretch.

    Args:
        language: whose voice says it.
        message: id of the message whose text it is, which a person may have recorded; empty for words of ours.
    """

    text: str = field(repr=False)
    language: str
    message: str = ""


class Announcements:
    """The announcements of all lines."""

    def __init__(self, surfaces: Surfaces) -> None:
        self._surfaces = surfaces
        self._changing = asyncio.Lock()  # between the look at a line and what follows from it nobody else changes it

    async def put(self, parcel: Parcel) -> Accepted | Rejected:
        """Let a line say the parcel's text. One that comes late never takes a newer one's place in its incident."""
        line, slot = parcel.target, _slot(parcel)
        async with self._changing:
            same = [showing for showing in await self._of(line) if _slot(showing.parcel) == slot]
            if any(showing.parcel.issued > parcel.issued for showing in same):
                return Rejected("a newer announcement is on the line")
            await self._surfaces.put(IVR.name, line, slot, parcel)
            await self._empty(showing for showing in same if showing.slot != slot)
        return Accepted(_id(parcel))

    async def remove(self, parcel: Parcel, remote_id: str) -> Accepted:
        """Take an announcement off its line, unless a newer one of its incident has done so already."""
        async with self._changing:
            of_it = [showing for showing in await self._of(parcel.target) if _id(showing.parcel) == remote_id]
            await self._empty(of_it)
        return Accepted(remote_id)

    async def of(self, line: str, now: datetime) -> OnAir:
        """What a line tells of ``now``."""
        return on_air(await self._of(line), now)

    async def _of(self, line: str) -> Sequence[Showing]:
        return await self._surfaces.showing(IVR.name, line)

    async def _empty(self, showings: Iterable[Showing]) -> None:
        for showing in showings:
            await self._surfaces.remove(IVR.name, showing.surface, showing.slot)


def on_air(showings: Sequence[Showing], now: datetime) -> OnAir:
    """What a line tells of ``now``: what has not expired or goes on all the same; exercises only where all is one.

    Args:
        showings: newest ``issued`` first, as ``Surfaces.showing`` has them.
    """
    parcels = [showing.parcel for showing in showings if showing.parcel.expires > now or showing.lasts]
    real = [parcel for parcel in parcels if not is_exercise(parcel.rendition)]
    incidents: dict[str, dict[str, Parcel]] = {}
    for parcel in sorted(real or parcels, key=_precedence):
        incidents.setdefault(parcel.incident, {}).setdefault(parcel.rendition.language, parcel)
    return list(incidents.values())


def utterances(on: OnAir, code: str, languages: Sequence[str], now: datetime, zone: tzinfo) -> tuple[Utterance, ...]:
    """What a line says in a language; nothing where there is nothing to tell of.

    Args:
        languages: the line's, the first one first: what was not written in ``code`` is said in the first that it is in.
        zone: whose times callers are told.
    """
    words, said = SPOKEN.get(code), list[Utterance]()
    if words is None:  # we have no words of our own in it: only what people wrote or recorded is said
        own = [incident[code] for incident in on[:MOST] if code in incident]
        return tuple(Utterance(parcel.rendition.text, code, parcel.message) for parcel in own)
    chosen = [_chosen(incident, (code, *languages)) for incident in on]
    if len(chosen) > 1:
        said.append(Utterance(words.several.format(count=len(chosen)), code))
    room = LONGEST
    for place, parcel in enumerate(chosen[:MOST]):
        room -= count_words(parcel.rendition.text)
        if place:
            said.append(Utterance(words.next, code))
        said += _told(parcel, code, now, zone) if room >= 0 or not place else _named(parcel, code)
    return tuple(said)


def _told(parcel: Parcel, code: str, now: datetime, zone: tzinfo) -> Iterator[Utterance]:
    """Say an announcement, and how old it is where that matters; a promise that was not kept is not repeated."""
    own = parcel.rendition.language
    yield from _remark(own, code)
    if parcel.expires <= now:
        yield _with_time(language(code).lasting.spoken, parcel.issued, code, zone)
    text, due = parcel.rendition.text, parcel.next_update
    if due is None or due > now:
        yield Utterance(text, own, parcel.message)
        return
    promised = to_speech(promise(due, Markup.SPEECH, own, zone), own)
    yield Utterance(text.removesuffix(promised).rstrip(), own, parcel.message)
    yield _with_time(language(code).page.late, due, code, zone)


def _named(parcel: Parcel, code: str) -> Iterator[Utterance]:
    """Say what an announcement is about, where there is no time for more."""
    own = parcel.rendition.language
    yield from _remark(own, code)
    yield Utterance(to_speech(parcel.rendition.title, own), own)


def _remark(own: str, code: str) -> Iterator[Utterance]:
    if own != code:
        yield Utterance(SPOKEN[code].only.get(own, language(code).page.untranslated), code)


def _with_time(sentence: str, moment: datetime, code: str, zone: tzinfo) -> Utterance:
    time = in_markup(moment, Markup.SPEECH, code, zone)
    return Utterance(to_speech(sentence.format(time=time), code), code)


def _chosen(incident: Mapping[str, Parcel], wanted: Sequence[str]) -> Parcel:
    return next((incident[code] for code in wanted if code in incident), next(iter(incident.values())))


def _precedence(parcel: Parcel) -> tuple[int, float]:
    return precedence(parcel.kind, parcel.severity, parcel.issued)


def _slot(parcel: Parcel) -> str:
    """An announcement's place on its line. Databases have older ones, by language alone: the parcel tells, not they."""
    practised = "exercise/" if is_exercise(parcel.rendition) else ""
    return f"{parcel.rendition.language}/{practised}{parcel.incident}"


def _id(parcel: Parcel) -> str:
    return f"{parcel.message}/{parcel.rendition.language}"
