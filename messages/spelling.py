"""What errors say about a word that is not known: the word itself, and what may have been meant."""

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches


def quoted(word: str) -> str:
    """A word from the file as an error shows it: in quotation marks, not too long, nothing in it invisible."""
    return repr(word if len(word) <= 60 else f"{word[:59]}…")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Ask about the known word that is most like this one, with a blank at the end; empty if none is like it."""
    return "".join(f"Did you mean {close}? " for close in get_close_matches(word, list(known), n=1))


def suggestion(word: str, known: Iterable[str]) -> str:
    """Ask what may have been meant by an unknown word, and list what there is to choose from."""
    choices = sorted(known)
    return f"{did_you_mean(word, choices)}Known: {', '.join(choices) or 'none'}."


def named(char: str) -> str:
    """A sign by its code and its name, and itself if it can be seen: ``'°' (U+00B0, degree sign)``."""
    code = f"U+{ord(char):04X}"
    name = unicodedata.name(char, "").lower()
    shown = quoted(char) if char.isprintable() and unicodedata.category(char) not in {"Mn", "Cf", "Zs"} else ""
    described = f"{code}, {name}" if name else code
    return f"{shown} ({described})" if shown else described.replace(", ", " (", 1) + ")" * bool(name)
