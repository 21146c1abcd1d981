"""Sets of rows that travel as one value come through unchanged."""

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Text, select

from broadcaster.store import sets
from broadcaster.store.database import Database

# What PostgreSQL keeps: no NUL, no halves of surrogate pairs.
WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
NUMBERS = st.integers(-(2**63), 2**63 - 1)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.none() | NUMBERS, st.none() | WORDS)))
@example([(2**63 - 1, 'citat "å" och \\'), (None, None), (-(2**63), "rad\n\tnästa ♥ 👍"), (0, ""), (1, "null")])
async def test_rows_come_through_both_ways_unchanged(
    database: Database, rows: list[tuple[int | None, str | None]]
) -> None:
    dialect = database.dialect
    table = sets.spread(dialect, "given", number=BigInteger(), words=Text())
    async with database.read() as connection:
        there = await connection.execute(select(table.c.number, table.c.words), {"given": sets.text(rows)})
        assert [tuple(row) for row in there] == rows
        back = await connection.execute(
            select(sets.gathered(dialect, table.c.number, table.c.words)), {"given": sets.text(rows)}
        )
        assert [tuple(row) for row in sets.rows(back.scalar())] == rows
