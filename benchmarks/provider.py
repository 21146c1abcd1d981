"""nginx as the provider that answers at once: on loopback, in a folder of its own, gone afterwards.

The sandbox knows the providers' rules and takes time for them; here the broadcaster alone is to be measured.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import nginx

REFUSED = 0.3
"""Share of the SMS that a provider refuses which is told to throttle."""

_VARIABLES = rf"""
    map $request_body $number {{ "~(^|&)To=%2B(?<digits>[0-9]+)" "+$digits"; }}
    split_clients $request_id $is_too_much {{ {REFUSED:.0%} 1; * 0; }}
"""
_THROTTLING = """
            if ($is_too_much) {
                add_header Retry-After 2 always;
                return 429 '{"code": 20429, "status": 429}';
            }
"""
_LOCATIONS = """
        # The answer has to name the number, and nginx only reads a body that it mirrors. There are no files.
        location /twilio/ { mirror /nobody; log_not_found off; error_page 403 404 405 = @twilio; }
        location /nobody { internal; return 204; }
        location ~ ^/graph/[^/]+/(?<page>[0-9]+)/ { return 200 '{"id": "${page}_$request_id"}'; }
        location @twilio {
            THROTTLING
            return 201 '{"sid": "SM$request_id", "to": "$number", "status": "queued"}';
        }
"""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request that arrived: when (seconds since 1970, to the millisecond) and where."""

    at: float
    path: str


@dataclass(frozen=True, slots=True)
class Provider:
    """A running provider; ``url`` has no slash at its end, ``log`` is where arrivals are written down."""

    url: str
    log: Path

    def arrivals(self) -> list[Arrival]:
        """Every POST that has come so far, if they are written down."""
        whole = self.log.read_text("ascii").rpartition("\n")[0]  # the last line may still be on its way
        lines = (line.split() for line in whole.splitlines())
        return [Arrival(float(at), path) for at, method, path in lines if method == "POST"]


@contextmanager
def instant_provider(*, written: bool = False, throttling: bool = False) -> Iterator[Provider]:
    """Run one.

    Args:
        written: whether it writes down when each request arrives, which takes it a little time.
        throttling: whether it refuses a share of the SMS as too much traffic, at any pace.

    Raises:
        LeftOutError: there is no nginx.
    """
    locations = _LOCATIONS.replace("THROTTLING", _THROTTLING if throttling else "")
    with nginx.running(locations, variables=_VARIABLES, written=written) as server:
        yield Provider(server.url, server.log)
