"""The public page in the configuration: where it can be read, and a folder for its files if others hand them out."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator

from channels import fiction
from channels.address import web_root
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
        url: where residents read the pages, without a slash at the end; None where that is at ``serve``.
    """

    directory: FilePath | None = None
    url: Annotated[str, AfterValidator(web_root)] | None = None

    def made_up(self) -> Iterator[tuple[str, str]]:
        """Add the address that residents are told."""
        yield from super().made_up()
        if self.url is not None and fiction.is_address(self.url):
            yield "url", "the address leads to this machine, or nowhere, and residents are told to look there"


def path(owner: str, language: str, first: str) -> str:
    """Where a page stands below the root: nothing, ``en/``, ``borgholm/`` or ``borgholm/en/``.

    Args:
        owner: short name of its municipality; empty for the page of all together.
        first: the owner's first language, whose page has the shorter path.
    """
    below = f"{owner}/" if owner else ""
    return below if language == first else f"{below}{language}/"


def _target(_settings: PageSettings, rendition: Rendition) -> str:
    return f"{rendition.municipality}/{rendition.language}"


PROVIDER = Provider("page", PAGE, PageSettings, built_by("channels.page"), _target, concurrency=4, rate=None)
