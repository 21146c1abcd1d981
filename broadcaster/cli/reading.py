"""Reading a message file."""

from datetime import datetime
from pathlib import Path

from broadcaster.config import Config
from broadcaster.plan import read
from messages.model import Message
from messages.problems import InputError, Place, Problem


def message_of(file: Path, config: Config) -> Message:
    """Read a file, with the times in it as they are meant now and in the configuration's zone.

    Raises:
        InputError: it cannot be read, or is no message.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        advice = "Check the name; `broadcaster new` makes a message."
        raise InputError([Problem(f"cannot be read: {error.strerror}.", Place(str(file)), advice)]) from None
    return read(data, str(file), datetime.now(config.zone))
