"""Messages that nobody wrote: they read as a person's, can be sent, and claim nothing that nobody said."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from messages.checking import check
from messages.composing import Followed, Unwell, all_clear, itself, no_change
from messages.document import message_id, parse, serialise
from messages.languages import KNOWN
from messages.model import Form, Kind, Limits, Markup, Message, Municipality, Rendition, ServiceStatus
from messages.rendering import measure, render

ZONE = ZoneInfo("Europe/Stockholm")
NOW = datetime(2022, 12, 13, 8, 30, tzinfo=UTC)
DUE = datetime(2022, 12, 13, 12, tzinfo=ZONE)
FORMS = {
    "facebook": Form(Markup.PLAIN, Limits()),
    "sms": Form(Markup.SMS, Limits(segments=4)),
    "feed": Form(Markup.HTML, Limits()),
    "ivr": Form(Markup.SPEECH, Limits(words=150)),
}
SENDERS = {
    name: Municipality(name, ("sv", "en"), tuple(FORMS), {"name": f"{shown} kommun", "phone": phone})
    for name, shown, phone in (("borgholm", "Borgholms", "0485-880 00"), ("morbylanga", "Mörbylånga", "0485-470 00"))
}
WHOLE = """# Koka vattnet i {{ municipality.name }}

Det är en läcka.

## @sms
Koka vattnet.

# @EN
# Boil the *water*

There is a leak.

## @en sms
Boil the water.
"""


def source(body: str = WHOLE, more: str = "") -> str:
    head = 'incident = "Läckan \\"Öland\\""\nkind = "alert"\nseverity = "severe"\n'
    return f'+++\n{head}municipalities = ["borgholm", "morbylanga"]\n{more}+++\n{body}'


def read(text: str) -> Message:
    """Parse and check, as whatever is sent."""
    message = parse(text, channels=FORMS, languages=KNOWN)
    check(message, SENDERS, NOW)
    return message


def following(last: Message, about: Message | None = None) -> Followed:
    return Followed(last, message_id(last), about or last)


def ended(last: Message, about: Message | None = None, texted: Collection[str] = ("sv", "en")) -> Message:
    return read(all_clear(following(last, about), "sv", texted))


def unchanged(last: Message, channels: tuple[str, ...] = ("facebook", "feed"), about: Message | None = None) -> Message:
    return read(no_change(following(last, about), "sv", DUE, channels))


def texts(message: Message) -> dict[tuple[str, str], Rendition]:
    found = render(message, list(SENDERS.values()), FORMS, ZONE)
    return {(r.channel, r.language): r for r in found if r.municipality == "borgholm"}


def test_an_all_clear_ends_its_message_where_that_went() -> None:
    last = read(source(more='exercise = true\nchannels = ["sms", "feed"]\nexpires = 2022-12-14T12:00:00+01:00\n'))
    found = ended(last)
    assert (found.kind, found.follows, found.next_update) == (Kind.ALL_CLEAR, message_id(last), None)
    assert (found.incident, found.severity, found.municipalities, found.exercise, found.channels) == (
        last.incident,
        last.severity,
        last.municipalities,
        last.exercise,
        last.channels,
    )
    assert (found.notify, found.expires, found.services) == (False, None, ())
    assert ended(read(source())).channels == ()


def test_an_all_clear_of_an_update_for_a_few_channels_goes_to_all_that_may_have_had_the_alert() -> None:
    assert ended(unchanged(read(source()), ("feed",))).channels == ()


def test_an_all_clear_says_what_is_over_and_whom_to_ask_in_every_language() -> None:
    found = texts(ended(read(source())))
    assert found["facebook", "sv"].text == (
        "Avslutat: Koka vattnet i Borgholms kommun\n\n"
        "Händelsen är över. Tack för ditt tålamod. Frågor? Ring Borgholms kommun, 0485-880 00."
    )
    assert found["sms", "en"].text == (
        "Borgholms kommun: Over: Boil the water. This is over. Questions? Call 0485-880 00."
    )
    assert found["feed", "en"].title == "Over: Boil the water"
    for code in ("sv", "en"):
        assert measure(found["sms", code], FORMS["sms"]).segments == 1


UPDATE = """# Det tar längre tid än vi trodde

Vi lagar läckan i natt.

## @en
# It takes longer than we thought

We mend the leak tonight.
"""


@pytest.mark.parametrize("kind", [Kind.UPDATE, Kind.CORRECTION])
def test_what_is_over_or_unchanged_after_an_update_is_called_what_it_began_with(kind: Kind) -> None:
    alert = read(source())
    update = replace(read(source(UPDATE)), kind=kind)
    assert texts(ended(update, alert))["facebook", "sv"].title == "Avslutat: Koka vattnet i Borgholms kommun"
    assert texts(ended(update, alert))["facebook", "en"].title == "Over: Boil the water"
    assert texts(unchanged(update, about=alert))["facebook", "sv"].title.endswith(
        "nytt: Koka vattnet i Borgholms kommun"
    )


def test_where_it_did_not_begin_with_one_alert_it_is_called_by_its_name() -> None:
    update = read(source(UPDATE))
    found = texts(read(all_clear(Followed(update, message_id(update)), "sv", ("sv",))))
    assert found["facebook", "sv"].title == 'Avslutat: Läckan "Öland"'
    assert found["sms", "sv"].text.startswith('Borgholms kommun: Avslutat: Läckan "Öland". Händelsen är över.')


def test_an_all_clear_says_what_does_not_work_yet() -> None:
    left = [
        Unwell("E-post", ServiceStatus.DOWN),
        Unwell("Skola_n", ServiceStatus.DOWN),
        Unwell("Kassan", ServiceStatus.LIMITED),
    ]
    found = texts(read(all_clear(following(read(source())), "sv", ("sv", "en"), left)))
    said = "Fungerar inte än: E-post, Skola_n. Fungerar delvis: Kassan."
    assert f"Händelsen är över. {said} Tack" in found["facebook", "sv"].text
    assert f"Händelsen är över. {said} Frågor?" in found["sms", "sv"].text
    assert "Not working yet: E-post, Skola_n. Partly working: Kassan." in found["sms", "en"].text


def test_a_language_that_was_only_for_one_channel_stays_there() -> None:
    last = read(source("# Koka vattnet\n\nText\n\n## @en sms\nBoil the water.\n"))
    assert texts(ended(last)).keys() == {(channel, "sv") for channel in FORMS} | {("sms", "en")}
    assert texts(ended(last))["sms", "en"].text.startswith("Borgholms kommun: Over: Koka vattnet. This is over.")


def test_an_update_without_news_promises_the_next_one_and_goes_to_its_channels_only() -> None:
    last = read(source())
    found = unchanged(last)
    assert (found.kind, found.follows, found.severity) == (Kind.UPDATE, message_id(last), last.severity)
    assert (found.next_update, found.notify, found.channels) == (DUE, False, ("facebook", "feed"))
    assert texts(found).keys() == {(channel, code) for channel in ("facebook", "feed") for code in ("sv", "en")}
    assert texts(found)["facebook", "sv"].text == (
        "Inget nytt: Koka vattnet i Borgholms kommun\n\n"
        "Det är en läcka.\n\n"
        "Läget är oförändrat. Det vi har sagt gäller fortfarande. Frågor? Ring Borgholms kommun, 0485-880 00.\n\n"
        "Nästa uppdatering kommer tisdag 13 december kl. 12.00."
    )


def test_what_holds_is_said_once_more_where_nothing_has_changed_however_often() -> None:
    last = read(source(WHOLE.replace("# @EN", "## @ivr\nKoka vattnet i en minut.\n\n# @EN", 1)))
    found = texts(unchanged(unchanged(last, ("facebook", "ivr")), ("facebook", "ivr")))
    assert found["ivr", "sv"].text.startswith("Koka vattnet i en minut.\nLäget är oförändrat.")
    assert found["ivr", "en"].text.startswith(
        "No news: Boil the water.\nThere is a leak.\nThe situation has not changed."
    )
    for text, said in ((found["facebook", "sv"].text, "Det är en läcka."), (found["ivr", "sv"].text, "Läget är")):
        assert text.count(said) == 1


def test_whoever_goes_on_with_what_was_composed_begins_with_what_a_person_said() -> None:
    last = read(source(WHOLE.partition("## @sms")[0]))
    again = itself(unchanged(unchanged(last, ("facebook", "ivr")), ("facebook", "ivr")), "sv")
    assert [(part.language, part.channel) for part in again] == [(None, None), (None, "ivr")]
    assert again[0].text == last.parts[0].text
    assert itself(last, "sv") == last.parts


@pytest.mark.parametrize("kind", [Kind.ALERT, Kind.UPDATE, Kind.CORRECTION])
def test_what_is_composed_again_and_again_has_one_mark(kind: Kind) -> None:
    first = replace(read(source()), kind=kind)
    again = unchanged(unchanged(first))
    assert texts(again)["facebook", "sv"].title == "Inget nytt: Koka vattnet i Borgholms kommun"
    assert texts(ended(again))["facebook", "en"].title == "Over: Boil the water"


@pytest.mark.parametrize(
    ("expires", "days"),
    [("", 1), ("expires = 2022-12-13T12:01:00+01:00\n", 1), ("expires = 2022-12-20T12:00:00+01:00\n", 7)],
)
def test_an_update_without_news_outlives_the_next_update(expires: str, days: int) -> None:
    assert unchanged(read(source(more=expires))).expires == DUE + timedelta(days=days)


def test_after_an_all_clear_there_is_nothing_to_be_unchanged() -> None:
    over = ended(read(source()))
    with pytest.raises(ValueError, match="all-clear"):
        no_change(following(over), "sv", DUE, ["feed"])


def test_a_headline_with_a_time_gives_way_to_the_incident() -> None:
    last = read(source("# Nytt {{ message.next_update }}\n\nText\n", more="next_update = 2022-12-13T12:00:00+01:00\n"))
    assert texts(ended(last))["facebook", "sv"].title == 'Avslutat: Läckan "Öland"'


def test_the_body_may_be_in_any_language_and_stand_beside_a_part_in_it() -> None:
    last = read(source("# Boil the water\n\nText\n\n## @sv\n# Koka vattnet\n\nText\n"))
    english = replace(SENDERS["borgholm"], languages=("en", "sv"))
    found = parse(all_clear(following(last), "en", ()), channels=FORMS, languages=KNOWN)
    found = replace(found, municipalities=("borgholm",))
    titles = {(r.channel, r.language): r.title for r in render(found, [english], FORMS, ZONE)}
    assert titles["facebook", "en"] == "Over: Boil the water"
    assert titles["facebook", "sv"] == "Avslutat: Koka vattnet"


def test_a_composed_message_is_written_as_people_write_them() -> None:
    last = read(source())
    text = all_clear(following(last), "sv", ("sv",))
    assert serialise(read(text)) == text
    assert "\n# @EN\n# Over: Boil the *water*\n" in text
