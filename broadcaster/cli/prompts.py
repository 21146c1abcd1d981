"""``prompts``: what switchboards play, for those who put it there by hand."""

from pathlib import Path
from typing import Annotated

import typer

from broadcaster.cli import context
from broadcaster.cli.group import group

app = group(
    """Hand over what switchboards play to callers.

    Example: broadcaster prompts export /media/usb/vaxel"""
)


@app.command()
def export(
    target: Annotated[Path, typer.Argument(help="A folder, or a file that ends in .zip.", metavar="DIR")],
    *,
    line: Annotated[str | None, typer.Option("--line", help="Only of this line.", metavar="NAME")] = None,
) -> None:
    """Write what the lines say now as a package.

    It holds the sound, what is said in it, checksums, and instructions in Swedish.

    Example: broadcaster prompts export vaxel.zip
    """
    from broadcaster.cli.packing import export as pack

    for path in context.run(pack(context.config(), target, line)):
        print(f"wrote    {path}")
