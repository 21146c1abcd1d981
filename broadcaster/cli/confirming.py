"""Prompts that a person switches on at the switchboard: what ``status`` says of them, and how it learns of it."""

from collections.abc import Sequence

from rich.console import Console

from broadcaster.cli import context
from broadcaster.cli.errors import UsageError
from broadcaster.cli.output import local
from broadcaster.clock import utc_now
from broadcaster.config import Config
from broadcaster.store import confirmations
from broadcaster.store.confirmations import Awaiting
from broadcaster.store.database import Database
from channels.providers.prompts import PromptSettings


async def awaiting(config: Config, database: Database, message: str) -> Sequence[Awaiting]:
    """What of a message stands ready and is not known to be switched on."""
    manual = [
        name
        for name, account in config.accounts.items()
        if isinstance(account.settings, PromptSettings) and account.settings.confirm
    ]
    return await confirmations.awaiting(database, message, manual)


async def confirm(config: Config, database: Database, message: str, line: str | None) -> None:
    """Write down that the message's prompts are on, or those of one line.

    Raises:
        UsageError: none of them waits for that.
    """
    found = await awaiting(config, database, message)
    chosen = [prompt for prompt in found if line in {None, prompt.line}]
    if not await confirmations.confirm(database, message, chosen, utc_now(), context.actor()):
        waiting = ", ".join(dict.fromkeys(prompt.line for prompt in found))
        where = f" on the line {line}" if line else ""
        others = f" These lines do: {waiting}." if waiting else ""
        raise UsageError(f"no prompt of {message}{where} waits to be confirmed.{others}")


async def print_confirmations(out: Console, config: Config, database: Database, message: str) -> None:
    """Say what a person has switched on, and what somebody still has to."""
    for done in await confirmations.confirmed(database, message):
        out.print(f"{done.prompt}: switched on, according to {done.actor} ({local(done.at, config.zone)}).")
    for prompt in await awaiting(config, database, message):
        out.print(
            f"{prompt.line} {prompt.language}: awaiting confirmation. Switch the prompt on at the switchboard "
            f"(`broadcaster prompts export DIR`), then `broadcaster status {message} --confirm --line {prompt.line}`.",
            style="yellow",
        )
