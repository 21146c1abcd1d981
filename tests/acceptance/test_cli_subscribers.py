"""Scripts of keeping the list of subscribers: what is good is taken, what is bad is named with its row and reason."""

import asyncio
from datetime import UTC, datetime

import pytest
import xlsxwriter

from broadcaster.config import load
from broadcaster.opening import opened
from broadcaster.store.consents import How
from tests.support.desk import Desk

LIST = """\
Telefon;Kommun;Språk
070-174 06 05;borgholm;sv
+46701740606;morbylanga;en
0701740605;borgholm;sv
0701740605;morbylanga;sv
0485-880 00;borgholm;sv
+4790000000;borgholm;sv
hello;borgholm;sv
0701740608;kalmar;sv
0701740609;borgholm;fi

0701740610;;sv
"""
BAD = [
    (4, "is the same number as in row 2"),
    (6, "is not a mobile number, so it cannot get SMS"),
    (7, "is a foreign number (+47); only Swedish mobile numbers can subscribe"),
    (8, "is not a phone number"),
    (9, "there is no municipality 'kalmar'; known are: borgholm, morbylanga"),
    (10, "borgholm does not write in 'fi', but in: sv, en"),
    (12, "names no municipality; known are: borgholm, morbylanga"),
]


async def test_good_rows_are_imported_and_bad_ones_listed_with_row_and_reason(desk: Desk) -> None:
    file = desk.write("numbers.csv", LIST)

    ran = await desk.run("subscribers", "import", file, "--yes")
    again = await desk.run("subscribers", "import", file, "--yes", "--json")
    counted, listed = await asyncio.gather(
        desk.run("subscribers", "count", "--json"), desk.run("subscribers", "list", "-m", "borgholm")
    )

    assert ran.code == again.code == 2
    said = ran.out.splitlines()
    assert said[0] == "numbers.csv: UTF-8, columns separated by semicolons; the heads stand in row 1."
    assert [line for line in said if ": row" in line] == [f"numbers.csv: row {row}: {reason}" for row, reason in BAD]
    assert said[-3:] == [
        "3 rows to import (borgholm 1, morbylanga 2), 7 to leave out.",
        "3 new, 0 known before, 7 bad rows left out.",
        "The rows left out are in numbers-left-out.csv, with the reasons: correct them there and import that file.",
    ]
    assert again.data == {
        "imported": 0,
        "known": 3,
        "left": 0,
        "form": "UTF-8, columns separated by semicolons",
        "heads": 1,
        "columns": {"A": "number", "B": "municipality", "C": "language"},
        "good": 3,
        "bad": [{"row": row, "reason": reason} for row, reason in BAD],
        "left_out": "numbers-left-out-2.csv",
    }
    assert counted.data["people"] == 2
    assert counted.data["counts"] == [
        {"municipality": "borgholm", "language": "sv", "subscriptions": 1},
        {"municipality": "morbylanga", "language": "en", "subscriptions": 1},
        {"municipality": "morbylanga", "language": "sv", "subscriptions": 1},
    ]
    assert "+4670•••••05" in listed.out
    assert "1740605" not in listed.out


async def test_nothing_is_written_before_somebody_has_said_yes(desk: Desk) -> None:
    file = desk.write("numbers.csv", "Lista 2026;\r\nMobilnummer;Kommun\r\n0701740605;Borgholms kommun\r\nfel;0840\r\n")
    asked = await desk.run("subscribers", "import", file)
    tried = await desk.run("subscribers", "import", file, "--dry-run")
    counted = await desk.run("subscribers", "count", "--json")

    assert asked.code == 2
    assert asked.err.startswith("error: nobody can be asked here: add --yes, or look at it with --dry-run.")
    assert tried.code == 2
    assert "the heads stand in row 2" in tried.out
    assert "A       Mobilnummer  number" in tried.out
    assert "+4670•••••05  borgholm" in tried.out
    assert "1740605" not in asked.out + tried.out
    assert "1 row to import (borgholm 1), 1 to leave out." in tried.out
    assert tried.out.endswith("Nothing was written: --dry-run.\n")
    assert counted.data["people"] == 0
    assert not list(desk.folder.glob("*left-out*"))


async def test_the_rows_left_out_can_be_mended_in_their_file_and_imported_from_it(desk: Desk) -> None:
    file = desk.write("numbers.csv", "Mobil;Kommun;Namn\n0701740605;Borgholm;\n070174060;Mörbylånga;N N\n")
    await desk.run("subscribers", "import", file, "--yes")
    left_out = desk.folder / "numbers-left-out.csv"
    text = left_out.read_text(encoding="utf-8-sig")

    assert left_out.stat().st_mode & 0o777 == 0o600
    assert text.splitlines() == [
        "row;reason;Mobil;Kommun;Namn",
        "3;is not a valid Swedish number;070174060;Mörbylånga;N N",
    ]

    left_out.write_text(text.replace(";070174060;", ";0701740606;"), encoding="utf-8-sig")
    ran = await desk.run("subscribers", "import", str(left_out), "--yes")
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "1 new, 0 known before, 0 bad rows left out.")


async def test_a_workbook_of_excel_is_imported_as_it_is(desk: Desk) -> None:
    with xlsxwriter.Workbook(desk.folder / "numbers.xlsx") as book:
        sheet = book.add_worksheet("Prenumeranter")
        for place, row in enumerate((["Mobilnummer", "Kommun"], [46701740605, "Borgholm"], [701740606, 840])):
            sheet.write_row(place, 0, row)
    ran = await desk.run("subscribers", "import", "numbers.xlsx", "--yes")
    assert ran.code == 0
    assert ran.out.startswith("numbers.xlsx: Excel, sheet Prenumeranter, hidden and filtered rows too")
    listed = await desk.run("subscribers", "list", "--numbers", "--json")
    assert {(one["number"], one["municipality"]) for one in listed.data["subscriptions"]} == {
        ("+46701740605", "borgholm"),
        ("+46701740606", "morbylanga"),
    }


async def test_rows_that_name_no_municipality_or_language_get_those_of_the_command(desk: Desk) -> None:
    file = desk.write("numbers.csv", "nummer\n070-174 06 05\n")
    ran = await desk.run("subscribers", "import", file, "-m", "morbylanga", "-l", "en", "--yes")
    listed = await desk.run("subscribers", "list", "--numbers", "--json")
    assert ran.code == 0
    (found,) = listed.data["subscriptions"]
    assert (found["number"], found["municipality"], found["language"]) == ("+46701740605", "morbylanga", "en")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name;age\nx;3\n", "numbers.csv:1: has no column of numbers."),
        (b"", "numbers.csv:1: has no column of numbers."),
        (b"spr\x81k\n", "numbers.csv: is not text in UTF-8 or Windows-1252."),
    ],
)
async def test_a_file_that_is_no_list_is_refused(desk: Desk, content: bytes, said: str) -> None:
    ran = await desk.run("subscribers", "import", desk.write("numbers.csv", content))
    assert ran.code == 2
    assert ran.err.startswith(f"error: {said}")


async def test_one_number_joins_and_leaves(desk: Desk) -> None:
    joined = await desk.run("subscribers", "add", "070-174 06 05", "-m", "borgholm")
    again = await desk.run("subscribers", "add", "+46701740605", "-m", "borgholm", "-l", "en")
    left = await desk.run("subscribers", "remove", "0701740605")
    gone, empty = await asyncio.gather(desk.run("subscribers", "remove", "0701740605"), desk.run("subscribers", "list"))

    assert joined.out == "+4670•••••05 subscribes: borgholm, sv.\n"
    assert again.out == "+4670•••••05 subscribed before: borgholm, en.\n"
    assert left.out == "+4670•••••05 no longer subscribes.\n"
    assert gone.code == 2
    assert gone.err == "error: +4670•••••05 does not subscribe.\n"
    assert empty.out == "nobody subscribes yet.\n"


async def test_one_subscription_of_several_can_be_ended(desk: Desk) -> None:
    await desk.subscribe(["+46701740605"], "borgholm")
    await desk.subscribe(["+46701740605"], "morbylanga")
    left = await desk.run("subscribers", "remove", "0701740605", "-m", "borgholm")
    data = (await desk.run("subscribers", "list", "--json")).data
    assert left.out == "+4670•••••05 no longer subscribes to borgholm.\n"
    assert [found["municipality"] for found in data["subscriptions"]] == ["morbylanga"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "0701740605"), "say to which municipality: -m with one of borgholm, morbylanga."),
        (("add", "0701740605", "-m", "kalmar"), "there is no municipality 'kalmar'. There are: borgholm, morbylanga."),
        (("add", "0701740605", "-m", "borgholm", "-l", "fi"), "borgholm does not write in 'fi', but in: sv, en."),
        (("add", "+4790000000", "-m", "borgholm"), "this is a foreign number (+47)"),
        (("remove", "hello"), "this is not a phone number."),
        (("import", "none.csv", "-m", "kalmar"), "there is no municipality 'kalmar'. There are: borgholm, morbylanga."),
        (("import", "none.csv"), "none.csv: cannot be read: No such file or directory."),
        (("list", "-m", "kalmar"), "there is no municipality 'kalmar'. There are: borgholm, morbylanga."),
    ],
)
async def test_a_wish_that_cannot_be_granted_is_said_why(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    ran = await desk.run("subscribers", *arguments)
    assert ran.code == 2
    assert ran.err.startswith(f"error: {said}")


async def test_the_evidence_of_a_consent_outlives_the_subscription(desk: Desk) -> None:
    await desk.run("subscribers", "add", "070-174 06 05", "-m", "borgholm")
    await desk.run("subscribers", "remove", "070-174 06 05")
    shown, data, nobody = await asyncio.gather(
        desk.run("subscribers", "show", "070-174 06 05"),
        desk.run("subscribers", "show", "070-174 06 05", "--json"),
        desk.run("subscribers", "show", "070-174 06 06"),
    )
    assert "borgholm" in shown.out
    assert "1740605" not in shown.out
    [consent] = data.data["consents"]
    assert (consent["how"], consent["withdrawn_how"], consent["text"]) == ("cli", "cli", None)
    assert (nobody.code, nobody.err) == (2, "error: no consent is on record of +4670•••••06.\n")


async def test_a_list_does_not_bring_back_who_said_stopp(desk: Desk) -> None:
    file = desk.write("numbers.csv", "nummer\n070-174 06 05\n070-174 06 06\n")
    await desk.run("subscribers", "import", file, "-m", "borgholm", "--yes")
    async with opened(load(desk.folder / "config.toml")) as store:
        await store.subscribers.remove("+46701740605", None, datetime.now(UTC), "resident", How.SMS)
    again = await desk.run("subscribers", "import", file, "-m", "borgholm", "--yes")
    assert again.out.splitlines()[-2:] == [
        "0 new, 1 known before, 0 bad rows left out.",
        "1 skipped: they opted out (STOPP). If one asks to join again: `broadcaster subscribers add`.",
    ]


@pytest.mark.parametrize("written", ["070-174 06 05\n", "+46701740605", "  0701740605 \r\nnothing of this\n"])
async def test_a_number_can_come_by_standard_input_so_that_no_list_of_processes_shows_it(
    desk: Desk, written: str
) -> None:
    added = await desk.run("subscribers", "add", "-", "-m", "borgholm", stdin=written.encode())
    removed = await desk.run("subscribers", "remove", "-", stdin=written.encode())
    assert (added.code, removed.code) == (0, 0), added.err + removed.err
    assert "no longer subscribes" in removed.out


async def test_standard_input_without_a_number_says_what_is_wrong(desk: Desk) -> None:
    ran = await desk.run("subscribers", "add", "-", "-m", "borgholm", stdin=b"")
    assert ran.code == 2
    assert "is not a phone number" in ran.err
