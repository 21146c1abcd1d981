"""Moments in words: a day and a time of day as a language has them, and when the next update comes."""

from datetime import datetime, tzinfo

from messages.languages import Wordings, language
from messages.model import Markup


def told(moment: datetime, form: str, code: str, zone: tzinfo) -> str:
    """Write a moment.

    Args:
        moment: with its zone or offset.
        form: a format of ``{weekday}``, ``{day}``, ``{ordinal}``, ``{month}``, ``{month_number}``, ``{year}``,
            ``{hour}`` and ``{minute}``.
        code: language of the names in it.
        zone: where it is read.
    """
    local = moment.astimezone(zone)
    dates = language(code).dates
    return form.format(
        weekday=dates.weekdays[local.weekday()],
        day=local.day,
        ordinal=dates.ordinals[local.day - 1],
        month=dates.months[local.month - 1],
        month_number=local.month,
        year=local.year,
        hour=local.hour,
        minute=local.minute,
    )


def in_markup(moment: datetime, markup: Markup, code: str, zone: tzinfo) -> str:
    """Write a moment with its weekday and date, for it may be read on any day, as texts in a markup have it."""
    return told(moment, _wording(language(code).moments, markup), code, zone)


def promise(next_update: datetime, markup: Markup, code: str, zone: tzinfo) -> str:
    """Say in a sentence when the next update comes; for speech in the words that ``to_speech`` makes of it."""
    sentence = _wording(language(code).promise, markup)
    return sentence.format(time=in_markup(next_update, markup, code, zone))


def _wording(wordings: Wordings, markup: Markup) -> str:
    match markup:
        case Markup.SMS:
            return wordings.short
        case Markup.SPEECH:
            return wordings.spoken
        case Markup.PLAIN | Markup.HTML:
            return wordings.written
