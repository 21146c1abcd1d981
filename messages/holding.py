"""What a message says itself, for those that are composed after it and add to it, so that residents keep reading it."""

import re
from collections.abc import Sequence

from messages.document import split_headline
from messages.languages import Language
from messages.markdown import to_plain
from messages.model import Message, Part
from messages.speech import count_words
from messages.variables import NEXT_UPDATE, mentions

LONGEST_SPOKEN = 110
"""Words of an announcement to which a sentence can be added: a phone line takes 150."""


def held(part: Part, spoken: Language, *, promised: bool) -> str:
    """What a part says below its headline, in Markdown, without what composed messages have added to it.

    Args:
        promised: whether there is a next update that it can name; without, the lines that name one are left out.
    """
    text = part.text if part.channel else split_headline(part)[1]
    text = re.sub(_section(spoken), "", text, flags=re.MULTILINE | re.DOTALL)
    kept = [line for line in text.split("\n") if not _is_added(line, spoken)]
    if not promised:
        kept = [line for line in kept if not mentions(line, NEXT_UPDATE)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def part_for(message: Message, language: str | None, channel: str) -> Part | None:
    """The part that a language has for a channel alone."""
    return next((part for part in message.parts if (part.language, part.channel) == (language, channel)), None)


def added(what: str, *more: str) -> str:
    """Texts one below the other, without those that are empty."""
    return "\n\n".join(filter(None, (what, *more)))


def announced(said: str, more: str) -> str:
    """An announcement with a sentence added, as far as there is room: what holds goes first."""
    return added(said, more) if count_words(to_plain(said)) <= LONGEST_SPOKEN else said


def whole_parts(message: Message) -> Sequence[Part]:
    """The message in each of its languages."""
    return [part for part in message.parts if part.channel is None]


def _section(spoken: Language) -> str:
    """What a report tells of services, up to the next heading; those of 0.1.0 have no heading above it themselves."""
    before = spoken.report.section.partition("{time}")[0]
    return rf"^(?:## )?{re.escape(before)}.*?(?=^#|\Z)"


def _is_added(line: str, spoken: Language) -> bool:
    return line == spoken.unchanged.text or spoken.report.opens(line)
