"""The queue of a phone line at Twilio: what those hear who wait in it, who leave it, and who take its calls.

Twilio keeps the queue and asks for the wait document again whenever it has ended, so that each round says what is
current then. It may hold <Say>, <Gather>, <Pause> and <Leave>, among others, and no <Dial>: whoever is to be put
through leaves the queue, and is put through by what stands as its <Enqueue>'s action.
See https://www.twilio.com/docs/voice/twiml/enqueue.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

from channels.announcements import on_air
from channels.contract import Showing
from channels.ivr import Line, current, say, say_all, straight_through
from channels.spoken import PUT_THROUGH, SPOKEN, offered

LONGEST_WAIT = 45 * 60
"""Seconds after which nobody can be expected to answer any more; a caller who has waited that long is put through."""

_QUIET_SECONDS = 15  # between two rounds; a key can be pressed in them too
_TAKE_SECONDS = 60  # to wait for a caller, before those who take calls hear that the line still stands

_ENDED = ("bridged", "hangup", "redirected", "redirected-from-bridged")
"""Results of a queue after which there is nobody left to be put through: spoken with, gone, or taken elsewhere."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody in the queue, as Twilio tells of them; None for what it does not tell.

    Args:
        language: what they have heard until now.
        place: 1 for who is next.
        average: how long those in the queue have waited, in seconds.
        waited: how long this one has, in seconds.
        pressed: the key that was pressed in the last round.
    """

    language: str
    place: int | None = None
    average: int | None = None
    waited: int | None = None
    pressed: str | None = None


def read_waiting(form: Mapping[str, str], language: str) -> Waiting:
    """Read what Twilio asks for the wait document with."""
    place, average, waited = (_count(form.get(name, "")) for name in ("QueuePosition", "AvgQueueTime", "QueueTime"))
    return Waiting(language, place, average, waited, form.get("Digits"))


def wait_round(showings: Sequence[Showing] | None, line: Line, now: datetime, here: str, caller: Waiting) -> str:
    """One round of waiting, as TwiML: the place in the queue, what the line tells of at this moment, and the way out.

    When there is none any more, the queue is closed: callers leave it for the switchboard.

    Args:
        showings: what the line shows; None when that cannot be read: then callers keep their places all the same.
        here: the address of the line's webhook.
    """
    response = VoiceResponse()
    keys = offered(line.languages) if showings is None or on_air(showings, now) else {}
    closed = not keys
    if closed or caller.pressed == PUT_THROUGH or (caller.waited or 0) >= LONGEST_WAIT:
        response.leave()
        return str(response)

    language = caller.language if caller.language in SPOKEN else next(iter(keys.values()))
    spoken = SPOKEN[language]
    gather = Gather(num_digits=1, timeout=_QUIET_SECONDS, action=f"{here}/wait?language={language}", method="POST")
    if caller.place:
        say(gather, spoken.place.format(place=caller.place), language, line.voices)
    if caller.average is not None:
        minutes = max(1, round(caller.average / 60))
        time = spoken.minute if minutes == 1 else spoken.minutes.format(count=minutes)
        say(gather, spoken.waited.format(time=time), language, line.voices)
    if showings is not None:
        gather.pause(length=1)
        say_all(gather, current(showings, line, now, language), line)
    say(gather, spoken.put_through.format(digit=PUT_THROUGH), language, line.voices)
    response.append(gather)
    return str(response)


def after_queue(line: Line, result: str) -> str:
    """What comes after the queue, as TwiML: the switchboard, unless the call has been answered or is over.

    Args:
        result: Twilio's ``QueueResult``; what it has never said until now counts as a queue that failed.
    """
    return str(VoiceResponse()) if result in _ENDED else straight_through(line.switchboard)


def take_call(line: Line, here: str, caller: str) -> str:
    """What somebody hears who takes the queue's calls, as TwiML: one caller after the other, with * to end a call.

    Anybody else who calls the number for it is put through to the switchboard.

    Args:
        here: the address of the line's webhook.
        caller: the number that is called from, as Twilio writes it.
    """
    if caller not in line.agents:
        return straight_through(line.switchboard)
    response = VoiceResponse()
    language = next((language for language in line.languages if language in SPOKEN), next(iter(SPOKEN)))
    say(response, SPOKEN[language].next_call, language, line.voices)
    dial = Dial(timeout=_TAKE_SECONDS, hangup_on_star=True)
    dial.queue(line.queue)
    response.append(dial)
    response.pause(length=1)
    response.redirect(f"{here}/agent", method="POST")
    return str(response)


def _count(told: str) -> int | None:
    return int(told) if told.isascii() and told.isdecimal() and len(told) <= 6 else None
