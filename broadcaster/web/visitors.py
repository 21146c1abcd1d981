"""Who asks: the address behind proxies of ours, and whether a form was sent from our own page."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from aiohttp import web

from broadcaster.web.webhooks import PUBLIC_URL

Network = IPv4Network | IPv6Network

_HOUSEHOLD = 64  # bits: what a customer gets of IPv6 at least, and may change within at will (RFC 6177)


def visitor(request: web.Request, proxies: Sequence[Network]) -> str:
    """The address that a request comes from; one of IPv6 stands for its whole network of 64 bits.

    Args:
        proxies: whose ``X-Forwarded-For`` is believed. Anybody else may write into it what they like.
    """
    return behind(request.remote or "", request.headers.getall("X-Forwarded-For", []), proxies)


def behind(peer: str, forwarded: Sequence[str], proxies: Sequence[Network]) -> str:
    """The nearest address that is none of our proxies: each proxy adds at the end who it was asked by."""
    chain = [hop.strip() for line in forwarded for hop in line.split(",")]
    client = peer
    while is_one_of(client, proxies) and chain:
        further = chain.pop()
        if _parsed(further) is None:
            break
        client = further
    return network_of(client)


def is_one_of(address: str, networks: Sequence[Network]) -> bool:
    """Whether an address lies in one of the networks; what is no address does not."""
    client = _parsed(address)
    return client is not None and any(client in network for network in networks)


def network_of(address: str, four: int = 32, six: int = _HOUSEHOLD) -> str:
    """What an address counts as: its network of so many bits, of IPv4 or IPv6; itself if it is none.

    Left alone, a whole address of IPv4 counts, and of IPv6 a household's network.
    """
    client = _parsed(address.partition("/")[0])
    if client is None:
        return address
    bits = six if isinstance(client, IPv6Address) else four
    return str(client) if bits == client.max_prefixlen else str(ip_network((client, bits), strict=False))


def is_from_elsewhere(request: web.Request) -> bool:
    """Whether another site's page sent a form to us.

    Nobody is logged in here, so it could only use up the limits of whoever looks at it. Browsers say so in
    ``Sec-Fetch-Site``; older ones only in ``Origin``, which is ``null`` for our own forms: our pages send no referrer.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = request.headers.get("Origin", "null")
    ours = {request.host, urlsplit(request.app.get(PUBLIC_URL, "")).netloc}
    try:
        return origin != "null" and urlsplit(origin).netloc not in ours
    except ValueError:  # it is no address at all
        return True


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    return parsed.ipv4_mapped or parsed if isinstance(parsed, IPv6Address) else parsed
