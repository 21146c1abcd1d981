"""How to tell that a webhook comes from Twilio: https://www.twilio.com/docs/usage/webhooks/webhooks-security."""

from collections.abc import Mapping

from twilio.request_validator import SIGNATURE_HEADER, RequestValidator

__all__ = ["SIGNATURE_HEADER", "is_signed"]


def is_signed(auth_token: str, url: str, form: Mapping[str, str], signature: str) -> bool:
    """Tell whether Twilio sent a form to an address; compared in constant time.

    Args:
        auth_token: of the account that it is about.
        url: as Twilio was told it, with its query: behind a proxy the public one.
        form: all of its parameters, those unknown to us too; a multidict where one may come twice.
        signature: the header ``SIGNATURE_HEADER``, empty if there was none.
    """
    try:
        return bool(RequestValidator(auth_token).validate(url, form, signature))
    except ValueError:  # an address that no proxy of ours would pass on
        return False
