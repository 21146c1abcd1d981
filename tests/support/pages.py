"""Public pages with much to say: two municipalities in the middle of an incident, and what they said before."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from channels.contract import Parcel, Showing, Standing
from channels.page import Content, Site
from channels.provider import Contacts
from messages.markdown import to_html
from messages.model import Kind, Municipality, Rendition, ServiceStatus, Severity

NOW = datetime(2022, 12, 13, 8, 12, tzinfo=UTC)
"""09.12 in Sweden, on a Tuesday."""

HOUR = timedelta(hours=1)
ZONE = ZoneInfo("Europe/Stockholm")


def municipality(id_: str, name: str, phone: str, english: str = "") -> Municipality:
    """One with a page and feeds; with English where its English name is given."""
    return Municipality(
        id_,
        ("sv", "en") if english else ("sv",),
        ("feed", "page"),
        {"name": name, "phone": phone, "web": f"https://www.{id_}.se"},
        {"en": {"name": english}} if english else {},
    )


BORGHOLM = municipality("borgholm", "Borgholms kommun", "0485-880 00", "Borgholm Municipality")
MORBYLANGA = municipality("morbylanga", "Mörbylånga kommun", "0485-470 00", "Mörbylånga Municipality")

CONTACTS = {
    "borgholm": Contacts("+46846500400", "+46701740698", "START BORGHOLM", "borgholm/anmalan"),
    "morbylanga": Contacts("+46846500401", "+46701740698", "START MÖRBYLÅNGA", "morbylanga/anmalan"),
}


def site(*municipalities: Municipality, public_url: str | None = "https://kris.example.se") -> Site:
    """The pages of some municipalities, or of both."""
    chosen = municipalities or (BORGHOLM, MORBYLANGA)
    return Site({m.id: m for m in chosen}, CONTACTS, ZONE, public_url)


def showing(
    message: str = "m1",
    title: str = "Våra datorsystem är avstängda",
    text: str = "<p>Ring växeln.</p>",
    *,
    municipality: str = "borgholm",
    language: str = "sv",
    kind: Kind = Kind.ALERT,
    severity: Severity = Severity.SEVERE,
    issued: datetime = NOW - HOUR,
    expires: datetime = NOW + 24 * HOUR,
    incident: str = "Dataintrång",
    next_update: datetime | None = None,
    updated: datetime | None = None,
) -> Showing:
    """A message on a page."""
    surface = f"{municipality}/{language}"
    rendition = Rendition(municipality, "page", language, title, text)
    key = f"{message}-{municipality}-{language}"
    parcel = Parcel(key, surface, rendition, message, kind, severity, issued, expires, incident, next_update)
    return Showing(surface, message, parcel, updated or issued)


def standing(
    name: str = "E-tjänster",
    status: ServiceStatus = ServiceStatus.DOWN,
    note: str = "",
    *,
    municipality: str = "borgholm",
    since: datetime = NOW - 12 * HOUR,
) -> Standing:
    """A line of the board."""
    return Standing(municipality, name, status, note, since, since)


_BODY = """
Måndagen den 12 december kl. 20 upptäckte vi att stora mängder data kopierades ur våra system. Vi stängde genast av
internet och alla servrar. Händelsen är polisanmäld. Det berör dig som bor i kommunen, har barn i våra skolor eller får
vård och omsorg av oss.

**Det här fungerar:** trygghetslarm, vård och omsorg. Biblioteken lånar ut för hand.

**Det här fungerar inte:** e-post, skolplattformen och flera e-tjänster.

## Gör så här

- Ring {name} på {phone} om du behöver oss. Räkna med längre väntetid än vanligt.
- Orosanmälan till socialtjänsten gör du på samma nummer.
- Vid fara för liv: ring 112.

### Vart du vänder dig

| Fråga | Ring | Öppet |
|---|---|---|
| Skola och förskola | {phone} | vardagar 7–17 |
| Vård och omsorg | {phone} | dygnet runt |

Vi räknar med två till fyra dagar innan allt fungerar igen.
"""

_ENGLISH = """
On Monday 12 December at 20:00 we noticed that large amounts of data were being copied from our systems. We cut the
internet connection and shut down all servers at once. The police have been informed.

**What to do:** call {name} on {phone} if you need us; the wait is longer than usual. If life is in danger, call 112.
"""

_SERVICES = (
    ("Bibliotek", ServiceStatus.LIMITED, "Lån och återlämning för hand. Meröppet är stängt tills vidare."),
    ("Bygglov", ServiceStatus.LIMITED, "Ansök på papper. Handläggningen tar längre tid."),
    (
        "E-post till kommunen",
        ServiceStatus.DOWN,
        "Mejl som skickats sedan måndag kväll kommer inte fram. Ring.",
    ),
    ("E-tjänster", ServiceStatus.DOWN, ""),
    ("Färdtjänst", ServiceStatus.WORKING, ""),
    ("Förskola och fritidshem", ServiceStatus.WORKING, "Ring avdelningen för att sjukanmäla."),
    ("Hemtjänst", ServiceStatus.WORKING, ""),
    ("Journaler i vården", ServiceStatus.LIMITED, "Nås genom regionen."),
    ("Matlådor", ServiceStatus.WORKING, ""),
    ("Orosanmälan", ServiceStatus.WORKING, "Ring växeln, dygnet runt."),
    ("Renhållning", ServiceStatus.WORKING, ""),
    ("Skolplattformen", ServiceStatus.DOWN, "Frånvaro anmäls till skolans expedition."),
    ("Telefonväxel", ServiceStatus.LIMITED, "Längre väntetid än vanligt."),
    ("Trygghetslarm", ServiceStatus.WORKING, "Larmen går inte genom kommunens nät."),
    ("Utbetalning av försörjningsstöd", ServiceStatus.LIMITED, "Betalas ut för hand på tisdag."),
    ("Vatten och avlopp", ServiceStatus.WORKING, ""),
    ("Wifi i kommunens lokaler", ServiceStatus.DOWN, ""),
    ("Öppna förskolan", ServiceStatus.WORKING, ""),
)


def busy() -> Content:
    """As much as a bad week gives: 18 services each, three incidents, one over, two days of updates."""
    both = (BORGHOLM, MORBYLANGA)
    standings = [standing(n, s, note, municipality=m.id) for m in both for n, s, note in _SERVICES]
    return Content([showing for m in both for showing in _said(m)], standings)


def _said(by: Municipality) -> Iterator[Showing]:
    name, phone = by.variables["name"], by.variables["phone"]
    swedish = to_html(_BODY.format(name=name, phone=phone))
    english = to_html(_ENGLISH.format(name=by.translations["en"]["name"], phone=phone))
    own = by.id
    for place in range(8):
        issued = NOW - timedelta(hours=36 - 4 * place)
        kind = Kind.UPDATE if place else Kind.ALERT
        message, promise = f"data{place}", issued + 4 * HOUR
        titles = ("Dataintrång: våra datorsystem är avstängda", "Data breach: our computer systems are shut down")
        for language, title, text in zip(("sv", "en"), titles, (swedish, english), strict=True):
            yield showing(
                message,
                title,
                text,
                municipality=own,
                language=language,
                kind=kind,
                issued=issued,
                next_update=promise,
            )
    yield showing(
        "water",
        "Koka dricksvattnet i norra delen av kommunen",
        to_html("Bakterier har hittats i vattnet.\n\n1. Koka vattnet tills det bubblar.\n2. Hämta vatten vid tanken."),
        municipality=own,
        severity=Severity.MODERATE,
        issued=NOW - 2 * HOUR,
        incident="Vatten",
        next_update=NOW - timedelta(minutes=25),
    )
    yield showing(
        "power",
        "Strömmen är tillbaka",
        "<p>Alla har ström igen.</p>",
        municipality=own,
        kind=Kind.ALL_CLEAR,
        severity=Severity.MINOR,
        issued=NOW - 3 * HOUR,
        incident="Strömavbrott",
    )
    yield showing(
        "storm",
        "Storm: håll dig inne",
        "<p>Vinden avtar under natten.</p>",
        municipality=own,
        issued=NOW - 400 * 24 * HOUR,
        expires=NOW - 399 * 24 * HOUR,
        incident="Storm",
    )
