"""The web application: which address leads where, and what every answer has in common."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from broadcaster.web import feeds, front, receipts, voice, webhooks
from broadcaster.web.receipts import Reporters
from channels.contract import Surfaces
from channels.ivr import Line

_LOGGER = logging.getLogger(__name__)
_LARGEST_BODY = 64 * 1024  # bytes; a webhook's form has about two thousand


def create_app(
    *,
    feed_directory: Path | None,
    lines: Mapping[str, Line],
    surfaces: Surfaces,
    now: Callable[[], datetime],
    public_url: str | None,
    reporters: Reporters | None = None,
) -> web.Application:
    """Put the application together.

    Args:
        feed_directory: where the feed channel writes its files; None where there are no feeds.
        lines: the phone lines by the name they have in their webhook's address.
        surfaces: the stored state of the lines.
        now: the clock (UTC).
        public_url: what this application is reached by from outside, without a slash at the end; None for the address
            that each request names, which is right only without a proxy in between.
        reporters: who may bring receipts; None for nobody.
    """
    app = web.Application(middlewares=[_no_stack_trace], client_max_size=_LARGEST_BODY)
    app[feeds.FEEDS] = feeds.FeedFiles(feed_directory, now)
    app[voice.VOICE] = voice.Voice(lines, surfaces, now)
    if public_url is not None:
        app[webhooks.PUBLIC_URL] = public_url
    app.add_routes(
        [
            web.get("/", front.page),
            web.get("/health", _health),
            web.get(feeds.PATH, feeds.answer),
            web.post(voice.PATH, voice.answer),
        ]
    )
    if reporters is not None:
        app[receipts.REPORTERS] = reporters
        app.add_routes(
            [
                web.post(receipts.TWILIO_PATH, receipts.answer_twilio),
                web.post(receipts.ELKS_PATH, receipts.answer_elks),
            ]
        )
    app.on_response_prepare.append(_add_common_headers)
    return app


async def _health(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"}, headers={"Cache-Control": "no-store"})


@web.middleware
async def _no_stack_trace(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Keep what went wrong inside to the log."""
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except Exception:
        _LOGGER.exception("%s %s could not be answered", request.method, webhooks.without_secret(request))
        return web.Response(status=500, text="Något gick fel hos oss. Försök igen om en stund.\n")


async def _add_common_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "broadcaster"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
