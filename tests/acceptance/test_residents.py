"""Scripts of residents who text us: over real sockets, with real webhooks, for both providers and both databases."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from broadcaster.delivery import State
from broadcaster.rehearsal import sandbox_of
from broadcaster.residents.texting import MOST_REPLIES
from broadcaster.runtime import Broadcaster
from broadcaster.sending import Watch, send
from broadcaster.serving import web_app
from broadcaster.store.consents import How
from channels.contract import OptOut
from tests.support.storing import execute, fetch
from tests.support.texting import INBOX, Answered, Carrier, ElksCarrier, TwilioCarrier
from tests.support.world import FAST, World, anybody, resident, world

ANNA, BO = resident(0), resident(1)
USER = "u00000000000000000000000000000001"
SID = "AC00000000000000000000000000000001"
BY_ELKS = {
    'provider = "twilio" ': 'provider = "46elks" ',
    f'account_sid = "{SID}"': f'username = "{USER}"',
    'auth_token = { file = "secrets/twilio" }\nsender': 'password = { file = "secrets/twilio" }\nsender',
    "http://127.0.0.1:8070/twilio": "http://127.0.0.1:8070/46elks",
}
PROVIDERS = {"twilio": FAST, "46elks": FAST | BY_ELKS}
HOME = {f'inbound = "{INBOX}" ': f'inbound = {{ borgholm = "{INBOX}" }} '}


@dataclass
class Town:
    """A world in which residents can text."""

    world: World
    broadcaster: Broadcaster
    carrier: Carrier
    _count: int = 0

    async def text(self, body: str, sender: str = ANNA, **more: str) -> str | None:
        """Text; returns the reply."""
        self._count += 1
        answered = await self.carrier.text(body, sender, f"id-{self._count}", **more)
        assert answered.status in {200, 204}
        return answered.reply

    async def subscriptions(self) -> list[tuple[str, str, str]]:
        """Who subscribes to what, in which language."""
        async with self.world.running() as broadcaster:
            found = [entry.subscription async for entry in broadcaster.store.subscribers.all()]
        return [(one.number, one.municipality, one.language) for one in found]


@asynccontextmanager
async def town(folder: Path, database_url: str, provider: str, changes: Mapping[str, str] = {}) -> AsyncIterator[Town]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    changes = PROVIDERS[provider] | dict(changes) | {"http://127.0.0.1:8080": f"http://127.0.0.1:{port}"}
    async with AsyncExitStack() as opened:
        here = await opened.enter_async_context(world(folder, database_url, changes | {"port = 8070": "port = 0"}))
        broadcaster = await opened.enter_async_context(here.running())
        server = await opened.enter_async_context(TestServer(web_app(broadcaster, here.clock), port=port))
        http = await opened.enter_async_context(aiohttp.ClientSession())
        url = str(server.make_url("")).rstrip("/")
        secret = (folder / "secrets/twilio").read_text(encoding="utf-8").strip()
        carriers: dict[str, Carrier] = {
            "twilio": TwilioCarrier(url, url, SID, secret, http),
            "46elks": ElksCarrier(url, USER, secret, http),
        }
        yield Town(here, broadcaster, carriers[provider])


@pytest.fixture(params=PROVIDERS)
async def here(tmp_path: Path, database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Town]:
    async with town(tmp_path, database_url, request.param) as made:
        yield made


@pytest.fixture
async def by_twilio(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path, f"sqlite+aiosqlite:///{tmp_path}/broadcaster.db", "twilio") as made:
        yield made


async def test_a_resident_joins_asks_changes_language_and_leaves(here: Town) -> None:
    assert "till exempel START BORGHOLM" in (await here.text("START") or "")
    assert (await here.text("start borgholm!") or "").startswith("Du får nu sms från Borgholms kommun")
    assert await here.subscriptions() == [(ANNA, "borgholm", "sv")]

    assert "inget viktigt meddelande" in (await here.text("STATUS") or "")
    await here.world.send(here.world.plan())
    assert await here.text("läget") == "Våra system är avstängda."

    assert await here.text("SPRÅK ENGELSKA") == "You now get our texts in English."
    assert await here.subscriptions() == [(ANNA, "borgholm", "en")]
    assert await here.text("status") == "Our systems are shut down."

    assert (await here.text("START MORBYLANGA") or "").startswith("You now get texts from Mörbylånga Municipality")
    assert (await here.text("Stop Mörbylånga") or "").startswith("You get no more texts from Mörbylånga Municipality.")
    assert await here.subscriptions() == [(ANNA, "borgholm", "en")]
    assert await here.text("STOPP") == ("You get no more texts from us. If you change your mind, send START BORGHOLM.")
    assert await here.subscriptions() == []


async def test_consent_is_kept_as_evidence_with_the_words_that_were_shown(here: Town) -> None:
    shown = await here.text("START BORGHOLM")
    here.world.clock.move(timedelta(days=1))
    await here.text("STOPP")
    async with here.world.running() as broadcaster:
        [evidence] = await broadcaster.store.subscribers.evidence(ANNA)
    assert (evidence.municipality, evidence.how, evidence.withdrawn_how) == ("borgholm", How.SMS, How.SMS)
    assert evidence.shown == shown
    assert evidence.withdrawn is not None
    assert timedelta(days=1) <= evidence.withdrawn - evidence.given < timedelta(days=1, minutes=1)
    async with here.world.database as database:
        [consent] = await fetch(database, "SELECT * FROM consents")
    assert not any(ANNA.removeprefix("+") in str(cell) for cell in consent)


async def test_a_webhook_that_comes_again_does_nothing_and_is_answered_the_same(here: Town) -> None:
    first = await here.carrier.text("START BORGHOLM", ANNA, "same")
    await here.text("STOPP")
    assert await here.carrier.text("START BORGHOLM", ANNA, "same") == first
    assert await here.subscriptions() == []

    both = await asyncio.gather(*(here.carrier.text("START BORGHOLM", BO, "twin") for _ in range(5)))
    assert len(set(both)) == 1
    assert await here.subscriptions() == [(BO, "borgholm", "sv")]
    async with here.world.database as database:
        assert await fetch(database, "SELECT count(*) FROM consents") == [(2,)]


async def test_a_number_can_belong_to_one_municipality(tmp_path: Path, database_url: str) -> None:
    async with town(tmp_path, database_url, "46elks", HOME) as here:
        assert (await here.text("START") or "").startswith("Du får nu sms från Borgholms kommun")
        assert (await here.text("START MÖRBYLÅNGA", BO) or "").startswith("Du får nu sms från Mörbylånga kommun")
        assert await here.subscriptions() == [(ANNA, "borgholm", "sv"), (BO, "morbylanga", "sv")]
        # Another number of the account is nobody's in particular.
        assert "till exempel" in (await here.text("START", resident(2), to="+46701740697") or "")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("😀" * 70, "Vi läser inte svar på det här numret."),
        ("Vi har ingen ström. " * 80, "Vi läser inte svar på det här numret."),
        ("", "Vi läser inte svar på det här numret."),
        ("\x00\ud7ff\u202e\ufffe", "Vi läser inte svar på det här numret."),
        ("' OR 1=1; DROP TABLE subscribers;--", "Vi läser inte svar på det här numret."),
        ("START " + "BORGHOLM " * 500, "till exempel START BORGHOLM."),
        ("{0.__class__} %s", "Vi läser inte svar på det här numret."),
    ],
    ids=["emoji", "1600", "empty", "odd", "sql", "long", "format"],
)
async def test_whatever_is_texted_is_answered(by_twilio: Town, body: str, words: str) -> None:
    reply = await by_twilio.text(body)
    assert reply is not None
    assert words in reply
    assert await by_twilio.subscriptions() == []


async def test_a_heart_or_a_talk_about_drains_ends_no_subscription(by_twilio: Town) -> None:
    joined = await by_twilio.text("START BORGHOLM")
    assert joined is not None
    assert await by_twilio.text(f"Gillade ”{joined}”") is None
    told = await by_twilio.text("Det är STOPP i avloppet på Storgatan")
    assert told is not None
    assert "STOPP för att avsluta" in told
    assert len(await by_twilio.subscriptions()) == 1
    await by_twilio.text("Sluta sända detta")
    assert await by_twilio.subscriptions() == []


@pytest.mark.parametrize(
    "sender", ["72456", "Kommunen", "anonymous", "", "+266696687", "+46850000000", "+46", "å" * 99]
)
async def test_what_cannot_be_answered_gets_no_answer_and_does_nothing(
    by_twilio: Town, sender: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert await by_twilio.text("START BORGHOLM", sender) is None
    assert await by_twilio.subscriptions() == []
    assert "A text was left without an answer" in caplog.text
    assert not sender or sender not in caplog.text


async def test_a_number_of_another_country_is_refused_unless_it_is_configured(tmp_path: Path) -> None:
    norwegian, url = "+4746123456", f"sqlite+aiosqlite:///{tmp_path}/broadcaster.db"
    async with town(tmp_path, url, "twilio") as here:
        refused = await here.text("START BORGHOLM", norwegian) or ""
        assert refused.startswith("Vi kan inte skicka sms till ditt nummers land. Följ läget på http://127.0.0.1:")
        assert refused.endswith("/borgholm.")
        assert await here.subscriptions() == []
    (tmp_path / "again").mkdir()
    allowed = {"[sandbox]": '[residents]\ncountries = ["SE", "NO"]\n\n[sandbox]'}
    async with town(tmp_path / "again", f"{url}2", "twilio", allowed) as here:
        assert "Du får nu sms" in (await here.text("START BORGHOLM", norwegian) or "")
        assert await here.subscriptions() == [(norwegian, "borgholm", "sv")]


@pytest.mark.parametrize(
    ("body", "opt_out", "before", "after"),
    [
        ("START BORGHOLM", OptOut.START, [], [(ANNA, "borgholm", "sv")]),
        ("AVREGISTRERA MIG NU GENAST?", OptOut.STOP, [(ANNA, "borgholm", "sv")], []),
        ("STOP", OptOut.STOP, [(ANNA, "borgholm", "sv")], []),
        ("STOP BORGHOLM", OptOut.STOP, [(ANNA, "borgholm", "sv"), (ANNA, "morbylanga", "sv")], []),
        ("HELP", OptOut.HELP, [], []),
    ],
)
async def test_what_twilio_has_answered_is_done_without_a_second_answer(
    by_twilio: Town,
    body: str,
    opt_out: OptOut,
    before: list[tuple[str, str, str]],
    after: list[tuple[str, str, str]],
) -> None:
    for number, municipality, language in before:
        await by_twilio.world.subscribe([number], municipality, language)
    assert await by_twilio.text(body, OptOutType=opt_out) is None
    assert await by_twilio.subscriptions() == after


async def test_who_joined_at_twilio_without_naming_a_municipality_is_asked_for_it(by_twilio: Town) -> None:
    assert "Vilken kommun" in (await by_twilio.text("START", OptOutType="START") or "")


async def test_two_machines_that_answer_each_other_come_to_an_end_and_stop_still_counts(by_twilio: Town) -> None:
    await by_twilio.text("START BORGHOLM")
    replies = [await by_twilio.text("Jag är på semester") for _ in range(MOST_REPLIES)]
    assert replies.count(None) == 1
    assert await by_twilio.text("STOPP") is None
    assert await by_twilio.subscriptions() == []
    assert await by_twilio.text("HJÄLP", BO) is not None
    by_twilio.world.clock.move(timedelta(days=1))
    assert await by_twilio.text("HJÄLP") is not None


@pytest.mark.parametrize(
    ("provider", "answered"),
    [
        ("46elks", Answered(503, None)),
        ("twilio", Answered(200, "Något gick fel hos oss. Försök igen om en stund. Vid fara för liv, ring 112.")),
    ],
)
async def test_while_the_database_is_away_46elks_comes_again_and_others_are_told(
    tmp_path: Path, provider: str, answered: Answered, caplog: pytest.LogCaptureFixture
) -> None:
    async with town(tmp_path, f"sqlite+aiosqlite:///{tmp_path}/broadcaster.db", provider) as here:
        await here.world.subscribe([ANNA])
        async with here.world.database as database:
            await execute(database, "ALTER TABLE inbound RENAME TO away")
        assert await here.carrier.text("STOPP", ANNA, "once") == answered
        assert "Traceback" not in caplog.text
        assert ANNA not in caplog.text
        async with here.world.database as database:
            await execute(database, "ALTER TABLE away RENAME TO inbound")
        assert "inga fler sms" in ((await here.carrier.text("STOPP", ANNA, "once")).reply or "")
        assert await here.subscriptions() == []


async def test_the_sandbox_texts_as_the_provider_does(here: Town) -> None:
    async with sandbox_of(here.world.config) as sandbox:
        reply = await sandbox.text(INBOX, "START BORGHOLM", ANNA, sid="one")
        assert "Du får nu sms" in (reply or "")
        assert await sandbox.text(INBOX, "SPRÅK ENGELSKA", ANNA, sid="one") == reply
        assert await sandbox.text(INBOX, "STOPP", "Kommunen") is None
    assert await here.subscriptions() == [(ANNA, "borgholm", "sv")]


# STOPP in the middle of a send. What counts is what the provider got, and when.

CROWD = 2_000
EVERY = 100
"""Every so many of the crowd is somebody who leaves."""

AHEAD = 200
"""How many others are before them then: less than the 256 a lane claims, so that they are claimed, and not sent yet."""

STEADY = {"rate = 2000": "rate = 256"}


@pytest.mark.parametrize(("provider", "elsewhere"), [("twilio", False), ("46elks", True)])
async def test_after_stopp_is_answered_nothing_leaves_for_the_number_though_a_lane_has_claimed_it(
    tmp_path: Path, database_url: str, provider: str, *, elsewhere: bool
) -> None:
    async with town(tmp_path, database_url, provider, STEADY) as here:
        leavers = {place: resident(place // EVERY) for place in range(EVERY, CROWD, EVERY)}
        await here.world.subscribe([leavers.get(place, anybody(place)) for place in range(CROWD)])
        texts, answered = here.world.sandbox.texts, {}
        plan, watch = here.world.plan(), Watch(asyncio.Event(), lambda _: None, 20)
        here_or_there = (
            here.world.send(plan)
            if elsewhere
            else send(here.broadcaster, plan, now=here.world.clock.now, actor="test", watch=watch)
        )
        sending = asyncio.create_task(here_or_there)

        async def leave(place: int, number: str) -> None:
            await here.world.sandbox.wait_for(lambda _: len(texts) >= max(1, place - AHEAD), 60)
            assert "inga fler sms" in (await here.text("STOPP", number) or "")
            answered[number] = len(texts)

        await asyncio.gather(*(leave(place, number) for place, number in leavers.items()))
        sent = await sending

        late = [text.to for place, text in enumerate(texts) if place >= answered.get(text.to, CROWD)]
        assert late == []
        assert len(texts) == len({text.to for text in texts}) == CROWD - sent.progress.count(State.CANCELLED)
        async with here.world.database as database:
            let_go = "SELECT count(*) FROM deliveries WHERE state = 'cancelled' AND epoch IS NOT NULL"
            claimed = (await fetch(database, let_go))[0][0]
        assert elsewhere or claimed > 0  # another process may have got so far in sending that none was left to let go
