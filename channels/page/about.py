"""What residents are told about a sender and their rights: in its own words, or in words that are true of every sender.

What an accessibility statement has to say is in the Swedish act 2018:1937 and the commission's decision (EU) 2018/1523;
what is said of personal data, in article 13 of the General Data Protection Regulation.
"""

from dataclasses import dataclass

from markupsafe import Markup

from channels.page.fragment import under
from channels.provider import Contacts, Profile, Topic
from messages.languages import language
from messages.languages.about import AboutWords
from messages.markdown import literal, to_html
from messages.model import Municipality


@dataclass(frozen=True, slots=True)
class Brand:
    """What a page of a sender has on top, where the sender has given anything for it.

    Args:
        mark: a picture, as a ``data:`` address; empty for none.
        colour: ``#rrggbb``, or empty.
    """

    name: str
    mark: str
    colour: str


def brand(name: str, profile: Profile) -> Brand | None:
    """The top of a sender's pages."""
    return Brand(name, profile.mark, profile.colour) if profile.mark or profile.colour else None


def statement(topic: Topic, municipality: Municipality, contacts: Contacts, code: str, level: int) -> Markup:
    """What a sender says of a topic, to stand under a heading of that level; its own text if it has one."""
    own = contacts.profile.statements.get((topic, code))
    return under(to_html(_common(topic, municipality, contacts, code)) if own is None else own, level)


def _common(topic: Topic, municipality: Municipality, contacts: Contacts, code: str) -> str:
    """The text (Markdown) as far as it is true of every sender."""
    words = language(code).about
    name = municipality.translations.get(code, {}).get("name") or municipality.variables["name"]
    said = {"municipality": literal(name), "contact": _contact(words, municipality, contacts.profile)}
    if topic is Topic.ACCESSIBILITY:
        return words.accessibility_text.format(**said)
    if contacts.sms is None and contacts.sign_up is None:
        return words.reading
    officer = contacts.profile.officer
    texts = words.texts.format(
        **said,
        officer=words.officer.format(officer=literal(officer)) if officer else "",
        processors=_processors(words, contacts.profile),
    )
    return f"{words.reading}\n\n{texts}"


def _contact(words: AboutWords, municipality: Municipality, profile: Profile) -> str:
    phone = literal(municipality.variables["phone"])
    if not profile.email:
        return words.contact.format(phone=phone)
    return words.contact_email.format(phone=phone, email=literal(profile.email))


def _processors(words: AboutWords, profile: Profile) -> str:
    """Who gets the numbers, and whether they leave the EU with them."""
    if not profile.firms:
        return ""
    outside = [firm.name for firm in profile.firms if not firm.in_eu]
    said = [words.processors.format(firms=", ".join(firm.name for firm in profile.firms))]
    return " ".join(said + [words.outside.format(firms=", ".join(outside))] * bool(outside))
