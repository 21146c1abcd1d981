"""The tables. A change here needs a migration in ``migrations/versions``; a test compares the two."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    literal_column,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """A moment, stored as milliseconds since 1970 UTC: the same number, order and meaning on every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ARG002, ANN401 (SQLAlchemy's signature)
        """To milliseconds; a naive time is a bug."""
        return None if value is None else milliseconds(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002, ANN401 (SQLAlchemy's signature)
        """To an aware time in UTC."""
        return None if value is None else moment(value)


def milliseconds(time: datetime) -> int:
    """A moment as the database keeps it."""
    if time.tzinfo is None:
        raise ValueError("a time without a zone is no moment")
    return round(time.timestamp() * 1000)


def moment(stored: int) -> datetime:
    """A moment as the program keeps it."""
    return datetime.fromtimestamp(stored / 1000, UTC)


# SQLite only counts automatically in a column of type INTEGER.
Id = BigInteger().with_variant(Integer, "sqlite")

messages = Table(
    "messages",
    metadata,
    Column("id", String(10), primary_key=True),
    Column("content_hash", String(64), nullable=False, unique=True),
    Column("incident", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("headline", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("issued", Instant, nullable=False),
    Column("next_update", Instant),
    Column("expires", Instant, nullable=False),
    Column("follows", ForeignKey("messages.id")),  # what it updates, corrects or ends
    Column("retracted", Instant),
    Index(None, "expires"),
    Index(None, "incident"),
)

# What messages belong to, from the first alert to the end. It is known by its name.
incidents = Table(
    "incidents",
    metadata,
    Column("name", Text, primary_key=True),
    Column("opened", Instant, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("closed", Instant),
    Column("closed_by", Text),
    Column("aware", Instant),  # when the municipality became aware of it: what deadlines of the law count from
    Column("earlier", ForeignKey("incidents.name")),  # one that came before and has to do with it
)

renditions = Table(
    "renditions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("message", ForeignKey("messages.id"), nullable=False),
    Column("municipality", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("operation", String(8), nullable=False, server_default=text("'send'")),  # what is done with the text
    UniqueConstraint("message", "municipality", "channel", "language", "operation"),
    UniqueConstraint("id", "message"),  # for deliveries to refer to
)

subscribers = Table(
    "subscribers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("number", Text, nullable=False),  # sealed
    Column("lookup", String(64), nullable=False, unique=True),  # keyed hash
    Column("since", Instant, nullable=False),
    Column("gone", Instant),  # since when the number is surely no good
    Column("gone_reason", Text),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("subscriber", ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True),
    Column("municipality", Text, primary_key=True),
    Column("language", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Index(None, "municipality"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("message", String(10), nullable=False),  # its rendition's
    Column("rendition", Id, nullable=False),
    Column("lane", Text, nullable=False),
    # Where it goes: a subscriber, or the name of a page, feed or line. A subscriber who leaves takes the number along.
    Column("subscriber", ForeignKey("subscribers.id", ondelete="SET NULL")),
    Column("target", Text),
    Column("state", String(12), nullable=False),
    Column("epoch", BigInteger),  # the lease under which it was claimed last
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due", Instant, nullable=False),
    Column("changed", Instant, nullable=False),
    Column("remote_id", Text),
    Column("reason", Text),
    Column("tried", Instant),  # when it was claimed last
    Column("receipt", String(12)),  # what a receipt said before the provider's own answer was recorded
    # In doubt: `due` is when the provider is asked next.
    Column("looks", Integer, nullable=False, server_default="0"),  # how often it was asked without learning anything
    Column("again", Integer, nullable=False, server_default="0"),  # how often policy sent it once more
    Column("held", Integer, nullable=False, server_default="0"),  # 1: it waits for a person
    # What it follows in the same place, and waits for as long as that is under way.
    Column("after", BigInteger),  # a delivery's id; deliveries are never deleted
    Column("acts_on", BigInteger),  # a delivery's id: whose text it replaces, marks or takes away
    Column("only_after_sent", Integer, nullable=False, server_default="0"),  # 1: it is for those who got that one
    Column("called_off", Text),  # why it is not to be sent again should it turn out that it was not
    # One reference for both: to look them up takes a good part of the time of planning a large message.
    ForeignKeyConstraint(["rendition", "message"], ["renditions.id", "renditions.message"]),
)
Index(None, deliveries.c.message, deliveries.c.state, deliveries.c.rendition)  # all that a count needs
Index("ix_deliveries_subscriber", deliveries.c.subscriber)
# What a lane works on is small even when the ledger is not. A partial index is used only where a query repeats its
# condition to the letter, so all are written once, here.
IS_PENDING = deliveries.c.state == literal_column("'pending'")
IS_SENDING = deliveries.c.state == literal_column("'sending'")
IS_IN_DOUBT = deliveries.c.state == literal_column("'in_doubt'")
IS_WAITING = deliveries.c.state == literal_column("'waiting'")
for _name, _state, _columns in (
    ("ix_deliveries_pending", IS_PENDING, (deliveries.c.lane, deliveries.c.due, deliveries.c.id)),
    ("ix_deliveries_sending", IS_SENDING, (deliveries.c.lane,)),
    ("ix_deliveries_in_doubt", IS_IN_DOUBT, (deliveries.c.lane, deliveries.c.due, deliveries.c.id)),
    ("ix_deliveries_waiting", IS_WAITING, (deliveries.c.id, deliveries.c.after)),
):
    Index(_name, *_columns, sqlite_where=_state, postgresql_where=_state)


def unindexed(column: Column[str]) -> ColumnElement[str]:
    """A column as a mere filter, where a database that guesses would go by its index and not by what is better."""
    return column.concat("")


lanes = Table(
    "lanes",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text),
    Column("epoch", BigInteger, nullable=False, server_default="0"),  # counts the leases
    Column("lease_until", BigInteger, nullable=False, server_default="0"),  # milliseconds, by the database's own clock
    Column("halted_reason", Text),
    Column("halted_since", Instant),
    Column("down_reason", Text),
    Column("down_since", Instant),
    # That the provider wants to be left alone for longer than anybody here waits.
    Column("throttled_reason", Text),
    Column("throttled_since", Instant),
    Column("throttled_until", Instant),  # as the provider asks for
)

# What a copy of the database that goes on elsewhere begins. The newest one holds.
generations = Table(
    "generations",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("began", Instant, nullable=False),
    Column("copied", Instant),  # what happened later, an earlier generation may know alone; None for the first one
    Column("place", Text, nullable=False),  # where the database lies: no copy of it lies in the same place
    Column("name", Text, nullable=False),  # of the place, for people
)

# Processes that send from it.
instances = Table(
    "instances",
    metadata,
    Column("holder", Text, primary_key=True),
    Column("since", Instant, nullable=False),
)

surfaces = Table(
    "surfaces",
    metadata,
    Column("channel", Text, primary_key=True),
    Column("surface", Text, primary_key=True),
    Column("slot", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("municipality", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("issued", Instant, nullable=False),
    Column("expires", Instant, nullable=False),
    Column("updated", Instant, nullable=False),
    Column("incident", Text, nullable=False, server_default=text("''")),
    Column("next_update", Instant),
)

services = Table(
    "services",
    metadata,
    Column("municipality", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("status", String(8), nullable=False),
    Column("note", Text, nullable=False),
    Column("since", Instant),  # when the status became what it is, if that is known
    Column("changed", Instant, nullable=False),  # when anything of it did
    Column("by", Text, nullable=False),
)

# Every change of the board, whoever made it. Where a status is null, the service was not on the board.
board_changes = Table(
    "board_changes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("municipality", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", Text, nullable=False),
    Column("cause", String(8), nullable=False),
    Column("message", Text),  # id of the one that made the change, or whose taking back did
    Column("old_status", String(8)),
    Column("old_note", Text),
    Column("old_since", Instant),
    Column("status", String(8)),
    Column("note", Text),
    Column("since", Instant),
    Index(None, "at"),
    Index(None, "message"),
)

# What residents say themselves. Who has left is known by the keyed hash of the number only.
inbound = Table(
    "inbound",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("id", Text, primary_key=True),  # the provider's name for the text, so that nothing is done twice
    Column("at", Instant, nullable=False),
    Column("reply", Text),  # None: none was due
    Index(None, "at"),
)

consent_texts = Table(
    "consent_texts",
    metadata,
    Column("version", String(16), primary_key=True),  # a hash of the text
    Column("text", Text, nullable=False),
)

consents = Table(
    "consents",
    metadata,
    Column("id", Id, primary_key=True),
    Column("lookup", String(64), nullable=False),  # the subscriber's; it outlives the subscription
    Column("municipality", Text, nullable=False),
    Column("given", Instant, nullable=False),
    Column("how", String(8), nullable=False),
    Column("text", ForeignKey("consent_texts.version")),  # what the resident was shown; None where others showed it
    Column("withdrawn", Instant),
    Column("withdrawn_how", String(8)),
    Index(None, "lookup"),
)
IS_STANDING = consents.c.withdrawn.is_(None)
Index(
    "ix_consents_standing",
    consents.c.lookup,
    consents.c.municipality,
    unique=True,
    sqlite_where=IS_STANDING,
    postgresql_where=IS_STANDING,
)

signups = Table(
    "signups",
    metadata,
    Column("id", Text, primary_key=True),  # random, so that nobody can guess it
    Column("purpose", String(8), nullable=False),  # join or leave
    Column("number", Text, nullable=False),  # sealed
    Column("lookup", String(64), nullable=False),
    Column("municipality", Text),  # None: all, for one who leaves
    Column("language", Text, nullable=False),
    Column("code", String(64), nullable=False),  # keyed hash
    Column("text", ForeignKey("consent_texts.version")),
    Column("created", Instant, nullable=False),
    Column("expires", Instant, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("lane", Text),
    Column("outgoing", Text),  # sealed: the text with the code, until it leaves; None also where none is to leave
    Index(None, "lookup"),
    Index(None, "expires"),
)
IS_OUTGOING = signups.c.outgoing.is_not(None)
Index(
    "ix_signups_outgoing",
    signups.c.lane,
    signups.c.created,
    sqlite_where=IS_OUTGOING,
    postgresql_where=IS_OUTGOING,
)

daily_counts = Table(
    "daily_counts",
    metadata,
    Column("day", String(10), primary_key=True),  # 2026-11-21
    Column("subject", Text, primary_key=True),  # what is counted; of a number or an address, its keyed hash
    Column("count", Integer, nullable=False),
)

# What people have recorded of messages in their own voice, as it was given.
recordings = Table(
    "recordings",
    metadata,
    Column("message", ForeignKey("messages.id"), primary_key=True),
    Column("language", Text, primary_key=True),
    Column("digest", String(64), nullable=False),  # SHA-256
    Column("content", LargeBinary, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", Text, nullable=False),
)

# What was told to the authorities of an incident, by the ids of the deadlines for it.
incident_reports = Table(
    "incident_reports",
    metadata,
    Column("incident", ForeignKey("incidents.name"), primary_key=True),
    Column("deadline", String(16), primary_key=True),
    Column("at", Instant, nullable=False),  # when it was reported, or decided that no report is due
    Column("by", Text, nullable=False),
    Column("not_due", Text),  # why no report is due; None where one was made
)

# What the people on duty were reminded of, each thing once; and the texts that are still to tell them.
reminders = Table(
    "reminders",
    metadata,
    Column("key", Text, primary_key=True),
    Column("incident", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

reminder_texts = Table(
    "reminder_texts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("reminder", ForeignKey("reminders.key"), nullable=False),
    Column("lane", Text, nullable=False),
    Column("number", Text, nullable=False),  # sealed
    Column("text", Text, nullable=False),  # sealed
    Column("language", Text, nullable=False),
    Column("written", Instant, nullable=False),
    Column("due", Instant, nullable=False),
    Column("expires", Instant, nullable=False),
    Index(None, "lane", "due"),
)

# Sources that are followed: where the polling stands, and what became of each version of each item.
source_states = Table(
    "source_states",
    metadata,
    Column("name", Text, primary_key=True),
    Column("next_poll", Instant, nullable=False),  # whoever moves it ahead polls
    Column("polled", Instant),  # when somebody last set out to
    Column("rule", String(16)),  # of what the conditions below are the memory: address and rule, hashed
    Column("etag", Text),
    Column("last_modified", Text),
    Column("succeeded", Instant),
    Column("failed", Instant),
    Column("reason", Text),  # of the last failure
    Column("failures", Integer, nullable=False, server_default="0"),  # in a row
    Column("untidy", Text),  # what had to be mended in what was read the last time
)

source_items = Table(
    "source_items",
    metadata,
    Column("source", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("sent", Instant, nullable=False),  # by the source
    Column("digest", String(64), nullable=False),  # of its words
    Column("severity", String(16), nullable=False),
    Column("expires", Instant),
    Column("municipalities", Text, nullable=False),  # ids, with a blank between
    Column("withdrawn", Integer, nullable=False, server_default="0"),  # 1: it says that the matter is over
    Column("seen", Instant, nullable=False),  # for the first time
    Column("decision", String(8), nullable=False),  # ignored, draft or publish
    Column("reason", Text, nullable=False),
    Column("incident", Text),  # None: nothing follows it
    Column("text", Text),  # the message that was made of it
    Column("message", ForeignKey("messages.id")),  # once it is published
    Column("draft", Text),  # once it is written: the file's name
    Column("details", Text),  # why it could not be published, for a person
    Index(None, "source", "seen"),
)

# Messages that are sent later, or again and again: the local times that people mean, beside the moments they lead to.
schedules = Table(
    "schedules",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("source", Text, nullable=False),  # the message as it was authored, or what its composer reads
    Column("composer", String(16), nullable=False),  # what composes the message of each run; empty: nothing has to
    Column("rule", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("until", Instant),
    Column("late", Integer, nullable=False),  # seconds that a run may be late
    Column("promise", Integer, nullable=False),  # 1: each run promises the next one as next update
    Column("created", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("next_run", Instant),  # None: there is none
    Column("as_of", Instant, nullable=False),  # the clock by which the next run was found, to notice one set back
    Column("paused", Integer, nullable=False, server_default="0"),
    Column("removed", Instant),
    Index(None, "next_run"),
)

# Every run that has been decided on; the key lets each be decided once.
schedule_runs = Table(
    "schedule_runs",
    metadata,
    Column("schedule", ForeignKey("schedules.id"), primary_key=True),
    Column("planned", Instant, primary_key=True),
    Column("state", String(8), nullable=False),
    Column("at", Instant, nullable=False),
    Column("message", ForeignKey("messages.id")),
    Column("reason", Text, nullable=False),
)

# Processes that look at the schedules, so that a person can be told when there are none.
schedule_watches = Table(
    "schedule_watches",
    metadata,
    Column("holder", Text, primary_key=True),
    Column("seen", Instant, nullable=False),
)
