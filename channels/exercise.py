"""Exercises on surfaces that also say what is real. Where a message is shown, its texts tell what it is."""

from channels.words import words
from messages.languages import KNOWN, language
from messages.model import Rendition


def is_exercise(rendition: Rendition) -> bool:
    """Whether nothing has happened and people only practise: rendering says so before the title, on every channel."""
    title = rendition.title.removeprefix(f"{words(rendition.language).withdrawn_mark} ")
    return any(title.startswith(f"{language(code).exercise.mark}: ") for code in KNOWN)
