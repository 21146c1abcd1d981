"""Prompt files in the configuration: lines whose switchboard plays what is in a folder, or what a person uploads."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from channels.announcements import IVR
from channels.provider import Provider, built_by
from channels.settings import AccountSettings, FilePath
from messages import languages
from messages.model import Rendition


class Format(StrEnum):
    """How a prompt is written; the value is what the configuration says.

    Asterisk reads ``wav``, ``alaw`` and ``ulaw`` and plays the one nearest to what a call speaks. Hosted switchboards
    take ``wav``, as far as they say what they take.
    """

    WAV = "wav"  # 16 bits, 8 kHz
    WAV_16K = "wav-16k"  # 16 bits, 16 kHz
    WAV_ALAW = "wav-alaw"  # A-law in a WAV file, 8 kHz
    WAV_ULAW = "wav-ulaw"  # µ-law in a WAV file, 8 kHz
    ALAW = "alaw"  # bare A-law, 8 kHz
    ULAW = "ulaw"  # bare µ-law, 8 kHz

    @property
    def rate(self) -> int:
        """Samples a second."""
        return 16_000 if self is Format.WAV_16K else 8_000

    @property
    def ending(self) -> str:
        """What a file's name ends in."""
        bare = {Format.WAV: ".wav", Format.ALAW: ".alaw", Format.ULAW: ".ulaw"}
        return bare.get(self) or f"{self.value.removeprefix('wav')}.wav"

    @property
    def media_type(self) -> str:
        """The media type: customary for WAV, that of RFC 4856 for bare A-law and µ-law."""
        return {Format.ALAW: "audio/PCMA", Format.ULAW: "audio/PCMU"}.get(self, "audio/wav")


def _of_known_languages(paths: dict[str, Path]) -> dict[str, Path]:
    for language in paths:
        if language not in languages.KNOWN:
            raise ValueError(f'"{language}" is not a known language: known are {", ".join(languages.KNOWN)}')
    return paths


ByLanguage = Annotated[dict[str, FilePath], AfterValidator(_of_known_languages)]
"""Files by language."""


class PromptSettings(AccountSettings):
    """One phone line that a switchboard of the municipality's own answers.

    Args:
        line: what the line's files are called: short, for some switchboards take no name beyond 32 characters.
        directory: the folder for the files, as seen from the configuration's folder; only its parent must exist.
        formats: what the switchboard reads.
        greetings: what the line says when there is no message, by language: WAV files; silence where there is none.
        voices: piper's voices by language: ``.onnx`` files; espeak-ng speaks where there is none.
        confirm: whether a person has to switch a new prompt on, and says so with ``broadcaster status --confirm``.
    """

    line: str = Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$")
    directory: FilePath
    formats: tuple[Format, ...] = Field(default=(Format.WAV, Format.ALAW), min_length=1)
    greetings: ByLanguage = Field(default_factory=dict)
    voices: ByLanguage = Field(default_factory=dict)
    confirm: bool = False

    def file(self, language: str, form: Format) -> str:
        """The name of a prompt's file; it never changes, so that a switchboard needs to be told only once."""
        return f"{self.line}-{language}{form.ending}"


def _target(settings: PromptSettings, _rendition: Rendition) -> str:
    return settings.line


PROVIDER = Provider("prompts", IVR, PromptSettings, built_by("channels.prompts"), _target, concurrency=1, rate=None)
"""One at a time: speech is work for a processor, and a line has few languages."""
