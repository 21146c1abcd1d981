"""SMS by 46elks: ``POST /a1/sms``, a Swedish provider whose errors are words instead of codes."""

import re
from collections.abc import Sequence
from typing import Annotated

import aiohttp
from pydantic import AfterValidator, Field

from channels.contract import Accepted, Halted, Outcome, Parcel, Rejected
from channels.provider import Provider, Wiring
from channels.settings import Secret
from channels.sms import E164, SMS, SmsSettings
from channels.wire import BaseUrl, Response, Wire, by_status, cite

ERRORS: Sequence[tuple[str, Rejected | Halted]] = (
    ("Invalid to number", Rejected("46elks does not accept the number")),
    ("Invalid from number", Halted("46elks does not accept the sender: check sender")),
    ("Not enough credits", Halted("the 46elks account is out of money: fill it up")),
    ("Too long", Rejected("the text is longer than 46elks takes")),
    ("Missing key", Rejected("46elks misses a part of the message")),
    ("Key", Rejected("46elks misses a part of the message")),
)
"""What the beginnings of 46elks' errors mean: its answers are plain text, and the rest of it may name the number."""


def _sender(text: str) -> str:
    if not re.fullmatch(rf"{E164}|[A-Za-z][A-Za-z0-9]{{2,10}}", text):
        raise ValueError(
            "a sender is a number such as +46… or a name of 3 to 11 letters a-z and digits, a letter first"
        )
    return text


class ElksSettings(SmsSettings):
    """A 46elks account and the sender that residents see.

    Args:
        username: API username; begins with u, or a for a subaccount.
        password: API password.
        sender: an E.164 number of the account, or a name of 3 to 11 letters and digits.
        base_url: where the paths of 46elks begin.
    """

    username: str = Field(pattern=r"^[ua][0-9A-Za-z]+$")
    password: Secret
    sender: Annotated[str, AfterValidator(_sender)]
    base_url: BaseUrl = "https://api.46elks.com"


class ElksSms:
    """Sends SMS from one 46elks account."""

    def __init__(self, settings: ElksSettings, wire: Wire) -> None:
        self._settings = settings
        self._wire = wire

    async def send(self, parcel: Parcel) -> Outcome:
        """Hand the text to 46elks, which queues it for the resident's phone."""
        settings = self._settings
        answer = await self._wire.request(
            "POST",
            f"{settings.base_url}/a1/sms",
            authorization=aiohttp.encode_basic_auth(settings.username, settings.password.get_secret_value()),
            form={"from": settings.sender, "to": parcel.target, "message": parcel.rendition.text},
        )
        return _outcome(answer) if isinstance(answer, Response) else answer


def _outcome(response: Response) -> Outcome:
    if response.refused:
        return _refusal(response)
    match response.json():
        case {"id": str(remote_id)} if response.ok and remote_id:
            return Accepted(remote_id)
    return by_status(response)


def _refusal(response: Response) -> Outcome:
    text = response.body.decode(errors="replace").strip()
    for beginning, failure in ERRORS:
        if text.startswith(beginning):
            return cite(failure, f"46elks: {beginning}")
    if response.status == 403:
        # 46elks says 403 to bad input as well, so that only 401 speaks of the account.
        return Rejected("refused for a reason that is not known (HTTP 403)")
    return by_status(response)


def _build(settings: ElksSettings, wiring: Wiring) -> ElksSms:
    return ElksSms(settings, Wire(wiring.http))


PROVIDER = Provider(
    name="46elks", channel=SMS, settings=ElksSettings, build=_build, target=None, concurrency=10, rate=1.5
)
"""46elks lets an account send about 100 SMS a minute unless it agrees to more; 90 leaves some for others."""
