"""The log: lines for people or for machines, and never what an error says, for that may be somebody's number."""

import io
import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from broadcaster.logs import JsonLines, Lines

NUMBER = "+46701740605"


@pytest.fixture
def written() -> Callable[[logging.Formatter], tuple[logging.Logger, io.StringIO]]:
    def make(formatter: logging.Formatter) -> tuple[logging.Logger, io.StringIO]:
        stream, logger = io.StringIO(), logging.Logger("broadcaster.test")
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter)
        logger.addHandler(handler)
        return logger, stream

    return make


Written = Callable[[logging.Formatter], tuple[logging.Logger, io.StringIO]]


def fail() -> None:
    try:
        dict[str, str]()[NUMBER]
    except KeyError as error:
        raise ExceptionGroup(f"about {NUMBER}", [ValueError(f"bad {NUMBER}")]) from error


def test_a_line_of_json_has_time_level_logger_and_message(written: Written) -> None:
    logger, stream = written(JsonLines())

    logger.warning("lane %s is halted:\nMörbylånga", "sms")

    (line,) = stream.getvalue().splitlines()
    read = json.loads(line)
    assert datetime.fromisoformat(read.pop("time")).utcoffset() == timedelta(0)
    assert read == {"level": "warning", "logger": "broadcaster.test", "message": "lane sms is halted:\nMörbylånga"}


@pytest.mark.parametrize("formatter", [Lines(), JsonLines()], ids=["text", "json"])
def test_of_an_error_is_told_what_and_where_but_not_what_it_said(
    written: Written, formatter: logging.Formatter
) -> None:
    logger, stream = written(formatter)

    try:
        fail()
    except ExceptionGroup:
        logger.exception("it failed")

    said = stream.getvalue()
    assert NUMBER not in said
    assert "in fail" in said
    for kind in ("KeyError", "ExceptionGroup", "ValueError"):
        assert f"builtins.{kind}" in said


def test_an_error_stays_on_its_line_of_json(written: Written) -> None:
    logger, stream = written(JsonLines())

    try:
        fail()
    except ExceptionGroup:
        logger.exception("it failed")

    (line,) = stream.getvalue().splitlines()
    assert "in fail" in json.loads(line)["trace"]
