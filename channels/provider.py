"""What a provider's module offers: its settings, how its adapter is made, and where its account's renditions go."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from channels.contract import Channel, ChannelKind, Surfaces
from channels.settings import AccountSettings
from messages.model import Municipality, Rendition


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the composition root lends to adapters.

    Args:
        http: the session that all adapters share; adapters set their own timeouts on each request.
        surfaces: the stored state of our own surfaces.
        municipalities: the configured municipalities by id.
        public_url: where providers reach ``serve`` from outside, without a slash at the end; None when they cannot.
    """

    http: aiohttp.ClientSession
    surfaces: Surfaces
    municipalities: Mapping[str, Municipality]
    public_url: str | None


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
        rate: most parcels a second, None for no limit, unless the account's ``rate`` says otherwise.
    """

    name: str
    channel: ChannelKind
    settings: type[AccountSettings]
    build: Callable[[Any, Wiring], Channel]
    target: Callable[[Any, Rendition], str] | None
    concurrency: int
    rate: float | None
