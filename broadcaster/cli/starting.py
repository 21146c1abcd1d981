"""Starters, filled in with who sends and when."""

from datetime import datetime
from pathlib import Path

from broadcaster import private
from broadcaster.cli.errors import UsageError
from broadcaster.config import Config
from messages import starters
from messages.spelling import did_you_mean


def listing() -> str:
    """The names of all starters, one a line."""
    return "\n".join(starters.names())


def started(config: Config, name: str, municipalities: list[str] | None) -> str:
    """A starter's text.

    Raises:
        UsageError: there is no such starter or municipality.
    """
    if name not in starters.names():
        meant = did_you_mean(name, starters.names())
        raise UsageError(f"there is no starter {name!r}. {meant}There are: {', '.join(starters.names())}.")
    senders = list(config.municipalities)
    if municipalities:
        from broadcaster.cli.naming import municipalities_named  # which knows the database, too

        senders = municipalities_named(config, municipalities)
    return starters.starter(name, municipalities=senders, now=datetime.now(config.zone))


def write(file: Path, text: str) -> None:
    """Write a file that is not there yet.

    Raises:
        UsageError: it is there, or cannot be written.
    """
    try:
        with private.create(file) as stream:
            stream.write(text.encode())
    except FileExistsError:
        raise UsageError(f"{file} is there already: name another file, so that nothing is overwritten.") from None
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}. Choose a folder that you may use.") from None
