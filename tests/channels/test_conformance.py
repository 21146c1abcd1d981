"""What every channel promises, whoever its provider is. A channel joins with one row in ``TRIALS``."""

import asyncio
import itertools
import json
import logging
import re
import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import aiohttp
import feedparser
import pytest
from aiohttp import web
from pydantic import SecretStr
from yarl import URL

from channels.contract import (
    Accepted,
    Channel,
    Deferred,
    Doubt,
    Examine,
    Find,
    Finding,
    Halted,
    InDoubt,
    Matches,
    Outcome,
    Parcel,
    Rejected,
    Replace,
    Unclear,
    Withdraw,
)
from channels.elks import ElksSms
from channels.elks_voice import words_of
from channels.facebook import FacebookPage
from channels.feed import FeedChannel
from channels.ivr import IvrChannel
from channels.limit import TimeLimit
from channels.page import PageChannel
from channels.prompts import Format, PromptChannel, PromptSettings, silent
from channels.providers.elks import ElksSettings
from channels.providers.elks_voice import ElksVoiceSettings
from channels.providers.facebook import FacebookSettings
from channels.registry import PROVIDERS
from channels.sandbox import Behaviour, Fault, Sandbox
from channels.twilio import TwilioSettings, TwilioSms
from channels.websub import WebSub
from channels.wire import TIMEOUT, Failure, Wire
from messages.model import Kind, Municipality, Rendition, Severity
from tests.fakes.board import FixedBoard
from tests.fakes.recordings import MemoryRecordings
from tests.fakes.surfaces import MemorySurfaces
from tests.support.answering import Asked, answering
from tests.support.feeding import feeds_in
from tests.support.pages import site

NUMBER, LINE, PAGE = "+46701740605", "+46701740699", "100200300"
NUMBERS = [f"+467017406{number:02}" for number in range(5, 100)]
SECRET, APP_SECRET = "correct-horse-battery", "staple-horse-correct"
RECEIPT_SECRET = "74184a6eb7f27be31128d7af12e9de58"
ACCOUNT = f"AC{'0' * 32}"
BORGHOLM = Municipality("borgholm", ("sv",), ("feed", "ivr"), {"name": "Borgholms kommun", "phone": "", "web": ""})
ISSUED = datetime(2022, 12, 13, 8, 0, tzinfo=UTC)

IMPATIENT = 0.3
LATER = timedelta(seconds=6)
"""More than clocks may differ."""

PLAIN = "Avstängt: 100 %+&=#? 🚱\n\nRing växeln – åäö ÅÄÖ é \\ <b>{{x}}</b> \"'"
HTML = "<p>Avstängt: 100 % 🚱</p>\n<p>Ring växeln – åäö ÅÄÖ é</p>"


@dataclass(frozen=True)
class World:
    """What there is around a channel on trial: the providers, and the stored state of our own surfaces.

    Args:
        page_size: things on a page of what a channel looks through.
    """

    sandbox: Sandbox
    surfaces: MemorySurfaces
    folder: Path
    page_size: int = 100


@dataclass(frozen=True)
class Trial:
    """A channel on trial.

    Args:
        name: of its provider in the registry.
        build: makes it, with its provider at a base URL and over a wire, if it has one.
        shown: what residents see or hear at the target now.
        provider: who the sandbox stands in for; None if the channel never leaves us, and knows no such troubles.
        secrets: what nobody may read anywhere, besides the text.
        surface: whether what it shows can be replaced and withdrawn.
        others: more targets that it reaches, if there are any.
        text: one that only arrives whole if nothing touches it.
        needs: programs that it speaks with, as fixtures.
    """

    name: str
    target: str
    build: Callable[[World, str, Wire], Channel]
    shown: Callable[[World], Awaitable[Sequence[str]]]
    provider: str | None = None
    secrets: tuple[str, ...] = ()
    surface: bool = False
    others: Sequence[str] = ()
    text: str = PLAIN
    needs: Sequence[str] = ()

    def __str__(self) -> str:
        return self.name


def twilio(world: World, base_url: str, wire: Wire) -> TwilioSms:
    settings = TwilioSettings(
        provider="twilio", account_sid=ACCOUNT, auth_token=SecretStr(SECRET), sender="Borgholm", base_url=base_url
    )
    return TwilioSms(settings, wire, public_url="https://kris.example.se", page_size=world.page_size)


def elks(world: World, base_url: str, wire: Wire) -> ElksSms:
    settings = ElksSettings(
        provider="46elks", username="u0000", password=SecretStr(SECRET), sender="Borgholm", base_url=base_url
    )
    return ElksSms(settings, wire, public_url="https://kris.example.se", page_size=world.page_size)


def facebook(world: World, base_url: str, wire: Wire) -> FacebookPage:
    settings = FacebookSettings(
        provider="facebook", page=PAGE, token=SecretStr(SECRET), app_secret=SecretStr(APP_SECRET), base_url=base_url
    )
    return FacebookPage(settings, wire, page_size=world.page_size)


def feed(world: World, _base_url: str, _wire: Wire) -> FeedChannel:
    return FeedChannel(feeds_in(world.folder), world.surfaces, {BORGHOLM.id: BORGHOLM}, now=lambda: ISSUED)


def websub(world: World, base_url: str, wire: Wire) -> WebSub:
    world.surfaces.standing = True
    return WebSub(base_url, wire, world.surfaces, public_url=world.sandbox.url, settle=0)


def page(world: World, _base_url: str, _wire: Wire) -> PageChannel:
    return PageChannel(site(BORGHOLM), world.surfaces, FixedBoard(), world.folder, lambda: ISSUED)


def ivr(world: World, _base_url: str, _wire: Wire) -> IvrChannel:
    return IvrChannel(world.surfaces)


def prompts(world: World, _base_url: str, _wire: Wire) -> PromptChannel:
    settings = PromptSettings(provider="prompts", line="vaxel", directory=world.folder, formats=(Format.WAV,))
    return PromptChannel(settings, world.surfaces, MemoryRecordings(), lambda: ISSUED, {}, UTC)


def elks_voice(world: World, _base_url: str, _wire: Wire) -> PromptChannel:
    settings = ElksVoiceSettings(
        provider="46elks-voice",
        line=LINE,
        switchboard=NUMBER,
        secret=SecretStr(SECRET),
        directory=world.folder,
    )
    return PromptChannel(
        settings, world.surfaces, MemoryRecordings(), lambda: ISSUED, {}, UTC, words_of(settings, ("sv", "en"))
    )


async def texts(world: World) -> list[str]:
    return [text.body for text in world.sandbox.texts if text.to == NUMBER]


async def posts(world: World) -> list[str]:
    return [post.message for post in world.sandbox.posts if post.page == PAGE and not post.withdrawn]


async def entries(world: World) -> list[str]:
    parsed = feedparser.parse((world.folder / "borgholm/sv.atom").read_bytes())
    return [entry.content[0].value for entry in parsed.entries]


async def told(world: World) -> list[str]:
    """What the hub knows of: it is told that there is a text, and not what it says."""
    return [PLAIN] if world.sandbox.pings else []


async def articles(world: World) -> list[str]:
    written = (world.folder / "borgholm/index.html").read_text(encoding="utf-8")
    return re.findall(r'<div class="text">\n(.*?)\n</div>', written, flags=re.DOTALL)


async def announcements(world: World) -> list[str]:
    return [showing.parcel.rendition.text for showing in await world.surfaces.showing("ivr", LINE)]


async def spoken(world: World) -> list[str]:
    if (world.folder / "vaxel-sv.wav").read_bytes() == silent(Format.WAV):
        return []
    return [showing.parcel.rendition.text for showing in await world.surfaces.showing("ivr", "vaxel")]


async def played(world: World) -> list[str]:
    name = LINE.removeprefix("+")
    assert (world.folder / f"{name}-sv-choice.wav").exists()
    if (world.folder / f"{name}-sv.wav").read_bytes() == silent(Format.WAV):
        return []
    return await announcements(world)


def basic(user: str) -> str:
    return b64encode(f"{user}:{SECRET}".encode()).decode()


TRIALS = (
    Trial("twilio", NUMBER, twilio, texts, "twilio", (SECRET, basic(ACCOUNT), NUMBER.lstrip("+")), others=NUMBERS[1:]),
    Trial(
        "46elks",
        NUMBER,
        elks,
        texts,
        "46elks",
        (SECRET, basic("u0000"), NUMBER.lstrip("+"), RECEIPT_SECRET),
        others=NUMBERS[1:],
    ),
    Trial("facebook", PAGE, facebook, posts, "facebook", (SECRET, APP_SECRET), surface=True),
    Trial("page", "borgholm/sv", page, articles, surface=True, text=HTML),
    Trial("feed", "borgholm/sv", feed, entries, surface=True, text=HTML),
    Trial("websub", "borgholm/sv", websub, told, "websub"),
    Trial("twilio-voice", LINE, ivr, announcements, surface=True),
    Trial("46elks-voice", LINE, elks_voice, played, secrets=(SECRET,), surface=True, needs=("espeak",)),
    Trial("prompts", "vaxel", prompts, spoken, surface=True, needs=("espeak",)),
)

every_channel = pytest.mark.parametrize("trial", TRIALS, ids=str)
every_surface = pytest.mark.parametrize("trial", [t for t in TRIALS if t.surface], ids=str)
every_channel_with_a_provider = pytest.mark.parametrize("trial", [t for t in TRIALS if t.provider], ids=str)
# What may be done twice leaves no doubt, so its provider need not be able to tell what it has.
every_channel_with_doubts = pytest.mark.parametrize(
    "trial", [t for t in TRIALS if t.provider and not PROVIDERS[t.name].channel.repeatable], ids=str
)
every_channel_with_many_targets = pytest.mark.parametrize("trial", [t for t in TRIALS if t.others], ids=str)
every_surface_with_a_provider = pytest.mark.parametrize(
    "trial", [t for t in TRIALS if t.surface and t.provider], ids=str
)


class Court:
    """Where a channel is tried. It hears everything that is said, and lets no secret pass."""

    def __init__(self, trial: Trial, world: World, http: aiohttp.ClientSession, log: pytest.LogCaptureFixture) -> None:
        self.trial = trial
        self.world = world
        self._http = http
        self._log = log
        self._keys = itertools.count()

    def channel(self, base_url: str | None = None, patience: float = TIMEOUT) -> Channel:
        """Make the channel, with its provider in the sandbox unless told otherwise."""
        return self.trial.build(self.world, base_url or self.home(), Wire(self._http, TimeLimit(patience)))

    def home(self) -> str:
        """Return the base URL of the provider in the sandbox, if the channel has one."""
        return self.world.sandbox.base_url(self.trial.provider) if self.trial.provider else ""

    def parcel(self, text: str | None = None, target: str | None = None) -> Parcel:
        """Make a parcel of its own, for the trial's target unless told otherwise; later ones are of later messages."""
        number = next(self._keys)
        return Parcel(
            key=f"delivery-{number}",
            target=target or self.trial.target,
            rendition=Rendition("borgholm", "any", "sv", "Avstängt", self.trial.text if text is None else text),
            message=f"message-{number}",
            kind=Kind.ALERT,
            severity=Severity.SEVERE,
            issued=ISSUED + timedelta(minutes=number),
            expires=datetime.now(UTC) + timedelta(days=1),
        )

    async def send(self, channel: Channel, parcel: Parcel | None = None) -> Outcome:
        return self.heard(channel, await channel.send(parcel or self.parcel()))

    def heard(self, channel: Channel, outcome: Outcome) -> Outcome:
        """Return the outcome, if neither it nor the channel nor any log tells what is not theirs to tell."""
        assert isinstance(outcome, Outcome)
        self._is_discreet(channel, outcome)
        return outcome

    async def find(self, channel: Channel, *doubts: Doubt) -> Sequence[Finding]:
        """Look the doubts up and return what was found for each, if nothing tells what is not its to tell."""
        assert isinstance(channel, Find)
        findings = await channel.find(doubts)
        assert findings.keys() == {doubt.parcel.key for doubt in doubts}
        self._is_discreet(channel, findings)
        return [findings[doubt.parcel.key] for doubt in doubts]

    def _is_discreet(self, channel: Channel, said: object) -> None:
        for words in (repr(said), repr(channel), repr(vars(channel)), self._log.text):
            for secret in (*self.trial.secrets, *self.trial.text.splitlines()):
                assert not secret or secret not in words

    def misbehave(self, behaviour: Behaviour) -> None:
        assert self.trial.provider
        self.world.sandbox.behave(self.trial.provider, behaviour)

    async def requested(self) -> None:
        """Wait until the provider has got a request."""
        await self.world.sandbox.wait_for(lambda sandbox: bool(sandbox.requests))

    def asked(self) -> int:
        """Return how many questions the provider has got."""
        return sum(request.method == "GET" for request in self.world.sandbox.requests)

    async def shown(self) -> Sequence[str]:
        return await self.trial.shown(self.world)


@pytest.fixture
async def court(
    trial: Trial, request: pytest.FixtureRequest, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Court]:
    for program in trial.needs:
        request.getfixturevalue(program)
    caplog.set_level(logging.DEBUG)
    async with Sandbox(app_secrets=[APP_SECRET]) as sandbox, aiohttp.ClientSession() as http:
        world = World(sandbox, MemorySurfaces(lambda: ISSUED), tmp_path)
        yield Court(trial, world, http, caplog)


def test_every_provider_is_on_trial() -> None:
    assert {trial.name for trial in TRIALS} == set(PROVIDERS)


@every_channel
async def test_a_text_arrives_exactly_as_it_is(court: Court) -> None:
    outcome = await court.send(court.channel())
    assert isinstance(outcome, Accepted)
    assert outcome.remote_id
    assert await court.shown() == [court.trial.text]


@every_channel
async def test_two_messages_have_two_remote_ids(court: Court) -> None:
    channel = court.channel()
    first, second = await court.send(channel), await court.send(channel, court.parcel("En annan text."))
    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert first.remote_id != second.remote_id


@every_surface
async def test_a_replaced_text_is_shown_where_the_first_was(court: Court) -> None:
    channel = court.channel()
    assert isinstance(channel, Replace)
    first = await court.send(channel, court.parcel("Allt är nere."))
    assert isinstance(first, Accepted)
    outcome = court.heard(channel, await channel.replace(court.parcel(), first.remote_id))
    assert isinstance(outcome, Accepted)
    assert await court.shown() == [court.trial.text]


@every_surface
async def test_a_withdrawn_text_is_gone_and_may_be_withdrawn_again(court: Court) -> None:
    channel = court.channel()
    assert isinstance(channel, Withdraw)
    parcel = court.parcel()
    first = await court.send(channel, parcel)
    assert isinstance(first, Accepted)
    for _ in range(2):
        outcome = court.heard(channel, await channel.withdraw(parcel, first.remote_id))
        assert outcome == Accepted(first.remote_id)
        assert court.trial.text not in await court.shown()


@asynccontextmanager
async def nobody() -> AsyncIterator[str]:
    """Yield the base URL of a provider that is not there: the port is taken, but nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@every_channel_with_a_provider
async def test_a_provider_that_is_not_there_defers(court: Court) -> None:
    async with nobody() as base_url:
        assert isinstance(await court.send(court.channel(base_url)), Deferred)
    assert isinstance(await court.send(court.channel()), Accepted)


@every_channel_with_a_provider
async def test_too_much_traffic_defers_for_as_long_as_the_provider_says(court: Court) -> None:
    court.misbehave(Behaviour(Fault.THROTTLE, retry_after=120, times=1))
    channel = court.channel()
    outcome = await court.send(channel)
    assert isinstance(outcome, Deferred)
    assert outcome.after == timedelta(minutes=2)
    assert isinstance(await court.send(channel), Accepted)


@every_channel_with_a_provider
async def test_too_much_traffic_defers_even_if_the_provider_names_no_wait(court: Court) -> None:
    court.misbehave(Behaviour(Fault.THROTTLE))
    outcome = await court.send(court.channel())
    assert isinstance(outcome, Deferred)
    assert outcome.after is None


@every_channel_with_doubts
async def test_a_target_that_the_provider_refuses_is_rejected(court: Court) -> None:
    court.misbehave(Behaviour(Fault.REFUSE))
    assert isinstance(await court.send(court.channel()), Rejected)
    assert await court.shown() == []


@every_channel_with_doubts
async def test_wrong_credentials_halt(court: Court) -> None:
    court.misbehave(Behaviour(Fault.UNAUTHORISED))
    assert isinstance(await court.send(court.channel()), Halted)
    assert await court.shown() == []


every_account = pytest.mark.parametrize("trial", [t for t in TRIALS if t.provider], ids=str)


@every_account
async def test_who_asks_how_an_account_stands_is_told_and_sends_nothing(court: Court) -> None:
    channel = court.channel()
    assert isinstance(channel, Examine)
    condition = await channel.examine()
    assert condition.trouble == ""
    assert await court.shown() == []
    assert not [request for request in court.world.sandbox.requests if SECRET in request.path]


@every_account
async def test_a_provider_that_is_not_there_is_a_trouble(court: Court) -> None:
    async with nobody() as base_url:
        channel = court.channel(base_url)
        assert isinstance(channel, Examine)
        assert (await channel.examine()).trouble


@every_channel_with_doubts
@pytest.mark.parametrize("fault", [Fault.ERROR, Fault.HANG, Fault.DROP])
async def test_a_provider_that_does_not_answer_is_a_trouble(court: Court, fault: Fault) -> None:
    court.misbehave(Behaviour(fault))
    channel = court.channel(patience=IMPATIENT)
    assert isinstance(channel, Examine)
    assert (await channel.examine()).trouble


@every_channel_with_doubts
@pytest.mark.parametrize("fault", [Fault.UNAUTHORISED, Fault.STRANGER, Fault.GARBAGE])
async def test_an_account_that_is_refused_or_answered_by_a_stranger_is_a_trouble(court: Court, fault: Fault) -> None:
    court.misbehave(Behaviour(fault))
    channel = court.channel()
    assert isinstance(channel, Examine)
    assert (await channel.examine()).trouble


STRANGERS = (
    pytest.param("", None, id="nothing"),
    pytest.param("<!DOCTYPE html><title>Hotel</title><p>Logga in.", "text/html", id="a page"),
    pytest.param("Forbidden", "text/plain", id="a word"),
    pytest.param('{"message": "Forbidden"}', "application/json", id="a gateway's JSON"),
    pytest.param('{"code": 403, "message": "Forbidden"}', "application/json", id="a gateway's code"),
    pytest.param('{"error": "invalid_request"}', "application/json", id="another API's error"),
)


@every_channel_with_doubts
@pytest.mark.parametrize(("body", "kind"), STRANGERS)
async def test_only_the_providers_own_words_refuse(court: Court, body: str, kind: str | None) -> None:
    def answer(_: Asked) -> web.Response:
        return web.Response(status=status, text=body, content_type=kind)

    async with answering(answer) as provider:
        channel = court.channel(provider.url)
        for status in (200, 302, 400, 401, 403, 404, 405, 407, 408, 410, 413, 418, 421, 425, 451, 500, 511):
            outcome = await court.send(channel)
            assert isinstance(outcome, InDoubt), status
            assert f"HTTP {status}" in outcome.reason


@every_channel_with_many_targets
async def test_an_answer_counts_only_for_the_number_and_the_text_that_it_names(court: Court) -> None:
    """What a proxy, a cache, or a connection out of step gives us: a true answer, but to another request."""

    def answer(_: Asked) -> web.Response:
        return web.json_response({"sid": "SM0", "id": "s0", "to": to, "body": text, "message": text}, status=200)

    ours, other = court.trial.target, court.trial.others[0]
    async with answering(answer) as provider:
        channel = court.channel(provider.url)
        for to, text in ((other, court.trial.text), (ours, "Något helt annat."), ("", court.trial.text)):
            assert isinstance(await court.send(channel), InDoubt), (to, text)
        to = f"{ours[:3]} {ours[3:6]}-{ours[6:]}"
        for text in (court.trial.text, court.trial.text.strip(), f"Prov: {court.trial.text}"):
            assert isinstance(await court.send(channel), Accepted), text


@every_channel_with_many_targets
async def test_a_list_of_another_number_shows_nothing(court: Court) -> None:
    channel, (other, *_) = court.channel(), court.trial.others
    theirs, _ = await sent(court, channel, court.parcel(target=other))
    lists: list[bytes] = []

    def answer(_: Asked) -> web.Response:
        return web.Response(body=lists[0], content_type="application/json")

    paths = {"twilio": f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json?To=", "46elks": "/a1/sms?to="}
    user = {"twilio": ACCOUNT, "46elks": "u0000"}[court.trial.name]
    url = URL(court.home() + paths[court.trial.name] + quote(other), encoded=True)
    headers = {"Authorization": f"Basic {basic(user)}"}
    async with aiohttp.ClientSession(headers=headers) as http, http.get(url) as found:
        lists.append(await found.read())
    async with answering(answer) as provider:
        asked = court.channel(provider.url)
        assert isinstance(asked, Find)
        ours = doubt(court.parcel())
        assert isinstance((await asked.find([theirs]))[theirs.parcel.key], Matches)
        finding = (await asked.find([ours]))[ours.parcel.key]
    assert isinstance(finding, Unclear)


@pytest.mark.parametrize(
    ("behaviour", "patience"),
    [
        (Behaviour(Fault.ERROR, times=1), TIMEOUT),
        (Behaviour(Fault.ERROR, code=503, times=1), TIMEOUT),
        (Behaviour(Fault.ERROR_AFTER, times=1), TIMEOUT),
        (Behaviour(Fault.ERROR_AFTER, code=502, times=1), TIMEOUT),
        (Behaviour(Fault.GARBAGE, times=1), TIMEOUT),
        (Behaviour(Fault.DROP, times=1), TIMEOUT),
        (Behaviour(Fault.RESET, times=1), TIMEOUT),
        (Behaviour(Fault.HANG, times=1), IMPATIENT),
        (Behaviour(Fault.DRIP, times=1), IMPATIENT),
    ],
    ids=lambda value: f"{value.fault}-{value.code}" if isinstance(value, Behaviour) else "",
)
@every_channel_with_doubts
async def test_what_may_have_been_done_is_in_doubt_and_the_next_one_is_sent(
    court: Court, behaviour: Behaviour, patience: float
) -> None:
    court.misbehave(behaviour)
    assert isinstance(await court.send(court.channel(patience=patience)), InDoubt)
    assert await court.shown() == ([court.trial.text] if behaviour.fault.acts else [])
    assert isinstance(await court.send(court.channel(), court.parcel("En annan text.")), Accepted)


@every_channel_with_a_provider
async def test_a_slow_provider_is_waited_for(court: Court) -> None:
    court.misbehave(Behaviour(Fault.SLOW, seconds=0.1))
    assert isinstance(await court.send(court.channel()), Accepted)


@every_channel_with_a_provider
async def test_cancelling_is_no_outcome_and_harms_nothing(court: Court) -> None:
    court.misbehave(Behaviour(Fault.HANG, times=1))
    channel = court.channel()
    sending = asyncio.create_task(court.send(channel))
    await court.requested()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert isinstance(await court.send(channel, court.parcel("En annan text.")), Accepted)


@every_surface_with_a_provider
@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (Behaviour(Fault.THROTTLE), Deferred),
        (Behaviour(Fault.UNAUTHORISED), Halted),
        (Behaviour(Fault.REFUSE), Rejected),
        (Behaviour(Fault.ERROR), InDoubt),
        (Behaviour(Fault.ERROR_AFTER), InDoubt),
        (Behaviour(Fault.GARBAGE), InDoubt),
        (Behaviour(Fault.DROP), InDoubt),
        (Behaviour(Fault.RESET), InDoubt),
    ],
    ids=str,
)
async def test_replacing_and_withdrawing_meet_the_same_troubles(
    court: Court, behaviour: Behaviour, expected: type
) -> None:
    channel, parcel = court.channel(), court.parcel()
    assert isinstance(channel, Replace)
    assert isinstance(channel, Withdraw)
    sent = await court.send(channel, parcel)
    assert isinstance(sent, Accepted)
    court.misbehave(behaviour)
    assert isinstance(court.heard(channel, await channel.replace(court.parcel("Nytt."), sent.remote_id)), expected)
    assert isinstance(court.heard(channel, await channel.withdraw(parcel, sent.remote_id)), expected)


@every_surface_with_a_provider
@pytest.mark.parametrize(
    ("behaviour", "patience"),
    [
        (Behaviour(Fault.ERROR, times=1), TIMEOUT),
        (Behaviour(Fault.ERROR_AFTER, times=1), TIMEOUT),
        (Behaviour(Fault.ERROR_AFTER, code=502, times=1), TIMEOUT),
        (Behaviour(Fault.GARBAGE, times=1), TIMEOUT),
        (Behaviour(Fault.DROP, times=1), TIMEOUT),
        (Behaviour(Fault.RESET, times=1), TIMEOUT),
        (Behaviour(Fault.HANG, times=1), IMPATIENT),
        (Behaviour(Fault.DRIP, times=1), IMPATIENT),
    ],
    ids=lambda value: f"{value.fault}-{value.code}" if isinstance(value, Behaviour) else "",
)
async def test_what_may_have_been_replaced_or_withdrawn_is_in_doubt_and_doing_it_again_settles_it(
    court: Court, behaviour: Behaviour, patience: float
) -> None:
    channel = court.channel(patience=patience)
    assert isinstance(channel, Replace)
    assert isinstance(channel, Withdraw)
    sent = await court.send(channel, court.parcel("Allt är nere."))
    assert isinstance(sent, Accepted)
    correction = court.parcel()
    court.misbehave(behaviour)
    assert isinstance(court.heard(channel, await channel.replace(correction, sent.remote_id)), InDoubt)
    assert await court.shown() == ([court.trial.text] if behaviour.fault.acts else ["Allt är nere."])
    again = court.heard(channel, await channel.replace(correction, sent.remote_id))
    assert isinstance(again, Accepted)
    assert await court.shown() == [court.trial.text]

    court.misbehave(behaviour)
    withdrawn = court.heard(channel, await channel.withdraw(correction, again.remote_id))
    if behaviour.fault in {Fault.DROP, Fault.RESET}:  # aiohttp itself repeats a DELETE when a kept connection breaks
        assert (withdrawn, await court.shown()) == (Accepted(again.remote_id), [])
    else:
        assert isinstance(withdrawn, InDoubt)
        assert await court.shown() == ([] if behaviour.fault.acts else [court.trial.text])
    assert isinstance(court.heard(channel, await channel.withdraw(correction, again.remote_id)), Accepted)
    assert await court.shown() == []


@every_surface_with_a_provider
async def test_a_provider_that_is_not_there_has_replaced_and_withdrawn_nothing(court: Court) -> None:
    channel, parcel = court.channel(), court.parcel()
    sent = await court.send(channel, parcel)
    assert isinstance(sent, Accepted)
    async with nobody() as base_url:
        lost = court.channel(base_url)
        assert isinstance(lost, Replace)
        assert isinstance(lost, Withdraw)
        assert isinstance(court.heard(lost, await lost.replace(court.parcel("Nytt."), sent.remote_id)), Deferred)
        assert isinstance(court.heard(lost, await lost.withdraw(parcel, sent.remote_id)), Deferred)
    assert await court.shown() == [court.trial.text]


@every_surface
async def test_what_replaced_a_text_can_be_replaced_and_withdrawn_by_the_id_it_was_given(court: Court) -> None:
    channel = court.channel()
    assert isinstance(channel, Replace)
    assert isinstance(channel, Withdraw)
    outcome = await court.send(channel, court.parcel("Allt är nere."))
    first, last = court.parcel("Lite är nere."), court.parcel()
    for parcel in (first, first, last, last):
        assert isinstance(outcome, Accepted)
        outcome = court.heard(channel, await channel.replace(parcel, outcome.remote_id))
    assert await court.shown() == [court.trial.text]
    assert isinstance(outcome, Accepted)
    assert isinstance(court.heard(channel, await channel.withdraw(last, outcome.remote_id)), Accepted)
    assert court.trial.text not in await court.shown()


@every_channel_with_a_provider
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(court: Court, status: int) -> None:
    def redirect(asked: Asked) -> web.Response:
        return web.Response(status=status, headers={"Location": court.home() + asked.path})

    async with answering(redirect) as provider:
        outcome = await court.send(court.channel(provider.url))
    assert isinstance(outcome, InDoubt | Deferred)
    assert "redirected" in outcome.reason
    assert await court.shown() == []


@every_channel_with_doubts
@pytest.mark.parametrize("status", [200, 307, 400, 401, 403, 404, 418, 429, 500])
async def test_a_provider_that_says_everything_back_makes_us_tell_no_secret(court: Court, status: int) -> None:
    def echo(asked: Asked) -> web.Response:
        everything = f"Invalid to number: {asked}"
        headers = {"Retry-After": quote(everything), "X-Business-Use-Case-Usage": quote(everything)}
        answers = {
            "twilio": json.dumps({"code": 21211, "message": everything, "more_info": everything}),
            "46elks": everything,
            "facebook": json.dumps({"error": {"code": 32, "message": everything, "error_user_msg": everything}}),
        }
        return web.Response(text=answers[court.trial.name], status=status, headers=headers)

    async with answering(echo) as provider:
        assert isinstance(await court.send(court.channel(provider.url)), Failure)


ODD_BODIES = (
    b"",
    b"{",
    b"[]",
    b"null",
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"sid": "", "id": ""}',
    b'{"sid": null, "id": null, "error": null, "code": null}',
    b'{"sid": 1, "id": 1, "error": 1, "code": "1"}',
    b'{"sid": {}, "id": [], "error": {}, "code": {}}',
    b'{"error": {"code": "190"}}',
    b'{"error": {"code": 190, "error_subcode": "460"}}',
    b'{"code": 999999999999999999999999, "error": {"code": -1, "error_subcode": 0}}',
    b'{"code": 1.5, "error": {"code": 1.5}}',
    b'{"success": "true"}',
)
ODD_LISTS = (
    "",
    "{",
    "[]",
    "{}",
    '{"messages": {}, "data": {}}',
    '{"messages": [], "next_page_uri": 1, "data": 1}',
    '{"messages": [1], "next_page_uri": null, "data": [1]}',
    '{"messages": [{}], "next_page_uri": null, "data": [{}]}',
    json.dumps(
        {
            "messages": [{"sid": "SM1", "to": NUMBER, "body": "", "date_created": "soon", "direction": "outbound-api"}],
            "next_page_uri": None,
            "data": [{"id": "1", "to": NUMBER, "message": "", "created": "soon", "created_time": "soon"}],
        }
    ),
)
ODD_HEADERS = {
    "Retry-After": "soon",
    "X-Business-Use-Case-Usage": '{"1": [{"estimated_time_to_regain_access": "never"}, 5]}',
}


@every_channel_with_doubts
@pytest.mark.parametrize("body", ODD_BODIES, ids=lambda body: body[:60].decode(errors="replace"))
async def test_an_odd_answer_is_an_outcome_like_any_other(court: Court, body: bytes) -> None:
    def answer(_: Asked) -> web.Response:
        return web.Response(status=status, body=body, headers={**ODD_HEADERS, "Content-Type": "application/json"})

    own_to_graph = re.compile(rb'"error": {"code": -?[0-9]+[,}]')
    async with answering(answer) as provider:
        channel = court.channel(provider.url)
        for status in (200, 201, 202, 300, 400, 401, 402, 403, 404, 405, 409, 418, 422, 429, 451, 500, 502, 503, 599):
            outcome = await court.send(channel)
            assert isinstance(outcome, Failure)
            is_own = court.trial.name == "facebook" and own_to_graph.search(body) and 400 <= status < 500
            assert isinstance(outcome, InDoubt) == (not is_own and status != 429)


@every_channel_with_doubts
@pytest.mark.parametrize("status", [300, 400, 401, 404, 409, 500, 503])
async def test_an_id_in_an_answer_that_is_no_success_counts_for_nothing(court: Court, status: int) -> None:
    ids = {"sid": "SM0", "id": "100200300_400500", "success": True}
    async with answering(lambda _: web.json_response(ids, status=status)) as provider:
        assert isinstance(await court.send(court.channel(provider.url)), Failure)


def doubt(parcel: Parcel, later: timedelta = timedelta(0)) -> Doubt:
    """Say that a parcel is about to be sent, now or later."""
    return Doubt(parcel, datetime.now(UTC) + later)


async def sent(court: Court, channel: Channel, parcel: Parcel) -> tuple[Doubt, str]:
    """Send a parcel; return the doubt there would be if the answer was lost, and the remote id that would answer it."""
    claimed = doubt(parcel)
    outcome = await court.send(channel, parcel)
    assert isinstance(outcome, Accepted)
    return claimed, outcome.remote_id


@pytest.mark.parametrize(
    ("behaviour", "patience"),
    [
        (Behaviour(Fault.ERROR, times=1), TIMEOUT),
        (Behaviour(Fault.ERROR_AFTER, times=1), TIMEOUT),
        (Behaviour(Fault.ERROR_AFTER, code=502, times=1), TIMEOUT),
        (Behaviour(Fault.GARBAGE, times=1), TIMEOUT),
        (Behaviour(Fault.DROP, times=1), TIMEOUT),
        (Behaviour(Fault.RESET, times=1), TIMEOUT),
        (Behaviour(Fault.HANG, times=1), IMPATIENT),
        (Behaviour(Fault.DRIP, times=1), IMPATIENT),
    ],
    ids=lambda value: f"{value.fault}-{value.code}" if isinstance(value, Behaviour) else "",
)
@every_channel_with_doubts
async def test_what_is_in_doubt_is_found_if_it_was_done_and_only_then(
    court: Court, behaviour: Behaviour, patience: float
) -> None:
    parcel, channel = court.parcel(), court.channel(patience=patience)
    claimed = doubt(parcel)
    court.misbehave(behaviour)
    assert isinstance(await court.send(channel, parcel), InDoubt)
    (finding,) = await court.find(court.channel(), claimed)
    assert isinstance(finding, Matches)
    assert len(finding.remote_ids) == len(await court.shown()) == behaviour.fault.acts


@every_channel_with_doubts
async def test_what_is_found_has_the_name_that_sending_gave_it(court: Court) -> None:
    channel = court.channel()
    claimed, remote_id = await sent(court, channel, court.parcel())
    assert await court.find(channel, claimed) == [Matches((remote_id,))]


@every_channel_with_doubts
async def test_the_same_text_from_before_is_something_else(court: Court) -> None:
    channel = court.channel()
    await sent(court, channel, court.parcel())
    assert await court.find(channel, doubt(court.parcel(), LATER)) == [Matches(())]


@every_channel_with_doubts
async def test_another_text_is_something_else(court: Court) -> None:
    channel = court.channel()
    claimed = doubt(court.parcel())
    await sent(court, channel, court.parcel(court.trial.text + " Och mer."))
    assert await court.find(channel, claimed) == [Matches(())]


@every_channel_with_many_targets
async def test_the_same_text_to_somebody_else_is_something_else(court: Court) -> None:
    channel, other = court.channel(), court.trial.others[0]
    claimed = doubt(court.parcel())
    theirs, remote_id = await sent(court, channel, court.parcel(target=other))
    assert await court.find(channel, claimed, theirs) == [Matches(()), Matches((remote_id,))]


@every_channel_with_doubts
async def test_the_same_text_twice_is_found_twice_oldest_first(court: Court) -> None:
    channel = court.channel()
    claimed, first = await sent(court, channel, court.parcel())
    await sent(court, channel, court.parcel("Något annat."))
    again, second = await sent(court, channel, court.parcel())
    assert await court.find(channel, claimed, again) == [Matches((first, second))] * 2


@every_channel_with_doubts
async def test_no_doubts_are_no_question(court: Court) -> None:
    assert await court.find(court.channel()) == []
    assert court.asked() == 0


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(Fault.THROTTLE, retry_after=120),
        Behaviour(Fault.ERROR),
        Behaviour(Fault.ERROR, code=503),
        Behaviour(Fault.GARBAGE),
        Behaviour(Fault.DROP),
        Behaviour(Fault.RESET),
        Behaviour(Fault.HANG),
        Behaviour(Fault.DRIP),
        Behaviour(Fault.UNAUTHORISED),
    ],
    ids=lambda behaviour: f"{behaviour.fault}-{behaviour.code}",
)
@every_channel_with_doubts
async def test_nothing_is_learnt_from_a_provider_that_does_not_tell(court: Court, behaviour: Behaviour) -> None:
    channel = court.channel(patience=IMPATIENT)
    claimed, remote_id = await sent(court, channel, court.parcel())
    court.misbehave(behaviour)
    (finding,) = await court.find(channel, claimed)
    assert isinstance(finding, Unclear)
    assert finding.reason
    court.misbehave(Behaviour(Fault.SLOW, times=1))
    assert await court.find(channel, claimed) == [Matches((remote_id,))]


@every_channel_with_doubts
async def test_nothing_is_learnt_from_a_provider_that_is_not_there(court: Court) -> None:
    async with nobody() as base_url:
        (finding,) = await court.find(court.channel(base_url), doubt(court.parcel()))
    assert isinstance(finding, Unclear)


@every_channel_with_doubts
@pytest.mark.parametrize("body", ODD_LISTS, ids=lambda body: body[:60])
async def test_nothing_is_learnt_from_an_odd_list(court: Court, body: str) -> None:
    async with answering(lambda _: web.Response(text=body, content_type="application/json")) as provider:
        channel = court.channel(provider.url)
        assert isinstance(channel, Find)
        (finding,) = (await channel.find([doubt(court.parcel())])).values()
    assert isinstance(finding, Unclear)
    assert NUMBER.lstrip("+") not in repr(finding)


@every_channel_with_many_targets
async def test_what_was_found_stays_found_when_the_rest_cannot_be(court: Court) -> None:
    channel, other = court.channel(), court.trial.others[0]
    claimed, remote_id = await sent(court, channel, court.parcel())
    theirs, _ = await sent(court, channel, court.parcel(target=other))
    court.misbehave(Behaviour(Fault.ERROR, to=other))
    found, unclear = await court.find(channel, claimed, theirs)
    assert found == Matches((remote_id,))
    assert isinstance(unclear, Unclear)


@every_channel_with_doubts
async def test_three_hundred_doubts_take_a_handful_of_questions(court: Court) -> None:
    channel = court.channel()
    targets = (court.trial.target, *court.trial.others)
    parcels = [court.parcel(f"Text {n // len(targets)}", targets[n % len(targets)]) for n in range(300)]
    doubts = [doubt(parcel) for parcel in parcels]
    lost = set(range(0, 300, 7))
    remote_ids = {n: (await sent(court, channel, parcels[n]))[1] for n in range(300) if n not in lost}
    expected = [Matches(() if n in lost else (remote_ids[n],)) for n in range(300)]
    assert await court.find(channel, *doubts) == expected
    assert court.asked() <= 4


@every_channel_with_doubts
@pytest.mark.parametrize("scope", ["one target", "all targets"])
async def test_many_pages_are_followed_back_to_the_doubt_and_no_further(court: Court, scope: str) -> None:
    court.world = replace(court.world, page_size=4)
    channel = court.channel()
    for n in range(20):
        await sent(court, channel, court.parcel(f"Före {n}"))
    claimed, remote_id = await sent(court, channel, court.parcel())
    for n in range(100):
        await sent(court, channel, court.parcel(f"Efter {n}"))
    others = [doubt(court.parcel(target=other)) for other in court.trial.others if scope == "all targets"]
    finding, *_ = await court.find(channel, claimed, *others)
    assert finding == Matches((remote_id,))
    before = court.asked()
    assert before >= 26
    assert await court.find(channel, doubt(claimed.parcel, LATER)) == [Matches(())]
    assert court.asked() - before == 1


@every_channel_with_doubts
async def test_looking_up_can_be_called_off(court: Court) -> None:
    channel = court.channel()
    assert isinstance(channel, Find)
    court.misbehave(Behaviour(Fault.HANG, times=1))
    looking = asyncio.create_task(court.find(channel, doubt(court.parcel())))
    await court.requested()
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    assert await court.find(channel, doubt(court.parcel())) == [Matches(())]
