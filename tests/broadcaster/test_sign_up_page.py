"""The words of the sign-up: in every language, and the SMS small enough."""

from dataclasses import replace

import pytest

from broadcaster.store.signups import Purpose
from broadcaster.web.sign_up_page import Door, SignUpPage
from channels.provider import Contacts, Firm, Profile
from messages.languages import KNOWN, language
from messages.model import Municipality
from messages.segments import segment

LONGEST = "Storfors och Hällefors räddningstjänst"
TEXTED = Contacts(sms="+46766860000", sms_text="START BORGHOLM", sign_up="borgholm/anmalan")


def door(name: str = LONGEST, contacts: Contacts = TEXTED, *, has_page: bool = True) -> Door:
    municipality = Municipality("borgholm", KNOWN, ("sms",), {"name": name, "phone": "0485-880 00", "web": "x.se"})
    return Door(municipality, contacts, abroad=False, has_page=has_page)


@pytest.mark.parametrize("code", KNOWN)
@pytest.mark.parametrize("purpose", Purpose)
def test_the_sms_with_the_code_begins_with_it_and_is_one_segment(code: str, purpose: Purpose) -> None:
    text = door().sms(purpose, code).format(code="012345")
    assert text.startswith("012345 ")
    assert LONGEST in text
    assert segment(text).count == 1


def test_a_name_with_braces_stays_a_name() -> None:
    assert "{code} {0}" in door("{code} {0}").sms(Purpose.JOIN, "sv").format(code="012345")


@pytest.mark.parametrize("code", KNOWN)
@pytest.mark.parametrize("purpose", Purpose)
def test_every_page_has_all_its_words(code: str, purpose: Purpose) -> None:
    page = SignUpPage(door(), purpose, code)
    for written in (page.form(), page.form("1", wrong=True), page.code("x"), page.code("x", wrong=True), page.done()):
        assert f'<html lang="{code}">' in written.decode()
        assert "{" not in written.decode().split("</style>")[1]
        assert len(written) < 15_000


@pytest.mark.parametrize("code", KNOWN)
def test_who_gives_a_number_is_told_what_becomes_of_it_also_where_there_is_no_public_page(code: str) -> None:
    words = language(code).about
    contacts = replace(TEXTED, profile=Profile(firms=(Firm("Twilio", in_eu=False),)))
    joining = SignUpPage(door(contacts=contacts, has_page=False), Purpose.JOIN, code).form().decode()
    assert words.data_protection in joining
    assert words.outside.format(firms="Twilio") in joining
    assert "https://www.imy.se" in joining
    assert words.data_protection not in SignUpPage(door(), Purpose.LEAVE, code).form().decode()


def test_only_what_there_is_is_offered() -> None:
    bare = SignUpPage(door(contacts=Contacts(sign_up="borgholm/anmalan"), has_page=False), Purpose.JOIN, "sv")
    assert "START" not in bare.form().decode()
    assert language("sv").sign_up.now not in bare.form().decode() + bare.done().decode()
