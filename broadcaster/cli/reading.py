"""Reading a message file."""

from datetime import datetime
from pathlib import Path

from broadcaster.config import Config
from broadcaster.plan import read
from messages.model import Message
from messages.problems import InputError, Place, Problem
from messages.senders import by_id


def message_of(file: Path, config: Config) -> Message:
    """Read a file, with times and names of municipalities in it as they are meant here and now.

    Raises:
        InputError: it cannot be read, or is no message.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        advice = "Check the name; `broadcaster new` makes a message."
        raise InputError([Problem(f"cannot be read: {error.strerror}.", Place(str(file)), advice)]) from None
    return by_id(read(data, str(file), datetime.now(config.zone)), config.municipalities)
