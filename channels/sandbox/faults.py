"""How a provider misbehaves: the faults, and the script of faults that it has been told to show."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf


class Fault(StrEnum):
    """One way to misbehave. What it says and what it did are two things, and that is the point of most of them."""

    SLOW = "slow"
    """It acts, and answers after ``seconds``."""

    THROTTLE = "throttle"
    """It does not act and says that there is too much traffic; ``retry_after`` says how many seconds to wait."""

    ERROR = "error"
    """It does not act and answers with a server error, so that nobody can know. ``code``: HTTP status, else 500."""

    ERROR_AFTER = "error-after"
    """It acts, then answers as for ERROR."""

    GARBAGE = "garbage"
    """It acts, then answers 200 with a web page instead of what was to be expected."""

    STRANGER = "stranger"
    """It does not act: something between answers with a web page of its own. ``code``: HTTP status, else 403."""

    STRANGER_AFTER = "stranger-after"
    """It acts, then something between answers as for STRANGER."""

    STALE = "stale"
    """It does not act and says once more what it last said to a request that sent something."""

    TWIN = "twin"
    """It acts, and gives what it did the name of what it did before."""

    DROP = "drop"
    """It acts, then closes the connection without an answer."""

    RESET = "reset"
    """It does not act and resets the connection."""

    HANG = "hang"
    """It acts, then never answers: until the client leaves or the sandbox stops."""

    DRIP = "drip"
    """It acts, answers the headers of success, then a space every ``seconds`` (0.1 if 0), and never comes to an end."""

    UNAUTHORISED = "unauthorised"
    """It does not act and says that the credentials are wrong."""

    REFUSE = "refuse"
    """It does not act and turns this target down, with ``code`` or else as for a number or page that is none."""

    @property
    def acts(self) -> bool:
        """Whether the provider does what it was asked, in spite of what it then answers."""
        return self not in _IDLE


_IDLE = frozenset(
    {
        Fault.THROTTLE,
        Fault.ERROR,
        Fault.STRANGER,
        Fault.STALE,
        Fault.RESET,
        Fault.UNAUTHORISED,
        Fault.REFUSE,
    }
)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A fault to show, and when. It meets every request of the provider; REFUSE meets only those that send something.

    Args:
        times: how many requests it meets before it is over; None for as long as nothing else is said.
        seconds: see SLOW and DRIP.
        code: the provider's error code for REFUSE and (Graph) THROTTLE, the HTTP status for ERROR, STRANGER, those that
            are named after them and, as 46elks has no other codes, its REFUSE; None for the usual one.
        retry_after: see THROTTLE; Graph rounds it up to minutes.
        to: only requests about this number or page; None for all.
        text: the words of a refusal by 46elks, which are all that tells its errors apart.
    """

    fault: Fault
    times: int | None = None
    seconds: float = 0
    code: int | None = None
    retry_after: float | None = None
    to: str | None = None
    text: str | None = None

    def __post_init__(self) -> None:
        """Refuse numbers that no fault can have."""
        if self.times is not None and self.times < 1:
            raise ValueError("times must be at least 1, or left out for as long as nothing else is said")
        if not (0 <= self.seconds < inf and 0 <= (self.retry_after or 0) < inf):
            raise ValueError("seconds and retry_after must be 0 or more, and come to an end")

    def meets(self, target: str, *, sends: bool) -> bool:
        """Tell whether a request about that target, sending something or only asking, gets to see it."""
        return self.to in {None, target} and (sends or self.fault is not Fault.REFUSE)


class Script:
    """The behaviours that a provider has still to show; the first that meets a request is shown. Empty: it is well."""

    def __init__(self, behaviours: Iterable[Behaviour] = ()) -> None:
        self._behaviours = list(behaviours)

    def take(self, target: str, *, sends: bool) -> Behaviour | None:
        """Return the behaviour that this request gets to see, and count it."""
        for place, behaviour in enumerate(self._behaviours):
            if behaviour.meets(target, sends=sends):
                if behaviour.times == 1:
                    del self._behaviours[place]
                elif behaviour.times is not None:
                    self._behaviours[place] = replace(behaviour, times=behaviour.times - 1)
                return behaviour
        return None
