"""What our feeds and pages say in words of their own. A further language is one more entry of ``WORDS``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from messages.model import Kind, Severity


@dataclass(frozen=True, slots=True)
class Words:
    """A feed's own words in one language.

    Args:
        title, description: of one municipality's feed; ``{name}`` stands for its name.
        joint_title: of the feed of all together, which ``description`` describes with all their names.
        conjunction: what stands before the last name of several.
        withdrawn_mark: what comes before the title of a withdrawn message.
        withdrawn_text: what stands in place of its text, as HTML.
        tag: the language with its country (RFC 5646), as CAP writes it.
        instructions: headings below which a message says what to do.
    """

    title: str
    description: str
    joint_title: str
    conjunction: str
    withdrawn_mark: str
    withdrawn_text: str
    tag: str
    instructions: Sequence[str]
    severities: Mapping[Severity, str]
    kinds: Mapping[Kind, str]

    def listed(self, names: Sequence[str]) -> str:
        """The names as a sentence has them: ``Borgholm, Mörbylånga och Kalmar``."""
        return f" {self.conjunction} ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


WORDS: Mapping[str, Words] = {
    "sv": Words(
        title="Viktig information från {name}",
        description="Meddelanden från {name} vid kris, störning och annat viktigt.",
        joint_title="Viktig information från kommunerna",
        conjunction="och",
        withdrawn_mark="Tillbakadraget:",
        withdrawn_text="<p>Meddelandet är tillbakadraget och gäller inte längre.</p>",
        tag="sv-SE",
        instructions=("Vad ska jag göra?", "Vad gäller nu?"),
        severities={
            Severity.EXTREME: "Livsfara",
            Severity.SEVERE: "Allvarlig händelse",
            Severity.MODERATE: "Störning",
            Severity.MINOR: "Mindre störning",
            Severity.INFORMATION: "Information",
        },
        kinds={
            Kind.ALERT: "Nytt meddelande",
            Kind.UPDATE: "Uppdatering",
            Kind.CORRECTION: "Rättelse",
            Kind.ALL_CLEAR: "Händelsen är över",
        },
    ),
    "en": Words(
        title="Important information from {name}",
        description="Messages from {name} in a crisis, a disruption or another important event.",
        joint_title="Important information from the municipalities",
        conjunction="and",
        withdrawn_mark="Withdrawn:",
        withdrawn_text="<p>This message has been withdrawn and no longer applies.</p>",
        tag="en-GB",
        instructions=("What should I do?", "What applies now?"),
        severities={
            Severity.EXTREME: "Danger to life",
            Severity.SEVERE: "Serious incident",
            Severity.MODERATE: "Disruption",
            Severity.MINOR: "Minor disruption",
            Severity.INFORMATION: "Information",
        },
        kinds={
            Kind.ALERT: "New message",
            Kind.UPDATE: "Update",
            Kind.CORRECTION: "Correction",
            Kind.ALL_CLEAR: "The incident is over",
        },
    ),
}


def words(language: str) -> Words:
    """A language's words; Swedish where a language has none yet."""
    return WORDS.get(language, WORDS["sv"])
