"""What follows from a command: what is done, and what the resident is answered. Pure; the words are the languages'."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from broadcaster.residents.commands import Command, Verb, words_of
from broadcaster.store.news import News
from messages.addresses import brief
from messages.languages import Texting, language
from messages.model import Municipality
from messages.moments import told
from messages.segments import normalise, segment
from messages.services import can_be_read


@dataclass(frozen=True, slots=True)
class Join:
    """Subscribe, in a language; the reply says to what."""

    municipality: str
    language: str


@dataclass(frozen=True, slots=True)
class Leave:
    """End one subscription, or all of them."""

    municipality: str | None


@dataclass(frozen=True, slots=True)
class Speak:
    """Get the texts of some municipalities in another language."""

    municipalities: tuple[str, ...]
    language: str


Deed = Join | Leave | Speak


@dataclass(frozen=True, slots=True)
class Answer:
    """What is done, if anything, and what is answered."""

    deed: Deed | None
    reply: str | None


@dataclass(frozen=True, slots=True)
class Office:
    """Who is behind a number that residents text to.

    Args:
        municipalities: all that may be named, by id; never empty.
        home: the one that is meant where none is named.
        zone: of the times in answers.
    """

    municipalities: Mapping[str, Municipality]
    home: str | None
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Resident:
    """Who writes.

    Args:
        subscriptions: languages by municipality, the oldest subscription first.
        may_join: whether texts are sent to such a number.
    """

    subscriptions: Mapping[str, str]
    may_join: bool = True


@dataclass(frozen=True, slots=True)
class Now:
    """The moment of a question.

    Args:
        news: what goes on, the newest first.
        down: the municipalities whose own web site does not work.
    """

    at: datetime
    news: Sequence[News] = ()
    down: Collection[str] = ()


def answer(command: Command, resident: Resident, office: Office, now: Now) -> Answer:
    """Decide what follows from a command."""
    desk = _Desk(command, resident, office)
    reply: str | None = None
    match command.verb:
        case Verb.STOP:
            return desk.stop()
        case Verb.START:
            return desk.start(now)
        case Verb.LANGUAGE:
            return desk.change_language()
        case Verb.STATUS:
            reply = desk.status(now)
        case Verb.HELP:
            reply = desk.help()
        case Verb.REACTION:
            pass  # a phone wrote it, and its owner expects no answer
        case Verb.UNKNOWN:
            reply = desk.say("unknown")
    return Answer(None, reply)


def sorry(office: Office) -> str:
    """What is answered when nothing can be done just now."""
    code = next(iter(office.municipalities.values())).languages[0]
    return language(code).texting.replies["failed"]


def place_name(municipality: Municipality) -> str:
    """What residents call a municipality in a text, in capitals: its id as its name spells it (MÖRBYLÅNGA)."""
    wanted = words_of(municipality.id)
    written = municipality.variables["name"].split()[: len(wanted)]
    spelt = [word[: len(plain)] for word, plain in zip(written, wanted, strict=False)]
    return (" ".join(spelt) if words_of(" ".join(spelt)) == wanted else " ".join(wanted)).upper()


class _Desk:
    """One command's answer, in the language that fits."""

    def __init__(self, command: Command, resident: Resident, office: Office) -> None:
        self._command = command
        self._resident = resident
        self._office = office
        self._mine = [place for place in resident.subscriptions if place in office.municipalities]
        self._place = command.place or office.home or (self._mine[0] if len(self._mine) == 1 else None)
        own = resident.subscriptions[self._mine[0]] if self._mine else None
        self._language = command.language or own or command.spoken or self._nearest().languages[0]

    def stop(self) -> Answer:
        """End what was named, or everything."""
        place = self._command.place
        if place is None or place not in self._resident.subscriptions:
            return Answer(Leave(None), self.say("left_all"))
        return Answer(Leave(place), self.say("left", self._office.municipalities[place]))

    def start(self, now: Now) -> Answer:
        """Subscribe to the municipality named, or the one behind the number."""
        command, place = self._command, self._place
        if not self._resident.may_join:
            readable = can_be_read(self._nearest(), now.down)
            return Answer(None, self.say("foreign" if readable else "foreign_by_phone"))
        if place is None or not command.clear:
            return Answer(None, self.say("which"))
        municipality = self._office.municipalities[place]
        chosen = self._resident.subscriptions
        wished = (command.language, chosen.get(place), *chosen.values(), command.spoken)
        code = next((code for code in wished if code in municipality.languages), municipality.languages[0])
        self._language = code
        return Answer(Join(place, code), self.say("joined", municipality))

    def change_language(self) -> Answer:
        """Let the texts come in another language, where the municipality writes in it."""
        wanted = self._command.language
        offered = [place for place in self._mine if wanted in self._office.municipalities[place].languages]
        if wanted is None or (self._mine and not offered):
            return Answer(None, self.say("which_language"))
        if not offered:
            return Answer(None, self.say("nobody"))
        return Answer(Speak(tuple(offered), wanted), self.say("language"))

    def help(self) -> str:
        """Say what can be texted."""
        if self._place is None:
            return self.say("help_all")
        return self.say("help", self._office.municipalities[self._place])

    def status(self, now: Now) -> str:
        """Tell what goes on: as many headlines as fit one SMS, the first one in any case."""
        named = self._command.place or self._office.home
        places = [named] if named else self._mine
        if not places:
            return self.say("which")
        news = {one.message: one for one in reversed(now.news) if one.municipality in places}
        told = [self._told(one, now.at) for one in reversed(news.values())]
        if not told:
            return self.say("calm", self._office.municipalities[places[0]])
        replies = [self._gathered(told, count) for count in range(len(told), 0, -1)]
        return next((reply for reply in replies if segment(reply).count == 1), replies[-1])

    def say(self, name: str, municipality: Municipality | None = None) -> str:
        """A reply in the language that fits, about a municipality or the one that is nearest."""
        about = municipality or self._nearest()
        own = {**about.variables, **about.translations.get(self._language, {})}
        offering = [self._office.municipalities[place] for place in self._mine] or [self._nearest()]
        codes = dict.fromkeys(code for one in offering for code in one.languages)
        order = self._texting.status if self._command.verb is Verb.STATUS else self._texting.start
        text = self._texting.replies[name].format(
            municipality=own["name"],
            phone=own["phone"],
            page=brief(own["page"]),
            place=place_name(about),
            order=order[0].upper(),
            languages=", ".join(language(code).name for code in codes),
        )
        return normalise(text)

    def _gathered(self, told: Sequence[str], count: int) -> str:
        """The first of what there is to tell, and how much more there is."""
        rest = len(told) - count
        more = [self._texting.replies["more"].format(count=rest)] if rest else []
        return normalise(" ".join([*told[:count], *more]))

    def _told(self, news: News, at: datetime) -> str:
        first = self._office.municipalities[news.municipality].languages[0]
        said = news.headlines
        headline = said.get(self._language) or said.get(first) or next(iter(said.values()))
        ends_itself = headline.endswith((".", "!", "?"))
        told = headline if ends_itself else self._texting.replies["news"].format(headline=headline)
        if news.expires <= at:
            lasting = language(self._language).lasting.short
            return f"{told} {lasting.format(time=self._time(news.issued, at))}"
        if news.next_update is None or news.next_update <= at:
            return told
        return f"{told} {self._texting.replies['next'].format(time=self._time(news.next_update, at))}"

    def _time(self, moment: datetime, at: datetime) -> str:
        zone = self._office.zone
        today = moment.astimezone(zone).date() == at.astimezone(zone).date()
        return told(moment, self._texting.today if today else self._texting.later, self._language, zone)

    def _nearest(self) -> Municipality:
        """The municipality that is meant, or the first of those that may be."""
        return self._office.municipalities[self._place or next(iter(self._office.municipalities))]

    @property
    def _texting(self) -> Texting:
        return language(self._language).texting
