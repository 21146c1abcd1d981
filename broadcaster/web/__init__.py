"""What ``serve`` answers over HTTP: the public pages, the feeds, and the webhooks of providers."""

from broadcaster.web.app import create_app
from broadcaster.web.feeds import FeedFiles
from broadcaster.web.health import Readiness
from broadcaster.web.inbound import Texts, TwilioTexts
from broadcaster.web.pages import Pages
from broadcaster.web.receipts import Desk, Reporters
from broadcaster.web.sign_up import SignUps
from broadcaster.web.sign_up_page import Door
from channels.ivr import Line

__all__ = [
    "Desk",
    "Door",
    "FeedFiles",
    "Line",
    "Pages",
    "Readiness",
    "Reporters",
    "SignUps",
    "Texts",
    "TwilioTexts",
    "create_app",
]
