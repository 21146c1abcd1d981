"""Phone lines at 46elks: calls are answered with JSON actions that play our files and connect the switchboard.

46elks speaks no text, so the files are those of a switchboard with prompts. It keeps for ever what it has fetched from
an address, so an address belongs to one content. Actions: https://46elks.se/docs/call-actions, .../voice-play,
.../voice-ivr and .../voice-connect.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from channels.announcements import IVR
from channels.prompts import PromptChannel
from channels.provider import Wiring
from channels.providers.elks_voice import CHOICE, REPEAT, ElksVoiceSettings
from channels.spoken import AGAIN, PUT_THROUGH, SPOKEN, offered
from messages.model import Municipality

Action = Mapping[str, Any]
"""What 46elks shall do next: JSON."""

_THINK_SECONDS = 3  # to press a key after the last word


@dataclass(frozen=True, slots=True)
class ElksLine:
    """A phone line as a call meets it.

    Args:
        settings: the account's.
        languages: ISO 639-1 codes, the first one first.
        choices: the languages of all lines, as :func:`choices_of` has them; their places are the keys to press.
    """

    settings: ElksVoiceSettings
    languages: tuple[str, ...]
    choices: tuple[str, ...]


def call_secret(settings: ElksVoiceSettings) -> str:
    """Return what stands in the address of a line's calls, which 46elks does not sign: nobody else knows it."""
    key, line = settings.secret.get_secret_value(), f"46elks calls {settings.line}"
    return hmac.new(key.encode(), line.encode(), hashlib.sha256).hexdigest()[:32]


def choices_of(municipalities: Iterable[Municipality]) -> tuple[str, ...]:
    """The languages that there are on phone lines: the same for all of them, as the keys are spoken into files."""
    with_lines = (municipality for municipality in municipalities if IVR.name in municipality.channels)
    return tuple(dict.fromkeys(language for municipality in with_lines for language in municipality.languages))


def words_of(settings: ElksVoiceSettings, choices: Sequence[str]) -> dict[str, dict[str, str]]:
    """What a line says around its announcements: for each language the texts by the names of their files."""
    return {
        language: {
            settings.word_file(CHOICE, language): SPOKEN[language].choice.format(digit=digit),
            settings.word_file(REPEAT, language): SPOKEN[language].again.format(digit=AGAIN),
        }
        for digit, language in offered(choices, choices).items()
    }


def actions(line: ElksLine, audio: Mapping[str, str], here: str, wanted: str | None = None) -> Action:
    """What a call is answered with: the announcement, how to hear it again, and then the switchboard.

    Further languages are offered first, each in itself, by a key. An announcement is played and never asked over, so
    that no timeout can cut it off. Whatever cannot be played is left out, and the call goes on.

    Args:
        audio: the address of each file that can be played, by its name; the announcements in force among them.
        here: the address of the line's webhook.
        wanted: the language that the caller has asked to hear again, None at the start of the call.
    """
    settings = line.settings
    said = [language for language in line.languages if settings.file(language) in audio]
    language = next(iter(said), None) if wanted is None else wanted
    if language not in said:
        return straight_through(settings.switchboard)
    answer = _announcement(settings, audio, here, language)
    if wanted is not None:
        return answer
    branches = {key: _announcement(settings, audio, here, other) for key, other in offered(line.choices, said).items()}
    branches[PUT_THROUGH] = straight_through(settings.switchboard)
    for other in reversed(said[1:]):
        choice = audio.get(settings.word_file(CHOICE, other))
        if choice is not None:
            answer = _asked(choice, branches, answer)
    return answer


def straight_through(switchboard: str) -> Action:
    """Connect the call. When that fails, which is not to say that it is busy, it is tried once more."""
    return {"connect": switchboard, "failed": {"connect": switchboard}}


def _announcement(settings: ElksVoiceSettings, audio: Mapping[str, str], here: str, language: str) -> Action:
    onward = straight_through(settings.switchboard)
    again = audio.get(settings.word_file(REPEAT, language))
    if again is not None:
        onward = _asked(again, {AGAIN: f"{here}?language={language}"}, onward)
    return {"play": audio[settings.file(language)], "next": onward}


def _asked(audio: str, branches: Mapping[str, Action | str], otherwise: Action) -> Action:
    """Ask for a key. Any other one, or none, leads to ``otherwise``."""
    return {"ivr": audio, "digits": 1, "timeout": _THINK_SECONDS, "repeat": 1, **branches, "next": otherwise}


def build(settings: ElksVoiceSettings, wiring: Wiring) -> PromptChannel:
    """Make the adapter of an account."""
    words = words_of(settings, choices_of(wiring.municipalities.values()))
    places, zone = wiring.municipalities, wiring.zone
    return PromptChannel(settings, wiring.surfaces, wiring.recordings, wiring.now, places, zone, words)
