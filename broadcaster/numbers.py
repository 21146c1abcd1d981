"""Phone numbers of residents: which ones can get an SMS, and how they are written and hidden."""

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

REGION = "SE"
_COUNTRY_CODE = 46


class NumberError(ValueError):
    """The number cannot get our SMS; the text says why, without the number."""


def mobile(written: str) -> str:
    """A Swedish mobile number in E.164 form, however a person wrote it.

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
    if number.country_code != _COUNTRY_CODE:
        raise NumberError(f"is a foreign number (+{number.country_code}); only Swedish mobile numbers can subscribe")
    if not phonenumbers.is_valid_number(number):
        raise NumberError("is not a valid Swedish number")
    if phonenumbers.number_type(number) != PhoneNumberType.MOBILE:
        raise NumberError("is not a mobile number, so it cannot get SMS")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def masked(number: str) -> str:
    """A number that its owner recognises and nobody else learns: ``+4670•••••05``."""
    return number[:5] + "•" * (len(number) - 7) + number[-2:]
