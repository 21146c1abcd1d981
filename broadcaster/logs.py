"""The log of what runs for days: lines for people, or JSON for what gathers logs; never with anybody's data in it."""

import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from traceback import StackSummary, walk_tb
from types import TracebackType
from typing import TextIO

_ErrorInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class LogForm(StrEnum):
    """How a line of the log is written."""

    TEXT = "text"
    JSON = "json"


def start_log(form: LogForm, stream: TextIO | None = None) -> None:
    """Write the log from now on.

    Args:
        stream: where to; standard error if none is given.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if form is LogForm.JSON else Lines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])


class Lines(logging.Formatter):
    """Lines for people.

    Of an error only its type and where it happened are written: what an error says may name whatever was being worked
    on, and that is residents' numbers and texts.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatException(self, ei: _ErrorInfo) -> str:  # noqa: N802 (logging's name)
        """Tell what happened where, in the order of its happening."""
        return "" if ei[1] is None else "".join(_told(ei[1])).rstrip()


class JsonLines(Lines):
    """One JSON object a line: ``time`` (UTC), ``level``, ``logger``, ``message``, and ``trace`` of an error."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record on one line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def _told(error: BaseException) -> Iterator[str]:
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None:
        yield from _told(earlier)
    yield from StackSummary.extract(walk_tb(error.__traceback__)).format()
    yield f"{type(error).__module__}.{type(error).__qualname__}\n"
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _told(inner)
