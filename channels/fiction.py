"""What only stands for something: numbers, names and addresses that belong to nobody, and lead nowhere.

The sandbox and all examples are made of it. Whoever sends for real and still has some of it reaches nobody.
"""

import re
from urllib.parse import urlsplit

from channels.address import is_loopback, leads_here

SECRET = "sandbox"  # noqa: S105 - what stands in place of one
"""The word that stands in the sandbox's files of secrets."""

PLAYED = "/sources"
"""Below which the sandbox plays what others warn of."""

MOBILES = tuple(f"+4670174{number:04}" for number in range(605, 700))
"""The mobile numbers that the Swedish telecom agency keeps for fiction."""

_NUMBERS = re.compile(r"\+46(?:8465004[0-9]{2}|313900[6][0-9]{2}|406280[4][0-9]{2}|9803192[0-9]{2}|7017406[0-9]{2})")
"""All that it keeps: those from 08-465 004 00, 031-390 06 00, 040-628 04 00, 0980-319 200 and 070-174 06 05 on."""

_HOSTS = re.compile(r"(?:.*\.)?(?:example(?:\.[a-z]+)?|test|invalid|local|localhost)")
"""Names that lead nowhere, or only as far as this network (RFC 2606, RFC 6761, RFC 6762)."""

_COUNTER = re.compile(r"[A-Za-z]{0,2}[01]?0{7,}[0-9]{1,8}")


def is_number(number: str) -> bool:
    """Tell whether a number belongs to nobody, written with its country code or as in Sweden."""
    digits = re.sub(r"[^+0-9]", "", number)
    return _NUMBERS.fullmatch(re.sub(r"^0(?=[1-9])", "+46", digits)) is not None


def is_host(host: str) -> bool:
    """Tell whether a name leads nowhere, or only to this machine."""
    return is_loopback(host) or _HOSTS.fullmatch(host.lower()) is not None


def is_address(url: str) -> bool:
    """Tell whether a web address leads nowhere, or only to this machine."""
    return is_host(urlsplit(url).hostname or "")


def is_played(url: str) -> bool:
    """Tell whether what is found at an address is played by the sandbox."""
    return leads_here(url) and urlsplit(url).path.startswith(f"{PLAYED}/")


def is_name(name: str) -> bool:
    """Tell whether an account's name is only a number with nothing before it but noughts."""
    return _COUNTER.fullmatch(name) is not None
