"""A resident joins or leaves on the web: a wish, a code by SMS, and the wish is done once the code is typed.

Whoever asks for a code learns nothing by it. Subscribers are looked at only once a code has proved whose number it is;
before that the same is done for every number, also for one that gets no code because of a limit.
"""

import hmac
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from broadcaster.config import SignUpSettings
from broadcaster.residents.turnstile import Turnstile
from broadcaster.store import counts, signups
from broadcaster.store.consents import Consent, How
from broadcaster.store.database import Database
from broadcaster.store.sealing import Seal
from broadcaster.store.signups import Purpose, SignUp
from broadcaster.store.subscribers import Subscribers, Subscription

LIFETIME = timedelta(minutes=10)
"""How long a code is good."""

_DIGITS = 6
_ACTOR = "resident on the web"
_ALL = "codes"
_REFUSED = "codes refused"  # one count for all that get none, so that they use up nobody's share and no space

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a resident asks for.

    Args:
        number: as it is called (E.164).
        shown: what the resident was shown before agreeing; None for one who leaves.
        text: what the SMS says around its ``{code}``.
    """

    purpose: Purpose
    number: str
    municipality: str
    language: str
    shown: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a wish comes from.

    Args:
        address: the visitor's own; of IPv6 the household's network.
        network: the one that the address is in, which a whole company, school or part of an operator may share.
    """

    address: str
    network: str


class SigningUp:
    """Takes wishes from the web and carries them out.

    Args:
        limits: how many codes are sent in a day.
        lanes: by which account a municipality's codes leave.
        clock: tells the time (aware).
    """

    def __init__(
        self,
        database: Database,
        subscribers: Subscribers,
        seal: Seal,
        limits: SignUpSettings,
        lanes: Mapping[str, str],
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._subscribers = subscribers
        self._seal = seal
        self._limits = limits
        self._lanes = lanes
        self._clock = clock
        self._turnstile = Turnstile()  # however many ask: the lanes wait for one of them at most to write, and seldom

    async def ask(self, wish: Wish, visitor: Visitor) -> str:
        """Take a wish, and let a code go to its number unless there were too many; returns what the wish is known by.

        Raises:
            CrowdedError: too many ask at this moment.
            StoreError: when the database cannot be used.
        """
        now, id_ = self._clock(), secrets.token_urlsafe(16)
        code = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"
        sealed = self._seal.close(wish.text.format(code=code))
        lookup, hashed = self._seal.lookup(wish.number), self._hashed(id_, code)
        async with self._turnstile.turn(visitor.address), self._database.write(wakes=True) as connection:
            sent = await self._may_send(connection, lookup, visitor, now)
            kept = SignUp(
                id=id_,
                purpose=wish.purpose,
                number=self._seal.close(wish.number),
                lookup=lookup,
                municipality=wish.municipality,
                language=wish.language,
                code=hashed if sent else "",  # which nothing that is typed can be: many wishes are not many guesses
                shown=wish.shown,
                expires=now + LIFETIME,
            )
            lane = self._lanes[wish.municipality]
            await signups.keep(connection, self._database, kept, lane, sealed if sent else None, now)
        return id_

    async def confirm(self, id_: str, purpose: Purpose, municipality: str, code: str, visitor: Visitor) -> bool:
        """Carry a wish out if this is its code; what is wrong otherwise is nobody's business.

        Raises:
            CrowdedError: too many ask at this moment.
            StoreError: when the database cannot be used.
            SealError: the numbers in the database were sealed with another key.
        """
        now, departure = self._clock(), None
        async with self._turnstile.turn(visitor.address), self._database.write() as connection:
            wish = await signups.tried(connection, id_, now)
            is_right = hmac.compare_digest(self._hashed(id_, code), wish.code if wish is not None else "")
            if wish is None or not is_right or (wish.purpose, wish.municipality) != (purpose, municipality):
                return False
            await signups.forget(connection, id_)
            number = self._seal.open(wish.number)
            if wish.purpose is Purpose.JOIN:
                joining = Subscription(number, wish.municipality, wish.language)
                await self._subscribers.join(connection, joining, Consent(How.WEB, wish.shown), now, _ACTOR)
            else:
                departure = await self._subscribers.leave(connection, number, wish.municipality, now, _ACTOR, How.WEB)
        if departure is not None:
            await self._subscribers.quiet(departure)
        return True

    async def _may_send(self, connection: AsyncConnection, lookup: str, visitor: Visitor, now: datetime) -> bool:
        """Count a wish; tells whether a code goes out. A wish that is refused counts for nobody further on."""
        limits = self._limits
        left = limits.codes_per_day - await counts.counted(connection, _ALL, now)
        address, network = (
            self._seal.lookup(f"{kind} {where}")
            for kind, where in (("address", visitor.address), ("network", visitor.network))
        )
        steps = (
            (f"codes {address}", limits.codes_per_address, "one address asks for too many codes today"),
            (f"codes {network}", share_of(left), "one network asks for too large a part of today's codes"),
            (f"codes {lookup}", limits.codes_per_number, "too many codes are asked for one number today"),
            (_ALL, limits.codes_per_day, "no more sign-up codes are sent today"),
        )
        may = True
        for subject, most, complaint in steps:
            counted = await counts.count(connection, self._database, subject if may else _REFUSED, now)
            if may and counted == most + 1:
                log.warning("sign-up: %s (sign_up in the configuration)", complaint)
            may = may and counted <= most
        return may

    def _hashed(self, id_: str, code: str) -> str:
        return self._seal.lookup(f"code {id_} {code}")


def share_of(left: int) -> int:
    """How many codes of a day one network may have in all, when so many are left of the day.

    The fewer there are, the smaller the share: ten networks that take all they can leave half of the day's codes to
    others, a hundred networks a twelfth, and who has had none gets one for as long as there is any.
    """
    return max(1, left // 10)
