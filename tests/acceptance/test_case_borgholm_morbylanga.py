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

ALL = ("borgholm", "morbylanga", "energi")
INBOUND = "+46701740698"

COMPANY = """[municipalities.energi]
name = "Borgholm Energi"
part_of = "borgholm"
phone = "0485-883 00"
web = "https://www.borgholmenergi.se"
languages = ["sv"]
channels = { page = "pages" }

[municipalities.morbylanga]
name ="""

WHAT_HAPPENED = (
    "stora mängder data",
    "polisanmält",
    "Vi vet inte vem",
    "två till fyra dagar",
    "Vi informerar löpande",
)
"""What residents of both are told until it is over, below what was said since."""

BOARD = """
[[services]]
name = "Webbplatsen"
status = "down"
municipalities = ["morbylanga"]

[[services]]
name = "Telefonväxeln"
status = "limited"
note = "Längre väntetid än vanligt"
municipalities = ["borgholm", "morbylanga"]

[[services]]
name = "Telefon"
status = "limited"
note = "Svarar, men färre kan ringa samtidigt"
municipalities = ["energi"]

[[services]]
name = "E-post"
status = "down"

[[services]]
name = "Skolplattformen"
status = "down"
municipalities = ["borgholm", "morbylanga"]

[[services]]
name = "Orosanmälan"
status = "working"
note = "Ring växeln"
municipalities = ["borgholm", "morbylanga"]

[[services]]
name = "Hemtjänst"
status = "working"
note = "Digitala lås öppnas på annat sätt"
municipalities = ["borgholm", "morbylanga"]

[[services]]
name = "Journaler"
status = "limited"
note = "Nås genom regionen"
municipalities = ["borgholm", "morbylanga"]

[[services]]
name = "Trygghetslarm"
status = "working"
municipalities = ["borgholm", "morbylanga"]

[[services]]
name = "Bibliotek"
status = "limited"
note = "Lån för hand. Meröppet är stängt. Logga inte in på personliga sidor"
municipalities = ["borgholm", "morbylanga"]
"""

EVERYWHERE = (
    "Längre väntetid än vanligt",
    "E-post",
    "Skolplattformen",
    "Orosanmälan",
    "Ring växeln",
    "Digitala lås öppnas på annat sätt",
    "Nås genom regionen",
    "Trygghetslarm",
    "Lån för hand. Meröppet är stängt. Logga inte in på personliga sidor",
)
"""What the board says on both pages, at every hour."""

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
    async with shown(tmp_path, december(12, 20, 40), {"[municipalities.morbylanga]\nname =": COMPANY}) as here:
        await here.world.subscribe([BORGHOLM], "borgholm")
        await here.world.subscribe([MORBYLANGA], "morbylanga")
        await monday_evening(here)
        await tuesday_noon(here)
        await tuesday_afternoon(here)
        await wednesday(here)
        await thursday_night(here)
        await friday(here)
        await the_week_after(here)


async def monday_evening(here: Shown) -> None:
    """The connection is cut; the first estimate is two to four days."""
    await here.send(
        written(
            "alert",
            "Våra datorsystem är avstängda",
            "Klockan 20 såg vi att stora mängder data kopierades, och vi stängde av internet. Vi vet inte vem som "
            "gjorde det. Det är polisanmält. Vi räknar med två till fyra dagar. Vi informerar löpande på "
            "{{ municipality.page }}.",
            promise=december(13, 12),
            now=december(12, 20, 40),
            for_=ALL,
            more=BOARD,
        )
    )
    await every_fact(here)
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


async def every_fact(here: Shown) -> None:
    """What residents need stands on each page, and nothing leads to the site that is down."""
    pages = {name: await here.page(name) for name in ("borgholm", "morbylanga")}
    for page in pages.values():
        for fact in (*WHAT_HAPPENED, *EVERYWHERE):
            assert fact in page, fact
    assert "Borgholm Energi" in pages["borgholm"]
    assert "färre kan ringa samtidigt" in pages["borgholm"]
    assert "www.borgholm.se" in pages["borgholm"]
    assert "Energi" not in pages["morbylanga"]
    assert "www.morbylanga.se" not in pages["morbylanga"]
    told = [*here.texts(MORBYLANGA), *(post.message for post in here.world.sandbox.posts)]
    assert not [text for text in told if "www.morbylanga.se" in text]


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
            for_=ALL,
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
            for_=ALL,
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


async def thursday_night(here: Shown) -> None:
    """A fire on top of silence: the worst comes first, the facts still stand, and nothing sounds like an end."""
    here.set_clock(december(15, 22))
    fire = written("alert", "Brand: gå inomhus", "Röken är farlig.", now=december(15, 22), for_=("borgholm",))
    await here.send(fire.replace("Dataintrång december 2022", "Brand i Köpingsvik").replace('"severe"', '"extreme"'))
    await every_fact(here)
    page, line = await here.page("borgholm"), await here.line("borgholm")
    for told in (page, line):
        assert told.index("Brand: gå inomhus") < told.index("Biblioteket i Borgholm har öppet som vanligt")
    for told in (await here.page("morbylanga"), await here.line("morbylanga")):
        assert "Händelsen är inte avslutad. Vårt senaste besked är från tisdag" in told
        assert "Brand" not in told
    answers = {number: await here.calls.text(INBOUND, "STATUS", sender=number) for number in (BORGHOLM, MORBYLANGA)}
    assert answers == {
        BORGHOLM: "Brand: gå inomhus. Biblioteket i Borgholm har öppet som vanligt.",
        MORBYLANGA: "RÄTTELSE: Så fungerar kommunen i dag. Inte avslutat. Senaste beskedet kom 13 december kl. 13.05.",
    }


async def friday(here: Shown) -> None:
    """All works again: who was told of the alert is told of its end, the lines are silent, the chain resolves."""
    here.set_clock(december(16, 16))
    plan = await here.send(
        written(
            "all-clear",
            "Alla system fungerar igen",
            "Tack för ditt tålamod.",
            now=december(16, 16),
            for_=ALL,
            services={"Skolplattformen": "working", "E-post": "working"},
        )
    )
    for municipality in ("borgholm", "morbylanga"):
        assert "Alla system fungerar igen" in await here.page(municipality)
        assert (await here.feed(municipality))[0] == "Alla system fungerar igen"
        assert here.posts(municipality)[-1] == "Alla system fungerar igen"
        assert "system" not in await here.line(municipality)
        assert ("Brand: gå inomhus" in await here.line(municipality)) is (municipality == "borgholm")
    for number in (BORGHOLM, MORBYLANGA, LATE):
        assert "Alla system fungerar igen" in here.texts(number)[-1]

    document = await here.document(f"borgholm/cap/{plan.id}.xml")
    assert cap.problems(document) == []
    [references] = cap.said(document, "references")
    earlier = [reference.split(",")[1] for reference in references.split()]
    assert len(earlier) == 4
    in_force = feedparser.parse(await here.cap("borgholm")).entries
    assert [entry.title for entry in in_force] == ["Alla system fungerar igen", "Brand: gå inomhus"]  # the fire goes on

    async with here.world.database as database:
        found = await incidents.find(database, "Dataintrång december 2022")
    assert found is not None
    assert found.closed is not None


async def the_week_after(here: Shown) -> None:
    """Nothing is current any more, and nothing can be added to what is closed."""
    here.set_clock(december(23, 9))
    page = await here.page("borgholm")
    assert "Alla system fungerar igen" not in page[: page.index("Tidigare")]
    assert "Händelsen är inte avslutad. Vårt senaste besked är från torsdag 15 december kl. 22.00." in page  # the fire
    assert "försenad" not in page
    assert "Det finns inga aktuella meddelanden." in await here.page("morbylanga")
    with pytest.raises(RefusedError, match="is closed"):
        await here.send(written("update", "En sak till", "Det var allt.", now=december(23, 9)))
