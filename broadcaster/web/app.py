"""The web application: which address leads where, and what every answer has in common."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from aiohttp import web
from aiohttp.typedefs import Middleware

from broadcaster.metrics import Meters
from broadcaster.web import (
    elks_voice,
    feeds,
    health,
    inbound,
    metrics,
    pages,
    prompts,
    receipts,
    sign_up,
    voice,
    webhooks,
)
from broadcaster.web.feeds import FeedFiles
from broadcaster.web.headers import secure, security_headers
from broadcaster.web.health import Readiness
from broadcaster.web.inbound import Texts
from broadcaster.web.pages import Pages
from broadcaster.web.prompts import PromptFile
from broadcaster.web.receipts import Reporters
from broadcaster.web.server import LARGEST_BODY, body_in_time, no_stack_trace
from broadcaster.web.sign_up import SignUps
from broadcaster.web.visitors import Network
from channels.contract import Surfaces
from channels.elks_voice import ElksLine
from channels.ivr import Line


def create_app(  # noqa: PLR0913 - all by keyword, and most only where there is something of the kind
    *,
    feed_files: FeedFiles | None,
    lines: Mapping[str, Line],
    surfaces: Surfaces,
    now: Callable[[], datetime],
    public_url: str | None,
    reporters: Reporters | None = None,
    prompt_files: Mapping[str, PromptFile] | None = None,
    texts: Texts | None = None,
    public_pages: Pages | None = None,
    sign_ups: SignUps | None = None,
    readiness: Readiness | None = None,
    meters: Meters | None = None,
    elks_lines: Mapping[str, ElksLine] = MappingProxyType({}),
    proxies: Sequence[Network] = (),
) -> web.Application:
    """Put the application together.

    Args:
        feed_files: what the feed channel writes; None where there are no feeds.
        lines: the phone lines by the name they have in their webhook's address.
        surfaces: the stored state of the lines.
        now: the clock (UTC).
        public_url: what this application is reached by from outside, without a slash at the end; None for the address
            that each request names, which is right only without a proxy in between.
        reporters: who may bring receipts; None for nobody.
        prompt_files: the prompts of phone lines by their names; None where there are none.
        texts: who answers what residents text; None for nobody.
        public_pages: the pages of municipalities; None where there are none.
        sign_ups: who takes what residents wish on the web; None where they cannot.
        readiness: tells whether the work can be done; None where nobody asks.
        meters: count what is answered; None where nobody counts.
        elks_lines: the phone lines at 46elks, by what stands in their webhooks' addresses.
        proxies: whose word counts for where a request comes from.
    """
    app = web.Application(middlewares=_middlewares(meters, proxies), client_max_size=LARGEST_BODY)
    app[feeds.FEEDS] = feed_files or FeedFiles(None, now)
    app[voice.VOICE] = voice.Voice(lines, surfaces, now)
    app[elks_voice.ELKS_VOICE] = elks_voice.ElksVoice(elks_lines, surfaces, now)
    if public_url is not None:
        app[webhooks.PUBLIC_URL] = public_url
    app.add_routes(
        [
            web.get(health.ALIVE_PATH, health.answer_alive),
            web.get(feeds.PATH, feeds.answer),
            web.get(feeds.ALERT_PATH, feeds.answer_alert),
            *voice.ROUTES,
            *elks_voice.ROUTES,
        ]
    )
    if readiness is not None:
        health.add_readiness(app, readiness)
    if reporters is not None:
        app[receipts.REPORTERS] = reporters
        app.add_routes(
            [
                web.post(receipts.TWILIO_PATH, receipts.answer_twilio),
                web.post(receipts.ELKS_PATH, receipts.answer_elks),
            ]
        )
    if texts is not None:
        app[inbound.TEXTS] = texts
        app.add_routes(
            [
                web.post(inbound.TWILIO_PATH, inbound.answer_twilio),
                web.post(inbound.ELKS_PATH, inbound.answer_elks),
            ]
        )
    if prompt_files is not None:
        app[prompts.PROMPTS] = prompt_files
        app.add_routes([web.get(prompts.PATH, prompts.answer), web.get(prompts.KEPT_PATH, prompts.answer_kept)])
    if sign_ups is not None:
        app[sign_up.SIGN_UPS] = sign_ups
        app.add_routes(
            [
                web.get(sign_up.PATH, sign_up.show_form),
                web.post(sign_up.PATH, sign_up.take_number),
                web.get(sign_up.DONE_PATH, sign_up.show_done),
                web.get(sign_up.CODE_PATH, sign_up.show_code),
                web.post(sign_up.CODE_PATH, sign_up.take_code),
            ]
        )
    if public_pages is not None:
        app[pages.PAGES] = public_pages
        app.add_routes([web.get(pages.PATH, pages.answer)])  # the last of all: it takes what nobody else wants

        async def follow(_app: web.Application) -> AsyncIterator[None]:
            public_pages.start()
            yield
            await public_pages.close()

        app.cleanup_ctx.append(follow)
    headers = security_headers(public_url)

    async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
        secure(response, headers)

    app.on_response_prepare.append(add_headers)
    return app


def _middlewares(meters: Meters | None, proxies: Sequence[Network]) -> list[Middleware]:
    """What every request goes through, from the outside to the inside."""
    counted = [] if meters is None else [metrics.counted(meters)]
    return [*counted, no_stack_trace, body_in_time(proxies=proxies)]
