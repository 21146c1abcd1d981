"""What is wrong with a message ends in one clear error with its place and what to do, and nothing is sent."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from broadcaster.store.sqlite_driver import sqlite3
from tests.support.desk import Desk, message
from tests.support.warm import Ran


def nothing_happened(desk: Desk) -> bool:
    """Whether no provider was asked for anything, and nothing was planned."""
    with sqlite3.connect(desk.folder / "broadcaster.db") as database:
        (planned,) = database.execute("SELECT count(*) FROM messages").fetchone()
    database.close()
    return not desk.sandbox.requests and planned == 0


def refused(ran: Ran) -> list[str]:
    """The errors of a command that was refused for its input."""
    assert ran.code == 2
    assert ran.out == ""
    lines = ran.err.splitlines()
    assert all(line.startswith("error: ") for line in lines)
    return [line.removeprefix("error: ") for line in lines]


def said(errors: list[str], *expected: tuple[str, str]) -> bool:
    """Whether these are the errors, in this order: each begins with the one text and contains the other."""
    pairs = zip(errors, expected, strict=True)
    return all(error.startswith(f"message.md:{place}") and what in error for error, (place, what) in pairs)


async def test_mistakes_in_the_form_are_all_said_with_their_lines(desk: Desk) -> None:
    text = """\
+++
incident = "Dataintrång"
kind = "alrt"
colour = "red"
severity = "severe"
municipalities = ["borgholm"]
next_update = "snart"
+++
Ring {{ municipality.phone }} om du behöver oss.

## @fax
Text.

## @de
Text.

## @sms

## @en
# Headline
Text.

## @en
# Headline
Text.
"""
    errors = refused(await desk.run("send", desk.write("message.md", text), "--yes"))

    assert said(
        errors,
        ("3: kind: ", "The value must be 'alert', 'update', 'correction' or 'all-clear', not 'alrt'."),
        ("4: colour: ", "There is no key 'colour'."),
        ("7: next_update: ", "'snart' is not a time."),
        ("9: body: ", "does not begin with a headline"),
        ("11: @fax: ", "'fax' is neither a channel nor a language."),
        ("14: @de: ", "'de' is neither a channel nor a language."),
        ("17: @sms: ", "There is no text here."),
        ("23: @en: ", "This part was already opened on line 19."),
    )
    assert nothing_happened(desk)


async def test_what_does_not_agree_with_configuration_and_clock_is_said_with_its_line(desk: Desk) -> None:
    earlier, soon, later = (
        (datetime.now(UTC) + timedelta(hours=hours)).replace(microsecond=0).isoformat() for hours in (-24, 1, 2)
    )
    past = message().replace("next_update = ", f"next_update = {earlier} # ").replace('"morbylanga"', '"kalmar"')
    too_short = message().replace("next_update = ", f"next_update = {later} # ")
    too_short = too_short.replace("expires = ", f"expires = {soon} # ")

    one, other = await asyncio.gather(
        desk.run("send", desk.write("message.md", past), "--yes"),
        desk.run("send", desk.write("short.md", too_short), "--yes"),
    )

    assert said(
        refused(one),
        ("5: municipalities: ", "The municipality 'kalmar' is not in the configuration."),
        ("6: next_update: ", "The time is past: it was 1 day ago."),
    )
    assert refused(other) == [
        "short.md:7: expires: The message expires before its next update is due. Let expires be later than next_update."
    ]
    assert nothing_happened(desk)


async def test_texts_that_cannot_be_finished_are_said_with_their_line_and_municipalities(desk: Desk) -> None:
    text = message().replace("Ring {{ municipality.phone }}", "Ring {{ municipality.fax }}")
    text += f"\n## @en sms\n{'Call us if you need any help. ' * 25}\n"

    errors = refused(await desk.run("send", desk.write("message.md", text), "--yes"))

    assert said(
        errors,
        ("11: borgholm, morbylanga: ", "Unknown variable municipality.fax. Known are: municipality.name"),
        ("18: @en sms: ", "segments"),
    )
    assert nothing_happened(desk)


@pytest.mark.parametrize(("character", "code"), [("\x07", "U+0007"), ("\u202e", "U+202E")])
async def test_an_invisible_character_is_named_with_its_line(desk: Desk, character: str, code: str) -> None:
    errors = refused(await desk.run("send", desk.message(old="om du", new=f"om{character} du"), "--yes"))
    assert said(errors, ("11: ", f"An invisible character, {code}"))
    assert nothing_happened(desk)


async def test_what_came_along_unseen_when_text_was_pasted_is_cleaned_and_said(desk: Desk) -> None:
    old = "om du behöver oss."
    pasted = "Det of\ufb01ciella rådet\u200c: larmen fungerar. Fra\u030agor: \u202a0485-880 00\u202c."
    preview = await desk.run("preview", desk.message(old=old, new=pasted))
    assert preview.code == 0
    assert "Det officiella rådet: larmen fungerar. Frågor: 0485-880 00." in preview.out.replace("\n", " ")
    assert "UCS-2" not in preview.out
    for said in (
        "note: message.md:11: Letters in several pieces, such as a and the ring of å, were put together.",
        "note: message.md:11: 'ﬁ' (U+FB01, latin small ligature fi) was written out as 'fi'.",
        "note: message.md:11: The invisible character U+200C (zero width non-joiner) was taken out.",
    ):
        assert said in preview.out
    assert "U+202A (left-to-right embedding), U+202C" in preview.out.replace("\n", " ")
    sent = await desk.run("send", "message.md", "--yes")
    assert "note: message.md:11: The invisible character U+200C" in sent.out


async def test_a_sign_that_makes_an_sms_dearer_is_named_with_its_line_and_the_price(desk: Desk) -> None:
    text = (
        "½ liter om dagen räcker inte: hämta vatten på torget, och ta med en ren dunk eller hink med lock att bära i."
    )
    preview = await desk.run("preview", desk.message(old="om du behöver oss.", new=text))
    dearer = "segments in UCS-2 because of '½' (U+00BD, vulgar fraction one half) on line 11; without it 2"
    assert dearer in preview.out.replace("\n", " ")


async def test_times_are_written_as_people_say_them_and_shown_as_they_are_read(desk: Desk) -> None:
    zone = ZoneInfo("Europe/Stockholm")
    tomorrow = datetime.now(zone) + timedelta(days=1)
    file = desk.write(
        "message.md",
        re.sub(
            r"next_update = .*\nexpires = .*",
            'next_update = "i morgon kl. 12"\nexpires = "tomorrow 23:59"',
            message(),
        ),
    )
    read = f'next_update = "i morgon kl. 12" is read as {tomorrow:%A %Y-%m-%d} 12:00 (Europe/Stockholm).'
    for command in (("preview", file), ("send", file, "--yes")):
        ran = await desk.run(*command)
        assert f"note: message.md:6: {read}" in ran.out
        assert ran.code == 0
    texts = len(desk.sandbox.requests)
    again = await desk.run("send", file, "--yes")
    assert "was sent before" in again.out
    assert len(desk.sandbox.requests) == texts


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (message().encode("latin-1"), "message.md:2: The file is not UTF-8. Save it as plain text"),
        (b"Ring oss. " * 500_000, "message.md: The file is 5,000 kB; a message is at most 50 kB."),
        (b"", "message.md:1: "),
    ],
    ids=["not UTF-8", "5 MB", "empty"],
)
async def test_a_file_that_is_no_message_is_refused(desk: Desk, content: bytes, expected: str) -> None:
    (error,) = refused(await desk.run("send", desk.write("message.md", content), "--yes"))
    assert error.startswith(expected)
    assert nothing_happened(desk)


@pytest.mark.parametrize(
    ("file", "expected"),
    [("lost.md", "lost.md: cannot be read: No such file"), ("secrets", "secrets: cannot be read: Is a directory")],
)
async def test_a_file_that_cannot_be_read_is_named_with_the_next_step(desk: Desk, file: str, expected: str) -> None:
    (error,) = refused(await desk.run("send", file, "--yes"))
    assert error.startswith(expected)
    assert "`broadcaster new` makes a message" in error


async def test_programs_get_the_mistakes_as_data(desk: Desk) -> None:
    file = desk.message(old='kind = "alert"', new='kind = "alrt"')

    preview = await desk.run("preview", file, "--json")
    send = await desk.run("send", file, "--yes", "--json")

    assert preview.code == send.code == 2
    assert (preview.data["renditions"], preview.data["recipients"], preview.data["cost"]) == ([], None, None)
    (problem,) = preview.data["problems"]
    assert (problem["level"], problem["file"], problem["line"], problem["key"]) == ("error", file, 3, "kind")
    assert send.data["problems"] == [problem]
    assert preview.err == send.err != ""


async def test_preview_prints_every_text_with_its_measures(desk: Desk) -> None:
    await desk.subscribe(["+46701740605", "+46701740606"])

    ran = await desk.run("preview", desk.message(), "--json")

    assert ran.code == 0
    assert ran.err == ""
    assert set(ran.data) == {"renditions", "recipients", "cost", "problems", "board", "untranslated", "findings"}
    assert (ran.data["recipients"], ran.data["cost"], ran.data["problems"]) == (2, 0.7, [])
    found = {(r["municipality"], r["channel"], r["language"]): r for r in ran.data["renditions"]}
    assert len(found) == 2 * 5 * 2
    sms = found["borgholm", "sms", "sv"]
    assert set(sms) == {
        *("municipality", "channel", "language", "title", "text"),
        *("segments", "encoding", "left", "words", "seconds"),
    }
    assert sms["left"] == 160 - len(sms["text"])
    assert (sms["segments"], sms["encoding"], sms["words"], sms["seconds"]) == (1, "GSM-7", None, None)
    assert "0485-880 00" in sms["text"]
    spoken = found["morbylanga", "ivr", "en"]
    assert spoken["words"] > 5
    assert spoken["seconds"] > 1
    assert spoken["segments"] is None
    assert found["borgholm", "feed", "sv"]["title"] == "Våra system är avstängda"


async def test_preview_shows_only_the_texts_that_are_wanted(desk: Desk) -> None:
    ran = await desk.run("preview", desk.message(), "-m", "morbylanga", "--channel", "sms", "--channel", "ivr")
    assert re.findall(r"^== (.*?) \(", ran.out, re.MULTILINE) == [
        f"morbylanga · {channel} · {language}" for channel in ("sms", "ivr") for language in ("sv", "en")
    ]
    assert "characters left)" in ran.out

    assert refused(await desk.run("preview", desk.message(), "--channel", "fax")) == [
        "the message has no text for the channel fax; it has facebook, sms, feed, page, ivr."
    ]


async def test_preview_for_people_shows_words_and_no_tags(desk: Desk) -> None:
    ran = await desk.run("preview", desk.message(old="Ring ", new="Se **noga** till detta:\n\n- ring "))

    assert ran.code == 0
    assert "== borgholm · feed · sv (" in ran.out
    assert "<p>" not in ran.out
    assert "\n- ring 0485-880 00 om du behöver oss." in ran.out
    assert "Residents by SMS: 0, about 0.00 kronor." in ran.out


async def test_a_starter_has_to_be_filled_in_before_it_can_be_sent(desk: Desk) -> None:
    listed = await desk.run("new")
    wrote = await desk.run("new", "it-incident", "-o", "new.md", "-m", "borgholm")
    errors = refused(await desk.run("send", "new.md", "--yes"))
    again = refused(await desk.run("new", "water", "-o", "new.md"))

    assert listed.out.split() == ["all-clear", "fire", "it-incident", "power", "school", "water"]
    assert "`broadcaster preview new.md`" in wrote.out
    assert errors[0].startswith("new.md:11: body: The placeholder [[ Vad har hänt, och när? ]] is not filled in.")
    assert again == ["new.md is there already: name another file, so that nothing is overwritten."]
    assert nothing_happened(desk)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("watre",), "there is no starter 'watre'. Did you mean water? There are: all-clear, fire"),
        (("water", "-m", "kalmar"), "there is no municipality 'kalmar'. There are: borgholm, morbylanga."),
        (("water", "-o", "config.toml/new.md"), "config.toml/new.md cannot be written: Not a directory."),
    ],
)
async def test_a_starter_that_cannot_be_made_is_said_why(desk: Desk, arguments: tuple[str, ...], expected: str) -> None:
    (error,) = refused(await desk.run("new", *arguments))
    assert error.startswith(expected)
