"""A person's own recording: checked before anything is sent, and then used as it is but for rate and loudness."""

from channels.prompts import wav
from channels.prompts.sound import Sound, is_heard

LARGEST = 20_000_000
"""Bytes of the largest file: a minute and a half in stereo as studios record it."""

SHORTEST, LONGEST = 1.0, 90.0
"""Seconds. Callers take in some 45; what hosted switchboards take ends at about ten times that."""


class RecordingError(ValueError):
    """The recording cannot be used; says what is wrong with it and what to do."""


def read(data: bytes) -> Sound:
    """Check and read a recording: a WAV file, of a length that callers bear, with something to hear in it.

    Takes some seconds for a long one: callers spend them in a thread.

    Raises:
        RecordingError: with what is wrong.
    """
    if len(data) > LARGEST:
        raise RecordingError(f"it is larger than {LARGEST / 1e6:.0f} MB: save it in mono")
    try:
        sound = wav.read(data)
    except wav.WavError as error:
        raise RecordingError(f"{error}: save it as WAV, 16 bits PCM") from None
    if not SHORTEST <= sound.seconds <= LONGEST:
        raise RecordingError(f"it takes {sound.seconds:.1f} s, and {SHORTEST:.0f} to {LONGEST:.0f} s can be used")
    if not is_heard(sound):
        raise RecordingError("it is silent: check the microphone and record it again")
    return sound
