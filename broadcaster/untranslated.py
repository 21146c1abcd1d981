"""Who reads a message in another language than theirs, because nobody has written it in it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from broadcaster.plan import Plan
from channels.registry import CHANNELS
from channels.sms import SMS
from messages.model import Municipality


@dataclass(frozen=True, slots=True)
class Untranslated:
    """A language in which a municipality informs and a message says nothing, or not everywhere.

    Args:
        shown: the language in which its readers get it instead.
        channels: where it is missing.
        readers: how many residents get an SMS in the other language; None where nobody knows.
        parts: headings of the parts to write.
    """

    municipality: str
    language: str
    shown: str
    channels: tuple[str, ...]
    readers: int | None
    parts: tuple[str, ...]


def untranslated(
    plan: Plan, municipalities: Mapping[str, Municipality], borrowed: Mapping[tuple[str, str], int] | None
) -> Sequence[Untranslated]:
    """Find what a message does not say in a language, for each of its municipalities.

    Args:
        borrowed: how many get an SMS in another language, by municipality and their own; None where nobody knows.
    """
    return [
        Untranslated(
            municipality=name,
            language=code,
            shown=municipalities[name].languages[0],
            channels=missing,
            readers=borrowed.get((name, code), 0) if borrowed is not None and SMS.name in missing else None,
            parts=tuple(_parts(plan, code, missing)),
        )
        for name in plan.message.municipalities
        for code in municipalities[name].languages[1:]
        if (missing := _missing(plan, name, code))
    ]


def _missing(plan: Plan, municipality: str, code: str) -> tuple[str, ...]:
    """The channels on which a municipality says a message, but not in a language."""
    own = [rendition for rendition in plan.renditions if rendition.municipality == municipality]
    spoken = {rendition.channel for rendition in own if rendition.language == code}
    said = {rendition.channel for rendition in own} - spoken
    return tuple(channel for channel in CHANNELS if channel in said)


def _parts(plan: Plan, code: str, missing: Sequence[str]) -> Iterator[str]:
    """The whole message in the language; and a text for SMS where the first language has one of its own, too."""
    if set(missing) != {SMS.name}:
        yield f"## @{code}"
    own = any(part.channel == SMS.name for part in plan.message.parts if part.language != code)
    if SMS.name in missing and (own or set(missing) == {SMS.name}):
        yield f"## @{code} {SMS.name}"
