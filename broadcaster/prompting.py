"""Keeping the prompts of phone lines on this machine as the database and the clock have them."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from broadcaster.clock import utc_now
from broadcaster.config import Config
from broadcaster.following import follow
from broadcaster.runtime import Broadcaster
from broadcaster.web.prompts import PromptFile
from channels.prompts import PromptChannel, SpeechError
from channels.providers.elks_voice import ElksVoiceSettings
from channels.providers.prompts import Format, PromptSettings

LOOK_AFTER = 15
"""Seconds between two looks whether the files are still as they were written: their folder may have been away."""

log = logging.getLogger(__name__)


def prompt_files(config: Config) -> dict[str, PromptFile]:
    """Every prompt that there is, by the name of its file."""
    files: dict[str, PromptFile] = {}
    for name, account in config.accounts.items():
        for language in config.languages_of(name):
            match account.settings:
                case PromptSettings() as line:
                    named = {line.file(language, form): form for form in line.formats}
                case ElksVoiceSettings() as line:
                    named = dict.fromkeys(line.files(language), Format.WAV)
                case _:
                    continue
            files |= {file: PromptFile(line.directory / file, form) for file, form in named.items()}
    return files


async def follow_prompts(
    broadcaster: Broadcaster, stop: asyncio.Event, clock: Callable[[], datetime] = utc_now
) -> None:
    """Write a line's files whenever an announcement comes, changes or expires, whichever machine has sent it."""
    async with asyncio.TaskGroup() as tasks:
        for name, channel in broadcaster.channels.items():
            if isinstance(channel, PromptChannel):
                tasks.create_task(_follow(name, channel, broadcaster.config.languages_of(name), stop, clock))


async def _follow(
    name: str, channel: PromptChannel, languages: tuple[str, ...], stop: asyncio.Event, clock: Callable[[], datetime]
) -> None:
    told = ""

    async def look() -> object:
        now = clock()
        return await channel.told(languages, now), now.timestamp() // LOOK_AFTER

    async def write() -> None:
        nonlocal told
        try:
            await channel.refresh(languages, clock())
            told = ""
        except SpeechError as error:  # which may be another at the next look
            if str(error) != told:
                log.error("%s does not play its message: %s", name, error)
            told = str(error)

    await follow(f"the prompts of {name}", look, write, stop)
