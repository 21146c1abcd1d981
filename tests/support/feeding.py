"""Feeds on trial."""

from pathlib import Path

from channels.providers.feed import AllClear, FeedSettings


def feeds_in(directory: Path, all_clear: AllClear = AllClear.CANCEL) -> FeedSettings:
    """The settings of an account whose feeds are in that folder."""
    return FeedSettings(provider="feed", directory=directory, authority="borgholm.se", all_clear=all_clear)
