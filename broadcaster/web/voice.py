"""Twilio's voice webhook: what a caller to one of our lines hears.

Whatever goes wrong inside, the call goes on to the switchboard: a line is never dead because of us.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from broadcaster.web.webhooks import form_of, is_from_twilio
from channels.contract import Surfaces
from channels.ivr import IVR, Line, announcement, straight_through

PATH = "/webhooks/twilio/voice/{line}"

_LOGGER = logging.getLogger(__name__)
_PATIENCE = 3.0  # seconds of silence at most while the store is read; Twilio itself would wait 15


@dataclass(frozen=True, slots=True)
class Voice:
    """What the webhook works with."""

    lines: Mapping[str, Line]
    surfaces: Surfaces
    now: Callable[[], datetime]


VOICE = web.AppKey("voice", Voice)


async def answer(request: web.Request) -> web.Response:
    """Say what the line shows, then connect the call."""
    voice = request.app[VOICE]
    line = voice.lines.get(request.match_info["line"])
    if line is None:
        raise web.HTTPNotFound(text="There is no such phone line.\n")
    form = await form_of(request)
    if form is None or not is_from_twilio(request, form, line.auth_token):
        _LOGGER.warning(
            "A call's webhook was refused: its signature is missing or wrong. "
            "See that serve.public_url is the address set at Twilio, and that auth_token belongs to the line's account."
        )
        return web.Response(status=403)
    return web.Response(
        text=await _twiml(voice, line, form.get("Digits")),
        content_type="text/xml",
        charset="utf-8",
        headers={"Cache-Control": "no-store"},
    )


async def _twiml(voice: Voice, line: Line, pressed: str | None) -> str:
    try:
        async with asyncio.timeout(_PATIENCE):
            showings = await voice.surfaces.showing(IVR.name, line.number)
        return announcement(showings, line, voice.now(), pressed)
    except Exception:
        _LOGGER.exception("A phone line's announcement could not be read; the call goes straight to the switchboard")
        return straight_through(line.switchboard)
