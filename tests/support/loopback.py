"""Holds the tests to this machine: whatever would leave loopback is stopped and remembered.

It watches this process alone. Programs that tests start are held to loopback by what they are told.
"""

import ipaddress
import socket
import sys


class LeftLoopbackError(Exception):
    """A test was about to talk to another machine."""


class Guard:
    """An audit hook over Python's sockets. Hooks cannot be taken away again, so there is one for the whole run."""

    def __init__(self) -> None:
        self.stopped: list[str] = []

    def watch(self) -> None:
        """Begin, for the rest of the process."""
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[object, ...]) -> None:
        match event, args:
            case "socket.connect" | "socket.sendto" | "socket.sendmsg", (socket.socket() as sock, (str(host), *_)):
                allowed = sock.family not in {socket.AF_INET, socket.AF_INET6} or _is_loopback(host)
            case "socket.getaddrinfo", (str() | bytes() as asked, *_):
                host = asked.decode() if isinstance(asked, bytes) else asked
                if host.endswith(".invalid"):  # never exists (RFC 6761), which is an answer that needs no asking
                    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
                allowed = _is_address(host) or _is_loopback(host)
            case _:
                return
        if not allowed:
            self.stopped.append(host)
            raise LeftLoopbackError(f"a test may only talk to this machine, not to {host}")


def _is_address(host: str) -> bool:
    """Tell whether it needs no look-up; what is then done with the address is another event."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == ""
    return True


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
