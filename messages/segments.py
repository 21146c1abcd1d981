"""How many SMS a text takes, by GSM 03.38 (3GPP TS 23.038) and the concatenation of 3GPP TS 23.040."""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

# Escape (0x1B), which the table has between Ξ and Æ, is a shift and not a character.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")

# Only what reads the same afterwards. Left alone: ° ½ ² and the like, which have no look-alike that means the same,
# and the zero-width joiners, which hold emoji together and spell words in Persian.
_LOOK_ALIKES = str.maketrans(
    dict.fromkeys("“”„‟«»", '"')
    | dict.fromkeys("‘’‚‛‹›´`", "'")
    | dict.fromkeys("‐‑‒–—―−•", "-")
    | dict.fromkeys("\t\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " ")
    | dict.fromkeys("\r\u2028\u2029", "\n")
    | {"…": "..."}
    | dict.fromkeys("\u00ad\u200b\u2060\ufeff", "")  # soft hyphen, zero-width space, word joiner, byte order mark
)


class Encoding(StrEnum):
    """How the characters of an SMS are sent. One character outside the GSM alphabet turns the whole text to UCS-2."""

    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


# Units that fit an SMS that stands alone, and one of several, which gives up six bytes to say which of them it is.
_ROOM = {Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67)}


@dataclass(frozen=True, slots=True)
class Segments:
    """A text as it is cut into SMS.

    Args:
        parts: the text of each segment; joined they are the text. An empty text has none, for there is nothing to send.
        units: length of the text in septets (GSM-7) or UTF-16 code units (UCS-2).
        left: units that the last segment still has room for, before the text takes one SMS more.
        forcing: the distinct characters that are not in the GSM alphabet, in the order of the text.
    """

    encoding: Encoding
    parts: tuple[str, ...]
    units: int
    left: int
    forcing: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many SMS it is, and is paid as."""
        return len(self.parts)


def normalise(text: str) -> str:
    """Replace what word processors make of plain characters, so that it does not turn a whole text to UCS-2.

    Typographic quotation marks, dashes, bullets, ellipses and spaces become those of the keyboard, line ends become
    LF, invisible characters go, and letters in two pieces (a and ring) become one (å). The meaning never changes.
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    # Once more, because a letter and its accent may have had an invisible character between them.
    return unicodedata.normalize("NFC", text.translate(_LOOK_ALIKES))


def segment(text: str) -> Segments:
    """Cut a text into SMS exactly as it is, filling each as far as it goes.

    A character that takes two units (``€`` in GSM-7, an emoji in UCS-2) never falls on both sides of a cut, so a
    segment may stay one unit short, and counting by division would promise too few.
    """
    forcing = tuple(dict.fromkeys(char for char in text if char not in _BASIC and char not in _EXTENSION))
    encoding = Encoding.UCS2 if forcing else Encoding.GSM7
    sizes = [1 + (char > "\uffff" if forcing else char in _EXTENSION) for char in text]
    parts, room = tuple(_pack(text, sizes, *_ROOM[encoding])), _ROOM[encoding]
    left = room[len(parts) > 1] - sum(sizes[len(text) - len(parts[-1]) :] if parts else sizes)
    return Segments(encoding, parts, sum(sizes), left, forcing)


def _pack(text: str, sizes: list[int], alone: int, one_of_several: int) -> list[str]:
    if sum(sizes) <= alone:
        return [text] if text else []
    parts: list[str] = []
    start = used = 0
    for position, size in enumerate(sizes):
        if used + size > one_of_several:
            parts.append(text[start:position])
            start, used = position, 0
        used += size
    return [*parts, text[start:]]
