"""What ``update``, ``correct``, ``all-clear`` and ``new --from`` make of a message that was sent."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from rich.console import Console

from broadcaster.board import as_services
from broadcaster.cli import context
from broadcaster.cli.board_changes import board_of
from broadcaster.cli.ending import asks, divided, remaining, unwell, with_services
from broadcaster.cli.naming import going_on, named
from broadcaster.cli.options import Answers
from broadcaster.cli.reading import message_of
from broadcaster.config import Config
from broadcaster.opening import opened
from broadcaster.plan import read, reread
from broadcaster.store import reports
from broadcaster.store.threads import Said, thread
from broadcaster.succession import beginning, since_cleared
from channels.registry import CHANNELS
from channels.sms import SMS
from messages import languages
from messages.composing import Followed, Unwell, all_clear, itself
from messages.document import amended, message_id, parse, serialise
from messages.front_matter import offering, place_of
from messages.model import Kind, Message
from messages.problems import InputError, Problem
from messages.spelling import quoted
from messages.starters import LIFETIME, NEXT_UPDATE, full_hour

_COMMANDS = {Kind.UPDATE: "update", Kind.CORRECTION: "correct", Kind.ALL_CLEAR: "all-clear"}


def following(
    config: Config, kind: Kind, wanted: str | None, file: Path | None, answers: Answers, out: Console, *, ask: bool
) -> tuple[Message, str]:
    """A file as the message that follows another, whatever kind it says it is; and the command that sends it.

    Args:
        wanted: the other message's id, or the beginning of it; None for the last one of what goes on.
        file: None for an all-clear in a few plain words.
        answers, ask: what is answered before it is asked, and whether anything is asked.

    Raises:
        InputError, StoreError, UsageError: there is no such message, or the file is none that could follow it.
    """
    written = None if file is None else message_of(file, config)
    if wanted is None:
        last = context.run(_last(config, kind, written))
        out.print(f"The {kind} is of {last.id}, {last.incident}: {last.headline}", style="bold")
        wanted = last.id
    id_, former = context.run(_sent(config, wanted))
    if written is None:
        message = _ended(config, former, id_, answers, out, ask=ask)
    else:
        message = amended(_of_incident(written, former.incident, id_), {"kind": kind, "follows": id_})
    return message, f"broadcaster {_COMMANDS[kind]} {id_}" + (f" {file}" if file else "")


def begun(config: Config, wanted: str, kind: Kind) -> str:
    """A message that was sent, as the beginning of what follows it: with new times, and its text to be changed.

    Raises:
        StoreError, UsageError: there is no such message.
    """
    id_, former = context.run(_sent(config, wanted))
    now = datetime.now(config.zone)
    if kind is Kind.ALL_CLEAR:
        said = context.run(_thread(config, former))
        plain = read(_all_clear(config, former, id_, said).encode(), "")
        return _all_clear(config, former, id_, said, unwell(config, plain, remaining(config, plain)))
    promised = former.next_update is not None and former.next_update > now
    times = {"next_update": full_hour(now + NEXT_UPDATE)} if not (kind is Kind.CORRECTION and promised) else {}
    if former.expires is None or former.expires <= now + LIFETIME:
        times["expires"] = full_hour(now + LIFETIME)
    if kind is Kind.UPDATE:
        former = replace(former, parts=itself(former, first_language(config, former)))
    begun = amended(former, {"kind": kind, "follows": id_, "recording": None, "run": None, **times})
    board = as_services(context.run(board_of(config)), former.municipalities)
    return serialise(replace(begun, front_matter=offering(begun.front_matter, board)))


def first_language(config: Config, message: Message) -> str:
    """The language of a message's body: the first one of its first municipality."""
    known = [config.municipalities[name] for name in message.municipalities if name in config.municipalities]
    return known[0].languages[0] if known else "sv"


def _ended(config: Config, former: Message, id_: str, answers: Answers, out: Console, *, ask: bool) -> Message:
    """An all-clear that nobody wrote: the one that was sent already, or one with what is said of services."""
    said = context.run(_thread(config, former))
    plain = read(_all_clear(config, former, id_, said).encode(), "")
    for one in said:
        known = one.kind is Kind.ALL_CLEAR and one.follows == id_ and one.retracted is None
        if known and one.municipalities == plain.municipalities:
            return reread(one.source)
    left = remaining(config, plain)
    if not asks(left, answers, out, ask=ask):
        return plain
    well, still = divided(left, answers, out)
    written = read(_all_clear(config, former, id_, said, unwell(config, plain, still)).encode(), "")
    return with_services(written, well)


def _all_clear(config: Config, former: Message, id_: str, said: Sequence[Said], left: Sequence[Unwell] = ()) -> str:
    """An all-clear in a few plain words, for all for whom the message, or one that it follows, was."""
    concerned = _concerned(config, former, id_, said)
    began = beginning([one for one in said if one.is_exercise == former.exercise], concerned)
    last = replace(former, municipalities=concerned)
    followed = Followed(last, id_, reread(began.source) if began else None)
    senders = [config.municipalities[one] for one in concerned if one in config.municipalities]
    texted = {code for one in senders if SMS.name in one.channels for code in one.languages}
    return all_clear(followed, first_language(config, former), texted, left)


async def _thread(config: Config, former: Message) -> Sequence[Said]:
    async with opened(config) as store:
        return await thread(store.database, former.incident)


def _concerned(config: Config, former: Message, id_: str, said: Sequence[Said]) -> tuple[str, ...]:
    by_id = {one.id: one for one in said}
    found: dict[str, None] = {}
    followed: str | None = id_
    while followed in by_id:
        found |= dict.fromkeys(by_id[followed].municipalities)
        followed = by_id[followed].follows
    # Only what was said until then counts: asked for once more, it is the same message, which is sent once.
    ended = by_id[id_]
    until = [one for one in said if one.issued <= ended.issued and one.is_exercise == ended.is_exercise]
    wanted = [name for name in config.municipalities if name in found]
    return tuple(name for name in wanted if since_cleared(until, name)) or tuple(wanted) or former.municipalities


async def _last(config: Config, kind: Kind, written: Message | None) -> Said:
    """The message that is followed if nobody says which: what the file followed when it was sent before, or the last.

    Raises:
        UsageError: no incident goes on, or several do.
    """
    async with opened(config) as store:
        said = await going_on(store.database, written.incident if written else None)
    if written is None:
        return said[-1]
    own = [one for one in said if set(one.municipalities) & set(written.municipalities)]
    alike = [one for one in own if one.is_exercise == written.exercise] or own or said
    known = {one.id for one in alike}
    as_sent = [one for one in alike if message_id(amended(written, {"kind": kind, "follows": one.id})) in known]
    return as_sent[0] if as_sent else alike[-1]


async def _sent(config: Config, wanted: str) -> tuple[str, Message]:
    async with opened(config) as store:
        found = await named(store.database, wanted)
        source = await reports.source_of(store.database, found.id)
    # Without its recordings, which were of that text.
    return found.id, parse(source, channels=CHANNELS.keys(), languages=languages.KNOWN, file="")


def _of_incident(message: Message, incident: str, id_: str) -> Message:
    if message.incident == incident:
        return message
    raise InputError(
        [
            Problem(
                f"The message {id_} belongs to the incident {quoted(incident)}, and this file to another.",
                place_of(message.front_matter, message.file, ("incident",)),
                f"Write incident = {quoted(incident)}, or name the message that is meant.",
            )
        ]
    )
