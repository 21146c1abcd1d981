import string
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages import toml_lines
from messages.characters import FORBIDDEN
from messages.document import as_written, content_hash, decode, message_id, parse, part_name, serialise, split_headline
from messages.markdown import literal
from messages.model import Kind, Message, Part, Service, ServiceStatus, Severity
from messages.problems import InputError, Problem

CHANNELS = ("facebook", "feed", "ivr", "sms")
LANGUAGES = ("en", "fi", "sv")
SWEDEN = timezone(timedelta(hours=1))

HEAD = """\
+++
incident = "Dataintrång december 2022"
kind = "alert"
severity = "severe"
municipalities = ["borgholm", "morbylanga"]
+++
"""

WHOLE = """\
+++
incident = "Dataintrång december 2022"
kind = "update"                     # one of four
severity = "severe"
municipalities = ["borgholm", "morbylanga"]
next_update = 2022-12-13T12:00:00+01:00
expires = 2022-12-14T12:00:00+01:00

[[services]]
name = "E-tjänster"
status = "down"

[[services]]
name = "Webbplatsen"
status = "working"
note = "Som vanligt"
municipalities = ["borgholm"]
+++
# Störningar i {{ municipality.name }}

Vi har stängt av våra servrar.

## Så når du oss
Ring {{ municipality.phone }}.

## @sms
Störningar i {{ municipality.name }}. Ring {{ municipality.phone }}.

# @EN
# Disruptions in {{ municipality.name }}

Our servers are shut down.

### @sms en ###
Disruptions in {{ municipality.name }}.
"""


def read(source: str) -> Message:
    return parse(source, channels=CHANNELS, languages=LANGUAGES, file="message.md")


def problems_of(source: str) -> Sequence[Problem]:
    with pytest.raises(InputError) as caught:
        read(source)
    return caught.value.problems


def the_problem_of(source: str) -> Problem:
    [problem] = problems_of(source)
    assert problem.place.file == "message.md"
    return problem


def head_with(*lines: str, without: str = "nothing") -> str:
    kept = [line for line in HEAD.splitlines()[:-1] if not line.startswith(without)]
    return "\n".join([*kept, *lines, "+++", "# Rubrik", "Text", ""])


# --- What is read -----------------------------------------------------------------------------------------------------


def test_a_whole_message_is_read() -> None:
    message = read(WHOLE)
    assert message.incident == "Dataintrång december 2022"
    assert (message.kind, message.severity) == (Kind.UPDATE, Severity.SEVERE)
    assert message.municipalities == ("borgholm", "morbylanga")
    assert message.next_update == datetime(2022, 12, 13, 12, tzinfo=SWEDEN)
    assert message.expires == datetime(2022, 12, 14, 11, tzinfo=UTC)
    assert message.services == (
        Service("E-tjänster", ServiceStatus.DOWN),
        Service("Webbplatsen", ServiceStatus.WORKING, "Som vanligt", ("borgholm",)),
    )
    assert [(part.language, part.channel) for part in message.parts] == [
        (None, None),
        (None, "sms"),
        ("en", None),
        ("en", "sms"),
    ]


def test_what_it_follows_whom_it_notifies_and_where_it_goes_is_read() -> None:
    message = read(head_with('follows = "3f9a0c1d2e"', "notify = true", 'channels = ["feed", "sms"]'))
    assert (message.follows, message.notify, message.channels) == ("3f9a0c1d2e", True, ("feed", "sms"))
    assert (read(WHOLE).follows, read(WHOLE).notify, read(WHOLE).channels) == ("", False, ())


def test_parts_know_the_line_on_which_their_text_begins() -> None:
    lines = WHOLE.splitlines(keepends=True)
    for part in read(WHOLE).parts:
        assert "".join(lines[part.line - 1 :]).startswith(part.text)
    assert [part.line for part in read(WHOLE).parts] == [19, 27, 30, 35]


def test_what_may_be_left_out_may_be_left_out() -> None:
    message = read(HEAD + "# Rubrik\nText")
    assert (message.next_update, message.expires, message.services) == (None, None, ())
    assert message.parts == (Part(None, None, "", "# Rubrik\nText", 7),)


def test_the_name_of_the_file_is_not_part_of_the_message() -> None:
    assert parse(WHOLE, channels=CHANNELS, languages=LANGUAGES, file="other.md") == read(WHOLE)


@pytest.mark.parametrize("heading", ["## @en sms", "## @sms en", "# @SMS EN", "###### @En  Sms", "  ##\t@en sms ##"])
def test_part_headings_are_read_in_any_order_case_and_level(heading: str) -> None:
    part = read(f"{HEAD}# Rubrik\nText\n{heading}\nHello\n").parts[1]
    assert (part.language, part.channel, part.text, part.heading) == ("en", "sms", "Hello\n", heading)


@pytest.mark.parametrize(
    "literal",
    [
        "```\n## @sms\n```",
        "~~~~ md\n## @sms\n~~~\n~~~~~",
        "## \\@sms",
        "## Följ @kommunen",
        "    ## @sms",
        "@sms\n----",
        "####### @sms",
        "## Underrubrik",
    ],
)
def test_what_is_no_part_heading_stays_in_the_text(literal: str) -> None:
    [body] = read(f"{HEAD}# Rubrik\n\n{literal}\n").parts
    assert literal in body.text


def test_a_code_block_in_one_part_does_not_hide_the_next() -> None:
    message = read(f"{HEAD}# Rubrik\n```\n# kod\n```\n## @sms\nKort\n")
    assert [part.channel for part in message.parts] == [None, "sms"]


def test_the_headline_is_taken_from_the_text() -> None:
    part = Part("sv", None, "## @sv", "\n # Vatten i *{{ municipality.name }}* # \n\nKoka\n", 10)
    assert split_headline(part) == ("Vatten i *{{ municipality.name }}*", "\nKoka\n")


@pytest.mark.parametrize(
    "text", ["Kort\n", "Kort\n# Rubrik\n", "## Mellanrubrik\n", "", "> # Citat\n", "Rubrik\n===\n"]
)
def test_a_text_that_does_not_begin_with_a_headline_has_none(text: str) -> None:
    assert split_headline(Part(None, "sms", "## @sms", text, 1)) == ("", text)


def test_parts_are_called_what_their_headings_say() -> None:
    names = [part_name(None, None), part_name(None, "sms"), part_name("en", None), part_name("en", "sms")]
    assert names == ["body", "@sms", "@en", "@en sms"]


# --- Back to text, and identity ---------------------------------------------------------------------------------------


def test_a_message_is_written_back_to_the_letter() -> None:
    assert serialise(read(WHOLE)) == WHOLE


words = st.text(st.sampled_from("abc åäö#@`~-+>{}é😀\u2028\u00a0\\"), max_size=30)
markdown = st.lists(
    st.one_of(words, st.sampled_from(["", "```", "# x", "## Mer", "- punkt", "    kod", "> citat", "\\@sms", "+++"]))
).map("\n".join)
headings = st.sampled_from(["## @sms", "# @en", "  ### @fi   SMS ##", "## @ivr en", "###### @feed", "##\t@sv"])
front_matters = st.lists(
    st.sampled_from(
        ["", "  ", "# kommentar", "expires = 2022-12-14T12:00:00Z", '[[services]]\nname="x"\nstatus="down"']
    ),
    max_size=3,
).map(lambda lines: "".join(f"{line}\n" for line in lines))


def message_or_mistakes(source: str) -> Message | Sequence[Problem]:
    try:
        return read(source)
    except InputError as error:
        return error.problems


@given(
    keys=front_matters,
    body=markdown,
    parts=st.lists(st.tuples(headings, markdown), max_size=4, unique_by=lambda part: part[0]),
    headline=st.sampled_from(["", "# Rubrik\nText\n"]),
)
def test_every_text_that_can_be_read_is_written_back_to_the_letter(
    keys: str, body: str, parts: list[tuple[str, str]], headline: str
) -> None:
    source = HEAD.removesuffix("+++\n") + keys + "+++\n" + headline + body
    source += "".join(f"\n{heading}\n{headline}{text}" for heading, text in parts)
    match message_or_mistakes(source):
        case Message() as message:
            assert serialise(message) == source
            assert read(serialise(message)) == message
        case problems:
            lines = range(1, source.count("\n") + 2)
            assert problems
            assert all(problem.place.line in lines for problem in problems)


@given(st.binary(max_size=200) | st.text().map(str.encode))
def test_bytes_at_random_are_no_message(data: bytes) -> None:
    with pytest.raises(InputError):
        read(decode(data, "message.md").text)


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"))))
def test_no_front_matter_is_too_strange_for_an_answer(toml: str) -> None:
    with pytest.raises(InputError):
        read(f"+++\n{toml}\n+++\n# Rubrik\nText\n")


def test_the_same_text_is_the_same_message() -> None:
    message = read(WHOLE)
    assert content_hash(message) == sha256(WHOLE.encode()).hexdigest()
    assert message_id(message) == content_hash(message)[:10]
    assert message_id(read(WHOLE.replace("servrar", "datorer"))) != message_id(message)


# --- Bytes ------------------------------------------------------------------------------------------------------------


def the_problem_with(data: bytes) -> Problem:
    with pytest.raises(InputError) as caught:
        decode(data, "message.md")
    [problem] = caught.value.problems
    assert problem.place.file == "message.md"
    assert problem.advice
    return problem


@pytest.mark.parametrize("data", ["åäö\n\tx\n".encode(), "\ufeffåäö\r\n\tx\r\n".encode(), "åäö\r\tx\r".encode()])
def test_marks_and_line_ends_of_any_editor_are_the_same_text(data: bytes) -> None:
    assert decode(data, "message.md").text == "åäö\n\tx\n"


def test_five_megabytes_are_refused() -> None:
    problem = the_problem_with(b"a" * 5_000_000)
    assert problem.text == "The file is 5,000 kB; a message is at most 50 kB."


def test_fifty_kilobytes_are_accepted() -> None:
    assert len(decode(b"a" * 50_000, "message.md").text) == 50_000


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ("ett\r\ntvå".encode("latin-1"), 2),
        ("ett".encode("utf-16"), 1),
        (b"ett\n\n\xed\xa0\x80", 3),  # half a surrogate pair
        (b"ett\rtv\xc3", 2),
    ],
)
def test_another_encoding_than_utf8_is_refused_with_its_line(data: bytes, line: int) -> None:
    problem = the_problem_with(data)
    assert "not UTF-8" in problem.text
    assert problem.place.line == line


@pytest.mark.parametrize("char", ["\0", "\x07", "\x0b", "\x0c", "\x1b", "\x7f", "\x85", "\u202d", "\u202e", "\ufffe"])
def test_characters_that_hide_or_mislead_are_refused_with_their_line(char: str) -> None:
    problem = the_problem_with(f"ett\r\ntvå\rtre {char}\n{char}".encode())
    assert f"U+{ord(char):04X}" in problem.text
    assert "1 more" in problem.text
    assert problem.place.line == 3


@pytest.mark.parametrize("char", ["\ue000", "\ue02a", "\ue03c", "\ue07b", "\ue07f"])
def test_what_we_write_in_place_of_signs_ourselves_is_refused_with_its_line(char: str) -> None:
    problem = the_problem_with(f"# Rubrik\n\nRing {char}nu{char}.\n".encode())
    assert problem.text == (
        f"An unreadable character, U+{ord(char):04X} (for private use), stands here, and 1 more like it follow."
    )
    assert problem.place.line == 3


def test_all_that_stands_for_signs_is_refused() -> None:
    stand_ins = [char for char in literal(string.printable) if char not in string.printable]
    assert len(stand_ins) > 30
    assert all(FORBIDDEN.search(char) for char in stand_ins)


@pytest.mark.parametrize("char", ["\t", "\u00a0", "\ue080", "😀", "م", "م\u200d", "\u202bم\u202c", "م\u200f"])
def test_characters_that_languages_need_are_kept(char: str) -> None:
    assert decode(char.encode(), "message.md").text == char


# --- Mistakes in the front matter -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source", ["", "# Rubrik\nText\n", "\n" + WHOLE, WHOLE.replace("+++", "+++ ", 1), "---\n---\n"]
)
def test_a_file_that_does_not_begin_with_front_matter_is_refused(source: str) -> None:
    problem = the_problem_of(source)
    assert "does not begin with a line of +++" in problem.text
    assert problem.place.line == 1


@pytest.mark.parametrize("source", ["+++\n", "+++\nkind = 1", HEAD.removesuffix("+++\n") + "+++ \n# Rubrik\n"])
def test_front_matter_without_an_end_is_refused(source: str) -> None:
    assert "does not end" in the_problem_of(source).text


@pytest.mark.parametrize(
    ("line", "at"),
    [("kind 3", 6), ("expires = 2022-13-45T12:00:00Z", 6), ('kind = "update"', 6), ('note = "x', 6), ("x = [1,\n2", 6)],
)
def test_toml_that_is_none_is_refused_with_its_line_in_the_file(line: str, at: int) -> None:
    problem = problems_of(head_with(line))[0]
    assert problem.place.line == at
    assert problem.advice


@pytest.mark.parametrize("value", ["[" * 5_000, "9" * 5_000])
def test_toml_that_is_too_much_for_the_parser_is_refused(value: str) -> None:
    problem = problems_of(head_with(f"x = {value}"))[0]
    assert len(str(problem)) < 300


@pytest.mark.parametrize("key", ["incident", "kind", "severity", "municipalities"])
def test_a_missing_key_is_named_with_an_example(key: str) -> None:
    problem = the_problem_of(head_with(without=key))
    assert (problem.place.key, problem.text) == (key, "The key is missing.")
    assert f"{key} = " in problem.advice


def test_an_unknown_key_is_named_with_the_one_that_was_meant() -> None:
    problem = the_problem_of(head_with("exipres = 2022-12-14T12:00:00Z"))
    assert (problem.place.key, problem.place.line) == ("exipres", 6)
    assert problem.advice.startswith("Did you mean expires?")


def test_an_unknown_key_of_a_service_is_named_with_the_keys_of_services() -> None:
    service = '[[services]]\nname = "E-tjänster"\nstatus = "down"\n'
    problem = the_problem_of(head_with(service, service, 'nore = "x"'))
    assert (problem.place.key, problem.place.line) == ("services.nore", 14)
    assert problem.advice == "Did you mean note? Known: municipalities, name, note, status."


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('kind = "alrm"', "The value must be 'alert', 'update', 'correction' or 'all-clear', not 'alrm'."),
        ("severity = 1", "The value must be 'extreme', 'severe', 'moderate', 'minor' or 'information', not '1'."),
        ("incident = 7", "The value must be text, in quotation marks."),
        ('incident = " "', "The text is blank."),
        ('incident = "a\\nb"', "The text must be one line, without control characters."),
        ('incident = "a\\u001b[31m"', "The text must be one line, without control characters."),
        ('municipalities = "borgholm"', "The value must be a list."),
        ("municipalities = [1]", "The value must be text, in quotation marks."),
        ("municipalities = []", "The list is empty."),
        ('municipalities = ["a", "b", "a"]', "The list names 'a' more than once."),
        ('services = "x"', "The value must be a list."),
        ('services = ["x"]', "The value must be a table."),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_with_its_line(line: str, text: str) -> None:
    key = line.split(maxsplit=1)[0]
    problem = the_problem_of(head_with(line, without=key))
    assert problem.text == text
    assert (problem.place.key, problem.advice[:13]) == (key, "For example: ")
    assert problem.place.line == head_with(line, without=key).splitlines().index(line) + 1


SUNDAY = datetime(2026, 11, 29, 9, 30, tzinfo=ZoneInfo("Europe/Stockholm"))


def read_on(now: datetime, *lines: str) -> Message:
    return parse(head_with(*lines), channels=CHANNELS, languages=LANGUAGES, file="message.md", now=now)


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ('"12:00"', "2026-11-29T12:00:00+01:00"),
        ("'kl. 12'", "2026-11-29T12:00:00+01:00"),
        ("12:00:00", "2026-11-29T12:00:00+01:00"),
        ('"i morgon 12:00"', "2026-11-30T12:00:00+01:00"),
        ('"tisdag 12:00" # möte', "2026-12-01T12:00:00+01:00"),
        ("2026-12-01T12:00:00", "2026-12-01T12:00:00+01:00"),
        ("2026-12-01 12:00:00", "2026-12-01T12:00:00+01:00"),
        ('"2026-12-01T12:00:00+01:00"', "2026-12-01T12:00:00+01:00"),
    ],
)
def test_a_time_is_written_as_people_say_it_and_kept_as_the_moment_that_it_was(value: str, meant: str) -> None:
    line = f"next_update = {value}"
    found = read_on(SUNDAY, line)
    assert found.next_update == datetime.fromisoformat(meant)
    assert f"next_update = {meant}  # written: {line}\n" in serialise(found)
    assert parse(serialise(found), channels=CHANNELS, languages=LANGUAGES).next_update == found.next_update
    assert as_written(serialise(found)) == head_with(line)
    [remark] = found.remarks
    assert remark.place.line == 6
    assert f"is read as {datetime.fromisoformat(meant):%A %Y-%m-%d %H:%M} (Europe/Stockholm)" in remark.text


def test_a_time_with_its_offset_is_kept_as_it_was_written() -> None:
    line = "next_update = 2026-12-01 12:00:00Z  # UTC"
    assert serialise(read_on(SUNDAY, line)) == head_with(line)
    assert read_on(SUNDAY, line).remarks == ()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("2026-12-01T12:00:00+02:00", "Europe/Stockholm is at +01:00. Write 2026-12-01T12:00+01:00"),
        ('"2027-06-01 12:00+01:00"', "Europe/Stockholm is at +02:00. Write 2027-06-01T12:00+02:00"),
        ("2027-03-28T02:30:00", "does not exist in Europe/Stockholm"),
        ('"2027-10-31 02:30"', "comes twice in Europe/Stockholm"),
        ('"söndag 12:00"', "Today is söndag"),
        ('"snart"', "'snart' is not a time"),
        ("2026-12-01", "The value must be a date and a time."),
        ("12", "The value must be a date and a time."),
        ('"""\n12:00"""', "on several lines"),
    ],
)
def test_a_time_that_could_be_another_is_refused_with_what_to_write(value: str, why: str) -> None:
    with pytest.raises(InputError) as caught:
        read_on(SUNDAY, f"next_update = {value}")
    [problem] = caught.value.problems
    assert why in problem.text
    assert (problem.place.key, problem.place.line) == ("next_update", 6)


@pytest.mark.parametrize("key", ["next_update", "expires"])
@pytest.mark.parametrize(
    "value", ["2022-12-14T12:00:00", "2022-12-14", "12:00:00", '"2022-12-14T12:00:00+01:00"', "1671015600"]
)
def test_a_time_that_does_not_say_where_it_holds_is_refused(key: str, value: str) -> None:
    problem = the_problem_of(head_with(f"{key} = {value}"))
    assert (problem.place.key, problem.place.line) == (key, 6)
    assert "offset from UTC" in problem.text
    assert "tomorrow 12:00" in problem.advice or "i morgon 12:00" in problem.advice


def test_a_channel_that_nobody_knows_is_refused_with_its_line_and_the_known_ones() -> None:
    problem = the_problem_of(head_with("channels = [", '  "sms",', '  "feeed",', "]"))
    assert (problem.place.line, problem.place.key) == (6, "channels")
    assert problem.text == "There is no channel 'feeed'."
    assert problem.advice == f"Did you mean feed? Known: {', '.join(sorted(CHANNELS))}."


@pytest.mark.parametrize(
    "line",
    [
        'follows = "the last one"',
        'follows = "3F9A0C1D2E"',
        "follows = 3",
        'notify = "yes"',
        "channels = []",
        'channels = "sms"',
        'channels = ["sms", "sms"]',
    ],
)
def test_what_the_lifecycle_cannot_use_is_refused_with_an_example(line: str) -> None:
    problem = the_problem_of(head_with(line))
    key = line.split(maxsplit=1)[0]
    assert (problem.place.line, problem.place.key) == (6, key)
    assert f"For example: {key} = " in problem.advice


def test_a_service_of_a_municipality_that_the_message_is_not_for_is_refused() -> None:
    services = '[[services]]\nname = "x"\nstatus = "down"\n[[services]]\nname = "y"\nstatus = "down"'
    problem = the_problem_of(head_with(services, 'municipalities = ["borgholm", "bollnas"]'))
    assert "'bollnas'" in problem.text
    assert (problem.place.key, problem.place.line) == ("services.municipalities", 12)


# --- Mistakes in the parts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "advice"),
    [
        ("## @smss", "Did you mean sms?"),
        ("## @de", "Channels: facebook, feed, ivr, sms; languages: en, fi, sv."),
        ("## @en  tv", "Channels:"),
        ("# @", "Channels:"),
        ("## @en fi", "Channels:"),
        ("## @sms feed", "Channels:"),
        ("## @sms sms", "Channels:"),
    ],
)
def test_a_part_for_nobody_we_know_is_refused_with_what_there_is(heading: str, advice: str) -> None:
    problem = the_problem_of(f"{HEAD}# Rubrik\nText\n\n{heading}\nText\n")
    assert problem.place.line == 10
    assert problem.advice.startswith(advice)
    assert "\\@" in problem.advice


def test_a_part_that_comes_twice_is_refused_with_both_lines() -> None:
    problem = the_problem_of(f"{HEAD}# Rubrik\nText\n## @sms en\nOne\n## @EN sms\nTwo\n")
    assert problem.text == "This part was already opened on line 9."
    assert (problem.place.key, problem.place.line) == ("@en sms", 11)


@pytest.mark.parametrize("text", ["", "\n\n", " \t\n", "\u00a0\n", "\u200b\u2060\n"])
def test_a_part_without_text_is_refused(text: str) -> None:
    problem = the_problem_of(f"{HEAD}# Rubrik\nText\n## @sms\n{text}## @ivr\nText\n")
    assert (problem.text, problem.place.key, problem.place.line) == ("There is no text here.", "@sms", 9)


def test_a_message_without_a_body_is_refused() -> None:
    problem = the_problem_of(HEAD)
    assert (problem.text, problem.place.key, problem.place.line) == ("There is no text here.", "body", 6)


@pytest.mark.parametrize(
    "text", ["Text", "## Rubrik\nText", "Text\n\n## Rubrik", "Rubrik\n---", "#Rubrik\nText", "#\nText"]
)
@pytest.mark.parametrize(("opening", "name", "line"), [("", "body", 9), ("# R\nT\n## @en\n", "@en", 12)])
def test_a_text_without_a_headline_is_refused(opening: str, name: str, line: int, text: str) -> None:
    problem = the_problem_of(f"{HEAD}{opening}\n\n{text}\n")
    assert (problem.text, problem.place.key) == ("The text does not begin with a headline.", name)
    assert problem.place.line == line


def test_a_headline_without_text_is_refused() -> None:
    problem = the_problem_of(f"{HEAD}\n# Rubrik\n\n## @sms\nText\n")
    assert problem.text == "There is a headline and no text below it."
    assert (problem.place.key, problem.place.line) == ("body", 8)


@pytest.mark.parametrize("second", ["# Till", "Till\n===="])
def test_a_second_headline_is_refused(second: str) -> None:
    problem = the_problem_of(f"{HEAD}# Rubrik\nText\n\n{second}\nText\n")
    assert (problem.text, problem.place.line) == ("This is a second headline.", 10)


@pytest.mark.parametrize(
    ("lost", "line", "says"),
    [
        ("- punkt\n\n  ## @sms\n  Text", 11, "inside a list or a quotation"),
        ("> ## @sms", 9, "inside a list or a quotation"),
        ("Text\n##@sms", 10, "a blank is missing"),
        ("```\nkod\n\n## @sms\nText", 9, "never closed"),
        ("~~~\n## @sms\n    ~~~", 9, "never closed"),
        ("```", 9, "never closed"),
    ],
)
def test_a_part_that_residents_would_read_as_text_is_refused(lost: str, line: int, says: str) -> None:
    problem = the_problem_of(f"{HEAD}# Rubrik\nText\n{lost}\n")
    assert says in problem.text
    assert problem.place.line == line


def test_all_mistakes_are_told_at_once_in_the_order_of_the_lines() -> None:
    source = head_with('expires = "soon"', 'kynd = "alert"', without="kind") + "## @tv\nText\n## @sms\n"
    assert [(problem.place.line, problem.place.key) for problem in problems_of(source)] == [
        (5, "expires"),
        (6, "kynd"),
        (10, "@tv"),
        (12, "@sms"),
    ]


def test_mistakes_in_toml_and_in_parts_are_told_at_once() -> None:
    assert [problem.place.line for problem in problems_of(head_with("kind =") + "## @sms\n")] == [6, 10]


# --- Lines in TOML ----------------------------------------------------------------------------------------------------

TOML = '''\
title = "[not.a.table]"  # [nor.this]
text = """
title2 = 1
[no.table] \\"""
""""
raw = \'\'\'
[[services]]
\'\'\'
list = [
  ["a"], # ]
  "b]",
]
dotted . "quoted key" . 'raw.key' = { inner = 1 }

[accounts.sms]
provider = "twilio"
sender = """x"""

[municipalities.borgholm.variables]
name = "Borgholm"
[municipalities.borgholm]
languages = ["sv"]

[[services]]
name = "a"
[[services.hours]]
day = 1
[[services.hours]]
day = 2
[services.place]
street = "x"
[[ services ]]
"n\\u0061me" = "b"
[[services.hours]]
day = 3
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 1),
        (("text",), 2),
        (("title2",), None),
        (("no", "table"), None),
        (("raw",), 6),
        (("list",), 9),
        (("list", 1), 9),
        (("a",), None),
        (("dotted",), 13),
        (("dotted", "quoted key", "raw.key"), 13),
        (("dotted", "quoted key", "raw.key", "inner"), 13),
        (("accounts", "sms"), 15),
        (("accounts", "sms", "sender"), 17),
        (("accounts", "sms", "token"), 15),
        (("accounts", "other"), 15),
        (("municipalities", "borgholm", "variables", "name"), 20),
        (("municipalities", "borgholm"), 21),
        (("municipalities", "borgholm", "phone"), 21),
        (("municipalities", "borgholm", "languages", 0), 22),
        (("services",), 24),
        (("services", 0), 24),
        (("services", 0, "name"), 25),
        (("services", 0, "hours", 1, "day"), 29),
        (("services", 0, "place", "street"), 31),
        (("services", 1), 32),
        (("services", 1, "name"), 33),
        (("services", 1, "hours", 0, "day"), 35),
        (("services", 1, "status"), 32),
        (("missing",), None),
        ((), None),
    ],
)
def test_the_line_of_a_key_is_found(path: tuple[str | int, ...], line: int | None) -> None:
    tomllib.loads(TOML)
    assert toml_lines.line_of(TOML, path) == line


@given(st.lists(st.sampled_from(TOML.splitlines(keepends=True))).map("".join) | st.text())
def test_lines_are_looked_for_in_any_text_without_fail(source: str) -> None:
    line = toml_lines.line_of(source, ("services", 0, "name"))
    assert line is None or 1 <= line <= source.count("\n") + 1


def test_errors_in_toml_carry_the_lines_before_it() -> None:
    with pytest.raises(InputError) as caught:
        toml_lines.load("a = 1\nb\n", "config.toml", lines_before=10)
    assert str(caught.value.problems[0].place) == "config.toml:12"


# --- The reference page -----------------------------------------------------------------------------------------------


def test_the_example_of_the_reference_page_can_be_read() -> None:
    page = Path(__file__).parents[2].joinpath("docs/reference/message-file.md").read_text(encoding="utf-8")
    example = page.partition("````md\n")[2].partition("````\n")[0]
    message = parse(example, channels=CHANNELS, languages=LANGUAGES, now=SUNDAY)
    assert [part_name(part.language, part.channel) for part in message.parts] == ["body", "@sms", "@en", "@en sms"]
