"""Which municipalities the areas of an item lie over, as far as one can tell. Pure.

Whoever cannot place a warning does not drop it: what may be for us is shown to a person.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from broadcaster.sources.entries import Entry
from broadcaster.sources.settings import Rule
from channels.sources.item import PART, Action, Area, Item
from channels.sources.place_names import named
from channels.sources.placing import Lies, Placing, place
from messages.model import Municipality

_UNPLACED = f"{PART}?"
_MOST_NAMED = 20


def concerned(item: Item, rule: Rule) -> tuple[Municipality, ...]:
    """The municipalities of a rule that an item is for, or may be; all, where its source says nothing of areas."""
    if not item.areas:
        return rule.municipalities
    return tuple(one for one in rule.municipalities if _lying(one, rule, item.areas) != {Lies.ELSEWHERE})


def is_placed(item: Item, rule: Rule) -> bool:
    """Whether it is certain for every municipality of a rule if an item is for it."""
    return not _uncertain(item, rule)


def told_apart(item: Item, rule: Rule, acts: Sequence[Entry]) -> Iterator[tuple[Item, Rule]]:
    """Make of an item those that are judged as one, each with the municipalities that it is judged for.

    Those that it is surely for do not wait for those that it may be for: that is an item of its own. What takes back an
    item that was told apart takes back each of its parts.
    """
    if item.action is Action.CANCEL:
        parts = tuple(f"{name}{PART}" for name in (item.id, *item.references))
        names = dict.fromkeys(act.item for act in acts if act.item.startswith(parts))
        yield from ((replace(item, id=name, references=()), rule) for name in names)
    uncertain = _uncertain(item, rule)
    certain = tuple(one for one in rule.municipalities if one not in uncertain)
    if uncertain and concerned(item, replace(rule, municipalities=certain)):
        yield item, replace(rule, municipalities=certain)
        yield replace(item, id=f"{item.id}{_UNPLACED}"), replace(rule, municipalities=uncertain)
    else:
        yield item, rule


def placings(item: Item, rule: Rule) -> str:
    """Where each area of an item lies and how one can tell, for whoever runs this."""
    return "; ".join(dict.fromkeys(_told(area, rule) for area in item.areas[:_MOST_NAMED]))


def _uncertain(item: Item, rule: Rule) -> tuple[Municipality, ...]:
    lying = [(one, _lying(one, rule, item.areas)) for one in rule.municipalities]
    return tuple(one for one, found in lying if Lies.SOMEWHERE in found and Lies.HERE not in found)


def _lying(municipality: Municipality, rule: Rule, areas: Sequence[Area]) -> set[Lies]:
    return {placing.lies for area in areas for placing in _placed(area, municipality, rule)}


def _placed(area: Area, municipality: Municipality, rule: Rule) -> Sequence[Placing]:
    """How an area lies to a municipality; a company, which has no number of its own, is where those beside it are."""
    if code := _code(municipality):
        return [place(area, code)]
    if municipality.variables["name"].casefold() in area.name.casefold():
        return [Placing(Lies.HERE, "its name")]
    beside = [place(area, code) for one in rule.municipalities if (code := _code(one))]
    return beside or [Placing(Lies.SOMEWHERE, "its name or code: nobody here has a code of a municipality")]


def _code(municipality: Municipality) -> str:
    """Its official number, which its name tells where the configuration does not; empty for a company."""
    if municipality.code:
        return municipality.code
    found = named(municipality.variables["name"])
    return "".join(found.municipalities) if found.is_all and len(found.municipalities) == 1 else ""


def _told(area: Area, rule: Rule) -> str:
    found = [(one, placing) for one in rule.municipalities for placing in _placed(area, one, rule)]
    here = [(one, placing) for one, placing in found if placing.lies is Lies.HERE]
    somewhere = [placing for _, placing in found if placing.lies is Lies.SOMEWHERE]
    if here:
        where = f"{', '.join(dict.fromkeys(one.id for one, _ in here))} by {here[0][1].by}"
    elif somewhere:
        where = f"cannot be placed by {somewhere[0].by}"
    else:
        where = f"elsewhere by {found[0][1].by}"
    return f"{area.name or 'an area without a name'}: {where}"
