"""Spring 2021: an intrusion that comes back beside a crisis that has lasted for months, and the record of it."""

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from broadcaster import leading
from broadcaster.cli.recording import export_one
from broadcaster.store import incidents
from broadcaster.store.incidents import Report
from tests.support.shown import Shown, shown
from tests.support.world import resident

ZONE = ZoneInfo("Europe/Stockholm")
BOLLNAS = {'name = "Borgholms kommun"': 'name = "Bollnäs kommun"'}
MARCH, APRIL, LONG = "Intrång mars 2021", "Intrång april 2021", "Covid-19"
SUBSCRIBER = resident(0)
DOWN, WORKING = (f'[[services]]\nname = "E-post"\nstatus = "{how}"' for how in ("down", "working"))

MESSAGE = """+++
incident = "{incident}"
kind = "{kind}"
severity = "{severity}"
municipalities = ["borgholm"]
expires = {expires}
{more}
+++
# {title}

{text} Frågor: {{{{ municipality.name }}}}, {{{{ municipality.phone }}}}.
"""


def at(month: int, day: int, hour: int = 9) -> datetime:
    return datetime(2021, month, day, hour, tzinfo=ZONE)


def written(incident: str, kind: str, severity: str, title: str, text: str, expires: datetime, more: str = "") -> str:
    return MESSAGE.format(
        incident=incident,
        kind=kind,
        severity=severity,
        title=title,
        text=text,
        expires=expires.isoformat(),
        more=more,
    )


async def test_an_incident_that_comes_back_beside_one_that_lasts_for_months(tmp_path: Path) -> None:
    async with shown(tmp_path, at(1, 15), BOLLNAS) as here:
        await here.world.subscribe([SUBSCRIBER])
        await in_january(here)
        await in_february(here)
        await in_march(here)
        await on_the_24th_of_april(here)
        await an_exercise(here)
        await three_days_later(here)
        await in_may(here)
        await for_the_authority(here, tmp_path / "record")


async def read(here: Shown, page: str) -> str:
    """A page as somebody reads it from its headline to its end."""
    return " ".join((await here.page(page)).split())


async def in_january(here: Shown) -> None:
    """Long-running information that is no emergency stands for months and looks like what it is."""
    text = "Kommunen följer myndigheternas råd."
    await here.send(written(LONG, "alert", "information", "Så arbetar vi med covid-19", text, at(12, 31)))
    assert "Så arbetar vi med covid-19" in await here.page("borgholm")
    assert "covid" in (await here.line("borgholm")).lower()


async def in_february(here: Shown) -> None:
    """Everyday information looks like information, and is gone when its day is over."""
    here.set_clock(at(2, 10))
    await here.send(written("Isbanan", "alert", "information", "Isbanan öppnar på lördag", "Välkomna.", at(2, 14)))
    page = await read(here, "borgholm")
    assert page.index("Information Isbanan öppnar på lördag") < page.index("Information Så arbetar vi med covid-19")
    assert "Nytt" not in page  # what stands for months is not new
    assert "This message is not available in English." in await read(here, "borgholm/en")

    here.set_clock(at(2, 20))
    page = await read(here, "borgholm")
    assert page.index("Så arbetar vi med covid-19") < page.index("Tidigare meddelanden") < page.index("Isbanan")
    assert "isbanan" not in (await here.line("borgholm")).lower()


async def in_march(here: Shown) -> None:
    """The first intrusion: begun and ended within days."""
    here.set_clock(at(3, 3))
    text = "Vi fann en säkerhetslucka i e-posten."
    await here.send(written(MARCH, "alert", "minor", "E-posten är avstängd", text, at(3, 5), DOWN))
    assert "E-post Fungerar inte sedan 3 mars kl. 09.00" in await read(here, "borgholm")
    assert "E-post Not working since 3 March at 09:00" in await read(here, "borgholm/en")
    here.set_clock(at(3, 4))
    await here.send(
        written(MARCH, "all-clear", "minor", "E-posten fungerar igen", "Inget har läckt.", at(3, 6), WORKING)
    )
    former, last = here.posts("borgholm")[-2:]
    assert former == "Ny information finns sedan torsdag 4 mars kl. 09.00. Se vårt senaste inlägg."
    assert last == "E-posten fungerar igen"
    assert "E-post Fungerar sedan 4 mars kl. 09.00" in await read(here, "borgholm")
    here.set_clock(at(3, 20))
    page = await here.page("borgholm")
    assert page.index("Så arbetar vi med covid-19") < page.index("E-posten fungerar igen")
    assert "covid" in (await here.line("borgholm")).lower()


async def on_the_24th_of_april(here: Shown) -> None:
    """It comes back: the clocks of the law run, and the newest matter is on top of the one that goes on."""
    here.set_clock(at(4, 24, 10))
    async with here.world.database as database:
        opened = await leading.open_incident(
            database, APRIL, here.world.clock.now, "anna", aware=at(4, 24, 8), earlier=MARCH
        )
    assert opened.is_new
    text = "Skyddsprogram stoppade skadlig kod. Inget tyder på skador."
    await here.send(written(APRIL, "alert", "minor", "Nytt intrång stoppat", text, at(5, 24)))

    page = await here.page("borgholm")
    assert page.index("Nytt intrång stoppat") < page.index("Så arbetar vi med covid-19")
    assert "intrång" in (await here.line("borgholm")).lower()
    assert len(here.texts(SUBSCRIBER)) == 5
    async with here.world.database as database, database.read() as connection:
        found = await incidents.read(connection, APRIL)
        assert found is not None
        running = leading.clocks(found, await incidents.reports(connection, APRIL), ZONE)
    assert {one.deadline.id: one.deadline.due for one in running if one.deadline.id in {"gdpr", "early-warning"}} == {
        "early-warning": at(4, 25, 8),
        "gdpr": at(4, 27, 8),
    }


async def an_exercise(here: Shown) -> None:
    """An exercise in between says so, stands in the way of nothing, and ends without a word."""
    here.set_clock(at(4, 25))
    more = 'exercise = true\nchannels = ["page", "facebook", "feed", "ivr"]'
    await here.send(written("Övning", "alert", "severe", "Strömmen är borta", "Vi övar.", at(4, 25, 12), more))
    assert "ÖVNING" in await here.page("borgholm")
    assert here.posts("borgholm")[-1].startswith("ÖVNING")
    assert "övning" not in (await here.line("borgholm")).lower()  # callers hear what is in earnest

    here.set_clock(at(4, 25, 13))
    now, _, before = (await here.page("borgholm")).partition("Tidigare meddelanden")
    assert ("ÖVNING" in now, "ÖVNING" in before) == (False, True)


async def three_days_later(here: Shown) -> None:
    """What was told to the authority is noted; residents get the news on pages and feeds, and no SMS."""
    here.set_clock(at(4, 26))
    async with here.world.database as database:
        said = Report(here.world.clock.now, "anna")
        await leading.note_report(database, APRIL, "gdpr", said, here.world.clock.now)
    text = "Egen personal och utomstående går genom loggar och system."
    await here.send(written(APRIL, "update", "minor", "Undersökningen fortsätter", text, at(6, 1)))
    assert len(here.texts(SUBSCRIBER)) == 5
    assert (await here.feed("borgholm"))[0] == "Undersökningen fortsätter"


async def in_may(here: Shown) -> None:
    """It is over; what has gone on since January goes on, on the page and on the line."""
    here.set_clock(at(5, 10))
    await here.send(written(APRIL, "all-clear", "minor", "Undersökningen är klar", "Inga skador.", at(5, 12)))
    here.set_clock(at(5, 10) + timedelta(days=14))
    page = await here.page("borgholm")
    assert page.index("Så arbetar vi med covid-19") < page.index("Undersökningen är klar")
    line = (await here.line("borgholm")).lower()
    assert "covid" in line
    assert "intrång" not in line
    async with here.world.database as database:
        going_on = await leading.going_on(database, here.world.clock.now)
    assert [incident.name for incident in going_on] == [LONG]  # and no notice or exercise of which the day is over


async def for_the_authority(here: Shown, directory: Path) -> None:
    """The record tells what was known and said when, what became of it, and of the earlier incident."""
    await export_one(here.world.config, APRIL, directory)
    check = await asyncio.create_subprocess_exec("sha256sum", "--check", "--strict", "manifest.sha256", cwd=directory)
    assert await check.wait() == 0
    data = json.loads((directory / "timeline.json").read_text(encoding="utf-8"))
    written_out = json.dumps(data, ensure_ascii=False)
    for words in ("Nytt intrång stoppat", "Undersökningen fortsätter", "Undersökningen är klar", MARCH, "anna"):
        assert words in written_out
    assert "covid" not in written_out.lower()
    assert SUBSCRIBER not in written_out
    assert "Nytt intrång stoppat" in (directory / "timeline.html").read_text(encoding="utf-8")
