"""``subscribers``: who gets the SMS."""

from pathlib import Path
from typing import Annotated

import typer

from broadcaster.cli import context
from broadcaster.cli.group import group
from broadcaster.cli.options import Json

app = group(
    """Keep the list of residents who get the SMS.

    Example: broadcaster subscribers import numbers.csv"""
)

_Number = Annotated[
    str,
    typer.Argument(
        help="A Swedish mobile number, written as people do; - reads it from standard input.", metavar="NUMBER"
    ),
]
_Municipality = Annotated[str | None, typer.Option("--municipality", "-m", help="Its short name.", metavar="NAME")]
_Language = Annotated[
    str | None,
    typer.Option("--language", "-l", help="Two letters; the municipality's first if left out.", metavar="CODE"),
]


@app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="CSV or .xlsx with heads: number, municipality, language.", metavar="FILE")
    ],
    municipality: _Municipality = None,
    language: _Language = None,
    *,
    sheet: Annotated[str | None, typer.Option("--sheet", help="Which sheet of a workbook.", metavar="NAME")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Import without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what was understood.")] = False,
    as_json: Json = False,
) -> None:
    """Import numbers from a list, as a spreadsheet saves it.

    Shows what was understood, and asks before anything is written. The bad rows are listed with row and reason, and
    written to a file beside the list; then it exits with 2. Rows that name no municipality or language get -m and -l.

    Example: broadcaster subscribers import numbers.xlsx
    """
    from broadcaster.cli.importing import Wanted, import_file

    wanted = Wanted(file, sheet, municipality, language)
    done = import_file(context.config(), wanted, yes=yes, dry_run=dry_run, as_json=as_json)
    raise typer.Exit(context.run(done))


@app.command()
def add(number: _Number, municipality: _Municipality = None, language: _Language = None) -> None:
    """Subscribe one number.

    What you type as an argument stands in your shell's history and in the list of processes: - keeps it out of both.

    Example: broadcaster subscribers add - -m borgholm
    """
    from broadcaster.cli.subscribing import add_one

    context.run(add_one(context.config(), number, municipality, language))


@app.command()
def remove(number: _Number, municipality: _Municipality = None) -> None:
    """End a number's subscriptions.

    All of them, or the one to the municipality named. What was planned for the number is not sent.

    Example: broadcaster subscribers remove -
    """
    from broadcaster.cli.subscribing import remove_one

    context.run(remove_one(context.config(), number, municipality))


@app.command()
def show(number: _Number, *, as_json: Json = False) -> None:
    """Show the evidence of a number's consents.

    When, how and to which words its owner agreed, and when that ended.

    Example: broadcaster subscribers show 070-1740605
    """
    from broadcaster.cli.subscribing import show_one

    context.run(show_one(context.config(), number, as_json=as_json))


@app.command("list")
def list_(
    municipality: _Municipality = None,
    *,
    numbers: Annotated[bool, typer.Option("--numbers", help="Show the numbers in full.")] = False,
    as_json: Json = False,
) -> None:
    """List the subscriptions.

    Numbers are masked unless asked for. A number that is gone (unused, opted out) is left out of new messages, until
    it is added or imported again.

    Example: broadcaster subscribers list -m borgholm
    """
    from broadcaster.cli.subscribing import show_all

    context.run(show_all(context.config(), municipality, numbers=numbers, as_json=as_json))


@app.command()
def count(*, as_json: Json = False) -> None:
    """Count the subscriptions by municipality and language.

    And the people, and how many of their numbers are gone.

    Example: broadcaster subscribers count
    """
    from broadcaster.cli.subscribing import show_count

    context.run(show_count(context.config(), as_json=as_json))
