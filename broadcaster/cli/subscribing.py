"""What ``subscribers`` does."""

import sys
from datetime import UTC, datetime

from broadcaster.cli import context
from broadcaster.cli.errors import UsageError
from broadcaster.cli.naming import municipalities_named
from broadcaster.cli.output import console, local, print_json, table
from broadcaster.config import Config
from broadcaster.intake import subscription
from broadcaster.numbers import NumberError, masked, mobile
from broadcaster.opening import opened
from broadcaster.store.consents import Evidence
from broadcaster.store.subscribers import Entry


async def add_one(config: Config, number: str, municipality: str | None, language: str | None) -> None:
    """Subscribe one number.

    Raises:
        UsageError: it cannot subscribe.
    """
    wanted = known(config, municipality) or only(config)
    if wanted is None:
        raise UsageError(f"say to which municipality: -m with one of {', '.join(config.municipalities)}.")
    try:
        wish = subscription(_given(number), wanted, language, config.municipalities, config.residents.countries)
    except NumberError as error:
        raise UsageError(f"this {error}.") from None
    except ValueError as error:
        raise UsageError(f"{error}.") from None
    async with opened(config) as store:
        await store.subscribers.expect_key()
        new = await store.subscribers.add([wish], datetime.now(UTC), context.actor())
    print(
        f"{masked(wish.number)} {'subscribes' if new else 'subscribed before'}: {wish.municipality}, {wish.language}."
    )


async def remove_one(config: Config, number: str, municipality: str | None) -> None:
    """End a number's subscriptions.

    Raises:
        UsageError: there is nothing to end.
    """
    municipality = known(config, municipality)
    found = _number(number, config)
    async with opened(config) as store:
        departure = await store.subscribers.remove(found, municipality, datetime.now(UTC), context.actor())
        if departure is None:
            raise UsageError(f"{masked(found)} does not subscribe{f' to {municipality}' if municipality else ''}.")
        await store.subscribers.quiet(departure)
    print(f"{masked(found)} no longer subscribes{f' to {municipality}' if municipality else ''}.")


async def show_one(config: Config, number: str, *, as_json: bool) -> None:
    """Show the evidence of a number's consents.

    Raises:
        UsageError: there is none.
    """
    found = _number(number, config)
    async with opened(config) as store:
        known = await store.subscribers.evidence(found)
    if not known:
        raise UsageError(f"no consent is on record of {masked(found)}.")
    if as_json:
        print_json({"number": masked(found), "consents": [_consent_as_data(one) for one in known]})
        return
    shown = table("municipality", "given", "how", "withdrawn", "how", "text")
    for one in known:
        withdrawn = (local(one.withdrawn, config.zone), one.withdrawn_how or "")
        shown.add_row(one.municipality, local(one.given, config.zone), one.how, *withdrawn, one.version or "")
    out = console()
    out.print(shown)
    for version, text in {one.version: one.shown for one in known if one.version}.items():
        out.print(f"text {version}: {text}")


async def show_all(config: Config, municipality: str | None, *, numbers: bool, as_json: bool) -> None:
    """List subscriptions.

    Raises:
        UsageError: there is no such municipality.
    """
    municipality = known(config, municipality)
    listed = []
    async with opened(config) as store:
        with_gone = await store.subscribers.gone() > 0
        headings = ("number", "municipality", "language", "since", "consent")
        shown = table(*headings, "gone since", "reason") if with_gone else table(*headings)
        async for entry in store.subscribers.all(municipality):
            number = entry.subscription.number if numbers else masked(entry.subscription.number)
            if as_json:
                listed.append(_as_data(entry, number))
            else:
                cells = [number, entry.subscription.municipality, entry.subscription.language]
                cells += [local(entry.since, config.zone), entry.consent or ""]
                if with_gone:
                    cells += [local(entry.gone, config.zone), entry.gone_reason or ""]
                shown.add_row(*cells)
    if as_json:
        print_json({"subscriptions": listed})
    else:
        console().print(shown if shown.row_count else "nobody subscribes yet.")


async def show_count(config: Config, *, as_json: bool) -> None:
    """Count subscriptions."""
    async with opened(config) as store:
        counts = await store.subscribers.counts()
        people = await store.subscribers.people()
        gone = await store.subscribers.gone()
    if as_json:
        found = [{"municipality": m, "language": code, "subscriptions": n} for m, code, n in counts]
        print_json({"people": people, "gone": gone, "counts": found})
        return
    out = console()
    if counts:
        shown = table("municipality", "language", "subscriptions")
        for municipality, language, count in counts:
            shown.add_row(municipality, language, str(count))
        out.print(shown)
    out.print(f"{people} people" if people != 1 else "1 person")
    if gone:
        out.print(
            f"{gone} of the numbers {'is' if gone == 1 else 'are'} gone and left out: `broadcaster subscribers list`"
        )


def _as_data(entry: Entry, number: str) -> dict[str, str | None]:
    return {
        "number": number,
        "municipality": entry.subscription.municipality,
        "language": entry.subscription.language,
        "since": entry.since.isoformat(),
        "consent": entry.consent,
        "gone": entry.gone.isoformat() if entry.gone else None,
        "gone_reason": entry.gone_reason,
    }


def _consent_as_data(one: Evidence) -> dict[str, str | None]:
    return {
        "municipality": one.municipality,
        "given": one.given.isoformat(),
        "how": one.how,
        "version": one.version,
        "text": one.shown,
        "withdrawn": one.withdrawn.isoformat() if one.withdrawn else None,
        "withdrawn_how": one.withdrawn_how,
    }


def _given(number: str) -> str:
    """The number as it was given; ``-`` is read from standard input, which no list of processes shows."""
    if number != "-":
        return number
    if sys.stdin.isatty():
        print("Number: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def _number(written: str, config: Config) -> str:
    try:
        return mobile(_given(written), config.residents.countries)
    except NumberError as error:
        raise UsageError(f"this {error}.") from None


def only(config: Config) -> str | None:
    """The municipality, where there is but one."""
    return next(iter(config.municipalities)) if len(config.municipalities) == 1 else None


def known(config: Config, municipality: str | None) -> str | None:
    """The id of a municipality, if one is named.

    Raises:
        UsageError: there is none of the name.
    """
    return None if municipality is None else municipalities_named(config, [municipality])[0]
