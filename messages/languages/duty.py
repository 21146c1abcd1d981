"""What the people on duty are reminded of in a language."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class DutyWords:
    """SMS to the people on duty. ``{incident}`` is the incident's name, ``{time}`` when something is due.

    Args:
        soon: an update was promised, and ``{minutes}`` are left.
        due: an update was promised, and has not come.
        failed: automation was to say that nothing has changed, and could not.
        enough: automation has said so ``{count}`` times, and does not say it again.
        expiry_soon: the last message of an incident that goes on expires soon.
        expiry_due: it has expired, and residents read that nothing is over.
        deadline_soon: a deadline by law ends soon: ``{what}`` is to be done.
        deadline_due: it has ended, and nobody has noted that it was done.
        draft: what a source of warnings says waits as a draft for a person.
        deadlines: what is to be done, by the ids of the deadlines.
    """

    soon: str
    due: str
    failed: str
    enough: str
    expiry_soon: str
    expiry_due: str
    deadline_soon: str
    deadline_due: str
    draft: str
    deadlines: Mapping[str, str]
