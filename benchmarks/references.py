"""What the fan-out is compared with: loops that send the same SMS to the same provider, and remember nothing.

None of them could tell after a crash who has been sent what. Each gives the seconds it took.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import aiohttp
from apprise import Apprise
from apprise.plugins.twilio import NotifyTwilio
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

ACCOUNT = "AC00000000000000000000000000000001"
TOKEN = "sandbox"  # noqa: S105 (of nobody)
SENDER = "Kommunen"
IN_FLIGHT = 64


async def bare(url: str, numbers: Sequence[str], text: str) -> float:
    """A loop over aiohttp, as one would write it: a form, an answer, its sid."""
    address = f"{url}/twilio/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    auth = {"Authorization": aiohttp.encode_basic_auth(ACCOUNT, TOKEN)}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=IN_FLIGHT), headers=auth) as session:

        async def send(number: str) -> None:
            form = {"From": SENDER, "To": number, "Body": text, "ValidityPeriod": "21600"}
            async with session.post(address, data=form) as response:
                _expect((await response.json())["sid"])

        return await _timed(send, numbers)


async def twilio(url: str, numbers: Sequence[str], text: str) -> float:
    """A loop over Twilio's own asynchronous client."""
    async with AsyncTwilioHttpClient() as http:
        client = Client(ACCOUNT, TOKEN, http_client=http)
        client.api.base_url = f"{url}/twilio"

        async def send(number: str) -> None:
            message = await client.messages.create_async(from_=SENDER, to=number, body=text, validity_period=21600)
            _expect(message.sid)

        return await _timed(send, numbers)


async def apprise(url: str, numbers: Sequence[str], text: str) -> float:
    """Apprise, through its Twilio plugin, without the five messages a second that the plugin keeps to by itself.

    It works in threads. As many plugins as are in flight elsewhere share the numbers, which is nearly twice as fast as
    a plugin for each number.
    """
    begin = time.perf_counter()
    together = Apprise()
    for place in range(IN_FLIGHT):
        address = f"twilio://{ACCOUNT}:{'0' * 32}@+15005550006/{'/'.join(numbers[place::IN_FLIGHT])}"
        plugin = Apprise.instantiate(address)
        if not isinstance(plugin, NotifyTwilio):
            raise TypeError("Apprise does not know its own Twilio addresses any more")
        plugin.notify_sms_url = f"{url}/twilio/2010-04-01/Accounts/{{sid}}/Messages.json"
        plugin.request_rate_per_sec = 0.0
        together.add(plugin)
    _expect(await together.async_notify(body=text))
    return time.perf_counter() - begin


async def _timed(send: Callable[[str], Awaitable[None]], numbers: Sequence[str]) -> float:
    waiting = iter(numbers)

    async def work() -> None:
        for number in waiting:
            await send(number)

    begin = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(IN_FLIGHT):
            tasks.create_task(work())
    return time.perf_counter() - begin


def _expect(went_well: object) -> None:
    if not went_well:
        raise RuntimeError("the provider did not answer as it should")
