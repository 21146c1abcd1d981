"""Feeds: RSS 2.0 and Atom files, one feed per municipality and language and one of all together per language."""

from channels.feed.channel import FeedChannel, build
from channels.folder import FolderError
from channels.providers.feed import FEED, FeedSettings

__all__ = ["FEED", "FeedChannel", "FeedSettings", "FolderError", "build"]
