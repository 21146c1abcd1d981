"""Slips: texts that are no deliveries of a message: codes for people who sign up, reminders to people on duty."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Slip:
    """A text that was taken out of the database, and is ours to send.

    Args:
        subject: what it is about: the sign-up's id, or the reminder's key.
        number, text: sealed.
        written: when it was first to be sent.
        expires: when it is of no use any more.
    """

    subject: str
    number: str
    text: str
    language: str
    written: datetime
    expires: datetime
