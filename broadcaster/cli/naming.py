"""Which message a person means."""

from broadcaster.cli.errors import UsageError
from broadcaster.store import reports
from broadcaster.store.database import Database
from broadcaster.store.reports import MessageSummary


async def named(database: Database, wanted: str | None) -> MessageSummary:
    """The message whose id begins like this; the last one if nothing was said.

    Raises:
        UsageError: there is none, or more than one.
    """
    found = await reports.find_message(database, wanted or "")
    if not found:
        raise UsageError(f"there is no message {wanted}." if wanted else "no message has been sent yet.")
    if wanted and len(found) > 1:
        raise UsageError(f"{wanted} could be {', '.join(m.id for m in found[:5])}: write more of it.")
    return found[0]
