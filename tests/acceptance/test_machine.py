"""The delivery machine against a model: any order of submitting, claiming, crashing, finding, settling and leaving.

The model is a dictionary. After every step the ledger says the same of every delivery, and the phones are counted: what
a provider took is known to the model, so a text that somebody gets twice shows, whatever the ledger says.
"""

import asyncio
from collections.abc import Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from broadcaster.delivery import CRASHED, EXPIRED, State, Verdict, decide, unsent
from broadcaster.doubt import Case, Settlement, judge
from broadcaster.engine.shift import GONE
from broadcaster.store import doubts, lanes, receipts
from broadcaster.store.database import Database
from broadcaster.store.doubts import Doubtful
from broadcaster.store.lanes import Lease, LeaseLostError
from broadcaster.store.ledger import Claimed, Ledger, Letter, Report
from broadcaster.store.schema import metadata, moment
from broadcaster.store.submissions import submit
from broadcaster.store.subscribers import Subscribers
from channels.contract import (
    Accepted,
    Arrival,
    Deferred,
    Finding,
    Halted,
    InDoubt,
    Matches,
    Outcome,
    Receipt,
    Rejected,
    Unclear,
)
from messages.model import Severity
from tests.support.storing import BORGHOLM, NOW, SEAL, TO_BORGHOLM, execute, fetch, submission, subscribe
from tests.support.world import resident

T = TypeVar("T")

LANE = TO_BORGHOLM.lane
SECONDS = st.sampled_from([0, 1, 10, 60, 700])
DICE = st.randoms(use_true_random=True)  # seeded by Hypothesis
NUMBERS = tuple(resident(place) for place in range(3))
WORKERS = ("elsewhere pid 1 a", "elsewhere pid 1 b")
SETTLE = timedelta(seconds=30)

TAKEN = frozenset({State.ACCEPTED, State.DELIVERED, State.UNDELIVERED})
MAY_BECOME: Mapping[State, frozenset[State]] = {
    State.PENDING: frozenset({State.SENDING, State.EXPIRED, State.CANCELLED}) | TAKEN,
    State.SENDING: frozenset({State.PENDING, State.IN_DOUBT, State.REJECTED, State.EXPIRED, State.CANCELLED}) | TAKEN,
    State.IN_DOUBT: frozenset({State.PENDING, State.EXPIRED, State.ABANDONED}) | TAKEN,
    State.ACCEPTED: frozenset({State.DELIVERED, State.UNDELIVERED}),
    # Only if the provider says of its own accord that it has it.
    State.REJECTED: TAKEN,
    State.EXPIRED: TAKEN,
    State.CANCELLED: TAKEN,
    State.ABANDONED: TAKEN,
}
"""The drawing in docs/architecture.md; two steps at once where a turn takes both."""

UNTOUCHED: tuple[Outcome, ...] = (
    Deferred("busy"),
    Deferred("busy", timedelta(minutes=2)),
    Rejected("no such number"),
    Halted("no credit"),
    InDoubt("no answer in time"),
)
"""What a channel may say of what the provider has not taken; of what it has, ``Accepted`` or in doubt."""


PLANNED = "SELECT d.id, s.number FROM deliveries d JOIN subscribers s ON s.id = d.subscriber WHERE d.message = :message"
ALL = "SELECT id, state, attempts, due, epoch, again, held, remote_id FROM deliveries"


@dataclass
class Row:
    """A delivery, as the model has it.

    Args:
        taken: what the provider made of it, by its name there, and since when it can have it.
        licensed: how often policy or a person had it sent once more although the provider had it.
        vouched: a person says that it arrived.
        carried: what the provider made of it this time, if it has reached it.
    """

    message: str
    number: str
    due: datetime
    state: State = State.PENDING
    attempts: int = 0
    epoch: int | None = None
    again: int = 0
    held: int = 0
    tried: datetime | None = None
    taken: list[tuple[str, datetime]] = field(default_factory=list)
    licensed: int = 0
    vouched: bool = False
    carried: str | None = None
    remote_id: str | None = None
    receipt: Arrival | None = None

    def ends(self, verdict: Verdict) -> None:
        """Leave ``sending``: what a receipt has said counts for more, unless it was about an earlier try."""
        told = self.receipt is not None and verdict.remote_id in {None, self.remote_id}
        self.state = State(self.receipt) if told and self.receipt else verdict.state
        self.remote_id = verdict.remote_id or self.remote_id
        self.attempts += verdict.attempts
        assert verdict.due is not None
        self.due = verdict.due

    def hears(self, remote_id: str, arrival: Arrival) -> bool:
        """Hear what the provider says of a text; tells whether that changes anything."""
        final = arrival is not Arrival.ACCEPTED
        match self.state:
            case State.SENDING:
                news = self.receipt is None or (
                    final and self.receipt is Arrival.ACCEPTED and self.remote_id == remote_id
                )
                self.receipt = arrival if news else self.receipt
            case State.ACCEPTED:
                news = final and self.remote_id in {None, remote_id}
                self.state = State(arrival) if news else self.state
            case State.DELIVERED | State.UNDELIVERED:
                news = False
            case _:
                news, self.state = True, State(arrival)
        if news:
            self.remote_id, self.held = remote_id, 0
        return news


@dataclass
class Worker:
    """A process as it sees itself; its lease may have ended without its knowing."""

    lease: Lease | None = None
    swept: datetime | None = None
    claimed: dict[int, Claimed] = field(default_factory=dict)
    unsure: bool = False
    letters: dict[int, Letter] = field(default_factory=dict)
    settlements: dict[Doubtful, Settlement] = field(default_factory=dict)


class Machine(RuleBasedStateMachine):
    """The ledger of one lane, two workers, a provider, a person, and time."""

    def __init__(self, runner: asyncio.Runner, database: Database) -> None:
        super().__init__()
        self._runner = runner
        self._database = database
        self._ledger = Ledger(database)
        self._now = NOW
        self._rows: dict[int, Row] = {}
        self._expires: dict[str, datetime] = {}
        self._subscribed = dict.fromkeys(NUMBERS)
        self._workers = {name: Worker() for name in WORKERS}
        self._holder: str | None = None
        self._lease_ended = False
        self._epoch = 0
        self._before: dict[int, State] = {}

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    # What people do

    @initialize()
    def residents_subscribe(self) -> None:
        self._do(emptied(self._database))
        self._do(subscribe(self._database, *((number, "borgholm", "sv") for number in NUMBERS)))
        self.somebody_submits(minutes=60)

    @precondition(lambda self: len(self._expires) < 3)
    @rule(minutes=st.sampled_from([5, 60]))
    def somebody_submits(self, minutes: int) -> None:
        message = f"{len(self._expires):010x}"
        lifetime = timedelta(minutes=minutes)
        planned = submission(message, renditions=[BORGHOLM], routes=[TO_BORGHOLM], issued=self._now, lifetime=lifetime)
        assert self._do(submit(self._database, planned, "test"))
        assert not self._do(submit(self._database, planned, "test")), "the same text is one message"
        self._expires[message] = self._now + lifetime
        rows = self._do(fetch(self._database, PLANNED, message=message))
        opened = {id_: SEAL.open(sealed) for id_, sealed in rows}
        assert sorted(opened.values()) == sorted(self._subscribed)
        self._rows |= {id_: Row(message, number, self._now) for id_, number in opened.items()}

    @precondition(lambda self: len(self._subscribed) > 1)
    @rule(dice=DICE)
    def a_resident_leaves(self, dice: Random) -> None:
        number = dice.choice(sorted(self._subscribed))
        assert self._do(Subscribers(self._database, SEAL).remove(number, None, self._now, "test"))
        del self._subscribed[number]
        for row in self._rows.values():
            if row.number == number:
                row.state = State.CANCELLED if row.state is State.PENDING else row.state

    @precondition(lambda self: self._in(State.IN_DOUBT))
    @rule(dice=DICE)
    def a_person_resolves(self, dice: Random) -> None:
        self._resolve(dice, self._in(State.IN_DOUBT) if dice.random() < 0.8 else sorted(self._rows))

    def _resolve(self, dice: Random, ids: Sequence[int]) -> None:
        id_, state = dice.choice(ids), dice.choice((State.ACCEPTED, State.PENDING, State.ABANDONED))
        row = self._rows[id_]
        resolved = self._do(doubts.resolve(self._database, id_, state, self._now, "test"))
        assert resolved is (row.state is State.IN_DOUBT)
        if resolved:
            row.state, row.due, row.held = state, self._now, 0
            row.licensed += bool(state is State.PENDING and row.taken)
            row.vouched |= state is State.ACCEPTED

    # What the provider does

    @precondition(lambda self: self._taken())
    @rule(dice=DICE, arrival=st.sampled_from(Arrival))
    def a_receipt_comes(self, dice: Random, arrival: Arrival) -> None:
        """Of any text that it took, at any time; and before it one that somebody forged."""
        assert self._do(receipts.believe(self._database, [self._forged(dice, arrival)], self._now)) == 0
        id_ = dice.choice(self._taken())
        row = self._rows[id_]
        remote_id, _ = dice.choice(row.taken)
        receipt = Receipt(f"{row.message}-{id_}", remote_id, arrival)
        moved = self._do(receipts.believe(self._database, [receipt], self._now))
        assert moved == row.hears(remote_id, arrival)

    # What workers do

    @precondition(lambda self: self._is_free() or self._at_work())
    @rule(dice=DICE, room=st.sampled_from([3, 5, 1, 0]), seconds=SECONDS)
    def a_worker_takes_a_turn(self, dice: Random, room: int, seconds: int) -> None:
        """And the lane before, if it may; if it dies in between, the next one finds what both have left."""
        self._now += timedelta(seconds=seconds)
        name = dice.choice(WORKERS if self._is_free() else self._at_work())
        worker = self._workers[name]
        if worker.lease is None:
            worker.lease = self._acquire(name)
            if dice.random() < 0.1:
                self._workers[name] = Worker()
                return
            self._recover(worker.lease)
        done = [id_ for id_ in worker.claimed if dice.random() < 0.8]
        verdicts = {id_: self._verdict(dice, worker, worker.claimed[id_]) for id_ in done}
        report = Report(verdicts, room, worker.letters.keys(), worker.swept, SETTLE)
        try:
            if worker.unsure:
                self._disown(worker.lease, worker.claimed)
            turn = self._do(self._ledger.turn(worker.lease, report, self._now))
        except LeaseLostError:
            assert worker.lease.epoch != self._epoch, "only a later lease takes it away"
            self._workers[name] = Worker()
            return
        assert worker.lease.epoch == self._epoch
        self._lease_ended = False  # a turn renews it
        self._record(verdicts)
        put_back = any(verdict.state is State.PENDING for verdict in verdicts.values())
        self._expire(None if put_back else worker.swept)
        self._claim(room, turn.claimed)
        worker.unsure = dice.random() < 0.1
        if worker.unsure:
            return  # the answer never comes, though all is written
        worker.swept = self._now
        for id_ in done:
            del worker.claimed[id_]
        worker.letters |= turn.letters
        for one in turn.claimed:
            worker.claimed[one.id] = one
            self._begin(dice, one)

    @precondition(lambda self: self._at_work())
    @rule(dice=DICE)
    def a_worker_dies_or_goes_home_or_is_away_for_too_long(self, dice: Random) -> None:
        name = dice.choice(self._at_work())
        worker = self._workers[name]
        assert worker.lease is not None
        if not worker.claimed and not worker.unsure:  # as a shift ends
            self._do(lanes.release(self._database, worker.lease))
            self._holder = None if worker.lease.epoch == self._epoch else self._holder
            self._workers[name] = Worker()
        elif dice.random() < 0.5:
            self._workers[name] = Worker()
        if not self._is_free() and dice.random() < 0.7:
            assert self._do(lanes.acquire(self._database, LANE, dice.choice(WORKERS))) is None, "until then"
            self._do(execute(self._database, "UPDATE lanes SET lease_until = 0"))
            self._lease_ended = True

    @precondition(lambda self: not self._is_free() and not self._at_work())
    @rule()
    def the_lease_of_the_dead_runs_out(self) -> None:
        self._do(execute(self._database, "UPDATE lanes SET lease_until = 0"))
        self._lease_ended = True

    @precondition(lambda self: self._at_work() and self._in(State.IN_DOUBT))
    @rule(dice=DICE, seconds=SECONDS)
    def a_worker_looks_doubts_up(self, dice: Random, seconds: int) -> None:
        """And writes down what follows, unless that takes a while, in which anything may happen."""
        self._now += timedelta(seconds=seconds)
        name = dice.choice(self._at_work())
        worker = self._workers[name]
        worker.settlements = {}
        found, letters = self._do(doubts.due(self._database, LANE, self._now, 100))
        assert [one.id for one in found] == self._due(State.IN_DOUBT)
        for one in found:
            row, letter = self._rows[one.id], letters[one.rendition]
            assert one.tried == row.tried
            since = tuple(remote_id for remote_id, at in row.taken if at >= one.tried)
            finding: Finding = Matches(since) if dice.random() < 0.5 else Unclear("no answer in time")
            taken = self._do(doubts.taken(self._database, found, since))
            case = Case(letter.severity, one.tried, letter.expires, one.attempts, one.looks, one.again)
            worker.settlements[one] = judge(finding, taken, case, self._now, 0.5)
        if found and dice.random() < 0.3:  # a person is quicker
            self._resolve(dice, [one.id for one in found])
        if dice.random() < 0.7:
            self._settle(name)

    @precondition(lambda self: self._settling())
    @rule(dice=DICE)
    def a_worker_settles_what_it_looked_up(self, dice: Random) -> None:
        self._settle(dice.choice(self._settling()))

    def _settle(self, name: str) -> None:
        worker = self._workers[name]
        settlements, worker.settlements = worker.settlements, {}
        assert worker.lease is not None
        try:
            settled = self._do(doubts.settle(self._database, worker.lease, settlements, self._now))
        except LeaseLostError:
            assert worker.lease.epoch != self._epoch, "only a later lease takes it away"
            self._workers[name] = Worker()
            return
        assert worker.lease.epoch == self._epoch
        self._lease_ended = False
        still = {
            one.id: settlement
            for one, settlement in settlements.items()
            if (self._rows[one.id].state, self._rows[one.id].attempts) == (State.IN_DOUBT, one.attempts)
        }
        assert settled == len(still)
        for id_, settlement in still.items():
            row = self._rows[id_]
            row.state, row.due, row.held = settlement.state, settlement.due, int(settlement.held)
            row.remote_id = settlement.remote_id
            row.again += settlement.again
            row.licensed += bool(settlement.again and row.taken)

    # What holds, whatever happens

    @invariant()
    def the_ledger_says_what_the_model_says(self) -> None:
        said = {
            id_: (State(state), attempts, moment(due), epoch, again, held, remote_id)
            for id_, state, attempts, due, epoch, again, held, remote_id in self._do(fetch(self._database, ALL))
        }
        assert said == {
            id_: (row.state, row.attempts, row.due, row.epoch, row.again, row.held, row.remote_id)
            for id_, row in self._rows.items()
        }

    @invariant()
    def no_delivery_takes_a_way_that_is_not_drawn(self) -> None:
        now = {id_: row.state for id_, row in self._rows.items()}
        for id_, before in self._before.items():
            assert now[id_] is before or now[id_] in MAY_BECOME.get(before, ())
        self._before = now

    @invariant()
    def nobody_gets_anything_twice_unless_somebody_said_so(self) -> None:
        for row in self._rows.values():
            assert len(row.taken) <= 1 + row.licensed

    @invariant()
    def what_is_accepted_has_been_taken(self) -> None:
        for row in self._rows.values():
            assert row.taken or row.vouched or row.state not in TAKEN

    def _acquire(self, name: str) -> Lease:
        lease = self._do(lanes.acquire(self._database, LANE, name))
        assert lease is not None
        self._epoch += 1
        assert lease.epoch == self._epoch
        self._holder, self._lease_ended = name, False
        return lease

    def _recover(self, lease: Lease) -> None:
        stranded = {id_: self._rows[id_] for id_ in self._in(State.SENDING)}
        assert self._do(self._ledger.recover(lease, repeatable=False, now=self._now, settle=SETTLE)) == len(stranded)
        for row in stranded.values():
            row.ends(replace(CRASHED, due=self._now + SETTLE))

    # What the rules go by

    def _is_free(self) -> bool:
        return self._holder is None or self._lease_ended

    def _in(self, state: State) -> list[int]:
        return [id_ for id_, row in self._rows.items() if row.state is state]

    def _taken(self) -> list[int]:
        return [id_ for id_, row in self._rows.items() if row.taken]

    def _due(self, state: State) -> list[int]:
        return sorted(
            (id_ for id_ in self._in(state) if self._rows[id_].due <= self._now),
            key=lambda id_: (self._rows[id_].due, id_),
        )

    def _at_work(self) -> list[str]:
        return [name for name, worker in self._workers.items() if worker.lease]

    def _settling(self) -> list[str]:
        return [name for name in self._at_work() if self._workers[name].settlements]

    # The model's half of a turn

    def _verdict(self, dice: Random, worker: Worker, claimed: Claimed) -> Verdict:
        """What becomes of a claimed delivery: as a shift goes about it, with any luck at the provider."""
        if claimed.sealed_number is None:
            return GONE
        if worker.letters[claimed.rendition].expires <= self._now:
            return EXPIRED
        assert SEAL.open(claimed.sealed_number) == self._rows[claimed.id].number
        row = self._rows[claimed.id]
        if row.carried is None:
            outcome = dice.choice(UNTOUCHED)
            tried = decide(outcome, claimed.attempts, self._now, 0.5, Severity.SEVERE)
            return tried if dice.random() < 0.9 else unsent(self._now)
        told = dice.random() < 0.5
        outcome = Accepted(row.carried) if told else InDoubt("no answer in time")
        return decide(outcome, claimed.attempts, self._now, 0.5, Severity.SEVERE)

    def _forged(self, dice: Random, arrival: Arrival) -> Receipt:
        """A receipt for what was never tried, or never there."""
        untried = [f"{row.message}-{id_}" for id_, row in self._rows.items() if row.tried is None]
        return Receipt(dice.choice([*untried, "0000000000-1000000"]), "forged", arrival)

    def _begin(self, dice: Random, claimed: Claimed) -> None:
        """Half of what is begun reaches the provider, before anybody hears of it."""
        row = self._rows[claimed.id]
        row.carried = None
        if claimed.sealed_number and self._expires[row.message] > self._now and dice.random() < 0.5:
            row.carried = f"{claimed.id}/{len(row.taken)}"
            row.taken.append((row.carried, self._now))

    def _disown(self, lease: Lease, known: Collection[int]) -> None:
        unknown = [self._rows[id_] for id_ in self._in(State.SENDING) if id_ not in known]
        assert self._do(self._ledger.disown(lease, known, self._now)) == len(unknown)
        for row in unknown:
            row.ends(unsent(self._now))

    def _record(self, verdicts: Mapping[int, Verdict]) -> None:
        for id_, verdict in verdicts.items():
            row = self._rows[id_]
            if row.state is State.SENDING:  # else it was written before, and the answer never came
                due = self._now + SETTLE if verdict.state is State.IN_DOUBT else verdict.due or self._now
                row.ends(replace(verdict, due=due))

    def _expire(self, swept: datetime | None) -> None:
        for row in self._rows.values():
            expires = self._expires[row.message]
            if row.state is State.PENDING and expires <= self._now and (swept is None or expires > swept):
                row.state = State.EXPIRED

    def _claim(self, room: int, claimed: Sequence[Claimed]) -> None:
        assert [one.id for one in claimed] == self._due(State.PENDING)[:room]
        for one in claimed:
            row = self._rows[one.id]
            assert (one.sealed_number is None) is (row.number not in self._subscribed)
            row.state, row.epoch, row.tried, row.carried = State.SENDING, self._epoch, self._now, None


async def emptied(database: Database) -> None:
    async with database.write() as connection:
        for table in reversed(metadata.sorted_tables):
            await connection.execute(table.delete())


def test_whatever_happens_in_whatever_order_the_ledger_stays_true_to_the_phones(tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        database = Database(f"sqlite+aiosqlite:///{tmp_path}/broadcaster.db")
        runner.run(database.upgrade())

        class Here(Machine):
            def __init__(self) -> None:
                super().__init__(runner, database)

        try:
            run_state_machine_as_test(Here, settings=profile())
        finally:
            runner.run(database.__aexit__())


def profile() -> settings:
    """Enough of everything happens in so many steps, in seconds.

    Nothing is shrunk, for that would take longer than a test may: what fails is printed whole, and fails again.
    """
    most = settings().max_examples // 3
    return settings(max_examples=most, stateful_step_count=30, phases=[Phase.generate], print_blob=False)
