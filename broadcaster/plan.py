"""From a file to what will go where: the one way in, for the command line and everything else that sends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from broadcaster.board import Change, Notice, changes
from broadcaster.config import Config
from broadcaster.lifecycle import is_for
from broadcaster.practice import demanded, findings
from broadcaster.recordings import attached, by_language
from broadcaster.store.audiences import Route
from broadcaster.store.submissions import Posting, Submission
from channels.contract import Standing
from channels.registry import CHANNELS, FORMS, PROVIDERS
from messages import languages
from messages.checking import check, expiry
from messages.document import content_hash, decode, message_id, parse, serialise
from messages.model import Message, Municipality, Rendition
from messages.practice import Finding
from messages.problems import InputError
from messages.rendering import render
from messages.services import strangers


@dataclass(frozen=True, slots=True)
class Plan:
    """A message that can be sent, and every text that a resident would get.

    Args:
        postings: the texts that go to one known place each.
        routes: how residents are reached, by channel; first come, first served for those who subscribe to several.
        recordings: WAV files that phone lines play, by language.
        zone: whose times residents are told.
        board: what it changes on the board of services.
        findings: where it does not meet good practice, which its severity does not insist on.
    """

    message: Message
    renditions: tuple[Rendition, ...]
    postings: tuple[Posting, ...]
    routes: dict[str, tuple[Route, ...]]
    recordings: Mapping[str, bytes]
    zone: ZoneInfo
    board: tuple[Change, ...]
    findings: tuple[Finding, ...]

    @property
    def id(self) -> str:
        """The message's id."""
        return message_id(self.message)

    @property
    def headline(self) -> str:
        """The headline, as the first municipality says it."""
        return self.renditions[0].title if self.renditions else ""

    def of_channel(self, channel: str) -> Sequence[Rendition]:
        """The texts for one channel."""
        return [rendition for rendition in self.renditions if rendition.channel == channel]


def read(data: bytes, file: str, now: datetime | None = None) -> Message:
    """Read a message, as far as that can be done without knowing who sends it.

    Args:
        now: the present time in the zone whose times people write; None if every time has its offset already.

    Raises:
        InputError: with everything that is wrong with it.
    """
    read = decode(data, file)
    message = attached(parse(read.text, channels=CHANNELS.keys(), languages=languages.KNOWN, file=file, now=now))
    return replace(message, remarks=(*read.remarks, *message.remarks))


def reread(source: str) -> Message:
    """A message that was taken before, as its incident keeps it; what people have recorded of it is kept elsewhere."""
    return parse(source, channels=CHANNELS.keys(), languages=languages.KNOWN)


def plan_for(message: Message, config: Config, now: datetime, board: Sequence[Standing] = ()) -> Plan:
    """Check and render a message that is to be sent ``now``, and find where it goes.

    Args:
        board: the board of services as it stands, as far as that is known.

    Raises:
        InputError: with everything that keeps it from being sent; nothing was done.
    """
    check(message, config.municipalities, now)
    renditions = render(message, _as_addressed(message, config), FORMS, config.zone)
    found = findings(message, renditions, config, board)
    demanded(found, message.severity, config)
    recordings = by_language(message, renditions, config.municipalities)
    postings = tuple(_postings(renditions, config))
    changed = changes(board, _notices(message), now)
    return Plan(message, renditions, postings, _routes(message, config), recordings, config.zone, changed, found)


def plan_written(message: Message, config: Config, now: datetime, board: Sequence[Standing]) -> Plan:
    """Plan what a person has written, who can be asked about a service with a name like another one's.

    Raises:
        InputError: as :func:`plan_for` does, and for such services.
    """
    if problems := tuple(strangers(message, [one.name for one in board])):
        raise InputError(problems)
    return plan_for(message, config, now, board)


def prepare(data: bytes, file: str, config: Config, now: datetime) -> Plan:
    """Read a message and plan it; raises as :func:`read` and :func:`plan_for` do."""
    local = now.astimezone(config.zone)  # in which people write times
    return plan_for(read(data, file, local), config, local)


def submission(plan: Plan, now: datetime) -> Submission:
    """The plan as it is written down, sent ``now``."""
    message = plan.message
    return Submission(
        id=plan.id,
        content_hash=content_hash(message),
        incident=message.incident,
        municipalities=message.municipalities,
        kind=message.kind,
        severity=message.severity,
        headline=plan.headline,
        source=serialise(message),
        issued=now,
        next_update=message.next_update,
        expires=expiry(message, now),
        renditions=plan.renditions,
        postings=plan.postings,
        routes=plan.routes,
        zone=plan.zone,
        follows=message.follows or None,
        notify=message.notify,
        services=_notices(message),
        recordings=plan.recordings,
    )


def _notices(message: Message) -> tuple[Notice, ...]:
    """What a message says of services; an exercise changes nothing that residents go by."""
    return tuple(
        Notice(municipality, service.name, service.status, service.note)
        for service in (() if message.exercise else message.services)
        for municipality in service.municipalities or message.municipalities
    )


def _as_addressed(message: Message, config: Config) -> list[Municipality]:
    """The municipalities with the channels that such a message goes to: see ``lifecycle``."""
    return [
        replace(
            municipality,
            channels=tuple(c for c in municipality.channels if _goes_to(message, c)),
        )
        for municipality in config.municipalities.values()
    ]


def _postings(renditions: Sequence[Rendition], config: Config) -> Sequence[Posting]:
    postings = []
    for rendition in renditions:
        account = config.account_for(rendition.municipality, rendition.channel)
        if account.provider.target is not None:
            target = account.provider.target(account.settings, rendition)
            postings.append(Posting(rendition, account.name, target))
    return postings


def _routes(message: Message, config: Config) -> dict[str, tuple[Route, ...]]:
    to_residents = {provider.channel.name for provider in PROVIDERS.values() if provider.target is None}
    routes = {
        channel: tuple(
            Route(name, config.routes[name, channel][0], config.municipalities[name].languages[0])
            for name in message.municipalities
            if (name, channel) in config.routes and _goes_to(message, channel)
        )
        for channel in sorted(to_residents)
    }
    return {channel: found for channel, found in routes.items() if found}


def _goes_to(message: Message, channel: str) -> bool:
    named = not message.channels or channel in message.channels
    return named and is_for(message.kind, channel, notify=message.notify)
