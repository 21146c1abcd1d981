"""Naming the incident of a message before it goes out, and asking where it may be meant otherwise."""

from dataclasses import replace

from rich.console import Console

from broadcaster.belonging import Belonging, belonging
from broadcaster.cli import context
from broadcaster.cli.agreeing import agreed
from broadcaster.cli.errors import UsageError
from broadcaster.cli.options import Answers
from broadcaster.cli.output import local
from broadcaster.config import Config
from broadcaster.opening import opened
from messages.model import Kind, Message
from messages.spelling import quoted

_NOTHING = "Nothing was sent."


def named(config: Config, message: Message, out: Console, *, repeated: bool = False) -> Belonging:
    """Say which incident a message would belong to: a new one, or one that goes on.

    Args:
        repeated: it is sent again and again, as an update where its incident goes on.

    Raises:
        UsageError: it follows something, and only an incident of nearly the same name goes on.
    """
    found = context.run(_belonging(config, message))
    if repeated:
        found = replace(found, stands=None)
    if found.near is not None and message.kind is not Kind.ALERT:
        raise UsageError(
            f"there is no incident {quoted(found.name)}, but {quoted(found.near)} goes on. Write its name."
        )
    out.print(described(found, config))
    if found.near is not None:
        out.print(f"note: {quoted(found.near)} goes on, which is nearly the same name.", style="yellow")
    if found.stands is not None:
        last = found.stands
        out.print(
            f"note: an alert stands beside what was said: {last.id} ({last.kind}, {quoted(last.headline)}). "
            f"News of the same event is an update: broadcaster update {last.id} {message.file or 'FILE'}",
            style="yellow",
        )
    return found


def is_meant(found: Belonging, message: Message, answers: Answers, out: Console) -> bool:
    """Whether a message belongs where it says, by those who are asked; where nobody is, a near name is refused.

    Raises:
        UsageError: the name may be a slip, and nobody can be asked.
    """
    if found.near is not None and not answers.new_incident:
        refusal = (
            f"there is no incident {quoted(found.name)}, but {quoted(found.near)} goes on. Write its name, or say that "
            f"it is another one with --new-incident. {_NOTHING}"
        )
        if answers.yes:
            raise UsageError(refusal)
        if not agreed(f"Is {quoted(found.name)} another incident than {quoted(found.near)}?", refusal):
            out.print(f"{_NOTHING} Write the incident's name in the file: incident = {quoted(found.near)}.")
            return False
    if found.stands is not None and not answers.yes:
        last = found.stands.id
        otherwise = f"say so with `broadcaster update {last} FILE`, or add --yes for a further alert. {_NOTHING}"
        if agreed(f"Is it an update of {last}?", otherwise):
            out.print(f"{_NOTHING} Send it as an update: broadcaster update {last} {message.file or 'FILE'}")
            return False
    return True


def described(found: Belonging, config: Config) -> str:
    """The incident in one sentence."""
    known = found.known
    if known is None:
        return f"New incident {quoted(found.name)}."
    messages = "1 message" if found.messages == 1 else f"{found.messages} messages"
    if known.closed is not None:
        return f"Incident {quoted(found.name)}, closed since {local(known.closed, config.zone)}, {messages}."
    return f"Incident {quoted(found.name)}, going on since {local(known.opened, config.zone)}, {messages}."


async def _belonging(config: Config, message: Message) -> Belonging:
    async with opened(config) as store:
        return await belonging(store.database, message)
