"""Stands in for the providers on loopback, over real HTTP, so that nothing leaves the machine."""

from channels.sandbox.faults import Behaviour, Fault
from channels.sandbox.handset import Inbox, TextError
from channels.sandbox.heard import CallError
from channels.sandbox.receipts import Receipts
from channels.sandbox.records import Fetch, Post, Report, Request, Text
from channels.sandbox.server import Sandbox

__all__ = [
    "Behaviour",
    "CallError",
    "Fault",
    "Fetch",
    "Inbox",
    "Post",
    "Receipts",
    "Report",
    "Request",
    "Sandbox",
    "Text",
    "TextError",
]
