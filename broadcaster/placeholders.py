"""What in a configuration only stands for something. Whoever sends for real and still has some of it reaches nobody."""

from collections.abc import Iterator

from broadcaster.config import Config, ConfigError, Mode
from channels import fiction
from messages import toml_lines
from messages.problems import Place, Problem

_REPLACE = "Put your own in its place."
_TAKE_OUT = "Take the line out: without it the account speaks to the real provider."


def placeholders(config: Config) -> list[Problem]:
    """All that is still to be replaced where the mode is live; in the sandbox everything may stand for something."""
    if config.mode is not Mode.LIVE:
        return []
    source = config.file.read_text(encoding="utf-8")
    return [
        Problem(
            f"{what}.",
            Place(str(config.file), toml_lines.line_of(source, path), ".".join(path)),
            _TAKE_OUT if path[-1] == "base_url" else _REPLACE,
        )
        for path, what in _found(config)
    ]


def expect_none(config: Config) -> None:
    """Make sure that nothing of a live configuration still has to be replaced.

    Raises:
        ConfigError: something has.
    """
    if problems := placeholders(config):
        raise ConfigError(problems)


def _found(config: Config) -> Iterator[tuple[tuple[str, ...], str]]:
    if config.serve.public_url is not None and fiction.is_address(config.serve.public_url):
        yield ("serve", "public_url"), "the address leads to this machine, or nowhere: no receipts and no calls come in"
    if any(map(fiction.is_number, config.duty.numbers)):
        yield ("duty", "numbers"), "a number belongs to nobody, so nobody on duty is told"
    for name, account in config.accounts.items():
        for key, what in account.settings.made_up():
            yield ("accounts", name, key), what
    for name, source in config.sources.items():
        if fiction.is_played(source.url):
            yield ("sources", name, "url"), "the sandbox plays what is there, and residents would take it for true"
    for id_, municipality in config.municipalities.items():
        if fiction.is_number(municipality.variables["phone"]):
            yield ("municipalities", id_, "phone"), "the number belongs to nobody, and residents are told to call it"
        web = municipality.variables["web"]
        if fiction.is_address(web if "//" in web else f"https://{web}"):
            yield ("municipalities", id_, "web"), "the address leads nowhere, and residents are told to look there"
