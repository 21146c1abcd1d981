"""What a command can end with, other than well."""

NOT_DELIVERED = 1
BAD_INPUT = 2
BAD_CONFIGURATION = 3


class UsageError(Exception):
    """What was typed cannot be done; the message says what can."""


class ServiceError(Exception):
    """The machine does not let us do it (a busy port, say); the message says what to change."""
