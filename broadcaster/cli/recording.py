"""What ``incident export`` does."""

import asyncio
from pathlib import Path

from broadcaster import __version__
from broadcaster.cli.errors import ServiceError, UsageError
from broadcaster.cli.leading import named
from broadcaster.clock import utc_now
from broadcaster.config import Config
from broadcaster.opening import opened
from broadcaster.record import Made, OccupiedError, put, record
from broadcaster.store import timeline


async def export_one(config: Config, wanted: str, directory: Path) -> None:
    """Write the record of an incident.

    Raises:
        UsageError: there is no such incident, or something else is in the folder.
        ServiceError: the folder cannot be written.
    """
    async with opened(config) as store:
        incident = await named(store.database, wanted)
        story = await timeline.read(store.database, incident.name)
    made = Made(utc_now(), __version__, config.zone)
    files = await asyncio.to_thread(record, story, made)
    try:
        await asyncio.to_thread(put, directory, files, incident.name)
    except OccupiedError as error:
        raise UsageError(f"{directory} stays as it is: {error}. Name a new or empty folder.") from None
    except OSError as error:
        raise ServiceError(
            f"{directory} cannot be written ({error.strerror}): check that its parent exists, may be written and has "
            "space left."
        ) from None
    print(f"{incident.name}: {len(files)} files in {directory}.")
    print("Anybody can check them there: sha256sum --check manifest.sha256")
