"""Stands in for a WebSub hub: it is told of feeds that have changed, and fetches each, from this machine only."""

import asyncio
import math
from collections.abc import Mapping, Sequence

import aiohttp
from aiohttp import web
from yarl import URL

from channels.address import is_loopback
from channels.sandbox.exchange import Call, Route
from channels.sandbox.faults import Behaviour
from channels.sandbox.records import Fetch, Records

_PATIENCE = aiohttp.ClientTimeout(total=5)


class Hub:
    """Anybody may tell it of any feed, as of an open hub."""

    name = "websub"
    prefix = "/hub"

    def __init__(self, records: Records) -> None:
        self._records = records
        self._waiting: asyncio.Queue[str] = asyncio.Queue()

    def routes(self) -> Sequence[Route]:
        """Be told of a change; everything else is not found."""
        return (
            Route("POST", "", self._publish, _topic, sends=True),
            Route("*", "/{rest:.*}", lambda _: _said(404, "Not found")),
        )

    def turned_away(self, _: Call) -> web.Response | None:
        """Nobody."""
        return None

    def headers(self, _: Call, /) -> Mapping[str, str]:
        """None of its own."""
        return {}

    def throttled(self, behaviour: Behaviour) -> web.Response:
        """Status 429, in plain text as every error."""
        answer = _said(429, "Too many requests")
        if behaviour.retry_after is not None:
            answer.headers["Retry-After"] = str(math.ceil(behaviour.retry_after))
        return answer

    def failed(self, status: int) -> web.Response:
        """Plain text of a web server."""
        return _said(status, "Internal Server Error")

    def unauthorised(self) -> web.Response:
        """Status 401, as of a hub that only serves its customers."""
        return _said(401, "Unauthorized")

    def refused(self, behaviour: Behaviour) -> web.Response:
        """By default as for a topic that the hub does not serve."""
        return _said(behaviour.code or 400, behaviour.text or "Topic not accepted")

    def clear(self) -> None:
        """Drop what has not been fetched yet."""
        while not self._waiting.empty():
            self._waiting.get_nowait()

    async def run(self, http: aiohttp.ClientSession) -> None:
        """Fetch what there is to fetch, until cancelled."""
        while True:
            self._records.fetches.append(await _fetched(http, await self._waiting.get()))
            self._records.announce()

    def _publish(self, call: Call) -> web.Response:
        topic = _topic(call)
        if call.form.get("hub.mode") != "publish" or not topic:
            return _said(400, "hub.mode must be publish, and hub.url the address of a feed")
        if not _is_here(topic):
            return _said(400, "the sandbox only fetches from this machine")
        self._records.pings.append(topic)
        self._waiting.put_nowait(topic)
        return web.Response(status=204)


def _topic(call: Call) -> str:
    return call.form.get("hub.url") or call.form.get("hub.topic", "")


def _is_here(topic: str) -> bool:
    try:
        return is_loopback(URL(topic).host or "")
    except ValueError:
        return False


async def _fetched(http: aiohttp.ClientSession, topic: str) -> Fetch:
    try:
        async with http.get(topic, timeout=_PATIENCE, allow_redirects=False) as answer:
            return Fetch(topic, answer.status, await answer.read())
    except (aiohttp.ClientError, TimeoutError):
        return Fetch(topic, None, b"")


def _said(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=f"{text}\n")
