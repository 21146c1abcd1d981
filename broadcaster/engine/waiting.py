"""Waiting for one of several things."""

import asyncio
from contextlib import suppress


async def happened(event: asyncio.Event, within: float) -> bool:
    """Wait for an event, but not longer than a number of seconds; tells whether it happened."""
    try:
        async with asyncio.timeout(within):
            await event.wait()
    except TimeoutError:
        return event.is_set()
    return True


async def pause(seconds: float, *until: asyncio.Event) -> None:
    """Wait, but not longer than until one of the events."""
    if seconds > 0:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await first_of(*until)


async def first_of(*events: asyncio.Event) -> asyncio.Event:
    """Wait for any of the events; of several the last one given counts."""
    waiters = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiter in waiters:
            waiter.cancel()
    return next(event for event in reversed(events) if event.is_set())
