"""From a message to what residents get: one finished text for each municipality, channel and language.

Where a municipality's channel has no part of its own in a language, its text is derived from the body in that language.
Nothing is ever cut: what does not fit a channel is a problem that names the part to write.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo

from messages import front_matter, languages
from messages.addresses import brief
from messages.characters import is_blank
from messages.document import part_name, split_headline
from messages.languages import Opening
from messages.markdown import to_html, to_plain
from messages.model import Form, Kind, Markup, Message, Municipality, Part, Rendition
from messages.moments import in_markup, promise
from messages.problems import InputError, Place, Problem
from messages.segments import Encoding, normalise, segment
from messages.speech import count_words, seconds, to_speech
from messages.spelling import named, quoted, suggestion
from messages.variables import NEXT_UPDATE, faults, mentions, substitute

_PLACEHOLDER = re.compile(r"\[\[.{0,300}?\]\]|\[\[(?=\s)|(?<=\s)\]\]")
"""What starters leave for the author to write, whole or with one end lost."""

_PATIENCE = 45
"""Seconds of announcement that callers listen to before they give up or stop taking it in."""


@dataclass(frozen=True, slots=True)
class Measures:
    """How much a rendition is; None where it does not apply to the form.

    Args:
        segments: SMS it is sent and paid as.
        encoding: of an SMS: GSM-7 or UCS-2.
        left: characters that may still be added before it is one SMS more.
        words: words to be spoken.
        seconds: how long they take to listen to, about.
    """

    segments: int | None = None
    encoding: str | None = None
    left: int | None = None
    words: int | None = None
    seconds: float | None = None


def render(
    message: Message, municipalities: Sequence[Municipality], forms: Mapping[str, Form], zone: tzinfo
) -> tuple[Rendition, ...]:
    """Write the message as each of its municipalities says it, on each of its channels, in each of its languages.

    A language other than a municipality's first is rendered where the message has a body or a part for it. If the
    message promises a next update, every text says when it comes: where it names the variable, else at its end.

    Args:
        municipalities: the configured ones, in any order.
        forms: of every channel that a municipality has, by the channel's name.
        zone: whose times residents are told.

    Returns:
        Renditions in the order of the message's municipalities, then of their channels, then of their languages.

    Raises:
        InputError: with every problem of every rendition, each named once with the municipalities it concerns.
    """
    by_id = {municipality.id: municipality for municipality in municipalities}
    found = _Found()
    for problem in _unfinished(message):
        found.add(problem)
    renditions = []
    for name in message.municipalities:
        if name not in by_id:
            found.add(_unknown(name, message, by_id))
            continue
        for wanted in _wanted(message, by_id[name], forms, zone):
            try:
                renditions.append(_rendition(wanted))
            except InputError as error:
                for problem in error.problems:
                    found.add(problem, name)
    if found.problems:
        raise InputError(found.named())
    return tuple(renditions)


def measure(rendition: Rendition, form: Form) -> Measures:
    """Tell how much a rendition is, in what counts for its form."""
    if form.markup is Markup.SMS:
        sms = segment(rendition.text)
        return Measures(segments=sms.count, encoding=sms.encoding.value, left=sms.left)
    if form.markup is Markup.SPEECH:
        return Measures(words=count_words(rendition.text), seconds=seconds(rendition.text, rendition.language))
    return Measures()


def remarks(rendition: Rendition, form: Form, part: Part | None) -> tuple[str, ...]:
    """Say what the author may want to change although it fits; ``part`` is what the text is made from."""
    found = []
    if form.markup is Markup.SMS and (dearer := _because_of_characters(rendition.text, part)):
        found.append(dearer)
    if form.markup is Markup.SPEECH and (length := seconds(rendition.text, rendition.language)) > _PATIENCE:
        found.append(f"about {length:.0f} s to listen to; callers take in about {_PATIENCE}")
    return tuple(found)


class _Found:
    """Problems, each once, with the municipalities it concerns; none for those of the source itself."""

    def __init__(self) -> None:
        self.problems: dict[tuple[str, Place], Problem] = {}
        self._concerned: dict[tuple[str, Place], list[str]] = {}

    def add(self, problem: Problem, municipality: str | None = None) -> None:
        """Note a problem; the same one again only adds the municipality."""
        key = problem.text, problem.place
        if key not in self.problems:
            self.problems[key] = problem
            self._concerned[key] = [municipality] if municipality else []
        elif self._concerned[key] and municipality and municipality not in self._concerned[key]:
            self._concerned[key].append(municipality)

    def named(self) -> Iterator[Problem]:
        """List the problems in the order of their lines, the municipalities before each."""
        for key, problem in sorted(self.problems.items(), key=lambda item: item[1].place.line or 0):
            concerned = ", ".join(self._concerned[key])
            yield replace(problem, text=f"{concerned}: {problem.text}") if concerned else problem


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A rendition to be written.

    Args:
        part: what its text is made from.
        whole: the part whose headline is its title.
    """

    message: Message
    municipality: Municipality
    channel: str
    form: Form
    language: str
    zone: tzinfo
    part: Part
    whole: Part

    @property
    def next_update(self) -> str | None:
        """When the next update comes, as its text has it; None if the message does not say."""
        due = self.message.next_update
        return in_markup(due, self.form.markup, self.language, self.zone) if due else None

    @property
    def promise(self) -> str:
        """The sentence with which its text ends; empty if nothing is promised, or it is said elsewhere."""
        due = self.message.next_update
        if due is None or self.form.promises or mentions(self.part.text, NEXT_UPDATE):
            return ""
        sentence = promise(due, self.form.markup, self.language, self.zone)
        return to_speech(sentence, self.language) if self.form.markup is Markup.SPEECH else sentence


def origin(message: Message, municipality: Municipality, channel: str, language: str) -> Part | None:
    """Find the part that a text is made from: the one for its channel, else the whole message in its language."""
    return _part(message, municipality, language, channel) or _part(message, municipality, language, None)


def _part(message: Message, municipality: Municipality, language: str, channel: str | None) -> Part | None:
    """Find a part: where the municipality's own language has both ``@sv`` and a body, ``@sv`` is meant."""
    parts = {(part.language, part.channel): part for part in message.parts}
    is_first = language == municipality.languages[0]
    return parts.get((language, channel)) or (parts.get((None, channel)) if is_first else None)


def _wanted(message: Message, municipality: Municipality, forms: Mapping[str, Form], zone: tzinfo) -> Iterator[_Wanted]:
    """List the renditions of a municipality."""
    first = municipality.languages[0]
    for channel in municipality.channels:
        if message.channels and channel not in message.channels:
            continue
        for language in municipality.languages:
            part = origin(message, municipality, channel, language)
            whole = _part(message, municipality, language, None) or _part(message, municipality, first, None)
            if part and whole:
                yield _Wanted(message, municipality, channel, forms[channel], language, zone, part, whole)


def _rendition(wanted: _Wanted) -> Rendition:
    """Write a rendition, or raise an InputError with all that keeps it from being written."""
    problems: list[Problem] = []
    title = _title(wanted, problems)
    text = _text(wanted, title, problems)
    if title is not None and is_blank(title):
        problems.append(Problem("The headline is empty.", place_of(wanted.whole, wanted.message.file), "Write it."))
    if title and text and not is_blank(text):
        text = _promising(text, wanted.promise, wanted.form.markup)
        for opening in _openings(wanted.message, wanted.language):
            title, text = _marked(title, text, opening, wanted.form.markup)
    if text is not None:
        problems += _misfits(wanted, text)
    if problems or title is None or text is None:
        raise InputError(problems)
    return Rendition(wanted.municipality.id, wanted.channel, wanted.language, title, text)


def _promising(text: str, sentence: str, markup: Markup) -> str:
    """Let a text end by saying when the next update comes; an empty sentence leaves it as it is."""
    if not sentence:
        return text
    match markup:
        case Markup.PLAIN:
            return f"{text}\n\n{sentence}"
        case Markup.SMS | Markup.SPEECH:
            return f"{text}\n{sentence}"
        case Markup.HTML:
            return f"{text}\n<p>{sentence}</p>"


def _openings(message: Message, code: str) -> Iterator[Opening]:
    """What the message's texts say of themselves before all else; the last one comes first."""
    words = languages.language(code)
    if message.kind is Kind.CORRECTION:
        yield words.correction
    if message.exercise:
        yield words.exercise


def _marked(title: str, text: str, opening: Opening, markup: Markup) -> tuple[str, str]:
    """Let title and text begin by saying what they are."""
    match markup:
        case Markup.PLAIN | Markup.SMS:
            text = f"{opening.mark}: {text}"
        case Markup.HTML:
            text = f"<p><strong>{opening.sentence}</strong></p>\n{text}"
        case Markup.SPEECH:
            text = f"{opening.sentence}\n{text}"
    return f"{opening.mark}: {title}", text


def _title(wanted: _Wanted, problems: list[Problem]) -> str | None:
    """Write the headline, None if it has problems. One that is borrowed from the body stays in the body's language."""
    headline, _ = split_headline(wanted.whole)
    blank = len(wanted.whole.text) - len(wanted.whole.text.lstrip())
    line = wanted.whole.line + wanted.whole.text.count("\n", 0, blank)
    source = _with_values(wanted, headline, line, problems)
    return None if source is None else to_plain(f"# {source}")


def _text(wanted: _Wanted, title: str | None, problems: list[Problem]) -> str | None:
    """Write the text, None if it has problems. A part for a channel is all of it; a body has its title on top."""
    part = wanted.part
    below = part.text if part.channel else split_headline(part)[1]
    line = part.line + part.text.count("\n") - below.count("\n")
    source = _with_values(wanted, below, line, problems)
    if source is None:
        return None
    if wanted.form.markup is Markup.HTML:
        return to_html(source)
    plain = to_plain(source)
    if not part.channel:
        if title is None:
            return None
        plain = f"{title}\n\n{plain}"
    match wanted.form.markup:
        case Markup.PLAIN:
            return plain
        case Markup.SMS:
            return normalise(plain)
        case Markup.SPEECH:
            return to_speech(plain, wanted.language)


def _with_values(wanted: _Wanted, source: str, line: int, problems: list[Problem]) -> str | None:
    """Put the values into a source; None if it has problems, which are added to the others."""
    file = wanted.message.file
    own = _brief(wanted.municipality) if wanted.form.markup is Markup.SMS else wanted.municipality
    try:
        return substitute(source, own, wanted.language, file=file, line=line, next_update=wanted.next_update)
    except InputError as error:
        problems += error.problems
        return None


def _brief(municipality: Municipality) -> Municipality:
    """A municipality whose web addresses take no more room than they have to."""
    shown = {key: brief(value) for key, value in municipality.variables.items()}
    translated = {
        code: {key: brief(value) for key, value in own.items()} for code, own in municipality.translations.items()
    }
    return replace(municipality, variables=shown, translations=translated)


def _misfits(wanted: _Wanted, text: str) -> Iterator[Problem]:
    """Hold a text against what can be seen and what fits."""
    place = place_of(wanted.part, wanted.message.file)
    if is_blank(text):
        yield Problem(f"The {wanted.channel} text in {wanted.language} is empty.", place, "Write it.")
    limits = wanted.form.limits
    for unit, limit, count in (
        ("characters", limits.characters, len),
        ("SMS segments", limits.segments, lambda text: segment(text).count),
        ("words", limits.words, count_words),
    ):
        if limit is not None and (amount := count(text)) > limit:
            yield Problem(
                f"The {wanted.channel} text in {wanted.language} has {amount} {unit}, {amount - limit} too many.",
                place,
                _shorter(wanted, text),
            )


def _shorter(wanted: _Wanted, text: str) -> str:
    """Advise what to write instead of a text that does not fit."""
    own = part_name(None if wanted.language == wanted.municipality.languages[0] else wanted.language, wanted.channel)
    advice = "Shorten it." if wanted.part.channel else f"Write a part for it: ## {own}"
    counted = f"{wanted.promise!r} at its end is counted" if wanted.promise else ""
    dearer = _because_of_characters(text, wanted.part) if wanted.form.markup is Markup.SMS else ""
    reasons = "; ".join(filter(None, (counted, dearer)))
    return f"{advice} ({reasons})" if reasons else advice


def _because_of_characters(text: str, part: Part | None) -> str:
    """Say how many segments a text is because of some characters, and would be without them; empty if no more."""
    sms = segment(text)
    without = segment("".join(char for char in text if char not in sms.forcing)).count
    if sms.encoding is Encoding.GSM7 or without in {0, sms.count}:
        return ""
    shown = ", ".join(_placed(char, part) for char in sms.forcing[:5]) + (" and others" if sms.forcing[5:] else "")
    return f"{sms.count} segments in UCS-2 because of {shown}; without {'them' if sms.forcing[1:] else 'it'} {without}"


def _placed(char: str, part: Part | None) -> str:
    """A character with its name, and the line on which the part has it first; a variable's value has none."""
    position = part.text.find(char) if part else -1
    line = f" on line {part.line + part.text.count(chr(10), 0, position)}" if part and position >= 0 else ""
    return f"{named(char)}{line}"


def _unfinished(message: Message) -> Iterator[Problem]:
    """Find what is left to do in the source, whoever will read it: placeholders and half-written variables."""
    for placeholder in _PLACEHOLDER.finditer(message.incident):
        yield _unfilled(placeholder, front_matter.place_of(message.front_matter, message.file, ("incident",)))
    for part in message.parts:
        promised = message.next_update is not None
        yield from faults(part.text, promised=promised, file=message.file, line=part.line)
        for placeholder in _PLACEHOLDER.finditer(part.text):
            line = part.line + part.text.count("\n", 0, placeholder.start())
            yield _unfilled(placeholder, replace(place_of(part, message.file), line=line))


def _unfilled(placeholder: re.Match[str], place: Place) -> Problem:
    return Problem(
        f"The placeholder {placeholder[0]} is not filled in.", place, "Write what belongs there, or take it out."
    )


def _unknown(name: str, message: Message, known: Mapping[str, Municipality]) -> Problem:
    place = front_matter.place_of(message.front_matter, message.file, ("municipalities",))
    return Problem(f"The municipality {quoted(name)} is not in the configuration.", place, suggestion(name, known))


def place_of(part: Part, file: str) -> Place:
    """Where a part begins: at its heading if it has one."""
    return Place(file or None, part.line - bool(part.heading), part_name(part.language, part.channel))
