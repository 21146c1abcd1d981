"""Phone lines at Twilio in the configuration."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from channels import fiction
from channels.announcements import IVR
from channels.provider import Provider, built_by
from channels.settings import AccountSettings, Secret
from channels.sms import NOBODYS
from channels.spoken import SPOKEN
from messages.model import Rendition


def made_up_numbers(numbers: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, str]]:
    """Name the keys under which there are numbers that belong to nobody."""
    return ((key, NOBODYS) for key, listed in numbers.items() if any(map(fiction.is_number, listed)))


Number = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")]
"""A telephone number in E.164 form (``+4648588000``)."""


class TwilioVoiceSettings(AccountSettings):
    """One phone line at Twilio.

    Args:
        line: the number that residents call, in E.164 form (``+4648588000``).
        switchboard: the number that calls go on to, in E.164 form; not the line itself.
        auth_token: what Twilio signs its requests with.
        voices: voices other than ours, by language.
        queue: a queue for callers while there is an announcement: its name at Twilio, which several lines may share.
        agents: the numbers from which the queue's calls are taken, in E.164 form.
    """

    line: Number
    switchboard: Number
    auth_token: Secret
    voices: dict[str, str] = Field(default_factory=dict)
    queue: str | None = Field(default=None, pattern=r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$")
    agents: tuple[Number, ...] = ()

    def made_up(self) -> Iterator[tuple[str, str]]:
        """Add the numbers."""
        yield from super().made_up()
        numbers = {"line": (self.line,), "switchboard": (self.switchboard,), "agents": self.agents}
        yield from made_up_numbers(numbers)

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

    @model_validator(mode="after")
    def _answered(self) -> Self:
        if self.queue is not None and not self.agents:
            raise ValueError("nobody answers the queue: name as agents the numbers from which its calls are taken")
        if self.agents and self.queue is None:
            raise ValueError("there is no queue whose calls the agents could take: name one, or leave the agents out")
        return self


def _target(settings: TwilioVoiceSettings, _rendition: Rendition) -> str:
    return settings.line


PROVIDER = Provider(
    "twilio-voice", IVR, TwilioVoiceSettings, built_by("channels.ivr"), _target, concurrency=4, rate=None
)
