"""Phone lines: the announcement that callers hear before the switchboard answers, spoken by Twilio's voice service.

A line's state is stored; ``serve`` reads it for each call and answers with the TwiML that this module writes.
Verbs and attributes are those of https://www.twilio.com/docs/voice/twiml.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from twilio.twiml.voice_response import Gather, VoiceResponse

from channels.contract import Accepted, ChannelKind, Outcome, Parcel, Rejected, Showing, Surfaces
from channels.provider import Provider, Wiring
from channels.settings import AccountSettings, Secret
from channels.xml_text import xml_text
from messages.model import Form, Limits, Markup, Rendition

IVR = ChannelKind("ivr", Form(Markup.SPEECH, Limits(characters=4096, words=150)), repeatable=True)
"""4096 characters are the most that one <Say> speaks; 150 words take a minute, and they are said twice."""

_RING_SECONDS = 30  # then a switchboard that does not answer is given up
_THINK_SECONDS = 3  # to press a key after the last word


@dataclass(frozen=True, slots=True)
class Spoken:
    """A language on the phone, and the words that stand around an announcement in it.

    Args:
        tag: as <Say> wants it.
        voice: who speaks, unless the account's settings name another. It must know the language: Twilio drops a call
            whose voice and language do not go together.
        choice: how to choose the language; ``{digit}`` stands for the key.
        onward: what follows the announcement.
    """

    tag: str
    voice: str
    choice: str
    onward: str


SPOKEN: Mapping[str, Spoken] = {
    "sv": Spoken("sv-SE", "Polly.Elin-Neural", "För svenska, tryck {digit}.", "Du kopplas nu till växeln."),
    "en": Spoken(
        "en-GB", "Polly.Amy-Neural", "For English, press {digit}.", "You are now being connected to the switchboard."
    ),
}
"""The languages a line can speak; a further one is one more entry."""

_Number = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")]


class TwilioVoiceSettings(AccountSettings):
    """One phone line at Twilio.

    Args:
        line: the number that residents call, in E.164 form (``+4648588000``).
        switchboard: the number that calls go on to, in E.164 form; not the line itself.
        auth_token: what Twilio signs its requests with.
        voices: voices other than ours, by language.
    """

    line: _Number
    switchboard: _Number
    auth_token: Secret
    voices: dict[str, str] = Field(default_factory=dict)

    @field_validator("voices")
    @classmethod
    def _speakable(cls, voices: dict[str, str]) -> dict[str, str]:
        for language, voice in voices.items():
            if language not in SPOKEN:
                raise ValueError(f'a line cannot speak "{language}": it can speak {", ".join(SPOKEN)}')
            if not voice.strip():
                raise ValueError(f'the voice for "{language}" is empty: name one, or leave the language out')
        return voices

    @model_validator(mode="after")
    def _not_in_a_circle(self) -> Self:
        if self.line == self.switchboard:
            raise ValueError("the switchboard is the line itself, so a call would never arrive: give its own number")
        return self


@dataclass(frozen=True, slots=True)
class Line:
    """A phone line as a call meets it.

    Args:
        number: the one that residents call, in E.164 form: the surface's name.
        switchboard: the number that calls go on to, in E.164 form.
        auth_token: what Twilio signs its requests with.
        voices: voices other than ours, by language.
        languages: ISO 639-1 codes, the first one first; their places are the keys to press.
    """

    number: str
    switchboard: str
    auth_token: SecretStr
    voices: Mapping[str, str]
    languages: tuple[str, ...]


class IvrChannel:
    """Puts announcements on phone lines: one at a time for each language, the newest."""

    def __init__(self, surfaces: Surfaces) -> None:
        self._surfaces = surfaces

    async def send(self, parcel: Parcel) -> Outcome:
        """Let the line say the parcel's text. One that comes late never takes the place of a newer one."""
        language = parcel.rendition.language
        if language not in SPOKEN:
            return Rejected(f'a phone line cannot speak "{language}": it can speak {", ".join(SPOKEN)}')
        shown = await self._shown(parcel.target, language)
        if shown is not None and shown.issued > parcel.issued:
            return Rejected("a newer announcement is on the line")
        await self._surfaces.put(IVR.name, parcel.target, language, parcel)
        return Accepted(_announcement_id(parcel))

    async def replace(self, parcel: Parcel, remote_id: str) -> Outcome:  # noqa: ARG002 - a line has one place a language
        """Let the line say the parcel's text instead."""
        return await self.send(parcel)

    async def withdraw(self, parcel: Parcel, remote_id: str) -> Outcome:
        """Take the announcement off the line, unless a newer one has done so already."""
        language = parcel.rendition.language
        shown = await self._shown(parcel.target, language)
        if shown is not None and _announcement_id(shown) == remote_id:
            await self._surfaces.remove(IVR.name, parcel.target, language)
        return Accepted(remote_id)

    async def _shown(self, line: str, language: str) -> Parcel | None:
        for showing in await self._surfaces.showing(IVR.name, line):
            if showing.slot == language:
                return showing.parcel
        return None


def _announcement_id(parcel: Parcel) -> str:
    return f"{parcel.message}/{parcel.rendition.language}"


def announcement(showings: Sequence[Showing], line: Line, now: datetime, pressed: str | None = None) -> str:
    """What a caller hears, as TwiML: the announcement twice, then the switchboard.

    Where it exists in further languages, each is offered first, in itself, by a key: a language's place in
    the line's, so that a key always means the same. Any other key leads to the switchboard, as does waiting.

    Args:
        showings: what the line shows; what has expired counts for nothing.
        pressed: the key that the caller has pressed when asked, None at the start of the call.
    """
    texts = {showing.slot: showing.parcel.rendition.text for showing in showings if showing.parcel.expires > now}
    keys = {
        str(digit): language
        for digit, language in enumerate(line.languages[:9], start=1)
        if language in texts and language in SPOKEN
    }
    language = next(iter(keys.values()), None) if pressed is None else keys.get(pressed)
    if language is None:
        return straight_through(line.switchboard)

    response = VoiceResponse()
    further = {key: other for key, other in keys.items() if other != language}
    if pressed is None and further:
        # without an action the key is sent to the address that was called, which is this one
        gather = Gather(num_digits=1, timeout=_THINK_SECONDS, method="POST")
        for key, other in further.items():
            _say(gather, SPOKEN[other].choice.format(digit=key), other, line.voices)
        _say_twice(gather, texts[language], language, line.voices)
        response.append(gather)
    else:
        _say_twice(response, texts[language], language, line.voices)
    _say(response, SPOKEN[language].onward, language, line.voices)
    _dial(response, line.switchboard)
    return str(response)


def straight_through(switchboard: str) -> str:
    """TwiML that connects the call as if we were not there: it rings until the switchboard answers."""
    response = VoiceResponse()
    _dial(response, switchboard)
    return str(response)


def _say(verb: Gather | VoiceResponse, text: str, language: str, voices: Mapping[str, str]) -> None:
    spoken = SPOKEN[language]
    verb.say(xml_text(text), voice=voices.get(language, spoken.voice), language=spoken.tag)


def _say_twice(verb: Gather | VoiceResponse, text: str, language: str, voices: Mapping[str, str]) -> None:
    _say(verb, text, language, voices)
    verb.pause(length=1)
    _say(verb, text, language, voices)


def _dial(response: VoiceResponse, switchboard: str) -> None:
    response.dial(switchboard, timeout=_RING_SECONDS, answer_on_bridge=True)


def _build(_settings: TwilioVoiceSettings, wiring: Wiring) -> IvrChannel:
    return IvrChannel(wiring.surfaces)


def _target(settings: TwilioVoiceSettings, _rendition: Rendition) -> str:
    return settings.line


PROVIDER = Provider("twilio-voice", IVR, TwilioVoiceSettings, _build, _target, concurrency=4, rate=None)
