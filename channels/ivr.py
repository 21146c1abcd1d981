"""Phone lines: the announcement that callers hear before the switchboard answers, spoken by Twilio's voice service.

A line's state is stored; ``serve`` reads it for each call and answers with the TwiML that this module writes.
Verbs and attributes are those of https://www.twilio.com/docs/voice/twiml.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from pydantic import SecretStr
from twilio.twiml.voice_response import Gather, VoiceResponse

from channels.announcements import Announcements, Utterance, on_air, utterances
from channels.contract import Outcome, Parcel, Rejected, Showing, Surfaces
from channels.provider import Wiring
from channels.providers.twilio_voice import TwilioVoiceSettings
from channels.spoken import AGAIN, SPOKEN, offered
from channels.xml_text import xml_text

_RING_SECONDS = 30  # then a switchboard that does not answer is given up
_THINK_SECONDS = 3  # to press a key after the last word


@dataclass(frozen=True, slots=True)
class Line:
    """A phone line as a call meets it.

    Args:
        number: the one that residents call, in E.164 form: the surface's name.
        switchboard: the number that calls go on to, in E.164 form.
        auth_token: what Twilio signs its requests with.
        voices: voices other than ours, by language.
        languages: ISO 639-1 codes, the first one first; their places are the keys to press.
        zone: whose times callers are told.
        queue: where callers wait while there is an announcement, as Twilio knows it; empty for no queue.
        agents: the numbers of those who take calls from it, in E.164 form.
    """

    number: str
    switchboard: str
    auth_token: SecretStr
    voices: Mapping[str, str]
    languages: tuple[str, ...]
    zone: tzinfo
    queue: str = ""
    agents: frozenset[str] = frozenset()


class IvrChannel:
    """Puts announcements on phone lines: one for each incident and language."""

    def __init__(self, surfaces: Surfaces) -> None:
        self._announcements = Announcements(surfaces)

    async def send(self, parcel: Parcel) -> Outcome:
        """Let the line say the parcel's text. One that comes late never takes a newer one's place in its incident."""
        language = parcel.rendition.language
        if language not in SPOKEN:
            return Rejected(f'a phone line cannot speak "{language}": it can speak {", ".join(SPOKEN)}')
        return await self._announcements.put(parcel)

    async def replace(self, parcel: Parcel, remote_id: str) -> Outcome:  # noqa: ARG002 - an incident has one place a language
        """Let the line say the parcel's text instead."""
        return await self.send(parcel)

    async def withdraw(self, parcel: Parcel, remote_id: str) -> Outcome:
        """Take the announcement off the line, unless a newer one of its incident has done so already."""
        return await self._announcements.remove(parcel, remote_id)


def announcement(
    showings: Sequence[Showing], line: Line, now: datetime, here: str, pressed: str | None = None, heard: str = ""
) -> str:
    """What a caller hears, as TwiML: what the line tells of, how to hear it again, then the switchboard or the queue.

    The line's further languages are offered first, each in itself, by a key. Any other key leads onward at once, as
    does waiting. Without an announcement there is no queue either: nobody might be there to answer it. A single
    announcement is said twice where no queue repeats it.

    Args:
        showings: what the line shows.
        here: the address of the line's webhook, where pressed keys go.
        pressed: the key that the caller has pressed when asked, None at the start of the call.
        heard: the language that the caller heard until then.
    """
    keys = offered(line.languages) if on_air(showings, now) else {}
    if not keys:
        return straight_through(line.switchboard)
    response = VoiceResponse()
    first = next(iter(keys.values()))
    language = _chosen(keys, pressed, heard)
    if language is None:
        _go_on(response, line, here, heard if heard in SPOKEN else first)
        return str(response)

    gather = Gather(num_digits=1, timeout=_THINK_SECONDS, action=f"{here}?language={language}", method="POST")
    if pressed is None:
        for key, other in keys.items():
            if other != language:
                say(gather, SPOKEN[other].choice.format(digit=key), other, line.voices)
    told = current(showings, line, now, language)
    say_all(gather, told, line)
    if not line.queue and len(on_air(showings, now)) == 1:
        gather.pause(length=1)
        say_all(gather, told, line)
    say(gather, SPOKEN[language].again.format(digit=AGAIN), language, line.voices)
    response.append(gather)
    say(response, SPOKEN[language].queued if line.queue else SPOKEN[language].onward, language, line.voices)
    _go_on(response, line, here, language)
    return str(response)


def straight_through(switchboard: str) -> str:
    """TwiML that connects the call as if we were not there: it rings until the switchboard answers."""
    response = VoiceResponse()
    _dial(response, switchboard)
    return str(response)


def current(showings: Sequence[Showing], line: Line, now: datetime, language: str) -> Sequence[Utterance]:
    """What a line says ``now`` in a language."""
    return utterances(on_air(showings, now), language, line.languages, now, line.zone)


def say_all(verb: Gather | VoiceResponse, told: Sequence[Utterance], line: Line) -> None:
    """Let each be said by a voice of its language; what no voice speaks is left out."""
    for one in told:
        if one.language in SPOKEN:
            say(verb, one.text, one.language, line.voices)


def say(verb: Gather | VoiceResponse, text: str, language: str, voices: Mapping[str, str]) -> None:
    """Let a voice of the language say a text."""
    spoken = SPOKEN[language]
    verb.say(xml_text(text), voice=voices.get(language, spoken.voice), language=spoken.tag)


def _chosen(keys: Mapping[str, str], pressed: str | None, heard: str) -> str | None:
    """The language that a caller wants to hear; None for one who wants to go on."""
    if pressed is None:
        return next(iter(keys.values()))
    if pressed == AGAIN:
        return heard if heard in keys.values() else None
    return keys.get(pressed)


def _go_on(response: VoiceResponse, line: Line, here: str, language: str) -> None:
    if line.queue:
        wait = f"{here}/wait?language={language}"
        response.enqueue(line.queue, wait_url=wait, wait_url_method="POST", action=f"{here}/left", method="POST")
    else:
        _dial(response, line.switchboard)


def _dial(response: VoiceResponse, switchboard: str) -> None:
    response.dial(switchboard, timeout=_RING_SECONDS, answer_on_bridge=True)


def build(_settings: TwilioVoiceSettings, wiring: Wiring) -> IvrChannel:
    """Make the adapter of an account."""
    return IvrChannel(wiring.surfaces)
