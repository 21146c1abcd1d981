"""What the law gives a municipality time for, counted from when it became aware of an incident. Pure: no clock.

Which of the rules apply, and from which moment, is for the municipality to judge: this counts, and is no legal advice.

Hours are hours that have passed, whatever clocks on the wall did meanwhile. Where rules on counting (Regulation (EEC,
Euratom) No 1182/71, article 3; SFS 1930:173, sections 1 and 2) could give more time, over a weekend say, the earlier
moment is taken: nobody is late who goes by it.
"""

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from messages.times import moment_of

GDPR = "gdpr"
EARLY_WARNING = "early-warning"
NOTIFICATION = "notification"
STATUS_REPORT = "status-report"
FINAL_REPORT = "final-report"

IDS = (GDPR, EARLY_WARNING, NOTIFICATION, STATUS_REPORT, FINAL_REPORT)
"""What deadlines are known by, wherever a person types or reads them."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A time by which an authority is to be told something.

    Args:
        id: one of ``IDS``.
        rule: where it is written.
        text: what is to be done, and where.
        due: when it must be done at the latest (UTC).
    """

    id: str
    rule: str
    text: str
    due: datetime


_NOTHING_DONE: Mapping[str, datetime | None] = MappingProxyType({})


def deadlines(
    aware: datetime, zone: ZoneInfo, done: Mapping[str, datetime | None] = _NOTHING_DONE, ended: datetime | None = None
) -> Sequence[Deadline]:
    """What is to be reported by when, the first one first.

    The rules, and where they are written:

    - Regulation (EU) 2016/679 (GDPR), article 33(1): a personal data breach is notified to the supervisory authority,
      in Sweden Integritetsskyddsmyndigheten (IMY), where feasible not later than 72 hours after having become aware of
      it, unless it is unlikely to result in a risk to people.
    - Cybersäkerhetslagen (SFS 2025:1506), chapter 2, by which Sweden carries out article 23 of Directive (EU) 2022/2555
      (NIS 2). Of a significant incident the CSIRT unit (SFS 2025:1507, section 6) is told within 24 hours of becoming
      aware (section 5) and notified within 72 hours (section 6; 24 for trust services, which are not counted here).
      Within a month of the notification it gets the final report; if the incident still goes on then, a status report
      takes its place, and the final report comes within a month after the incident was dealt with (section 8).

    Args:
        aware: when the municipality became aware of the incident.
        zone: whose calendar months are counted by.
        done: when what was reported, by the deadlines' ids; None where no report is due. A notification starts the
            month when it is made, and without one nothing is due after it.
        ended: when the incident had been dealt with; None while it goes on.
    """
    aware = aware.astimezone(UTC)
    law = "SFS 2025:1506, 2 kap."
    found = [
        Deadline(EARLY_WARNING, f"{law} 5 §", "Tell the CSIRT unit (CERT-SE) about it", aware + timedelta(hours=24)),
        Deadline(GDPR, "GDPR article 33", "Notify IMY of the personal data breach", aware + timedelta(hours=72)),
        Deadline(NOTIFICATION, f"{law} 6 §", "Notify the CSIRT unit of the incident", aware + timedelta(hours=72)),
    ]
    notified = done.get(NOTIFICATION, aware + timedelta(hours=72))
    if notified is None:
        return found
    month = a_month_after(notified, zone)
    is_long = ended is None or ended > month
    if is_long and (FINAL_REPORT not in done or STATUS_REPORT in done):
        text = "Give the CSIRT unit a status report, or the final one if it has been dealt with"
        found.append(Deadline(STATUS_REPORT, f"{law} 8 §", text, month))
    if ended is not None or FINAL_REPORT in done:
        last = month if ended is None or ended <= month else a_month_after(ended, zone)
        found.append(Deadline(FINAL_REPORT, f"{law} 8 §", "Give the CSIRT unit the final report", last))
    return found


def a_month_after(time: datetime, zone: ZoneInfo) -> datetime:
    """The same time on the day of the same number a month later, or on that month's last day if it has none (UTC).

    So SFS 1930:173, section 1, finds the day. For a time that clocks skip it is the first after the gap; of two it
    is the first.
    """
    local = time.astimezone(zone).replace(tzinfo=None)
    year, month = (local.year, local.month + 1) if local.month < 12 else (local.year + 1, 1)
    day = min(local.day, calendar.monthrange(year, month)[1])
    return moment_of(local.replace(year=year, month=month, day=day), zone)
