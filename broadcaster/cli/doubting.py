"""What ``doubts`` does."""

from dataclasses import asdict
from typing import Any

from rich.console import Console

from broadcaster.cli import context
from broadcaster.cli.doubts import Decision
from broadcaster.cli.errors import UsageError
from broadcaster.cli.output import console, exactly, print_json, table
from broadcaster.clock import utc_now
from broadcaster.config import Config
from broadcaster.delivery import State
from broadcaster.numbers import masked
from broadcaster.opening import Store, opened
from broadcaster.store import doubts, endings
from broadcaster.store.doubts import DoubtSummary
from broadcaster.store.endings import EndingSummary

_STATES = {Decision.ARRIVED: State.ACCEPTED, Decision.AGAIN: State.PENDING, Decision.ABANDON: State.ABANDONED}
_DONE = {
    Decision.ARRIVED: "is accepted.",
    Decision.AGAIN: "is sent once more by `broadcaster serve`, or when its file is sent again.",
    Decision.ABANDON: "is abandoned: it is not sent again.",
}


async def show_all(config: Config, message: str | None, *, as_json: bool) -> None:
    """List what is in doubt."""
    async with opened(config) as store:
        found = await doubts.listing(store.database, message)
        targets = [_target(store, one) for one in found]
    if as_json:
        print_json({"doubts": [_as_data(one, target) for one, target in zip(found, targets, strict=True)]})
        return
    out = console()
    if not found:
        out.print("Nothing is in doubt.")
        return
    shown = table("doubt", "message", "lane", "target", "since", "waits for", "what is known")
    for one, target in zip(found, targets, strict=True):
        waits = "a person" if one.held else "the provider"
        since = exactly(one.tried, config.zone)
        shown.add_row(str(one.id), one.message, one.lane, target, since, waits, one.reason or "")
    out.print(shown)
    out.print("`broadcaster serve` and `send` keep asking the provider automatically.")


async def show_ended(config: Config, message: str | None, *, as_json: bool) -> None:
    """List what was in doubt and how that ended."""
    async with opened(config) as store:
        found = await endings.listing(store.database, message=message)
        targets = [_target(store, one) for one in found]
    if as_json:
        print_json({"settled": [_ended_as_data(one, target) for one, target in zip(found, targets, strict=True)]})
        return
    out = console()
    if not found:
        out.print("No doubt has been settled.")
        return
    shown = table("doubt", "message", "lane", "target", "settled", "it became", "because", "by")
    for one, target in zip(found, targets, strict=True):
        at, end = exactly(one.ending.at, config.zone), one.ending
        shown.add_row(str(end.delivery), one.message, one.lane, target, at, _words(end.state), end.how, end.actor)
    out.print(shown)


async def show_one(config: Config, doubt: int, *, as_json: bool) -> None:
    """Show one doubt, or how it ended.

    Raises:
        UsageError: nothing of this number is or was in doubt.
    """
    async with opened(config) as store:
        one = await doubts.find(store.database, doubt)
        ended = await endings.listing(store.database, delivery=doubt)
        if one is None and not ended:
            raise _unknown(doubt)
        target = _target(store, one or ended[0])
    if as_json:
        print_json(_as_data(one, target) if one else _ended_as_data(ended[0], target))
        return
    out = console()
    if one is not None:
        _print_open(out, config, one, target)
    else:
        out.print(f"doubt {doubt}: {ended[0].headline}, message {ended[0].message}", style="bold")
        out.print(f"To {target} for {ended[0].municipality}, by {ended[0].lane}; it is {_words(ended[0].state)} now.")
    for summary in ended:
        at, end = exactly(summary.ending.at, config.zone), summary.ending
        out.print(f"{at} its doubt ended by {end.actor}: {_words(end.state)}, as {end.how}.")


def _print_open(out: Console, config: Config, one: DoubtSummary, target: str) -> None:
    tried, asked = exactly(one.tried, config.zone), exactly(one.due, config.zone)
    out.print(f"doubt {one.id}: {one.headline} ({one.severity}), message {one.message}", style="bold")
    out.print(f"To {target} for {one.municipality}, by {one.lane}; tried {_times(one.attempts)}, last {tried}.")
    out.print(f"What is known: {one.reason or 'nothing'}.")
    out.print(f"The provider was asked {_times(one.looks)} without an answer; it is asked next at {asked}.")
    if one.held:
        out.print(f"It waits for you: broadcaster doubts resolve {one.id} arrived, again or abandon.")


async def decide(config: Config, doubt: int, decision: Decision) -> None:
    """Settle a doubt as a person says.

    Raises:
        UsageError: there is none of this number.
    """
    async with opened(config) as store:
        await _found(store, doubt)
        if not await doubts.resolve(store.database, doubt, _STATES[decision], utc_now(), context.actor()):
            raise UsageError(f"doubt {doubt} has been settled meanwhile: see `broadcaster doubts list`.")
    console().print(f"Delivery {doubt} {_DONE[decision]}")


async def _found(store: Store, doubt: int) -> DoubtSummary:
    found = await doubts.find(store.database, doubt)
    if found is None:
        raise _unknown(doubt)
    return found


def _unknown(doubt: int) -> UsageError:
    return UsageError(f"there is no doubt {doubt}: see `broadcaster doubts list`.")


def _target(store: Store, one: DoubtSummary | EndingSummary) -> str:
    """Where it goes; a number is masked."""
    if one.sealed_number is None:
        return one.target or "somebody who has left"
    return masked(store.subscribers.number(one.sealed_number))


def _as_data(one: DoubtSummary, target: str) -> dict[str, Any]:
    known = asdict(one) | {"target": target, "tried": one.tried.isoformat(), "due": one.due.isoformat()}
    del known["sealed_number"]
    return known


def _ended_as_data(one: EndingSummary, target: str) -> dict[str, Any]:
    end = one.ending
    return {
        "id": end.delivery,
        "message": one.message,
        "headline": one.headline,
        "lane": one.lane,
        "municipality": one.municipality,
        "target": target,
        "state": one.state,
        "settled": end.at.isoformat(),
        "became": end.state,
        "because": end.how,
        "by": end.actor,
    }


def _words(state: State) -> str:
    return state.replace("_", " ")


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
