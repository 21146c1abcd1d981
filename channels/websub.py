"""WebSub: telling a hub that feeds have changed, so that it fetches them and tells all who follow them at once.

https://www.w3.org/TR/websub/ leaves to publisher and hub how that is told. This is how all known hubs take it, since
PubSubHubbub 0.4: a form with ``hub.mode=publish`` and the feed's address, answered with a status and nothing else.
"""

import asyncio
from urllib.parse import urlencode

from channels.contract import Accepted, Condition, Deferred, Halted, InDoubt, Outcome, Parcel, Surfaces
from channels.feed.document import topics
from channels.provider import Wiring
from channels.providers.feed import FEED
from channels.providers.websub import WebSubSettings
from channels.wire import Response, Silence, Wire, by_status

PATIENCE = 5.0
"""Seconds that a notice waits for the feed before it is put off: writing one takes milliseconds."""

SETTLE = 1.0
"""Seconds from the feed's being delivered to the notice: another machine that serves it looks twice a second."""

_POLL = 0.1  # seconds between two looks whether the feed has been written


class WebSub:
    """Tells one hub of the feeds that a parcel has changed, after they have. Once too often does no harm.

    Args:
        public_url: where the feeds are found, without a slash at the end; nothing can be told without.
        patience, settle: seconds, as the constants of this module explain.
    """

    def __init__(
        self,
        hub: str,
        wire: Wire,
        surfaces: Surfaces,
        *,
        public_url: str | None,
        patience: float = PATIENCE,
        settle: float = SETTLE,
    ) -> None:
        self._hub = hub
        self._wire = wire
        self._surfaces = surfaces
        self._public_url = public_url
        self._patience = patience
        self._settle = settle

    async def send(self, parcel: Parcel) -> Outcome:
        """Wait for the feed to show the parcel's message, then name each address of it that has changed."""
        if self._public_url is None:
            return Halted("the feeds have no address that a hub could be told: set serve.public_url")
        if not await self._written(parcel):
            return Deferred("the feed does not show the message yet")
        await asyncio.sleep(self._settle)
        for topic in topics(parcel.target):
            failure = await self._publish(f"{self._public_url}/feeds/{topic}")
            if failure is not None:
                return failure
        return Accepted(f"{parcel.message}/{parcel.target}")

    async def examine(self) -> Condition:
        """Look whether anything answers at the hub's address: a hub has nothing else to tell to who asks."""
        answer = await self._wire.ask("GET", self._hub, lambda answer: answer)
        return Condition("" if isinstance(answer, Response) and answer.status < 500 else "the hub does not answer")

    async def _written(self, parcel: Parcel) -> bool:
        try:
            async with asyncio.timeout(self._patience):
                while not await self._surfaces.stands(FEED.name, parcel.target, parcel.message):  # noqa: ASYNC110 - who writes it may be another machine
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            return False
        return True

    async def _publish(self, topic: str) -> Deferred | None:
        # WebSub calls it a topic, PubSubHubbub a URL: hubs know one word or the other
        form = urlencode({"hub.mode": "publish", "hub.url": topic, "hub.topic": topic}).encode()
        failure = await self._wire.ask("POST", self._hub, _failure, form=form)
        # What may have been done may be done again here, so there is nothing to doubt.
        return Deferred(failure.reason) if isinstance(failure, InDoubt) else failure


def _failure(answer: Response) -> Silence | None:
    """Say what an answer means; None for a success, which a web page for people is not: that is somebody else's.

    A hub has no words of its own for a refusal, so none is believed: it is told again later.
    """
    is_page = answer.headers.get("Content-Type", "").startswith("text/html")
    return None if answer.ok and not is_page else by_status(answer)


def build(settings: WebSubSettings, wiring: Wiring) -> WebSub:
    """Make the adapter of an account."""
    return WebSub(settings.base_url, Wire(wiring.http), wiring.surfaces, public_url=wiring.public_url)
