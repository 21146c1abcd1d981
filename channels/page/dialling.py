"""Phone numbers as people read them in Sweden, and as their phones are to dial them."""

import re

import phonenumbers

_COUNTRY = "SE"
_SHORT = 6  # digits of numbers that are dialled as they are: 112, 113 13, those that one texts to

_EVERYBODYS = frozenset({"112", "11313", "11414", "1177"})
_WHOLE = 9  # digits of a Swedish number with its area code; what has fewer is more likely a date or an amount


def dialled(number: str) -> str | None:
    """What a phone is to dial: a short number as it is, any other with its country code; None where nobody can tell."""
    digits = number.replace(" ", "")
    if digits.isdecimal() and len(digits) <= _SHORT:
        return digits
    try:
        parsed = phonenumbers.parse(number, _COUNTRY)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def called(text: str) -> str | None:
    """What a phone is to dial for a number in running text; None where it is none that anybody can have."""
    number = re.sub(r"[^+0-9]", "", text.replace("(0)", ""))
    to_dial = dialled(number)
    if number in _EVERYBODYS:
        return number
    if to_dial is None or len(number) < _WHOLE or not phonenumbers.is_valid_number(phonenumbers.parse(to_dial, None)):
        return None
    return to_dial


def shown(number: str) -> str:
    """A number in E.164 form as people write it; any other as it is written already."""
    if not number.startswith("+"):
        return number
    return phonenumbers.format_out_of_country_calling_number(phonenumbers.parse(number, None), _COUNTRY)
