"""What a source says, whatever it is written in: one matter, in the languages and for the areas that it names."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from channels.sources.shapes import Shape
from messages.model import Severity

PART: Final = " @ "
"""What stands between the id of a matter and the name of a part of it that is told apart, as by area."""


class Action(StrEnum):
    """What an item does to the matter that it is about."""

    ALERT = "alert"
    UPDATE = "update"
    CANCEL = "cancel"


class Status(StrEnum):
    """Whether it is meant for real. Only ACTUAL may ever be shown as such."""

    ACTUAL = "actual"
    EXERCISE = "exercise"
    TEST = "test"  # also what is meant for machines or not yet issued: System and Draft of CAP


@dataclass(frozen=True, slots=True)
class Wording:
    """The item in one language, in plain text.

    Args:
        language: ISO 639-1 code: ``sv``.
        headline: one line; made of the event or the first sentence where the source has none (Sveriges Radio).
        text: paragraphs parted by blank lines.
        instruction: what to do, where the source keeps it apart.
        event: what kind of thing it is, in the source's words.
    """

    language: str
    headline: str
    text: str
    instruction: str = ""
    event: str = ""


@dataclass(frozen=True, slots=True)
class Area:
    """Where it applies.

    Args:
        codes: of SCB: two digits for a county, four for a municipality, ``00`` for Sweden; or of another register,
            see :mod:`channels.sources.geocodes`. Empty when none is known.
        name: as the source names it.
        shapes: its lines on the map.
    """

    codes: tuple[str, ...]
    name: str
    shapes: tuple[Shape, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One version of one matter.

    Args:
        id: lasting id of the matter at the source, the same over its versions. For CAP that of the first alert of its
            chain where its references name one, else its own.
        version: differs whenever the item says something new.
        action: ALERT where the source does not tell, as for articles and feeds: a known id with a new version is then
            an update.
        sent: when this version was issued; aware.
        expires: when it ends on its own; None where the source does not say.
        wordings: one for each language, the source's first one first; may be none in a cancel.
        web: https address of the item for readers, or empty.
        source: who says so, to be named: ``Krisinformation.se``, a feed's title, an alert's sender.
        is_untidy: the document that it stands in had to be mended before it could be read.
        references: what it follows, oldest first: the identifiers of CAP, which are the versions of earlier items.
    """

    id: str
    version: str
    action: Action
    status: Status
    severity: Severity
    sent: datetime
    expires: datetime | None
    areas: tuple[Area, ...]
    wordings: tuple[Wording, ...]
    web: str
    source: str
    references: tuple[str, ...] = ()
    is_untidy: bool = False
