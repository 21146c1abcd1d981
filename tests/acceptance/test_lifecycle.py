"""An incident over all channels: what every page, phone, feed and line shows after each kind of message."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from broadcaster.delivery import State
from broadcaster.plan import Plan, prepare
from broadcaster.store import incidents, reports, retractions
from broadcaster.store.errors import RefusedError
from broadcaster.store.reports import Progress
from channels.sandbox import Behaviour, Fault
from channels.sandbox.records import Post
from tests.support.world import World, resident, world

FILE = """+++
incident = "{incident}"
kind = "{kind}"
severity = "severe"
municipalities = ["borgholm"]
expires = {expires}
{more}
+++
# {title}

{text}
"""
PAGE = "100000000000001"
LINE = "+46846500400"
THREE = [resident(place) for place in range(3)]


def written(here: World, kind: str, title: str, more: str = "") -> str:
    expires = (here.clock.now + timedelta(hours=6)).replace(microsecond=0).isoformat()
    return FILE.format(incident="Dataintrång", kind=kind, title=title, more=more, expires=expires, text="Ring oss.")


def message(here: World, kind: str, title: str, more: str = "") -> Plan:
    return prepare(written(here, kind, title, more).encode(), "message.md", here.config, here.clock.now)


async def say(here: World, kind: str, title: str, more: str = "", *, patience: float = 20) -> Plan:
    here.clock.move(timedelta(minutes=1))
    plan = message(here, kind, title, more)
    await here.send(plan, patience=patience)
    return plan


async def take_back(here: World, plan: Plan) -> retractions.Retraction:
    async with here.database as database:
        found = await retractions.retract(database, plan.id, plan.message.incident, here.clock.now, "test")
    await here.finish(plan.id)
    return found


def posts(here: World) -> list[Post]:
    return [post for post in here.sandbox.posts if post.page == PAGE and not post.withdrawn]


def got(here: World, title: str) -> list[str]:
    """The phones that got an SMS with these words, as often as they did."""
    return sorted(text.to for text in here.sandbox.texts if title in text.body)


async def heard(here: World) -> str:
    """What a caller is told."""
    async with here.running() as broadcaster:
        shown = await broadcaster.surfaces.showing("ivr", LINE)
    return " ".join(one.parcel.rendition.text for one in shown if one.parcel.rendition.language == "sv")


async def entries(here: World) -> list[str]:
    async with here.running() as broadcaster:
        return [one.parcel.rendition.title for one in await broadcaster.surfaces.showing("feed", "borgholm/sv")]


async def of(here: World, plan: Plan, channel: str) -> Counter[State]:
    async with here.database as database:
        return states(await reports.progress(database, plan.id), channel)


def states(progress: Progress, channel: str) -> Counter[State]:
    found: Counter[State] = Counter()
    for tally in progress.tallies:
        if tally.channel == channel:
            found[tally.state] += tally.count
    return found


@pytest.fixture
async def here(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    async with world(tmp_path, database_url) as found:
        await found.subscribe(THREE)
        yield found


async def test_an_update_is_a_new_post_and_the_former_one_says_so_on_its_first_line(here: World) -> None:
    await say(here, "alert", "Allt är nere")
    await say(here, "update", "Telefonerna fungerar")

    former, newer = posts(here)
    assert former.message.startswith("Ny information finns")
    assert "Allt är nere" in former.message.partition("\n\n")[2]
    assert newer.message.startswith("Telefonerna fungerar")
    assert await entries(here) == ["Telefonerna fungerar", "Allt är nere"]
    assert "elefonerna fungerar" in await heard(here)
    assert got(here, "Telefonerna fungerar") == []


async def test_an_update_reaches_the_same_audience_by_sms_only_if_it_says_so(here: World) -> None:
    await say(here, "alert", "Allt är nere")
    await say(here, "update", "Telefonerna fungerar", "notify = true")
    assert got(here, "Telefonerna fungerar") == THREE


async def test_a_correction_changes_the_post_and_the_entry_and_reaches_those_who_got_the_wrong_text(
    here: World,
) -> None:
    here.sandbox.behave("twilio", Behaviour(Fault.REFUSE, to=resident(1), code=21614))
    await say(here, "alert", "Ring 0485")
    here.sandbox.behave("twilio")
    await here.subscribe([resident(7)])
    await say(here, "correction", "Ring 0486")

    [post] = posts(here)
    assert post.message.startswith("RÄTTELSE: Ring 0486")
    assert await entries(here) == ["RÄTTELSE: Ring 0486"]
    assert "Ring 0486" in await heard(here)
    assert got(here, "Ring 0486") == [resident(0), resident(2)]


async def test_those_whose_turn_had_not_come_get_the_right_text_in_place_of_the_wrong_one(here: World) -> None:
    here.sandbox.behave("twilio", Behaviour(Fault.UNAUTHORISED))
    wrong = await say(here, "alert", "Ring 0485")
    here.sandbox.behave("twilio")
    await say(here, "correction", "Ring 0486")

    assert got(here, "Ring 0485") == []
    assert got(here, "Ring 0486") == THREE
    assert await of(here, wrong, "sms") == {State.CANCELLED: 3}


async def test_an_all_clear_reaches_all_who_were_sent_the_alert_and_silences_the_line_and_closes_the_incident(
    here: World,
) -> None:
    await say(here, "alert", "Allt är nere")
    await here.subscribe([resident(7)])
    await say(here, "all-clear", "Allt fungerar")

    assert got(here, "Allt fungerar") == THREE
    assert await heard(here) == ""
    (former, last) = posts(here)
    assert former.message.startswith("Ny information finns sedan ")
    assert last.message.startswith("Allt fungerar")
    async with here.database as database:
        found = await incidents.find(database, "Dataintrång")
    assert found is not None
    assert found.closed is not None
    with pytest.raises(RefusedError, match=r"is closed.*incident open"):
        await say(here, "update", "Nu då")


async def test_an_all_clear_stops_the_alert_that_is_still_going_out(here: World) -> None:
    here.sandbox.behave("twilio", Behaviour(Fault.UNAUTHORISED, to=resident(2)))
    alert = await say(here, "alert", "Allt är nere")
    reached = got(here, "Allt är nere")
    assert reached != THREE
    here.sandbox.behave("twilio")
    await say(here, "all-clear", "Allt fungerar")

    assert got(here, "Allt är nere") == reached
    assert got(here, "Allt fungerar") == reached
    assert (await of(here, alert, "sms"))[State.CANCELLED] == 3 - len(reached)


async def test_a_retracted_message_is_gone_from_pages_feeds_and_lines_and_a_correction_is_offered_not_sent(
    here: World,
) -> None:
    alert = await say(here, "alert", "Allt är nere")
    found = await take_back(here, alert)

    assert (found.reached, found.stopped) == (retractions.Reached(3, 0, 0), 0)
    assert posts(here) == []
    assert [title for title in await entries(here) if "Allt är nere" in title and "drag" not in title.lower()] == []
    assert await heard(here) == ""
    assert len(here.sandbox.texts) == 3
    with pytest.raises(RefusedError, match="taken back already"):
        await take_back(here, alert)

    await say(here, "correction", "Det var fel", f'follows = "{alert.id}"')
    assert got(here, "Det var fel") == THREE
    assert [post.message.splitlines()[0] for post in posts(here)] == ["RÄTTELSE: Det var fel"]


async def test_what_was_wrong_stands_in_no_language_after_a_correction_that_speaks_fewer(here: World) -> None:
    english = "\n## @en\n# Call 0485\n\nCall us.\n"
    here.clock.move(timedelta(minutes=1))
    wrong = prepare((written(here, "alert", "Ring 0485") + english).encode(), "", here.config, here.clock.now)
    await here.send(wrong)
    assert len(posts(here)) == 2
    await say(here, "correction", "Ring 0486")
    assert [post.message.splitlines()[0] for post in posts(here)] == ["RÄTTELSE: Ring 0486"]
    async with here.running() as broadcaster:
        spoken = [one.parcel.rendition.language for one in await broadcaster.surfaces.showing("ivr", LINE)]
    assert spoken == ["sv"]


async def test_nothing_outdated_stands_in_a_language_that_an_update_does_not_speak(here: World) -> None:
    english = "\n## @en\n# All is down\n\nCall us.\n"
    here.clock.move(timedelta(minutes=1))
    alert = prepare((written(here, "alert", "Allt är nere") + english).encode(), "", here.config, here.clock.now)
    await here.send(alert)
    await say(here, "update", "Telefonerna fungerar")
    async with here.running() as broadcaster:
        spoken = [one.parcel.rendition.language for one in await broadcaster.surfaces.showing("ivr", LINE)]
    assert spoken == ["sv"]
    assert [post.message.split(",")[0].split(" sedan")[0] for post in posts(here)] == [
        "Ny information finns",
        "There is newer information",
        "Telefonerna fungerar\n\nRing oss.",
    ]


async def test_after_the_retraction_of_an_update_the_former_post_is_as_it_was(here: World) -> None:
    await say(here, "alert", "Allt är nere")
    before = posts(here)[0].message
    update = await say(here, "update", "Telefonerna fungerar")
    assert posts(here)[0].message != before
    await take_back(here, update)
    assert [post.message for post in posts(here)] == [before]


async def test_a_correction_is_retracted_with_what_it_corrects(here: World) -> None:
    alert = await say(here, "alert", "Ring 0485")
    correction = await say(here, "correction", "Ring 0486")
    found = await take_back(here, correction)
    assert [said.id for said in found.versions] == [alert.id, correction.id]
    assert posts(here) == []
    assert await heard(here) == ""


async def test_an_update_does_not_wait_for_a_doubt_and_the_doubtful_post_never_comes_after_it(here: World) -> None:
    here.sandbox.behave("facebook", Behaviour(Fault.RESET, times=1))
    alert = await say(here, "alert", "Allt är nere", patience=0.5)
    assert (await of(here, alert, "facebook"))[State.IN_DOUBT] == 1
    update = await say(here, "update", "Telefonerna fungerar", patience=3)
    assert [post.message.splitlines()[0] for post in posts(here)] == ["Telefonerna fungerar"]

    here.clock.move(timedelta(minutes=2))  # now the provider is asked, and has no trace of the alert
    await here.finish(alert.id)
    await here.finish(update.id)
    assert await of(here, alert, "facebook") == {State.CANCELLED: 1}
    assert [post.message.splitlines()[0] for post in posts(here)] == ["Telefonerna fungerar"]


async def test_a_page_that_was_out_of_reach_gets_only_the_newest_word(here: World) -> None:
    here.sandbox.behave("facebook", Behaviour(Fault.UNAUTHORISED))
    alert = await say(here, "alert", "Allt är nere")
    here.sandbox.behave("facebook")
    await say(here, "update", "Telefonerna fungerar")
    assert [post.message.splitlines()[0] for post in posts(here)] == ["Telefonerna fungerar"]
    assert await of(here, alert, "facebook") == {State.CANCELLED: 1}


async def test_the_text_of_an_update_never_overtakes_that_of_the_alert(here: World) -> None:
    here.sandbox.behave("twilio", Behaviour(Fault.THROTTLE, to=resident(1), times=1, retry_after=2))
    here.clock.move(timedelta(minutes=1))
    alert, update = message(here, "alert", "Allt är nere"), message(here, "update", "Nytt", "notify = true")
    await asyncio.gather(here.send(alert), here.after(alert, update))
    bodies = [text.body for text in here.sandbox.texts if text.to == resident(1)]
    assert ["Allt är nere" in body for body in bodies] == [True, False]


async def test_of_two_corrections_at_once_one_is_sent_and_the_other_told_which(here: World) -> None:
    alert = await say(here, "alert", "Ring 0485")
    first, second = (message(here, "correction", f"Ring 048{n}", f'follows = "{alert.id}"') for n in (6, 7))
    found = await asyncio.gather(here.send(first), here.send(second), return_exceptions=True)
    refused = [error for error in found if isinstance(error, RefusedError)]
    assert len(refused) == 1
    assert f"{alert.id} was corrected already" in str(refused[0])
    assert len(posts(here)) == 1


@pytest.mark.parametrize(
    ("kind", "more", "said"),
    [
        ("update", "", "Nothing has been said in the incident 'Dataintrång'"),
        ("correction", "", "Nothing has been sent in the incident 'Dataintrång'"),
        ("correction", 'follows = "0123456789"', "No message 0123456789 was sent in the incident 'Dataintrång'"),
        ("all-clear", "", "Nothing has been said in the incident 'Dataintrång'"),
        ("alert", 'follows = "0123456789"', "An alert follows nothing"),
    ],
)
async def test_what_follows_nothing_is_refused_and_nothing_is_written(
    here: World, kind: str, more: str, said: str
) -> None:
    with pytest.raises(RefusedError, match=said):
        await say(here, kind, "Nytt", more)
    async with here.database as database:
        assert await reports.recent(database) == []


async def test_an_update_of_a_message_that_was_updated_since_is_refused_with_the_newer_one(here: World) -> None:
    alert = await say(here, "alert", "Allt är nere")
    update = await say(here, "update", "Telefonerna fungerar")
    with pytest.raises(RefusedError, match=f"{alert.id} was followed by {update.id}.*broadcaster update {update.id}"):
        await say(here, "update", "Mejlen fungerar", f'follows = "{alert.id}"')
    assert len(posts(here)) == 2
