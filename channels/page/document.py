"""A page as bytes: always the same for the same, without scripts, small enough for a phone on a bad connection."""

import base64
import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from channels.contract import Showing, Standing
from channels.exercise import is_exercise
from channels.feed.document import JOINT, Format, anchor, is_withdrawn
from channels.page.about import Brand, brand, statement
from channels.page.dialling import dialled, shown
from channels.page.fragment import under, with_numbers
from channels.page.site import FIRST_LANGUAGE, Address, Site, up
from channels.page.threads import Thread, in_language, is_corrected, is_late, said_at, threads
from channels.provider import Contacts, Profile, Topic
from channels.providers.feed import FEED
from channels.words import Words, words
from messages.addresses import ADDRESS, target
from messages.languages import Language, language
from messages.model import Kind, Municipality, ServiceStatus
from messages.moments import told
from messages.precedence import precedence
from messages.services import sites_down

LARGEST = 30_000
"""Bytes of a page at most, as far as its current messages leave a choice: what is over goes without its text."""

EARLIER = 20
"""Messages of the past that a page lists at most; the feeds have more."""

_FRAME = 200  # bytes around a message's text, generously
_CHANGED_LATER = timedelta(minutes=10)  # a message shown that much after it was issued was most likely changed
_WORST_FIRST = (ServiceStatus.DOWN, ServiceStatus.LIMITED, ServiceStatus.WORKING)

_TEMPLATES = Environment(
    loader=PackageLoader("channels.page"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
STYLE = (files("channels.page") / "templates/page.css").read_text(encoding="utf-8")
"""What all pages look like."""


def policy(style: str, forms: str = "'none'") -> str:
    """A Content Security Policy for a page that has this style in it, and whose forms go there."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; base-uri 'none'; form-action {forms}; img-src data:; style-src 'sha256-{digest}'"


POLICY = policy(STYLE)
"""What a page may load or run (Content Security Policy): its own style, and nothing else."""


@dataclass(frozen=True, slots=True)
class Content:
    """What there is to show, of all municipalities and in all languages."""

    showings: Sequence[Showing] = ()
    standings: Sequence[Standing] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """How and when a page is made.

    Args:
        now: the time (UTC), by which messages are current or past.
        live: whether it is made when it is asked for. Made beforehand, it cannot know how late it is when it is read,
            and says when it last changed instead.
        stale_since: since when what it shows could not be read again, if it could not.
    """

    now: datetime
    live: bool
    stale_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Link:
    """A link; ``language`` is that of its text, and of where it leads, if it is another than the page's."""

    href: str
    text: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class _Number:
    """A phone number to call; ``href`` is None where nobody can tell what to dial."""

    label: str
    shown: str
    href: str | None


@dataclass(frozen=True, slots=True)
class _Entry:
    """A message as a page shows it.

    Args:
        tone: how bad it is, for the colour.
        label: kind, severity and, where it is not plain, municipality.
        text: None where ``link`` leads to it, or where it is left to the feeds.
        language: of title and text.
        lasting: says that it has expired, and that the incident goes on.
        earlier: what was said before in the same incident.
    """

    id: str
    tone: str
    label: str
    title: str
    text: Markup | None
    link: _Link | None
    language: str
    untranslated: bool
    times: Sequence[Markup]
    next_update: Markup | None = None
    late: Markup | None = None
    lasting: Markup | None = None
    earlier: Sequence["_Entry"] = ()


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the board of services."""

    name: str
    status: str
    word: str
    since: Markup | None
    note: Markup


@dataclass(frozen=True, slots=True)
class _Services:
    """A municipality's part of the board; ``language`` is that of names and notes."""

    municipality: str
    language: str
    lines: Sequence[_Line]


def render_page(site: Site, address: Address, content: Content, made: Made) -> bytes:
    """Write a page.

    Args:
        content: what is shown; of municipalities without a page nothing is.

    Raises:
        ValueError: a time without a zone.
    """
    page = _Page(site, address, content, made)
    full = page.obligatory
    written = page.write(full)
    room = LARGEST - len(written)
    for showing in page.optional:
        room -= len(showing.parcel.rendition.text.encode()) + _FRAME
        if room < 0:
            break
        full = full | {_key(showing)}
    return written if full == page.obligatory else page.write(full)


def render_about(site: Site, address: Address) -> bytes:
    """Write what is told about a municipality: how accessible its page is, and what becomes of personal data."""
    municipality, code = site.municipalities[address.municipality], address.language
    contacts = site.contacts.get(municipality.id) or Contacts()
    own = language(code).about
    headings = {Topic.ACCESSIBILITY: own.accessibility, Topic.DATA_PROTECTION: own.data_protection}
    return _write(
        "about.html",
        {
            "code": code,
            "words": language(code).page,
            "title": f"{own.title}: {_name(municipality, code)}",
            "brand": _brand(site, address),
            "home": _Link("../", _title(words(code), site, address)),
            "topics": [
                (topic, heading, statement(topic, municipality, contacts, code, level=2))
                for topic, heading in headings.items()
            ],
        },
    )


def render_missing(site: Site) -> bytes:
    """Write the page that stands for one that does not exist: in Swedish, with the way on.

    Its links begin at the root, for nobody knows where it will be shown.
    """
    own = language(FIRST_LANGUAGE).page
    owners = (JOINT, *site.municipalities) if site.municipalities else ()
    at = Address(JOINT, FIRST_LANGUAGE)
    links = [
        _Link(site.root + site.path(site.other(at, owner)), _title(words(FIRST_LANGUAGE), site, site.other(at, owner)))
        for owner in owners
    ]
    return _write("missing.html", {"code": FIRST_LANGUAGE, "words": own, "title": own.missing, "links": links})


@dataclass(frozen=True, slots=True)
class _Told:
    """A message within its incident, and the ids of all who say it in the same words."""

    showing: Showing
    thread: Thread
    senders: tuple[str, ...]


class _Page:
    """One page on its way to being written."""

    def __init__(self, site: Site, address: Address, content: Content, made: Made) -> None:
        self._site = site
        self._address = address
        self._made = made
        self._own = language(address.language).page
        self._up = up(site.path(address))
        self._municipalities = site.of(address)
        first = {m.id: m.languages[0] for m in self._municipalities}
        messages = in_language(content.showings, address.language, first)
        self._standings = [standing for standing in content.standings if standing.municipality in first]
        self._changed = max([s.updated for s in messages] + [s.changed for s in self._standings], default=None)
        found = threads(messages, made.now)
        self._current = self._once([(showing, thread) for thread in found for showing in thread.current])
        self._current.sort(key=lambda told: _precedence(told.showing))
        self._past = self._once([(thread.earlier[0], thread) for thread in found if not thread.current])
        self._listed = self._newest([showing for thread in found for showing in thread.earlier])

    def _once(self, said: Sequence[tuple[Showing, Thread]]) -> list[_Told]:
        """What several say in the same words, in incidents that went alike, once, with the names of all of them."""
        alike: dict[object, list[tuple[Showing, Thread]]] = {}
        for showing, thread in said:
            key = _words(showing), [*map(_words, thread.current)], [*map(_words, thread.earlier)]
            alike.setdefault(repr(key), []).append((showing, thread))
        place = [m.id for m in self._municipalities].index
        told: list[_Told] = []
        for group in alike.values():
            group.sort(key=lambda pair: place(_key(pair[0])[0]))
            told.append(_Told(*group[0], tuple(_key(showing)[0] for showing, _ in group)))
        return told

    @staticmethod
    def _newest(showings: Sequence[Showing]) -> Sequence[Showing]:
        return sorted(showings, key=lambda showing: showing.parcel.issued, reverse=True)[:EARLIER]

    @property
    def obligatory(self) -> frozenset[tuple[str, str]]:
        """What stands here in full whatever its size: current messages, unless they have a page of their own."""
        return frozenset() if self._address.joint else frozenset(_key(told.showing) for told in self._current)

    @property
    def optional(self) -> Sequence[Showing]:
        """What stands here in full if there is room, the most important first."""
        current = [told.showing for told in self._current]
        return [showing for showing in current if _key(showing) not in self.obligatory] + [*self._listed]

    def write(self, full: Collection[tuple[str, str]]) -> bytes:
        """Write it, with the texts of these messages."""
        return _write(
            "page.html",
            {
                "code": self._address.language,
                "words": self._own,
                "title": _title(words(self._address.language), self._site, self._address),
                "joint": self._address.joint,
                "languages": [*self._translations()],
                "alternates": [*self._alternates()],
                "feeds": [*self._feeds()],
                "as_of": self._as_of(),
                "outdated": self._outdated(),
                "stale": self._at(self._own.stale, self._made.stale_since) if self._made.stale_since else None,
                "current": [*self._entries(full)],
                "past": [self._history(told, full, level=3) for told in self._past],
                "services": [*self._services()],
                "numbers": [*self._numbers()],
                "webs": [*self._webs()],
                "ways": [*self._ways()],
                "sign_ups": [*self._sign_ups()],
                "facebook": [*self._facebook()],
                "about": [*self._about()],
                "brand": None if self._address.joint else _brand(self._site, self._address),
                "others": [*self._others()],
            },
        )

    # --- What it is as of ---------------------------------------------------------------------------------------------

    def _as_of(self) -> Markup | None:
        if self._made.live:
            return self._at(self._own.shown, self._made.now)
        return self._at(self._own.changed, self._changed) if self._changed else None

    def _outdated(self) -> Markup | None:
        """After which time a page that was made beforehand is surely out of date."""
        if self._made.live:
            return None
        parcels = [told.showing.parcel for told in self._current]
        times = [time for parcel in parcels for time in (parcel.next_update, parcel.expires)]
        ahead = [time for time in times if time is not None and time > self._made.now]
        return self._at(self._own.outdated, min(ahead)) if ahead else None

    # --- Messages -----------------------------------------------------------------------------------------------------

    def _entries(self, full: Collection[tuple[str, str]]) -> Iterator[_Entry]:
        followed: set[int] = set()
        for one in self._current:
            earlier = () if id(one.thread) in followed else self._history(one, full, level=4)
            followed.add(id(one.thread))
            yield self._entry(one.showing, full, level=3, senders=one.senders, within=one.thread, earlier=earlier)

    def _history(self, told: _Told, full: Collection[tuple[str, str]], level: int) -> Sequence[_Entry]:
        """What was said before, by the same senders."""
        listed = [showing for showing in told.thread.earlier if showing in self._listed]
        return [self._entry(showing, full, level=level, senders=told.senders) for showing in listed]

    def _entry(
        self,
        showing: Showing,
        full: Collection[tuple[str, str]],
        *,
        level: int,
        senders: Sequence[str],
        within: Thread | None = None,
        earlier: Sequence[_Entry] = (),
    ) -> _Entry:
        """A message as it is shown; ``within`` is the incident that it is current in, None for what is past."""
        parcel, own = showing.parcel, self._own
        rendition = parcel.rendition
        in_full = _key(showing) in full
        promise = parcel.next_update if within and not is_withdrawn(rendition) else None
        ahead = promise is not None and promise > self._made.now
        late = within is not None and is_late(showing, within, self._made.now)
        tone, said = self._marks(showing)
        return _Entry(
            id=anchor(showing.slot) + (f"-{senders[0]}" if self._name(senders[0]) else ""),
            tone=tone,
            label=" · ".join(filter(None, [self._names(senders), *said])),
            title=rendition.title,
            text=under(rendition.text, level) if in_full else None,
            link=self._leading_to(showing) if within and self._address.joint and not in_full else None,
            language=rendition.language,
            untranslated=rendition.language != self._address.language,
            times=[*self._times(showing, current=within is not None)],
            next_update=self._time(promise) if promise and ahead else None,
            late=self._at(own.late, promise) if promise and late else None,
            lasting=self._at(self._lasting, said_at(showing)) if within and self._has_expired(showing) else None,
            earlier=earlier,
        )

    @property
    def _lasting(self) -> str:
        return language(self._address.language).lasting.written

    def _has_expired(self, showing: Showing) -> bool:
        return showing.parcel.expires <= self._made.now

    def _marks(self, showing: Showing) -> tuple[str, Sequence[str]]:
        """What a message looks like, and what it is called: as bad as it is while it applies, and not after that."""
        parcel, labels = showing.parcel, words(self._address.language)
        kind = "" if parcel.kind is Kind.ALERT else labels.kinds[parcel.kind]  # "new" is not true for months
        if is_withdrawn(parcel.rendition):
            return "withdrawn", [kind]
        corrected = labels.kinds[Kind.CORRECTION] if is_corrected(showing) else ""
        if parcel.kind is Kind.ALL_CLEAR:
            return "clear", [kind, corrected]
        return str(parcel.severity), [corrected or kind, labels.severities[parcel.severity]]

    def _times(self, showing: Showing, *, current: bool) -> Iterator[Markup]:
        own, parcel = self._own, showing.parcel
        yield self._at(own.issued, parcel.issued)
        if is_corrected(showing) and not is_withdrawn(parcel.rendition):
            yield self._at(own.corrected, showing.updated)
        elif showing.updated - parcel.issued > _CHANGED_LATER:
            yield self._at(own.updated, showing.updated)
        if current and not self._has_expired(showing) and not is_withdrawn(parcel.rendition):
            yield self._at(own.expires, parcel.expires)

    def _leading_to(self, showing: Showing) -> _Link:
        """The way from the page of all together to the page that has the whole text."""
        there = self._site.other(self._address, showing.parcel.rendition.municipality)
        return _Link(f"{self._to(there)}#{anchor(showing.slot)}", self._own.in_full)

    def _names(self, senders: Sequence[str]) -> str:
        """Whose a message is, where that is not plain."""
        named = [_name(self._site.municipalities[sender], self._address.language) for sender in senders]
        return words(self._address.language).listed(named) if [*filter(self._name, senders)] else ""

    def _name(self, municipality: str) -> str:
        """Whose it is, where that is not plain: on the page of all together, and of a company on its municipality's."""
        if municipality == self._address.municipality:
            return ""
        return _name(self._site.municipalities[municipality], self._address.language)

    # --- Everything else ----------------------------------------------------------------------------------------------

    def _services(self) -> Iterator[_Services]:
        for municipality in self._municipalities:
            lines = [
                _Line(
                    standing.name,
                    str(standing.status),
                    self._own.statuses[standing.status],
                    self._at(self._own.since, standing.since, self._own.time_short) if standing.since else None,
                    with_numbers(escape(standing.note)),
                )
                for standing in sorted(self._standings, key=lambda s: (_WORST_FIRST.index(s.status), s.name.casefold()))
                if standing.municipality == municipality.id
            ]
            if lines:
                yield _Services(self._name(municipality.id), municipality.languages[0], lines)

    def _numbers(self) -> Iterator[_Number]:
        own = self._own
        yield _number(own.emergency, "112")
        for municipality in self._municipalities:
            name = self._name(municipality.id)
            yield _number(_labelled(name, own.switchboard), municipality.variables["phone"])
            if (contacts := self._site.contacts.get(municipality.id)) and contacts.line:
                yield _number(_labelled(name, own.line), contacts.line)
        yield _number(own.information, "113 13")
        for municipality in self._municipalities:
            if press := self._profile(municipality).press:
                label = _labelled(self._name(municipality.id), language(self._address.language).about.press)
                yield _Number(label, press, f"mailto:{press}") if "@" in press else _number(label, press)

    def _webs(self) -> Iterator[_Link]:
        """The municipalities' own web sites, as far as they work."""
        board = ((one.municipality, one.name, one.status) for one in self._standings)
        down = sites_down(board, self._site.municipalities)
        for municipality in self._municipalities:
            web = municipality.variables["web"]
            address = ADDRESS.fullmatch(web)
            if address and municipality.id not in down:
                yield _Link(target(address), web.removeprefix("https://").removeprefix("http://"))

    def _ways(self) -> Iterator[Markup]:
        """How to subscribe by SMS; said once where several have the same way."""
        said: dict[Markup, None] = {}
        for municipality in self._municipalities:
            contacts = self._site.contacts.get(municipality.id)
            if contacts and contacts.sms:
                text = Markup("<strong>{}</strong>").format(contacts.sms_text)
                number = Markup('<a href="sms:{}">{}</a>').format(contacts.sms, shown(contacts.sms))
                said[escape(self._own.sms).format(text=text, number=number)] = None
        yield from said

    def _sign_ups(self) -> Iterator[_Link]:
        """Where to subscribe: only ``serve`` can take a number, so other servers have to know where it is."""
        for municipality in self._municipalities:
            contacts = self._site.contacts.get(municipality.id)
            base = self._up if self._made.live else self._site.public_url and f"{self._site.public_url}/"
            if contacts and contacts.sign_up and base is not None:
                code = self._address.language
                foreign = code in municipality.languages[1:]
                href = base + contacts.sign_up.lstrip("/") + (f"?lang={code}" if foreign else "")
                yield _Link(href, _labelled(self._name(municipality.id), self._own.sign_up))

    def _profile(self, municipality: Municipality) -> Profile:
        contacts = self._site.contacts.get(municipality.id)
        return contacts.profile if contacts else Profile()

    def _facebook(self) -> Iterator[_Link]:
        for municipality in self._municipalities:
            if address := self._profile(municipality).facebook:
                label = language(self._address.language).about.facebook
                yield _Link(address, _labelled(self._name(municipality.id), label))

    def _about(self) -> Iterator[_Link]:
        """Who stands behind the page, and what the law wants residents to be told."""
        for municipality in self._municipalities:
            there = self._site.other(self._address, municipality.id)
            label = language(self._address.language).about.link
            yield _Link(self._up + self._site.about(there), _labelled(self._name(municipality.id), label))

    def _feeds(self) -> Iterator[_Link]:
        if any(FEED.name in municipality.channels for municipality in self._municipalities):
            surface = f"{self._address.municipality}/{self._address.language}"
            for form, name in ((Format.RSS, "RSS"), (Format.ATOM, "Atom"), (Format.JSON, "JSON Feed")):
                yield _Link(f"{self._up}feeds/{surface}.{form}", name)

    def _translations(self) -> Iterator[_Link]:
        for code in self._site.languages(self._address.municipality):
            if code != self._address.language:
                yield _Link(self._to(Address(self._address.municipality, code)), _own_name(language(code)), code)

    def _alternates(self) -> Iterator[_Link]:
        """The same page in all its languages, for machines, which want to be told the whole address."""
        spoken = self._site.languages(self._address.municipality)
        if self._site.public_url is not None and len(spoken) > 1:
            for code in spoken:
                path = self._site.path(Address(self._address.municipality, code))
                yield _Link(f"{self._site.public_url}/{path}", "", code)

    def _others(self) -> Iterator[_Link]:
        """From the page of all together to the others, and back."""
        if not self._address.joint:
            if len(self._site.municipalities) > 1:
                yield _Link(self._to(self._site.other(self._address, JOINT)), self._own.all)
            return
        for municipality in self._municipalities:
            there = self._site.other(self._address, municipality.id)
            foreign = there.language if there.language != self._address.language else None
            yield _Link(self._to(there), _name(municipality, there.language), foreign)

    def _to(self, address: Address) -> str:
        return (self._up + self._site.path(address)) or "./"

    def _at(self, sentence: str, time: datetime, form: str | None = None) -> Markup:
        """A sentence with its ``{time}``."""
        return escape(sentence).format(time=self._time(time, form))

    def _time(self, time: datetime, form: str | None = None) -> Markup:
        """A moment, for people and for machines; with its year if that is another than this page's."""
        local = time.astimezone(self._site.zone).replace(second=0, microsecond=0)
        if local.year != self._made.now.astimezone(self._site.zone).year:
            form = self._own.time_with_year
        said = told(local, form or self._own.time, self._address.language, self._site.zone)
        return Markup('<time datetime="{}">{}</time>').format(local.isoformat(timespec="minutes"), said)


def _write(template: str, values: Mapping[str, object]) -> bytes:
    written = _TEMPLATES.get_template(template).render(values, style=Markup(STYLE), policy=POLICY)  # noqa: S704 - ours
    return written.encode()


def _precedence(showing: Showing) -> tuple[bool, bool, tuple[int, float]]:
    """What is real and holds comes before exercises and what was withdrawn."""
    parcel = showing.parcel
    practised, gone = is_exercise(parcel.rendition), is_withdrawn(parcel.rendition)
    return practised, gone, precedence(parcel.kind, parcel.severity, parcel.issued)


def _words(showing: Showing) -> object:
    """What a message says, whoever says it."""
    parcel = showing.parcel
    said = parcel.rendition
    return showing.slot, parcel.message, parcel.kind, said.language, said.title, said.text


def _key(showing: Showing) -> tuple[str, str]:
    return showing.parcel.rendition.municipality, showing.slot


def _title(own: Words, site: Site, address: Address) -> str:
    """What a page is called, as its feed is."""
    if address.joint:
        return own.joint_title
    return own.title.format(name=_name(site.municipalities[address.municipality], address.language))


def _brand(site: Site, address: Address) -> Brand | None:
    contacts = site.contacts.get(address.municipality)
    name = _name(site.municipalities[address.municipality], address.language)
    return brand(name, contacts.profile) if contacts else None


def _name(municipality: Municipality, code: str) -> str:
    return municipality.translations.get(code, {}).get("name") or municipality.variables["name"]


def _own_name(spoken: Language) -> str:
    return spoken.name[:1].upper() + spoken.name[1:]


def _labelled(name: str, label: str) -> str:
    return f"{name}: {label[:1].lower()}{label[1:]}" if name else label


def _number(label: str, number: str) -> _Number:
    to_dial = dialled(number)
    return _Number(label, shown(number), to_dial and f"tel:{to_dial}")
