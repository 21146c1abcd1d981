"""46elks' voice webhook: what a caller to one of our lines hears.

46elks does not sign, so each line has an address that nobody else knows. Whatever goes wrong inside, the call goes on
to the switchboard: a line is never dead because of us.
"""

import asyncio
import hmac
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from broadcaster.web.prompts import kept_path
from broadcaster.web.webhooks import base_url
from channels.announcements import Announcements
from channels.contract import Surfaces
from channels.elks_voice import Action, ElksLine, actions, straight_through

_PATH = "/webhooks/46elks/voice/{secret}"

_LOGGER = logging.getLogger(__name__)
_PATIENCE = 2.5  # seconds of silence at most while the store and the files are read


@dataclass(frozen=True, slots=True)
class ElksVoice:
    """What the webhook works with.

    Args:
        lines: by what stands in their addresses.
    """

    lines: Mapping[str, ElksLine]
    surfaces: Surfaces
    now: Callable[[], datetime]


ELKS_VOICE = web.AppKey("elks_voice", ElksVoice)


async def _answer(request: web.Request) -> web.Response:
    """Play what the line says, then connect the call; whatever 46elks tells of it makes no difference."""
    voice, given = request.app[ELKS_VOICE], request.match_info["secret"].encode()
    line = next((own for secret, own in voice.lines.items() if hmac.compare_digest(given, secret.encode())), None)
    if line is None:
        raise web.HTTPNotFound(text="There is no such phone line.\n")
    try:
        async with asyncio.timeout(_PATIENCE):
            action = await _said(request, voice, line)
    except Exception:
        _LOGGER.exception("A phone line's announcement could not be read; the call goes straight to the switchboard")
        action = straight_through(line.settings.switchboard)
    return web.json_response(action, headers={"Cache-Control": "no-store"})


ROUTES = (web.post(_PATH, _answer),)


async def _said(request: web.Request, voice: ElksVoice, line: ElksLine) -> Action:
    base, settings = base_url(request), line.settings
    audio = {}
    tells = bool(await Announcements(voice.surfaces).of(settings.line, voice.now()))
    for language in line.languages if tells else ():
        for name in settings.files(language):
            path = await kept_path(settings.directory / name)
            if path is not None:
                audio[name] = base + path
    return actions(line, audio, base + request.rel_url.raw_path, request.query.get("language"))
