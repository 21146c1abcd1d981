"""What our own feeds and phone lines show, kept in the database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from broadcaster.delivery import State
from broadcaster.store.database import Database
from broadcaster.store.submissions import Posting, Submission, submit
from broadcaster.store.surfaces import SurfaceStore
from channels.contract import Original, Parcel, Showing, Surfaces
from messages.model import Kind, Rendition, Severity
from tests.support.storing import BORGHOLM, HOUR, NOW, SECOND, execute, migrated, submission

PARCEL = Parcel(
    key="0a1b2c3d4e-1",
    target="borgholm/sv",
    rendition=Rendition("borgholm", "feed", "sv", "Telefonerna är nere", "<p>Ring 112 i nödläge.</p>"),
    message="0a1b2c3d4e",
    kind=Kind.ALERT,
    severity=Severity.SEVERE,
    issued=NOW,
    expires=NOW + HOUR,
)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += SECOND
        return self.now


@pytest.fixture
def surfaces(database: Database) -> Surfaces:
    return SurfaceStore(database, Clock())


def at(seconds: int) -> datetime:
    return NOW + timedelta(seconds=seconds)


def saying(words: str, issued: datetime = NOW) -> Parcel:
    return replace(PARCEL, rendition=replace(PARCEL.rendition, text=words), issued=issued)


async def test_what_was_put_is_shown_as_it_was_put(surfaces: Surfaces) -> None:
    await surfaces.put("feed", "borgholm/sv", "0a1b2c3d4e", PARCEL)
    [showing] = await surfaces.showing("feed", "borgholm/sv")
    assert showing == Showing("borgholm/sv", "0a1b2c3d4e", PARCEL, updated=at(1))


async def test_the_same_text_again_changes_nothing(surfaces: Surfaces) -> None:
    await surfaces.put("feed", "borgholm/sv", "0a1b2c3d4e", PARCEL)
    await surfaces.put("feed", "borgholm/sv", "0a1b2c3d4e", replace(PARCEL, key="0a1b2c3d4e-2", issued=at(60)))
    assert await surfaces.showing("feed", "borgholm/sv") == [Showing("borgholm/sv", "0a1b2c3d4e", PARCEL, at(1))]


@pytest.mark.parametrize(
    "changed",
    [
        saying("<p>Telefonerna fungerar igen.</p>"),
        replace(PARCEL, rendition=replace(PARCEL.rendition, title="Telefonerna fungerar igen")),
        replace(PARCEL, message="ffffffffff", kind=Kind.ALL_CLEAR, severity=Severity.MINOR, expires=at(7_200)),
    ],
    ids=["text", "title", "message"],
)
async def test_a_changed_one_replaces_what_was_there_and_says_when(surfaces: Surfaces, changed: Parcel) -> None:
    await surfaces.put("feed", "borgholm/sv", "0a1b2c3d4e", PARCEL)
    await surfaces.put("feed", "borgholm/sv", "0a1b2c3d4e", changed)
    assert await surfaces.showing("feed", "borgholm/sv") == [Showing("borgholm/sv", "0a1b2c3d4e", changed, at(2))]


async def test_an_emptied_slot_stays_empty_and_the_others_stay_as_they_are(surfaces: Surfaces) -> None:
    for slot in ("first", "second"):
        await surfaces.put("feed", "borgholm/sv", slot, PARCEL)
    for _ in range(2):
        await surfaces.remove("feed", "borgholm/sv", "first")
    await surfaces.remove("ivr", "borgholm/sv", "second")
    await surfaces.remove("feed", "morbylanga/sv", "second")
    assert [showing.slot for showing in await surfaces.showing("feed", "borgholm/sv")] == ["second"]


async def test_a_surface_shows_its_own_newest_first(surfaces: Surfaces) -> None:
    for slot, issued in (("b", 10), ("d", 30), ("c", 20), ("a", 20)):
        await surfaces.put("feed", "borgholm/sv", slot, saying(slot, issued=at(issued)))
    await surfaces.put("feed", "morbylanga/sv", "e", PARCEL)
    await surfaces.put("ivr", "borgholm/sv", "f", PARCEL)
    assert [showing.slot for showing in await surfaces.showing("feed", "borgholm/sv")] == ["d", "a", "c", "b"]
    assert await surfaces.showing("feed", "kalmar/sv") == []


async def test_a_surface_outlives_the_program(database: Database) -> None:
    await SurfaceStore(database, Clock()).put("ivr", "line", "sv", PARCEL)
    [showing] = await SurfaceStore(database, Clock()).showing("ivr", "line")
    assert showing.parcel.rendition.text == PARCEL.rendition.text


SWEDISH = Rendition("borgholm", "feed", "sv", "Telefonerna är nere", "<p>Ring 112.</p>")
ENGLISH = Rendition("borgholm", "feed", "en", "The phones are down", "<p>Call 112.</p>")
NEIGHBOURS = Rendition("morbylanga", "feed", "sv", "Telefonerna är nere", "<p>Ring 112.</p>")


def stored(id_: str, *, exercise: bool = False) -> Submission:
    """A message whose feed entries and SMS are planned."""
    front = 'incident = "a"\nkind = "alert"\nseverity = "minor"\nmunicipalities = ["borgholm"]\n'
    postings = [Posting(text, "feeds", f"{text.municipality}/{text.language}") for text in (SWEDISH, NEIGHBOURS)]
    return replace(
        submission(id_, renditions=[SWEDISH, ENGLISH, NEIGHBOURS, BORGHOLM], postings=postings),
        source=f"+++\n{front}{'exercise = true' if exercise else ''}\n+++\n# exercise\n",
    )


async def test_a_message_is_known_as_it_was_written_in_all_languages(database: Database) -> None:
    surfaces = SurfaceStore(database, Clock())
    await submit(database, stored("0a1b2c3d4e"), "test")
    await submit(database, stored("1a1b2c3d4e", exercise=True), "test")
    found = await surfaces.originals("feed", "borgholm", ["0a1b2c3d4e", "1a1b2c3d4e", "ffffffffff"])
    assert found == {
        "0a1b2c3d4e": Original(exercise=False, renditions=(SWEDISH, ENGLISH)),
        "1a1b2c3d4e": Original(exercise=True, renditions=(SWEDISH, ENGLISH)),
    }
    assert await surfaces.originals("feed", "borgholm", []) == {}
    assert await surfaces.originals("ivr", "borgholm", ["0a1b2c3d4e"]) == {}


@pytest.mark.parametrize("state", State)
async def test_a_message_stands_once_its_delivery_is_done(state: State, database: Database) -> None:
    surfaces = SurfaceStore(database, Clock())
    await submit(database, stored("0a1b2c3d4e"), "test")
    await execute(database, "UPDATE deliveries SET state = :state WHERE target = 'borgholm/sv'", state=state.value)
    done = state in {State.ACCEPTED, State.DELIVERED}
    assert await surfaces.stands("feed", "borgholm/sv", "0a1b2c3d4e") is done
    assert not await surfaces.stands("feed", "morbylanga/sv", "0a1b2c3d4e")
    assert not await surfaces.stands("websub", "borgholm/sv", "0a1b2c3d4e")
    assert not await surfaces.stands("feed", "borgholm/sv", "1a1b2c3d4e")


async def test_incident_and_next_update_are_kept(surfaces: Surfaces) -> None:
    parcel = replace(PARCEL, incident="Dataintrång", next_update=at(600))
    await surfaces.put("feed", "borgholm/sv", "0a1b2c3d4e", parcel)
    [showing] = await surfaces.showing("feed", "borgholm/sv")
    assert showing.parcel == parcel


async def test_what_was_shown_before_there_were_pages_gets_its_incident_from_its_message(database_url: str) -> None:
    async with Database(database_url) as database:
        async with database.write() as connection:
            await connection.run_sync(migrated, "0003")
        await execute(
            database,
            "INSERT INTO messages (id, content_hash, incident, kind, severity, headline, source, issued, next_update,"
            " expires) VALUES ('0a1b2c3d4e', 'h', 'Dataintrång', 'alert', 'severe', 'h', 's', 1000, 5000, 9000)",
        )
        await execute(
            database,
            "INSERT INTO surfaces (channel, surface, slot, key, message, kind, severity, municipality, language, title,"
            " text, issued, expires, updated) VALUES ('feed', 'borgholm/sv', '0a1b2c3d4e', 'k', '0a1b2c3d4e', 'alert',"
            " 'severe', 'borgholm', 'sv', 't', 'x', 1000, 9000, 1000)",
        )
        await database.upgrade()
        [showing] = await SurfaceStore(database, Clock()).showing("feed", "borgholm/sv")
    assert showing.parcel.incident == "Dataintrång"
    assert showing.parcel.next_update == datetime.fromtimestamp(5, UTC)
