"""What ``report`` and ``schedule report`` do."""

from collections.abc import Sequence

from broadcaster.cli import context
from broadcaster.cli.leading import named
from broadcaster.cli.naming import municipalities_named
from broadcaster.cli.planning import Recurring, plan_composed
from broadcaster.clock import utc_now
from broadcaster.config import Config
from broadcaster.opening import opened
from broadcaster.plan import reread
from broadcaster.situation import COMPOSER, Order, report


async def composed(config: Config, incident: str, municipalities: Sequence[str]) -> tuple[Order, str]:
    """What a report of now would be: what was ordered, and the source of its message.

    Raises:
        UsageError: there is no such incident or municipality.
        RefusedError: there is nothing to report.
    """
    chosen = municipalities_named(config, municipalities)
    async with opened(config) as store:
        order = Order((await named(store.database, incident)).name, tuple(chosen))
        at = utc_now().replace(second=0, microsecond=0)
        return order, await report(store.database, config, order, at)


def plan_reports(config: Config, incident: str, municipalities: Sequence[str], wanted: Recurring, *, yes: bool) -> int:
    """Plan reports; returns the exit code. Raises as :func:`composed` and ``plan_composed`` do."""
    order, source = context.run(composed(config, incident, municipalities))
    return plan_composed(config, reread(source), order.text, COMPOSER, wanted, yes=yes)
