"""Drafts: complete messages in files beside the configuration, for a person to look at, change and send."""

import re
from itertools import count
from pathlib import Path

from broadcaster import private
from broadcaster.sources.composing import short_hash

FOLDER = "drafts"
"""Where they stand, seen from the configuration."""


def write(folder: Path, source: str, item: str, text: str) -> str:
    """Write a draft, beside those there are: a file that somebody may have changed is never written over.

    Returns:
        The file's name. The same text again is the same file.

    Raises:
        OSError: it cannot be written.
    """
    private.make_folder(folder)
    for number in count(1):
        file = folder / f"{_stem(source, item)}{'' if number == 1 else f'-{number}'}.md"
        try:
            with private.create(file) as stream:
                stream.write(text.encode())
        except FileExistsError:
            if file.read_bytes() != text.encode():
                continue
        return file.name
    raise AssertionError  # there is always another number


def _stem(source: str, item: str) -> str:
    """A name that every file system takes: that of the item, or a short one where it is long or unusual."""
    fits = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", item)
    return f"{source}-{item if fits else short_hash(item)}"
