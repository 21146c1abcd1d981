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
from channels.contract import Inbound
from messages.model import Municipality
from tests.support.storing import BORGHOLM, NOW, SEAL, TO_BORGHOLM, blocked, states, submission, subscribe, upgraded

NUMBER, INBOX = "+46701740605", "+46701740698"
NAMES = {"name": "Borgholms kommun", "phone": "0485-880 00", "web": "www.borgholm.se"}
OFFICE = Office(
    {"borgholm": Municipality("borgholm", ("sv",), ("sms",), NAMES)}, "borgholm", ZoneInfo("Europe/Stockholm")
)
WRITES_WHAT_WAS_SENT = "UPDATE deliveries SET changed = changed"
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
