"""What a caller hears of what a phone line answers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from channels.sandbox.xml import NotXmlError, parse
from channels.spoken import SPOKEN

_OFFERS = [
    re.compile(r"(\d)".join(map(re.escape, offer.split("{digit}"))))
    for spoken in SPOKEN.values()
    for offer in (spoken.choice, spoken.again, spoken.put_through)
]
"""How a menu offers a key, in whole sentences: an announcement may end in a digit, too."""


class CallError(Exception):
    """The caller heard nothing but a dead line; says why."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Words heard on the line, in the language (BCP 47) of the voice; ``times`` in a row."""

    language: str
    text: str
    times: int


@dataclass(frozen=True, slots=True)
class Heard:
    """What a caller hears without pressing a key.

    Args:
        keys: the digits that the menu offers.
        connected: the number the call goes on to; empty when it ends here.
        queue: the queue in which the call waits after this; empty for none.
        played: the files that are played, and what is to be said of each.
    """

    spoken: tuple[Spoken, ...]
    keys: tuple[str, ...]
    connected: str
    queue: str = ""
    played: tuple[str, ...] = ()


def listen(twiml: str) -> Heard:
    """Hear what TwiML lets a caller hear.

    Raises:
        CallError: it is not TwiML.
    """
    root = parsed(twiml)
    said = [_words(say) for gather in root.iter("Gather") for say in gather.iter("Say")]
    keys = dict.fromkeys(offer[1] for words in said for known in _OFFERS if (offer := known.fullmatch(words)))
    number = next((_words(dial) for dial in root.iter("Dial")), "")
    queue = next((_words(enqueue) for enqueue in root.iter("Enqueue")), "")
    return Heard(tuple(_spoken(root)), tuple(keys), number, queue)


def _spoken(root: Element) -> Iterator[Spoken]:
    times: dict[tuple[str, str], int] = {}
    for say in root.iter("Say"):
        words = say.get("language", "en-US"), _words(say)
        times[words] = times.get(words, 0) + 1
    return (Spoken(language, text, count) for (language, text), count in times.items())


def _words(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def parsed(twiml: str) -> Element:
    """Read TwiML.

    Raises:
        CallError: it is none.
    """
    try:
        root = parse(twiml.encode())
    except NotXmlError as error:
        raise CallError(f"the answer is not XML: {error}") from None
    if root.tag != "Response":
        raise CallError(f"the answer is not TwiML: its root is {root.tag}, not Response")
    return root
