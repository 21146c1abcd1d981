"""Sets of rows to and from the database in one value.

The driver hands rows over one by one, letting go of the interpreter lock at each; with a busy event loop every row then
waits for it. A set that travels as one JSON text costs one such wait.
"""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, ColumnElement, FromClause, Text, bindparam, cast, column, func, select
from sqlalchemy.types import TypeEngine


def gathered(dialect: str, *columns: ColumnElement[Any]) -> ColumnElement[str]:
    """The selected rows as one JSON array of arrays; read it with :func:`rows`."""
    if dialect == "postgresql":
        return cast(func.json_agg(func.json_build_array(*columns)), Text)
    return func.json_group_array(func.json_array(*columns))


def rows(gathered_text: str | None) -> list[list[Any]]:
    """What :func:`gathered` gave, as Python values."""
    return json.loads(gathered_text) if gathered_text else []


def spread(dialect: str, name: str, *, of: ColumnElement[str] | None = None, **columns: TypeEngine[Any]) -> FromClause:
    """A table made of a JSON array of arrays; write it with :func:`text`.

    Args:
        of: the array; by default a parameter of the table's name.
    """
    bound = bindparam(name, type_=Text) if of is None else of
    if dialect == "postgresql":
        source = func.json_array_elements(cast(bound, JSON)).table_valued(column("value", JSON))
        cells = [
            cast(source.c.value.op("->>")(position), kind).label(cell)
            for position, (cell, kind) in enumerate(columns.items())
        ]
    else:
        source = func.json_each(bound).table_valued("value")
        cells = [
            func.json_extract(source.c.value, f"$[{position}]", type_=kind).label(cell)
            for position, (cell, kind) in enumerate(columns.items())
        ]
    return select(*cells).select_from(source).subquery(name)


def text(values: Sequence[Sequence[Any]]) -> str:
    """Rows as :func:`spread` reads them."""
    return json.dumps(values, separators=(",", ":"))
