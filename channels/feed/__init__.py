"""Feeds: RSS 2.0 and Atom files, one feed per municipality and language and one of all together per language."""

from channels.feed.channel import FEED, PROVIDER, FeedChannel, FeedSettings
from channels.feed.folder import FolderError

__all__ = ["FEED", "PROVIDER", "FeedChannel", "FeedSettings", "FolderError"]
