"""Recordings on their way in: the files that a message names, read and checked before anything is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from channels.announcements import IVR
from channels.prompts.recording import LARGEST, RecordingError, read
from messages import front_matter
from messages.model import Message, Municipality, Recording, Rendition
from messages.problems import InputError, Place, Problem

_PATIENCE = 45
"""Seconds of announcement that callers listen to before they give up or stop taking it in."""


def attached(message: Message) -> Message:
    """The message with its recordings' files, which stand beside its own.

    Raises:
        InputError: with every file that is missing or no recording that can be used.
    """
    if not message.recordings:
        return message
    problems: list[Problem] = []
    found = [_read(recording, message, problems) for recording in message.recordings]
    if problems:
        raise InputError(problems)
    return replace(message, recordings=tuple(found))


def by_language(
    message: Message, renditions: Sequence[Rendition], municipalities: Mapping[str, Municipality]
) -> Mapping[str, bytes]:
    """The recordings as phone lines play them.

    Raises:
        InputError: with every one that no line would play, for the message has no text in its language.
    """
    spoken = {rendition.language for rendition in renditions if rendition.channel == IVR.name}
    first = {municipalities[name].languages[0] for name in message.municipalities}
    heard: dict[str, bytes] = {}
    problems = []
    for recording in message.recordings:
        languages = spoken & ({recording.language} if recording.language else first)
        heard |= dict.fromkeys(languages, recording.content)
        if not languages:
            problems.append(
                Problem(
                    f"Nobody would hear the recording {recording.path}: no phone line gets a text in its language.",
                    _place(message, recording),
                    "Write that text for people who do not call, or take the recording out.",
                )
            )
        elif message.exercise:
            problems.append(
                Problem(
                    f"The recording {recording.path} does not say that this is an exercise.",
                    _place(message, recording),
                    "Take it out: the text is spoken, and says so.",
                )
            )
    if problems:
        raise InputError(problems)
    return heard


def remarks(message: Message) -> list[str]:
    """What the author of a message with recordings may want to know."""
    found = []
    for recording in message.recordings:
        length = read(recording.content).seconds
        long = f"; callers take in about {_PATIENCE}" if length > _PATIENCE else ""
        found.append(f"{recording.path} takes {length:.0f} s{long}")
    if found:
        found.append("recordings are played by lines with prompt files; lines at Twilio speak the text")
    return found


def _read(recording: Recording, message: Message, problems: list[Problem]) -> Recording:
    """Read a recording's file; what is wrong is added to the problems."""
    path = Path(message.file).parent / recording.path
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        read(content)
    except OSError as error:
        advice = "Put it there, or correct its name."
        problems.append(Problem(f"{path} cannot be read: {error.strerror}.", _place(message, recording), advice))
        return recording
    except RecordingError as error:
        problems.append(Problem(f"{path} cannot be played to callers: {error}.", _place(message, recording)))
        return recording
    return replace(recording, content=content)


def _place(message: Message, recording: Recording) -> Place:
    path = ("recording", recording.language) if recording.language else ("recording",)
    return front_matter.place_of(message.front_matter, message.file, path)
