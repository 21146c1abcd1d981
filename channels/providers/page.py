"""The public page in the configuration: a folder for its files, if other web servers hand them out as well."""

from channels.contract import ChannelKind, Nature
from channels.provider import Provider, built_by
from channels.settings import AccountSettings, FilePath
from messages.model import Form, Limits, Markup, Rendition

PAGE = ChannelKind("page", Nature.PAGE, Form(Markup.HTML, Limits(characters=12_000), promises=True), repeatable=True)
"""12,000 characters leave room for the board of services and the history on a page of 30 kB."""


class PageSettings(AccountSettings):
    """Where the pages' files go.

    Args:
        directory: the folder for the files, of which only the parent must exist; None where ``serve`` alone hands the
            pages out.
    """

    directory: FilePath | None = None


def _target(_settings: PageSettings, rendition: Rendition) -> str:
    return f"{rendition.municipality}/{rendition.language}"


PROVIDER = Provider("page", PAGE, PageSettings, built_by("channels.page"), _target, concurrency=4, rate=None)
