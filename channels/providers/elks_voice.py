"""Phone lines at 46elks in the configuration."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from channels.announcements import IVR
from channels.provider import Provider, built_by
from channels.providers.prompts import ByLanguage, Format
from channels.providers.twilio_voice import Number, made_up_numbers
from channels.settings import AccountSettings, FilePath, Secret
from messages.model import Rendition

CHOICE, REPEAT = WORDS = "choice", "repeat"
"""The words around an announcement: how to choose its language, and how to hear it again."""

_SHORTEST_SECRET = 16  # characters


class ElksVoiceSettings(AccountSettings):
    """One phone line at 46elks. It plays what is spoken here, for 46elks itself does not speak.

    Args:
        line: the number that residents call, in E.164 form (``+46846500400``).
        switchboard: the number that calls go on to, in E.164 form; not the line itself.
        secret: anything long that nobody guesses: the webhook's address is made from it, for 46elks does not sign.
        directory: the folder for the line's files, as seen from the configuration's folder.
        voices: piper's voices by language: ``.onnx`` files; espeak-ng speaks where there is none.
    """

    line: Number
    switchboard: Number
    secret: Secret
    directory: FilePath = Field(default=Path("calls"), validate_default=True)
    voices: ByLanguage = Field(default_factory=dict)

    def made_up(self) -> Iterator[tuple[str, str]]:
        """Add the numbers."""
        yield from super().made_up()
        yield from made_up_numbers({"line": (self.line,), "switchboard": (self.switchboard,)})

    @model_validator(mode="after")
    def _not_in_a_circle(self) -> Self:
        if self.line == self.switchboard:
            raise ValueError("the switchboard is the line itself, so a call would never arrive: give its own number")
        if len(self.secret.get_secret_value()) < _SHORTEST_SECRET:
            raise ValueError(f"the secret can be guessed: make it at least {_SHORTEST_SECRET} characters long")
        return self

    @property
    def formats(self) -> tuple[Format, ...]:
        """The one of the formats of 46elks (WAV, MP3, Ogg Vorbis) that needs no other program."""
        return (Format.WAV,)

    @property
    def greetings(self) -> Mapping[str, Path]:
        """None: without a message the call goes straight through."""
        return {}

    def file(self, language: str, form: Format = Format.WAV) -> str:
        """The name of the announcement's file in a language."""
        return f"{self.line.removeprefix('+')}-{language}{form.ending}"

    def word_file(self, word: str, language: str) -> str:
        """The name of the file of one of the words around an announcement."""
        return f"{self.line.removeprefix('+')}-{language}-{word}{Format.WAV.ending}"

    def files(self, language: str) -> tuple[str, ...]:
        """The names of all files in a language."""
        return self.file(language), *(self.word_file(word, language) for word in WORDS)


def _target(settings: ElksVoiceSettings, _rendition: Rendition) -> str:
    return settings.line


PROVIDER = Provider(
    "46elks-voice", IVR, ElksVoiceSettings, built_by("channels.elks_voice"), _target, concurrency=1, rate=None
)
"""One at a time, as for other prompts: speech is work for a processor."""
