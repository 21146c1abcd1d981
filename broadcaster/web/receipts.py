"""Webhooks for receipts: what providers report later of the messages they took.

Twilio signs what it says. 46elks does not, so each of its accounts reports to an address that nobody else knows, and is
asked whether it is true where a forged report would do harm.
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
from channels.contract import Confirm, Confirmation, Parcel, Receipt, Unclear, Unfounded

TWILIO_PATH = "/webhooks/twilio/status"
ELKS_PATH = "/webhooks/46elks/status/{secret}"

GATHERING = 0.05
"""Seconds that a receipt waits for others to be written with it."""

CONFIRMED_WITHIN = 5.0
"""Seconds until a provider is answered that it may come again, as it does not say itself whether a hint is true."""

AT_ONCE = 5
"""Most hints that are asked about at a time, so that whoever makes them up does not crowd out what is being sent."""

_COME_BACK = "60"  # seconds
_LOGGER = logging.getLogger(__name__)


class UnconfirmedError(Exception):
    """A receipt is only a hint, and the provider did not say whether it is true. Nothing was written."""


class Desk:
    """Takes receipts in, and writes those that come together in one go.

    Args:
        believe: writes receipts down, and returns the hints that it does not believe unless they are confirmed, with
            the parcels that they are about; raises StoreError where it cannot.
        patience: seconds that a provider gets to confirm one.
    """

    def __init__(
        self,
        believe: Callable[[Sequence[Receipt]], Awaitable[Mapping[Receipt, Parcel]]],
        patience: float = CONFIRMED_WITHIN,
    ) -> None:
        self._believe = believe
        self._patience = patience
        self._waiting: list[Receipt] = []
        self._batch: asyncio.Task[Mapping[Receipt, Parcel]] | None = None
        self._writing = asyncio.Lock()
        self._asking = asyncio.Semaphore(AT_ONCE)

    async def take(self, receipt: Receipt, source: Confirm | None = None) -> None:
        """Take a receipt in; returns when it is on disk, or turned out to be made up.

        Args:
            source: the account that it came from, if it can be asked about hints.

        Raises:
            StoreError: it is not on disk.
            UnconfirmedError: it is a hint, and cannot be believed yet.
        """
        parcel = await self._write_down(receipt)
        if parcel is None or source is None:
            return
        match await self._ask(source, parcel, receipt.remote_id):
            case Receipt() as sure:
                await self._write_down(sure)
            case Unfounded():
                _LOGGER.warning(
                    "A receipt was made up: its account has sent no such message. Somebody may know the address for "
                    "receipts, so change the account's password at 46elks and in the configuration."
                )
            case Unclear(reason):
                raise UnconfirmedError(reason)

    async def _ask(self, source: Confirm, parcel: Parcel, remote_id: str) -> Confirmation:
        try:
            async with asyncio.timeout(self._patience), self._asking:
                return await source.confirm(parcel, remote_id)
        except TimeoutError:
            return Unclear("no answer in time")

    async def _write_down(self, receipt: Receipt) -> Parcel | None:
        """Write a receipt down with others; returns the parcel that it is about if it is not believed unconfirmed."""
        self._waiting.append(receipt)
        if self._batch is None:
            self._batch = asyncio.create_task(self._write())
        # A provider that hangs up does not undo what it has said.
        return (await asyncio.shield(self._batch)).get(receipt)

    async def _write(self) -> Mapping[Receipt, Parcel]:
        await asyncio.sleep(GATHERING)
        async with self._writing:  # while an earlier batch is being written, this one goes on filling
            batch, self._waiting, self._batch = self._waiting, [], None
            try:
                return await self._believe(batch)
            except StoreError as error:
                _LOGGER.warning("Receipts that could not be written: %d. %s", len(batch), error)
                raise


@dataclass(frozen=True, slots=True)
class Reporters:
    """Who may bring receipts, and where they are taken in.

    Args:
        twilio: auth tokens, by the accounts' SIDs.
        elks: the accounts at 46elks, by what stands in their addresses.
    """

    twilio: Mapping[str, SecretStr]
    elks: Mapping[str, Confirm]
    desk: Desk


REPORTERS = web.AppKey("reporters", Reporters)


async def answer_twilio(request: web.Request) -> web.Response:
    """Take a status callback of Twilio, if it is signed."""
    reporters = request.app[REPORTERS]
    form = await form_of(request)
    token = reporters.twilio.get(form.get("AccountSid", "")) if form is not None else None
    if form is None or token is None or not is_from_twilio(request, form, token):
        _LOGGER.warning(
            "A receipt was refused: its account is not one of ours, or its signature is missing or wrong. "
            "See that serve.public_url is the address that Twilio calls, and that auth_token is the account's."
        )
        return web.Response(status=403)
    return await _take(reporters.desk, twilio.read_receipt(form, request.query))


async def answer_elks(request: web.Request) -> web.Response:
    """Take a delivery report of 46elks, if it comes to the address of one of our accounts."""
    reporters = request.app[REPORTERS]
    given = request.match_info["secret"].encode()
    sources = [source for secret, source in reporters.elks.items() if hmac.compare_digest(given, secret.encode())]
    if not sources:
        raise web.HTTPNotFound(text="There is no such account.\n")
    form = await form_of(request)
    if form is None:
        return web.Response(status=400)
    return await _take(reporters.desk, elks.read_receipt(form, request.query), sources[0])


async def _take(desk: Desk, receipt: Receipt | None, source: Confirm | None = None) -> web.Response:
    """Answer once it is on disk; what tells us nothing is answered at once, or 46elks would tell it again for hours."""
    if receipt is not None:
        try:
            await desk.take(receipt, source)
        except (StoreError, UnconfirmedError):
            return web.Response(status=503, headers={"Retry-After": _COME_BACK})
    return web.Response(status=204)
