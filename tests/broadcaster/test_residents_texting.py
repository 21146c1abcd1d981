"""A text that is carried out while others write: STOPP is never lost to them."""

import asyncio
from contextlib import suppress
from zoneinfo import ZoneInfo

from broadcaster.residents.replies import Office
from broadcaster.residents.texting import Texting
from broadcaster.store.database import Database
from broadcaster.store.errors import ConflictError
from broadcaster.store.submissions import submit
from broadcaster.store.subscribers import Subscribers
from channels.contract import Inbound, OptOut
from messages.model import Municipality
from tests.support.storing import BORGHOLM, NOW, SEAL, TO_BORGHOLM, blocked, states, submission, subscribe, upgraded

NUMBER, INBOX = "+46701740605", "+46701740698"
NAMES = {"name": "Borgholms kommun", "phone": "0485-880 00", "page": "www.borgholm.se"}
OFFICE = Office(
    {"borgholm": Municipality("borgholm", ("sv",), ("sms",), NAMES)}, "borgholm", ZoneInfo("Europe/Stockholm")
)
WRITES_WHAT_WAS_SENT = "UPDATE deliveries SET changed = changed"
KEEPS_A_START_FROM_ITS_END = "LOCK TABLE audit IN SHARE MODE"
MARKS_THE_NUMBER = "UPDATE subscribers SET since = since"


async def test_a_stop_that_meets_a_lane_the_wrong_way_round_is_carried_out_all_the_same(postgresql_url: str) -> None:
    async with upgraded(postgresql_url) as database, Database(postgresql_url) as lane:
        await subscribe(database, (NUMBER, "borgholm", "sv"))
        await submit(database, submission(renditions=[BORGHOLM], routes=[TO_BORGHOLM]), "test")
        subscribers = Subscribers(database, SEAL)
        texting = Texting(database, subscribers, lambda: NOW)

        with suppress(ConflictError):  # PostgreSQL gives up whichever of the two it looks at first
            async with lane.write() as connection:
                await connection.exec_driver_sql(WRITES_WHAT_WAS_SENT)
                stop = asyncio.create_task(texting.answer(Inbound("SM1", NUMBER, INBOX, "STOPP"), "twilio", OFFICE))
                await blocked(database)
                await connection.exec_driver_sql(MARKS_THE_NUMBER)
        reply = await stop

        assert reply is not None
        assert await subscribers.count() == 0
        assert await states(database) == ["cancelled"]


async def test_consent_names_no_words_that_were_never_sent(database: Database) -> None:
    subscribers = Subscribers(database, SEAL)
    texting = Texting(database, subscribers, lambda: NOW)
    answered_by_twilio = Inbound("SM1", NUMBER, INBOX, "START", OptOut.START)
    assert await texting.answer(answered_by_twilio, "twilio", OFFICE) is None
    [evidence] = await subscribers.evidence(NUMBER)
    assert evidence.shown is None

    await subscribers.remove(NUMBER, None, NOW, "test")
    reply = await texting.answer(Inbound("SM2", NUMBER, INBOX, "START"), "twilio", OFFICE)
    [_, evidence] = await subscribers.evidence(NUMBER)
    assert reply is not None
    assert evidence.shown == reply


async def test_a_stop_that_comes_while_a_start_is_carried_out_is_the_last_word(postgresql_url: str) -> None:
    async with upgraded(postgresql_url) as database, Database(postgresql_url) as other:
        subscribers = Subscribers(database, SEAL)
        texting = Texting(database, subscribers, lambda: NOW)
        async with other.write() as connection, asyncio.timeout(10):
            await connection.exec_driver_sql(KEEPS_A_START_FROM_ITS_END)
            start = asyncio.create_task(texting.answer(Inbound("SM1", NUMBER, INBOX, "START"), "twilio", OFFICE))
            await blocked(database)
            stop = asyncio.create_task(texting.answer(Inbound("SM2", NUMBER, INBOX, "STOPP"), "twilio", OFFICE))
            await blocked(database, by=2)
        await start
        await stop

        assert await subscribers.count() == 0
        assert [evidence.withdrawn for evidence in await subscribers.evidence(NUMBER)] == [NOW]
