"""Whether a message that reads well can be sent: by these municipalities, on their channels, at this time."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from messages import front_matter
from messages.document import part_name
from messages.model import Message, Municipality, Part
from messages.problems import InputError, Place, Problem
from messages.spelling import quoted, suggestion

LIFETIME = timedelta(hours=24)
"""How long a message is true that does not say when it expires."""

LONGEST_LIFETIME = timedelta(days=366)
"""An expiry further ahead is taken for a slip of the pen, most often in the year."""


def expiry(message: Message, sent: datetime) -> datetime:
    """When the message stops being true: at its own ``expires``, else 24 hours after it was sent."""
    return message.expires or sent + LIFETIME


def check(message: Message, municipalities: Mapping[str, Municipality], now: datetime) -> None:
    """Hold a message against the configuration and the clock.

    Args:
        municipalities: the configured ones by id.
        now: the time of sending, with its zone.

    Raises:
        InputError: with everything that keeps the message from being sent.
        ValueError: ``now`` is naive, which is a mistake in the program.
    """
    if now.utcoffset() is None:
        raise ValueError("the present time needs a zone")
    senders = [municipalities[name] for name in message.municipalities if name in municipalities]
    problems = [*_unknown_municipalities(message, municipalities), *_times(message, now)]
    if senders:
        problems += _missing_channels(message, senders)
        problems += [problem for part in message.parts for problem in _readers(part, senders, message.file)]
    if problems:
        raise InputError(problems)


def _unknown_municipalities(message: Message, municipalities: Mapping[str, Municipality]) -> Iterator[Problem]:
    place = front_matter.place_of(message.front_matter, message.file, ("municipalities",))
    for name in message.municipalities:
        if name not in municipalities:
            yield Problem(
                f"The municipality {quoted(name)} is not in the configuration.",
                place,
                f"{suggestion(name, municipalities)} A new one needs a section [municipalities.NAME].",
            )


def _missing_channels(message: Message, senders: Sequence[Municipality]) -> Iterator[Problem]:
    place = front_matter.place_of(message.front_matter, message.file, ("channels",))
    for channel in message.channels:
        if not any(channel in sender.channels for sender in senders):
            yield Problem(
                f"None of the message's municipalities has the channel {channel}.",
                place,
                "Add an account for it to the configuration ([accounts.NAME]), or take it out.",
            )


def _readers(part: Part, senders: Sequence[Municipality], file: str) -> Iterator[Problem]:
    """Find out whether anyone would ever read the part."""
    name = part_name(part.language, part.channel)
    place = Place(file, part.line - 1, name)
    speakers = [sender for sender in senders if part.language is None or part.language in sender.languages]
    if not speakers:
        yield Problem(
            f"None of the message's municipalities informs in the language {part.language}.",
            place,
            f'Add "{part.language}" to the languages of one of them in the configuration, or take the part out.',
        )
    elif part.channel is not None and not any(part.channel in speaker.channels for speaker in speakers):
        who = "the message's municipalities" if part.language is None else f"those that inform in {part.language}"
        yield Problem(
            f"None of {who} has the channel {part.channel}.",
            place,
            "Add an account for it to the configuration ([accounts.NAME]), or take the part out.",
        )


def _times(message: Message, now: datetime) -> Iterator[Problem]:
    def place(key: str) -> Place:
        return front_matter.place_of(message.front_matter, message.file, (key,))

    update, expires = message.next_update, message.expires
    for key, time in (("next_update", update), ("expires", expires)):
        if time is not None and time <= now:
            yield Problem(
                f"The time is past: it was {_span(now - time)} ago.",
                place(key),
                "Write a time in the future, such as tomorrow 12:00.",
            )
    if expires is not None and expires - now > LONGEST_LIFETIME:
        yield Problem(
            f"expires is {_span(expires - now)} ahead, more than {LONGEST_LIFETIME.days} days.",
            place("expires"),
            "Look at the year; what is true for longer belongs on the web site.",
        )
    if update is not None and expires is not None and expires <= update:
        yield Problem(
            "The message expires before its next update is due.",
            place("expires"),
            "Let expires be later than next_update.",
        )
    if update is not None and expires is None and update - now >= LIFETIME:
        yield Problem(
            f"The next update is {_span(update - now)} ahead, but the message expires 24 hours after it is sent.",
            place("next_update"),
            "Write expires too, later than next_update.",
        )


def _span(span: timedelta) -> str:
    """Say how long in words: the largest unit that fits and the one below it."""
    minutes = span // timedelta(minutes=1)
    hours, days = minutes // 60, span.days
    if days:
        amounts = [(days, "day"), (hours % 24, "hour")]
    elif hours:
        amounts = [(hours, "hour"), (minutes % 60, "minute")]
    else:
        amounts = [(minutes, "minute")]
    words = [f"{amount:,} {unit}{'' if amount == 1 else 's'}" for amount, unit in amounts if amount]
    return " and ".join(words) or "less than a minute"
