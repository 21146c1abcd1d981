"""What ``broadcaster init`` writes. Whatever is there already is left as it is."""

import re
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

from broadcaster import private
from broadcaster.store.sealing import new_key
from channels import fiction


class ScaffoldError(Exception):
    """Something could not be written; the message says what and why."""


PORT = 8080
"""Where ``serve`` listens unless somebody wants it elsewhere; the sandbox listens ten below."""


def template(port: int = PORT) -> str:
    """The commented configuration that works against the sandbox; ``port`` is that of ``serve``."""
    text = (files("broadcaster") / "config.toml").read_text(encoding="utf-8")
    ports = {str(PORT): str(port), str(PORT - 10): str(port - 10)}
    return re.sub("|".join(ports), lambda found: ports[found[0]], text)


def write_missing(file: Path, port: int = PORT) -> list[Path]:
    """Write the configuration, the key and the sandbox's secrets that are not there yet.

    Args:
        file: where the configuration goes; key and secrets go into its folder.
        port: where ``serve`` is to listen.

    Returns:
        What was written, in the order of writing.

    Raises:
        ScaffoldError: when something cannot be written.
    """
    try:
        new = _write_new(file, template(port))
        secrets = _secrets(file.read_bytes())
        found = [(file.parent / name, secret) for name, secret in secrets]
        return [file] * new + [path for path, secret in found if _write_new(path, f"{secret}\n")]
    except OSError as error:
        raise ScaffoldError(
            f"{error.filename or file}: cannot be written: {error.strerror}. Choose a folder that you may use."
        ) from None


def _secrets(source: bytes) -> Iterator[tuple[str, str]]:
    """The files of secrets that a configuration names and that are ours to make.

    One that a person has changed names secrets of providers; of those only the key is ours.
    """
    try:
        config = tomllib.loads(source.decode())
    except ValueError:  # told by whoever reads the configuration to use it
        return
    key = config.get("key")
    if isinstance(key, dict) and isinstance(key.get("file"), str):
        yield key["file"], new_key()
    port = re.search(rb"^port = (\d+)$", source, re.MULTILINE)  # the first one is that of serve
    if port is None or source != template(int(port[1])).encode():
        return
    for account in config["accounts"].values():
        for value in account.values():
            if isinstance(value, dict) and "file" in value:
                yield value["file"], fiction.SECRET  # the sandbox takes any; a live one comes from the provider


def _write_new(path: Path, text: str) -> bool:
    """Write a file, for its owner alone, unless it is there."""
    with suppress(FileExistsError):  # a file in the folder's place, which opening will tell
        private.make_folder(path.parent)
    try:
        with private.create(path) as stream:
            stream.write(text.encode())
    except FileExistsError:
        return False
    return True
