"""A call that goes on for a while: keys are pressed, rounds in a queue waited, and it is heard what comes of it."""

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urljoin
from uuid import uuid4

from channels.sandbox.heard import CallError, Heard, listen, parsed

Ask = Callable[[str, Mapping[str, str]], Awaitable[str]]
"""Asks an address with a form, as the provider does, and returns the answer's text.

Raises:
    CallError: it does not answer as it should.
"""

Fetch = Callable[[str], Awaitable[str]]
"""Tries a sound's address: returns what it is, or why it cannot be played."""

_MOST_STEPS = 50  # of a call that nobody presses a key in; more are a circle


class Call(Protocol):
    """A call as a resident has it."""

    line: str
    caller: str

    @property
    def document(self) -> str:
        """What the line has answered last."""
        ...

    @property
    def heard(self) -> Heard:
        """What is heard of that."""
        ...

    async def start(self) -> None:
        """Call. Raises CallError, as the others do, when the line is dead."""
        ...

    async def press(self, key: str) -> None:
        """Press a key. Raises CallError where none is asked for."""
        ...

    async def wait(self) -> None:
        """Wait in the queue for one round. Raises CallError where there is no queue."""
        ...


@dataclass
class _Place:
    """A place in a queue: where it is waited, and where one goes who leaves it."""

    wait: str
    left: str
    since: float

    def form(self) -> dict[str, str]:
        waited = str(int(time.monotonic() - self.since))
        return {
            "AvgQueueTime": waited,
            "CurrentQueueSize": "1",
            "MaxQueueSize": "1000",
            "QueuePosition": "1",
            "QueueSid": "QU" + "0" * 32,
            "QueueTime": waited,
        }


class TwilioCall:
    """A call to a line at Twilio, which asks with signed forms and is answered with TwiML.

    Args:
        form: what Twilio says of the call each time.
    """

    def __init__(self, line: str, caller: str, url: str, ask: Ask, account: str) -> None:
        self.line, self.caller = line, caller
        self.document = ""
        self._url = url
        self._ask = ask
        self._place: _Place | None = None
        self._form = {
            "AccountSid": account,
            "ApiVersion": "2010-04-01",
            "CallSid": f"CA{uuid4().hex}",
            "CallStatus": "in-progress",
            "Called": line,
            "Caller": caller,
            "Direction": "inbound",
            "From": caller,
            "To": line,
        }

    @property
    def heard(self) -> Heard:
        """What is heard of the last answer."""
        return listen(self.document)

    async def start(self) -> None:
        """Call."""
        await self._go(self._url, {"CallStatus": "ringing"})

    async def press(self, key: str) -> None:
        """Press a key."""
        gather = next(parsed(self.document).iter("Gather"), None)
        if gather is None:
            raise CallError(f"the line {self.line} asks for no keys")
        await self.follow(gather.get("action", ""), key)

    async def follow(self, action: str, key: str | None = None) -> None:
        """Go where an answer says, with a key if one was pressed."""
        await self._go(urljoin(self._url, action), {} if key is None else {"Digits": key})

    async def wait(self) -> None:
        """Wait for a round: the first one begins where the line has put the call into its queue."""
        enqueue = next(parsed(self.document).iter("Enqueue"), None)
        if enqueue is not None:
            wait, left = (urljoin(self._url, enqueue.get(name, "")) for name in ("waitUrl", "action"))
            self._place = _Place(wait, left, time.monotonic())
        if self._place is None:
            raise CallError("the call waits in no queue")
        await self._go(self._place.wait, {})

    async def _go(self, url: str, told: Mapping[str, str]) -> None:
        place = {} if self._place is None else self._place.form()
        self.document, self._url = await self._ask(url, {**self._form, **place, **told}), url
        if self._place is not None and next(parsed(self.document).iter("Leave"), None) is not None:
            left, self._place = self._place.left, None
            await self._go(left, {"QueueResult": "leave"})


class ElksCall:
    """A call to a line at 46elks, which asks with forms and is answered with JSON actions."""

    def __init__(self, line: str, caller: str, url: str, ask: Ask, fetch: Fetch) -> None:
        self.line, self.caller = line, caller
        self.document = ""
        self.heard = Heard((), (), "")
        self._url = url
        self._ask = ask
        self._fetch = fetch
        self._menus: list[Mapping[str, Any]] = []
        self._form = {"callid": f"c{uuid4().hex}", "direction": "incoming", "from": caller, "to": line}

    async def start(self) -> None:
        """Call."""
        await self._hear(self._url, "newincoming")

    async def press(self, key: str) -> None:
        """Press a key when one is asked for; where several times, at the first for which it means something."""
        if not self._menus:
            raise CallError(f"the line {self.line} asks for no keys")
        menu = next((menu for menu in self._menus if key in menu), self._menus[0])
        await self._hear(menu.get(key, menu.get("next")), key)

    async def wait(self) -> None:
        """There is no queue at 46elks."""
        raise CallError("the call waits in no queue")

    async def _hear(self, action: object, result: str) -> None:
        played, connected = [], ""
        self._menus = []
        for _ in range(_MOST_STEPS):
            if isinstance(action, str):
                self.document = await self._ask(action, self._form | {"result": result})
                action = _action(self.document)
            step = action if isinstance(action, dict) else {}
            if "connect" in step:
                connected = str(step["connect"])
                break
            sound = step.get("play") or step.get("ivr")
            if not isinstance(sound, str):
                break
            if "ivr" in step:
                self._menus.append(step)
            played.append(f"{sound.rsplit('/', 1)[-1]}: {await self._fetch(sound)}")
            action, result = step.get("next"), "success"
        else:
            raise CallError(f"the line {self.line} goes round in a circle")
        keys = (key for menu in self._menus for key in menu if key.isdecimal())
        self.heard = Heard((), tuple(dict.fromkeys(keys)), connected, played=tuple(played))


def _action(document: str) -> Mapping[str, Any]:
    try:
        action = json.loads(document)
    except ValueError as error:
        raise CallError(f"the answer is not JSON: {error}") from None
    if not isinstance(action, dict):
        raise CallError("the answer is no action: it is no JSON object")
    return action
