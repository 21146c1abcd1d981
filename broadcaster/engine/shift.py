"""The work of a lane under one lease.

::

    ┌▶ turn: record verdicts, let expire, claim (one transaction) ──▶ waiting ──▶ workers: channel.send
    └──────────────────────────────── verdicts ◀─────────────────────────────────────────┘

What this process has in ``sending`` is exactly what it has claimed and not yet recorded, and never more than one claim.
"""

import asyncio
import logging
from collections import deque
from contextlib import suppress
from datetime import datetime

from broadcaster.delivery import EXPIRED, INTERRUPTED, Operation, State, Verdict, decide, unsent
from broadcaster.engine.pace import LONGEST_PAUSE
from broadcaster.engine.performing import perform
from broadcaster.engine.recalls import Recalls
from broadcaster.engine.station import Station, Workshop
from broadcaster.engine.waiting import happened, pause
from broadcaster.store import lanes
from broadcaster.store.errors import StoreError
from broadcaster.store.lanes import Lease, LeaseLostError
from broadcaster.store.ledger import LEFT, Claimed, Letter, Report
from broadcaster.store.sealing import SealError
from channels.contract import Accepted, Deferred, Find, Halted, InDoubt, Outcome, Parcel, Rejected

log = logging.getLogger(__name__)

GATHERING = 0.05
"""Seconds that a verdict waits for others to be recorded with it."""

ENOUGH = 5 / 8
"""Share of a claim whose verdicts are recorded at once; the rest of it is in the air meanwhile.

Later, and nothing is left to send when the database answers; earlier, and there are more turns.
"""

HEARTBEAT = 3.0
"""Seconds after which a shift that has nothing to record still says that it lives."""

GRACE = 10.0
"""Seconds that parcels in flight get when the work is stopped."""

PATIENCE = 1.0
"""Seconds between two tries to write to a database that is gone."""

GONE = Verdict(State.CANCELLED, LEFT, attempts=0)
NO_GOOD = Verdict(State.CANCELLED, "the number is marked as gone", attempts=0)

Addressed = Parcel | Halted | Verdict
"""What is to be sent; or why nothing can be, or is to be any more."""


class Shift:
    """Claims, sends and records until nothing is left to do now, the account fails, or the work is stopped.

    Args:
        noted_as_down: whether the ledger says that the account is down; its first success changes that.
        noted_wait: until when, as the ledger says, the provider wants to be left alone.
    """

    def __init__(
        self,
        station: Station,
        shop: Workshop,
        lease: Lease,
        stop: asyncio.Event,
        *,
        noted_as_down: bool = False,
        noted_wait: datetime | None = None,
    ) -> None:
        self._station = station
        self._shop = shop
        self._lease = lease
        self._stop = stop
        self._is_elsewhere = isinstance(station.channel, Find)
        self._letters: dict[int, Letter] = {}
        self._waiting: deque[tuple[Claimed, Addressed]] = deque()
        self._handed_out = asyncio.Event()  # there may be something in it
        self._claimed: set[int] = set()  # ours in `sending`, with a verdict or without
        self._in_the_air: set[int] = set()  # bytes may have left, no verdict yet
        self._verdicts: dict[int, Verdict] = {}
        self._first = asyncio.Event()  # there is a verdict
        self._enough = asyncio.Event()  # there are enough of them to record
        self._many = max(1, int(station.claim_size * ENOUGH))
        self._recalls = Recalls(lambda: shop.ledger.called_off(lease.lane), shop.stopwatch)
        self._leased_until = shop.stopwatch() + lanes.LEASE_SECONDS
        self._unsure = False  # a turn's answer never came
        self._swept: datetime | None = None
        self._halted_before = station.health.halted
        self._down_before = noted_as_down
        self._works = False  # the provider has answered a parcel for good
        self._told_down = False
        self._account_failed = False
        self._failure = ""  # the last one's reason
        self._noted_wait = noted_wait
        self._asked_wait: tuple[datetime, str] | None = None  # until when it is to last, and why
        self._halt_reason = ""
        self._told = ""  # the reason that people have been told
        self._grace_ends: float | None = None

    async def work(self) -> None:
        """Do it.

        Raises:
            LeaseLostError: when another worker took the lane; what was in flight here is in doubt there.
        """
        workers = [asyncio.create_task(self._work_on()) for _ in range(self._station.concurrency)]
        turning = asyncio.create_task(self._turn())
        try:
            while await asyncio.shield(turning) or self._claimed:
                await self._gather()
                if self._grace_is_over():
                    break
                turning = asyncio.create_task(self._turn())
        finally:
            await asyncio.shield(self._close(turning, workers))

    async def _turn(self) -> bool:
        """Record, expire and claim. Tells whether anything was claimed."""
        verdicts, self._verdicts = self._verdicts, {}
        self._first.clear()
        self._enough.clear()
        now, began = self._shop.clock(), self._shop.stopwatch()
        report = Report(verdicts, self._room(len(verdicts)), self._letters.keys(), self._swept, self._station.settle)
        self._shop.generation.expect_in_place(self._shop.database)
        try:
            await self._forget_the_unknown(now)
            turn = await self._shop.ledger.turn(self._lease, report, now)
        except StoreError as error:
            self._unsure = True
            log.warning("lane %s: %d verdicts wait for the database: %s", self._station.name, len(verdicts), error)
            self._verdicts = verdicts | self._verdicts
            await pause(PATIENCE, self._stop)
            return False
        self._leased_until = began + lanes.LEASE_SECONDS
        self._swept = turn.swept
        self._shop.results(self._station.name, verdicts.values())
        self._claimed.difference_update(verdicts)
        self._letters |= turn.letters
        for claimed in turn.claimed:
            self._claimed.add(claimed.id)
            self._waiting.append((claimed, self._addressed(claimed)))
        self._handed_out.set()
        with suppress(StoreError):  # told again by the next parcel that meets it
            await self._tell_health()
        return bool(turn.claimed)

    async def _forget_the_unknown(self, now: datetime) -> None:
        """After a turn whose answer never came, put back what it may have claimed without our knowing."""
        if self._unsure:
            await self._shop.ledger.disown(self._lease, self._claimed, now)
            self._unsure = False

    def _room(self, recording: int) -> int:
        """How much more may be claimed in a turn that records so many verdicts."""
        if self._over():
            return 0
        unsettled = len(self._claimed) - recording
        health = self._station.health
        # One parcel tries whether an account that failed works again.
        most = 1 if health.halted or health.half_open else self._station.claim_size
        return most - unsettled

    async def _gather(self) -> None:
        """Wait for verdicts, a little for more of them, and not so long that the lease runs out."""
        if await happened(self._first, HEARTBEAT):
            await happened(self._enough, GATHERING)

    async def _work_on(self) -> None:
        while True:
            while not self._waiting:
                self._handed_out.clear()
                await self._handed_out.wait()
            claimed, addressed = self._waiting.popleft()
            try:
                verdict = await self._deliver(claimed, addressed)
            except asyncio.CancelledError:
                sent = claimed.id in self._in_the_air
                self._note(claimed, INTERRUPTED if sent else unsent(self._shop.clock()))
                raise
            except Exception as error:  # noqa: BLE001 (a bug must neither stop the lane nor pass for a success)
                name = type(error).__name__
                log.error("lane %s: delivery %d failed on a bug (%s)", self._station.name, claimed.id, name)
                verdict = Verdict(State.IN_DOUBT, f"the broadcaster failed on it ({name}): a bug, please report it")
            self._in_the_air.discard(claimed.id)
            self._note(claimed, verdict)

    def _note(self, claimed: Claimed, verdict: Verdict) -> None:
        self._verdicts[claimed.id] = verdict
        self._first.set()
        if len(self._verdicts) >= min(len(self._claimed), self._many):
            self._enough.set()

    def _addressed(self, claimed: Claimed) -> Addressed:
        """Address the letter, for all of a claim in one go: one by one between requests it takes longer."""
        if claimed.target is None and claimed.sealed_number is None:
            return GONE
        if claimed.gone:
            return NO_GOOD
        try:
            target = claimed.target or self._shop.seal.open(claimed.sealed_number or "")
        except SealError as error:
            return Halted(str(error))
        return self._letters[claimed.rendition].parcel(claimed.id, target)

    async def _deliver(self, claimed: Claimed, addressed: Addressed) -> Verdict:
        if isinstance(addressed, Verdict):
            return addressed
        if self._over():
            return unsent(self._shop.clock())
        letter = self._letters[claimed.rendition]
        pace, weight = self._station.pace, self._station.weigh(letter.rendition)
        left = await pace.turn(weight)
        try:
            return await self._attempt(claimed, letter, addressed)
        finally:
            pace.back(weight, left)

    async def _attempt(self, claimed: Claimed, letter: Letter, addressed: Parcel | Halted) -> Verdict:
        try:
            reason = await self._recalls.reason(claimed.id)
        except StoreError:
            return unsent(self._shop.clock())  # nobody can tell, and what became of it could not be written down
        now = self._shop.clock()
        if reason is not None:
            return Verdict(State.CANCELLED, reason, attempts=0)
        if self._over():
            return unsent(now)
        if letter.expires <= now and letter.operation is not Operation.WITHDRAW:
            return EXPIRED
        outcome = await self._perform(claimed, letter, addressed)
        if isinstance(outcome, Verdict):
            return outcome
        self._heed(outcome)
        return decide(outcome, claimed.attempts, self._shop.clock(), self._shop.dice(), letter.severity)

    def _heed(self, outcome: Outcome) -> None:
        """Learn what an outcome says of the account."""
        if self._station.health.note(outcome, _time(), self._shop.dice()):
            self._account_failed = True
        match outcome:
            case Accepted() | Rejected():
                self._works = True
            case Halted(reason):
                self._halt_reason = reason
            case Deferred(reason, after):
                self._failure = reason
                if after is not None and after > LONGEST_PAUSE:
                    self._asked_wait = self._shop.clock() + after, reason
            case InDoubt(reason):
                self._failure = reason

    async def _perform(self, claimed: Claimed, letter: Letter, addressed: Parcel | Halted) -> Outcome | Verdict:
        """Do what is to be done with the letter; a verdict where there was nothing to do."""
        if isinstance(addressed, Halted):
            return addressed
        self._in_the_air.add(claimed.id)
        try:
            if letter.operation is Operation.SEND:
                return self._named(await self._station.channel.send(addressed))
            former = await self._shop.ledger.acted_on(claimed.id)
            return await perform(letter.operation, self._station.channel, addressed, former, self._shop.clock())
        except StoreError as error:
            return Deferred(f"our own database could not be written: {error}")  # only our own surfaces need it

    def _named(self, outcome: Outcome) -> Outcome:
        """Let a name that a provider gives belong to one delivery. Our own surfaces name a place, not what is in it."""
        if self._is_elsewhere and isinstance(outcome, Accepted) and not self._station.given.is_new(outcome.remote_id):
            return InDoubt("the provider gave it the name of another message")
        return outcome

    async def _tell_health(self) -> None:
        """Let people, and other lanes, see that the account fails, or works again."""
        name, health, database = self._station.name, self._station.health, self._shop.database
        await self._tell_wait()
        if self._halt_reason and self._halt_reason != self._told:
            self._told = self._halt_reason
            log.error("lane %s is halted: %s", name, self._halt_reason)
            await lanes.halt(database, name, self._halt_reason, self._shop.clock())
        elif health.down and self._failure and not self._told_down:
            if not self._down_before:
                log.error("lane %s is down: %s", name, self._failure)
            self._told_down = self._down_before = True
            await lanes.mark_down(database, name, self._failure, self._shop.clock())
        elif (self._halted_before and not health.halted) or (self._down_before and self._works and not health.down):
            log.warning("lane %s works again", name)
            await lanes.resume(database, [name])
            self._halted_before = self._down_before = False

    async def _tell_wait(self) -> None:
        """Let people, other lanes and other processes know that the provider asks for a longer wait than there is."""
        if self._asked_wait is None:
            return
        (until, reason), self._asked_wait = self._asked_wait, None
        if self._noted_wait is not None and until < self._noted_wait + LONGEST_PAUSE:
            return  # they know
        self._noted_wait = until
        log.error(
            "lane %s: the provider wants to be left alone until %s (%s); it is tried again sooner, and what is pending "
            "goes by another account where there is one",
            self._station.name,
            until.isoformat(timespec="seconds"),
            reason,
        )
        await lanes.note_wait(self._shop.database, self._station.name, reason, self._shop.clock(), until)

    async def _close(self, turning: asyncio.Task[bool], workers: list[asyncio.Task[None]]) -> None:
        """Leave nothing of ours in ``sending``: what was in the air is in doubt, the rest goes back."""
        await asyncio.gather(turning, return_exceptions=True)  # work() raises what it met, unless it was called off
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        await self._recalls.close()
        for claimed, _ in self._waiting:
            self._note(claimed, unsent(self._shop.clock()))
        now = self._shop.clock()
        report = Report(self._verdicts, room=0, swept=self._swept, settle=self._station.settle)
        try:
            await self._forget_the_unknown(now)
            if self._verdicts:
                await self._shop.ledger.turn(self._lease, report, now)
                self._shop.results(self._station.name, self._verdicts.values())
        except (StoreError, LeaseLostError) as error:
            log.error(
                "lane %s: %d results could not be recorded and are in doubt: %s",
                self._station.name,
                len(self._verdicts),
                error,
            )

    def _over(self) -> bool:
        """Whether nothing more is begun: the work is stopped, the account fails, or the lease may have ended.

        A process that was suspended for that long finds its lane with another worker, and its claim in doubt.
        """
        return self._account_failed or self._stop.is_set() or self._shop.stopwatch() >= self._leased_until

    def _grace_is_over(self) -> bool:
        if not self._stop.is_set():
            return False
        if self._grace_ends is None:
            self._grace_ends = _time() + GRACE
        return not self._in_the_air or _time() >= self._grace_ends


def _time() -> float:
    return asyncio.get_running_loop().time()
