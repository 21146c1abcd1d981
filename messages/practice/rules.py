"""The rules of good practice: each a small function over a draft, and in one table why it stands and by what source."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from messages.addresses import ADDRESS, host, target
from messages.languages.practice import PracticeWords
from messages.model import Kind, Markup, Municipality, Severity
from messages.practice import words
from messages.practice.draft import Draft, Passage, Reading, Text
from messages.problems import Place, Problem
from messages.segments import segment
from messages.speech import abbreviations, count_words
from messages.spelling import quoted

SEGMENTS = 2
"""Most SMS that a text takes."""

SPOKEN = 40
"""Most words that callers hear before they are put through."""


class Rule(StrEnum):
    """What good practice asks of a message, by the names that the configuration uses."""

    WHAT_HAPPENED = "what-happened"
    CONCERNS_ME = "concerns-me"
    BEING_DONE = "being-done"
    WHAT_TO_DO = "what-to-do"
    WHERE_TO_TURN = "where-to-turn"
    NEXT_UPDATE = "next-update"
    EXPIRY = "expiry"
    SENDER = "sender"
    SMS_LENGTH = "sms-length"
    SPOKEN_LENGTH = "spoken-length"
    SPOKEN_ADDRESS = "spoken-address"
    LONG_SENTENCE = "long-sentence"
    OFFICIALESE = "officialese"
    ABBREVIATION = "abbreviation"
    NOT_AN_EXERCISE = "not-an-exercise"
    LINK = "link"
    SITE_DOWN = "site-down"


@dataclass(frozen=True, slots=True)
class Ground:
    """What a rule stands on.

    Args:
        check: finds where a draft does not meet it.
        reason: why it matters to a resident.
        source: where the rule, or what it is made from, is published.
    """

    check: Callable[[Draft], Iterator[Problem]]
    reason: str
    source: str


_QUESTIONS = {
    Rule.WHAT_HAPPENED: "what has happened",
    Rule.CONCERNS_ME: "whom it concerns",
    Rule.BEING_DONE: "what is being done",
    Rule.WHAT_TO_DO: "what the reader should do",
    Rule.WHERE_TO_TURN: "where to turn",
}

_ALWAYS_ASKED = frozenset({Rule.WHAT_HAPPENED, Rule.WHERE_TO_TURN})
"""Also of a message that ends an emergency, or that never was about one."""

_PHONE_NUMBER = re.compile(r"(?<![\d-])(?:\+|0)\d[\d /–-]{5,}\d")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?![a-zß-ÿ])|(?<=:)\s+|\n")
"""Where a sentence ends or a list begins, and not after the point of an abbreviation, which small letters follow."""


def _unanswered(rule: Rule, draft: Draft) -> Iterator[Problem]:
    """Ask one of the five questions of the whole message in each language."""
    if rule not in _ALWAYS_ASKED and not _is_emergency(draft):
        return
    for reading, vocabulary in _worded(draft):
        text = "\n".join(passage.text for passage in reading.passages)
        if reading.is_whole and not (
            words.has_any(text, vocabulary.questions[rule]) or (rule is Rule.WHERE_TO_TURN and _has_contact(text))
        ):
            what = f"The text in {reading.language.code} does not seem to say {_QUESTIONS[rule]}."
            yield Problem(what, reading.place, "Say it, or say that you do not know it yet.")


def _no_next_update(draft: Draft) -> Iterator[Problem]:
    if draft.message.next_update is None and _is_emergency(draft):
        yield Problem("No time is promised for the next update.", _key(draft, "next_update"), "Write next_update.")


def _no_expiry(draft: Draft) -> Iterator[Problem]:
    # An all-clear says that something is over, which stays true.
    if draft.message.expires is None and draft.message.kind is not Kind.ALL_CLEAR:
        yield Problem("The message does not say how long it is true.", _key(draft, "expires"), "Write expires.")


def _no_sender(draft: Draft) -> Iterator[Problem]:
    """Look for the sender's name or web address in all that is read; callers know whom they have called."""
    for reading in draft.readings:
        read = [text for text in reading.texts if text.markup is not Markup.SPEECH]
        if not all(_names(text.sender).search(_all_of(text, reading)) for text in read):
            what = f"The text in {reading.language.code} does not say who it is from."
            yield Problem(what, reading.place, "Write {{ municipality.name }} in it.")


def _long_sms(draft: Draft) -> Iterator[Problem]:
    return _longer(draft, Markup.SMS, lambda text: segment(text).count, SEGMENTS, "SMS")


def _long_speech(draft: Draft) -> Iterator[Problem]:
    return _longer(draft, Markup.SPEECH, count_words, SPOKEN, "words")


def _spoken_address(draft: Draft) -> Iterator[Problem]:
    for reading in draft.readings:
        for text in [text for text in reading.texts if text.markup is Markup.SPEECH][:1]:
            for passage in reading.passages:
                for address in ADDRESS.finditer(passage.text):
                    what = f"Callers hear the address {quoted(address[0])} in {reading.language.code}."
                    yield Problem(what, passage.place, _mended(reading, text, "Take it out", "without it"))


def _long_sentence(draft: Draft) -> Iterator[Problem]:
    for passage, _, vocabulary in _passages(draft):
        for sentence in _SENTENCE_END.split(passage.text):
            if (count := count_words(sentence)) > vocabulary.longest_sentence:
                what = f"This sentence has {count} words: {quoted(sentence)}."
                yield Problem(
                    what, passage.place, f"Split it into two, each of at most {vocabulary.longest_sentence} words."
                )


def _officialese(draft: Draft) -> Iterator[Problem]:
    for passage, _, vocabulary in _passages(draft):
        for written in words.found(passage.text, tuple(vocabulary.officialese)):
            plain = words.meant(written, vocabulary.officialese)
            yield Problem(f"{quoted(written)} is officialese.", passage.place, f"Say what people say: {plain}.")


def _abbreviation(draft: Draft) -> Iterator[Problem]:
    for passage, reading, vocabulary in _passages(draft):
        familiar = {word.casefold().rstrip(".") for word in vocabulary.familiar}
        for written, whole in abbreviations(passage.text, reading.language.code):
            if written.casefold().rstrip(".") not in familiar:
                yield Problem(f"{quoted(written)} is an abbreviation.", passage.place, f"Write it out: {whole}.")


def _not_an_exercise(draft: Draft) -> Iterator[Problem]:
    for passage, _, vocabulary in _passages(draft):
        for written in words.found(passage.text, vocabulary.not_an_exercise):
            yield Problem(f"The text says {quoted(written)}.", passage.place, "Take it out: exercises are marked.")


def _strange_link(draft: Draft) -> Iterator[Problem]:
    for reading in draft.readings:
        for passage in reading.passages:
            for address in ADDRESS.finditer(passage.text):
                name = host(target(address)) if address["web"] else ""
                if address["web"] and not any(f".{name}".endswith(f".{known}") for known in draft.hosts):
                    what = f"{quoted(address[0])} leads to a place that is neither yours nor listed."
                    yield Problem(what, passage.place, "Link to your own, or list it in practice.domains.")


def _dead_link(draft: Draft) -> Iterator[Problem]:
    """Find where residents are sent to a web site that does not work, unless it is said there that it does not."""
    for reading in draft.readings:
        vocabulary = reading.language.practice
        for passage in reading.passages:
            for sentence in _SENTENCE_END.split(passage.text):
                if vocabulary is not None and words.has_any(sentence, vocabulary.out_of_reach):
                    continue
                for address in ADDRESS.finditer(sentence):
                    if address["web"] and host(target(address)) in draft.down:
                        what = f"{quoted(address[0])} leads to a web site that the board of services says is down."
                        yield Problem(what, passage.place, "Write {{ municipality.page }}, or take it out.")


RULES: Mapping[Rule, Ground] = {
    Rule.WHAT_HAPPENED: Ground(
        partial(_unanswered, Rule.WHAT_HAPPENED),
        "People who do not know what the danger is ask around instead of acting.",
        "Mileti and Sorensen, Communication of Emergency Public Warnings (1990): the hazard",
    ),
    Rule.CONCERNS_ME: Ground(
        partial(_unanswered, Rule.CONCERNS_ME),
        "Those it concerns take it for somebody else's trouble, and the others call to ask.",
        "Mileti and Sorensen, Communication of Emergency Public Warnings (1990): the location",
    ),
    Rule.BEING_DONE: Ground(
        partial(_unanswered, Rule.BEING_DONE),
        "People who see that somebody is at work trust the rest of the message.",
        "MSB (since 2026 MCF), guide till riskkommunikation: innehåll och budskap",
    ),
    Rule.WHAT_TO_DO: Ground(
        partial(_unanswered, Rule.WHAT_TO_DO),
        "A warning that names nothing to do frightens and protects nobody. If there is nothing, that is the answer.",
        "Mileti and Sorensen, Communication of Emergency Public Warnings (1990): the guidance",
    ),
    Rule.WHERE_TO_TURN: Ground(
        partial(_unanswered, Rule.WHERE_TO_TURN),
        "Those with nowhere to turn call 112, which others need more.",
        "MSB (since 2026 MCF), guide till riskkommunikation: innehåll och budskap",
    ),
    Rule.NEXT_UPDATE: Ground(
        _no_next_update,
        "People who know when to expect news can wait; others call, or believe rumours.",
        "CDC, Crisis and Emergency Risk Communication (CERC)",
    ),
    Rule.EXPIRY: Ground(
        _no_expiry,
        "A warning that stays when the danger is gone misleads; only its author knows how long it holds.",
        "OASIS, Common Alerting Protocol 1.2: expires",
    ),
    Rule.SENDER: Ground(
        _no_sender,
        "People pass texts on without their context, and nobody believes a warning from nobody.",
        "Mileti and Sorensen, Communication of Emergency Public Warnings (1990): the source",
    ),
    Rule.SMS_LENGTH: Ground(
        _long_sms,
        "The first lines are what is read; every further SMS takes time and money before the last resident is reached.",
        "3GPP TS 23.038 (GSM 03.38) and TS 23.040 for what a part holds; two of them are our own measure",
    ),
    Rule.SPOKEN_LENGTH: Ground(
        _long_speech,
        "A caller can neither skip nor read again, and the queue grows with every second of it.",
        "Our own measure: 40 words are 18 seconds at 130 words a minute",
    ),
    Rule.SPOKEN_ADDRESS: Ground(
        _spoken_address,
        "An address that is heard cannot be tapped, and few can write it down while they hold a phone.",
        "Our own measure",
    ),
    Rule.LONG_SENTENCE: Ground(
        _long_sentence,
        "People who are afraid, tired or new to the language lose the thread of a long sentence.",
        "Språklagen (2009:600) 11 §; the number: GOV.UK, Sentence length: why 25 words is our limit (2014)",
    ),
    Rule.OFFICIALESE: Ground(
        _officialese,
        "People read words that only authorities use twice, or skip them.",
        "Språklagen (2009:600) 11 §; Språkrådet, Myndigheternas skrivregler",
    ),
    Rule.ABBREVIATION: Ground(
        _abbreviation,
        "An abbreviation is a riddle to people who are new to the language, and to many programs that read aloud.",
        "WCAG 2.2, success criterion 3.1.4; Språkrådet, Myndigheternas skrivregler",
    ),
    Rule.NOT_AN_EXERCISE: Ground(
        _not_an_exercise,
        "It adds nothing, because exercises are marked; in the script of one it makes people believe it. "
        "The false missile alert in Hawaii began like that.",
        "FCC, Hawaii Emergency Management Agency, January 13, 2018 False Alert: report (April 2018)",
    ),
    Rule.LINK: Ground(
        _strange_link,
        "Swindlers write in every crisis. Residents know real links by where they lead.",
        "NCSC (UK), Business communications: SMS and telephone best practice (2022)",
    ),
    Rule.SITE_DOWN: Ground(
        _dead_link,
        "Residents who meet a dead page try again, and then call; the public page stands when the web site does not.",
        "Our own measure",
    ),
}
"""Every rule, in the order in which its findings are told."""


def _is_emergency(draft: Draft) -> bool:
    """Whether something goes on that people have to act on."""
    return draft.message.kind is not Kind.ALL_CLEAR and draft.message.severity is not Severity.INFORMATION


def _worded(draft: Draft) -> Iterator[tuple[Reading, PracticeWords]]:
    """The parts in languages whose words are known."""
    for reading in draft.readings:
        if reading.language.practice is not None:
            yield reading, reading.language.practice


def _passages(draft: Draft) -> Iterator[tuple[Passage, Reading, PracticeWords]]:
    for reading, vocabulary in _worded(draft):
        for passage in reading.passages:
            yield passage, reading, vocabulary


def _has_contact(text: str) -> bool:
    """Whether there is a phone number or an address; the short numbers are words of a language."""
    return _PHONE_NUMBER.search(text) is not None or ADDRESS.search(text) is not None


def _names(sender: Municipality) -> re.Pattern[str]:
    """What a municipality is known by: the first word of its name, in any language and case, or its web address."""
    variables = [sender.variables, *sender.translations.values()]
    names = [values["name"].split()[0].removesuffix("s") for values in variables if values.get("name", "").strip()]
    known = [*names, sender.id, host(sender.variables.get("web", ""))]
    return re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(name) for name in known if name)})", re.IGNORECASE)


def _all_of(text: Text, reading: Reading) -> str:
    return f"{text.rendition.title}\n{text.words}" if reading.is_whole else text.words


def _longer(draft: Draft, markup: Markup, size: Callable[[str], int], limit: int, unit: str) -> Iterator[Problem]:
    """Find the texts that are too long, for each part the longest: they differ in names and numbers only."""
    for reading in draft.readings:
        sized = [(size(text.words), text) for text in reading.texts if text.markup is markup]
        count, longest = max(sized, key=lambda pair: pair[0], default=(0, None))
        if longest is not None and count > limit:
            what = f"The {longest.rendition.channel} text in {reading.language.code} is {count} {unit} long."
            advice = _mended(reading, longest, f"Shorten it to {limit}", f"of at most {limit}")
            yield Problem(what, reading.place, advice)


def _mended(reading: Reading, text: Text, own: str, other: str) -> str:
    """Advise how to change a text: in its own part, or by writing one."""
    return f"Write a part {other}: ## {text.own_part}" if reading.is_whole else f"{own}."


def _key(draft: Draft, key: str) -> Place:
    """The place of a key of the front matter that is not there."""
    return Place(draft.message.file or None, 1, key)
