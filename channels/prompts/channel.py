"""The adapter for switchboards that play files: a parcel becomes speech, and the speech the line's files.

A line always has its files. Without a message they hold the ordinary greeting, or silence: what a switchboard looks for
is there, so no call ends at a missing file.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from channels.announcements import Announcements
from channels.contract import Accepted, Deferred, Halted, Outcome, Parcel, Recordings, Rejected, Surfaces
from channels.folder import Folder, FolderError
from channels.prompts import recording
from channels.prompts.formats import encoded
from channels.prompts.recording import RecordingError
from channels.prompts.sound import Sound, finished, silence
from channels.prompts.speech import NotInstalledError, NoVoiceError, Speaker, SpeechError
from channels.provider import Wiring
from channels.providers.prompts import Format, PromptSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a line says in a language.

    Args:
        parcel: the message, or None while there is none.
        files: by the names that they have in the folder.
    """

    parcel: Parcel | None = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False)


class Line(Protocol):
    """What there is to know of a line that plays files: see :class:`PromptSettings`."""

    @property
    def line(self) -> str:
        """The surface: what parcels for it have as their target."""
        ...

    @property
    def directory(self) -> Path:
        """The folder for its files."""
        ...

    @property
    def formats(self) -> tuple[Format, ...]:
        """What its files are written in."""
        ...

    @property
    def greetings(self) -> Mapping[str, Path]:
        """What it says when there is no message."""
        ...

    @property
    def voices(self) -> Mapping[str, Path]:
        """Piper's voices."""
        ...

    def file(self, language: str, form: Format) -> str:
        """The name of a prompt's file."""
        ...


class PromptChannel:
    """Keeps the files of one line as its announcements are. Several processes may use one folder.

    Args:
        now: the clock (UTC), by which announcements have expired.
        words: what the line says besides its announcements, by language: texts by the names of their files, which are
            WAV files of 8 kHz.
    """

    def __init__(
        self,
        settings: Line,
        surfaces: Surfaces,
        recordings: Recordings,
        now: Callable[[], datetime],
        words: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    ) -> None:
        self._settings = settings
        self._announcements = Announcements(surfaces)
        self._recordings = recordings
        self._now = now
        self._words = words
        self._spoken: dict[str, Mapping[str, bytes]] = {}  # the words, once they are; they never change
        self._speaker = Speaker(settings.voices)
        self._folder = Folder(settings.directory)
        self._making = asyncio.Lock()
        self._made: dict[str, Prompt] = {}  # the last one in each language: it takes seconds to make

    async def send(self, parcel: Parcel) -> Outcome:
        """Let the line say the parcel's text, as soon as it is spoken, unless it says a newer one."""
        language = parcel.rendition.language
        try:
            await self._prompt(language, parcel)
            outcome = await self._announcements.put(parcel)
            if isinstance(outcome, Accepted):
                await self._write([language], self._now())
        except (SpeechError, FolderError) as error:
            return _failed(error)
        return outcome

    async def replace(self, parcel: Parcel, remote_id: str) -> Outcome:  # noqa: ARG002 - an incident has one place a language
        """Let the line say the parcel's text instead."""
        return await self.send(parcel)

    async def withdraw(self, parcel: Parcel, remote_id: str) -> Outcome:
        """Take the announcement off the line, unless a newer one of its incident has done so already."""
        outcome = await self._announcements.remove(parcel, remote_id)
        try:
            await self._write([parcel.rendition.language], self._now(), withdrawn=True)
        except (SpeechError, FolderError) as error:
            return _failed(error)
        return outcome

    async def refresh(self, languages: Collection[str], now: datetime) -> None:
        """Write the line's files as they should be ``now``: what has expired gives way to what else there is to say.

        Raises:
            FolderError: they cannot be written.
            SpeechError: a text cannot be spoken here. Its file stays as it is, or becomes what it is without a message
                if what it says has expired; all others are as they should be.
        """
        with suppress(SpeechError):
            await self.current(languages, now)  # which takes long, so not while others wait for the folder
        await self._write(languages, now)

    async def current(self, languages: Collection[str], now: datetime) -> Mapping[str, Prompt]:
        """What the line says ``now``, by language.

        Raises:
            SpeechError: a text cannot be spoken here.
        """
        said = await self.said(now)
        return {language: await self._prompt(language, said.get(language)) for language in languages}

    async def ordinary(self, languages: Collection[str]) -> Mapping[str, Prompt]:
        """What the line says without a message, by language."""
        return {language: await self._prompt(language, None) for language in languages}

    async def said(self, now: datetime) -> Mapping[str, Parcel]:
        """What the line says ``now``, by language; nothing that has expired."""
        return await self._announcements.of(self._settings.line, now)

    async def _write(self, languages: Collection[str], now: datetime, *, withdrawn: bool = False) -> None:
        """Write files as they should be. What cannot be spoken leaves them alone, or silent if they are surely stale.

        Args:
            withdrawn: what they say has been withdrawn.
        """
        failure: SpeechError | None = None
        async with self._folder.exclusive():
            said = await self.said(now)
            files: dict[str, bytes] = {}
            for language in languages:
                try:
                    files |= (await self._prompt(language, said.get(language))).files
                except SpeechError as error:
                    failure = error
                    stale = withdrawn or self._has_expired(language, now)
                    ordinary = await self._prompt(language, None)
                    files |= ordinary.files if stale else await self._lacking(ordinary)
            await self._folder.write(files)
        if failure is not None:
            raise failure

    def _has_expired(self, language: str, now: datetime) -> bool:
        """Whether what this process last made in a language is no longer true."""
        made = self._made.get(language)
        return made is not None and made.parcel is not None and made.parcel.expires <= now

    async def _lacking(self, prompt: Prompt) -> Mapping[str, bytes]:
        """Those of a prompt's files in whose place there is nothing."""

        def look() -> dict[str, bytes]:
            return {n: content for n, content in prompt.files.items() if not (self._settings.directory / n).exists()}

        return await asyncio.to_thread(look)

    async def _prompt(self, language: str, parcel: Parcel | None) -> Prompt:
        """Make a prompt, unless it was the last one made in the language."""
        async with self._making:
            made = self._made.get(language)
            if made is None or _text(made.parcel) != _text(parcel):
                sound = await (self._greeting(language) if parcel is None else self._speech(parcel))
                files = await asyncio.to_thread(self._encoded, sound, language)
                made = Prompt(parcel, {**files, **(await self._around(language) if parcel else {})})
                self._made[language] = made
            return made

    async def _speech(self, parcel: Parcel) -> Sound:
        """A person's own recording of the message, or speech made from its text."""
        language = parcel.rendition.language
        recorded = await self._recordings.find(parcel.message, language)
        if recorded is not None:
            try:
                return await asyncio.to_thread(recording.read, recorded)
            except RecordingError as error:
                log.error("the recording of message %s in %s cannot be used: %s", parcel.message, language, error)
        return await self._speaker.say(parcel.rendition.text, language)

    async def _around(self, language: str) -> Mapping[str, bytes]:
        """The files of what the line says around an announcement in the language."""
        if language not in self._spoken:
            self._spoken[language] = {
                file: await asyncio.to_thread(_wav, await self._speaker.say(text, language))
                for file, text in self._words.get(language, {}).items()
            }
        return self._spoken[language]

    async def _greeting(self, language: str) -> Sound | None:
        """What the line says without a message; None for silence."""
        file = self._settings.greetings.get(language)
        if file is None:
            return None
        try:
            return await asyncio.to_thread(lambda: recording.read(file.read_bytes()))
        except (OSError, RecordingError) as error:
            log.error("the greeting %s cannot be used, so the line is silent without a message: %s", file, error)
            return None

    def _encoded(self, sound: Sound | None, language: str) -> Mapping[str, bytes]:
        forms = self._settings.formats
        by_rate = {rate: finished(sound, rate) if sound else silence(rate) for rate in {form.rate for form in forms}}
        return {self._settings.file(language, form): encoded(by_rate[form.rate], form) for form in forms}


def _text(parcel: Parcel | None) -> tuple[str, str] | None:
    return None if parcel is None else (parcel.message, parcel.rendition.text)


def _wav(sound: Sound) -> bytes:
    return encoded(finished(sound, Format.WAV.rate), Format.WAV)


def _failed(error: SpeechError | FolderError) -> Outcome:
    """What it means for a parcel that its text is not spoken or its file not written."""
    match error:
        case NoVoiceError():
            return Rejected(str(error))
        case NotInstalledError() | FolderError(passing=False):
            return Halted(str(error))
        case _:
            return Deferred(str(error))


def build(settings: PromptSettings, wiring: Wiring) -> PromptChannel:
    """Make the adapter of an account."""
    return PromptChannel(settings, wiring.surfaces, wiring.recordings, wiring.now)
