"""Web and e-mail addresses in running text: one pattern for those who link them and those who speak them."""

import re
from urllib.parse import urlsplit

ADDRESS = re.compile(
    r"""
    (?<![\w.+@/-])                                      # never from the middle of something longer
    (?:
        (?P<mail> [\w.+-]+ @ [\w-]+ (?:\.[\w-]+)+ )
      | (?P<web>
            (?: https?:// | www\. ) [^\s<>"]* [^\s<>".,:;!?()'’”*_]
            # Without scheme and www only under endings that no Swedish or English word has after a forgotten space.
          | (?:[\w-]+\.)+ (?:se|nu|eu|com|org|net|info) (?![\w-]) (?: / [^\s<>"]* [^\s<>".,:;!?()'’”*_] )?
        )
    )
    """,
    re.VERBOSE,
)
"""An address as people write it in a sentence, without the punctuation that follows it."""


def brief(address: str) -> str:
    """Write a web address as short as it still is one for whoever taps it; any other text stays as it is."""
    short = address.removeprefix("https://").removesuffix("/")
    found = ADDRESS.fullmatch(short)
    return short if found and found["web"] else address


def target(address: re.Match[str]) -> str:
    """Give the URI that a match of ``ADDRESS`` leads to; a web address without scheme is meant to be ``https``."""
    if address["mail"]:
        return f"mailto:{address[0]}"
    return address[0] if address[0].startswith(("http://", "https://")) else f"https://{address[0]}"


def host(address: str) -> str:
    """The host of a web address as :func:`on_the_net` has it, also of one without scheme; empty if there is none."""
    try:
        return on_the_net(urlsplit(address if "://" in address else f"//{address}").hostname or "")
    except ValueError:  # brackets that hold no IPv6 address, names that no host can have
        return ""


def on_the_net(name: str) -> str:
    """The name of a host as the net knows it, in small letters and without ``www``.

    Raises:
        ValueError: no host can be called so.
    """
    return name.encode("idna").decode().casefold().removeprefix("www.")
