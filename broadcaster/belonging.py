"""Which incident a message is about to belong to: one that goes on, one that was closed, a new or a misspelt one."""

from dataclasses import dataclass

from broadcaster.clock import utc_now
from broadcaster.leading import going_on
from broadcaster.store import incidents
from broadcaster.store.database import Database
from broadcaster.store.incidents import Incident
from broadcaster.store.threads import Said, thread
from broadcaster.succession import since_cleared
from messages.model import Kind, Message
from messages.near_names import alike


@dataclass(frozen=True, slots=True)
class Belonging:
    """The incident of a message that is not sent yet.

    Args:
        known: the incident as it stands; None for a new one.
        messages: how many were sent in it.
        near: the name of one that goes on, which is so much like that of a new one that it may be meant.
        stands: of an alert, what was said last to the same municipalities in the same incident.
    """

    name: str
    known: Incident | None
    messages: int
    near: str | None
    stands: Said | None


async def belonging(database: Database, message: Message) -> Belonging:
    """Look which incident a message would belong to.

    Raises:
        StoreError: the database cannot be used.
    """
    known = await incidents.find(database, message.incident)
    if known is None:
        open_ones = [one.name for one in await going_on(database, utc_now())]
        return Belonging(message.incident, None, 0, alike(message.incident, open_ones), None)
    said = await thread(database, message.incident)
    goes_on = known.closed is None and message.kind is Kind.ALERT
    same = [one for one in said if one.is_exercise == message.exercise] if goes_on else []
    standing = [one for municipality in message.municipalities for one in since_cleared(same, municipality)]
    last = max(standing, key=lambda one: one.issued, default=None)
    return Belonging(message.incident, known, len(said), None, last)
