"""One request's way through a stand-in provider: recorded, then met by the provider or by a fault, and answered."""

import asyncio
import contextlib
import json
import socket
import struct
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.typedefs import Handler

from channels.sandbox.faults import Behaviour, Fault, Script
from channels.sandbox.records import Records, Request

_GARBAGE = "<!DOCTYPE html><html><head><title>Welcome</title></head><body>It works!</body></html>"


@dataclass(frozen=True, slots=True)
class Call:
    """A request as a provider sees it.

    Args:
        form: the form it carried; empty for none. Of a repeated field the last counts.
        in_flight: how many requests the provider is working on, this one included.
    """

    request: web.Request
    form: Mapping[str, str]
    in_flight: int

    @property
    def query(self) -> Mapping[str, str]:
        """What stands after the question mark."""
        return self.request.query

    @property
    def path(self) -> Mapping[str, str]:
        """What stands in the variable places of the path."""
        return self.request.match_info

    @property
    def credentials(self) -> tuple[str, str] | None:
        """User and password of HTTP Basic authentication, if both are given."""
        scheme, _, encoded = self.request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, _, password = b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            return None
        return (user, password) if user and password else None


@dataclass(frozen=True, slots=True)
class Route:
    """A thing that a provider can be asked to do.

    Args:
        path: pattern of the path, below the provider's base URL.
        act: does it and words the answer.
        target: names the number or page that a call is about.
        sends: whether something reaches residents by it, or changes what they see.
    """

    method: str
    path: str
    act: Callable[[Call], web.Response]
    target: Callable[[Call], str] = lambda _: ""
    sends: bool = False


class Provider(Protocol):
    """A stand-in: what it can do, and how it words its refusals."""

    name: str
    prefix: str
    """Where it is below the sandbox's own address."""

    def routes(self) -> Sequence[Route]:
        """Return what it can do; the first route that fits is taken."""
        ...

    def turned_away(self, call: Call) -> web.Response | None:
        """Return the answer to a call without usable credentials, or one too many; None for one that may pass."""
        ...

    def headers(self, call: Call, /) -> Mapping[str, str]:
        """Return the headers that all its answers have."""
        ...

    def throttled(self, behaviour: Behaviour) -> web.Response:
        """Say that there is too much traffic."""
        ...

    def failed(self, status: int) -> web.Response:
        """Say that the provider itself is broken."""
        ...

    def unauthorised(self) -> web.Response:
        """Say that the credentials are wrong."""
        ...

    def refused(self, behaviour: Behaviour) -> web.Response:
        """Turn the target down."""
        ...


class Exchange:
    """Answers one provider's requests, as its script says. Close it before the server: it lets go of who hangs."""

    def __init__(self, provider: Provider, records: Records) -> None:
        self.script = Script()
        self._provider = provider
        self._records = records
        self._closing = asyncio.Event()
        self._in_flight = 0
        self._said = b""

    def close(self) -> None:
        """Keep nobody waiting any longer."""
        self._closing.set()

    def routes(self) -> list[web.RouteDef]:
        """Return the provider's routes for the server."""
        prefix = self._provider.prefix
        return [web.route(r.method, prefix + r.path, self._handler(r)) for r in self._provider.routes()]

    def _handler(self, route: Route) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            self._in_flight += 1
            try:
                call = Call(request, await _form(request), self._in_flight)
                return await self._answer(call, route)
            finally:
                self._in_flight -= 1

        return handle

    async def _answer(self, call: Call, route: Route) -> web.StreamResponse:
        self._records.requests.append(Request(self._provider.name, call.request.method, call.request.path))
        behaviour = self.script.take(route.target(call), sends=route.sends)
        if behaviour is None:
            answer = self._act(call, route)
            if route.sends:
                self._said = _body(answer)
        else:
            answer = self._wording(behaviour, self._act(call, route) if behaviour.fault.acts else None)
        answer.headers.update(self._provider.headers(call))
        self._records.announce()
        return answer if behaviour is None else await self._deliver(call.request, behaviour, answer)

    def _act(self, call: Call, route: Route) -> web.Response:
        return self._provider.turned_away(call) or route.act(call)

    def _wording(self, behaviour: Behaviour, answer: web.Response | None) -> web.Response:
        """Return what is said: the answer to what was done, or what the fault says in its place."""
        match behaviour.fault:
            case Fault.THROTTLE:
                answer = self._provider.throttled(behaviour)
            case Fault.UNAUTHORISED:
                answer = self._provider.unauthorised()
            case Fault.REFUSE:
                answer = self._provider.refused(behaviour)
            case Fault.ERROR | Fault.ERROR_AFTER:
                answer = self._provider.failed(behaviour.code or 500)
            case Fault.GARBAGE | Fault.STRANGER | Fault.STRANGER_AFTER:
                status = 200 if behaviour.fault is Fault.GARBAGE else behaviour.code or 403
                answer = web.Response(text=_GARBAGE, content_type="text/html", status=status)
            case Fault.STALE | Fault.TWIN:
                answer = _repeated(self._said, answer)
            case Fault.SLOW | Fault.DROP | Fault.RESET | Fault.HANG | Fault.DRIP:
                pass
        return answer or web.Response()

    async def _deliver(self, request: web.Request, behaviour: Behaviour, answer: web.Response) -> web.StreamResponse:
        """Bring the answer to the client, as far as the fault lets it come."""
        match behaviour.fault:
            case Fault.SLOW:
                await self._pause(behaviour.seconds)
            case Fault.DROP:
                _disconnect(request)
            case Fault.RESET:
                _disconnect(request, reset=True)
            case Fault.HANG:
                await self._pause(None)
                _disconnect(request)
            case Fault.DRIP:
                return await self._drip(request, behaviour.seconds or 0.1, answer)
            case _:
                pass
        return answer

    async def _pause(self, seconds: float | None) -> None:
        """Wait, but no longer than until the sandbox closes."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()

    async def _drip(self, request: web.Request, seconds: float, answer: web.Response) -> web.StreamResponse:
        stream = web.StreamResponse(status=answer.status, headers=answer.headers)
        await stream.prepare(request)
        while not self._closing.is_set():
            await stream.write(b" ")
            await self._pause(seconds)
        _disconnect(request)
        return stream


def _repeated(before: bytes, answer: web.Response | None) -> web.Response:
    """Write an answer with the name that was told before, or all that was told before where there is none."""
    if answer is None:
        return web.Response(body=before, content_type="application/json")
    names = json.loads(before or "{}")
    told = json.loads(_body(answer)) | {name: names[name] for name in ("sid", "id") if name in names}
    return web.json_response(told, status=answer.status)


def _body(answer: web.Response) -> bytes:
    return answer.body if isinstance(answer.body, bytes) else b""


async def _form(request: web.Request) -> Mapping[str, str]:
    if request.content_type != "application/x-www-form-urlencoded":
        return {}
    return dict(parse_qsl((await request.read()).decode(errors="replace"), keep_blank_values=True))


def _disconnect(request: web.Request, *, reset: bool = False) -> None:
    """End the connection; what the server writes to it afterwards goes nowhere."""
    if request.transport is None:
        return
    if reset:
        # Closing a socket that lingers for no time sends RST instead of FIN.
        lingering: socket.socket = request.transport.get_extra_info("socket")
        lingering.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()
