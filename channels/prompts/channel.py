"""The adapter for switchboards that play files: a parcel becomes speech, and the speech the line's files.

A line always has its files. Without a message they hold the ordinary greeting, or silence: what a switchboard looks for
is there, so no call ends at a missing file.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from channels.announcements import Announcements, Utterance, utterances
from channels.contract import Accepted, Condition, Deferred, Halted, Outcome, Parcel, Recordings, Rejected, Surfaces
from channels.folder import Folder, FolderError
from channels.prompts import recording
from channels.prompts.formats import encoded
from channels.prompts.recording import RecordingError
from channels.prompts.sound import Sound, finished, joined, silence
from channels.prompts.speech import NotInstalledError, NoVoiceError, Speaker, SpeechError
from channels.provider import Wiring
from channels.providers.prompts import Format, PromptSettings
from messages.model import Municipality

_KEPT = 12  # sounds: what two incidents are told with in two languages

_Finished = Mapping[int, Sound]
"""A sound as prompts have it, by its rate: that takes long to make."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a line says in a language.

    Args:
        told: what it tells of; nothing while there is no message.
        files: by the names that they have in the folder.
    """

    told: Sequence[Utterance] = field(repr=False)
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
        municipalities: the configured ones by id: what is new on a line is told in all languages of its municipality.
        zone: whose times callers are told.
        words: what the line says besides its announcements, by language: texts by the names of their files, which are
            WAV files of 8 kHz.
    """

    def __init__(
        self,
        settings: Line,
        surfaces: Surfaces,
        recordings: Recordings,
        now: Callable[[], datetime],
        municipalities: Mapping[str, Municipality],
        zone: tzinfo,
        words: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
    ) -> None:
        self._settings = settings
        self._announcements = Announcements(surfaces)
        self._recordings = recordings
        self._now = now
        self._municipalities = municipalities
        self._zone = zone
        self._words = words
        self._spoken: dict[str, Mapping[str, bytes]] = {}  # the words, once they are; they never change
        self._speaker = Speaker(settings.voices)
        self._folder = Folder(settings.directory)
        self._making = asyncio.Lock()
        self._made: dict[str, Prompt] = {}  # the last one in each language: it takes seconds to make
        self._sounds: dict[Utterance, _Finished] = {}  # the last ones, for several languages may share one

    async def examine(self) -> Condition:
        """Look whether the folder can be written."""
        return Condition(self._folder.trouble())

    async def send(self, parcel: Parcel) -> Outcome:
        """Let the line say the parcel's text, as soon as it is spoken, unless it says a newer one."""
        try:
            await self._sound(Utterance(parcel.rendition.text, parcel.rendition.language, parcel.message))
            outcome = await self._announcements.put(parcel)
            if isinstance(outcome, Accepted):
                await self._write(self._languages(parcel), self._now())
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
            await self._write(self._languages(parcel), self._now(), withdrawn=True)
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
        return {code: await self._prompt(code, told) for code, told in (await self.told(languages, now)).items()}

    async def ordinary(self, languages: Collection[str]) -> Mapping[str, Prompt]:
        """What the line says without a message, by language."""
        return {language: await self._prompt(language, ()) for language in languages}

    async def told(self, languages: Collection[str], now: datetime) -> Mapping[str, Sequence[Utterance]]:
        """What the line says ``now``, by language."""
        on = await self._announcements.of(self._settings.line, now)
        return {code: utterances(on, code, tuple(languages), now, self._zone) for code in languages}

    def _languages(self, parcel: Parcel) -> Sequence[str]:
        """The languages in which callers of the line are told of a parcel."""
        municipality = self._municipalities.get(parcel.rendition.municipality)
        return municipality.languages if municipality else (parcel.rendition.language,)

    async def _write(self, languages: Collection[str], now: datetime, *, withdrawn: bool = False) -> None:
        """Write files as they should be. What cannot be spoken leaves them alone, or silent if they are surely stale.

        Args:
            withdrawn: what they say has been withdrawn.
        """
        failure: SpeechError | None = None
        async with self._folder.exclusive():
            files: dict[str, bytes] = {}
            for language, told in (await self.told(languages, now)).items():
                made = self._made.get(language)
                try:
                    files |= (await self._prompt(language, told)).files
                except SpeechError as error:
                    failure = error
                    stale = withdrawn or (made is not None and not _still_says(made, told))
                    ordinary = await self._prompt(language, ())
                    files |= ordinary.files if stale else await self._lacking(ordinary)
            await self._folder.write(files)
        if failure is not None:
            raise failure

    async def _lacking(self, prompt: Prompt) -> Mapping[str, bytes]:
        """Those of a prompt's files in whose place there is nothing."""

        def look() -> dict[str, bytes]:
            return {n: content for n, content in prompt.files.items() if not (self._settings.directory / n).exists()}

        return await asyncio.to_thread(look)

    async def _prompt(self, language: str, told: Sequence[Utterance]) -> Prompt:
        """Make a prompt, unless it was the last one made in the language."""
        made = self._made.get(language)
        if made is None or made.told != told:
            sounds = await self._told(told) if told else await self._greeting(language)
            async with self._making:
                files = await asyncio.to_thread(self._encoded, sounds, language)
            made = Prompt(told, {**files, **(await self._around(language) if told else {})})
            self._made[language] = made
        return made

    async def _told(self, told: Sequence[Utterance]) -> Sequence[_Finished]:
        """What can be spoken of what a line tells of; a message that cannot does not keep another from being heard.

        Raises:
            SpeechError: no message can be spoken here.
        """
        sounds: dict[Utterance, _Finished] = {}
        failure: SpeechError | None = None
        for one in told:
            try:
                sounds[one] = await self._sound(one)
            except SpeechError as error:
                failure = error
        if failure is not None:
            if not any(one.message for one in sounds):
                raise failure
            log.error("a line says only a part of what it should: %s", failure)
        return [sounds[one] for one in told if one in sounds]

    async def _sound(self, one: Utterance) -> _Finished:
        """A person's own recording of a message, or speech made from a text."""
        async with self._making:
            sound = self._sounds.pop(one, None)
            if sound is None:
                raw = await self._recorded(one) or await self._speaker.say(one.text, one.language)
                sound = await asyncio.to_thread(self._finished, raw)
            self._sounds[one] = sound
            while len(self._sounds) > _KEPT:
                del self._sounds[next(iter(self._sounds))]
            return sound

    async def _recorded(self, one: Utterance) -> Sound | None:
        recorded = await self._recordings.find(one.message, one.language) if one.message else None
        if recorded is not None:
            try:
                return await asyncio.to_thread(recording.read, recorded)
            except RecordingError as error:
                log.error("the recording of message %s in %s cannot be used: %s", one.message, one.language, error)
        return None

    async def _around(self, language: str) -> Mapping[str, bytes]:
        """The files of what the line says around an announcement in the language."""
        if language not in self._spoken:
            self._spoken[language] = {
                file: await asyncio.to_thread(_wav, await self._speaker.say(text, language))
                for file, text in self._words.get(language, {}).items()
            }
        return self._spoken[language]

    async def _greeting(self, language: str) -> Sequence[_Finished]:
        """What the line says without a message; nothing for silence."""
        file = self._settings.greetings.get(language)
        if file is None:
            return ()
        try:
            return (await asyncio.to_thread(lambda: self._finished(recording.read(file.read_bytes()))),)
        except (OSError, RecordingError) as error:
            log.error("the greeting %s cannot be used, so the line is silent without a message: %s", file, error)
            return ()

    def _finished(self, sound: Sound) -> _Finished:
        return {rate: finished(sound, rate) for rate in {form.rate for form in self._settings.formats}}

    def _encoded(self, sounds: Sequence[_Finished], language: str) -> Mapping[str, bytes]:
        return {
            self._settings.file(language, form): encoded(
                joined([sound[form.rate] for sound in sounds]) if sounds else silence(form.rate), form
            )
            for form in self._settings.formats
        }


def _still_says(made: Prompt, told: Sequence[Utterance]) -> bool:
    """Whether nothing is left out of what a line tells of, so that an older prompt is better than none."""
    now = {one.message for one in told}
    return all(one.message in now for one in made.told)


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
    return PromptChannel(settings, wiring.surfaces, wiring.recordings, wiring.now, wiring.municipalities, wiring.zone)
