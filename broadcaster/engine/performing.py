"""What is done at a surface with a text that was put there before. All of it may safely be done twice."""

from datetime import datetime, timedelta

from broadcaster.delivery import Operation, State, Verdict
from broadcaster.store.ledger import MISSED, ActedOn
from channels.contract import Channel, Deferred, InDoubt, Outcome, Parcel, Replace, Withdraw

LOOK_AGAIN = timedelta(seconds=10)
"""How long to wait for an earlier delivery of which nobody knows yet whether it arrived."""

NOTHING_THERE = Verdict(State.CANCELLED, MISSED, attempts=0)


async def perform(
    operation: Operation, channel: Channel, parcel: Parcel, former: ActedOn | None, now: datetime
) -> Outcome | Verdict:
    """Replace, mark or take away what an earlier delivery has put there.

    A correction of what never appeared is shown all the same: somebody is to read it.

    Returns:
        What the channel said; or what becomes of it where the channel was not to be asked.
    """
    remote_id = former.remote_id if former is not None else None
    if remote_id is None:
        if former is not None and former.state is State.IN_DOUBT and not former.held:
            reason = "it is not known yet whether the earlier text is there"
            return Verdict(State.PENDING, reason, due=now + LOOK_AGAIN, attempts=0)
        return await channel.send(parcel) if operation is Operation.REPLACE else NOTHING_THERE
    outcome: Outcome | Verdict = NOTHING_THERE
    if operation is Operation.WITHDRAW:
        if isinstance(channel, Withdraw):
            outcome = await channel.withdraw(parcel, remote_id)
    elif isinstance(channel, Replace):
        outcome = await channel.replace(parcel, remote_id)
    if isinstance(outcome, InDoubt):
        return Deferred(f"done once more, which does no harm: {outcome.reason}")
    return outcome
