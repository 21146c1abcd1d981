"""From a file to what will go where: the one way in, for the command line and everything else that sends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from broadcaster.config import Config
from broadcaster.recordings import attached, by_language
from broadcaster.store.board import Notice
from broadcaster.store.submissions import Posting, Route, Submission
from channels.registry import CHANNELS, FORMS, PROVIDERS
from messages import languages
from messages.checking import check, expiry
from messages.document import content_hash, decode, message_id, parse, serialise
from messages.model import Message, Rendition
from messages.rendering import render


@dataclass(frozen=True, slots=True)
class Plan:
    """A message that can be sent, and every text that a resident would get.

    Args:
        postings: the texts that go to one known place each.
        routes: how residents are reached, by channel; first come, first served for those who subscribe to several.
        recordings: WAV files that phone lines play, by language.
    """

    message: Message
    renditions: tuple[Rendition, ...]
    postings: tuple[Posting, ...]
    routes: dict[str, tuple[Route, ...]]
    recordings: Mapping[str, bytes]

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


def read(data: bytes, file: str) -> Message:
    """Read a message, as far as that can be done without knowing who sends it and when.

    Raises:
        InputError: with everything that is wrong with it.
    """
    text = decode(data, file)
    return attached(parse(text, channels=CHANNELS.keys(), languages=languages.KNOWN, file=file))


def plan_for(message: Message, config: Config, now: datetime) -> Plan:
    """Check and render a message that is to be sent ``now``, and find where it goes.

    Raises:
        InputError: with everything that keeps it from being sent; nothing was done.
    """
    check(message, config.municipalities, now)
    renditions = render(message, list(config.municipalities.values()), FORMS)
    recordings = by_language(message, renditions, config.municipalities)
    return Plan(message, renditions, tuple(_postings(renditions, config)), _routes(message, config), recordings)


def prepare(data: bytes, file: str, config: Config, now: datetime) -> Plan:
    """Read a message and plan it; raises as :func:`read` and :func:`plan_for` do."""
    return plan_for(read(data, file), config, now)


def submission(plan: Plan, now: datetime) -> Submission:
    """The plan as it is written down, sent ``now``."""
    message = plan.message
    return Submission(
        id=plan.id,
        content_hash=content_hash(message),
        incident=message.incident,
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
            if (name, channel) in config.routes
        )
        for channel in sorted(to_residents)
    }
    return {channel: found for channel, found in routes.items() if found}
