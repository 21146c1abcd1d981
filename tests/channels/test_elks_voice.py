"""Phone lines at 46elks: what callers hear, and that every way through the actions ends at the switchboard."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from channels.elks_voice import ElksLine, actions, call_secret, choices_of, straight_through, words_of
from channels.providers.elks_voice import ElksVoiceSettings
from messages.model import Municipality

SWITCHBOARD = "+4648588000"
SETTINGS = ElksVoiceSettings(
    provider="46elks-voice",
    line="+46846500400",
    switchboard=SWITCHBOARD,
    secret=SecretStr("correct-horse-battery"),
    directory=Path("calls"),
)
LINE = ElksLine(SETTINGS, ("sv", "en"), ("sv", "en"))
HERE = "https://kris.example.se/webhooks/46elks/voice/secret"
FILES = [file for language in LINE.languages for file in SETTINGS.files(language)]
AUDIO = {file: f"https://kris.example.se/prompts/0/{file}" for file in FILES}
KEYS = set("0123456789")


def audio(*names: str) -> dict[str, str]:
    files = [f"46846500400-{name}.wav" for name in names]
    return {file: AUDIO[file] for file in files}


def heard(action: Mapping[str, Any] | str, *keys: str) -> list[str]:
    """What a caller hears who presses these keys when asked: the files, and where the call goes."""
    pressed, lines = iter(keys), list[str]()
    while True:
        if isinstance(action, str):
            return [*lines, action.removeprefix("https://kris.example.se")]
        if "connect" in action:
            return [*lines, action["connect"]]
        file = action.get("play") or action["ivr"]
        lines.append(file.rsplit("46846500400-")[1].removesuffix(".wav"))
        key = next(pressed, "") if "ivr" in action else ""
        action = action.get(key) or action["next"]


def every_end(action: Mapping[str, Any] | str) -> Iterator[str]:
    """Where a call can end, whatever is pressed."""
    if isinstance(action, str):
        yield action
        return
    if "connect" in action:
        yield action["connect"]
    for key in {"next", "failed", *KEYS} & action.keys():
        yield from every_end(action[key])


def test_the_announcement_is_played_and_then_the_switchboard_is_connected() -> None:
    alone = audio("sv", "sv-repeat")
    assert heard(actions(LINE, alone, HERE)) == ["sv", "sv-repeat", SWITCHBOARD]


def test_a_further_language_is_offered_in_itself_by_a_key() -> None:
    answer = actions(LINE, AUDIO, HERE)
    assert heard(answer) == ["en-choice", "sv", "sv-repeat", SWITCHBOARD]
    assert heard(answer, "2") == ["en-choice", "en", "en-repeat", SWITCHBOARD]
    assert heard(answer, "1") == ["en-choice", "sv", "sv-repeat", SWITCHBOARD]
    assert heard(answer, "7") == ["en-choice", "sv", "sv-repeat", SWITCHBOARD]
    assert heard(answer, "0") == ["en-choice", SWITCHBOARD]


@pytest.mark.parametrize("language", ["sv", "en"])
def test_an_announcement_can_be_heard_again_as_it_is_then(language: str) -> None:
    again = heard(actions(LINE, AUDIO, HERE, language), "9")
    assert again == [language, f"{language}-repeat", f"/webhooks/46elks/voice/secret?language={language}"]


def test_no_timeout_can_cut_an_announcement_off() -> None:
    def asks(action: Mapping[str, Any] | str) -> Iterator[str]:
        if not isinstance(action, str):
            yield from [action["ivr"]] if "ivr" in action else []
            for branch in action.values():
                if isinstance(branch, dict):
                    yield from asks(branch)

    assert {file.split("-")[-1] for file in asks(actions(LINE, AUDIO, HERE))} == {"choice.wav", "repeat.wav"}


@pytest.mark.parametrize("missing", [{"46846500400-sv.wav"}, {"46846500400-en-choice.wav"}, set(FILES), set(FILES[1:])])
@pytest.mark.parametrize("wanted", [None, "sv", "en", "uk", "<>"])
def test_every_way_ends_at_the_switchboard_whatever_is_missing(missing: set[str], wanted: str | None) -> None:
    there = {file: url for file, url in AUDIO.items() if file not in missing}
    ends = set(every_end(actions(LINE, there, HERE, wanted)))
    assert SWITCHBOARD in ends
    assert ends <= {SWITCHBOARD, f"{HERE}?language=sv", f"{HERE}?language=en"}


@pytest.mark.parametrize(("there", "wanted"), [({}, None), ({}, "sv"), (AUDIO, "uk"), (AUDIO, "")])
def test_what_cannot_be_heard_keeps_nobody_from_the_switchboard(there: dict[str, str], wanted: str | None) -> None:
    assert actions(LINE, there, HERE, wanted) == straight_through(SWITCHBOARD)


def test_a_switchboard_that_cannot_be_reached_is_tried_once_more() -> None:
    assert straight_through(SWITCHBOARD) == {"connect": SWITCHBOARD, "failed": {"connect": SWITCHBOARD}}


def test_a_key_means_the_same_on_all_lines() -> None:
    borgholm = Municipality("borgholm", ("sv", "en"), ("ivr",), {})
    abroad = Municipality("abroad", ("en",), ("ivr",), {})
    silent = Municipality("silent", ("uk",), ("sms",), {})
    choices = choices_of([borgholm, abroad, silent])
    assert choices == ("sv", "en")
    assert words_of(SETTINGS, choices)["en"]["46846500400-en-choice.wav"] == "For English, press 2."
    assert heard(actions(ElksLine(SETTINGS, ("en",), choices), AUDIO, HERE)) == ["en", "en-repeat", SWITCHBOARD]


def test_a_line_has_an_address_of_its_own_that_does_not_tell_the_secret() -> None:
    other = SETTINGS.model_copy(update={"line": "+46846500401"})
    assert call_secret(SETTINGS) != call_secret(other)
    assert len(call_secret(SETTINGS)) == 32
    assert "battery" not in call_secret(SETTINGS)
    assert "battery" not in repr(SETTINGS)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"line": "0485-880 00"}, "line"),
        ({"line": SWITCHBOARD}, "a call would never arrive"),
        ({"secret": SecretStr("abc")}, "the secret can be guessed: make it at least 16 characters long"),
        ({"voices": {"xx": "a.onnx"}}, '"xx" is not a known language'),
        ({"queue": "kris"}, "queue"),
    ],
)
def test_settings_that_would_leave_callers_alone_are_refused(changes: dict[str, object], told: str) -> None:
    written = {
        "provider": "46elks-voice",
        "line": "+46846500400",
        "switchboard": SWITCHBOARD,
        "secret": SETTINGS.secret,
    }
    with pytest.raises(ValidationError, match=told):
        ElksVoiceSettings.model_validate({**written, **changes})


def test_relative_folders_are_meant_from_the_configurations(tmp_path: Path) -> None:
    written = {
        "provider": "46elks-voice",
        "line": "+46846500400",
        "switchboard": SWITCHBOARD,
        "secret": SETTINGS.secret,
    }
    settings = ElksVoiceSettings.model_validate(written, context={"folder": tmp_path})
    assert settings.directory == tmp_path / "calls"
