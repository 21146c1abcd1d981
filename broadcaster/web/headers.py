"""What every answer carries, also those that nobody of ours has written."""

from collections.abc import Mapping

from aiohttp import web

_POLICY = "Content-Security-Policy"
_COMMON = {
    "Server": "broadcaster",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    _POLICY: "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}
_ONLY_TLS = "max-age=31536000"  # a year; without subdomains, which may be other people's


def security_headers(public_url: str | None) -> Mapping[str, str]:
    """Headers that keep browsers from doing more than they need to, for what residents reach under that address."""
    if public_url is not None and public_url.startswith("https://"):
        return {**_COMMON, "Strict-Transport-Security": _ONLY_TLS}
    return _COMMON


def secure(response: web.StreamResponse, headers: Mapping[str, str]) -> None:
    """Add the headers to an answer. What a page may load and where it may post, it can say itself."""
    own_policy = response.headers.get(_POLICY)
    response.headers.update(headers)
    if own_policy is not None:
        response.headers[_POLICY] = own_policy
