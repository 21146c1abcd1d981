"""What follows from a command, and what residents are answered: by tables, and for every language there is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

from broadcaster.residents.commands import Command, Verb, parse, vocabulary
from broadcaster.residents.replies import (
    Answer,
    Deed,
    Join,
    Leave,
    Now,
    Office,
    Resident,
    Speak,
    answer,
    place_name,
    sorry,
)
from broadcaster.store.news import News
from messages.languages import KNOWN, language
from messages.model import Municipality, Severity
from messages.segments import Encoding, segment

BORGHOLM = Municipality(
    "borgholm",
    ("sv", "en"),
    (),
    {"name": "Borgholms kommun", "phone": "0485-880 00", "page": "https://kris.example.se/borgholm/"},
    {"en": {"name": "Borgholm Municipality"}},
)
MORBYLANGA = Municipality(
    "morbylanga",
    ("sv",),
    (),
    {"name": "Mörbylånga kommun", "phone": "0485-470 00", "page": "https://kris.example.se/morbylanga/"},
)
LONGEST = Municipality(
    "upplands-vasby",
    KNOWN,
    (),
    {"name": "Upplands Väsby kommun", "phone": "08-590 970 00", "page": "https://kris.example.se/upplands-vasby/"},
)
ZONE = ZoneInfo("Europe/Stockholm")
BOTH = Office({"borgholm": BORGHOLM, "morbylanga": MORBYLANGA}, None, ZONE)
HOME = replace(BOTH, home="borgholm")
AT = datetime(2022, 12, 13, 8, 0, tzinfo=UTC)
NOBODY = Resident({})
OURS = Resident({"borgholm": "sv"})
ENGLISH = Resident({"borgholm": "en"})
TWICE = Resident({"borgholm": "sv", "morbylanga": "sv"})


def said(command: Command, resident: Resident = NOBODY, office: Office = BOTH, news: tuple[News, ...] = ()) -> Answer:
    return answer(command, resident, office, Now(AT, news))


def told(command: Command, resident: Resident = NOBODY, office: Office = BOTH, news: tuple[News, ...] = ()) -> str:
    reply = said(command, resident, office, news).reply
    assert reply is not None
    return reply


@pytest.mark.parametrize(
    ("command", "resident", "office", "deed", "words"),
    [
        (Command(Verb.START, "borgholm"), NOBODY, BOTH, ("borgholm", "sv"), "Du får nu sms från Borgholms kommun"),
        (Command(Verb.START), NOBODY, HOME, ("borgholm", "sv"), "Du får nu sms från Borgholms kommun"),
        (Command(Verb.START, "morbylanga"), NOBODY, HOME, ("morbylanga", "sv"), "från Mörbylånga kommun"),
        (Command(Verb.START, "borgholm", "en"), NOBODY, BOTH, ("borgholm", "en"), "from Borgholm Municipality"),
        (Command(Verb.START, "borgholm", spoken="en"), NOBODY, BOTH, ("borgholm", "en"), "STOP ends them"),
        (Command(Verb.START, "morbylanga", "en"), NOBODY, BOTH, ("morbylanga", "sv"), "Du får nu sms"),
        (Command(Verb.START), ENGLISH, BOTH, ("borgholm", "en"), "You now get texts"),
        (Command(Verb.START), NOBODY, BOTH, None, "Skicka START och kommunens namn, till exempel START BORGHOLM."),
        (Command(Verb.START, clear=False), NOBODY, HOME, None, "till exempel START BORGHOLM."),
        (
            Command(Verb.START, "borgholm"),
            Resident({}, may_join=False),
            BOTH,
            None,
            "läget på kris.example.se/borgholm.",
        ),
        (Command(Verb.STOP), OURS, BOTH, Leave(None), "Du får inga fler sms från oss."),
        (Command(Verb.STOP), NOBODY, BOTH, Leave(None), "Du får inga fler sms från oss."),
        (Command(Verb.STOP, spoken="en"), NOBODY, BOTH, Leave(None), "You get no more texts from us."),
        (Command(Verb.STOP, "morbylanga"), TWICE, BOTH, Leave("morbylanga"), "inga fler sms från Mörbylånga kommun"),
        (Command(Verb.STOP, "morbylanga"), OURS, BOTH, Leave(None), "Du får inga fler sms från oss."),
        (
            Command(Verb.LANGUAGE, None, "en"),
            OURS,
            BOTH,
            Speak(("borgholm",), "en"),
            "You now get our texts in English.",
        ),
        (
            Command(Verb.LANGUAGE, None, "en"),
            TWICE,
            BOTH,
            Speak(("borgholm",), "en"),
            "You now get our texts in English.",
        ),
        (Command(Verb.LANGUAGE), ENGLISH, BOTH, None, "Send LANGUAGE and the one you want: svenska, English."),
        (Command(Verb.LANGUAGE, None, "sv"), NOBODY, BOTH, None, "Ditt nummer får inga sms från oss."),
        (Command(Verb.LANGUAGE, None, "en"), Resident({"morbylanga": "sv"}), BOTH, None, "the one you want: svenska."),
        (Command(Verb.HELP), OURS, BOTH, None, "Växel: 0485-880 00. Vid fara för liv, ring 112."),
        (Command(Verb.HELP), NOBODY, BOTH, None, "Sms från kommunen vid kriser. Skicka START BORGHOLM,"),
        (Command(Verb.HELP, spoken="en"), NOBODY, BOTH, None, "If life is in danger, call 112."),
        (Command(Verb.UNKNOWN, clear=False), NOBODY, BOTH, None, "Vid fara för liv, ring 112."),
        (Command(Verb.STATUS), NOBODY, BOTH, None, "Skicka STATUS och kommunens namn, till exempel STATUS BORGHOLM."),
        (Command(Verb.STATUS, "morbylanga"), NOBODY, BOTH, None, "Mörbylånga kommun har inget viktigt meddelande"),
    ],
)
def test_a_command_has_its_deed_and_its_answer(
    command: Command, resident: Resident, office: Office, deed: Deed | tuple[str, str] | None, words: str
) -> None:
    given = said(command, resident, office)
    assert given.reply is not None
    assert words in given.reply
    if isinstance(deed, tuple):
        assert given.deed == Join(*deed)
    else:
        assert given.deed == deed


def news(
    message: str,
    headline: str,
    *,
    place: str = "borgholm",
    update: timedelta | None = None,
    english: str = "",
    lifetime: timedelta = timedelta(days=2),
) -> News:
    return News(
        municipality=place,
        message=message,
        incident="Dataintrång",
        severity=Severity.SEVERE,
        issued=AT - timedelta(hours=26),
        expires=AT - timedelta(hours=26) + lifetime,
        next_update=None if update is None else AT + update,
        lasts=True,
        headlines={"sv": headline} | ({"en": english} if english else {}),
    )


OUTAGE = news("a", "Våra system är nere", update=timedelta(hours=3), english="Our systems are down")
OLD = news("a", "Våra system är nere", english="Our systems are down", lifetime=timedelta(hours=24))
WATER = news("b", "Koka vattnet i Köpingsvik", update=timedelta(days=1))
JOINT = news("a", "Våra system är nere", place="morbylanga", update=timedelta(hours=3))


@pytest.mark.parametrize(
    ("command", "resident", "known", "reply"),
    [
        (Command(Verb.STATUS), OURS, (OUTAGE,), "Våra system är nere. Nästa besked kl. 12.00."),
        (Command(Verb.STATUS), ENGLISH, (OUTAGE,), "Our systems are down. Next update 12:00."),
        (Command(Verb.STATUS), ENGLISH, (WATER,), "Koka vattnet i Köpingsvik. Next update 14 December 09:00."),
        (
            Command(Verb.STATUS),
            OURS,
            (WATER, OUTAGE),
            "Koka vattnet i Köpingsvik. Nästa besked 14 december kl. 09.00. "
            "Våra system är nere. Nästa besked kl. 12.00.",
        ),
        (Command(Verb.STATUS), TWICE, (OUTAGE, JOINT), "Våra system är nere. Nästa besked kl. 12.00."),
        (Command(Verb.STATUS, "morbylanga"), OURS, (WATER, JOINT), "Våra system är nere. Nästa besked kl. 12.00."),
        (Command(Verb.STATUS), OURS, (news("c", "Stanna inne!"),), "Stanna inne!"),
        (
            Command(Verb.STATUS),
            OURS,
            (OLD,),
            "Våra system är nere. Inte avslutat. Senaste beskedet kom 12 december kl. 07.00.",
        ),
        (
            Command(Verb.STATUS),
            ENGLISH,
            (OLD,),
            "Our systems are down. Not over yet. The latest news came 12 December 07:00.",
        ),
        (Command(Verb.STATUS), OURS, (news("c", "Stanna inne", update=timedelta(hours=-1)),), "Stanna inne."),
    ],
)
def test_the_status_is_the_headlines_and_when_more_is_said(
    command: Command, resident: Resident, known: tuple[News, ...], reply: str
) -> None:
    assert said(command, resident, news=known) == Answer(None, reply)


def test_what_does_not_fit_one_sms_is_counted_and_never_cut() -> None:
    many = tuple(news(str(place), f"Strömavbrott i område {place} på norra Öland") for place in range(6))
    reply = told(Command(Verb.STATUS), OURS, news=many)
    assert reply.startswith("Strömavbrott i område 0 på norra Öland. Strömavbrott i område 1")
    assert reply.endswith("Och 3 till.")
    assert segment(reply).count == 1

    long = news("x", "Strömavbrott " * 20)
    assert told(Command(Verb.STATUS), OURS, news=(long, OUTAGE)).count("Strömavbrott") == 20


def test_a_reaction_is_not_answered_and_changes_nothing() -> None:
    assert said(Command(Verb.REACTION), OURS) == Answer(None, None)


EVERY = [
    (Command(verb, place, code), resident, office)
    for verb in Verb
    if verb is not Verb.REACTION
    for place in (None, "upplands-vasby")
    for code in (*KNOWN, None)
    for resident in (NOBODY, Resident({"upplands-vasby": code or "sv"}), Resident({}, may_join=False))
    for office in (
        Office({"upplands-vasby": LONGEST}, "upplands-vasby", ZONE),
        Office({"upplands-vasby": LONGEST, "borgholm": replace(BORGHOLM, languages=KNOWN)}, None, ZONE),
    )
]


@pytest.mark.parametrize("spoken", [*KNOWN, None])
def test_every_answer_is_one_short_sms_in_plain_letters(spoken: str | None) -> None:
    for command, resident, office in EVERY:
        reply = answer(replace(command, spoken=spoken), resident, office, Now(AT)).reply
        assert reply is not None
        parts = segment(reply)
        assert (parts.count, parts.encoding) == (1, Encoding.GSM7), reply


@pytest.mark.parametrize("code", KNOWN)
def test_every_language_has_every_answer_with_the_same_things_in_it(code: str) -> None:
    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    swedish, own = language("sv").texting.replies, language(code).texting.replies
    assert own.keys() == swedish.keys()
    # Who gets an answer must be able to leave, to ask, and to know that nobody here calls for help.
    for name in ("joined", "help", "help_all", "unknown"):
        assert language(code).texting.stop[0].upper() in own[name]
    for name in ("help", "help_all", "calm", "unknown", "failed"):
        assert "112" in own[name]
    for name, text in swedish.items():
        assert names(own[name]) == names(text), name


@pytest.mark.parametrize("code", KNOWN)
def test_the_words_that_answers_ask_for_are_understood(code: str) -> None:
    known = vocabulary(map(language, KNOWN))
    for verb in (Verb.START, Verb.STOP, Verb.HELP, Verb.STATUS, Verb.LANGUAGE):
        phrases = getattr(language(code).texting, verb.value)
        assert {parse(phrase, known, {}).verb for phrase in phrases} == {verb}


@pytest.mark.parametrize(
    ("municipality", "name"), [(BORGHOLM, "BORGHOLM"), (MORBYLANGA, "MÖRBYLÅNGA"), (LONGEST, "UPPLANDS VÄSBY")]
)
def test_a_place_is_called_as_people_write_it(municipality: Municipality, name: str) -> None:
    assert place_name(municipality) == name


def test_a_place_whose_name_does_not_begin_with_its_id_is_called_by_the_id() -> None:
    assert place_name(replace(BORGHOLM, id="energi")) == "ENERGI"


def test_when_nothing_can_be_done_the_resident_is_told_to_try_again() -> None:
    assert sorry(BOTH) == "Något gick fel hos oss. Försök igen om en stund. Vid fara för liv, ring 112."


def test_a_number_of_another_country_is_told_to_call_where_only_a_web_site_that_is_down_could_be_read() -> None:
    alone = replace(BORGHOLM, variables={**BORGHOLM.variables, "web": "www.borgholm.se", "page": "www.borgholm.se"})
    office, abroad = Office({"borgholm": alone}, "borgholm", ZONE), Resident({}, may_join=False)
    replies = [
        answer(Command(Verb.START), abroad, office, Now(AT, down=down)).reply or "" for down in ((), ("borgholm",))
    ]
    assert "Följ läget på www.borgholm.se." in replies[0]
    assert replies[1].endswith("Ring 0485-880 00 om du behöver veta mer.")
