"""Facebook in the configuration: a page, and the right to post on it."""

from collections.abc import Iterator

from pydantic import Field

from channels import fiction
from channels.address import BaseUrl
from channels.contract import ChannelKind, Nature
from channels.provider import Provider, built_by
from channels.settings import AccountSettings, Secret
from messages.model import Form, Limits, Markup, Rendition

FACEBOOK = ChannelKind("facebook", Nature.POST, Form(Markup.PLAIN, Limits(characters=63_206)))


class FacebookSettings(AccountSettings):
    """A Facebook page and the right to post on it.

    Args:
        page: the page's id, digits only.
        token: a page access token with ``pages_manage_posts``, best of a system user.
        app_secret: the app's secret, which proves that the token is in our hands; needed where the app requires it.
        version: of the Graph API.
        base_url: where Graph's paths begin.
    """

    page: str = Field(pattern=r"^[0-9]+$")
    token: Secret
    app_secret: Secret | None = None
    version: str = Field(default="v26.0", pattern=r"^v[0-9]+\.[0-9]+$")
    base_url: BaseUrl = "https://graph.facebook.com"

    def made_up(self) -> Iterator[tuple[str, str]]:
        """Add the page."""
        yield from super().made_up()
        if fiction.is_name(self.page):
            yield "page", "no page on Facebook has that id"


def _target(settings: FacebookSettings, _rendition: Rendition) -> str:
    return settings.page


PROVIDER = Provider(
    name="facebook",
    channel=FACEBOOK,
    settings=FacebookSettings,
    build=built_by("channels.facebook"),
    target=_target,
    concurrency=1,
    rate=1.0,
)
"""A page gets a post at a time; its budget of calls (4800 a day for each engaged user) may be small."""
