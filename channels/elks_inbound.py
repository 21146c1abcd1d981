"""What residents text to a number at 46elks: https://46elks.se/docs/receive-sms. The answer's body is the reply."""

import hashlib
import hmac
from collections.abc import Mapping

from channels.contract import Inbound
from channels.providers.elks import ElksSettings


def inbound_secret(settings: ElksSettings) -> str:
    """Return what stands in the address of an account's texts, which 46elks does not sign: nobody else knows it.

    It is made from the account's credentials, so that there is nothing to configure, and does not tell them.
    """
    key, account = settings.password.get_secret_value(), f"46elks texts {settings.username}"
    return hmac.new(key.encode(), account.encode(), hashlib.sha256).hexdigest()[:32]


def read_inbound(form: Mapping[str, str]) -> Inbound | None:
    """Read the webhook for a text; None if it is none."""
    id_ = form.get("id", "")
    if not id_ or "message" not in form or form.get("direction", "incoming") != "incoming":
        return None
    return Inbound(id_, form.get("from", ""), form.get("to", ""), form["message"])
