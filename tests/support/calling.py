"""Somebody who speaks HTTP by hand, and as badly as they like."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

PATIENCE = 20


class Caller:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def say(self, *lines: str, body: bytes = b"") -> None:
        """Send lines as the head of a request, and a body."""
        self.write("".join(f"{line}\r\n" for line in (*lines, "")).encode() + body)

    def write(self, sent: bytes) -> None:
        """Send bytes as they are."""
        self._writer.write(sent)

    async def hears(self) -> str:
        """All that is said until the other side hangs up."""
        async with asyncio.timeout(PATIENCE):
            return (await self._reader.read()).decode()

    async def hears_one(self) -> str:
        """The head of one answer; the connection goes on."""
        async with asyncio.timeout(PATIENCE):
            return (await self._reader.readuntil(b"\r\n\r\n")).decode()

    async def rest(self) -> int:
        """How many bytes come until the other side hangs up, in the middle or not; they are thrown away."""
        count = 0
        with suppress(ConnectionError):
            async with asyncio.timeout(PATIENCE):
                while received := await self._reader.read(2**16):
                    count += len(received)
        return count

    def hang_up(self) -> None:
        """Say that nothing more comes, as a browser does that is closed."""
        self._writer.write_eof()

    def vanish(self) -> None:
        """Be gone without a word (TCP reset)."""
        own: socket.socket = self._writer.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


@asynccontextmanager
async def calling(address: tuple[str, int], own: str | None = None) -> AsyncIterator[Caller]:
    """A connection; ``own`` is the address that it comes from."""
    local = None if own is None else (own, 0)
    reader, writer = await asyncio.open_connection(*address, local_addr=local)
    try:
        yield Caller(reader, writer)
    finally:
        writer.close()
