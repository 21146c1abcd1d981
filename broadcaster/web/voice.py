"""Twilio's voice webhooks: what a caller to one of our lines hears, in its queue too, and who takes calls from that.

Whatever goes wrong inside, the call goes on to the switchboard: a line is never dead because of us.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from aiohttp import web
from multidict import MultiDict

from broadcaster.web.webhooks import base_url, form_of, is_from_twilio
from channels.announcements import IVR
from channels.contract import Showing, Surfaces
from channels.ivr import Line, announcement, straight_through
from channels.ivr_queue import after_queue, read_waiting, take_call, wait_round

_PATH = "/webhooks/twilio/voice/{line}"

_LOGGER = logging.getLogger(__name__)
_PATIENCE = 2.5  # seconds of silence at most while the store is read; Twilio itself would wait 15


@dataclass(frozen=True, slots=True)
class Voice:
    """What the webhook works with."""

    lines: Mapping[str, Line]
    surfaces: Surfaces
    now: Callable[[], datetime]


VOICE = web.AppKey("voice", Voice)


@dataclass(frozen=True, slots=True)
class _Call:
    """A call as a webhook tells of it.

    Args:
        here: the address of its line's webhook.
        form: what Twilio says.
        heard: the language in which the caller has heard something.
    """

    line: Line
    here: str
    form: MultiDict[str]
    heard: str


async def _answer(request: web.Request) -> web.Response:
    """Say what the line shows, then connect the call."""
    call = await _call(request)
    showings = await _showings(request, call.line)
    if showings is None:
        return _twiml(straight_through(call.line.switchboard))
    now = request.app[VOICE].now()
    return _twiml(announcement(showings, call.line, now, call.here, call.form.get("Digits"), call.heard))


async def _answer_waiting(request: web.Request) -> web.Response:
    """Say to somebody in the queue what the line shows at this moment."""
    call = await _call(request)
    showings, now = await _showings(request, call.line), request.app[VOICE].now()
    return _twiml(wait_round(showings, call.line, now, call.here, read_waiting(call.form, call.heard)))


async def _answer_left(request: web.Request) -> web.Response:
    """Connect the call of somebody who has left the queue."""
    call = await _call(request)
    result = call.form.get("QueueResult", "")
    if result in {"error", "system-error", "queue-full"}:
        _LOGGER.error("A call could not wait in the queue of its line (%s) and goes to the switchboard", result)
    return _twiml(after_queue(call.line, result))


async def _answer_agent(request: web.Request) -> web.Response:
    """Give the queue's calls to somebody who takes them."""
    call = await _call(request)
    return _twiml(take_call(call.line, call.here, call.form.get("From", "")))


ROUTES = (
    web.post(_PATH, _answer),
    web.post(f"{_PATH}/wait", _answer_waiting),
    web.post(f"{_PATH}/left", _answer_left),
    web.post(f"{_PATH}/agent", _answer_agent),
)


async def _call(request: web.Request) -> _Call:
    """Read a webhook.

    Raises:
        HTTPNotFound: there is no such line.
        HTTPForbidden: Twilio did not send it.
    """
    name = request.match_info["line"]
    line = request.app[VOICE].lines.get(name)
    if line is None:
        raise web.HTTPNotFound(text="There is no such phone line.\n")
    form = await form_of(request)
    if form is None or not is_from_twilio(request, form, line.auth_token):
        _LOGGER.warning(
            "A call's webhook was refused: its signature is missing or wrong. "
            "See that serve.public_url is the address set at Twilio, and that auth_token belongs to the line's account."
        )
        raise web.HTTPForbidden(text="")
    here = base_url(request) + _PATH.format(line=quote(name))
    return _Call(line, here, form, request.query.get("language", ""))


async def _showings(request: web.Request, line: Line) -> Sequence[Showing] | None:
    """What the line shows; None when that cannot be read soon enough."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return await request.app[VOICE].surfaces.showing(IVR.name, line.number)
    except Exception:
        _LOGGER.exception("A phone line's announcement could not be read; the call goes on without it")
        return None


def _twiml(document: str) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    return web.Response(text=document, content_type="text/xml", charset="utf-8", headers=headers)
