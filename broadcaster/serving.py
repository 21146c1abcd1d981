"""The web side of ``serve``, put together: who answers what, and for which accounts."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from aiohttp import web
from pydantic import SecretStr

from broadcaster.clock import utc_now
from broadcaster.config import Config
from broadcaster.contacts import contacts_of
from broadcaster.metrics import Gauges, Meters
from broadcaster.numbers import REGION
from broadcaster.prompting import prompt_files
from broadcaster.publishing import pages
from broadcaster.residents.offices import numbers_of
from broadcaster.residents.replies import Office
from broadcaster.residents.signing_up import SigningUp
from broadcaster.residents.texting import Texting
from broadcaster.runtime import Broadcaster
from broadcaster.store.receipts import believe, in_question
from broadcaster.store.sealing import Seal
from broadcaster.web import Desk, Door, FeedFiles, Line, Readiness, Reporters, SignUps, Texts, TwilioTexts, create_app
from broadcaster.web.metrics import create_operators_app
from channels.contract import Confirm, Inbound, Parcel, Receipt
from channels.elks import receipt_secret
from channels.elks_inbound import inbound_secret
from channels.elks_voice import ElksLine, call_secret, choices_of
from channels.feed.document import hubs_of_feeds
from channels.providers.elks import ElksSettings
from channels.providers.elks_voice import ElksVoiceSettings
from channels.providers.feed import FEED, FeedSettings
from channels.providers.page import PAGE
from channels.providers.twilio import TwilioSettings
from channels.providers.twilio_voice import TwilioVoiceSettings
from channels.sms import SMS


def web_app(
    broadcaster: Broadcaster, clock: Callable[[], datetime] = utc_now, meters: Meters | None = None
) -> web.Application:
    """The web side of ``serve``: pages for residents, feeds for readers, webhooks for providers."""
    config = broadcaster.config
    meters = meters or Meters(config)
    return create_app(
        feed_files=_feed_files(config, clock),
        lines=_lines(config),
        elks_lines=_elks_lines(config),
        surfaces=broadcaster.surfaces,
        now=clock,
        public_url=config.serve.public_url,
        reporters=_reporters(broadcaster, clock, meters),
        prompt_files=prompt_files(config),
        texts=_texts(broadcaster, clock, meters),
        public_pages=pages(broadcaster, clock),
        sign_ups=_sign_ups(broadcaster, clock),
        readiness=_readiness(broadcaster),
        meters=meters,
        proxies=config.serve.trusted_proxies,
    )


def operators_app(broadcaster: Broadcaster, meters: Meters, clock: Callable[[], datetime] = utc_now) -> web.Application:
    """What those are told who run it: metrics and health."""
    engine = broadcaster.engine
    gauges = Gauges(broadcaster.store.database, broadcaster.config, lambda: engine.half_open, clock)
    return create_operators_app(meters, gauges, _readiness(broadcaster))


def _readiness(broadcaster: Broadcaster) -> Readiness:
    return Readiness(broadcaster.store.database, lambda: broadcaster.engine.is_running)


def _feed_files(config: Config, clock: Callable[[], datetime]) -> FeedFiles | None:
    sharing = [id_ for id_, municipality in config.municipalities.items() if FEED.name in municipality.channels]
    hubs = hubs_of_feeds(config.hubs, sharing)
    for account in config.accounts.values():
        if isinstance(account.settings, FeedSettings):
            return FeedFiles(account.settings.directory, clock, config.serve.public_url, hubs)
    return None


def _reporters(broadcaster: Broadcaster, clock: Callable[[], datetime], meters: Meters) -> Reporters:
    settings = {name: account.settings for name, account in broadcaster.config.accounts.items()}
    database, seal = broadcaster.store.database, Seal(broadcaster.config.key)

    async def write_down(receipts: Sequence[Receipt]) -> Mapping[Receipt, Parcel]:
        changed = await believe(database, receipts, clock())
        meters.receipts(len(receipts), changed)
        return await in_question(database, seal, receipts)

    return Reporters(
        twilio={one.account_sid: one.auth_token for one in settings.values() if isinstance(one, TwilioSettings)},
        elks={
            receipt_secret(one): channel
            for name, one in settings.items()
            if isinstance(one, ElksSettings) and isinstance(channel := broadcaster.channels[name], Confirm)
        },
        desk=Desk(write_down),
    )


def _texts(broadcaster: Broadcaster, clock: Callable[[], datetime], meters: Meters) -> Texts:
    config, store = broadcaster.config, broadcaster.store
    tokens: dict[str, SecretStr] = {}
    twilio: defaultdict[str, list[str]] = defaultdict(list)
    elks: defaultdict[str, list[str]] = defaultdict(list)
    for name, account in config.accounts.items():
        match account.settings:
            case TwilioSettings() as settings:
                tokens[settings.account_sid] = settings.auth_token
                twilio[settings.account_sid].append(name)
            case ElksSettings() as settings:
                elks[inbound_secret(settings)].append(name)
            case _:
                pass  # nobody texts to it
    texting = Texting(store.database, store.subscribers, clock, config.residents.countries)

    async def answer(text: Inbound, provider: str, office: Office) -> str | None:
        try:
            reply = await texting.answer(text, provider, office)
        except Exception:
            meters.text(provider, "error")
            raise
        meters.text(provider, "none" if reply is None else "reply")
        return reply

    return Texts(
        twilio={sid: TwilioTexts(tokens[sid], numbers_of(config, names)) for sid, names in twilio.items()},
        elks={secret: numbers_of(config, names) for secret, names in elks.items()},
        answer=answer,
    )


def _sign_ups(broadcaster: Broadcaster, clock: Callable[[], datetime]) -> SignUps | None:
    config, store = broadcaster.config, broadcaster.store
    if not config.sign_up.enabled:
        return None
    contacts, countries = contacts_of(config), config.residents.countries
    doors = {
        id_: Door(municipality, contacts[id_], countries != (REGION,), PAGE.name in municipality.channels)
        for id_, municipality in config.municipalities.items()
        if contacts[id_].sign_up
    }
    lanes = {id_: config.account_for(id_, SMS.name).name for id_ in doors}
    signing_up = SigningUp(store.database, store.subscribers, Seal(config.key), config.sign_up, lanes, clock)
    return SignUps(doors, countries, config.serve.trusted_proxies, signing_up.ask, signing_up.confirm)


def _lines(config: Config) -> dict[str, Line]:
    return {
        name: Line(
            number=account.settings.line,
            switchboard=account.settings.switchboard,
            auth_token=account.settings.auth_token,
            voices=account.settings.voices,
            languages=config.languages_of(name),
            zone=config.zone,
            queue=account.settings.queue or "",
            agents=frozenset(account.settings.agents),
        )
        for name, account in config.accounts.items()
        if isinstance(account.settings, TwilioVoiceSettings)
    }


def _elks_lines(config: Config) -> dict[str, ElksLine]:
    choices = choices_of(config.municipalities.values())
    return {
        call_secret(account.settings): ElksLine(account.settings, config.languages_of(name), choices)
        for name, account in config.accounts.items()
        if isinstance(account.settings, ElksVoiceSettings)
    }
