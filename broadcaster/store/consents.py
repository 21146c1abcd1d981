"""Consent as evidence: who agreed to what, when and how, and when it was withdrawn.

It is kept by the keyed hash of the number, so that it outlives the subscription and tells nothing without the key.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.store.database import Database
from broadcaster.store.schema import IS_STANDING, consent_texts, consents


class How(StrEnum):
    """The way by which consent was given or withdrawn."""

    SMS = "sms"
    WEB = "web"
    IMPORT = "import"  # a list, whose owner has the evidence
    CLI = "cli"  # one of our people, asked by the resident


@dataclass(frozen=True, slots=True)
class Consent:
    """How residents agreed, and to which words.

    Args:
        shown: the text that they were shown; None where others showed it.
    """

    how: How
    shown: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A consent as it stands in the records.

    Args:
        shown: the text that the resident was shown, and ``version`` what it is known by.
    """

    municipality: str
    given: datetime
    how: How
    version: str | None
    shown: str | None
    withdrawn: datetime | None
    withdrawn_how: How | None


async def keep_text(connection: AsyncConnection, database: Database, text: str | None) -> str | None:
    """Keep a text that residents are shown, as part of a transaction; returns what it is known by.

    That is the beginning of its SHA-256, so that it changes with every letter of the text.
    """
    if text is None:
        return None
    version = hashlib.sha256(text.encode()).hexdigest()[:16]
    kept = database.insert(consent_texts).values(version=version, text=text).on_conflict_do_nothing()
    await connection.execute(kept)
    return version


async def withdraw(connection: AsyncConnection, lookup: str, municipality: str | None, how: How, now: datetime) -> None:
    """Note that a number's consent, to one municipality or to all, is withdrawn, as part of a transaction."""
    ended = update(consents).where(consents.c.lookup == lookup, IS_STANDING)
    if municipality is not None:
        ended = ended.where(consents.c.municipality == municipality)
    await connection.execute(ended.values(withdrawn=now, withdrawn_how=how))


async def evidence(database: Database, lookup: str) -> list[Evidence]:
    """All that is known of a number's consents, oldest first."""
    c = consents.c
    wanted = (
        select(c.municipality, c.given, c.how, c.text, consent_texts.c.text, c.withdrawn, c.withdrawn_how)
        .outerjoin(consent_texts, consent_texts.c.version == c.text)
        .where(c.lookup == lookup)
        .order_by(c.given, c.id)
    )
    async with database.read() as connection:
        found = (await connection.execute(wanted)).all()
    return [
        Evidence(place, given, How(how), version, shown, withdrawn, How(by) if by else None)
        for place, given, how, version, shown, withdrawn, by in found
    ]
