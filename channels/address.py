"""Addresses in the configuration: those of providers, and those where residents read."""

import ipaddress
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator
from yarl import URL


def _base_url(text: str) -> str:
    """Accept where a provider's paths begin: never credentials in the clear beyond this machine."""
    try:
        url = URL(text)
        (url.raw_host or "").encode("idna")  # what a look-up would do, where it is no longer an outcome
    except ValueError:
        raise ValueError("this is not a web address: write one such as https://api.example.com") from None
    if url.scheme not in {"https", "http"} or not url.host:
        raise ValueError("this is not a web address: write one such as https://api.example.com")
    if url.user is not None or url.password is not None or "?" in text or "#" in text or text.endswith("/"):
        raise ValueError("a base address has no name, password, query or slash at its end: write it without")
    if url.scheme == "http" and not is_loopback(url.host):
        raise ValueError("secrets only travel encrypted: write https://, or leave http:// for this machine (127.0.0.1)")
    return text


def web_root(text: str) -> str:
    """Accept where pages begin, and write it without a slash at the end.

    Raises:
        ValueError: it is no such address.
    """
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError('is not a web address: write it as "https://kris.example.se"')
    return text.rstrip("/")


def is_loopback(host: str) -> bool:
    """Tell whether a host can only be this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def leads_here(url: str) -> bool:
    """Tell whether an address can only lead to this machine."""
    return is_loopback(urlsplit(url).hostname or "")


BaseUrl = Annotated[str, AfterValidator(_base_url)]
"""Where a provider's paths begin, without a slash at the end: ``https://api.example.com``."""
