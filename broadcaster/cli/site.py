"""``site``: the public pages as files."""

from pathlib import Path
from typing import Annotated

import typer

from broadcaster.cli import context
from broadcaster.cli.group import group

app = group(
    """Write the public pages as files.

    Example: broadcaster site export site"""
)


@app.callback()
def _group() -> None:
    """Keep ``export`` a command of its own, though it is the only one."""


@app.command()
def export(
    directory: Annotated[Path, typer.Argument(help="The folder; only its parent must exist.", metavar="DIR")],
) -> None:
    """Write all pages and feeds as files, for any web server.

    Each also compressed, for servers that hand out files like that. What an earlier export wrote and no page needs any
    more is taken away; other files in the folder are left alone.

    Example: broadcaster site export /srv/www/kris
    """
    from broadcaster.cli.exporting import export_site

    context.run(export_site(context.config(), directory))
