"""Speech from text, by programs on this machine that need no network: espeak-ng, or piper where a voice is there.

Both are programs of their own, under the GPL. They hear and speak through pipes: the text is in no list of processes.
"""

import asyncio
import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from channels.prompts import wav
from channels.prompts.sound import Sound, is_heard

VOICES: Mapping[str, str] = {"sv": "sv", "en": "en-gb"}
"""espeak-ng's voices by language; a further language is one more entry. ``espeak-ng --voices`` lists them."""

_PACE = 150  # words a minute, as espeak-ng counts: calm enough for figures on a bad line
_PAUSE = 0.3  # seconds between sentences, which piper would run together

log = logging.getLogger(__name__)


class SpeechError(Exception):
    """The text was not spoken; says why and what to do."""


class NoVoiceError(SpeechError):
    """Nobody speaks the language here."""


class NotInstalledError(SpeechError):
    """The program that speaks is not on this machine."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks.

    Args:
        models: piper's voices by language, ``.onnx`` files; espeak-ng speaks the other languages.
        patience: seconds; a minute of speech takes espeak-ng a tenth of one, and piper some ten.
    """

    models: Mapping[str, Path]
    patience: float = 60.0

    def missing(self, language: str) -> str | None:
        """What is not there that the language needs, and how to get it; None if all is there."""
        model = self.models.get(language)
        if model is None:
            return None if language not in VOICES or shutil.which("espeak-ng") else _NO_ESPEAK
        if shutil.which("piper") is None:
            return _NO_PIPER
        return None if model.is_file() else f"the voice {model} is not there: download it, or correct its name"

    async def say(self, text: str, language: str) -> Sound:
        """Speak a text. Where piper cannot, espeak-ng does, and the log says so: callers get the message all the same.

        Args:
            text: as ``to_speech`` writes it.

        Raises:
            NoVoiceError: there is no voice for the language.
            NotInstalledError: the program is not on this machine.
            SpeechError: it failed, or took too long.
        """
        model = self.models.get(language)
        if model is not None:
            try:
                return await self._piper(text, model)
            except SpeechError as error:
                if language not in VOICES:
                    raise
                log.warning("piper did not speak, so espeak-ng does: %s", error)
        if language not in VOICES:
            raise NoVoiceError(f'no voice speaks "{language}": give a recording, or name a voice of piper')
        return await self._espeak(text, VOICES[language])

    async def _espeak(self, text: str, voice: str) -> Sound:
        command = ["espeak-ng", "-v", voice, "-s", str(_PACE), "-b", "1", "--stdin", "--stdout"]
        return await _spoken(command, text, _NO_ESPEAK, self.patience)

    async def _piper(self, text: str, model: Path) -> Sound:
        command = ["piper", "--model", str(model), "--sentence-silence", str(_PAUSE), "--output-file", "-"]
        return await _spoken(command, text, _NO_PIPER, self.patience)


_NO_ESPEAK = "the program espeak-ng is not on this machine: install the package espeak-ng (apt install espeak-ng)"
_NO_PIPER = "the program piper is not on this machine: install the package piper-tts (pip install piper-tts)"


async def _spoken(command: Sequence[str], text: str, not_installed: str, patience: float) -> Sound:
    """Let a program speak, and read what it says in a thread."""
    program = command[0]
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=_environment(),
        )
    except FileNotFoundError:
        raise NotInstalledError(not_installed) from None
    except OSError as error:
        raise SpeechError(f"{program} cannot be started: {error.strerror}") from None
    try:
        async with asyncio.timeout(patience):
            said, _ = await process.communicate(text.encode())
    except TimeoutError:
        raise SpeechError(f"{program} did not finish within {patience:.0f} seconds and was stopped") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise SpeechError(f"{program} ended with code {process.returncode}: try it by hand")
    try:
        sound = await asyncio.to_thread(wav.read, said)
    except wav.WavError as error:
        raise SpeechError(f"what {program} said cannot be used: {error}") from None
    if not is_heard(sound):
        raise SpeechError(f"{program} said nothing: try it by hand")
    return sound


def _environment() -> dict[str, str]:
    """What the program needs of ours, without the secrets that may stand there; piper's Python is told of UTF-8."""
    return {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {"PYTHONUTF8": "1"}
