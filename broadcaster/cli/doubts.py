"""``doubts``: what may have been sent, and what a person decides about it."""

from enum import StrEnum
from typing import Annotated

import typer

from broadcaster.cli import context
from broadcaster.cli.group import group
from broadcaster.cli.options import Json

app = group(
    """Show and settle deliveries that may have been sent.

    Example: broadcaster doubts list"""
)


class Decision(StrEnum):
    """What a person can decide."""

    ARRIVED = "arrived"
    AGAIN = "again"
    ABANDON = "abandon"


_Id = Annotated[int, typer.Argument(help="Its number, as `doubts list` shows it.", metavar="ID")]


@app.command("list")
def list_(
    message: Annotated[str | None, typer.Option("--message", help="Only of this message.", metavar="ID")] = None,
    *,
    settled: Annotated[bool, typer.Option("--settled", help="List those that ended, and how.")] = False,
    as_json: Json = False,
) -> None:
    """List what is in doubt, and what waits for a person first.

    Example: broadcaster doubts list
    """
    from broadcaster.cli.doubting import show_all, show_ended

    context.run((show_ended if settled else show_all)(context.config(), message, as_json=as_json))


@app.command()
def show(doubt: _Id, *, as_json: Json = False) -> None:
    """Show all that is known of one, also after it ended.

    Example: broadcaster doubts show 17
    """
    from broadcaster.cli.doubting import show_one

    context.run(show_one(context.config(), doubt, as_json=as_json))


@app.command()
def resolve(
    doubt: _Id,
    decision: Annotated[
        Decision, typer.Argument(help="It arrived, send it again, or abandon it.", metavar="arrived|again|abandon")
    ],
) -> None:
    """Decide about one. Sent again it may arrive twice.

    Example: broadcaster doubts resolve 17 again
    """
    from broadcaster.cli.doubting import decide

    context.run(decide(context.config(), doubt, decision))
