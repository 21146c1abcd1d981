"""How other processes ask the sandbox what it got and tell it what to do: JSON over HTTP, below ``/sandbox``.

GET  /sandbox/received  {"texts": [...], "posts": [...], "reports": [...], "pings": [...]}, oldest first
POST /sandbox/behave    {"provider": "twilio", "behaviours": [{"fault": "slow", "seconds": 2}]}; [] makes it well
POST /sandbox/receipts  {"receipts": {"statuses": ["sent", "undelivered"], "code": 30005}}; {} for the usual ones,
                        {"receipts": null} for none
POST /sandbox/event     lets Sveriges Radio's VMA say on its stream that there is news
POST /sandbox/reset     forgets everything and makes every provider well
POST /sandbox/text      {"to": "+46...", "text": "START", "from"?: "+46...", "sid"?, "opt_out"?: "STOP"} answers
                        {"reply": "..."}, null for none
POST /sandbox/call      {"line": "+46...", "caller"?: "+46...", "digits"?: "2"} answers {"twiml": "..."};
                        a line at 46elks answers {"actions": "..."}, in JSON itself

What cannot be done is answered with status 400 and {"error": "..."}, a call or text that fails with 502.
"""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import to_json

from channels.sandbox.faults import Behaviour
from channels.sandbox.handset import TextError
from channels.sandbox.heard import CallError
from channels.sandbox.receipts import Receipts

if TYPE_CHECKING:
    from channels.sandbox.server import Sandbox


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Behave(_Order):
    provider: str
    behaviours: list[Behaviour] = Field(default_factory=list)


class _Receipts(_Order):
    receipts: Receipts | None = Field(default_factory=Receipts)


class _Call(_Order):
    line: str
    caller: str = "+46701740605"
    digits: Annotated[str, StringConstraints(pattern=r"^[0-9*#]+$")] | None = None


class _Text(_Order):
    to: str
    text: str
    sender: str = Field(default="+46701740605", alias="from")
    sid: str | None = None
    opt_out: str | None = None


_AnyOrder = TypeVar("_AnyOrder", bound=_Order)


def control_routes(sandbox: "Sandbox") -> list[web.RouteDef]:
    """Return the routes that control the sandbox."""

    async def received(_: web.Request) -> web.Response:
        return _json(
            {
                "texts": [asdict(text) for text in sandbox.texts],
                "posts": [asdict(post) for post in sandbox.posts],
                "reports": [asdict(report) for report in sandbox.reports],
                "pings": sandbox.pings,
            }
        )

    async def behave(request: web.Request) -> web.Response:
        order = await _read(request, _Behave)
        try:
            sandbox.behave(order.provider, *order.behaviours)
        except ValueError as error:
            raise _bad(str(error)) from None
        return _json({})

    async def receipts(request: web.Request) -> web.Response:
        sandbox.receipts = (await _read(request, _Receipts)).receipts
        return _json({})

    async def reset(_: web.Request) -> web.Response:
        sandbox.reset()
        return _json({})

    async def call(request: web.Request) -> web.Response:
        order = await _read(request, _Call)
        try:
            said = await sandbox.call(order.line, order.caller, order.digits)
            return _json({"actions" if said.startswith("{") else "twiml": said})
        except CallError as error:
            return _json({"error": str(error)}, status=502)

    async def text(request: web.Request) -> web.Response:
        order = await _read(request, _Text)
        try:
            reply = await sandbox.text(order.to, order.text, order.sender, sid=order.sid, opt_out=order.opt_out)
        except TextError as error:
            return _json({"error": str(error)}, status=502)
        return _json({"reply": reply})

    return [
        web.get("/sandbox/received", received),
        web.post("/sandbox/behave", behave),
        web.post("/sandbox/receipts", receipts),
        web.post("/sandbox/event", sandbox.sources.event),
        web.post("/sandbox/reset", reset),
        web.post("/sandbox/text", text),
        web.post("/sandbox/call", call),
    ]


async def _read(request: web.Request, order: type[_AnyOrder]) -> _AnyOrder:
    try:
        return order.model_validate_json(await request.read())
    except ValidationError as error:
        wrong = (f"{'.'.join(map(str, e['loc'])) or 'the body'}: {e['msg']}" for e in error.errors())
        raise _bad("; ".join(wrong)) from None


def _bad(message: str) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text=to_json({"error": message}).decode(), content_type="application/json")


def _json(payload: object, status: int = 200) -> web.Response:
    return web.Response(body=to_json(payload), status=status, content_type="application/json")
