"""Phone numbers of residents: which ones can get an SMS, and how they are written and hidden."""

from collections.abc import Collection

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

REGION = "SE"
_HOME = 46
_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)  # some countries number both alike


class NumberError(ValueError):
    """The number cannot get our SMS; the text says why, without the number."""


def mobile(written: str, countries: Collection[str] = (REGION,)) -> str:
    """A mobile number in E.164 form, however a person wrote it; one without a country code is Swedish.

    Args:
        countries: where it may be from (ISO 3166-1, two letters).

    Raises:
        NumberError: for anything else.
    """
    try:
        number = phonenumbers.parse(written, REGION)
    except NumberParseException:
        raise NumberError("is not a phone number") from None
    # The library would dial letters by the keys they stand on, and let an extension fall: somebody else's number.
    if number.extension or any(character.isalpha() for character in written):
        raise NumberError("is not a phone number")
    if phonenumbers.region_code_for_country_code(number.country_code or 0) not in countries:
        raise NumberError(f"is a foreign number (+{number.country_code}); only {_allowed(countries)} can subscribe")
    if not phonenumbers.is_valid_number(number):
        raise NumberError("is not a valid Swedish number" if number.country_code == _HOME else "is not a valid number")
    if phonenumbers.number_type(number) not in _MOBILE:
        raise NumberError("is not a mobile number, so it cannot get SMS")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def answerable(sender: str) -> str | None:
    """The number that a text came from, in E.164 form, if an answer can reach it.

    None for a short code, a name, a landline, and what operators put in the place of a number that is withheld.
    """
    try:
        number = phonenumbers.parse(sender.strip(), None)
    except NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) not in _MOBILE:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _allowed(countries: Collection[str]) -> str:
    if list(countries) == [REGION]:
        return "Swedish mobile numbers"
    return f"mobile numbers of {', '.join(countries)}"


def masked(number: str) -> str:
    """A number that its owner recognises and nobody else learns: ``+4670•••••05``."""
    return number[:5] + "•" * (len(number) - 7) + number[-2:]
