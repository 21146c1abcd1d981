"""What ``services`` does: show what will change on the board, ask, and change it."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from broadcaster.board import Cause, Change, Notice, Since, changes
from broadcaster.cli import context
from broadcaster.cli.agreeing import agreed
from broadcaster.cli.board_changes import board_of, told
from broadcaster.cli.errors import NOT_DELIVERED, ServiceError, UsageError
from broadcaster.cli.naming import municipalities_named
from broadcaster.cli.output import console, local, print_json, table
from broadcaster.clock import utc_now
from broadcaster.config import Config
from broadcaster.opening import opened
from broadcaster.publishing import refresh_pages
from broadcaster.runtime import Broadcaster, assembled
from broadcaster.store.board import BoardStore
from channels.contract import Standing
from channels.folder import FolderError
from messages.characters import FORBIDDEN, is_blank
from messages.model import ServiceStatus
from messages.near_names import alike, known_as
from messages.times import TimeError, typed

Deed = Callable[[BoardStore], Awaitable[Sequence[Change]]]


@dataclass(frozen=True, slots=True)
class Wish:
    """What was typed of a service.

    Args:
        municipalities: those that were named.
        everybody: whether every sender is meant.
        since: the time as it was typed, or ``unknown``; None for what follows from the change.
        is_new: whether it is another service than one with a name like it.
    """

    name: str
    status: ServiceStatus
    note: str
    municipalities: Sequence[str]
    everybody: bool
    since: str | None
    is_new: bool


def set_one(config: Config, wish: Wish, *, yes: bool) -> int:
    """Say how a service stands; returns the exit code.

    Raises:
        UsageError: nobody can tell whose service is meant, or it cannot be said like that.
        ServiceError: the board is changed, and the pages' files are not.
    """
    wish = replace(wish, municipalities=municipalities_named(config, wish.municipalities))
    note = _one_line(wish.note)
    now, board = utc_now(), context.run(board_of(config))
    name = _name(_one_line(wish.name), board, is_new=wish.is_new, ask=not yes)
    since = _since(wish.since, config, now)
    notices = [Notice(one, name, wish.status, note, since) for one in _senders(config, board, name, wish)]
    found = changes(board, notices, now)
    if not found:
        print(f"{name} is {wish.status} in {', '.join(notice.municipality for notice in notices)}, as before.")
        return 0
    return _change(config, found, lambda store: store.set(notices, now, context.actor()), yes=yes)


def undo_one(config: Config, name: str, municipalities: Sequence[str], *, yes: bool) -> int:
    """Undo what was changed last of a service; returns the exit code.

    Raises:
        UsageError: there is nothing to undo.
        ServiceError: the board is changed, and the pages' files are not.
    """
    municipalities = municipalities_named(config, municipalities)
    chosen = municipalities or list(config.municipalities)
    found = context.run(_undoing(config, chosen, name))
    if not found:
        raise UsageError(f"nothing was changed of a service {name!r} in {', '.join(chosen)}. {_on_board(config)}")
    return _change(config, found, lambda store: store.undo(chosen, name, utc_now(), context.actor()), yes=yes)


def clear_some(config: Config, name: str | None, municipalities: Sequence[str], *, everything: bool, yes: bool) -> int:
    """Take services off the board; returns the exit code.

    Raises:
        UsageError: there is no such municipality or service, or nobody has said which.
        ServiceError: the board is changed, and the pages' files are not.
    """
    municipalities = municipalities_named(config, municipalities)
    if (name is None) is not everything:
        raise UsageError("name a service, or say --all.")
    chosen = municipalities or list(config.municipalities)
    now, board = utc_now(), context.run(board_of(config))
    there = [one for one in board if one.municipality in chosen]
    named = there if name is None else [one for one in there if known_as(one.name) == known_as(name)]
    if name is not None and not named:
        raise UsageError(f"there is no service {name!r} on the board of {', '.join(chosen)}. {_on_board(config)}")
    notices = [Notice(one.municipality, one.name, None) for one in named]
    found = changes(board, notices, now)
    if not found:
        print("the board is empty.")
        return 0
    return _change(config, found, lambda store: store.set(notices, now, context.actor(), Cause.CLEAR), yes=yes)


async def show_all(config: Config, municipalities: Sequence[str], *, as_json: bool) -> None:
    """List how services stand.

    Raises:
        UsageError: there is no such municipality.
    """
    municipalities = municipalities_named(config, municipalities)
    chosen = municipalities or list(config.municipalities)
    standings = [one for one in await board_of(config) if one.municipality in chosen]
    if as_json:
        print_json({"services": [_as_data(standing) for standing in standings]})
        return
    shown = table("municipality", "service", "status", "since", "note")
    for one in standings:
        since = local(one.since, config.zone)
        shown.add_row(one.municipality, one.name, one.status, since, one.note)
    console().print(shown if standings else "the board is empty.")


def _change(config: Config, found: Sequence[Change], deed: Deed, *, yes: bool) -> int:
    """Show what will change, ask, and do it."""
    for change in found:
        print(told(change, config))
    if not (yes or agreed("Change the board?", "add --yes to change the board. Nothing was changed.")):
        print("Nothing was changed.")
        return NOT_DELIVERED
    context.run(_do(config, deed))
    print("The board is changed.")
    where = "".join(f" -m {one}" for one in dict.fromkeys(change.municipality for change in found))
    if len(names := {change.name for change in found}) == 1:
        print(f'To undo it: broadcaster services undo "{names.pop()}"{where}')
    return 0


async def _do(config: Config, deed: Deed) -> None:
    async with assembled(config) as broadcaster:
        await deed(broadcaster.board)
        await _publish(broadcaster)


async def _publish(broadcaster: Broadcaster) -> None:
    try:
        await refresh_pages(broadcaster)
    except FolderError as error:
        raise ServiceError(f"the board is changed, but not the pages' files: {error}.") from None


async def _undoing(config: Config, municipalities: Sequence[str], name: str) -> Sequence[Change]:
    async with opened(config) as store:
        return await BoardStore(store.database).undoing(municipalities, name)


def _name(typed_name: str, board: Sequence[Standing], *, is_new: bool, ask: bool) -> str:
    """The service that is meant: one on the board however it is typed; of one that is only like it, ask."""
    if is_blank(typed_name):
        raise UsageError("the service has no name.")
    for one in board:
        if known_as(one.name) == known_as(typed_name):
            return one.name
    near = None if is_new else alike(typed_name, [one.name for one in board])
    if near is None:
        return typed_name
    owners = ", ".join(one.municipality for one in board if one.name == near)
    said = f"there is no service {typed_name!r} on the board, but there is {near!r} ({owners})"
    if not ask or not sys.stdin.isatty():
        raise UsageError(f"{said}. Write that name, or add --new if {typed_name!r} is another service.")
    return near if agreed(f"{said[0].upper()}{said[1:]}. Did you mean {near!r}?", "add --new.") else typed_name


def _senders(config: Config, board: Sequence[Standing], name: str, wish: Wish) -> Sequence[str]:
    """Whose service it is: of those that were named, else of those that have it."""
    if wish.everybody and wish.municipalities:
        raise UsageError("--all means every sender: leave it out, or -m.")
    if wish.everybody:
        return list(config.municipalities)
    having = {one.municipality for one in board if known_as(one.name) == known_as(name)}
    chosen = wish.municipalities or [one for one in config.municipalities if one in having]
    if not chosen:
        raise UsageError(
            f"nobody has a service {name!r} on the board yet: say whose it is with -m NAME, or add --all for every "
            f"sender. There are: {', '.join(config.municipalities)}. {_on_board(config)}"
        )
    return chosen


def _since(text: str | None, config: Config, now: datetime) -> datetime | Since:
    if text is None:
        return Since.CHANGED
    if text == Since.UNKNOWN:
        return Since.UNKNOWN
    try:
        since = typed(text, config.zone, now, past=True)
    except TimeError as error:
        raise UsageError(f"--since: {error}") from None
    if since > now:
        raise UsageError("--since: that time is in the future.")
    return since


def _one_line(text: str) -> str:
    text = text.strip()
    if FORBIDDEN.search(text) or len(text.splitlines()) > 1:
        raise UsageError("name and note are one line each, without control characters.")
    return text


def _on_board(config: Config) -> str:
    names = dict.fromkeys(one.name for one in context.run(board_of(config)))
    return f"On the board: {', '.join(names) or 'nothing'}."


def _as_data(standing: Standing) -> dict[str, str | None]:
    return {
        "municipality": standing.municipality,
        "name": standing.name,
        "status": standing.status,
        "note": standing.note,
        "since": standing.since.isoformat() if standing.since else None,
        "changed": standing.changed.isoformat(),
    }
