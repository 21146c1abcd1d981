"""What ``services`` does."""

from collections.abc import Sequence
from datetime import datetime

from broadcaster.cli import context
from broadcaster.cli.errors import ServiceError, UsageError
from broadcaster.cli.output import console, print_json, table
from broadcaster.clock import utc_now
from broadcaster.config import Config
from broadcaster.opening import opened
from broadcaster.publishing import refresh_pages
from broadcaster.runtime import Broadcaster, assembled
from broadcaster.store.board import BoardStore, Notice
from channels.contract import Standing
from channels.folder import FolderError
from messages.characters import FORBIDDEN, is_blank
from messages.model import ServiceStatus


async def set_one(config: Config, name: str, status: ServiceStatus, note: str, municipalities: Sequence[str]) -> None:
    """Say how a service stands.

    Raises:
        UsageError: there is no such municipality, or it has no name.
        ServiceError: the board is changed, and the pages' files are not.
    """
    chosen = _chosen(config, municipalities)
    name, note = name.strip(), note.strip()
    for text in (name, note):
        if FORBIDDEN.search(text) or len(text.splitlines()) > 1:
            raise UsageError("name and note are one line each, without control characters.")
    if is_blank(name):
        raise UsageError("the service has no name.")
    async with assembled(config) as broadcaster:
        notices = [Notice(municipality, name, status, note) for municipality in chosen]
        changed = await broadcaster.board.set(notices, utc_now(), context.actor())
        await _publish(broadcaster)
    what = f"{name} is {status} in {', '.join(chosen)}"
    print(f"{what}." if changed else f"{what}, as before.")


async def clear_some(config: Config, name: str | None, municipalities: Sequence[str], *, everything: bool) -> None:
    """Take services off the board.

    Raises:
        UsageError: there is no such municipality or service, or nobody has said which.
        ServiceError: the board is changed, and the pages' files are not.
    """
    chosen = _chosen(config, municipalities)
    if (name is None) is not everything:
        raise UsageError("name a service, or say --all.")
    async with assembled(config) as broadcaster:
        gone = await broadcaster.board.clear(chosen, name, utc_now(), context.actor())
        if name is not None and not gone:
            raise UsageError(f"there is no service {name!r} on the board of {', '.join(chosen)}.")
        await _publish(broadcaster)
    print(f"{gone} taken off the board.")


async def show_all(config: Config, municipalities: Sequence[str], *, as_json: bool) -> None:
    """List how services stand.

    Raises:
        UsageError: there is no such municipality.
    """
    chosen = _chosen(config, municipalities)
    async with opened(config) as store:
        standings = [one for one in await BoardStore(store.database).standings() if one.municipality in chosen]
    if as_json:
        print_json({"services": [_as_data(standing) for standing in standings]})
        return
    shown = table("municipality", "service", "status", "since", "note")
    for one in standings:
        shown.add_row(one.municipality, one.name, one.status, _local(one.since, config), one.note)
    console().print(shown if standings else "the board is empty.")


async def _publish(broadcaster: Broadcaster) -> None:
    try:
        await refresh_pages(broadcaster)
    except FolderError as error:
        raise ServiceError(f"the board is changed, but not the pages' files: {error}.") from None


def _chosen(config: Config, municipalities: Sequence[str]) -> Sequence[str]:
    for municipality in municipalities:
        if municipality not in config.municipalities:
            raise UsageError(
                f"there is no municipality {municipality!r}. There are: {', '.join(config.municipalities)}."
            )
    return municipalities or list(config.municipalities)


def _as_data(standing: Standing) -> dict[str, str]:
    return {
        "municipality": standing.municipality,
        "name": standing.name,
        "status": standing.status,
        "note": standing.note,
        "since": standing.since.isoformat(),
        "changed": standing.changed.isoformat(),
    }


def _local(time: datetime, config: Config) -> str:
    return f"{time.astimezone(config.zone):%Y-%m-%d %H:%M}"
