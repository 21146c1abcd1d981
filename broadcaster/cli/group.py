"""A group of commands, as all of them are."""

from typing import Any

import typer
from typer.core import TyperGroup

HELP = ("-h", "--help")


class _Group(TyperGroup):
    """Shows its help, on standard output, where no command is named: whoever asks for it may read on with ``less``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 (a type that typer keeps to itself)
        return super().parse_args(ctx, args or [HELP[-1]])


def group(told: str) -> typer.Typer:
    """A group of commands.

    Args:
        told: what ``--help`` says, with an example.
    """
    return typer.Typer(
        help=told,
        cls=_Group,
        context_settings={"help_option_names": list(HELP)},
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
