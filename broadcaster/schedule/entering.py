"""Whether a message can be sent by the clock: found out when it is entered, and not at three in the morning."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from broadcaster.schedule.rules import Once
from broadcaster.schedule.runs import message_of_run
from broadcaster.store.schedules import Intent
from messages import front_matter
from messages.model import Kind, Message
from messages.problems import InputError, Problem

_TRIED = 2
"""How many runs are tried: the first one, and one that follows another."""


def check(message: Message, intent: Intent) -> None:
    """Hold a message against the times at which it is to be sent.

    Raises:
        InputError: with everything that keeps it from being sent by the clock.
    """
    problems = [*_unfit(message)]
    if isinstance(intent.rule, Once):
        problems += _past(message, intent.rule.at)
    else:
        problems += [*_stale(message, intent), *_unrepeatable(message)]
    if problems:
        raise InputError(problems)


def first_runs(message: Message, intent: Intent, now: datetime) -> list[tuple[datetime, Message]]:
    """The first runs, in UTC, each with its message as it would be sent: one as the first, one as one that follows."""
    if isinstance(intent.rule, Once):
        return [(intent.rule.at, message)]
    planned = islice(intent.runs(now), _TRIED)
    return [(run, message_of_run(message, intent, run, follows=place > 0)) for place, run in enumerate(planned)]


def _unfit(message: Message) -> Iterator[Problem]:
    if message.kind is Kind.ALL_CLEAR:
        yield _problem(message, "kind", "An all-clear is never sent by the clock.", "Send it when it is true.")
    if message.recordings:
        yield _problem(
            message, "recording", "A recording cannot be sent by the clock.", "Take it out: lines then speak the text."
        )


def _past(message: Message, at: datetime) -> Iterator[Problem]:
    """Find the times that are past at the time of sending."""
    for key, time in (("next_update", message.next_update), ("expires", message.expires)):
        if time is not None and time <= at:
            yield _problem(message, key, "The time is past when the message is sent.", "Write a later time.")


def _unrepeatable(message: Message) -> Iterator[Problem]:
    if message.kind is Kind.CORRECTION:
        yield _problem(message, "kind", "A correction is sent once.", "Send it, or plan it with `send --at`.")
    if message.follows:
        yield _problem(
            message,
            "follows",
            "Each run of a schedule follows what was said last in the incident.",
            "Take the key out.",
        )
    if message.services:
        yield _problem(
            message,
            "services",
            "Each run would put the board of services back, whatever was set since.",
            "Take [[services]] out, and set the board with `broadcaster services set`.",
        )


def _stale(message: Message, intent: Intent) -> Iterator[Problem]:
    """Find the times that would be past before the last run."""
    if message.next_update is not None and intent.promise:
        yield _problem(message, "next_update", "--promise says when the next update comes.", "Take the key out.")
    for key, time in (("next_update", message.next_update), ("expires", message.expires)):
        if time is not None and (intent.until is None or time <= intent.until):
            yield _problem(
                message,
                key,
                "The time is past before the last run.",
                "Take the key out: each run is true for 24 hours, and with --promise it says when the next one comes.",
            )


def _problem(message: Message, key: str, text: str, advice: str) -> Problem:
    return Problem(text, front_matter.place_of(message.front_matter, message.file, (key,)), advice)
