"""What ``subscribers import`` does."""

import asyncio
import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import TextIOWrapper
from itertools import count
from pathlib import Path
from typing import Any

from rich.console import Console

from broadcaster import private
from broadcaster.cli import context
from broadcaster.cli.agreeing import agreed
from broadcaster.cli.errors import BAD_INPUT, NOT_DELIVERED, ServiceError
from broadcaster.cli.output import console, print_json, table
from broadcaster.cli.subscribing import known, only
from broadcaster.config import Config
from broadcaster.intake import BadRow, Intake, read_list
from broadcaster.numbers import masked
from broadcaster.opening import opened
from broadcaster.spreadsheet import sheets_of
from messages.problems import InputError, Place, Problem

LARGEST_FILE = 64_000_000
"""Bytes: some two million rows."""

_SHOWN = 20  # rows left out that are listed on a terminal; the file has all
_FIRST = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """A list, and what was said of it on the command line.

    Args:
        municipality, language: for rows that name none.
    """

    file: Path
    sheet: str | None
    municipality: str | None
    language: str | None


async def import_file(config: Config, wanted: Wanted, *, yes: bool, dry_run: bool, as_json: bool) -> int:
    """Import a list; returns the exit code, which tells when rows were bad.

    Raises:
        InputError: the file cannot be read, or is no list.
        UsageError: there is no such municipality, or nobody can be asked.
        ServiceError: the file of the rows left out cannot be written.
    """
    wanted = replace(wanted, municipality=known(config, wanted.municipality))
    intake = await asyncio.to_thread(_understood, config, wanted)
    out = console(quiet=as_json)
    _show(out, wanted.file, intake)
    code = BAD_INPUT if intake.bad else 0
    if dry_run:
        out.print("Nothing was written: --dry-run.")
        if as_json:
            print_json(_as_data(intake, None))
        return code
    question = f"Import {_counted(len(intake.good), 'subscription')}?"
    if intake.good and not (yes or agreed(question, "add --yes, or look at it with --dry-run.")):
        out.print("Nothing was written.")
        return NOT_DELIVERED
    async with opened(config) as store:
        await store.subscribers.expect_key()
        new, left = await store.subscribers.add_listed(intake.good, datetime.now(UTC), context.actor())
    before = len(intake.good) - new - left
    left_out = _write_left_out(wanted.file, intake) if intake.bad else None
    out.print(f"{new} new, {before} known before, {len(intake.bad)} bad rows left out.")
    if left_out is not None:
        out.print(f"The rows left out are in {left_out}, with the reasons: correct them there and import that file.")
    if left:
        out.print(f"{left} skipped: they opted out (STOPP). If one asks to join again: `broadcaster subscribers add`.")
    if as_json:
        print_json({"imported": new, "known": before, "left": left} | _as_data(intake, left_out))
    return code


def _understood(config: Config, wanted: Wanted) -> Intake:
    file = str(wanted.file)
    return read_list(
        sheets_of(_content(wanted.file), file),
        file,
        config.municipalities,
        sheet=wanted.sheet,
        municipality=wanted.municipality or only(config),
        language=wanted.language,
        countries=config.residents.countries,
    )


def _content(file: Path) -> bytes:
    place = Place(str(file))
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise InputError([Problem("is larger than 64 MB.", place, "Divide it.")])
        return file.read_bytes()
    except OSError as error:
        raise InputError([Problem(f"cannot be read: {error.strerror}.", place, "Check the name.")]) from None


def _show(out: Console, file: Path, intake: Intake) -> None:
    """Show what was understood: how the file was read, its columns, the first of the good rows and the bad ones."""
    out.print(f"{file}: {intake.form}; the heads stand in row {intake.heads}.")
    columns = table("column", "head", "read as")
    for column in intake.columns:
        columns.add_row(column.letter, column.head, column.meaning or "not read")
    out.print(columns, "")
    if intake.good:
        first = table("number", "municipality", "language")
        for wish in intake.good[:_FIRST]:
            first.add_row(masked(wish.number), wish.municipality, wish.language)
        if len(intake.good) > _FIRST:
            first.add_row(f"and {len(intake.good) - _FIRST} more")
        out.print(first, "")
    for row in intake.bad[:_SHOWN]:
        out.print(f"{file}: row {row.row}: {row.reason}")
    if len(intake.bad) > _SHOWN:
        out.print(f"{file}: {_counted(len(intake.bad) - _SHOWN, 'more row')} left out")
    each = Counter(wish.municipality for wish in intake.good)
    whose = f" ({', '.join(f'{name} {number}' for name, number in each.items())})" if each else ""
    out.print(f"{_counted(len(intake.good), 'row')} to import{whose}, {len(intake.bad)} to leave out.")


def _write_left_out(file: Path, intake: Intake) -> Path:
    """Write the rows that were left out beside the list, for nobody else to read; a file that is there is left alone.

    Raises:
        ServiceError: it cannot be written.
    """
    for number in count(1):
        beside = file.with_name(f"{file.stem}-left-out{'' if number == 1 else f'-{number}'}.csv")
        try:
            handle = private.create(beside)
        except FileExistsError:
            continue
        except OSError as error:
            raise ServiceError(f"{beside} cannot be written: {error.strerror}. The good rows are imported.") from None
        with TextIOWrapper(handle, encoding="utf-8-sig", newline="") as stream:  # with the mark that Excel looks for
            csv.writer(stream, delimiter=";").writerows(_rows(intake))
        return beside
    raise AssertionError  # there is always another number


def _rows(intake: Intake) -> Sequence[Sequence[str]]:
    heads = ["row", "reason", *intake.head_row]
    return [heads, *([str(bad.row), bad.reason, *bad.cells] for bad in intake.bad)]


def _as_data(intake: Intake, left_out: Path | None) -> dict[str, Any]:
    return {
        "form": intake.form,
        "heads": intake.heads,
        "columns": {column.letter: column.meaning for column in intake.columns},
        "good": len(intake.good),
        "bad": [_bad_as_data(row) for row in intake.bad],
        "left_out": None if left_out is None else str(left_out),
    }


def _bad_as_data(row: BadRow) -> dict[str, Any]:
    return {"row": row.row, "reason": row.reason}


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
