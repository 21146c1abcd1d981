"""Feeds in the configuration: where their files go, and whose they are."""

from typing import Annotated

from pydantic import Field

from channels.contract import ChannelKind
from channels.provider import Provider, built_by
from channels.settings import AccountSettings, FilePath
from messages.model import Form, Limits, Markup, Rendition

FEED = ChannelKind("feed", Form(Markup.HTML, Limits()), repeatable=True)


class FeedSettings(AccountSettings):
    """Where the feeds' files go.

    Args:
        directory: the folder for the files, as seen from the configuration's folder; only its parent must exist.
        authority: a domain name the senders own, for the ids of feeds and entries (RFC 4151). It never changes, even
            if the feeds move: readers know messages by it.
    """

    directory: FilePath
    authority: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$")]


def _target(_settings: FeedSettings, rendition: Rendition) -> str:
    return f"{rendition.municipality}/{rendition.language}"


PROVIDER = Provider("feed", FEED, FeedSettings, built_by("channels.feed"), _target, concurrency=4, rate=None)
