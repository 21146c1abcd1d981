"""What all webhooks have in common: reading a form, and telling whether it comes from Twilio."""

from urllib.parse import parse_qsl

from aiohttp import web
from multidict import MultiDict
from pydantic import SecretStr

from channels.twilio import SIGNATURE_HEADER, is_signed

PUBLIC_URL = web.AppKey("public_url", str)
"""Without it, the address that each request names counts."""

_MOST_FIELDS = 256  # of a form; Twilio sends about thirty


async def form_of(request: web.Request) -> MultiDict[str] | None:
    """Read a request's form; None if its body is none."""
    body = await request.read()
    try:
        return MultiDict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        return None


def is_from_twilio(request: web.Request, form: MultiDict[str], auth_token: SecretStr) -> bool:
    """Tell whether Twilio sent the form to this address, as it was told it: behind a proxy the public one."""
    signature = request.headers.get(SIGNATURE_HEADER, "")
    return is_signed(auth_token.get_secret_value(), base_url(request) + request.raw_path, form, signature)


def base_url(request: web.Request) -> str:
    """What the addresses of this application begin with, as providers know it, without a slash at the end."""
    return request.app.get(PUBLIC_URL, f"{request.scheme}://{request.host}")


def without_secret(request: web.Request) -> str:
    """Return a request's path as it may stand in the log."""
    path, secret = request.path, request.match_info.get("secret")
    return path.replace(secret, "…") if secret else path
