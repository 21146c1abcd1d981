"""What the lint of practice looks for in a language."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class PracticeWords:
    """Words by which good practice is recognised, and bad.

    An entry is a word or some words as they stand in a text, in any case. A dash where a word begins or ends says that
    it may be longer there: ``-avbrott-`` is found in *strömavbrottet*, ``har -ts`` in *har setts*.

    Args:
        longest_sentence: words that a sentence may have.
        questions: by rule, the words of which a message that answers the question has at least one.
        officialese: words that only authorities use, and what people say.
        familiar: abbreviations that everybody knows.
        out_of_reach: ways to say that a web site does not work.
        not_an_exercise: ways to say that something is no exercise.
    """

    longest_sentence: int
    questions: Mapping[str, tuple[str, ...]]
    officialese: Mapping[str, str]
    familiar: tuple[str, ...]
    out_of_reach: tuple[str, ...]
    not_an_exercise: tuple[str, ...]
