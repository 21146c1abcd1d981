"""What there is to know of a provider: its settings, how its adapter is made, and where its account's renditions go."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from channels.contract import Board, Channel, ChannelKind, Recordings, Surfaces
from channels.settings import AccountSettings
from messages.model import Municipality, Rendition

if TYPE_CHECKING:
    import aiohttp


class Topic(StrEnum):
    """What residents have to be told of their rights."""

    ACCESSIBILITY = "accessibility"
    DATA_PROTECTION = "data_protection"


@dataclass(frozen=True, slots=True)
class Firm:
    """Who sends SMS for a sender, and so gets to know numbers."""

    name: str
    in_eu: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """How a sender presents itself to residents; empty or None where it does not say.

    Args:
        facebook: address of its Facebook page.
        press: whom journalists turn to, a number or a mail address.
        email: where residents can write to about the page.
        officer: how its data protection officer is reached.
        mark: its coat of arms or logotype, as a ``data:`` address.
        colour: its own, ``#rrggbb``.
        firms: who sends its SMS.
        statements: its own texts (HTML), by topic and language.
    """

    facebook: str = ""
    press: str = ""
    email: str = ""
    officer: str = ""
    mark: str = ""
    colour: str = ""
    firms: tuple[Firm, ...] = ()
    statements: Mapping[tuple[Topic, str], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contacts:
    """How residents reach a municipality's messages of their own accord; None where there is no such way.

    Args:
        line: the phone line that reads the current message out, in E.164 form.
        sms: the number to text to: in E.164 form, or a short one.
        sms_text: what to text there.
        sign_up: path of the page where one subscribes, below ``public_url``.
        profile: how it presents itself.
    """

    line: str | None = None
    sms: str | None = None
    sms_text: str = "START"
    sign_up: str | None = None
    profile: Profile = field(default_factory=Profile)


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the composition root lends to adapters.

    Args:
        http: the session that all adapters share; adapters set their own timeouts on each request.
        surfaces: the stored state of our own surfaces.
        municipalities: the configured municipalities by id.
        public_url: where providers reach ``serve`` from outside, without a slash at the end; None when they cannot.
        board: the stored board of services.
        contacts: by municipality.
        zone: whose times residents are told.
        recordings: what people have recorded of messages.
        now: the clock (UTC).
        hubs: whom each municipality's feeds have notified of changes (WebSub), for those that have somebody.
    """

    http: "aiohttp.ClientSession"
    surfaces: Surfaces
    municipalities: Mapping[str, Municipality]
    public_url: str | None
    board: Board
    contacts: Mapping[str, Contacts]
    zone: ZoneInfo
    recordings: Recordings
    now: Callable[[], datetime]
    hubs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Provider:
    """One way to reach a channel.

    Args:
        name: as the configuration writes it: ``provider = "twilio"``.
        channel: the channel it reaches.
        settings: model of its ``[accounts.NAME]`` section.
        build: makes the adapter; called inside the running event loop.
        target: the one place an account's rendition goes, or None where it goes to subscribers.
        concurrency: most requests in flight, unless the account's ``concurrency`` says otherwise.
        rate: most parcels a second, by their weight, None for no limit, unless the account's ``rate`` says otherwise.
        firm: who is behind it, where it gets to know residents' numbers.
    """

    name: str
    channel: ChannelKind
    settings: type[AccountSettings]
    build: Callable[[Any, Wiring], Channel]
    target: Callable[[Any, Rendition], str] | None
    concurrency: int
    rate: float | None
    firm: Firm | None = None


def built_by(module: str) -> Callable[[Any, Wiring], Channel]:
    """Name the module whose ``build(settings, wiring)`` makes the adapter.

    It is only imported when it is asked for one: what speaks to a provider takes as long to import as all the rest, and
    most commands send nothing.
    """

    def build(settings: AccountSettings, wiring: Wiring) -> Channel:
        channel: Channel = import_module(module).build(settings, wiring)
        return channel

    return build
