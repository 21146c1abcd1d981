"""46elks in the configuration: the account, and the name or number that residents see."""

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field

from channels import fiction
from channels.address import BaseUrl
from channels.provider import Firm, Provider, built_by
from channels.settings import Secret
from channels.sms import E164, NOBODYS, SMS, SmsSettings


def _sender(text: str) -> str:
    if not re.fullmatch(rf"{E164}|[A-Za-z][A-Za-z0-9]{{2,10}}", text):
        raise ValueError(
            "a sender is a number such as +46… or a name of 3 to 11 letters a-z and digits, a letter first"
        )
    return text


class ElksSettings(SmsSettings):
    """A 46elks account and the sender that residents see.

    Args:
        username: API username; begins with u, or a for a subaccount.
        password: API password.
        sender: an E.164 number of the account, or a name of 3 to 11 letters and digits.
        base_url: where the paths of 46elks begin.
    """

    username: str = Field(pattern=r"^[ua][0-9A-Za-z]+$")
    password: Secret
    sender: Annotated[str, AfterValidator(_sender)]
    base_url: BaseUrl = "https://api.46elks.com"

    def made_up(self) -> Iterator[tuple[str, str]]:
        """Add the account, and the number in the sender's place."""
        yield from super().made_up()
        if fiction.is_name(self.username):
            yield "username", "no account at 46elks is called that"
        if fiction.is_number(self.sender):
            yield "sender", NOBODYS


PROVIDER = Provider(
    name="46elks",
    channel=SMS,
    settings=ElksSettings,
    build=built_by("channels.elks"),
    target=None,
    concurrency=10,
    rate=1.5,
    firm=Firm("46elks", in_eu=True),
)
"""46elks lets an account send about 100 SMS a minute unless it agrees to more; 90 leaves some for others."""
