"""What ``serve`` answers over HTTP: the feeds, a page that leads to them, and the webhooks of providers."""

from broadcaster.web.app import create_app
from broadcaster.web.receipts import Desk, Reporters
from channels.ivr import Line

__all__ = ["Desk", "Line", "Reporters", "create_app"]
