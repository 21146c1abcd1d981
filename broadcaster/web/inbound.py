"""Webhooks for texts from residents: whatever comes is answered, and a STOPP is never lost.

Twilio signs what it says. 46elks does not, so each of its accounts has an address that nobody else knows.
"""

import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web
from pydantic import SecretStr

from broadcaster.residents.offices import Numbers
from broadcaster.residents.replies import Office, sorry
from broadcaster.store.errors import StoreError
from broadcaster.store.sealing import SealError
from broadcaster.web.webhooks import form_of, is_from_twilio
from channels import elks_inbound
from channels.contract import Inbound
from channels.twilio import read_inbound, reply_document

TWILIO_PATH = "/webhooks/twilio/sms"
ELKS_PATH = "/webhooks/46elks/sms/{secret}"

_COME_BACK = "60"  # seconds
_LOGGER = logging.getLogger(__name__)

Answer = Callable[[Inbound, str, Office], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class TwilioTexts:
    """The texts of a Twilio account: the token that signs them, and its numbers."""

    auth_token: SecretStr
    numbers: Numbers


@dataclass(frozen=True, slots=True)
class Texts:
    """Where texts may come from, and who answers them.

    Args:
        twilio: by the accounts' SIDs.
        elks: the accounts' numbers, by what stands in their addresses.
        answer: carries a text of a provider out, for an office; gives the reply, if one is due.
    """

    twilio: Mapping[str, TwilioTexts]
    elks: Mapping[str, Numbers]
    answer: Answer


TEXTS = web.AppKey("texts", Texts)


async def answer_twilio(request: web.Request) -> web.Response:
    """Answer a text that Twilio brings, if it is signed, with TwiML."""
    texts = request.app[TEXTS]
    form = await form_of(request)
    account = texts.twilio.get(form.get("AccountSid", "")) if form is not None else None
    if form is None or account is None or not is_from_twilio(request, form, account.auth_token):
        _LOGGER.warning(
            "A text's webhook was refused: its account is not one of ours, or its signature is missing or wrong. "
            "See that serve.public_url is the address set at Twilio, and that auth_token is the account's."
        )
        return web.Response(status=403)
    text = read_inbound(form)
    if text is None:
        return web.Response(status=400)
    office = account.numbers.office(text.recipient)
    try:
        reply = await texts.answer(text, "twilio", office)
    except (StoreError, SealError) as error:
        _LOGGER.error("A resident's text could not be carried out: %s", error)
        reply = sorry(office)  # Twilio does not come again: the resident has to
    except Exception:
        _LOGGER.exception("A resident's text could not be carried out")
        reply = sorry(office)
    return web.Response(text=reply_document(reply), content_type="text/xml", charset="utf-8", headers=_NOT_STORED)


async def answer_elks(request: web.Request) -> web.Response:
    """Answer a text that 46elks brings to the address of one of our accounts, with the words of the reply."""
    texts = request.app[TEXTS]
    given = request.match_info["secret"].encode()
    numbers = next((n for secret, n in texts.elks.items() if hmac.compare_digest(given, secret.encode())), None)
    if numbers is None:
        raise web.HTTPNotFound(text="There is no such account.\n")
    form = await form_of(request)
    text = elks_inbound.read_inbound(form) if form is not None else None
    if text is None:
        return web.Response(status=400)
    try:
        reply = await texts.answer(text, "46elks", numbers.office(text.recipient))
    except (StoreError, SealError) as error:
        _LOGGER.error("A resident's text waits at 46elks, which brings it again: %s", error)
        return web.Response(status=503, headers={"Retry-After": _COME_BACK})
    if reply is None:
        return web.Response(status=204)
    return web.Response(text=reply, content_type="text/plain", charset="utf-8", headers=_NOT_STORED)


_NOT_STORED = {"Cache-Control": "no-store"}
