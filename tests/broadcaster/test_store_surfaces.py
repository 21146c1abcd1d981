"""What our own feeds and phone lines show, kept in the database."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from broadcaster.store.database import Database
from broadcaster.store.surfaces import SurfaceStore
from channels.contract import Parcel, Showing, Surfaces
from messages.model import Kind, Rendition, Severity
from tests.support.storing import HOUR, NOW, SECOND

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
