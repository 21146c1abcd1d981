"""What the accounts of all SMS providers have in common."""

import pytest
from pydantic import ValidationError

from channels.sms import SmsSettings
from messages.model import Rendition


@pytest.mark.parametrize(
    ("unit", "text", "weight"),
    [
        ("messages", "a" * 160, 1),
        ("messages", "a" * 161, 1),
        ("segments", "a" * 160, 1),
        ("segments", "a" * 161, 2),
        ("segments", "🚱" * 35, 1),
        ("segments", "🚱" * 36, 2),
    ],
)
def test_a_text_counts_once_or_by_its_segments(unit: str, text: str, weight: int) -> None:
    settings = SmsSettings.model_validate({"provider": "twilio", "rate_unit": unit})
    assert settings.weight(Rendition("borgholm", "sms", "sv", "", text)) == weight


def test_a_rate_counts_messages_unless_something_else_is_said() -> None:
    assert SmsSettings(provider="twilio").rate_unit == "messages"


@pytest.mark.parametrize("wrong", [{"rate_unit": "characters"}, {"rate": float("inf")}, {"rate": float("nan")}])
def test_a_rate_is_a_number_of_something_known(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SmsSettings.model_validate({"provider": "twilio"} | wrong)
