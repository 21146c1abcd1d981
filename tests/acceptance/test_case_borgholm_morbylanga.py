"""December 2022, day by day: two municipalities without internet, and what their residents see, hear and read."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import feedparser
import pytest

from broadcaster.store import incidents
from broadcaster.store.errors import RefusedError
from tests.support import cap
from tests.support.shown import Shown, shown
from tests.support.world import resident

ZONE = ZoneInfo("Europe/Stockholm")
BORGHOLM, MORBYLANGA, LATE = resident(0), resident(1), resident(2)

MESSAGE = """+++
incident = "Dataintrång december 2022"
kind = "{kind}"
severity = "severe"
municipalities = {municipalities}
{times}
{more}
{services}
+++
# {title}

{text} Ring {{{{ municipality.name }}}} på {{{{ municipality.phone }}}} om du behöver oss.
"""


def december(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2022, 12, day, hour, minute, tzinfo=ZONE)


def written(
    kind: str,
    title: str,
    text: str,
    *,
    promise: datetime | None = None,
    now: datetime,
    for_: tuple[str, ...] = ("borgholm", "morbylanga"),
    more: str = "",
    services: dict[str, str] | None = None,
) -> str:
    times = f"expires = {(now + timedelta(hours=48)).isoformat()}"
    if promise is not None:
        times += f"\nnext_update = {promise.isoformat()}"
    board = "\n".join(f'[[services]]\nname = "{name}"\nstatus = "{how}"' for name, how in (services or {}).items())
    named = "[" + ", ".join(f'"{name}"' for name in for_) + "]"
    return MESSAGE.format(
        kind=kind, title=title, text=text, times=times, municipalities=named, more=more, services=board
    )


async def test_the_incident_from_the_evening_of_the_12th_to_its_end(tmp_path: Path) -> None:
    async with shown(tmp_path, december(12, 20, 40)) as here:
        await here.world.subscribe([BORGHOLM], "borgholm")
        await here.world.subscribe([MORBYLANGA], "morbylanga")
        await monday_evening(here)
        await tuesday_noon(here)
        await tuesday_afternoon(here)
        await wednesday(here)
        await friday(here)
        await the_week_after(here)


async def monday_evening(here: Shown) -> None:
    """The connection is cut; the first estimate is two to four days."""
    await here.send(
        written(
            "alert",
            "Våra datorsystem är avstängda",
            "Vi räknar med två till fyra dagar.",
            promise=december(13, 12),
            now=december(12, 20, 40),
            services={"Trygghetslarm": "working", "E-post": "down", "Skolplattformen": "down"},
        )
    )
    for municipality, phone, spoken in (
        ("borgholm", "0485-880 00", "noll fyra åtta fem, åtta åtta noll"),
        ("morbylanga", "0485-470 00", "noll fyra åtta fem, fyra sju noll"),
    ):
        page = await here.page(municipality)
        assert "Våra datorsystem är avstängda" in page
        assert phone in page
        assert "tisdag 13 december kl. 12.00" in page
        assert "Skolplattformen" in page
        assert await here.feed(municipality) == ["Våra datorsystem är avstängda"]
        assert here.posts(municipality) == ["Våra datorsystem är avstängda"]
        assert spoken in await here.line(municipality)
    assert ["0485-880 00" in text for text in here.texts(BORGHOLM)] == [True]
    assert ["0485-470 00" in text for text in here.texts(MORBYLANGA)] == [True]
    assert "Ny info tis 13/12 kl. 12.00" in here.texts(BORGHOLM)[0]


async def tuesday_noon(here: Shown) -> None:
    """The promised update is late, and the page says so; then it comes, also by SMS."""
    here.set_clock(december(13, 12, 10))
    assert "försenad" in await here.page("borgholm")
    await here.world.subscribe([LATE], "borgholm")

    here.set_clock(december(13, 12, 25))
    await here.send(
        written(
            "update",
            "Så fungerar kommunen i dag",
            "Biblioteken lånar ut för hand. Ring 0485-880 99 till skolan.",
            promise=december(14, 12),
            now=december(13, 12, 25),
            more="notify = true",
            services={"Skolplattformen": "limited"},
        )
    )
    page = await here.page("borgholm")
    assert "försenad" not in page
    assert page.index("Så fungerar kommunen i dag") < page.index("Våra datorsystem är avstängda")
    assert await here.feed("borgholm") == ["Så fungerar kommunen i dag", "Våra datorsystem är avstängda"]
    assert here.posts("borgholm") == [
        "Ny information finns sedan tisdag 13 december kl. 12.25. Se vårt senaste inlägg.",
        "Så fungerar kommunen i dag",
    ]
    line = await here.line("borgholm")
    assert "Så fungerar kommunen i dag" in line
    assert "Våra datorsystem är avstängda" not in line
    assert len(here.texts(BORGHOLM)) == 2
    assert len(here.texts(LATE)) == 1


async def tuesday_afternoon(here: Shown) -> None:
    """The number of the school was wrong: posts, entries, lines and pages change, and who got it is told."""
    here.set_clock(december(13, 13, 5))
    await here.send(
        written(
            "correction",
            "Så fungerar kommunen i dag",
            "Biblioteken lånar ut för hand. Skolan når du genom växeln.",
            promise=december(14, 12),
            now=december(13, 13, 5),
        )
    )
    page = await here.page("borgholm")
    assert "0485-880 99" not in page
    assert "Rättat" in page
    assert here.posts("borgholm")[1:] == ["RÄTTELSE: Så fungerar kommunen i dag"]
    assert await here.feed("borgholm") == [
        "RÄTTELSE: Så fungerar kommunen i dag",
        "Våra datorsystem är avstängda",
    ]
    assert "genom växeln" in await here.line("borgholm")
    for number in (BORGHOLM, MORBYLANGA, LATE):
        assert here.texts(number)[-1].startswith("RÄTTELSE: Så fungerar kommunen i dag")


async def wednesday(here: Shown) -> None:
    """Borgholm has news of its own; Mörbylånga's page, line and feed stay as they are."""
    here.set_clock(december(14, 11, 55))
    before = await here.feed("morbylanga")
    await here.send(
        written(
            "update",
            "Biblioteket i Borgholm har öppet som vanligt",
            "Lånekortet fungerar igen.",
            now=december(14, 11, 55),
            for_=("borgholm",),
        )
    )
    assert "Biblioteket i Borgholm har öppet som vanligt" in await here.page("borgholm")
    assert "Biblioteket i Borgholm" not in await here.page("morbylanga")
    assert await here.feed("morbylanga") == before
    assert "Så fungerar kommunen i dag" in await here.line("morbylanga")


async def friday(here: Shown) -> None:
    """All works again: who was told of the alert is told of its end, the lines are silent, the chain resolves."""
    here.set_clock(december(16, 16))
    plan = await here.send(
        written(
            "all-clear",
            "Alla system fungerar igen",
            "Tack för ditt tålamod.",
            now=december(16, 16),
            services={"Skolplattformen": "working", "E-post": "working"},
        )
    )
    for municipality in ("borgholm", "morbylanga"):
        assert "Alla system fungerar igen" in await here.page(municipality)
        assert (await here.feed(municipality))[0] == "Alla system fungerar igen"
        assert here.posts(municipality)[-1] == "Alla system fungerar igen"
        assert "system" not in await here.line(municipality)
    for number in (BORGHOLM, MORBYLANGA, LATE):
        assert "Alla system fungerar igen" in here.texts(number)[-1]

    document = await here.document(f"borgholm/cap/{plan.id}.xml")
    assert cap.problems(document) == []
    [references] = cap.said(document, "references")
    earlier = [reference.split(",")[1] for reference in references.split()]
    assert len(earlier) == 4
    in_force = feedparser.parse(await here.cap("borgholm")).entries
    assert [entry.title for entry in in_force] == ["Alla system fungerar igen"]

    async with here.world.database as database:
        found = await incidents.find(database, "Dataintrång december 2022")
    assert found is not None
    assert found.closed is not None


async def the_week_after(here: Shown) -> None:
    """Nothing is current any more, and nothing can be added to what is closed."""
    here.set_clock(december(23, 9))
    page = await here.page("borgholm")
    assert "Det finns inga aktuella meddelanden." in page
    assert "försenad" not in page
    with pytest.raises(RefusedError, match="is closed"):
        await here.send(written("update", "En sak till", "Det var allt.", now=december(23, 9)))
