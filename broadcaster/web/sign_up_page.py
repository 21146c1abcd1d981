"""The pages on which residents join and leave: forms without scripts, in the style of the public page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from broadcaster.residents.signing_up import LIFETIME
from broadcaster.store.signups import Purpose
from channels.page import STYLE, policy
from channels.page.about import brand, statement
from channels.page.dialling import shown
from channels.page.site import ABOUT
from channels.provider import Contacts, Topic
from messages.languages import Language, language
from messages.languages.sign_up import SignUpWords
from messages.model import Municipality

_TEMPLATES = Environment(
    loader=ChoiceLoader([PackageLoader("broadcaster.web"), PackageLoader("channels.page")]),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_STYLE = STYLE + (files("broadcaster.web") / "templates/sign_up.css").read_text(encoding="utf-8")
_LONGEST_ECHO = 40  # characters of what was typed wrong

POLICY = policy(_STYLE, forms="'self'")
"""What these pages may load or run (Content Security Policy): their own style; forms go nowhere else."""

NAMES = {Purpose.JOIN: "anmalan", Purpose.LEAVE: "avsluta"}
"""What the pages are called below a municipality's."""

MINUTES = int(LIFETIME.total_seconds()) // 60


@dataclass(frozen=True, slots=True)
class Door:
    """Where one municipality's residents join and leave.

    Args:
        abroad: whether numbers of other countries are taken as well.
        has_page: whether there is a public page to go back to.
    """

    municipality: Municipality
    contacts: Contacts
    abroad: bool
    has_page: bool

    def name(self, code: str) -> str:
        """The municipality's name in a language."""
        return self.municipality.translations.get(code, {}).get("name") or self.municipality.variables["name"]

    def consent(self, code: str) -> str:
        """What residents who read the page in a language agree to."""
        return language(code).sign_up.consent.format(municipality=self.name(code))

    def sms(self, purpose: Purpose, code: str) -> str:
        """The SMS with the code, around ``{code}``, in a language."""
        words = language(code).sign_up
        text = words.sms_join if purpose is Purpose.JOIN else words.sms_leave
        # The name is a person's to write, and may have braces.
        name = self.name(code).replace("{", "{{").replace("}", "}}")
        return text.format(code="{code}", municipality=name, minutes=MINUTES)


@dataclass(frozen=True, slots=True)
class _Choice:
    """A language to choose for the SMS."""

    code: str
    name: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class _Translation:
    """The same page in another language."""

    code: str
    name: str
    href: str


class SignUpPage:
    """One of the pages, in a language, on its way to being written."""

    def __init__(self, door: Door, purpose: Purpose, code: str) -> None:
        self._door = door
        self._purpose = purpose
        self._code = code
        self._words: SignUpWords = language(code).sign_up

    def form(self, typed: str = "", chosen: str = "", *, wrong: bool = False) -> bytes:
        """Ask for the number.

        Args:
            typed, chosen: number and language as they were sent, where something was wrong with the number.
        """
        joins, words, door = self._purpose is Purpose.JOIN, self._words, self._door
        other = Purpose.LEAVE if joins else Purpose.JOIN
        complaint = (words.wrong_number_abroad if door.abroad else words.wrong_number) if wrong else None
        return self._written(
            "sign_up.html",
            title=self._named(words.join if joins else words.leave),
            intro=words.join_intro if joins else words.leave_intro,
            consent=door.consent(self._code) if joins else None,
            choices=self._choices(chosen or self._code) if joins else [],
            hint=words.number_hint_abroad if door.abroad else words.number_hint,
            typed=typed[:_LONGEST_ECHO],
            complaint=complaint,
            action=f"{NAMES[self._purpose]}{self.query}",
            texting=self._texting(),
            other=f"{NAMES[other]}{self.query}",
            other_text=self._named(words.leave if joins else words.join),
            home=self._home("./"),
            languages=self._translations(),
            rights=self._rights() if joins else None,
            about_path=ABOUT,
        )

    def code(self, id_: str, *, wrong: bool = False) -> bytes:
        """Ask for the code."""
        words = self._words
        return self._written(
            "code.html",
            title=words.sent_title,
            sent=words.sent.format(minutes=MINUTES),
            complaint=words.wrong_code if wrong else None,
            action=f"{id_}{self.query}",
            confirm=words.confirm_join if self._purpose is Purpose.JOIN else words.confirm_leave,
            texting=self._texting(),
            again=f"../{NAMES[self._purpose]}{self.query}",
        )

    def done(self) -> bytes:
        """Say that it is done."""
        words, joins = self._words, self._purpose is Purpose.JOIN
        return self._written(
            "done.html",
            title=words.joined_title if joins else words.left_title,
            said=self._named(words.joined if joins else words.left),
            texting=self._texting() if joins else None,
            complaint=None,
            home=self._home("../"),
        )

    @property
    def query(self) -> str:
        """What keeps the language from page to page."""
        return self._query(self._code)

    def _query(self, code: str) -> str:
        return "" if code == self._door.municipality.languages[0] else f"?lang={code}"

    def _named(self, text: str) -> str:
        return text.format(municipality=self._door.name(self._code))

    def _choices(self, chosen: str) -> Sequence[_Choice]:
        codes = self._door.municipality.languages
        return [_Choice(code, _own_name(code), code == chosen) for code in codes] if len(codes) > 1 else []

    def _translations(self) -> Sequence[_Translation]:
        others = [code for code in self._door.municipality.languages if code != self._code]
        page = NAMES[self._purpose]
        return [_Translation(code, _own_name(code), page + self._query(code)) for code in others]

    def _texting(self) -> str | None:
        contacts = self._door.contacts
        if contacts.sms is None:
            return None
        spoken: Language = language(self._code)
        stop = spoken.texting.stop[0].upper()
        return self._words.texting.format(start=contacts.sms_text, number=shown(contacts.sms), stop=stop)

    def _rights(self) -> Markup:
        """What somebody has to be told who gives a number (GDPR, article 13): here, for not all have a public page."""
        door = self._door
        return statement(Topic.DATA_PROTECTION, door.municipality, door.contacts, self._code, level=2)

    def _home(self, up: str) -> str | None:
        if not self._door.has_page:
            return None
        return up if not self.query else f"{up}{self._code}/"

    def _written(self, template: str, *, title: str, complaint: str | None, **values: object) -> bytes:
        fixed: Mapping[str, object] = {
            "title": f"{self._words.wrong}: {title}" if complaint else title,
            "heading": title,
            "complaint": complaint,
            "code": self._code,
            "languages": (),
            "words": language(self._code).page,
            "own": self._words,
            "about": language(self._code).about,
            "brand": brand(self._door.name(self._code), self._door.contacts.profile),
            "style": Markup(_STYLE),  # noqa: S704 - ours
            "policy": POLICY,
        }
        return _TEMPLATES.get_template(template).render({**fixed, **values}).encode()


def _own_name(code: str) -> str:
    name = language(code).name
    return name[:1].upper() + name[1:]
