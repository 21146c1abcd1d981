"""What ``site export`` does."""

import asyncio
import gzip
from collections.abc import Mapping
from pathlib import Path

from broadcaster.cli.errors import ServiceError, UsageError
from broadcaster.clock import utc_now
from broadcaster.config import Config
from broadcaster.feeding import refresh_feeds
from broadcaster.publishing import page_channel
from broadcaster.runtime import assembled
from channels.folder import Folder, FolderError
from channels.page import published
from channels.providers.feed import FeedSettings


async def export_site(config: Config, directory: Path) -> None:
    """Write pages and feeds as files.

    Raises:
        UsageError: no municipality has a page.
        ServiceError: the files cannot be written.
    """
    try:
        async with assembled(config) as broadcaster:
            channel = page_channel(broadcaster)
            if channel is None:
                raise UsageError(
                    'no municipality has a page: add an account with provider = "page", and name it under a '
                    "municipality's channels."
                )
            await refresh_feeds(broadcaster)
            folder = Folder(directory)
            async with folder.exclusive():
                files = published(channel.site, await channel.content(), utc_now())
                feeds = await asyncio.to_thread(_feeds, config, directory)
                await folder.hold({**files, **feeds})
    except FolderError as error:
        raise ServiceError(f"{error}.") from None
    pages = sum(name.endswith("index.html") for name in files)
    print(f"{pages} pages and {len(feeds) // 2} files of feeds in {directory}.")


def _feeds(config: Config, directory: Path) -> Mapping[str, bytes]:
    """The feeds' files as they stand below the pages, unless they stand there already."""
    for account in config.accounts.values():
        if isinstance(account.settings, FeedSettings):
            source = account.settings.directory
            if directory.resolve() in source.resolve().parents:
                return {}
            found = {
                f"feeds/{path.relative_to(source)}": path.read_bytes()
                for path in sorted(source.rglob("*"))
                if path.is_file() and not path.name.startswith(".")
            }
            return found | {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in found.items()}
    return {}
