"""Joining and leaving on the web. Whatever is sent, the answer is the same for every number that could get an SMS.

After each form the browser is led on to a page of its own, so that going back or reloading sends nothing twice.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from broadcaster.numbers import NumberError, mobile
from broadcaster.residents.signing_up import Visitor, Wish
from broadcaster.residents.turnstile import CrowdedError
from broadcaster.store.errors import StoreError
from broadcaster.store.sealing import SealError
from broadcaster.store.signups import Purpose
from broadcaster.web.sign_up_page import NAMES, POLICY, Door, SignUpPage
from broadcaster.web.visitors import Network, is_from_elsewhere, network_of, visitor
from broadcaster.web.webhooks import form_of

_PURPOSES = {name: purpose for purpose, name in NAMES.items()}

PATH = rf"/{{municipality:[a-z0-9][a-z0-9-]*}}/{{name:{'|'.join(_PURPOSES)}}}"
DONE_PATH = f"{PATH}/klar"
CODE_PATH = rf"{PATH}/{{id:[A-Za-z0-9_-]{{22}}}}"

_COME_BACK = "60"  # seconds
_COMPANY, _SITE = 24, 48  # bits of the networks that one customer gets at most: of IPv4, and of IPv6 (RFC 6177)
_LOGGER = logging.getLogger(__name__)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
}


@dataclass(frozen=True, slots=True)
class SignUps:
    """Who takes what residents wish.

    Args:
        doors: by municipality.
        countries: whose mobile numbers may join.
        proxies: whose word counts for where a request comes from.
        ask: takes a wish from somebody, and gives what it is known by.
        confirm: carries a wish out if the code is right, and tells whether it was.
    """

    doors: Mapping[str, Door]
    countries: Sequence[str]
    proxies: Sequence[Network]
    ask: Callable[[Wish, Visitor], Awaitable[str]]
    confirm: Callable[[str, Purpose, str, str, Visitor], Awaitable[bool]]


SIGN_UPS = web.AppKey("sign_ups", SignUps)


async def show_form(request: web.Request) -> web.Response:
    """Show the form for the number."""
    return _shown(_page(request).form())


async def show_code(request: web.Request) -> web.Response:
    """Show the form for the code, whether or not anything waits for one."""
    return _shown(_page(request).code(request.match_info["id"]))


async def show_done(request: web.Request) -> web.Response:
    """Say that it is done, to whoever comes here."""
    return _shown(_page(request).done())


async def take_number(request: web.Request) -> web.Response:
    """Take a number, and lead on to where its code is typed."""
    page, sign_ups, door = _page(request), request.app[SIGN_UPS], _door(request)
    form = await _own_form(request)
    spoken, purpose = _language(request), _purpose(request)
    wanted = form.get("language", spoken)
    chosen = wanted if wanted in door.municipality.languages else spoken
    try:
        number = mobile(form.get("number", ""), sign_ups.countries)
    except NumberError:
        return _shown(page.form(form.get("number", ""), chosen, wrong=True), status=422)
    joins = purpose is Purpose.JOIN
    wish = Wish(
        purpose=purpose,
        number=number,
        municipality=door.municipality.id,
        language=chosen,
        shown=door.consent(spoken) if joins else None,
        text=door.sms(purpose, spoken),
    )
    try:
        id_ = await sign_ups.ask(wish, _visitor(request))
    except _NOT_NOW as error:
        return _later(error)
    return _led_to(f"{NAMES[purpose]}/{id_}{page.query}")


async def take_code(request: web.Request) -> web.Response:
    """Take a code, and lead on to the end if it is right."""
    page, sign_ups, id_ = _page(request), request.app[SIGN_UPS], request.match_info["id"]
    form = await _own_form(request)
    code = re.sub(r"[\s-]", "", form.get("code", ""))
    try:
        municipality = _door(request).municipality.id
        is_right = await sign_ups.confirm(id_, _purpose(request), municipality, code, _visitor(request))
    except _NOT_NOW as error:
        return _later(error)
    return _led_to(f"klar{page.query}") if is_right else _shown(page.code(id_, wrong=True), status=422)


_NOT_NOW = (CrowdedError, StoreError, SealError)


def _visitor(request: web.Request) -> Visitor:
    address = visitor(request, request.app[SIGN_UPS].proxies)
    return Visitor(address, network_of(address, four=_COMPANY, six=_SITE))


def _page(request: web.Request) -> SignUpPage:
    return SignUpPage(_door(request), _purpose(request), _language(request))


def _door(request: web.Request) -> Door:
    door = request.app[SIGN_UPS].doors.get(request.match_info["municipality"])
    if door is None:
        raise web.HTTPNotFound(text="Sidan finns inte.\n")
    return door


def _purpose(request: web.Request) -> Purpose:
    return _PURPOSES[request.match_info["name"]]


def _language(request: web.Request) -> str:
    """The language of the page: the one that is asked for, if the municipality speaks it."""
    known = _door(request).municipality.languages
    asked = request.query.get("lang", known[0])
    return asked if asked in known else known[0]


async def _own_form(request: web.Request) -> Mapping[str, str]:
    if is_from_elsewhere(request):
        raise web.HTTPForbidden(text="Formuläret kom från en annan webbplats.\n")
    form = await form_of(request)
    if form is None:
        raise web.HTTPBadRequest(text="Det är inget formulär.\n")
    return form


def _shown(body: bytes, status: int = 200) -> web.Response:
    return web.Response(status=status, body=body, headers=_HEADERS)


def _led_to(there: str) -> web.Response:
    # Relative, for what stands before us may have put us below a path of its own.
    return web.Response(status=303, headers={"Location": there, "Cache-Control": "no-store"})


def _later(error: CrowdedError | StoreError | SealError) -> web.Response:
    crowded = isinstance(error, CrowdedError)
    if not crowded:
        _LOGGER.error("A resident's sign-up could not be taken: %s", error)
    return web.Response(
        status=429 if crowded else 503,
        text="Det går inte just nu. Försök igen om en stund.\n",
        headers={"Retry-After": _COME_BACK, "Cache-Control": "no-store"},
    )
