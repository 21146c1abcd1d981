"""What a person means: a message, told by its id or as the last one of what goes on, and a municipality by its name."""

from collections.abc import Sequence

from broadcaster import leading
from broadcaster.cli.errors import UsageError
from broadcaster.clock import utc_now
from broadcaster.config import Config
from broadcaster.store import incidents, reports
from broadcaster.store.database import Database
from broadcaster.store.reports import MessageSummary
from broadcaster.store.threads import Said, thread
from messages.senders import meant
from messages.spelling import quoted


async def named(database: Database, wanted: str | None) -> MessageSummary:
    """The message whose id begins like this, or the last one of the incident of this name; without either the last one.

    Raises:
        UsageError: there is none, or more than one.
    """
    found = await reports.find_message(database, wanted or "")
    if not found and wanted and await incidents.find(database, wanted) is not None:
        stand = [said.id for said in await thread(database, wanted) if said.retracted is None]
        found = await reports.find_message(database, stand[-1]) if stand else []
    if not found:
        raise UsageError(
            f"there is no message {wanted}. `broadcaster status --recent` lists those sent last."
            if wanted
            else "no message has been sent yet."
        )
    if wanted and len(found) > 1:
        raise UsageError(f"{wanted} could be {', '.join(m.id for m in found[:5])}: write more of it.")
    return found[0]


async def going_on(database: Database, incident: str | None = None) -> Sequence[Said]:
    """What stands of the one incident that goes on, oldest first: for whoever names no message.

    Args:
        incident: the one that is meant if several go on.

    Raises:
        UsageError: none goes on, or several do.
    """
    threads = (await leading.going_on(database, utc_now())).values()
    open_ = [said for one in threads if (said := [message for message in one if message.retracted is None])]
    chosen = [said for said in open_ if said[-1].incident == incident] or open_
    if not chosen:
        raise UsageError("no incident goes on. Name the message: `broadcaster status --recent` lists those sent last.")
    if len(chosen) > 1:
        listed = "; ".join(f"{said[-1].id} ({said[-1].incident}: {quoted(said[-1].headline)})" for said in chosen)
        raise UsageError(f"{len(chosen)} incidents go on. Say which message is meant: {listed}.")
    return chosen[0]


def municipalities_named(config: Config, wanted: Sequence[str]) -> list[str]:
    """The ids of municipalities, by whatever people call them.

    Raises:
        UsageError: there is no such municipality.
    """
    found = []
    for name in wanted:
        id_ = meant(name, config.municipalities)
        if id_ is None:
            raise UsageError(f"there is no municipality {name!r}. There are: {', '.join(config.municipalities)}.")
        found.append(id_)
    return list(dict.fromkeys(found))
