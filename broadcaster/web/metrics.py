"""Metrics over HTTP, for Prometheus: at an address of their own, that residents do not reach."""

import asyncio
from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from broadcaster.metrics import Gauges, Meters
from broadcaster.web.headers import secure, security_headers
from broadcaster.web.health import ALIVE_PATH, Readiness, add_readiness, answer_alive
from broadcaster.web.server import LARGEST_BODY, body_in_time, no_stack_trace

PATH = "/metrics"

UNKNOWN = "unknown"
"""Stands for all addresses that lead nowhere: there is no end to them."""

METERS = web.AppKey("meters", Meters)
GAUGES = web.AppKey("gauges", Gauges)


def create_operators_app(meters: Meters, gauges: Gauges, readiness: Readiness) -> web.Application:
    """Put together what those who run it are told."""
    app = web.Application(middlewares=[no_stack_trace, body_in_time()], client_max_size=LARGEST_BODY)
    app[METERS], app[GAUGES] = meters, gauges
    meters.registry.register(gauges)
    app.add_routes([web.get(PATH, answer), web.get(ALIVE_PATH, answer_alive)])
    add_readiness(app, readiness)
    headers = security_headers(None)

    async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
        secure(response, headers)

    async def close(_app: web.Application) -> None:
        await gauges.close()

    app.on_response_prepare.append(add_headers)
    app.on_cleanup.append(close)
    return app


async def answer(request: web.Request) -> web.Response:
    """Tell all metrics, in the form that is asked for."""
    await request.app[GAUGES].look()
    encode, content_type = _encoder(request.headers.get("Accept", ""))
    body = encode(request.app[METERS].registry)
    return web.Response(body=body, headers={"Content-Type": content_type, "Cache-Control": "no-store"})


def _encoder(accept: str) -> tuple[Callable[[Collector], bytes], str]:
    """How the metrics are written for those who accept that; versions that are no numbers count as none."""
    try:
        return choose_encoder(accept)
    except TypeError:  # the library compares what stands in the header with numbers
        return choose_encoder("")


def counted(meters: Meters) -> Middleware:
    """Count what is answered, by the route's template: the address itself may hold a secret."""

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        clock = asyncio.get_running_loop().time
        began = clock()
        resource = request.match_info.route.resource
        route = UNKNOWN if resource is None else resource.canonical
        try:
            response = await handler(request)
        except web.HTTPException as error:
            meters.request(route, error.status, clock() - began)
            raise
        meters.request(route, response.status, clock() - began)
        return response

    return count
