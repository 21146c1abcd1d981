"""Stands in for the providers on loopback, over real HTTP, so that nothing leaves the machine."""

from channels.sandbox.calls import CallError
from channels.sandbox.faults import Behaviour, Fault
from channels.sandbox.receipts import Receipts
from channels.sandbox.records import Post, Report, Request, Text
from channels.sandbox.server import Sandbox

__all__ = ["Behaviour", "CallError", "Fault", "Post", "Receipts", "Report", "Request", "Sandbox", "Text"]
