"""Calls a phone line as a resident does, and Twilio for them: signed webhooks, keys pressed, and what is heard."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin
from uuid import uuid4
from xml.etree.ElementTree import Element

import aiohttp
from twilio.request_validator import RequestValidator
from yarl import URL

from channels.sandbox.xml import NotXmlError, parse

_ACCOUNT = "AC" + "0" * 32
_KEY = re.compile(r"\D*\b(\d)\W*")
"""An offer in a menu, as opposed to an announcement: its one digit is its last word."""

_PATIENCE = aiohttp.ClientTimeout(total=15)
"""After this long without an answer Twilio gives up on a webhook (error 11200)."""


class CallError(Exception):
    """The caller heard nothing but a dead line; says why."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Words heard on the line, in the language (BCP 47) of the voice; ``times`` in a row."""

    language: str
    text: str
    times: int


@dataclass(frozen=True, slots=True)
class Heard:
    """What a caller hears without pressing a key.

    Args:
        keys: the digits that the menu offers.
        connected: the number the call goes on to; empty when it ends here.
    """

    spoken: tuple[Spoken, ...]
    keys: tuple[str, ...]
    connected: str


class Telephone:
    """Calls lines by their voice webhooks.

    Args:
        lines: the webhook's URL of each phone line.
        auth_token: the Twilio token that signs the webhooks.
    """

    def __init__(self, http: aiohttp.ClientSession, lines: Mapping[str, str], auth_token: str) -> None:
        self._http = http
        self._lines = lines
        self._validator = RequestValidator(auth_token)

    @property
    def numbers(self) -> Sequence[str]:
        """The numbers of the lines."""
        return tuple(self._lines)

    async def call(self, line: str, caller: str, digits: str | None = None, action: str | None = None) -> str:
        """Call the line and return its TwiML.

        Args:
            digits: keys to press when the line asks for some; what is returned is what comes after.
            action: where the pressed keys go; None for where the line's first Gather says.

        Raises:
            CallError: there is no such line, it does not answer with TwiML, or it asks for no keys.
        """
        if line not in self._lines:
            raise CallError(f"no phone line has the number {line}: there are {', '.join(self._lines) or 'none at all'}")
        url = self._lines[line]
        form = {
            "AccountSid": _ACCOUNT,
            "ApiVersion": "2010-04-01",
            "CallSid": f"CA{uuid4().hex}",
            "CallStatus": "ringing",
            "Called": line,
            "Caller": caller,
            "Direction": "inbound",
            "From": caller,
            "To": line,
        }
        if digits is None and action is None:
            return await self._ask(url, form)
        if action is None:
            gather = next(_root(await self._ask(url, form)).iter("Gather"), None)
            if gather is None:
                raise CallError(f"the line {line} asks for no keys")
            action = gather.get("action", "")
        pressed = {} if digits is None else {"Digits": digits}
        return await self._ask(urljoin(url, action), form | {"CallStatus": "in-progress"} | pressed)

    async def _ask(self, url: str, form: Mapping[str, str]) -> str:
        signed = str(URL(url))
        headers = {"X-Twilio-Signature": self._validator.compute_signature(signed, form)}
        try:
            # Twilio follows a redirect without the form, so that to a webhook it is as good as an error.
            async with self._http.post(
                signed, data=form, headers=headers, timeout=_PATIENCE, allow_redirects=False
            ) as answer:
                twiml = (await answer.read()).decode(errors="replace")
        except TimeoutError:
            raise CallError(f"{url} did not answer within {_PATIENCE.total} seconds") from None
        except (aiohttp.ClientError, ValueError):
            raise CallError(f"{url} cannot be reached: is serve running?") from None
        if answer.status != 200:
            raise CallError(f"{url} answered {answer.status} {answer.reason}")
        _root(twiml)
        return twiml


def listen(twiml: str) -> Heard:
    """Hear what TwiML lets a caller hear.

    Raises:
        CallError: it is not TwiML.
    """
    root = _root(twiml)
    offers = (_KEY.fullmatch(_words(say)) for gather in root.iter("Gather") for say in gather.iter("Say"))
    number = next((_words(dial) for dial in root.iter("Dial")), "")
    return Heard(tuple(_spoken(root)), tuple(dict.fromkeys(offer[1] for offer in offers if offer)), number)


def _spoken(root: Element) -> Iterator[Spoken]:
    times: dict[tuple[str, str], int] = {}
    for say in root.iter("Say"):
        words = say.get("language", "en-US"), _words(say)
        times[words] = times.get(words, 0) + 1
    return (Spoken(language, text, count) for (language, text), count in times.items())


def _words(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _root(twiml: str) -> Element:
    try:
        root = parse(twiml.encode())
    except NotXmlError as error:
        raise CallError(f"the answer is not XML: {error}") from None
    if root.tag != "Response":
        raise CallError(f"the answer is not TwiML: its root is {root.tag}, not Response")
    return root
