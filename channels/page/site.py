"""Which pages there are, where each of them stands, and how one leads to another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from channels.feed.document import JOINT
from channels.provider import Contacts
from channels.providers.page import path
from messages.model import Municipality

FIRST_LANGUAGE = "sv"
"""Stands first on the page of all together, wherever one of them speaks it."""

ABOUT = "om"
"""What the page about a sender is called below the sender's own, in every language."""


@dataclass(frozen=True, slots=True)
class Address:
    """One page: a municipality's, or that of all together (``JOINT``), in a language."""

    municipality: str
    language: str

    @property
    def joint(self) -> bool:
        """Whether it is the page of all together."""
        return self.municipality == JOINT


@dataclass(frozen=True, slots=True)
class Site:
    """All pages.

    Args:
        municipalities: those that have a page, by id.
        contacts: how residents reach them, by id.
        zone: whose times residents are told.
        public_url: where ``serve`` is reached from outside, or None.
    """

    municipalities: Mapping[str, Municipality]
    contacts: Mapping[str, Contacts]
    zone: ZoneInfo
    public_url: str | None

    def languages(self, municipality: str) -> Sequence[str]:
        """The languages of a municipality's page, or of that of all together; the first one's has the shorter path."""
        if municipality != JOINT:
            return self.municipalities[municipality].languages
        spoken = dict.fromkeys(language for m in self.municipalities.values() for language in m.languages)
        return sorted(spoken, key=lambda language: language != FIRST_LANGUAGE)

    def addresses(self) -> Sequence[Address]:
        """Every page, those of all together first; none where no municipality has one."""
        owners = (JOINT, *self.municipalities) if self.municipalities else ()
        return [Address(owner, language) for owner in owners for language in self.languages(owner)]

    def of(self, address: Address) -> Sequence[Municipality]:
        """The municipalities that a page is about: all, or one and then the companies that are part of it."""
        if address.joint:
            return tuple(self.municipalities.values())
        parts = [m for m in self.municipalities.values() if m.part_of == address.municipality]
        return (self.municipalities[address.municipality], *parts)

    def path(self, address: Address) -> str:
        """Where a page stands below the root: nothing, ``en/``, ``borgholm/`` or ``borgholm/en/``."""
        owner = "" if address.joint else address.municipality
        return path(owner, address.language, self.languages(address.municipality)[0])

    def about(self, address: Address) -> str:
        """Where it is told who stands behind a municipality's page, below the root."""
        return f"{self.path(address)}{ABOUT}/"

    def other(self, address: Address, municipality: str) -> Address:
        """The page of another in the same language, or else in that one's first."""
        spoken = self.languages(municipality)
        return Address(municipality, address.language if address.language in spoken else spoken[0])

    @property
    def root(self) -> str:
        """The path below which ``serve`` stands, where it is reached from outside."""
        return f"{urlsplit(self.public_url or '').path}/"


def up(path: str) -> str:
    """The way from a page to the root."""
    return "../" * path.count("/")
