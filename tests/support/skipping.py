"""An event loop that does not wait: whenever nothing is ready, its clock jumps to the next moment that matters."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _SkippingSelector(selectors.SelectSelector):
    skipped = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.skipped += max(0.0, timeout or 0.0)
        return super().select(0)


class SkippingLoop(asyncio.SelectorEventLoop):
    """For code that paces itself by the loop's clock and does no input or output."""

    def __init__(self) -> None:
        self._skipping = _SkippingSelector()
        super().__init__(self._skipping)

    def time(self) -> float:
        return self._skipping.skipped

    def stall(self, seconds: float) -> None:
        """Let time pass without anything happening, as on a machine that is busy with something else."""
        self._skipping.skipped += seconds


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end, at once."""
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        return runner.run(main)
