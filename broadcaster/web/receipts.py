"""Webhooks for receipts: what providers report later of the messages they took.

Twilio signs what it says. 46elks does not, so each of its accounts reports to an address that nobody else knows.
"""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web
from pydantic import SecretStr

from broadcaster.store.errors import StoreError
from broadcaster.web.webhooks import form_of, is_from_twilio
from channels import elks, twilio
from channels.contract import Receipt

TWILIO_PATH = "/webhooks/twilio/status"
ELKS_PATH = "/webhooks/46elks/status/{secret}"

GATHERING = 0.05
"""Seconds that a receipt waits for others to be written with it."""

_COME_BACK = "60"  # seconds
_LOGGER = logging.getLogger(__name__)


class Desk:
    """Takes receipts in, and writes those that come together in one go.

    Args:
        believe: writes receipts down; raises StoreError where it cannot.
    """

    def __init__(self, believe: Callable[[Sequence[Receipt]], Awaitable[object]]) -> None:
        self._believe = believe
        self._waiting: list[Receipt] = []
        self._batch: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()

    async def take(self, receipt: Receipt) -> None:
        """Take a receipt in; returns when it is on disk.

        Raises:
            StoreError: it is not.
        """
        self._waiting.append(receipt)
        if self._batch is None:
            self._batch = asyncio.create_task(self._write())
        await asyncio.shield(self._batch)  # a provider that hangs up does not undo what it has said

    async def _write(self) -> None:
        await asyncio.sleep(GATHERING)
        async with self._writing:  # while an earlier batch is being written, this one goes on filling
            batch, self._waiting, self._batch = self._waiting, [], None
            try:
                await self._believe(batch)
            except StoreError as error:
                _LOGGER.warning("Receipts that could not be written: %d. %s", len(batch), error)
                raise


@dataclass(frozen=True, slots=True)
class Reporters:
    """Who may bring receipts, and where they are taken in.

    Args:
        twilio: auth tokens, by the accounts' SIDs.
        elks: what stands in the addresses of the accounts at 46elks.
    """

    twilio: Mapping[str, SecretStr]
    elks: Sequence[str]
    desk: Desk


REPORTERS = web.AppKey("reporters", Reporters)


async def answer_twilio(request: web.Request) -> web.Response:
    """Take a status callback of Twilio, if it is signed."""
    reporters = request.app[REPORTERS]
    form = await form_of(request)
    token = reporters.twilio.get(form.get("AccountSid", "")) if form is not None else None
    if form is None or token is None or not is_from_twilio(request, form, token):
        _LOGGER.warning(
            "A receipt was refused: its account is none of ours, or its signature is missing or wrong. "
            "See that serve.public_url is the address that Twilio calls, and that auth_token is the account's."
        )
        return web.Response(status=403)
    return await _take(reporters.desk, twilio.read_receipt(form, request.query))


async def answer_elks(request: web.Request) -> web.Response:
    """Take a delivery report of 46elks, if it comes to the address of one of our accounts."""
    reporters = request.app[REPORTERS]
    given = request.match_info["secret"].encode()
    if not any(hmac.compare_digest(given, secret.encode()) for secret in reporters.elks):
        raise web.HTTPNotFound(text="There is no such account.\n")
    form = await form_of(request)
    if form is None:
        return web.Response(status=400)
    return await _take(reporters.desk, elks.read_receipt(form, request.query))


async def _take(desk: Desk, receipt: Receipt | None) -> web.Response:
    """Answer once it is on disk; what tells us nothing is answered at once, or 46elks would tell it again for hours."""
    if receipt is not None:
        try:
            await desk.take(receipt)
        except StoreError:
            return web.Response(status=503, headers={"Retry-After": _COME_BACK})
    return web.Response(status=204)
