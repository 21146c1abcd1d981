"""Calls phone lines as residents do, and Twilio or 46elks for them: webhooks, keys pressed, and what is heard."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import aiohttp
from twilio.request_validator import RequestValidator
from yarl import URL

from channels.sandbox.heard import CallError, parsed
from channels.sandbox.ongoing import Call, ElksCall, TwilioCall

_ACCOUNT = "AC" + "0" * 32

_PATIENCE = aiohttp.ClientTimeout(total=15)
"""After this long without an answer Twilio gives up on a webhook (error 11200)."""


class Telephone:
    """Calls lines by their voice webhooks.

    Args:
        lines: the webhook's URL of each phone line at Twilio.
        auth_token: the Twilio token that signs the webhooks.
        elks_lines: the same as ``lines`` at 46elks, which does not sign.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        lines: Mapping[str, str],
        auth_token: str,
        elks_lines: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._http = http
        self._lines = lines
        self._elks_lines = elks_lines
        self._validator = RequestValidator(auth_token)

    @property
    def numbers(self) -> Sequence[str]:
        """The numbers of the lines."""
        return (*self._lines, *self._elks_lines)

    async def dial(self, line: str, caller: str) -> Call:
        """Call the line.

        Raises:
            CallError: there is no such line, or it does not answer as it should.
        """
        call = self._call(line, caller)
        await call.start()
        return call

    async def call(self, line: str, caller: str, digits: str | None = None, action: str | None = None) -> str:
        """Call the line and return its TwiML, or its JSON at 46elks.

        Args:
            digits: keys to press when the line asks for some; what is returned is what comes after.
            action: where the pressed keys go; None for where the line's first Gather says. For Twilio only.

        Raises:
            CallError: there is no such line, it does not answer as it should, or it asks for no keys.
        """
        call = self._call(line, caller)
        if action is not None and isinstance(call, TwilioCall):
            await call.follow(action, digits)
            return call.document
        await call.start()
        if digits is not None:
            await call.press(digits)
        return call.document

    def _call(self, line: str, caller: str) -> Call:
        if line in self._elks_lines:
            return ElksCall(line, caller, self._elks_lines[line], self._answer, self._sound)
        if line in self._lines:
            return TwilioCall(line, caller, self._lines[line], self._twiml, _ACCOUNT)
        raise CallError(f"no phone line has the number {line}: there are {', '.join(self.numbers) or 'none at all'}")

    async def _twiml(self, url: str, form: Mapping[str, str]) -> str:
        signed = str(URL(url))
        twiml = await self._answer(
            signed, form, {"X-Twilio-Signature": self._validator.compute_signature(signed, form)}
        )
        parsed(twiml)
        return twiml

    async def _answer(
        self, url: str, form: Mapping[str, str], headers: Mapping[str, str] = MappingProxyType({})
    ) -> str:
        try:
            # Both follow a redirect without the form, so that to a webhook it is as good as an error.
            async with self._http.post(
                url, data=form, headers=headers, timeout=_PATIENCE, allow_redirects=False
            ) as answer:
                said = (await answer.read()).decode(errors="replace")
        except TimeoutError:
            raise CallError(f"{url} did not answer within {_PATIENCE.total} seconds") from None
        except (aiohttp.ClientError, ValueError):
            raise CallError(f"{url} cannot be reached: is serve running?") from None
        if answer.status != 200:
            raise CallError(f"{url} answered {answer.status} {answer.reason}")
        return said

    async def _sound(self, url: str) -> str:
        try:
            async with self._http.get(url, timeout=_PATIENCE) as answer:
                size = len(await answer.read())
        except (TimeoutError, aiohttp.ClientError, ValueError):
            return "cannot be fetched"
        kind = answer.content_type
        if answer.status != 200 or not kind.startswith("audio/"):
            return f"cannot be played: {answer.status} {kind}"
        return f"{kind}, {size // 1000} kB"
