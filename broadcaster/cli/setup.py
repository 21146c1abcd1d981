"""``init``, ``check`` and ``db``: getting ready."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from broadcaster.cli import context
from broadcaster.cli.group import group
from broadcaster.cli.options import Json, Yes

database = group(
    """Bring the database up to date, copy it, and put a copy back.

    Example: broadcaster db backup copies/"""
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


def check(
    *,
    online: Annotated[bool, typer.Option("--online", help="Ask providers and sources whether they answer.")] = False,
    as_json: Json = False,
) -> None:
    """Check configuration, key and database. Sends nothing.

    Shows which account every municipality uses on every channel. Where the mode is live, nothing may be left of the
    sandbox.

    Example: broadcaster check --online
    """
    from broadcaster.cli.checking import report

    if code := context.run(report(context.config(), online=online, as_json=as_json)):
        raise typer.Exit(code)


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


@database.command()
def backup(
    target: Annotated[Path, typer.Argument(help="A new file, or a folder for one.", metavar="FILE")],
) -> None:
    """Copy the database into a file, while it is being served.

    The key is not in it: keep a copy of that somewhere else. PostgreSQL is copied with pg_dump.

    Example: broadcaster db backup copies/
    """
    from broadcaster.cli.copying import back_up_to

    back_up_to(context.config(), target)


@database.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What `db backup` wrote.", metavar="FILE")], *, yes: Yes = False
) -> None:
    """Put a copy in the place of the database, and go on from there.

    What it holds as not sent may have left since it was made: the providers are asked before it goes out, so nobody
    gets it twice. Whoever serves the database stops sending, and has to be started again. The database that was there
    is kept beside it.

    Example: broadcaster db restore copies/broadcaster-20270328-160000.db
    """
    from broadcaster.cli.copying import restore_from

    raise typer.Exit(restore_from(context.config(), file, yes=yes))


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
