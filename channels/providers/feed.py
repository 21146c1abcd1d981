"""Feeds in the configuration: where their files go, and whose they are."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from channels import fiction
from channels.contract import ChannelKind, Nature
from channels.provider import Provider, built_by
from channels.settings import AccountSettings, FilePath
from messages.model import Form, Limits, Markup, Rendition

FEED = ChannelKind("feed", Nature.ENTRY, Form(Markup.HTML, Limits()), repeatable=True)


class AllClear(StrEnum):
    """What an all-clear is to warning systems: the ``msgType`` of its CAP alert, which says AllClear either way."""

    CANCEL = "cancel"
    UPDATE = "update"


class FeedSettings(AccountSettings):
    """Where the feeds' files go.

    Args:
        directory: the folder for the files, as seen from the configuration's folder; only its parent must exist.
        authority: a domain name the senders own, for the ids of feeds and entries (RFC 4151). It never changes, even
            if the feeds move: readers know messages by it.
        all_clear: whether an all-clear takes the alerts before it away (``cancel``: what every receiver understands),
            or follows them as one more (``update``: for receivers that show nothing of what is cancelled).
    """

    directory: FilePath
    authority: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$")]
    all_clear: AllClear = AllClear.CANCEL

    def made_up(self) -> Iterator[tuple[str, str]]:
        """Add the domain name."""
        yield from super().made_up()
        if fiction.is_host(self.authority):
            yield "authority", "the domain name is an example's, and no entry's id can be changed later"


def _target(_settings: FeedSettings, rendition: Rendition) -> str:
    return f"{rendition.municipality}/{rendition.language}"


PROVIDER = Provider("feed", FEED, FeedSettings, built_by("channels.feed"), _target, concurrency=4, rate=None)
