"""WebSub in the configuration: the hub that is told when feeds change."""

from channels.address import BaseUrl
from channels.contract import ChannelKind, Nature
from channels.provider import Provider, built_by
from channels.settings import AccountSettings
from messages.model import Form, Limits, Markup, Rendition

WEBSUB = ChannelKind("websub", Nature.NOTICE, Form(Markup.HTML, Limits()), repeatable=True)
"""Its texts are those of the feed: a hub is only told that they are there, and fetches them."""


class WebSubSettings(AccountSettings):
    """A hub.

    Args:
        base_url: its whole address, without a slash at the end.
    """

    base_url: BaseUrl


def _target(_settings: WebSubSettings, rendition: Rendition) -> str:
    return f"{rendition.municipality}/{rendition.language}"


PROVIDER = Provider("websub", WEBSUB, WebSubSettings, built_by("channels.websub"), _target, concurrency=4, rate=None)
