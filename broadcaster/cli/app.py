"""The commands by name."""

from pathlib import Path
from typing import Annotated

import typer

from broadcaster import __version__
from broadcaster.cli import (
    authoring,
    context,
    doubts,
    incident,
    lifecycle,
    prompts,
    schedule,
    sending,
    services,
    serving,
    setup,
    site,
    sources,
    subscribers,
)
from broadcaster.cli.group import group

app = group(
    """Bring one message to the residents of several municipalities: SMS, Facebook, web, feeds, phone lines.

    Example: broadcaster demo"""
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 (a callback gets its option's value like this)
    if wanted:
        print(f"broadcaster {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    *,
    config: Annotated[
        Path, typer.Option("--config", envvar="BROADCASTER_CONFIG", help="The configuration file.", metavar="FILE")
    ] = Path("config.toml"),
    version: Annotated[  # noqa: ARG001 (done by its callback, before a command is asked for)
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    context.config_file = config


for command in (
    setup.init,
    setup.check,
    setup.completion,
    authoring.new,
    authoring.preview,
    authoring.report,
    sending.send,
    sending.status,
    lifecycle.update,
    lifecycle.correct,
    lifecycle.all_clear,
    lifecycle.retract,
    serving.serve,
    serving.worker,
    serving.sandbox,
    serving.demo,
):
    app.command(command.__name__.replace("_", "-"))(command)
app.add_typer(incident.app, name="incident")
app.add_typer(schedule.app, name="schedule")
app.add_typer(doubts.app, name="doubts")
app.add_typer(subscribers.app, name="subscribers")
app.add_typer(services.app, name="services")
app.add_typer(sources.app, name="sources")
app.add_typer(site.app, name="site")
app.add_typer(prompts.app, name="prompts")
app.add_typer(setup.database, name="db")
