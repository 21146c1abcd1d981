"""When two names mean one thing, or may: of services, of incidents. One rule for all that people type."""

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

_ALIKE = 0.83
"""How much of two names has to be the same: *E-posten* is like *E-post*, *Förskola* is not like *Skola*."""


def known_as(name: str) -> str:
    """What something is known by, whatever its case, blanks, hyphens and accents: *E-post*, *e post*, *epost*."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(filter(str.isalnum, plain)) or name


def alike(name: str, known: Iterable[str]) -> str | None:
    """The known name that is so much like another one that it may be a slip; None if there is none.

    Names that differ in a figure are those of two things: *Förskola 1*, *Förskola 2*; *Storm 2022*, *Storm 2023*.
    """
    by_key = {known_as(one): one for one in known if _digits(one) == _digits(name)}
    for close in get_close_matches(known_as(name), by_key, n=1, cutoff=_ALIKE):
        return by_key[close]
    return None


def _digits(name: str) -> str:
    return "".join(filter(str.isdigit, name))
