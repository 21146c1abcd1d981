"""What Prometheus is told. Every metric is explained in docs/reference/metrics.md; none says anything about a resident.

What happens in this process is counted as it happens. What is not done yet is asked of the database, at most every few
seconds: it is the same whichever process is asked.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from broadcaster import __version__
from broadcaster.config import Config
from broadcaster.delivery import State, Verdict
from broadcaster.glance import Glance
from broadcaster.sources.entries import Fate
from broadcaster.store.database import Database
from broadcaster.store.errors import StoreError
from broadcaster.store.lanes import LaneState
from broadcaster.store.schedules import RunState
from broadcaster.store.standing import UNDONE, Standing, standing

LASTS = 5.0
"""Seconds for which a look at the database is good."""

PATIENCE = 3.0
"""Seconds that the database gets to answer; meanwhile the last look is shown. Prometheus itself waits 10."""

RESULTS = (State.ACCEPTED, State.REJECTED, State.IN_DOUBT, State.PENDING, State.EXPIRED, State.CANCELLED)
"""What a try can come to."""

LANE_STATES = ("working", "half_open", "throttled", "down", "halted")

NO_ACCOUNT = "none"
"""Channel of a lane that has no account any more."""

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

log = logging.getLogger(__name__)


class Meters:
    """What is counted in this process."""

    def __init__(self, config: Config) -> None:
        # Nobody asks since when each is counted, and it would double what is told.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library does not type it
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._channels = channels_of(config)
        about = Gauge("broadcaster_info", "The program.", ["version", "mode"], registry=self.registry)
        about.labels(__version__, config.mode).set(1)
        self._results = Counter(
            "broadcaster_delivery_results",
            "Attempts to deliver in this process, by outcome.",
            ["channel", "lane", "state"],
            registry=self.registry,
        )
        for lane, channel in self._channels.items():
            for state in RESULTS:
                self._results.labels(channel, lane, state)
        self._receipts = Counter("broadcaster_receipts", "Receipts written down.", registry=self.registry)
        self._moves = Counter(
            "broadcaster_receipt_changes", "Deliveries that receipts moved forward.", registry=self.registry
        )
        self._texts = Counter(
            "broadcaster_inbound_texts",
            "Texts from residents, by what they were answered.",
            ["provider", "answer"],
            registry=self.registry,
        )
        self._runs = Counter(
            "broadcaster_schedule_runs", "Runs of schedules, by what was decided.", ["state"], registry=self.registry
        )
        for run in (RunState.SENT, RunState.FAILED, RunState.MISSED):
            self._runs.labels(run)
        self._requests = Counter(
            "broadcaster_http_requests", "Requests answered.", ["route", "status"], registry=self.registry
        )
        self._durations = Histogram(
            "broadcaster_http_request_duration_seconds",
            "Time until the answer was ready.",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )

    def results(self, lane: str, verdicts: Iterable[Verdict]) -> None:
        """Count verdicts that were written down."""
        for verdict in verdicts:
            self._results.labels(self._channels[lane], lane, verdict.state).inc()

    def receipts(self, count: int, changed: int) -> None:
        """Count receipts that were written down, and how many deliveries they moved."""
        self._receipts.inc(count)
        self._moves.inc(changed)

    def text(self, provider: str, answer: str) -> None:
        """Count a text from a resident; ``answer`` is ``reply``, ``none`` or ``error``."""
        self._texts.labels(provider, answer).inc()

    def run(self, state: RunState) -> None:
        """Count a run of a schedule."""
        self._runs.labels(state).inc()

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count a request; ``route`` is the template of its address, of which there are few."""
        self._requests.labels(route, str(status)).inc()
        self._durations.labels(route).observe(seconds)


class Gauges(Collector):
    """What is not done yet, as the database has it.

    Args:
        half_open: the lanes that try with one delivery whether their account works again.
        clock: tells the time (aware).
    """

    def __init__(
        self,
        database: Database,
        config: Config,
        half_open: Callable[[], Collection[str]],
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._channels = channels_of(config)
        self._municipalities = tuple(config.municipalities)
        self._sources = tuple(config.sources)
        self._half_open = half_open
        self._clock = clock
        self._glance = Glance(self._read, LASTS, PATIENCE)
        self._seen: Standing | None = None

    async def look(self) -> None:
        """Bring what :meth:`collect` tells up to date, as far as the database can be asked."""
        self._seen = await self._glance()

    async def close(self) -> None:
        """Stop looking."""
        await self._glance.close()

    async def _read(self) -> Standing | None:
        try:
            return await standing(self._database, self._municipalities, self._clock())
        except StoreError as error:
            log.debug("cannot read the database for the metrics: %s", error)  # the engine's look-out says so already
            return None

    def collect(self) -> Iterator[Metric]:
        """Tell what was seen last; without the database only that it is not there."""
        yield GaugeMetricFamily(
            "broadcaster_database_up", "Whether the database answers.", value=0 if self._seen is None else 1
        )
        if self._seen is not None:
            yield self._deliveries(self._seen)
            yield self._oldest(self._seen)
            yield self._held(self._seen)
            yield self._lanes(self._seen)
            yield self._promises(self._seen)
            yield self._incidents(self._seen)
            yield self._overdue(self._seen)
            yield from self._follows(self._seen)

    def _deliveries(self, seen: Standing) -> Metric:
        lanes = sorted({*self._channels, *(lane for lane, _ in seen.counts)})
        return self._family(
            "broadcaster_deliveries",
            "Deliveries that are not done yet.",
            ("channel", "lane", "state"),
            (
                ((self._channel(lane), lane, state), seen.counts.get((lane, state), 0))
                for lane in lanes
                for state in UNDONE
            ),
        )

    def _oldest(self, seen: Standing) -> Metric:
        now = self._clock()
        lanes = sorted({*self._channels, *seen.oldest})
        waits = ((lane, (now - seen.oldest.get(lane, now)).total_seconds()) for lane in lanes)
        return self._family(
            "broadcaster_oldest_pending_seconds",
            "How long the oldest pending delivery has been due.",
            ("channel", "lane"),
            (((self._channel(lane), lane), max(0.0, seconds)) for lane, seconds in waits),
        )

    def _held(self, seen: Standing) -> Metric:
        lanes = sorted({*self._channels, *seen.held})
        return self._family(
            "broadcaster_doubts_held",
            "Deliveries in doubt that wait for a person.",
            ("channel", "lane"),
            (((self._channel(lane), lane), seen.held.get(lane, 0)) for lane in lanes),
        )

    def _lanes(self, seen: Standing) -> Metric:
        known = {lane.name: lane for lane in seen.lanes}
        half_open, clock = self._half_open(), self._clock()
        now = {lane: lane_state(known.get(lane), clock, half_open=lane in half_open) for lane in self._channels}
        return self._family(
            "broadcaster_lane_state",
            "1 for the current state of the lane.",
            ("channel", "lane", "state"),
            (
                ((self._channel(lane), lane, state), float(state == now[lane]))
                for lane in self._channels
                for state in LANE_STATES
            ),
        )

    def _promises(self, seen: Standing) -> Metric:
        return self._family(
            "broadcaster_next_update_timestamp_seconds",
            "When the municipality's next update is promised; absent where none is.",
            ("municipality",),
            (((municipality,), time.timestamp()) for municipality, time in sorted(seen.promises.items())),
        )

    def _follows(self, seen: Standing) -> Iterator[Metric]:
        """How it goes with the sources that are followed."""
        states = {name: seen.sources[name] for name in self._sources if name in seen.sources}
        yield self._family(
            "broadcaster_source_last_success_timestamp_seconds",
            "When the source was last polled with success; absent before the first time.",
            ("source",),
            (((name,), state.succeeded.timestamp()) for name, state in states.items() if state.succeeded),
        )
        yield self._family(
            "broadcaster_source_failures",
            "Polls of the source that failed in a row.",
            ("source",),
            (((name,), state.failures) for name, state in states.items()),
        )
        yield self._family(
            "broadcaster_source_items",
            "Versions of items that are remembered, by what was decided.",
            ("source", "decision"),
            (((name, fate), seen.items.get((name, fate), 0)) for name in self._sources for fate in Fate),
        )

    def _incidents(self, seen: Standing) -> Metric:
        return self._family(
            "broadcaster_incident_next_update_timestamp_seconds",
            "When the next update of an incident that goes on is promised; absent where none is.",
            ("incident",),
            (((incident,), time.timestamp()) for incident, time in sorted(seen.incidents.items())),
        )

    def _overdue(self, seen: Standing) -> Metric:
        now = self._clock()
        overdue = sum(time < now for time in seen.incidents.values())
        return GaugeMetricFamily("broadcaster_promises_overdue", "Incidents whose promised update is late.", overdue)

    def _channel(self, lane: str) -> str:
        return self._channels.get(lane, NO_ACCOUNT)

    @staticmethod
    def _family(
        name: str, help_: str, labels: Sequence[str], samples: Iterable[tuple[Sequence[str], float]]
    ) -> GaugeMetricFamily:
        family = GaugeMetricFamily(name, help_, labels=labels)
        for values, value in samples:
            family.add_metric(values, value)
        return family


def lane_state(lane: LaneState | None, now: datetime, *, half_open: bool) -> str:
    """The one state that says most about a lane; None is one that was never served."""
    if lane is not None and lane.halted_reason is not None:
        return "halted"
    if lane is not None and lane.down_reason is not None:
        return "down"
    if lane is not None and lane.is_throttled(now):
        return "throttled"
    return "half_open" if half_open else "working"


def channels_of(config: Config) -> dict[str, str]:
    """The channel of each lane."""
    return {name: account.provider.channel.name for name, account in config.accounts.items()}
