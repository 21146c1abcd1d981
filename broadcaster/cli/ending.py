"""What an all-clear leaves behind: services that the board still says do not work, and what is said of them."""

from collections.abc import Sequence
from dataclasses import replace

from rich.console import Console

from broadcaster.cli import context
from broadcaster.cli.agreeing import agreed
from broadcaster.cli.board_changes import board_of
from broadcaster.cli.errors import UsageError
from broadcaster.cli.options import Answers, Services
from broadcaster.config import Config
from broadcaster.opening import opened
from broadcaster.plan import read, reread
from broadcaster.store.threads import thread
from channels.contract import Standing
from messages.composing import Unwell
from messages.document import serialise
from messages.front_matter import stating
from messages.model import Kind, Message, Service, ServiceStatus
from messages.near_names import known_as

_ADVICE = (
    "They work again: --services work. They do not, and the message says so: --services still-down. Nothing was sent."
)


def settled(config: Config, message: Message, answers: Answers, out: Console, *, ask: bool) -> Message:
    """A message that ends an incident, with what somebody says of the services that it says nothing of.

    Services that work again are set by it. Of those that do not it has to tell in its own words.

    Args:
        ask: whether somebody is to be asked; else what is left is only shown.

    Raises:
        UsageError: nobody can be asked.
    """
    if (known := context.run(_sent(config, message))) is not None:
        return known
    left = remaining(config, message)
    if not asks(left, answers, out, ask=ask):
        return message
    well, _ = divided(left, answers, out)
    return with_services(message, well)


def asks(left: Sequence[Standing], answers: Answers, out: Console, *, ask: bool) -> bool:
    """Whether there is something to ask or to answer about services; where nobody is to be asked, it is only shown."""
    if left and answers.services is None and not ask:
        out.print(f"note: the board still says: {described(left)}. {_ADVICE}", style="yellow")
        return False
    return bool(left)


def remaining(config: Config, message: Message) -> Sequence[Standing]:
    """The services that do not work by the board, and of which an all-clear says nothing; none of any other message."""
    if message.kind is not Kind.ALL_CLEAR or message.exercise:
        return ()
    told = {
        (municipality, known_as(service.name))
        for service in message.services
        for municipality in service.municipalities or message.municipalities
    }
    return [
        one
        for one in context.run(board_of(config))
        if one.status is not ServiceStatus.WORKING
        and one.municipality in message.municipalities
        and (one.municipality, known_as(one.name)) not in told
    ]


def divided(left: Sequence[Standing], answers: Answers, out: Console) -> tuple[Sequence[Standing], Sequence[Standing]]:
    """Part services into those that work again and those that do not; ask about each one that nobody has answered for.

    Raises:
        UsageError: nobody can be asked.
    """
    if answers.services is not None:
        return (left, ()) if answers.services is Services.WORK else ((), left)
    otherwise = f"the board still says: {described(left)}. {_ADVICE}"
    if answers.yes:
        raise UsageError(otherwise)
    out.print(f"The board still says: {described(left)}.", style="yellow")
    well = [one for one in left if agreed(f"Does {_named(one)} work again?", otherwise)]
    return well, [one for one in left if one not in well]


def described(left: Sequence[Standing]) -> str:
    """Services and how they stand: ``E-post (borgholm) down``."""
    return ", ".join(f"{_named(one)} {one.status}" for one in left)


def with_services(message: Message, well: Sequence[Standing]) -> Message:
    """A message that also says that services work again."""
    services = [Service(one.name, ServiceStatus.WORKING, municipalities=(one.municipality,)) for one in well]
    if not services:
        return message
    toml = stating(message.front_matter, services)
    return read(serialise(replace(message, front_matter=toml)).encode(), message.file)


def unwell(config: Config, message: Message, still: Sequence[Standing]) -> Sequence[Unwell]:
    """Services that still do not work, as an all-clear names them: with whose they are unless that is everybody."""
    found: dict[Unwell, None] = {}
    for one in still:
        alike = [other.municipality for other in still if (other.name, other.status) == (one.name, one.status)]
        everybody = set(alike) >= set(message.municipalities)
        owner = config.municipalities[one.municipality].variables["name"]
        found[Unwell(one.name if everybody else f"{one.name} ({owner})", one.status)] = None
    return list(found)


async def _sent(config: Config, message: Message) -> Message | None:
    """The same all-clear as it was sent already, with what somebody said of services then."""
    if message.kind is not Kind.ALL_CLEAR:
        return None
    async with opened(config) as store:
        said = await thread(store.database, message.incident)
    for one in said:
        known = reread(one.source) if one.kind is Kind.ALL_CLEAR and one.retracted is None else None
        if known and known.front_matter.startswith(message.front_matter) and _texts(known) == _texts(message):
            return known
    return None


def _texts(message: Message) -> Sequence[tuple[str, str]]:
    return [(part.heading, part.text) for part in message.parts]


def _named(one: Standing) -> str:
    return f"{one.name} ({one.municipality})"
