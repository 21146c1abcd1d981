"""Whether something that a provider tells of is a certain parcel: by its target, its text and the name it was given.

An answer counts only for what it names. On a kept connection, behind a proxy or out of a cache it may be about
something else, and a resident whose text never left would count as reached.
"""

import re
import unicodedata
from functools import lru_cache

from channels.contract import Accepted, InDoubt, Parcel

NOT_ABOUT_IT = InDoubt("the answer is about something other than what was sent")

_NUMBER = re.compile(r"\+[0-9]{7,15}(?![0-9A-Za-z*])")  # one that is masked (+46701XXXXXX) names nobody


def accepted(parcel: Parcel, remote_id: str, target: str, text: str | None) -> Accepted | InDoubt:
    """Say what it means that a provider has taken something: a doubt, unless it names the parcel.

    Args:
        target: whom the provider says that it is for.
        text: what it says that it sends; None where it does not tell.
    """
    fits = same_number(target, parcel.target) and (text is None or holds(text, parcel.rendition.text))
    return Accepted(remote_id) if fits else NOT_ABOUT_IT


def same_number(one: str, other: str) -> bool:
    """Tell whether two numbers are one, however they are grouped."""
    return one == other or _digits(one) == _digits(other) != ""


def names_another(words: str, *ours: str) -> bool:
    """Tell whether words, as those of a refusal, name a number that is none of ours: they are about somebody else."""
    return any(not any(same_number(number, mine) for mine in ours) for number in _NUMBER.findall(words))


def same_text(told: str, ours: str) -> bool:
    """Tell whether a text is ours, as far as providers leave it as it is."""
    return told == ours or gist(told) == gist(ours)


def holds(told: str, ours: str) -> bool:
    """Tell whether a text is ours, maybe with something that the provider has added before or after it."""
    return told == ours or gist(ours) in gist(told)


@lru_cache(maxsize=256)
def gist(text: str) -> str:
    """Return what of a text no provider changes: its letters and digits.

    They trim spaces and line ends, and Twilio may be set to replace quotes and dashes ("Smart Encoding").
    """
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text)))


def _digits(number: str) -> str:
    return "".join(filter(str.isdigit, number)).removeprefix("00")
