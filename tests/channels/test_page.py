"""The public page: what residents read on it, whatever was said and whenever they look."""

import gzip
import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urljoin

import pytest
from lxml import html

from channels.contract import Accepted, Deferred, Showing, Standing
from channels.feed.document import withdrawn
from channels.page import (
    Address,
    Content,
    FolderError,
    Made,
    PageChannel,
    Site,
    published,
    render_about,
    render_missing,
    render_page,
)
from channels.page.document import EARLIER, LARGEST
from channels.page.fragment import under
from channels.page.threads import in_language, is_late, threads
from channels.provider import Contacts, Firm, Profile, Topic
from channels.registry import FORMS
from messages.document import parse
from messages.markdown import to_html
from messages.model import Kind, Municipality, ServiceStatus, Severity
from messages.rendering import render
from tests.fakes.board import FixedBoard
from tests.fakes.surfaces import MemorySurfaces
from tests.support.pages import (
    BORGHOLM,
    CONTACTS,
    HOUR,
    MORBYLANGA,
    NOW,
    ZONE,
    busy,
    municipality,
    showing,
    site,
    standing,
)

SWEDISH = Address("borgholm", "sv")
ENGLISH = Address("borgholm", "en")
JOINT = Address("all", "sv")
LIVE = Made(NOW, live=True)
WRITTEN = Made(NOW, live=False)


def page(
    *showings: Showing,
    at: Address = SWEDISH,
    made: Made = LIVE,
    standings: Sequence[Standing] = (),
    municipalities: Sequence[Municipality] = (),
) -> html.HtmlElement:
    """A page as a browser understands it."""
    written = render_page(site(*municipalities), at, Content(showings, standings), made)
    return html.document_fromstring(written.decode())


def text(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def each(element: html.HtmlElement, path: str) -> list[html.HtmlElement]:
    """All elements that an XPath finds."""
    found = element.xpath(path, namespaces={"re": "http://exslt.org/regular-expressions"})
    assert isinstance(found, list)
    return [one for one in found if isinstance(one, html.HtmlElement)]


def articles(found: html.HtmlElement) -> list[str]:
    return [text(article.find("h3")) for article in found.iter("article")]


# --- What is current ------------------------------------------------------------------------------------------------


def test_the_page_itself_says_when_the_next_update_comes_and_the_text_leaves_it_to_the_page() -> None:
    head = 'incident = "I"\nkind = "alert"\nseverity = "severe"\nmunicipalities = ["borgholm"]\n'
    source = f"+++\n{head}next_update = 2022-12-13T12:12:00+01:00\n+++\n# Allt är nere\n\nRing växeln.\n"
    message = parse(source, channels=FORMS, languages=("sv",))
    said = {r.channel: r for r in render(message, [BORGHOLM], FORMS, ZONE)}
    found = text(page(showing(text=said["page"].text, next_update=message.next_update)))
    assert len(re.findall("Nästa uppdatering", found)) == 1
    assert said["feed"].text.endswith("<p>Nästa uppdatering kommer tisdag 13 december kl. 12.12.</p>")


def test_a_message_stands_there_with_its_headline_text_and_next_update() -> None:
    found = page(showing(next_update=NOW + 3 * HOUR))
    (article,) = found.iter("article")
    assert text(article) == (
        "Allvarlig händelse Våra datorsystem är avstängda Ring växeln. "
        "Nästa uppdatering tisdag 13 december kl. 12.12 "
        "Publicerat tisdag 13 december kl. 08.12. Gäller till onsdag 14 december kl. 09.12."
    )
    assert [time.get("datetime") for time in article.iter("time")] == [
        "2022-12-13T12:12+01:00",
        "2022-12-13T08:12+01:00",
        "2022-12-14T09:12+01:00",
    ]


def test_the_worst_comes_first_and_of_the_equally_bad_the_newest() -> None:
    said = [showing(f"m{n}", f"Nummer {n}", issued=NOW - n * HOUR, incident=f"i{n}") for n in (2, 1, 3)]
    assert articles(page(*said)) == ["Nummer 1", "Nummer 2", "Nummer 3"]
    worse = showing("m4", "Nummer 4", issued=NOW - 4 * HOUR, incident="i4", severity=Severity.EXTREME)
    over = showing("m5", "Nummer 5", kind=Kind.ALL_CLEAR, incident="i5", severity=Severity.EXTREME)
    assert articles(page(*said, worse, over)) == ["Nummer 4", "Nummer 1", "Nummer 2", "Nummer 3", "Nummer 5"]


def test_a_last_word_that_has_expired_says_how_old_it_is_and_that_it_is_not_over() -> None:
    old = replace(showing(issued=NOW - 30 * HOUR, expires=NOW - HOUR), lasts=True)
    (article,) = page(old).iter("article")
    assert "Händelsen är inte avslutad. Vårt senaste besked är från måndag 12 december" in text(article)
    assert "Gäller till" not in text(article)
    assert "Det finns inga aktuella meddelanden." not in text(page(old))


def test_without_messages_the_page_says_so() -> None:
    assert "Det finns inga aktuella meddelanden." in text(page())


def told(*said: tuple[str, Kind]) -> list[Showing]:
    """Messages of one incident, an hour apart."""
    return [
        showing(message, message, kind=kind, issued=NOW - timedelta(hours=10 - place))
        for place, (message, kind) in enumerate(said)
    ]


@pytest.mark.parametrize(
    ("said", "current", "earlier"),
    [
        ([("a", Kind.ALERT)], "a", ""),
        ([("a", Kind.ALERT), ("b", Kind.UPDATE)], "b", "a"),
        ([("a", Kind.ALERT), ("b", Kind.ALERT)], "ba", ""),
        ([("a", Kind.ALERT), ("b", Kind.ALERT), ("c", Kind.UPDATE)], "c", "ba"),
        ([("a", Kind.ALERT), ("b", Kind.ALERT), ("c", Kind.CORRECTION)], "ca", "b"),
        ([("a", Kind.CORRECTION)], "a", ""),
        ([("a", Kind.ALERT), ("b", Kind.ALL_CLEAR)], "b", "a"),
        ([("a", Kind.ALERT), ("b", Kind.ALL_CLEAR), ("c", Kind.ALERT)], "c", "ba"),
    ],
)
def test_what_takes_the_place_of_what(said: list[tuple[str, Kind]], current: str, earlier: str) -> None:
    (thread,) = threads(told(*said), NOW)
    assert "".join(showing.slot for showing in thread.current) == current
    assert "".join(showing.slot for showing in thread.earlier) == earlier


def corrected(shown: Showing, title: str = "Rättat", **changes: object) -> Showing:
    """What is shown after a correction has taken the place of a message."""
    other = replace(shown.parcel.rendition, title=title, text="<p>Rätt.</p>")
    parcel = replace(shown.parcel, rendition=other, message=f"{shown.slot}-rätt", **changes)  # type: ignore[arg-type] # the tests' own names
    return replace(shown, parcel=parcel, updated=NOW)


def taken_back(shown: Showing) -> Showing:
    return replace(shown, parcel=replace(shown.parcel, rendition=withdrawn(shown.parcel.rendition)), updated=NOW)


@pytest.mark.parametrize(
    ("said", "changed", "current", "earlier"),
    [
        ("alert", {0: corrected}, "0", ""),
        ("alert alert", {0: corrected, 1: corrected}, "10", ""),
        ("alert update", {0: corrected, 1: corrected}, "1", "0"),
        ("alert alert all-clear", {2: corrected}, "2", "10"),
        ("alert", {0: taken_back}, "0", ""),
        ("alert alert", {0: taken_back}, "10", ""),
        ("alert update", {1: taken_back}, "10", ""),
        ("alert update all-clear", {2: taken_back}, "21", "0"),
        ("alert all-clear update", {1: taken_back}, "2", "10"),
        ("alert update", {0: taken_back}, "1", "0"),
    ],
)
def test_what_was_corrected_keeps_its_place_and_what_was_withdrawn_takes_none(
    said: str, changed: dict[int, Callable[[Showing], Showing]], current: str, earlier: str
) -> None:
    shown = told(*[(str(place), Kind(kind)) for place, kind in enumerate(said.split())])
    (thread,) = threads([changed[p](s) if p in changed else s for p, s in enumerate(shown)], NOW)
    assert "".join(showing.slot for showing in thread.current) == current
    assert "".join(showing.slot for showing in thread.earlier) == earlier


def test_a_corrected_message_says_so_and_where_it_stood_links_still_lead() -> None:
    (article,) = page(corrected(showing())).iter("article")
    assert (article.get("id"), article.get("class")) == ("m-m1", "severe")
    assert text(article).startswith("Rättelse · Allvarlig händelse Rättat Rätt.")
    assert "Publicerat tisdag 13 december kl. 08.12. Rättat tisdag 13 december kl. 09.12." in text(article)
    joint = page(*(corrected(long(place)) for place in range(3)), *(long(place) for place in range(3, 9)), at=JOINT)
    (first, *_) = each(joint, "//a[@class='button']")
    assert str(first.get("href")).startswith("borgholm/#m-m")


def test_a_corrected_all_clear_is_one_still() -> None:
    (article,) = page(corrected(showing(kind=Kind.ALL_CLEAR))).iter("article")
    assert article.get("class") == "clear"
    assert text(article).startswith("Händelsen är över · Rättelse Rättat")


def test_what_is_withdrawn_looks_like_no_emergency_and_promises_nothing() -> None:
    (article,) = page(taken_back(corrected(showing(next_update=NOW)))).iter("article")
    assert article.get("class") == "withdrawn"
    assert text(article) == (
        "Tillbakadraget: Rättat Meddelandet är tillbakadraget och gäller inte längre. "
        "Publicerat tisdag 13 december kl. 08.12. Ändrat tisdag 13 december kl. 09.12."
    )


@pytest.mark.parametrize("change", [corrected, taken_back])
def test_what_was_changed_in_one_language_only_is_not_shown_as_it_was_in_another(
    change: Callable[[Showing], Showing],
) -> None:
    said = [change(showing()), showing(title="Our systems are shut down", language="en")]
    (title,) = articles(page(*said, at=ENGLISH))
    assert "Our systems" not in title


def promising(message: str, hours: float, promise: float | None, **changes: object) -> Showing:
    """A message of so many hours ago, which promises one for so many hours from now."""
    due = None if promise is None else NOW + promise * HOUR
    return showing(message, message, issued=NOW - hours * HOUR, next_update=due, **changes)  # type: ignore[arg-type] # as above


@pytest.mark.parametrize(
    ("said", "late"),
    [
        ([promising("a", 3, None)], ""),
        ([promising("a", 3, 1)], ""),
        ([promising("a", 3, 0)], "a"),
        ([promising("a", 3, -1)], "a"),
        ([promising("a", 3, -1, expires=NOW)], ""),
        ([promising("a", 3, -1, kind=Kind.ALL_CLEAR)], ""),
        ([promising("a", 3, -1), promising("b", 2, -1, kind=Kind.ALL_CLEAR)], ""),
        ([promising("a", 3, -1), promising("b", 2, None, kind=Kind.UPDATE)], ""),
        ([promising("a", 3, -1), promising("b", 2, None)], "a"),  # something else, and before it was due
        ([promising("a", 3, -1), promising("b", 0.5, None)], ""),
        ([promising("a", 3, -1), promising("b", 2, 1)], ""),
        ([promising("a", 3, -1), promising("b", 2, -0.5)], "b"),
        ([promising("a", 3, -1), taken_back(promising("b", 2, 1, kind=Kind.UPDATE))], "a"),
        ([promising("a", 3, -1), promising("b", 0.5, None, incident="Vatten")], "a"),
        ([corrected(promising("a", 3, -1))], "a"),
    ],
)
def test_only_what_should_have_come_and_has_not_is_late(said: list[Showing], late: str) -> None:
    found = threads(said, NOW)
    assert late == "".join(
        showing.slot for thread in found for showing in thread.current if is_late(showing, thread, NOW)
    )
    assert ("försenad" in text(page(*said))) == bool(late)


def test_an_incident_of_months_beside_others_fits_on_its_page_and_stands_out_from_none() -> None:
    months = [
        showing(
            f"bibliotek{day}",
            f"Läget dag {day}: biblioteken lånar ut för hand",
            f"<p>{'Vi arbetar vidare med att återställa systemen. ' * 12}</p>",
            kind=Kind.UPDATE if day else Kind.ALERT,
            severity=Severity.INFORMATION,
            issued=NOW - timedelta(days=120 - day, hours=2),
            expires=NOW - timedelta(days=120 - day - 3),
            incident="Utpressningsangreppet",
            next_update=NOW - timedelta(days=120 - day - 2),
        )
        for day in range(120)
    ]
    over = showing("el", "Strömmen är tillbaka", kind=Kind.ALL_CLEAR, incident="Strömavbrott", issued=NOW - HOUR / 2)
    said = [*months, showing(issued=NOW - 3 * HOUR), over]
    for address in (SWEDISH, ENGLISH, JOINT):
        assert len(render_page(site(), address, Content(said), LIVE)) < LARGEST
    found = page(*said)
    assert [(article.get("class"), text(article.find("h3"))) for article in found.iter("article")] == [
        ("severe", "Våra datorsystem är avstängda"),
        ("clear", "Strömmen är tillbaka"),
        ("information", "Läget dag 119: biblioteken lånar ut för hand"),
    ]
    assert "försenad" not in text(found)


def test_when_the_all_clear_has_had_its_time_the_incident_is_among_the_past_as_ended() -> None:
    alert, over = told(("Koka vattnet", Kind.ALERT), ("Vattnet är rent", Kind.ALL_CLEAR))
    found = page(alert, replace(over, parcel=replace(over.parcel, expires=NOW, next_update=NOW - HOUR)))
    assert articles(found) == []
    (past,) = found.iter("details")
    assert text(past.find("summary")) == "Vattnet är rent"
    assert "Händelsen är över. Publicerat" in text(past)
    assert "försenad" not in text(found)


@pytest.mark.parametrize("change", [lambda shown: shown, taken_back])
def test_an_exercise_takes_the_place_of_nothing_real(change: Callable[[Showing], Showing]) -> None:
    practice = change(showing("m2", "ÖVNING: Det är över", kind=Kind.ALL_CLEAR, issued=NOW))
    assert len(threads([showing(), practice], NOW)) == 2
    assert articles(page(showing(), practice))[0] == "Våra datorsystem är avstängda"


def test_an_update_that_has_expired_does_not_bring_back_what_it_replaced() -> None:
    alert, update = told(("a", Kind.ALERT), ("b", Kind.UPDATE))
    update = replace(update, parcel=replace(update.parcel, expires=NOW))
    (thread,) = threads([alert, update], NOW)
    assert not thread.current
    assert [showing.slot for showing in thread.earlier] == ["b", "a"]


def test_what_was_said_before_stays_readable_under_what_is_said_now() -> None:
    found = page(*told(("Först", Kind.ALERT), ("Sedan", Kind.UPDATE)))
    assert articles(found) == ["Sedan"]
    (earlier,) = found.iter("details")
    assert text(earlier.find("summary")) == "Tidigare om samma händelse (1)"
    assert "Först" in text(earlier)
    assert "Ring växeln." in text(earlier)


def test_an_incident_that_is_over_moves_to_the_end() -> None:
    found = page(showing(expires=NOW))
    assert articles(found) == []
    assert "Tidigare meddelanden" in [text(heading) for heading in found.iter("h2")]
    assert text(found.find(".//details/summary")) == "Våra datorsystem är avstängda"


def test_the_same_incident_of_two_municipalities_is_two_threads() -> None:
    said = [
        showing(municipality=m, kind=k, message=k)
        for m in ("borgholm", "morbylanga")
        for k in (Kind.ALERT, Kind.UPDATE)
    ]
    assert len(threads(said, NOW)) == 2


def test_a_message_without_an_incident_stands_for_itself() -> None:
    said = [showing("a", incident="", kind=Kind.UPDATE), showing("b", incident="", kind=Kind.UPDATE)]
    assert len(threads(said, NOW)) == 2


def test_an_all_clear_is_not_called_severe() -> None:
    (article,) = page(showing(kind=Kind.ALL_CLEAR)).iter("article")
    assert text(article.find("p")) == "Händelsen är över"
    assert article.get("class") == "clear"


# --- Time -----------------------------------------------------------------------------------------------------------


def test_a_page_that_is_made_when_asked_for_says_when() -> None:
    assert "Sidan visar läget tisdag 13 december kl. 09.12." in text(page())


def test_a_page_that_is_made_beforehand_says_when_it_changed_and_when_it_is_out_of_date() -> None:
    said = text(page(showing(next_update=NOW + 3 * HOUR, updated=NOW - HOUR), made=WRITTEN))
    assert "Sidan ändrades senast tisdag 13 december kl. 08.12." in said
    assert "Om det nu är senare än tisdag 13 december kl. 12.12 kan sidan vara inaktuell." in said
    assert "visar läget" not in said


def test_a_page_made_beforehand_is_out_of_date_when_its_first_message_ends_if_no_update_is_promised() -> None:
    said = text(page(showing("a", expires=NOW + HOUR), showing("b", incident="b"), made=WRITTEN))
    assert "Om det nu är senare än tisdag 13 december kl. 10.12" in said


def test_a_page_made_beforehand_is_the_same_bytes_until_something_changes() -> None:
    earlier, later = Made(NOW, live=False), Made(NOW + 2 * HOUR, live=False)
    assert render_page(site(), SWEDISH, busy(), earlier) == render_page(site(), SWEDISH, busy(), later)


def test_an_update_that_was_promised_and_has_not_come_is_called_late() -> None:
    for made in (LIVE, WRITTEN):
        said = text(page(showing(next_update=NOW), made=made))
        assert "Uppdateringen som skulle ha kommit tisdag 13 december kl. 09.12 är försenad." in said
        assert "Nästa uppdatering" not in said


def test_a_page_that_cannot_be_brought_up_to_date_says_since_when() -> None:
    found = page(made=Made(NOW, live=True, stale_since=NOW - HOUR))
    (warning,) = found.find_class("warning")
    assert text(warning).startswith("Sidan har inte kunnat uppdateras sedan tisdag 13 december kl. 08.12.")


def test_a_time_in_another_year_has_its_year() -> None:
    issued = datetime(2021, 6, 1, 10, 0, tzinfo=UTC)
    assert "Publicerat tisdag 1 juni 2021 kl. 12.00" in text(page(showing(issued=issued)))


def test_a_text_that_changed_later_says_when() -> None:
    assert "Ändrat" not in text(page(showing(updated=NOW - HOUR + timedelta(minutes=1))))
    assert "Ändrat tisdag 13 december kl. 09.02." in text(page(showing(updated=NOW - timedelta(minutes=10))))


# --- Languages ------------------------------------------------------------------------------------------------------


def test_a_page_speaks_its_language_and_leads_to_the_others() -> None:
    found = page(showing(), showing(title="Our systems are down", language="en"), at=ENGLISH)
    assert found.get("lang") == "en"
    assert articles(found) == ["Our systems are down"]
    (other,) = each(found, "//nav[@aria-label='Languages']//a")
    assert (other.get("href"), other.get("hreflang"), other.get("lang"), text(other)) == (
        "../../borgholm/",
        "sv",
        "sv",
        "Svenska",
    )
    assert "Important information from Borgholm Municipality" in text(found.find(".//h1"))


def test_a_message_that_is_not_there_in_the_language_is_shown_in_the_first_one_and_marked() -> None:
    (article,) = page(showing(), at=ENGLISH).iter("article")
    assert "This message is not available in English." in text(article)
    assert article.find("h3").get("lang") == "sv"
    (words,) = article.find_class("text")
    assert words.get("lang") == "sv"


def test_machines_are_told_of_all_languages() -> None:
    links = each(page(), "//link[@hreflang]")
    assert [(link.get("hreflang"), link.get("href")) for link in links] == [
        ("sv", "https://kris.example.se/borgholm/"),
        ("en", "https://kris.example.se/borgholm/en/"),
    ]


def test_a_message_is_taken_in_the_best_language_there_is() -> None:
    said = [showing(language="sv"), showing(language="en"), showing("b", language="sv"), showing("c", language="fi")]
    chosen = in_language(said, "en", {"borgholm": "sv"})
    assert [(s.slot, s.parcel.rendition.language) for s in chosen] == [("m1", "en"), ("b", "sv"), ("c", "fi")]


def test_swedish_stands_first_on_the_page_of_all_together() -> None:
    english_first = replace(BORGHOLM, languages=("en", "sv"))
    assert site(english_first, MORBYLANGA).languages("all") == ["sv", "en"]


def test_the_page_does_not_lead_to_a_web_site_that_is_down() -> None:
    def leads(*standings: Standing) -> list[str]:
        found = page(standings=standings)
        return [str(link) for link in found.xpath("//a/@href") if "www." in str(link)]

    assert leads(standing("Webbplatsen", ServiceStatus.LIMITED)) == ["https://www.borgholm.se"]
    assert leads(standing("Webbplatsen", municipality="morbylanga")) == ["https://www.borgholm.se"]
    assert leads(standing("www.borgholm.se")) == []


# --- The board of services ------------------------------------------------------------------------------------------


def test_the_board_has_what_does_not_work_first_with_note_and_since_when() -> None:
    board = [
        standing("Ärenden", ServiceStatus.WORKING),
        standing("E-tjänster", ServiceStatus.DOWN, "Ring i stället."),
        standing("Bibliotek", ServiceStatus.LIMITED),
    ]
    found = page(standings=board)
    (shown,) = found.find_class("board")
    assert [text(line) for line in shown] == [
        "E-tjänster Fungerar inte Ring i stället. sedan 12 december kl. 21.12",
        "Bibliotek Fungerar delvis sedan 12 december kl. 21.12",
        "Ärenden Fungerar sedan 12 december kl. 21.12",
    ]


def test_names_and_notes_of_services_are_in_the_municipalitys_own_language() -> None:
    found = page(standings=[standing(note="Ring.")], at=ENGLISH)
    (line,) = found.find_class("board")[0]
    assert "Not working" in text(line)
    assert [span.get("class") for span in each(line, ".//span[@lang='sv']")] == ["name", "note"]


def test_the_page_of_all_together_has_the_boards_of_all_apart() -> None:
    found = page(standings=[standing(), standing(municipality="morbylanga")], at=JOINT)
    assert [text(h) for h in each(found, "//section[h2/@id='services']/h3")] == [
        "Borgholms kommun",
        "Mörbylånga kommun",
    ]


def test_nobody_elses_services_and_messages_are_on_a_page() -> None:
    found = page(showing(municipality="morbylanga"), standings=[standing(municipality="morbylanga")])
    assert articles(found) == []
    assert not found.find_class("board")


# --- Ways to us -----------------------------------------------------------------------------------------------------


def test_phone_numbers_can_be_called() -> None:
    numbers = each(page(), "//dd/a[starts-with(@href, 'tel:')]")
    assert [(number.get("href"), text(number)) for number in numbers] == [
        ("tel:112", "112"),
        ("tel:+4648588000", "0485-880 00"),
        ("tel:+46846500400", "08-465 004 00"),
        ("tel:11313", "113 13"),
    ]


def test_a_number_that_nobody_can_dial_is_shown_as_it_is() -> None:
    odd = replace(BORGHOLM, variables={**BORGHOLM.variables, "phone": "fråga i receptionen"})
    found = page(municipalities=[odd])
    assert "fråga i receptionen" in text(found)


def test_the_ways_to_subscribe_and_the_feeds_are_there() -> None:
    found = page()
    (follow,) = each(found, "//section[h2/@id='follow']")
    assert "Skicka START BORGHOLM till 070-174 06 98 för att få sms" in text(follow)
    assert [a.get("href") for a in follow.iter("a")] == [
        "sms:+46701740698",
        "../borgholm/anmalan",
        "../feeds/borgholm/sv.rss",
        "../feeds/borgholm/sv.atom",
        "../feeds/borgholm/sv.json",
    ]
    (atom,) = each(found, "//link[@type='application/atom+xml']")
    assert atom.get("href") == "../feeds/borgholm/sv.atom"


def test_a_page_made_beforehand_leads_to_the_sign_up_where_it_really_is() -> None:
    (link,) = each(page(made=WRITTEN), "//a[contains(@href, 'anmalan')]")
    assert link.get("href") == "https://kris.example.se/borgholm/anmalan"


def test_what_is_not_there_is_not_offered() -> None:
    alone = replace(BORGHOLM, languages=("sv",), channels=("page",))
    bare = replace(site(alone, public_url=None), contacts={})
    written = render_page(bare, SWEDISH, Content(), WRITTEN).decode()
    for words in ("anmalan", "sms:", "hreflang", "Alla avsändare", "Lyssna på senaste", "Få nya meddelanden", "feeds/"):
        assert words not in written


def test_one_page_leads_to_the_others() -> None:
    joint = page(at=JOINT)
    doors = each(joint, "//nav[@aria-label='Välj kommun']//a")
    assert [(door.get("href"), text(door)) for door in doors] == [
        ("borgholm/", "Borgholms kommun"),
        ("morbylanga/", "Mörbylånga kommun"),
    ]
    (back,) = each(page(at=ENGLISH), "//nav[@aria-label='Choose municipality']//a")
    assert (back.get("href"), text(back)) == ("../../en/", "All senders")


def test_every_link_from_page_to_page_leads_to_a_page() -> None:
    here = site()
    paths = {here.path(address) for address in here.addresses()}
    for address in here.addresses():
        found = html.document_fromstring(render_page(here, address, busy(), LIVE).decode())
        for link in each(found, "//nav//a"):
            leads_to = urljoin(f"https://kris.example.se/{here.path(address)}", link.get("href"))
            assert leads_to.removeprefix("https://kris.example.se/") in paths


# --- Form -----------------------------------------------------------------------------------------------------------


def test_headings_have_no_gaps_and_one_of_the_first_level() -> None:
    here = site()
    for address in here.addresses():
        found = html.document_fromstring(render_page(here, address, busy(), LIVE).decode())
        levels = [int(heading.tag[1]) for heading in each(found, "//*[re:test(name(), '^h[1-6]$')]")]
        assert levels.count(1) == 1
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        ("<h2>a</h2>", "<h4>a</h4>"),
        ("<h1>a</h1><h2>b</h2>", "<h4>a</h4><h5>b</h5>"),
        ("<h3>a</h3><h2>b</h2><h3>c</h3>", "<h4>a</h4><h4>b</h4><h5>c</h5>"),
        ("<h2>a</h2><h4>b</h4><h3>c</h3>", "<h4>a</h4><h5>b</h5><h5>c</h5>"),
        ("<h1>a</h1><h2>b</h2><h3>c</h3><h4>d</h4>", "<h4>a</h4><h5>b</h5><h6>c</h6><h6>d</h6>"),
        ("<p>&lt;h2&gt;</p>", "<p>&lt;h2&gt;</p>"),
    ],
)
def test_the_headings_of_a_message_go_on_where_those_of_the_page_end(fragment: str, expected: str) -> None:
    assert under(fragment, 3) == expected


def test_whatever_people_write_is_text() -> None:
    evil = "<script>alert(1)</script>\"'&{{ x }}"
    named = Municipality("borgholm", ("sv",), ("page",), {"name": evil, "phone": evil, "web": evil})
    found = page(showing(title=evil), standings=[standing(evil, note=evil)], municipalities=[named])
    assert not list(found.iter("script"))
    assert text(found.find(".//article/h3")) == evil
    assert evil in text(found.find_class("note")[0])


def test_nothing_is_loaded_and_nothing_runs() -> None:
    found = page(*busy().showings, standings=busy().standings)
    assert not each(
        found, "//script | //img | //iframe | //object | //form | //link[@rel='stylesheet'] | //*[@onclick]"
    )
    (meta,) = each(found, "//meta[@http-equiv='Content-Security-Policy']")
    assert meta.get("content", "").startswith(
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src 'sha256-"
    )


@pytest.mark.parametrize("made", [LIVE, WRITTEN], ids=["live", "written"])
def test_every_page_of_a_bad_week_is_under_thirty_kilobytes(made: Made) -> None:
    here = site()
    for address in here.addresses():
        assert len(render_page(here, address, busy(), made)) < 30_000


def long(place: int) -> Showing:
    return showing(
        f"m{place}", f"Nummer {place}", f"<p>{'ord ' * 1500}</p>", incident=f"i{place}", issued=NOW - place * HOUR
    )


def test_current_messages_stand_in_full_on_their_own_page_and_history_gives_way() -> None:
    old = [replace(long(n), parcel=replace(long(n).parcel, expires=NOW)) for n in range(4, 8)]
    found = page(*(long(n) for n in range(2)), *old)
    assert all("ord ord" in text(article) for article in found.iter("article"))
    assert [text(summary) for summary in found.iter("summary")] == [f"Nummer {n}" for n in range(4, 8)]
    assert ["ord ord" in text(details) for details in found.iter("details")] == [True, False, False, False]


def test_on_the_page_of_all_together_a_message_without_room_leads_to_its_own_page() -> None:
    said = [long(n) for n in range(8)]
    written = render_page(site(), JOINT, Content(said), LIVE)
    assert len(written) < LARGEST
    found = html.document_fromstring(written.decode())
    links = each(found, "//a[@class='button']")
    assert articles(found) == [f"Nummer {n}" for n in range(8)]
    assert links[0].get("href") == "borgholm/#m-m2"
    assert text(links[0]) == "Läs hela meddelandet: Nummer 2"


def test_history_is_listed_so_far_and_no_further() -> None:
    said = told(*[(f"m{n}", Kind.UPDATE) for n in range(EARLIER + 5)])
    assert len(page(*said).find_class("earlier")) == EARLIER


def test_the_page_that_stands_for_none_leads_on() -> None:
    found = html.document_fromstring(render_missing(site()).decode())
    assert text(found.find(".//h1")) == "Sidan finns inte"
    assert [(a.get("href"), text(a)) for a in each(found, "//main//a")] == [
        ("/", "Viktig information från kommunerna"),
        ("/borgholm/", "Viktig information från Borgholms kommun"),
        ("/morbylanga/", "Viktig information från Mörbylånga kommun"),
    ]
    below = html.document_fromstring(render_missing(site(public_url="https://example.se/kris")).decode())
    assert each(below, "//main//a")[1].get("href") == "/kris/borgholm/"


# --- The channel and its files --------------------------------------------------------------------------------------


def channel(directory: Path | None, surfaces: MemorySurfaces, *standings: Standing) -> PageChannel:
    return PageChannel(site(), surfaces, FixedBoard(*standings), directory, lambda: NOW)


@pytest.fixture
def surfaces() -> MemorySurfaces:
    return MemorySurfaces(lambda: NOW)


def files(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()} - {".lock", ".own"}


async def test_what_is_sent_is_written_on_its_page_and_on_that_of_all(tmp_path: Path, surfaces: MemorySurfaces) -> None:
    outcome = await channel(tmp_path / "site", surfaces, standing()).send(showing().parcel)
    assert isinstance(outcome, Accepted)
    for name in ("index.html", "borgholm/index.html", "borgholm/en/index.html"):
        written = (tmp_path / "site" / name).read_bytes()
        assert "Våra datorsystem är avstängda".encode() in written
        assert "E-tjänster".encode() in written
        assert gzip.decompress((tmp_path / "site" / f"{name}.gz").read_bytes()) == written
    assert "datorsystem" not in (tmp_path / "site/morbylanga/index.html").read_text()


async def test_without_a_folder_nothing_is_written_and_the_page_has_it(surfaces: MemorySurfaces) -> None:
    here = channel(None, surfaces)
    assert isinstance(await here.send(showing().parcel), Accepted)
    assert [s.slot for s in (await here.content()).showings] == ["m1"]


async def test_files_that_are_no_more_ours_go_and_those_of_others_stay(
    tmp_path: Path, surfaces: MemorySurfaces
) -> None:
    await channel(tmp_path / "site", surfaces).refresh()
    (tmp_path / "site/robots.txt").write_text("ours? no")
    (tmp_path / "site/morbylanga/bild.png").write_bytes(b"")
    alone = PageChannel(site(BORGHOLM), surfaces, FixedBoard(), tmp_path / "site", lambda: NOW)
    await alone.refresh()
    assert files(tmp_path / "site") == {"robots.txt", "morbylanga/bild.png"} | {
        f"{name}{ending}"
        for name in (
            "index.html",
            "en/index.html",
            "borgholm/index.html",
            "borgholm/en/index.html",
            "borgholm/om/index.html",
            "borgholm/en/om/index.html",
            "404.html",
        )
        for ending in ("", ".gz")
    }
    assert not (tmp_path / "site/morbylanga/en").exists()


async def test_a_file_that_would_not_change_is_left_alone(tmp_path: Path, surfaces: MemorySurfaces) -> None:
    here = channel(tmp_path / "site", surfaces)
    await here.refresh()
    before = {path: path.stat().st_ino for path in (tmp_path / "site").rglob("*.html*")}
    await here.refresh()
    assert {path: path.stat().st_ino for path in (tmp_path / "site").rglob("*.html*")} == before


async def test_a_folder_that_cannot_be_written_defers(tmp_path: Path, surfaces: MemorySurfaces) -> None:
    (tmp_path / "file").write_text("")
    here = channel(tmp_path / "file/site", surfaces)
    outcome = await here.send(showing().parcel)
    assert isinstance(outcome, Deferred)
    assert "file/site" in outcome.reason
    with pytest.raises(FolderError):
        await here.refresh()


async def test_a_replaced_message_keeps_its_place_and_time(surfaces: MemorySurfaces) -> None:
    here = channel(None, surfaces)
    first = await here.send(showing().parcel)
    assert isinstance(first, Accepted)
    later = showing("m2", "Rättat", issued=NOW, next_update=NOW + HOUR, kind=Kind.CORRECTION).parcel
    for _ in range(2):
        assert await here.replace(later, first.remote_id) == first
    (shown,) = (await here.content()).showings
    assert (shown.slot, shown.parcel.rendition.title, shown.parcel.issued) == ("m1", "Rättat", NOW - HOUR)
    assert shown.parcel.next_update == NOW + HOUR
    assert (shown.parcel.message, shown.parcel.kind) == ("m2", Kind.ALERT)
    last = showing("m3", "Rättat igen", issued=NOW, kind=Kind.CORRECTION).parcel
    assert await here.replace(last, first.remote_id) == first
    assert articles(page(*(await here.content()).showings)) == ["Rättat igen"]
    assert await here.withdraw(last, first.remote_id) == first
    assert articles(page(*(await here.content()).showings)) == ["Tillbakadraget: Rättat igen"]


async def test_a_correction_of_what_never_was_there_is_shown_all_the_same(surfaces: MemorySurfaces) -> None:
    here = channel(None, surfaces)
    outcome = await here.replace(showing("m2", kind=Kind.CORRECTION).parcel, "m1/borgholm/sv")
    assert outcome == Accepted("m2/borgholm/sv")
    assert len((await here.content()).showings) == 1


async def test_a_withdrawn_message_says_so_and_its_text_is_gone(surfaces: MemorySurfaces) -> None:
    here = channel(None, surfaces)
    first = await here.send(showing().parcel)
    assert isinstance(first, Accepted)
    for _ in range(2):
        assert await here.withdraw(showing().parcel, first.remote_id) == first
    found = page(*(await here.content()).showings)
    assert articles(found) == ["Tillbakadraget: Våra datorsystem är avstängda"]
    assert "Ring växeln." not in text(found.find(".//article"))


def test_the_files_are_every_page_the_missing_one_and_all_of_them_compressed() -> None:
    written = published(site(), busy(), NOW)
    assert len(written) == 2 * (6 + 4 + 1)
    assert published(site(), busy(), NOW) == written
    assert all(re.fullmatch(r"([a-z]+/)*(index|404)\.html(\.gz)?", name) for name in written)


@pytest.mark.parametrize("severity", Severity)
def test_every_severity_has_its_colour_and_word(severity: Severity) -> None:
    (article,) = page(showing(severity=severity)).iter("article")
    assert article.get("class") == severity


NUMBERS = {
    "Ring 0485-880 00.": "0485-880 00 +4648588000",
    "Ring 0485-880\u00a000 eller 0485 – 470 00, dygnet runt": (
        "0485-880\u00a000 +4648588000, 0485 – 470 00 +4648547000"
    ),
    "070-174 06 05, 0701740606, +46 70 174 06 07": (
        "070-174 06 05 +46701740605, 0701740606 +46701740606, +46 70 174 06 07 +46701740607"
    ),
    "+46(0)485-880 00": "+46(0)485-880 00 +4648588000",
    "Vid fara, ring 112 genast. Annars ring 113 13.": "112 112, 113 13 11313",
    "Call 1177 first": "1177 1177",
    "den 2022-12-13 kl. 08.30–17.00": "",
    "över 112 personer, 1177.se och 0–4 år": "",
    "org.nr 212000-0795, OCR 0123456789012, 05 000 kr, 08 30 2022": "",
    "https://exempel.se/0485-88000 och x0485-880 00": "",
}


@pytest.mark.parametrize("said", NUMBERS)
def test_a_phone_number_in_running_text_can_be_called_and_what_only_looks_like_one_cannot(said: str) -> None:
    found = page(showing(text=to_html(said)), standings=[standing(note=said)])
    for place in ("//article", "//section[@aria-labelledby='services']"):
        links = each(found, f"{place}//a[starts-with(@href, 'tel:')]")
        assert ", ".join(f"{one.text_content()} {one.get('href')[4:]}" for one in links) == NUMBERS[said]


def test_a_number_that_its_author_has_linked_and_what_stands_letter_by_letter_is_left_alone() -> None:
    written = '<p><a href="tel:+46485">0485-880 00</a> <code>0485-880 00</code></p><pre>0485-880 00</pre>'
    assert under(written, 3) == written


def test_what_works_and_what_does_not_stands_right_below_what_holds_before_the_numbers() -> None:
    found = page(showing(), standings=[standing()])
    assert [one.get("aria-labelledby") for one in found.iter("section")][:3] == ["now", "services", "phone"]


def test_a_promise_that_was_not_kept_looks_like_a_warning() -> None:
    [late] = each(page(showing(next_update=NOW - HOUR)), "//article//p[@class='warning']")
    assert "försenad" in text(late)


def test_what_was_said_earlier_has_a_place_that_a_feed_can_lead_to() -> None:
    found = page(showing("m1"), showing("m2", kind=Kind.UPDATE, issued=NOW))
    assert [one.get("id") for one in each(found, "//article | //details//*[@id]")] == ["m-m2", "m-m1"]


ENERGI = replace(municipality("energi", "Borgholm Energi", "0485-883 00"), part_of="borgholm")


def boil(by: str, kind: Kind = Kind.ALERT, expires: datetime = NOW + HOUR) -> Showing:
    """What both municipalities say in the same words."""
    said = "Koka vattnet", "<p>Koka vattnet.</p>"
    return showing("m1", *said, municipality=by, incident="Vatten", kind=kind, expires=expires)


def labels(found: html.HtmlElement) -> list[str]:
    return [text(one) for one in each(found, "//article/p[@class='label']")]


def test_on_the_page_of_all_together_a_text_that_is_the_same_stands_once_with_all_its_senders() -> None:
    own = showing("m2", municipality="morbylanga", kind=Kind.UPDATE, issued=NOW, incident="Vatten")
    both = [boil("borgholm"), boil("morbylanga")]
    [label] = labels(page(*both, at=JOINT))
    assert label == "Borgholms kommun och Mörbylånga kommun · Allvarlig händelse"

    different = [both[0], showing("m1", "Koka vattnet", "<p>Ring oss.</p>", municipality="morbylanga")]
    assert len(labels(page(*different, at=JOINT))) == 2
    assert len(labels(page(*both, own, at=JOINT))) == 2  # one of them has said more since


def test_incidents_that_went_alike_stand_once_among_those_that_are_over() -> None:
    both = [boil(by, Kind.ALL_CLEAR, NOW - HOUR) for by in ("borgholm", "morbylanga")]
    [past] = each(page(*both, at=JOINT), "//section[@aria-labelledby='past']/details")
    assert "Borgholms kommun och Mörbylånga kommun" in text(past)


def test_what_a_municipal_company_says_stands_on_its_municipalitys_page_too_under_its_own_name() -> None:
    said = showing("e1", "Strömmen är borta", municipality="energi", incident="Ström", issued=NOW - 2 * HOUR)
    board = [standing("Elnät", municipality="energi"), standing("E-post")]
    senders = (BORGHOLM, ENERGI, MORBYLANGA)
    found = page(showing(), said, standings=board, municipalities=senders)
    assert labels(found) == [
        "Allvarlig händelse",
        "Borgholm Energi · Allvarlig händelse",
    ]
    assert [one.get("id") for one in found.iter("article")] == ["m-m1", "m-e1-energi"]
    assert "Borgholm Energi Elnät" in text(each(found, "//section[@aria-labelledby='services']")[0])
    assert "Borgholm Energi: växel0485-883 00" in text(each(found, "//section[@aria-labelledby='phone']")[0])
    for elsewhere in (Address("morbylanga", "sv"), Address("energi", "sv")):
        assert "E-post" not in text(page(said, at=elsewhere, standings=board, municipalities=senders))
    assert "Strömmen" not in text(page(said, at=Address("morbylanga", "sv"), municipalities=senders))


PRESENTED = Profile(
    facebook="https://www.facebook.com/borgholmskommun",
    press="press@borgholm.se",
    email="kommun@borgholm.se",
    officer="dataskydd@borgholm.se",
    mark="data:image/svg+xml;base64,PHN2Zy8+",
    colour="#00567a",
    firms=(Firm("46elks", in_eu=True), Firm("Twilio", in_eu=False)),
)


def presented(profile: Profile = PRESENTED, contacts: Contacts = CONTACTS["borgholm"]) -> Site:
    """The pages of Borgholm with a profile."""
    return replace(site(BORGHOLM), contacts={"borgholm": replace(contacts, profile=profile)})


def about(at: Site, code: str = "sv") -> html.HtmlElement:
    return html.document_fromstring(render_about(at, Address("borgholm", code)).decode())


def test_every_page_leads_to_what_the_law_wants_residents_to_be_told() -> None:
    for at, there in ((SWEDISH, ["../borgholm/om/"]), (ENGLISH, ["../../borgholm/en/om/"])):
        assert [one.get("href") for one in each(page(at=at), "//footer//a")] == there
    joint = each(page(at=JOINT), "//footer//a")
    assert [(one.get("href"), text(one)) for one in joint] == [
        ("borgholm/om/", "Borgholms kommun: om sidan, tillgänglighet och personuppgifter"),
        ("morbylanga/om/", "Mörbylånga kommun: om sidan, tillgänglighet och personuppgifter"),
    ]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (
            "sv",
            [
                "Borgholms kommun står bakom den här webbplatsen",
                "lagen om tillgänglighet till digital offentlig service (2018:1937)",
                "delvis förenlig med lagen",
                "Ring 0485-880 00 eller skriv till kommun@borgholm.se.",
                "https://www.digg.se/tdosanmalan",
                "Borgholms kommun är personuppgiftsansvarig.",
                "Vårt dataskyddsombud når du på dataskydd@borgholm.se.",
                "(artikel 6.1 a i dataskyddsförordningen)",
                "När du har avslutat tas numret bort.",
                "skickar våra sms: 46elks, Twilio. Twilio finns utanför EU",
                "klaga hos Integritetsskyddsmyndigheten: https://www.imy.se",
            ],
        ),
        (
            "en",
            ["Borgholm Municipality is the controller.", "Article 6(1)(a)", "partly complies", "https://www.imy.se"],
        ),
    ],
)
def test_a_sender_says_how_accessible_its_page_is_and_what_becomes_of_personal_data(code: str, says: list[str]) -> None:
    told = text(each(about(presented(), code), "//main")[0])
    assert [sentence for sentence in says if sentence not in told] == []
    assert not re.search(r"[{}]|\*\*", told)


def test_what_is_not_known_of_a_sender_is_not_said() -> None:
    told = text(about(presented(Profile())))
    assert "Ring 0485-880 00. Berätta" in told
    for nothing in ("dataskyddsombud", "Vem får uppgifterna", "utanför EU", "skriv till"):
        assert nothing not in told
    without_sms = text(about(presented(Profile(), Contacts())))
    assert "sparar inget om dig som bara läser" in without_sms
    assert "samtyckt" not in without_sms


def test_a_senders_own_text_stands_in_place_of_ours_in_its_language() -> None:
    own = replace(PRESENTED, statements={(Topic.DATA_PROTECTION, "sv"): to_html("# Vi\n\nRing 0485-880 10.")})
    told = about(presented(own))
    assert "Ring 0485-880 10." in text(told)
    assert "samtyckt" not in text(told)
    assert [one.tag for one in each(told, "//section[2]/*[self::h1 or self::h2 or self::h3]")] == ["h2", "h3"]
    assert "delvis förenlig" in text(told)
    assert "You have consented" in text(about(presented(own), "en"))


def test_a_page_bears_the_mark_and_colour_of_its_sender_and_leads_to_facebook_and_for_journalists_to_whom_to_ask() -> (
    None
):
    written = render_page(presented(), SWEDISH, Content(), LIVE).decode()
    found = html.document_fromstring(written)
    [top] = each(found, "//header")
    assert text(top) == "Borgholms kommun"
    assert [one.get("src") for one in top.iter("img")] == [PRESENTED.mark]
    assert 'fill="#00567a"' in written
    links = [one.get("href") for one in found.iter("a")]
    assert "https://www.facebook.com/borgholmskommun" in links
    assert "mailto:press@borgholm.se" in links
    bare = render_page(presented(Profile()), SWEDISH, Content(), LIVE).decode()
    assert [word for word in ("<header", "<img", "facebook", "Pressfrågor") if word in bare] == []


def test_a_busy_page_with_a_mark_of_the_largest_size_is_small_all_the_same() -> None:
    marked = presented(replace(PRESENTED, mark=f"data:image/png;base64,{'A' * 8_000}"))
    assert len(render_page(marked, SWEDISH, busy(), LIVE)) < LARGEST
