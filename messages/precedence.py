"""What comes first where several things are said at once: on a page, on a phone line, in the answer to STATUS. Pure."""

from datetime import datetime

from messages.model import Kind, Severity

_WORST_FIRST = tuple(Severity)


def precedence(kind: Kind, severity: Severity, issued: datetime) -> tuple[int, float]:
    """A key to sort by, the most important first: the worst, and of the equally bad what was said last.

    An all-clear says that something is over, so it is never worse than information, whatever it ends.
    """
    felt = Severity.INFORMATION if kind is Kind.ALL_CLEAR else severity
    return _WORST_FIRST.index(felt), -issued.timestamp()
