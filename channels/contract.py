"""What a channel is: one verb, a closed set of outcomes, and small optional abilities beside it.

A channel speaks one provider's wire protocol. It never decides whether to try again: it says what happened, and the
engine decides. It never raises for what a provider or the network does; an exception from a channel is a bug.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable

from messages.model import Form, Kind, Rendition, ServiceStatus, Severity


@dataclass(frozen=True, slots=True)
class Parcel:
    """One delivery as a channel sees it.

    Args:
        key: the delivery's id, unique for ever; carried to the provider wherever it lets us.
        target: where it goes: an E.164 number, a page id, a feed or a phone line.
        rendition: the finished text; shared by all parcels that carry the same.
        message: id of the message.
        kind, severity: the message's.
        issued, expires: when the message was submitted and when it stops being true (UTC).
        incident: the thread that the message belongs to.
        next_update: when the message promises to say more (UTC), if it does.
    """

    key: str
    target: str
    rendition: Rendition
    message: str
    kind: Kind
    severity: Severity
    issued: datetime
    expires: datetime
    incident: str = ""
    next_update: datetime | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has it. ``remote_id`` is the provider's name for it.

    Args:
        usage: how much of what the provider allows the account is used up, where it says so; at 1 it would refuse more.
    """

    remote_id: str
    usage: float = 0.0


@dataclass(frozen=True, slots=True)
class Deferred:
    """Certainly not done; may be tried again, not before ``after`` if the provider said how long to wait.

    Args:
        throttled: it was too much, or too much at once, for the provider.
    """

    reason: str
    after: timedelta | None = None
    throttled: bool = False


@dataclass(frozen=True, slots=True)
class Rejected:
    """Certainly not done, and never will be for this target with this text.

    Args:
        gone: the target is surely no good any more, whatever the text: an unused number, somebody who opted out.
    """

    reason: str
    gone: bool = False


@dataclass(frozen=True, slots=True)
class InDoubt:
    """May have been done: nobody can tell from here. Never sent again without asking the provider or a person."""

    reason: str


@dataclass(frozen=True, slots=True)
class Halted:
    """Certainly not done: the account is unusable, so every parcel of the lane waits until a person has mended it."""

    reason: str


Outcome = Accepted | Deferred | Rejected | InDoubt | Halted


class Channel(Protocol):
    """An adapter for one provider account."""

    async def send(self, parcel: Parcel) -> Outcome:
        """Bring the parcel to its target and say what happened."""
        ...


@dataclass(frozen=True, slots=True)
class Doubt:
    """A parcel that may have been sent.

    Args:
        since: when it was claimed for sending (UTC); what the provider took before that is something else.
    """

    parcel: Parcel
    since: datetime


@dataclass(frozen=True, slots=True)
class Matches:
    """What the provider has that looks like the parcel: same target, same text, not older; oldest first, maybe none."""

    remote_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unclear:
    """The provider could not be asked, or did not answer; nothing was learnt."""

    reason: str


Finding = Matches | Unclear


@runtime_checkable
class Find(Protocol):
    """A provider that can be asked what it has taken."""

    @property
    def settle(self) -> timedelta:
        """How long after an attempt the provider surely lists what it took; before, finding nothing means nothing."""
        ...

    async def find(self, doubts: Sequence[Doubt]) -> Mapping[str, Finding]:
        """Look many doubts up with as few requests as the API allows; the findings by the parcels' keys."""
        ...


class Arrival(StrEnum):
    """What a receipt says."""

    ACCEPTED = "accepted"  # the provider has it and is at it
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider tells us later about a parcel, on its own account.

    Args:
        key: the parcel's key, if the provider carried it back.
        gone: the target is surely no good any more.
        hint: it is not signed, so whoever knows our address may have made it up.
    """

    key: str | None
    remote_id: str
    arrival: Arrival
    reason: str | None = None
    gone: bool = False
    hint: bool = False


@dataclass(frozen=True, slots=True)
class Unfounded:
    """The provider has nothing of that name, or it is not the parcel: who said otherwise made it up."""


Confirmation = Receipt | Unfounded | Unclear


@runtime_checkable
class Confirm(Protocol):
    """A provider whose receipts are hints, and that can be asked whether one is true."""

    async def confirm(self, parcel: Parcel, remote_id: str) -> Confirmation:
        """Ask what became of ``remote_id``, said to be the parcel; the answer is a receipt that is no hint any more."""
        ...


@dataclass(frozen=True, slots=True)
class Balance:
    """What is left of the money on an account.

    Args:
        currency: ISO 4217.
    """

    amount: float
    currency: str


@dataclass(frozen=True, slots=True)
class Condition:
    """How an account stands at its provider.

    Args:
        trouble: why nothing can be sent by it; empty where something can.
        ends: when the right to use it ends (UTC), where it does.
    """

    trouble: str = ""
    balance: Balance | None = None
    ends: datetime | None = None


@runtime_checkable
class Examine(Protocol):
    """A provider, or a folder, that can be asked how the account stands."""

    async def examine(self) -> Condition:
        """Ask; nothing is sent."""
        ...


class OptOut(StrEnum):
    """A resident's wish that the provider has carried out, and answered, itself."""

    START = "START"
    STOP = "STOP"
    HELP = "HELP"


@dataclass(frozen=True, slots=True)
class Inbound:
    """A text from a resident.

    Args:
        id: the provider's name for it: the same when the provider tells it again.
        sender: the resident's number (E.164), or whatever stands in its place.
        recipient: the number it was sent to.
        opt_out: what the provider has answered itself; two answers would be one too many.
    """

    id: str
    sender: str
    recipient: str
    text: str
    opt_out: OptOut | None = None


@runtime_checkable
class Replace(Protocol):
    """A surface whose text can be changed in place. Once more changes nothing: a doubt is settled by doing it again."""

    async def replace(self, parcel: Parcel, remote_id: str) -> Outcome:
        """Show the parcel's text where ``remote_id`` was shown; ``Accepted`` has the id to act on from then on."""
        ...


@runtime_checkable
class Withdraw(Protocol):
    """A surface from which a text can be taken away. Once more changes nothing, as above."""

    async def withdraw(self, parcel: Parcel, remote_id: str) -> Outcome:
        """Stop showing ``remote_id``, which the parcel put there. Already gone counts as done."""
        ...


@dataclass(frozen=True, slots=True)
class Showing:
    """One thing that one of our own surfaces (a feed, a phone line) shows now.

    Args:
        surface: the feed or line.
        slot: the place on it: in a feed or on a page the id of the message that came first, which stays when a
            correction takes its place; on a phone line an incident in a language.
        parcel: what is shown there. That of a correction has the ``kind`` and ``issued`` of what it corrects.
        updated: when this slot's text last changed (UTC); ``parcel.issued`` is when it first appeared.
        lasts: whether its incident goes on when this has expired: then it is still the last word, and nothing is over.
    """

    surface: str
    slot: str
    parcel: Parcel
    updated: datetime
    lasts: bool = False


@dataclass(frozen=True, slots=True)
class Original:
    """A message as it was written for one municipality on one channel, whatever has become of it since.

    Args:
        exercise: whether nothing has happened and people only practise.
        renditions: its texts, one for each language.
    """

    exercise: bool
    renditions: tuple[Rendition, ...]


class Surfaces(Protocol):
    """The stored state of our own surfaces. Channels state what they need; the store fulfils it."""

    async def put(self, channel: str, surface: str, slot: str, parcel: Parcel) -> None:
        """Show the parcel in the slot. The same text again changes nothing, not even ``updated``."""
        ...

    async def remove(self, channel: str, surface: str, slot: str) -> None:
        """Empty the slot; an empty one stays empty."""
        ...

    async def showing(self, channel: str, surface: str) -> Sequence[Showing]:
        """What the surface shows, newest ``issued`` first."""
        ...

    async def originals(self, channel: str, municipality: str, messages: Collection[str]) -> Mapping[str, Original]:
        """Those of the messages that were written for the municipality on the channel, by their ids."""
        ...

    async def stands(self, channel: str, surface: str, message: str) -> bool:
        """Whether the message's delivery to the surface is done, to the last byte that readers see."""
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """How a municipality's service stands.

    Args:
        name, note: as the communicator wrote them, whatever the language of the page.
        since: when it got this status (UTC); None where nobody knows, or it never had another.
        changed: when anything of it last changed (UTC).
    """

    municipality: str
    name: str
    status: ServiceStatus
    note: str
    since: datetime | None
    changed: datetime


class Board(Protocol):
    """The stored board of services."""

    async def standings(self) -> Sequence[Standing]:
        """How the services of all municipalities stand, by municipality and name."""
        ...


class Recordings(Protocol):
    """What people have recorded of messages in their own voice."""

    async def find(self, message: str, language: str) -> bytes | None:
        """The WAV file of a message in a language, as it was given; None if there is none."""
        ...


class Nature(StrEnum):
    """What a message becomes on a channel, and so what can still be done about it there."""

    TEXT = "text"  # it only goes out, to one person: SMS
    POST = "post"  # one of many on a page at a provider, where it can be edited and deleted: Facebook
    ENTRY = "entry"  # one of many in a feed that we serve ourselves
    LINE = "line"  # what a phone line says, one text at a time
    PAGE = "page"  # the public page that we serve ourselves, by incident
    NOTICE = "notice"  # no text at all: it only tells that another surface has changed


@dataclass(frozen=True, slots=True)
class ChannelKind:
    """A channel as residents know it: its name, its nature, the form of its texts, and what may safely be done twice.

    Args:
        repeatable: sending a parcel again shows the same thing in the same place, so a crash leaves no doubt.
    """

    name: str
    nature: Nature
    form: Form
    repeatable: bool = False
