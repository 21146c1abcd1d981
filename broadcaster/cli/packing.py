"""What ``prompts export`` does."""

import asyncio
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from broadcaster.cli.errors import ServiceError, UsageError
from broadcaster.clock import utc_now
from broadcaster.config import Config
from broadcaster.opening import opened
from broadcaster.store.recordings import RecordingStore
from broadcaster.store.surfaces import SurfaceStore
from channels.folder import Folder, FolderError
from channels.prompts import PromptChannel, SpeechError
from channels.prompts.package import package
from channels.providers.prompts import PromptSettings


async def export(config: Config, target: Path, line: str | None) -> list[Path]:
    """Write the packages of all lines, or of one; returns what was written.

    Raises:
        UsageError: there is no such line.
        ServiceError: a text cannot be spoken here, or the package not written.
    """
    chosen = _chosen(config, line)
    files: dict[str, bytes] = {}
    try:
        async with opened(config) as store:
            surfaces, recordings = SurfaceStore(store.database, utc_now), RecordingStore(store.database)
            for name, settings in chosen.items():
                channel = PromptChannel(settings, surfaces, recordings, utc_now, config.municipalities, config.zone)
                languages = config.languages_of(name)
                now = utc_now()
                current, ordinary = await channel.current(languages, now), await channel.ordinary(languages)
                made = package(settings, current, ordinary, now, config.zone)
                files |= {f"{settings.line}/{path}": content for path, content in made.items()}
        return await _write(target, files)
    except (SpeechError, FolderError) as error:
        raise ServiceError(f"{error}.") from None


def _chosen(config: Config, line: str | None) -> Mapping[str, PromptSettings]:
    lines = {
        name: account.settings
        for name, account in config.accounts.items()
        if isinstance(account.settings, PromptSettings)
    }
    if not lines:
        raise UsageError('no line plays prompts: an account with provider = "prompts" makes one.')
    chosen = {name: settings for name, settings in lines.items() if line in {None, settings.line}}
    if not chosen:
        known = ", ".join(settings.line for settings in lines.values())
        raise UsageError(f"there is no line {line!r}. There are: {known}.")
    return chosen


async def _write(target: Path, files: Mapping[str, bytes]) -> list[Path]:
    if target.suffix.lower() == ".zip":
        try:
            await asyncio.to_thread(target.write_bytes, _zipped(files))
        except OSError as error:
            raise ServiceError(f"{target} cannot be written: {error.strerror}.") from None
        return [target]
    folder = Folder(target)
    async with folder.exclusive():
        await folder.hold(files)  # what an earlier export left is taken away
    return [target / name for name in files]


def _zipped(files: Mapping[str, bytes]) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return body.getvalue()
