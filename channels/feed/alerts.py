"""What follows what: a municipality's messages as a chain of CAP alerts, each of which refers to those before it.

The words are those of the OASIS standard "Common Alerting Protocol Version 1.2". An alert never changes: what came
later is a new one. Only the texts of what was withdrawn are taken away. Pure: no I/O, no clock.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile

from channels.contract import Original, Showing
from channels.feed.document import CAP, ENTRIES, withdrawn
from channels.providers.feed import AllClear
from messages.model import Kind, Rendition, Severity

_WITHDRAWN = "-withdrawn"


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
        place: id of the message that it is about: its own, or that of the one that it corrects or withdraws.
        kind: the message's; that of a correction is the kind of what it corrects, if that is known.
        severity, expires, incident: those of the message.
        sent: when it was issued or withdrawn.
        withdrawn: whether it says that the message no longer applies.
        renditions: its texts, one for each language, the municipality's first one first; none once it is withdrawn.
        references: the alerts that it follows, oldest first.
        type: its ``msgType``.
        stands: whether nothing has taken its place, be it expired or not.
    """

    name: str
    municipality: str
    place: str
    kind: Kind
    severity: Severity
    sent: datetime
    expires: datetime
    incident: str
    exercise: bool
    withdrawn: bool
    renditions: Sequence[Rendition]
    references: Sequence["Alert"] = ()
    type: str = "Alert"
    stands: bool = True

    @property
    def corrects(self) -> bool:
        """Whether it is a correction."""
        return not self.withdrawn and (self.kind is Kind.CORRECTION or self.place != self.name)

    @property
    def status(self) -> str:
        """Whether others may show it as real."""
        return "Exercise" if self.exercise else "Actual"

    @property
    def file(self) -> str:
        """Where its document stands in the folder of the feeds."""
        return f"{self.municipality}/{CAP}/{self.name}.xml"


def alerts(
    municipality: str, showings: Iterable[Showing], originals: Mapping[str, Original], all_clear: AllClear
) -> Sequence[Alert]:
    """Every alert of a municipality, oldest first, each with those that it follows.

    An update follows all that its incident has issued since it began or was last cleared, but for what was withdrawn; a
    correction follows what it corrects, and what that followed. An exercise only follows exercises.

    Args:
        showings: its surface of alerts: a slot for each message, and one more for each that was withdrawn.
        originals: the messages as they were written.
        all_clear: how an all-clear is said.
    """
    issued: dict[str, Alert] = {}
    for showing in showings:
        if showing.parcel.message in originals:
            alert = _alert(municipality, showing, originals[showing.parcel.message])
            # New in a language in which what it corrects never appeared, it may have taken a place in another.
            if alert.name not in issued or alert.place != alert.name:
                issued[alert.name] = alert
    threads: dict[tuple[str, bool], _Thread] = {}
    chained = [
        threads.setdefault((alert.incident, alert.exercise), _Thread(all_clear)).chained(alert)
        for alert in sorted(issued.values(), key=_order)
    ]
    taken_back = {other.name for alert in chained if alert.withdrawn for other in alert.references}
    standing = {name for thread in threads.values() for name in thread.standing()}
    return [
        replace(
            alert,
            renditions=() if alert.name in taken_back else alert.renditions,
            stands=alert.withdrawn or alert.name in standing,
        )
        for alert in chained
    ]


class _Thread:
    """The alerts of one incident so far, but for what was withdrawn; a correction stands behind what it corrects."""

    def __init__(self, all_clear: AllClear) -> None:
        self._all_clear = all_clear
        self._said: list[Alert] = []

    def chained(self, alert: Alert) -> Alert:
        """The next alert with those that it follows, which must have come before."""
        same = [other for other in self._said if other.place == alert.place]
        if alert.withdrawn:
            self._said = [other for other in self._said if other not in same]
            return self._typed(alert, same)
        if same:
            corrected = same[-1]
            alert = self._typed(replace(alert, kind=corrected.kind), [*corrected.references, corrected])
            self._said.insert(self._said.index(corrected) + 1, alert)
        else:
            alert = self._typed(alert, [] if alert.kind is Kind.ALERT else self._going_on())
            self._said.append(alert)
        return alert

    def standing(self) -> Collection[str]:
        """The names of those whose place nothing has taken."""
        standing: dict[str, str] = {}
        for alert in self._said:
            if alert.place not in standing and alert.kind is not Kind.ALERT:
                standing.clear()
            standing[alert.place] = alert.name
        return standing.values()

    def _going_on(self) -> Sequence[Alert]:
        """What was said since the incident began, or was last cleared."""
        return [*takewhile(lambda alert: alert.kind is not Kind.ALL_CLEAR, reversed(self._said))]

    def _typed(self, alert: Alert, references: Iterable[Alert]) -> Alert:
        """The alert with those that it follows. Without any it is an Alert, whatever it says."""
        followed = sorted(references, key=_order)
        if not followed:
            return alert
        over = alert.withdrawn or (alert.kind is Kind.ALL_CLEAR and self._all_clear is AllClear.CANCEL)
        return replace(alert, references=followed, type="Cancel" if over else "Update")


def in_force(chained: Sequence[Alert], now: datetime) -> Sequence[Alert]:
    """The alerts that others should show or act on now, newest first: not expired, and nothing took their place."""
    last = [alert for alert in chained if alert.stands and alert.expires > now]
    return sorted(last, key=_order, reverse=True)[:ENTRIES]


def correction(message: str, place: str) -> str:
    """The slot of the alert that corrects another message, whose id ``place`` is; that of any other is its id."""
    return f"{message}/{place}"


def withdrawal(message: str) -> str:
    """The slot of the alert that withdraws a message, and its name."""
    return f"{message}{_WITHDRAWN}"


def _order(alert: Alert) -> tuple[datetime, bool, str]:
    return alert.sent, alert.withdrawn, alert.name


def _alert(municipality: str, showing: Showing, original: Original) -> Alert:
    parcel = showing.parcel
    name, _, corrected = showing.slot.partition("/")
    gone = name.endswith(_WITHDRAWN)
    return Alert(
        name=name,
        municipality=municipality,
        place=corrected or name.removesuffix(_WITHDRAWN),
        kind=parcel.kind,
        severity=parcel.severity,
        sent=showing.updated if gone else parcel.issued,
        expires=parcel.expires,
        incident=parcel.incident,
        exercise=original.exercise,
        withdrawn=gone,
        renditions=[withdrawn(text) for text in original.renditions] if gone else original.renditions,
    )
