"""What a resident's text asks for. Pure: words in, a command out, and every text is some command.

The words are data of the languages; here is only how they are found, however they are typed. STOP wins over everything,
and in a longer text as well, but only as a command: a clause that says stop and nothing else that matters (*I moved
away, please stop*). A sentence about something that has stopped ends nothing; nor does what a text quotes, for phones
quote our own words, STOPP among them, when their owner taps a heart.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from messages.languages import Language
from messages.model import Municipality

Words = tuple[str, ...]

_LETTERS = str.maketrans("øæ", "oa")  # what has no accent to be taken off

# What a text quotes: between marks of any country, also where the phone cut the end off, and lines behind a ">".
_QUOTED = re.compile(r'[”“„«»"](?:[^”“„«»"]*)(?:[”“«»"]|$)|^\s*>.*$', re.MULTILINE)
_EMOJI = re.compile(r"[\u2600-\u27bf\U0001f300-\U0001faff]")
_SENTENCES = re.compile(r"[.!?…\n]+|\s/(?=\S)")  # " /Anna" is how people sign
_CLAUSES = re.compile(r"[,;:()]|\s[-–—]+\s")

LIKE = 0.8
"""How much of a place's name has to be right (difflib's ratio) for it to be known all the same."""


class Verb(StrEnum):
    """What is asked for."""

    START = "start"
    STOP = "stop"
    HELP = "help"
    STATUS = "status"
    LANGUAGE = "language"
    REACTION = "reaction"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Command:
    """A text as it was understood.

    Args:
        place: the municipality that it names, by its id; for STOP only where nothing else is said.
        language: the language that it asks for, of START and LANGUAGE.
        spoken: the language of its words, where they belong to one only.
        clear: whether every word of it was understood.
    """

    verb: Verb
    place: str | None = None
    language: str | None = None
    spoken: str | None = None
    clear: bool = True


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of all languages, as they are compared.

    Args:
        phrases: what each verb is called, and the codes of the languages that call it so.
        alone: stop phrases that count only where nothing else is said.
        names: the languages by what they are called.
        reactions: what a phone writes before it quotes the text that its owner reacted to.
    """

    phrases: Mapping[Verb, Mapping[Words, frozenset[str]]]
    alone: Mapping[Words, frozenset[str]]
    names: Mapping[Words, str]
    courtesies: frozenset[str]
    reactions: frozenset[Words]


def words_of(text: str) -> Words:
    """A text's words as they are compared: small letters without accents, and nothing between them."""
    small = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    # Once more: a small letter may be made of others where its capital was not.
    plain = unicodedata.normalize("NFKD", small)
    return tuple(re.findall(r"[^\W_]+", "".join(c for c in plain if not unicodedata.combining(c))))


def vocabulary(languages: Iterable[Language]) -> Vocabulary:
    """The words of some languages."""
    phrases: dict[Verb, dict[Words, frozenset[str]]] = {verb: {} for verb in Verb}
    alone: dict[Words, frozenset[str]] = {}
    names: dict[Words, str] = {}
    courtesies: set[str] = set()
    reactions: set[Words] = set()
    for language in languages:
        texting, own = language.texting, frozenset({language.code})
        lists = (
            (phrases[Verb.START], texting.start),
            (phrases[Verb.STOP], texting.stop),
            (phrases[Verb.HELP], texting.help),
            (phrases[Verb.STATUS], texting.status),
            (phrases[Verb.LANGUAGE], texting.language),
            (alone, texting.stop_alone),
        )
        for known, written in lists:
            for phrase in map(words_of, written):
                known[phrase] = known.get(phrase, frozenset()) | own
        names |= {words_of(name): language.code for name in (language.code, language.name, *texting.names)}
        courtesies |= {word for courtesy in texting.courtesies for word in words_of(courtesy)}
        reactions |= set(map(words_of, texting.reactions))
    return Vocabulary(phrases, alone, names, frozenset(courtesies), frozenset(reactions))


def places_of(municipalities: Iterable[Municipality]) -> dict[Words, str]:
    """What municipalities are called: by id and by name, also without the last word of it (*Borgholms* kommun)."""
    known = list(municipalities)
    places = {words_of(one.id): one.id for one in known}
    shorter: dict[Words, set[str]] = {}
    for one in known:
        for name in (one.variables["name"], *(names.get("name", "") for names in one.translations.values())):
            whole = words_of(name)
            if whole:
                places.setdefault(whole, one.id)
            if len(whole) > 1:
                *first, last = whole[:-1]
                for short in {(*first, last), (*first, last.removesuffix("s"))}:
                    shorter.setdefault(short, set()).add(one.id)
    return {short: min(ids) for short, ids in shorter.items() if len(ids) == 1} | places


def parse(text: str, known: Vocabulary, places: Mapping[Words, str]) -> Command:
    """Understand a text."""
    own, quotes = _unquoted(text)
    if quotes and _reacts(own, known):
        return Command(Verb.REACTION)
    words, place = _take(words_of(own), places)
    words, language = _take(words, known.names)
    stop = _stop(own, words, known, places)
    if stop is not None:
        whole = _beside(words, stop, known.courtesies) is not None
        return Command(Verb.STOP, place if whole else None, None, _only(_stops(known)[stop]), whole)
    words = tuple(word for word in words if word not in known.courtesies)
    for verb in (Verb.START, Verb.STATUS, Verb.LANGUAGE, Verb.HELP):
        phrase = _beginning(words, known.phrases[verb])
        if phrase is not None:
            rest = words[len(phrase) :]
            if rest and place is None and (place := _like(rest, places)) is not None:
                rest = ()
            asked = language if verb in {Verb.START, Verb.LANGUAGE} else None
            return Command(verb, place, asked, _only(known.phrases[verb][phrase]), not rest)
    if language is not None and not words:
        return Command(Verb.LANGUAGE, place, language)
    return Command(Verb.UNKNOWN, place, clear=False)


def _unquoted(text: str) -> tuple[str, bool]:
    """A text without what it quotes, and whether it quotes; one that is nothing but a quotation is taken as it is."""
    own = _QUOTED.sub("\n", text)
    return (own, own != text) if words_of(own) or _EMOJI.search(own) else (text, False)


def _reacts(own: str, known: Vocabulary) -> bool:
    """Whether what stands before a quotation is a phone's: it begins as phones do, or is a sign and perhaps a "to"."""
    words = words_of(own)
    return _beginning(words, known.reactions) is not None or (
        known.courtesies.issuperset(words) and bool(_EMOJI.search(own))
    )


def _stops(known: Vocabulary) -> Mapping[Words, frozenset[str]]:
    return {**known.alone, **known.phrases[Verb.STOP]}


def _stop(text: str, words: Words, known: Vocabulary, places: Mapping[Words, str]) -> Words | None:
    """The stop phrase by which a text ends the SMS, or None."""
    alone = next((phrase for phrase in known.alone if _beside(words, phrase, known.courtesies) is not None), None)
    if alone is not None:
        return alone
    starts = {word for start in known.phrases[Verb.START] for word in start}
    for sentence in _SENTENCES.split(text):
        clauses = [_take(words_of(clause), places)[0] for clause in _CLAUSES.split(sentence)]
        first = True
        for clause in clauses:
            for phrase in sorted(known.phrases[Verb.STOP], key=len, reverse=True):
                beside = _beside(clause, phrase, known.courtesies | starts)
                # "Storgatan 4, stopp" tells of a street; "I moved away, please stop" asks us.
                if beside is not None and (first or beside):
                    return phrase
            first = first and not set(clause) - known.courtesies
    return None


def _beside(words: Words, phrase: Words, idle: Collection[str]) -> int | None:
    """How many words stand beside a phrase, where all of them are idle ones; else None."""
    size = len(phrase)
    for at in range(len(words) - size + 1):
        rest = words[:at] + words[at + size :]
        if words[at : at + size] == phrase and all(word in idle for word in rest):
            return len(rest)
    return None


def _take(words: Words, known: Mapping[Words, str]) -> tuple[Words, str | None]:
    """Take the first and longest of the known phrases out of the words; gives the rest, and what it stands for."""
    sizes = sorted({len(phrase) for phrase in known}, reverse=True)
    for size in sizes:
        for start in range(len(words) - size + 1):
            if (found := known.get(words[start : start + size])) is not None:
                return words[:start] + words[start + size :], found
    return words, None


def _beginning(words: Words, phrases: Collection[Words]) -> Words | None:
    """The longest of the phrases that the words begin with."""
    return max((phrase for phrase in phrases if words[: len(phrase)] == phrase), key=len, default=None)


def _like(words: Words, places: Mapping[Words, str]) -> str | None:
    """The place that was meant, where it is a little misspelt."""
    spelt = {" ".join(place): id_ for place, id_ in places.items()}
    close: Sequence[str] = get_close_matches(" ".join(words[:4])[:40], spelt, n=1, cutoff=LIKE)
    return spelt[close[0]] if close else None


def _only(languages: frozenset[str]) -> str | None:
    return next(iter(languages)) if len(languages) == 1 else None
