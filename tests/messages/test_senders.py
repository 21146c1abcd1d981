"""Which municipality a person means, and names put in a file's place for ids."""

import pytest

from messages.document import parse, serialise
from messages.model import Message, Municipality
from messages.problems import InputError
from messages.senders import by_id, meant


def municipality(id_: str, name: str, english: str = "", code: str = "") -> Municipality:
    translations = {"en": {"name": english}} if english else {}
    return Municipality(id_, ("sv",), ("sms",), {"name": name}, translations, code)


KNOWN = {
    one.id: one
    for one in (
        municipality("borgholm", "Borgholms kommun", "Borgholm Municipality", "0885"),
        municipality("morbylanga", "Mörbylånga kommun", code="0840"),
        municipality("energi", "Borgholm Energi AB"),
        municipality("upplands-vasby", "Upplands Väsby kommun"),
        municipality("upplands-bro", "Upplands-Bro kommun"),
        municipality("torsas", "Torsås kommun"),
        municipality("lidingo", "Lidingö stad"),
        municipality("lidingo-hamn", "Lidingö stad", "Port of Lidingö"),
    )
}


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("borgholm", "borgholm"),
        ("BORGHOLM", "borgholm"),
        ("Borgholms kommun", "borgholm"),
        ("borgholm  municipality", "borgholm"),
        ("0885", "borgholm"),
        ("Mörbylånga", "morbylanga"),
        ("Mo\u0308rbyla\u030anga kommun", "morbylanga"),
        ("morbylanga KOMMUN", "morbylanga"),
        ("Borgholm Energi AB", "energi"),
        ("upplands väsby kommun", "upplands-vasby"),
        ("Upplands Väsby", "upplands-vasby"),
        ("885", "borgholm"),
        ("Borgholm energi", "energi"),
        ("Torsås", "torsas"),
        ("torsa", "torsas"),
        ("Borgholms", "borgholm"),
        ("Lidingö stad", None),  # the name of two
        ("port of lidingö", "lidingo-hamn"),
        ("Kalmar", None),
        ("kommun", None),
        ("", None),
    ],
)
def test_a_municipality_is_known_by_what_people_call_it(name: str, id_: str | None) -> None:
    assert meant(name, KNOWN) == id_


HABO, HAABO = municipality("habo", "Habo kommun"), municipality("haabo", "Håbo kommun")


@pytest.mark.parametrize(
    ("name", "known", "id_"),
    [
        ("Habo", (HABO, HAABO), "habo"),
        ("Håbo kommun", (HABO, HAABO), "haabo"),
        ("Håbo", (HABO,), None),
        ("Habo", (HAABO,), "haabo"),
        ("Mörbylanga", tuple(KNOWN.values()), "morbylanga"),
        ("Börgholm", tuple(KNOWN.values()), None),
    ],
)
def test_an_accent_may_be_left_out_and_never_put_in(name: str, known: tuple[Municipality, ...], id_: str) -> None:
    assert meant(name, {one.id: one for one in known}) == id_


def message(names: str, services: str = "") -> Message:
    head = f'incident = "X"\nkind = "alert"\nseverity = "severe"\nmunicipalities = {names}\n{services}'
    return parse(f"+++\n{head}+++\n# Rubrik\n\nText\n", channels=(), languages=("sv",), file="m.md")


def test_names_become_ids_and_every_other_character_stays() -> None:
    service = '[[services]]\nname = "Mörbylånga"\nstatus = "down"\nmunicipalities = ["M\\u00f6rbylånga"]\n'
    written = message("[\n  'Borgholms kommun', # en kommun\n  \"Mörbylånga\",\n]", service)
    found = by_id(written, KNOWN)
    assert found.municipalities == ("borgholm", "morbylanga")
    assert found.services[0].municipalities == ("morbylanga",)
    assert found.services[0].name == "Mörbylånga"
    again = parse(serialise(found), channels=(), languages=("sv",))
    assert (again.municipalities, again.services) == (found.municipalities, found.services)
    assert serialise(found).count("\n") == serialise(written).count("\n")


def test_ids_and_names_that_nobody_knows_stay() -> None:
    for names in ('["borgholm"]', '["Kalmar"]'):
        assert by_id(message(names), KNOWN) == message(names)


def test_one_municipality_under_two_names_is_refused_with_its_line() -> None:
    with pytest.raises(InputError) as caught:
        by_id(message('["borgholm", "Borgholms kommun"]'), KNOWN)
    [problem] = caught.value.problems
    assert problem.place.line == 5
