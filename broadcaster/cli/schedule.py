"""``schedule``: what is sent later, or again and again."""

from typing import Annotated

import typer

from broadcaster.cli import context
from broadcaster.cli.group import group
from broadcaster.cli.options import Answers, Json, MessageFile, NewIncident, Reporters, Yes

app = group(
    """Send messages by the clock.

    They go only while `broadcaster serve` or `broadcaster worker` runs.

    Example: broadcaster schedule list"""
)

LATE = "15m"
"""How late a run may go, if nobody says."""

_Id = Annotated[int, typer.Argument(help="Its number, as `schedule list` shows it.", metavar="ID")]
Late = Annotated[
    str,
    typer.Option(
        "--late", help="How late it may go, such as 30m or 2h; what would be later is left out.", metavar="PERIOD"
    ),
]


_Cron = Annotated[
    str | None,
    typer.Option("--cron", help="Minute, hour, day, month, weekday, by the local clock.", metavar="EXPRESSION"),
]
_Every = Annotated[str | None, typer.Option("--every", help="Such as 30m, 4h or 1d.", metavar="PERIOD")]
_Start = Annotated[
    str | None,
    typer.Option("--from", help="The first run of --every; one period from now if left out.", metavar="TIME"),
]
_Until = Annotated[str, typer.Option("--until", help="No run comes after this time.", metavar="TIME")]
_Promise = Annotated[
    bool, typer.Option("--promise", help="Each run says that the next update comes with the next run.")
]


@app.command()
def add(  # noqa: PLR0913 (one for each option)
    file: MessageFile,
    *,
    cron: _Cron = None,
    every: _Every = None,
    start: _Start = None,
    until: _Until,
    late: Late = LATE,
    promise: _Promise = False,
    yes: Yes = False,
    new_incident: NewIncident = False,
) -> None:
    """Send a message again and again.

    Shows what will go, when and to whom, and asks first. An alert goes as an update from its second run on.

    Example: broadcaster schedule add message.md --cron "0 16 * * *" --until "2027-03-31 18:00"
    """
    from broadcaster.cli.planning import Recurring, plan_recurring
    from broadcaster.cli.reading import message_of

    wanted = Recurring(cron=cron, every=every, start=start, until=until, late=late, promise=promise)
    config, answers = context.config(), Answers(yes, new_incident=new_incident)
    raise typer.Exit(plan_recurring(config, message_of(file, config), wanted, answers))


@app.command()
def report(  # noqa: PLR0913 (one for each option)
    incident: Annotated[str, typer.Argument(help="Its name.", metavar="INCIDENT")],
    municipality: Reporters = None,
    *,
    cron: _Cron = None,
    every: _Every = None,
    start: _Start = None,
    until: _Until,
    late: Late = LATE,
    promise: _Promise = False,
    yes: Yes = False,
) -> None:
    """Send a situation report again and again.

    It is composed each time it goes.

    Shows what it would say now, and asks first. Nothing goes any more once the incident has ended.

    Example: broadcaster schedule report "Dataintrång" --cron "0 8,16 * * *" --until "2027-03-31 18:00" --promise
    """
    from broadcaster.cli.planning import Recurring
    from broadcaster.cli.situating import plan_reports

    wanted = Recurring(cron=cron, every=every, start=start, until=until, late=late, promise=promise)
    raise typer.Exit(plan_reports(context.config(), incident, municipality or [], wanted, yes=yes))


@app.command("list")
def list_(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also those that ended more than a week ago.")] = False,
    as_json: Json = False,
) -> None:
    """List what is planned, and what became of it.

    Shows the next runs in local time, and the last one.

    Example: broadcaster schedule list
    """
    from broadcaster.cli.scheduling import show_all

    context.run(show_all(context.config(), everything=everything, as_json=as_json))


@app.command()
def show(schedule: _Id, *, as_json: Json = False) -> None:
    """Show one with its message and all its runs.

    Example: broadcaster schedule show 3
    """
    from broadcaster.cli.scheduling import show_one

    context.run(show_one(context.config(), schedule, as_json=as_json))


@app.command()
def pause(schedule: _Id) -> None:
    """Pause it: nothing goes out until it resumes.

    Example: broadcaster schedule pause 3
    """
    from broadcaster.cli.scheduling import pause_one

    context.run(pause_one(context.config(), schedule))


@app.command()
def resume(schedule: _Id) -> None:
    """Go on with the first run to come.

    Those that passed meanwhile are not made up for.

    Example: broadcaster schedule resume 3
    """
    from broadcaster.cli.scheduling import resume_one

    context.run(resume_one(context.config(), schedule))


@app.command()
def skip(schedule: _Id) -> None:
    """Leave the next run out, once.

    Example: broadcaster schedule skip 3
    """
    from broadcaster.cli.scheduling import skip_one

    context.run(skip_one(context.config(), schedule))


@app.command()
def remove(schedule: _Id) -> None:
    """Let it never run again, and take it off the list. What it has sent stays sent.

    Example: broadcaster schedule remove 3
    """
    from broadcaster.cli.scheduling import remove_one

    context.run(remove_one(context.config(), schedule))
