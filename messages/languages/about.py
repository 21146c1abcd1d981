"""What the page about a sender says: who stands behind the public page, and what the law wants residents to be told."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AboutWords:
    """The words in one language. ``{municipality}`` and ``{phone}`` are the sender's; longer texts are Markdown.

    Args:
        title: of the page.
        link: leads there from every page; ``{municipality}`` is added before it where several stand.
        accessibility: heading of the accessibility statement.
        accessibility_text: the statement, as far as it is true of every sender; ``{contact}`` says how to complain.
        data_protection: heading of what is said of personal data, and what leads there.
        reading: what is kept of those who only read.
        texts: what is kept of those who get SMS, and their rights; ``{contact}`` as above, ``{officer}`` and
            ``{processors}`` are sentences, or nothing.
        contact, contact_email: how the sender is reached: ``{phone}``, or ``{email}`` as well.
        officer: how its data protection officer is reached: ``{officer}``.
        processors: who sends the SMS for it: ``{firms}``.
        outside: says of ``{firms}`` that they are outside the EU.
        press: whom journalists turn to.
        facebook: leads to the sender's Facebook page.
    """

    title: str
    link: str
    accessibility: str
    accessibility_text: str
    data_protection: str
    reading: str
    texts: str
    contact: str
    contact_email: str
    officer: str
    processors: str
    outside: str
    press: str
    facebook: str
