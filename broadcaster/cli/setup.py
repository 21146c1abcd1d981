"""``init``, ``check`` and ``db``: getting ready."""

from enum import StrEnum
from typing import Annotated

import typer

from broadcaster.cli import context
from broadcaster.cli.group import group
from broadcaster.cli.options import Json

database = group(
    """Bring the database up to date.

    Example: broadcaster db upgrade"""
)


class Shell(StrEnum):
    """Shells whose commands can be completed."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def init(
    port: Annotated[
        int,
        typer.Option(min=1034, max=65535, help="Where `serve` listens; the sandbox ten below.", metavar="PORT"),
    ] = 8080,
) -> None:
    """Write a configuration, a key and a database.

    They work as they are, against the sandbox. What is there already is kept.

    Example: broadcaster init
    """
    from broadcaster.scaffold import write_missing

    for path in write_missing(context.config_file, port):
        print(f"wrote    {path}")
    print(f"ready    {context.run(_upgrade())}")
    print("\nNext: `broadcaster sandbox` in a second terminal, then `broadcaster check`.")


def check(*, as_json: Json = False) -> None:
    """Check configuration, key and database. Sends nothing.

    Shows which account every municipality uses on every channel.

    Example: broadcaster check
    """
    from broadcaster.cli.checking import report

    context.run(report(context.config(), as_json=as_json))


def completion(shell: Annotated[Shell, typer.Argument(help="Which shell.", metavar="SHELL")]) -> None:
    """Let bash, zsh or fish complete commands.

    Prints the script that the shell reads.

    Example: broadcaster completion bash > ~/.local/share/bash-completion/completions/broadcaster
    """
    from typer.completion import get_completion_script  # type: ignore[attr-defined]  # there, but not declared

    print(get_completion_script(prog_name="broadcaster", complete_var="_BROADCASTER_COMPLETE", shell=shell.value))


@database.command()
def upgrade() -> None:
    """Bring the tables up to date, with all that they hold.

    Creates them in an empty database.

    Example: broadcaster db upgrade
    """
    print(f"{context.run(_upgrade())} is up to date.")


@database.command()
def version() -> None:
    """Print the revisions of the database and the program.

    Example: broadcaster db version
    """
    print(context.run(_version()))


async def _upgrade() -> str:
    from broadcaster.store.database import Database

    async with Database(context.config().database_url.get_secret_value()) as opened:
        await opened.upgrade()
        return opened.name


async def _version() -> str:
    from broadcaster.store.database import HEAD, Database

    async with Database(context.config().database_url.get_secret_value()) as opened:
        found = await opened.revision() if opened.exists() else None
    return f"database {found or 'not there'}, program {HEAD}"
