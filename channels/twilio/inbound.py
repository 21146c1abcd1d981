"""What residents text to a number at Twilio: https://www.twilio.com/docs/messaging/guides/webhook-request."""

from collections.abc import Mapping
from xml.sax.saxutils import escape

from channels.contract import Inbound, OptOut
from channels.xml_text import xml_text


def read_inbound(form: Mapping[str, str]) -> Inbound | None:
    """Read the webhook for a text; None if it is none. It is worth reading only if it is signed (``is_signed``)."""
    id_ = form.get("MessageSid", "")
    if not id_ or "Body" not in form:
        return None
    handled = form.get("OptOutType", "")
    return Inbound(
        id=id_,
        sender=form.get("From", ""),
        recipient=form.get("To", ""),
        text=form["Body"],
        opt_out=OptOut(handled) if handled in set(OptOut) else None,
    )


def reply_document(reply: str | None) -> str:
    """Write an answer as TwiML: one text, or none."""
    message = "" if reply is None else f"<Message>{escape(xml_text(reply))}</Message>"
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{message}</Response>'
