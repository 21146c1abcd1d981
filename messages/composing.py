"""Messages that nobody wrote, composed of the last one of their incident: that it is over, that nothing has changed.

They are message files as a person would write them, and go the same way. They say less than a person could, and nothing
new: their severity is that of the message they follow, and what follows from it is for people to say.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from messages import front_matter, languages
from messages.checking import LIFETIME
from messages.document import split_headline
from messages.languages import Composed
from messages.markdown import escaped
from messages.model import Kind, Message, Part
from messages.variables import NEXT_UPDATE, mentions


def all_clear(last: Message, id_: str, code: str) -> str:
    """Compose the all-clear of a message.

    It goes to the municipalities that sent the message. It only keeps to the channels of an alert: an update may have
    been for fewer than the alert before it, and whoever was alerted has to hear that it is over.

    Args:
        last: the message that it ends.
        id_: of that message.
        code: language of its body.

    Returns:
        The source of a message file.
    """
    ending = {code: languages.language(code).ending for code in languages.KNOWN}
    channels = last.channels if last.kind is Kind.ALERT else ()
    return _composed(last, id_, code, ending, {"kind": Kind.ALL_CLEAR, "channels": channels or None})


def no_change(last: Message, id_: str, code: str, next_update: datetime, channels: Sequence[str]) -> str:
    """Compose an update that says that nothing has changed, and when the next one comes.

    Args:
        last: the message that still holds.
        id_: of that message.
        code: language of its body.
        next_update: what it promises, with its offset.
        channels: the only ones it goes to.

    Returns:
        The source of a message file. It stays true for a day after the next update, or as long as the message was to.

    Raises:
        ValueError: the message is an all-clear, after which nothing is left to be unchanged.
    """
    if last.kind is Kind.ALL_CLEAR:
        raise ValueError("an all-clear has no next update")
    unchanged = {code: languages.language(code).unchanged for code in languages.KNOWN}
    expires = next_update + LIFETIME
    values: dict[str, front_matter.Value | None] = {
        "kind": Kind.UPDATE,
        "channels": channels,
        "next_update": next_update,
        "expires": max(last.expires or expires, expires),
    }
    return _composed(last, id_, code, unchanged, values)


def _composed(
    last: Message,
    id_: str,
    code: str,
    words: Mapping[str, Composed],
    values: Mapping[str, front_matter.Value | None],
) -> str:
    head: dict[str, front_matter.Value | None] = {
        "incident": last.incident,
        "severity": last.severity,
        "municipalities": last.municipalities,
        "exercise": last.exercise or None,
        "follows": id_,
    }
    toml = front_matter.amended("", {**head, **values})
    return f"+++\n{toml}+++\n" + "\n".join(_parts(last, code, words))


def _parts(last: Message, code: str, words: Mapping[str, Composed]) -> Iterator[str]:
    """Write the body, a part for each further language, and one for a channel where that language has nothing else."""
    whole = {part.language: subject(part, last.incident) for part in last.parts if part.channel is None}
    for part in last.parts:
        own = words[part.language or code]
        opening = f"{part.heading}\n" if part.heading else ""
        if part.channel is None:
            yield f"{opening}# {own.mark}: {whole[part.language]}\n\n{own.text}\n"
        elif part.language not in {None, code, *whole}:
            yield f"{opening}{own.mark}: {whole[None]}\n\n{own.text}\n"


def subject(part: Part, incident: str) -> str:
    """What a part is about, in Markdown: its headline without any mark of ours, or the incident if that has a time."""
    headline, _ = split_headline(part)
    if mentions(headline, NEXT_UPDATE):
        return escaped(incident)
    for spoken in map(languages.language, languages.KNOWN):
        for composed in (spoken.ending, spoken.unchanged):
            headline = headline.removeprefix(f"{composed.mark}: ")
        headline = spoken.report.subject(headline)
    return headline
