"""The languages that phone lines speak, and the words around an announcement in each."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

AGAIN = "9"
"""The key to hear an announcement again."""

PUT_THROUGH = "0"
"""The key to leave a queue for the switchboard."""

_MOST_LANGUAGES = 8  # the keys that are left


@dataclass(frozen=True, slots=True)
class Spoken:
    """A language on the phone, and the words that stand around an announcement in it.

    Args:
        tag: as <Say> wants it.
        voice: who speaks, unless the account's settings name another. It must know the language: Twilio drops a call
            whose voice and language do not go together.
        choice: how to choose the language; ``{digit}`` stands for the key.
        again: how to hear the announcement again; ``{digit}`` as above.
        onward: what follows the announcement.
        queued: what follows it where callers wait in a queue.
        place: where in the queue the caller stands, as ``{place}``.
        waited: how long those in the queue have waited on average, as ``{time}``, which is ``minute`` or ``minutes``.
        minute, minutes: a length of time; ``{count}`` is above one.
        put_through: how to leave the queue for the switchboard; ``{digit}`` as above.
        several: what callers hear first where there is more than one announcement, ``{count}`` in all.
        next: what stands between two of them.
        only: that an announcement is in another language only, by that language.
        next_call: what somebody hears who takes calls from the queue, before the next one.
    """

    tag: str
    voice: str
    choice: str
    again: str
    onward: str
    queued: str
    place: str
    waited: str
    minute: str
    minutes: str
    put_through: str
    several: str
    next: str
    only: Mapping[str, str]
    next_call: str


SPOKEN: Mapping[str, Spoken] = {
    "sv": Spoken(
        tag="sv-SE",
        voice="Polly.Elin-Neural",
        choice="För svenska, tryck {digit}.",
        again="För att höra meddelandet igen, tryck {digit}.",
        onward="Du kopplas nu till växeln.",
        queued="Du ställs nu i kö.",
        place="Du har plats {place} i kön.",
        waited="De som står i kön har i genomsnitt väntat i {time}.",
        minute="en minut",
        minutes="{count} minuter",
        put_through="För att kopplas till växeln i stället, tryck {digit}.",
        several="Det finns {count} aktuella meddelanden. Det viktigaste kommer först.",
        next="Nästa meddelande.",
        only={"en": "Det här meddelandet finns bara på engelska."},
        next_call="Väntar på nästa samtal.",
    ),
    "en": Spoken(
        tag="en-GB",
        voice="Polly.Amy-Neural",
        choice="For English, press {digit}.",
        again="To hear the message again, press {digit}.",
        onward="You are now being connected to the switchboard.",
        queued="You are now being placed in a queue.",
        place="You are number {place} in the queue.",
        waited="Callers in the queue have waited for {time} on average.",
        minute="one minute",
        minutes="{count} minutes",
        put_through="To be connected to the switchboard instead, press {digit}.",
        several="There are {count} current messages. The most important one comes first.",
        next="Next message.",
        only={"sv": "This message is in Swedish only."},
        next_call="Waiting for the next call.",
    ),
}
"""The languages a line can speak; a further one is one more entry."""


def offered(languages: Sequence[str], said: Container[str] = SPOKEN) -> dict[str, str]:
    """The languages that a line can be heard in, by their keys.

    Args:
        languages: the line's, the first one first. A language's place is its key, so that a key always means the same.
        said: those that can be said now.
    """
    places = enumerate(languages[:_MOST_LANGUAGES], start=1)
    return {str(digit): language for digit, language in places if language in said and language in SPOKEN}
