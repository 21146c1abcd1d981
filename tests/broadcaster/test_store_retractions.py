"""What a retraction counts: what really went out, each resident once."""

from broadcaster.delivery import State
from broadcaster.store import retractions
from broadcaster.store.database import Database
from broadcaster.store.retractions import Reached
from broadcaster.store.submissions import submit
from broadcaster.store.subscribers import Subscribers
from tests.support.storing import BORGHOLM, NOW, SEAL, SECOND, TO_BORGHOLM, execute, posts, submission, subscribe

NUMBERS = [f"+467017406{place:02}" for place in range(5, 5 + len(State))]
WRONG, RIGHT = "0a1b2c3d4e", "ffffffffff"


async def test_each_resident_counts_once_as_the_surest_of_what_is_known(database: Database) -> None:
    await subscribe(database, *((number, "borgholm", "sv") for number in NUMBERS))
    for id_ in (WRONG, RIGHT):
        routes, issued = [TO_BORGHOLM], NOW + SECOND * (id_ == RIGHT)
        await submit(database, submission(id_, renditions=[BORGHOLM], routes=routes, issued=issued), "test")
    for place, state in enumerate(State):
        one = "(SELECT id FROM deliveries WHERE message = :id ORDER BY id LIMIT 1 OFFSET :place)"
        changed = "UPDATE deliveries SET state = :state WHERE id = "
        await execute(database, changed + one, state=state, id=WRONG, place=place)
    await execute(database, "UPDATE deliveries SET state = 'cancelled' WHERE message = :id", id=RIGHT)

    assert await retractions.reached(database, [WRONG]) == Reached(got=2, in_doubt=2, leaving=1)

    corrected = "UPDATE deliveries SET state = 'accepted' WHERE message = :id AND subscriber IN "
    has = "(SELECT subscriber FROM deliveries WHERE message = :wrong AND state IN ('delivered', 'in_doubt', 'sending'))"
    await execute(database, corrected + has, id=RIGHT, wrong=WRONG)
    assert await retractions.reached(database, [WRONG, RIGHT]) == Reached(got=4, in_doubt=1, leaving=0)


async def test_whoever_got_it_and_has_left_since_then_counts_and_a_page_does_not(database: Database) -> None:
    await subscribe(database, (NUMBERS[0], "borgholm", "sv"), (NUMBERS[1], "borgholm", "sv"))
    await submit(database, submission(renditions=[BORGHOLM], routes=[TO_BORGHOLM]), "test")
    await submit(database, posts(3, RIGHT), "test")
    await execute(database, "UPDATE deliveries SET state = 'accepted'")
    for number in NUMBERS[:2]:
        await Subscribers(database, SEAL).remove(number, None, NOW, "test")
    assert await retractions.reached(database, [WRONG, RIGHT]) == Reached(got=2, in_doubt=0, leaving=0)
