"""What is remembered of the items of a source, so that nothing is done twice."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from messages.model import Severity


class Fate(StrEnum):
    """What was decided about an item."""

    IGNORED = "ignored"
    DRAFT = "draft"
    PUBLISH = "publish"


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of one item, and what became of it.

    Args:
        sent: when the source issued it.
        digest: of its words, in hexadecimal.
        municipalities: ids of those it is for.
        withdrawn: it says that the matter is over, or at least no longer for us.
        reason: why, as a name.
        incident: what messages about it belong to; None if it was ignored and nothing was made of it before.
        text: source of the message that was made of it; None if it was ignored.
        message: id of the message, once it is published.
        draft: name of the draft's file, once it is written.
        details: for a person, where its areas lie and how one can tell; or why it could not be published.
    """

    source: str
    item: str
    version: str
    sent: datetime
    digest: str
    severity: Severity
    expires: datetime | None
    municipalities: tuple[str, ...]
    withdrawn: bool
    seen: datetime
    decision: Fate
    reason: str
    incident: str | None = None
    text: str | None = None
    message: str | None = None
    draft: str | None = None
    details: str | None = None
