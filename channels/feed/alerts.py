"""What follows what: a municipality's messages as a chain of CAP alerts, each of which refers to those before it.

The words are those of the OASIS standard "Common Alerting Protocol Version 1.2". An alert never changes: what came
later is a new one. Only the texts of what was withdrawn are taken away. Pure: no I/O, no clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import dropwhile, islice, takewhile

from channels.contract import Original, Showing
from channels.feed.document import CAP, ENTRIES, withdrawn
from messages.model import Kind, Rendition, Severity

_WITHDRAWN = "-withdrawn"

TYPES: Mapping[Kind, str] = {
    Kind.ALERT: "Alert",
    Kind.UPDATE: "Update",
    Kind.CORRECTION: "Update",
    Kind.ALL_CLEAR: "Cancel",
}
"""A message's ``msgType``, where there is something that it follows; without that each is an Alert."""


@dataclass(frozen=True, slots=True)
class Grade:
    """How bad, how soon and how sure, in the words of CAP (its section 3.2.2)."""

    severity: str
    urgency: str
    certainty: str


GRADES: Mapping[Severity, Grade] = {
    Severity.EXTREME: Grade("Extreme", "Immediate", "Observed"),
    Severity.SEVERE: Grade("Severe", "Immediate", "Observed"),
    Severity.MODERATE: Grade("Moderate", "Expected", "Likely"),
    Severity.MINOR: Grade("Minor", "Expected", "Likely"),
    Severity.INFORMATION: Grade("Minor", "Unknown", "Observed"),
}
"""What our severities are in CAP.

The first two are graded as Sveriges Radio grades a VMA (its alerts of 2025: Immediate, Severe, Observed): a
municipality only warns so of what is there. "Minimal to no known threat" is CAP's Minor, so information is that and not
Unknown.
"""


@dataclass(frozen=True, slots=True)
class Alert:
    """A message as one municipality issued it, or that it withdrew one.

    Args:
        name: its own part of its identifier and of its file's name.
        kind, severity, expires, incident: those of the message.
        sent: when it was issued or withdrawn.
        withdrawn: whether it says that the message no longer applies.
        renditions: its texts, one for each language, the municipality's first one first; none once it is withdrawn.
        references: the alerts that it follows, oldest first.
    """

    name: str
    municipality: str
    message: str
    kind: Kind
    severity: Severity
    sent: datetime
    expires: datetime
    incident: str
    exercise: bool
    withdrawn: bool
    renditions: Sequence[Rendition]
    references: Sequence["Alert"] = ()

    @property
    def type(self) -> str:
        """Its ``msgType``."""
        if not self.references:
            return TYPES[Kind.ALERT]
        return TYPES[Kind.ALL_CLEAR if self.withdrawn else self.kind]

    @property
    def status(self) -> str:
        """Whether others may show it as real."""
        return "Exercise" if self.exercise else "Actual"

    @property
    def file(self) -> str:
        """Where its document stands in the folder of the feeds."""
        return f"{self.municipality}/{CAP}/{self.name}.xml"


def alerts(municipality: str, showings: Iterable[Showing], originals: Mapping[str, Original]) -> Sequence[Alert]:
    """Every alert of a municipality, oldest first, each with those that it follows.

    An update follows all that its incident has issued since it began or was last cleared, but for what was withdrawn.
    An exercise only follows exercises.

    Args:
        showings: its surface of alerts: a slot for each message, and one more for each that was withdrawn.
        originals: the messages as they were written.
    """
    issued = [
        _alert(municipality, showing, originals[showing.parcel.message])
        for showing in showings
        if showing.parcel.message in originals
    ]
    threads: dict[tuple[str, bool], _Thread] = {}
    chained = [
        threads.setdefault((alert.incident, alert.exercise), _Thread()).chained(alert)
        for alert in sorted(issued, key=lambda alert: (alert.sent, alert.name))
    ]
    taken_back = {other.name for alert in chained if alert.withdrawn for other in alert.references}
    return [replace(alert, renditions=()) if alert.name in taken_back else alert for alert in chained]


class _Thread:
    """The alerts of one incident so far."""

    def __init__(self) -> None:
        self._history: list[Alert] = []
        self._standing: list[Alert] = []

    def chained(self, alert: Alert) -> Alert:
        """The next alert with those that it follows, which must have come before."""
        if alert.withdrawn:
            taken_back = self._taken_back(alert.message)
            self._standing = [other for other in self._standing if other not in taken_back]
            return replace(alert, references=taken_back)
        if alert.kind is not Kind.ALERT:
            alert = replace(alert, references=tuple(self._standing))
        self._history.append(alert)
        self._standing = [] if alert.kind is Kind.ALL_CLEAR else [*self._standing, alert]
        return alert

    def _taken_back(self, message: str) -> Sequence[Alert]:
        """A message and the corrections of it: what is withdrawn with it."""
        since = dropwhile(lambda alert: alert.message != message, self._history)
        return [*islice(since, 1), *takewhile(lambda alert: alert.kind is Kind.CORRECTION, since)]


def in_force(chained: Sequence[Alert], now: datetime) -> Sequence[Alert]:
    """The alerts that others should show or act on now, newest first: not expired, and nothing has followed them."""
    followed = {(other.municipality, other.name) for alert in chained for other in alert.references}
    last = [alert for alert in chained if (alert.municipality, alert.name) not in followed and alert.expires > now]
    return sorted(last, key=lambda alert: (alert.sent, alert.name), reverse=True)[:ENTRIES]


def withdrawal(message: str) -> str:
    """The name of the alert that withdraws a message; that of the message's own is its id."""
    return f"{message}{_WITHDRAWN}"


def _alert(municipality: str, showing: Showing, original: Original) -> Alert:
    parcel, gone = showing.parcel, showing.slot.endswith(_WITHDRAWN)
    return Alert(
        name=showing.slot,
        municipality=municipality,
        message=parcel.message,
        kind=parcel.kind,
        severity=parcel.severity,
        sent=showing.updated if gone else parcel.issued,
        expires=parcel.expires,
        incident=parcel.incident,
        exercise=original.exercise,
        withdrawn=gone,
        renditions=[withdrawn(text) for text in original.renditions] if gone else original.renditions,
    )
