"""Where a record is put: a folder that is there as a whole or not at all, and takes the place of nothing else."""

import json
import os
import shutil
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from broadcaster import private
from broadcaster.record.document import FORMAT
from broadcaster.record.files import MANIFEST, TIMELINE
from channels.folder import keep


class OccupiedError(Exception):
    """Something else is in the folder; says what."""


def put(directory: Path, files: Mapping[str, bytes], incident: str) -> None:
    """Put a record into a new or empty folder, or in the place of an earlier one of the same incident.

    Raises:
        OccupiedError: there is something that would be lost; nothing was changed.
        OSError: it cannot be written; what was there is there.
    """
    directory = directory.absolute()
    made, former = (directory.parent / f".{directory.name}.{word}" for word in ("unfinished", "former"))
    if former.exists() and not directory.exists():  # a crash came between
        former.rename(directory)
    is_earlier = directory.exists() and any(directory.iterdir())
    if is_earlier and (reason := _other(directory, incident)):
        raise OccupiedError(reason)
    for left in (made, former):
        shutil.rmtree(left, ignore_errors=True)
    try:
        _write(made, files)
        if is_earlier:
            directory.rename(former)
        made.rename(directory)
    except OSError:
        if former.exists() and not directory.exists():
            former.rename(directory)
        shutil.rmtree(made, ignore_errors=True)
        raise
    keep(directory.parent)
    shutil.rmtree(former, ignore_errors=True)


def _other(directory: Path, incident: str) -> str:
    """Why a folder does not hold an earlier record of the incident, as it was written; empty if it does."""
    try:
        data = json.loads((directory / TIMELINE).read_bytes())
        if data["format"] != FORMAT or data["incident"]["name"] != incident:
            return "it holds the record of another incident"
        found = {
            path.relative_to(directory).as_posix(): sha256(path.read_bytes()).hexdigest()
            for path in directory.rglob("*")
            if not path.is_dir()
        }
        lines = (directory / MANIFEST).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError, KeyError, TypeError):
        return "it holds something else than a record"
    written = {path: digest for digest, _, path in (line.partition("  ") for line in lines)}
    del found[MANIFEST]
    differing = sorted(path for path in found.keys() | written.keys() if found.get(path) != written.get(path))
    return f"{differing[0]} in it is not as it was written" if differing else ""


def _write(directory: Path, files: Mapping[str, bytes]) -> None:
    directory.mkdir(mode=private.FOLDER)
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(mode=private.FOLDER, exist_ok=True)
        with private.create(path) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    for folder in {(directory / name).parent for name in files}:
        keep(folder)
