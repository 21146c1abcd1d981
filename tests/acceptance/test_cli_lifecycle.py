"""``new --from``, ``update``, ``correct``, ``all-clear`` and ``retract`` as they are typed."""

import pytest

from tests.support.desk import Desk
from tests.support.world import resident

THREE = [resident(0), resident(1), resident(2)]


async def sent(desk: Desk) -> str:
    """Send the desk's message; returns its id."""
    await desk.subscribe(THREE)
    desk.message("alert.md")
    return str((await desk.run("send", "--yes", "--json", "alert.md")).data["message"])


def bodies(desk: Desk, words: str) -> list[str]:
    return sorted(text.to for text in desk.sandbox.texts if words in text.body)


async def test_a_correction_takes_two_commands(desk: Desk) -> None:
    alert = await sent(desk)

    begun = await desk.run("new", "--from", alert[:5], "--kind", "correction", "-o", "fix.md")
    assert begun.code == 0, begun.err
    file = desk.folder / "fix.md"
    text = file.read_text(encoding="utf-8")
    assert f'follows = "{alert}"' in text
    assert 'kind = "correction"' in text
    file.write_text(text.replace("Ring {{", "Mejla inte, ring {{"), encoding="utf-8")
    fixed = await desk.run("correct", alert, "fix.md", "--yes")

    assert fixed.code == 0, fixed.out + fixed.err
    assert bodies(desk, "RÄTTELSE: Våra system är avstängda") == THREE
    assert all(post.message.startswith(("RÄTTELSE", "CORRECTION")) for post in desk.sandbox.posts)
    again = await desk.run("correct", alert, "fix.md", "--yes")
    assert "was sent before" in again.out
    assert len(bodies(desk, "RÄTTELSE")) == 3


async def test_the_command_counts_and_not_the_kind_that_the_file_names(desk: Desk) -> None:
    alert = await sent(desk)
    updated = await desk.run("update", alert, "alert.md", "--yes")
    assert updated.code == 0, updated.out + updated.err
    assert "Residents get no SMS" in updated.out
    assert len(bodies(desk, "Våra system")) == 3
    assert len(desk.sandbox.posts) == 8


async def test_an_all_clear_without_a_file_is_shown_before_it_is_asked_for(desk: Desk) -> None:
    alert = await sent(desk)
    looked = await desk.run("all-clear", alert, "--dry-run")
    assert "Avslutat: Våra system är avstängda" in looked.out
    assert len(desk.sandbox.texts) == 3

    ended = await desk.run("all-clear", alert, "--yes")
    assert ended.code == 0, ended.out + ended.err
    assert bodies(desk, "Avslutat: Våra system") == THREE
    late = await desk.run("update", alert, "alert.md", "--yes")
    assert late.code == 2
    assert "is closed" in late.err
    assert "incident open" in late.err


async def test_an_all_clear_after_an_update_names_the_incident_and_asks_what_still_does_not_work(desk: Desk) -> None:
    alert = await sent(desk)
    down = ("services", "set", "E-post", "down", "--new", "--yes", "-m", "borgholm")
    assert (await desk.run(*down)).code == 0
    desk.message("update.md", "Våra system är avstängda", "Det tar längre tid än vi trodde")
    update = (await desk.run("update", alert, "update.md", "--yes", "--json")).data["message"]

    looked = await desk.run("all-clear", update, "--dry-run")
    assert "note: the board still says: E-post (borgholm) down" in looked.out
    refused = await desk.run("all-clear", update, "--yes")
    assert refused.code == 2
    assert "the board still says: E-post (borgholm) down" in refused.err
    assert "--services work" in refused.err

    async with desk.terminal("all-clear", update) as terminal:
        await terminal.until("Does E-post (borgholm) work again? [y/N]")
        terminal.type("n\n")
        shown = await terminal.until("Send it to the sandbox? [y/N]")
        assert "Avslutat: Våra system är avstängda" in shown
        assert "Fungerar inte än: E-post (Borgholms kommun)." in shown
        assert "längre tid" not in shown
        terminal.type("n\n")
        assert await terminal.end() == 1

    ended = await desk.run("all-clear", update, "--yes", "--services", "work")
    assert ended.code == 0, ended.out + ended.err
    assert bodies(desk, "Borgholms kommun: Avslutat: Våra system är avstängda. Händelsen är över. Frågor?") == THREE
    board = await desk.run("services", "list", "--json")
    assert [(one["name"], one["status"]) for one in board.data["services"]] == [("E-post", "working")]
    again = await desk.run("all-clear", update, "--yes")
    assert "was sent before" in again.out
    assert len(bodies(desk, "Avslutat")) == 3


async def test_a_written_all_clear_is_asked_of_services_that_it_says_nothing_of(desk: Desk) -> None:
    alert = await sent(desk)
    for municipality in ("borgholm", "morbylanga"):
        await desk.run("services", "set", "E-post", "limited", "--new", "--yes", "-m", municipality)
    begun = await desk.run("new", "--from", alert, "--kind", "all-clear")
    assert "Fungerar delvis: E-post." in begun.out
    file = desk.write("over.md", begun.out)
    assert (await desk.run("all-clear", alert, file, "--yes")).code == 2
    assert (await desk.run("send", file, "--yes")).code == 2
    assert "--services" in (await desk.run("send", file, "--at", "tomorrow 12:00", "--yes")).err
    assert "--services" in (await desk.run("all-clear", alert, file, "--dry-run")).out
    sent_ = await desk.run("all-clear", alert, file, "--yes", "--services", "still-down")
    assert sent_.code == 0, sent_.out + sent_.err
    board = await desk.run("services", "list", "--json")
    assert {one["status"] for one in board.data["services"]} == {"limited"}


async def test_a_retraction_says_what_it_takes_away_and_what_it_cannot(desk: Desk) -> None:
    alert = await sent(desk)
    looked = await desk.run("retract", alert, "--dry-run")
    assert "16 places" in looked.out
    assert "3 residents have got it by SMS" in looked.out
    assert not any(post.withdrawn for post in desk.sandbox.posts)

    gone = await desk.run("retract", alert, "--yes")
    assert gone.code == 0, gone.out + gone.err
    assert f"broadcaster new --from {alert} --kind correction" in gone.out
    assert all(post.withdrawn for post in desk.sandbox.posts)
    assert len(desk.sandbox.texts) == 3
    again = await desk.run("retract", alert, "--yes")
    assert again.code == 2
    assert "taken back already" in again.err


async def test_a_file_of_another_incident_is_refused_with_its_line(desk: Desk) -> None:
    alert = await sent(desk)
    text = (desk.folder / "alert.md").read_text(encoding="utf-8")
    (desk.folder / "other.md").write_text(text.replace('"Dataintrång"', '"Ström"'), encoding="utf-8")
    refused = await desk.run("update", alert, "other.md", "--yes")
    assert refused.code == 2
    assert "other.md:2" in refused.err
    assert "belongs to the incident 'Dataintrång'" in refused.err


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        (("fire", "--kind", "update"), "name that one with --from"),
        (("fire", "--from", "0a1b"), "not from both"),
        (("--from", "0a1b", "-m", "borgholm"), "leave -m out"),
    ],
)
async def test_a_message_starts_from_one_thing_and_no_option_is_passed_over(
    desk: Desk, typed: tuple[str, ...], why: str
) -> None:
    ran = await desk.run("new", *typed)
    assert (ran.code, ran.out) == (2, "")
    assert why in ran.err


async def test_an_update_of_nothing_is_refused_in_the_preview_too(desk: Desk) -> None:
    desk.message("alert.md")
    text = (desk.folder / "alert.md").read_text(encoding="utf-8")
    (desk.folder / "update.md").write_text(text.replace('"alert"', '"update"'), encoding="utf-8")
    await desk.subscribe(THREE)
    seen = await desk.run("preview", "update.md")
    assert seen.code == 2
    assert "It would not be sent now" in seen.err
    assert "Våra system är avstängda" in seen.out


async def test_what_follows_needs_no_id_where_one_incident_goes_on(desk: Desk) -> None:
    alert = await sent(desk)
    desk.message("update.md", "Våra system är avstängda", "Det tar längre tid")
    looked = await desk.run("update", "update.md", "--dry-run")
    assert f"The update is of {alert}, Dataintrång: Våra system är avstängda" in looked.out
    updated = await desk.run("update", "update.md", "--yes", "--json")
    assert updated.code == 0, updated.err
    posts = len(desk.sandbox.posts)
    again = await desk.run("update", "update.md", "--yes")
    assert "was sent before" in again.out
    assert len(desk.sandbox.posts) == posts

    async with desk.terminal("retract") as terminal:
        shown = await terminal.until("Take it back? [y/N]")
        assert updated.data["message"] in shown
        terminal.type("n\n")
        assert await terminal.end() == 1
    assert "name the message" in (await desk.run("retract", "--yes")).err
    ended = await desk.run("all-clear", "--yes")
    assert ended.code == 0, ended.out + ended.err
    assert "Dataintrång" in ended.out
    late = await desk.run("update", "update.md", "--yes")
    assert late.code == 2
    assert "no incident goes on" in late.err


async def test_where_several_incidents_go_on_they_are_listed(desk: Desk) -> None:
    alert = await sent(desk)
    desk.message("water.md", 'incident = "Dataintrång"', 'incident = "Vattenläcka"')
    water = str((await desk.run("send", "water.md", "--yes", "--json")).data["message"])
    refused = await desk.run("all-clear", "--dry-run")
    assert refused.code == 2
    for said in ("2 incidents go on", f"{alert} (Dataintrång", f"{water} (Vattenläcka"):
        assert said in refused.err
    desk.message("update.md", 'incident = "Dataintrång"', 'incident = "Vattenläcka"')
    looked = await desk.run("update", "update.md", "--dry-run")
    assert f"The update is of {water}, Vattenläcka" in looked.out
    by_name = await desk.run("all-clear", "Vattenläcka", "--dry-run")
    assert (by_name.code, "Incident 'Vattenläcka'" in by_name.out) == (0, True)
    assert "there is no message Vattenlarm" in (await desk.run("all-clear", "Vattenlarm")).err
    nothing = await desk.run("update")
    assert (nothing.code, "name the file" in nothing.err) == (2, True)


async def test_what_follows_is_of_what_the_same_municipality_said_last(desk: Desk) -> None:
    alert = await sent(desk)
    both, text = '["borgholm", "morbylanga"]', (desk.folder / "alert.md").read_text(encoding="utf-8")
    desk.write("theirs.md", text.replace(both, '["morbylanga"]').replace("avstängda", "långsamma"))
    desk.write("ours.md", text.replace(both, '["borgholm"]').replace("avstängda", "på väg tillbaka"))
    theirs = await desk.run("update", "theirs.md", "--yes")
    assert theirs.code == 0, theirs.err

    ours = await desk.run("update", "ours.md", "--yes")

    assert ours.code == 0, ours.err
    assert f"The update is of {alert}, Dataintrång" in ours.out


async def test_municipalities_are_called_what_people_call_them(desk: Desk) -> None:
    desk.message("alert.md", '["borgholm", "morbylanga"]', "[\n  \"Borgholms kommun\", # vi\n  'MÖRBYLÅNGA',\n]")
    looked = await desk.run("send", "alert.md", "--dry-run", "--json")
    assert looked.code == 0, looked.err
    by_id = await desk.run("new", "it-incident", "-m", "Mörbylånga")
    assert 'municipalities = ["morbylanga"]' in by_id.out
    listed = await desk.run("subscribers", "list", "-m", "borgholms kommun")
    assert listed.code == 0
    unknown = await desk.run("new", "it-incident", "-m", "Kalmar")
    assert "There are: borgholm, morbylanga" in unknown.err
