"""What ``serve`` answers over HTTP: the feeds, the phone lines and a page that leads to them."""

from broadcaster.web.app import create_app
from channels.ivr import Line

__all__ = ["Line", "create_app"]
