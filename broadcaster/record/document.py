"""The story of an incident as data: what ``timeline.json`` holds and ``timeline.html`` shows. Pure.

docs/reference/record.md explains every key. Whoever changes or takes away one raises ``VERSION``.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from broadcaster.board import Entry, Stand, described
from broadcaster.delivery import Operation, State
from broadcaster.leading import Clock, clocks
from broadcaster.store.audit import Deed
from broadcaster.store.incidents import Incident
from broadcaster.store.timeline import SUBMITTED, Outcome, Story, Told, Version
from messages.document import services_of

FORMAT = "broadcaster.incident"
VERSION = 1

Data = dict[str, Any]

_NEVER_LEFT = (State.WAITING, State.PENDING, State.EXPIRED, State.CANCELLED)
"""Nothing was handed to a provider for good."""


@dataclass(frozen=True, slots=True)
class Made:
    """Where and when a record is made.

    Args:
        program: the version of the broadcaster.
        zone: whose times people are shown.
    """

    at: datetime
    program: str
    zone: ZoneInfo


def as_data(story: Story, made: Made) -> Data:
    """The story; the same story gives the same data, but for ``exported_at`` and whether clocks have run out."""
    running = clocks(story.incident, story.reports, made.zone)
    authors = {deed.subject: deed.actor for deed in story.deeds if deed.action == SUBMITTED}
    return {
        "format": FORMAT,
        "version": VERSION,
        "exported_at": _time(made.at),
        "program": made.program,
        "zone": made.zone.key,
        "incident": _incident(story),
        "deadlines": [_clock(clock, made.at) for clock in running],
        "messages": [_version(version, authors) for version in story.versions],
        "board": [_entry(entry) for entry in story.board],
        "timeline": sorted(_events(story), key=lambda event: (event["at"], event["what"], event["text"])),
    }


def source_file(message: str) -> str:
    """Where a message's source stands in the record."""
    return f"messages/{message}.md"


def recording_file(message: str, language: str) -> str:
    """Where stands in the record what people recorded of a message."""
    return f"recordings/{message}-{language}.wav"


def _incident(story: Story) -> Data:
    incident = story.incident
    return {
        "name": incident.name,
        "opened": _time(incident.opened),
        "opened_by": incident.opened_by,
        "aware": _time(incident.aware),
        "closed": _time(incident.closed),
        "closed_by": incident.closed_by,
        "earlier": [_other(other) for other in story.earlier],
        "later": [_other(other) for other in story.later],
    }


def _other(incident: Incident) -> Data:
    return {"name": incident.name, "opened": _time(incident.opened), "closed": _time(incident.closed)}


def _clock(clock: Clock, now: datetime) -> Data:
    deadline, report = clock.deadline, clock.report
    is_due = report is None or report.not_due is None
    return {
        "id": deadline.id,
        "rule": deadline.rule,
        "text": deadline.text,
        "due": _time(deadline.due),
        "reported": _time(report.at) if report is not None and is_due else None,
        "by": report.by if report else None,
        "not_due": report.not_due if report else None,
        "late": is_due and (report.at if report else now) > deadline.due,
    }


def _version(version: Version, authors: Mapping[str, str]) -> Data:
    said = version.said
    return {
        "id": said.id,
        "kind": said.kind,
        "severity": said.severity,
        "exercise": said.is_exercise,
        "headline": said.headline,
        "follows": said.follows,
        "issued": _time(said.issued),
        "by": authors.get(said.id),
        "next_update": _time(said.next_update),
        "expires": _time(said.expires),
        "retracted": _time(said.retracted),
        "municipalities": list(said.municipalities),
        "content_hash": version.content_hash,
        "source": {"file": source_file(said.id), "sha256": sha256(said.source.encode()).hexdigest()},
        "recordings": [
            {"language": one.language, "file": recording_file(said.id, one.language), "sha256": one.digest}
            for one in version.recordings
        ],
        "services": [
            {
                "name": service.name,
                "status": service.status,
                "note": service.note,
                "municipalities": list(service.municipalities or said.municipalities),
            }
            for service in services_of(said.source)
        ],
        "renditions": [_told(told) for told in version.told],
    }


def _entry(entry: Entry) -> Data:
    return {
        "at": _time(entry.at),
        "by": entry.by,
        "cause": entry.cause,
        "message": entry.message,
        "municipality": entry.change.municipality,
        "name": entry.change.name,
        "before": _stand(entry.change.before),
        "after": _stand(entry.change.after),
    }


def _stand(stand: Stand | None) -> Data | None:
    return None if stand is None else {"status": stand.status, "note": stand.note, "since": _time(stand.since)}


def _told(told: Told) -> Data:
    counts = Counter[State]()
    for outcome in told.outcomes:
        counts[outcome.state] += outcome.count
    return {
        "municipality": told.rendition.municipality,
        "channel": told.rendition.channel,
        "language": told.rendition.language,
        "operation": told.operation,
        "title": told.rendition.title,
        "text": told.rendition.text,
        "counts": {str(state): counts[state] for state in State if state in counts},
        "receipts": {str(state): counts[state] for state in (State.DELIVERED, State.UNDELIVERED)},
        "outcomes": [
            {
                "lane": one.lane,
                "state": one.state,
                "reason": one.reason,
                "count": one.count,
                "first": _time(one.first),
                "last": _time(one.last),
                "tried_first": _time(one.tried_first),
                "tried_last": _time(one.tried_last),
            }
            for one in told.outcomes
        ],
        "places": [
            {
                "lane": one.lane,
                "target": one.target,
                "state": one.state,
                "remote_id": one.remote_id,
                "reason": one.reason,
                "attempts": one.attempts,
                "tried": _time(one.tried),
                "changed": _time(one.changed),
            }
            for one in told.places
        ],
        "doubts_settled": [
            {
                "became": one.state,
                "because": one.how,
                "by": one.actor,
                "count": one.count,
                "first": _time(one.first),
                "last": _time(one.last),
            }
            for one in told.settled
        ],
    }


# --- What happened, in order ------------------------------------------------------------------------------------------


def _events(story: Story) -> Iterator[Data]:
    incident = story.incident
    if incident.aware is not None:
        yield _event(incident.aware, "aware", "", incident.name)
    if "incident.open" not in {deed.action for deed in story.deeds}:  # its first message did
        yield _event(incident.opened, "incident.open", incident.opened_by, incident.name)
    for deed in story.deeds:
        yield _event(deed.at, deed.action, deed.actor, _described(deed, story))
    for entry in story.board:
        by_message = f" (message {entry.message})" if entry.message else ""
        yield _event(entry.at, f"services.{entry.cause}", entry.by, f"{described(entry.change, _iso)}{by_message}")
    for version in story.versions:
        for told in version.told:
            yield from _published(version, told)


def _described(deed: Deed, story: Story) -> str:
    said = {version.said.id: version.said for version in story.versions}.get(deed.subject)
    if said is not None:
        subject = f"{said.id}, {said.kind}: {said.headline}"
        return subject if deed.action == SUBMITTED or not deed.details else f"{subject} ({deed.details})"
    if deed.details and deed.subject == story.incident.name:
        return deed.details
    return f"{deed.subject}: {deed.details}" if deed.details else deed.subject


def _published(version: Version, told: Told) -> Iterator[Data]:
    """When a text first went out, and when it had been brought to the last of its readers."""
    left = [one for one in told.outcomes if one.state not in _NEVER_LEFT]
    tried = [time for one in left for time in (one.tried_first, one.tried_last) if time is not None]
    if not tried:
        return
    text, operation = told.rendition, "" if told.operation is Operation.SEND else f" ({told.operation})"
    where = f"{version.said.id}{operation}, {text.channel} of {text.municipality} in {text.language}"
    yield _event(min(tried), "delivery.first", "", f"{where}: 1 of {_total(told.outcomes)}")
    if _total(left) > 1:
        yield _event(max(tried), "delivery.last", "", f"{where}: {_total(left)} of {_total(told.outcomes)}")


def _total(outcomes: Sequence[Outcome]) -> int:
    return sum(one.count for one in outcomes)


def _event(at: datetime, what: str, by: str, text: str) -> Data:
    return {"at": _time(at), "what": what, "by": by, "text": text}


def _time(time: datetime | None) -> str | None:
    return None if time is None else _iso(time)


def _iso(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds")
