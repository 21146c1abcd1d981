"""A text from a resident, from the webhook to the reply: understood, carried out and answered in one transaction."""

import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.numbers import REGION, NumberError, answerable, mobile
from broadcaster.residents.commands import Command, Verb, Vocabulary, parse, places_of, vocabulary
from broadcaster.residents.replies import Answer, Deed, Join, Leave, Now, Office, Resident, Speak, answer
from broadcaster.store import counts, inbound, news
from broadcaster.store.board import standings
from broadcaster.store.consents import Consent, How
from broadcaster.store.database import Database
from broadcaster.store.errors import ConflictError
from broadcaster.store.subscribers import Departure, Subscribers, Subscription
from channels.contract import Inbound, OptOut
from messages import languages
from messages.services import sites_down

MOST_REPLIES = 30
"""Replies that a number gets in a day. Two machines that answer each other would never come to an end."""

MOST_CONFLICTS = 3
"""How often a text may meet a lane that writes down what it sent to the same number, and begins again for it."""

_ACTOR = "resident by sms"

log = logging.getLogger(__name__)


class Texting:
    """Does what residents text, in any process that hears them.

    Args:
        countries: whose mobile numbers may subscribe.
        clock: tells the time (aware).
    """

    def __init__(
        self,
        database: Database,
        subscribers: Subscribers,
        clock: Callable[[], datetime],
        countries: Collection[str] = (REGION,),
    ) -> None:
        self._database = database
        self._subscribers = subscribers
        self._clock = clock
        self._countries = countries
        self._known: Vocabulary = vocabulary(languages.language(code) for code in languages.KNOWN)

    async def answer(self, text: Inbound, provider: str, office: Office) -> str | None:
        """Carry a text out and return what it is answered; None where no answer is due.

        The same text again is answered with the same words, and nothing is done. When a STOPP is answered, nothing more
        leaves for its number.

        Raises:
            StoreError: when the database cannot be used.
            SealError: the numbers in the database were sealed with another key.
        """
        number = answerable(text.sender)
        if number is None:
            log.warning("A text was left without an answer: it came from a short number, a name or a withheld number.")
            return None
        for _ in range(MOST_CONFLICTS):
            with suppress(ConflictError):
                return await self._answer(text, provider, number, office)
        return await self._answer(text, provider, number, office)

    async def _answer(self, text: Inbound, provider: str, number: str, office: Office) -> str | None:
        now, departure = self._clock(), None
        async with self._database.write() as connection:
            if not await inbound.is_new(connection, self._database, provider, text.id, now):
                return await inbound.reply_to(connection, provider, text.id)
            command = self._understood(text, office)
            decided = await self._decided(connection, command, number, office, now)
            # Counted first: on PostgreSQL a number's texts then wait for each other, and the last word is the last.
            reply = None if await self._is_silent(connection, text, decided, number, now) else decided.reply
            departure = await self._carry_out(connection, decided.deed, number, reply, now)
            await inbound.keep_reply(connection, provider, text.id, reply)
        if departure is not None:
            await self._subscribers.quiet(departure)
        return reply

    def _understood(self, text: Inbound, office: Office) -> Command:
        command = parse(text.text, self._known, places_of(office.municipalities.values()))
        match text.opt_out:
            case OptOut.STOP:  # nothing of ours reaches the number any more, from whatever municipality
                return Command(Verb.STOP, spoken=command.spoken)
            case OptOut.START if command.verb is not Verb.START:
                return Command(Verb.START, command.place, spoken=command.spoken)
            case OptOut.HELP:
                return Command(Verb.HELP, command.place, spoken=command.spoken)
            case _:
                return command

    async def _decided(
        self, connection: AsyncConnection, command: Command, number: str, office: Office, now: datetime
    ) -> Answer:
        subscriptions = await self._subscribers.subscriptions_of(connection, number)
        asked = office.municipalities if command.verb is Verb.STATUS else ()
        goes_on = await news.current(connection, asked, now) if asked else ()
        resident = Resident(subscriptions, self._may_join(number))
        board = [(one.municipality, one.name, one.status) for one in await standings(connection)]
        down = sites_down(board, office.municipalities)
        return answer(command, resident, office, Now(now, goes_on, down))

    async def _carry_out(
        self, connection: AsyncConnection, deed: Deed | None, number: str, reply: str | None, now: datetime
    ) -> Departure | None:
        match deed:
            case Join(municipality, language):
                wish, consent = Subscription(number, municipality, language), Consent(How.SMS, reply)
                await self._subscribers.join(connection, wish, consent, now, _ACTOR)
            case Speak(municipalities, language):
                await self._subscribers.speak(connection, number, municipalities, language)
            case Leave(municipality):
                return await self._subscribers.leave(connection, number, municipality, now, _ACTOR, How.SMS)
            case None:
                pass
        return None

    async def _is_silent(
        self, connection: AsyncConnection, text: Inbound, decided: Answer, number: str, now: datetime
    ) -> bool:
        """Whether no reply is due: the provider gave one, or the number has got enough of them today."""
        subject = f"replies {self._subscribers.lookup(number)}"
        if await counts.count(connection, self._database, subject, now) > MOST_REPLIES:
            return True
        # Twilio knows no municipalities: who joins without naming one is not subscribed yet, and has to hear it.
        return text.opt_out is not None and not (text.opt_out is OptOut.START and decided.deed is None)

    def _may_join(self, number: str) -> bool:
        try:
            mobile(number, self._countries)
        except NumberError:
            return False
        return True
