"""The ``[sources.NAME]`` sections of the configuration, and what they come to once they are checked."""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict
from yarl import URL

from channels.settings import FilePath
from channels.sources.registry import SourceKind
from messages.model import Municipality, Severity

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Then(StrEnum):
    """What is done with an item that is for us."""

    DRAFT = "draft"
    PUBLISH = "publish"


def _span(value: object) -> object:
    found = re.fullmatch("([1-9][0-9]{0,3})([smhd])", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError('is no span of time: write it as "30s", "5m" or "1h"')
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


class SourceSettings(BaseModel):
    """A source that is followed, as its section of the configuration has it.

    Args:
        kind: one of ``channels.sources.registry.SOURCES``.
        url: where it is; None for the kind's own address.
        every: the time between two polls; None for the shortest that its kind bears.
        municipalities: those that its items may be for; None for all.
        least: the mildest items that are taken up.
        languages: that items are taken up in, the first one that of a message's body; None for those of the
            municipalities.
        channels: the only ones that messages made of its items go to; none named means all, and only for drafts.
        starter: file with the text around what an item says; None for the one that comes with the program.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: str
    url: str | None = None
    every: Annotated[timedelta, BeforeValidator(_span)] | None = None
    municipalities: tuple[str, ...] | None = None
    least: Severity = Severity.INFORMATION
    languages: tuple[str, ...] | None = None
    then: Then = Then.DRAFT
    channels: tuple[str, ...] = ()
    starter: FilePath | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """Which items of a source are for us, and what is done with them; see :class:`SourceSettings`."""

    municipalities: tuple[Municipality, ...]
    languages: tuple[str, ...]
    least: Severity = Severity.INFORMATION
    then: Then = Then.DRAFT
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Starter:
    """The text around what an item says, as its file has it, with ``{{ item.… }}`` where that belongs."""

    text: str
    file: str


@dataclass(frozen=True, slots=True)
class Source:
    """A source that is followed, checked."""

    name: str
    kind: SourceKind
    url: str
    every: timedelta
    rule: Rule
    starter: Starter

    @property
    def fingerprint(self) -> str:
        """Another one whenever the same document could be judged in another way."""
        return sha256(repr((self.kind.name, self.url, self.rule)).encode()).hexdigest()[:16]

    @property
    def stream_url(self) -> str | None:
        """Where it tells at once that there is news: as at the kind's own place, else below its address."""
        if self.kind.stream_url is None:
            return None
        address, stream = URL(self.url), URL(self.kind.stream_url)
        is_alike = address.name == URL(self.kind.default_url or "").name
        return str(address.with_name(stream.name) if is_alike else address / "stream")
