"""What residents meet when nobody says anything for days, and when several things happen at once; with a clock."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from broadcaster.leading import close_incident, owed
from broadcaster.residents.offices import numbers_of
from broadcaster.residents.texting import Texting
from broadcaster.store import incidents
from broadcaster.store.threads import thread
from channels.contract import Inbound
from tests.support.shown import Shown, shown
from tests.support.world import resident

MONDAY_EVENING = datetime(2022, 12, 12, 20, 40, tzinfo=ZoneInfo("Europe/Stockholm"))
HOUR = timedelta(hours=1)
NOTHING = "Det finns inga aktuella meddelanden."
NOT_OVER = "Händelsen är inte avslutad. Vårt senaste besked är från"

MESSAGE = """+++
incident = "{incident}"
kind = "{kind}"
severity = "{severity}"
municipalities = {municipalities}
expires = {expires}
{more}
+++
# {headline}

Ring {{{{ municipality.phone }}}} om du behöver oss.
"""


async def say(
    here: Shown,
    headline: str,
    kind: str = "alert",
    *,
    severity: str = "severe",
    incident: str = "Dataintrång",
    for_: str = '["borgholm", "morbylanga"]',
    hours: int = 24,
    more: str = "",
) -> None:
    expires = (here.world.clock.now + hours * HOUR).astimezone(MONDAY_EVENING.tzinfo).replace(microsecond=0).isoformat()
    written = {"kind": kind, "severity": severity, "incident": incident, "municipalities": for_, "more": more}
    await here.send(MESSAGE.format(headline=headline, expires=expires, **written))


async def status(here: Shown, place: str, id_: str) -> str:
    """What a resident is answered who texts STATUS and a place."""
    store = here.broadcaster.store
    office = numbers_of(here.world.config, ["sms"]).other
    texting = Texting(store.database, store.subscribers, here.world.clock)
    text = Inbound(id_, resident(0), "+46766860000", f"STATUS {place}")
    return await texting.answer(text, "elks", office) or ""


async def test_a_day_and_a_night_of_silence_are_no_all_clear(tmp_path: Path) -> None:
    async with shown(tmp_path, MONDAY_EVENING) as here:
        database = here.broadcaster.store.database
        await say(here, "Våra datorsystem är avstängda")
        assert NOT_OVER not in await here.page("borgholm")

        here.set_clock(MONDAY_EVENING + 26 * HOUR)
        page = await here.page("borgholm")
        assert NOTHING not in page
        assert f"{NOT_OVER} måndag 12 december kl. 20.40." in page
        assert "Våra datorsystem är avstängda" in page
        assert "Gäller till" not in page
        line = await here.line("borgholm")
        assert f"{NOT_OVER} måndag den tolfte december klockan 20 och 40." in line
        assert "Våra datorsystem är avstängda" in line
        answer = await status(here, "BORGHOLM", "1")
        assert answer == "Våra datorsystem är avstängda. Inte avslutat. Senaste beskedet kom 12 december kl. 20.40."
        known = await incidents.find(database, "Dataintrång")
        assert known is not None
        assert owed(known, await thread(database, known.name), here.world.clock.now).overdue(here.world.clock.now)

        await say(here, "Allt fungerar i Borgholm", "all-clear", for_='["borgholm"]')
        assert "inget viktigt meddelande" in await status(here, "BORGHOLM", "2")
        assert NOT_OVER not in await here.page("borgholm")
        assert "datorsystem" not in await here.line("borgholm")
        assert NOT_OVER in await here.page("morbylanga")
        assert NOT_OVER in await here.line("morbylanga")

        await close_incident(database, "Dataintrång", here.world.clock.now, "anna")
        assert NOTHING in await here.page("morbylanga")
        assert "datorsystem" not in await here.line("morbylanga")
        assert "inget viktigt meddelande" in await status(here, "MÖRBYLÅNGA", "3")


async def test_of_several_things_the_worst_comes_first_wherever_residents_look(tmp_path: Path) -> None:
    async with shown(tmp_path, MONDAY_EVENING) as here:
        await say(here, "Stanna inne, röken är giftig", severity="extreme", incident="Brand")
        here.set_clock(MONDAY_EVENING + HOUR)
        await say(here, "Biblioteket har stängt i kväll", severity="information", incident="Bibliotek")
        page, line = await here.page("borgholm"), await here.line("borgholm")
        assert page.index("Stanna inne") < page.index("Biblioteket har stängt")
        assert "Det finns 2 aktuella meddelanden." in line
        assert line.index("Stanna inne") < line.index("Biblioteket har stängt")
        answer = await status(here, "BORGHOLM", "1")
        assert answer.index("Stanna inne") < answer.index("Biblioteket har stängt")

        here.set_clock(MONDAY_EVENING + 26 * HOUR)  # the notice has ended by itself, the fire has not
        page, line = await here.page("borgholm"), await here.line("borgholm")
        assert NOT_OVER in page
        assert "aktuella meddelanden" not in line
        assert "Biblioteket" not in line
        assert await status(here, "BORGHOLM", "2") == (
            "Stanna inne, röken är giftig. Inte avslutat. Senaste beskedet kom 12 december kl. 20.40."
        )


async def test_a_promise_of_yesterday_is_not_said_again_on_the_phone(tmp_path: Path) -> None:
    async with shown(tmp_path, MONDAY_EVENING) as here:
        promise = (MONDAY_EVENING + 2 * HOUR).isoformat()
        await say(here, "Våra datorsystem är avstängda", more=f"next_update = {promise}")
        assert "Nästa besked kommer måndag den tolfte december klockan 22 och 40." in await here.line("borgholm")
        here.set_clock(MONDAY_EVENING + 3 * HOUR)
        line = await here.line("borgholm")
        assert "Nästa besked kommer" not in line
        assert "Uppdateringen som skulle ha kommit måndag den tolfte december klockan 22 och 40 är försenad." in line
