"""Whether lines with prompts have what they need on this machine: a voice for each language, and their greetings."""

from collections.abc import Iterator
from pathlib import Path

from broadcaster.config import Config, ConfigError
from channels.prompts.recording import RecordingError, read
from channels.prompts.speech import Speaker
from channels.providers.elks_voice import ElksVoiceSettings
from channels.providers.prompts import PromptSettings
from messages.problems import Place, Problem


def expect_voices(config: Config) -> None:
    """See to it that every line can say something.

    Raises:
        ConfigError: with everything that is missing.
    """
    problems = [problem for name in config.accounts for problem in _missing(config, name)]
    if problems:
        raise ConfigError(problems)


def _missing(config: Config, account: str) -> Iterator[Problem]:
    settings = config.accounts[account].settings
    if not isinstance(settings, PromptSettings | ElksVoiceSettings):
        return
    speaker = Speaker(settings.voices)
    for language in config.languages_of(account):
        if reason := speaker.missing(language):
            yield Problem(f"{language} is not spoken: {reason}.", Place(str(config.file), key=f"accounts.{account}"))
    for language, greeting in settings.greetings.items():
        if reason := _unusable(greeting):
            place = Place(str(config.file), key=f"accounts.{account}.greetings.{language}")
            yield Problem(f"{greeting} cannot be used: {reason}.", place)


def _unusable(greeting: Path) -> str | None:
    try:
        read(greeting.read_bytes())
    except OSError as error:
        return error.strerror
    except RecordingError as error:
        return str(error)
    return None
