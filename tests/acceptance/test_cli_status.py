"""``status`` once providers have reported what arrived."""

from datetime import UTC, datetime

from broadcaster.config import load
from broadcaster.opening import opened
from broadcaster.store.receipts import believe
from channels.contract import Arrival, Receipt
from tests.support.desk import Desk
from tests.support.storing import fetch
from tests.support.world import resident


async def test_what_is_known_to_have_arrived_has_a_column_and_a_number_of_its_own(desk: Desk) -> None:
    await desk.subscribe([resident(0), resident(1), resident(2)])
    sent = await desk.run("send", desk.message(), "--yes")
    async with opened(load(desk.folder / "config.toml")) as store:
        told = [Arrival.DELIVERED, Arrival.DELIVERED, Arrival.UNDELIVERED]
        texts = "SELECT message, id, remote_id FROM deliveries WHERE subscriber IS NOT NULL ORDER BY id"
        found = zip(await fetch(store.database, texts), told, strict=True)
        receipts = [Receipt(f"{message}-{id_}", name, arrival, "no") for (message, id_, name), arrival in found]
        assert await believe(store.database, receipts, datetime.now(UTC)) == 3
    status, as_json = await desk.run("status"), await desk.run("status", "--json")

    assert "delivered" not in sent.out
    heading, *lines = status.out.replace("in doubt", "in_doubt").splitlines()[2:]
    columns = "channel municipality accepted delivered in_doubt rejected undelivered"
    assert heading.split() == columns.split()
    assert ["sms", "borgholm", "0", "2", "0", "0", "1"] in [line.split() for line in lines]
    assert any(line.endswith(" were accepted. Known to have arrived: 2.") for line in lines)
    counted = as_json.data["deliveries"]["sms"]
    assert (counted["accepted"], counted["delivered"], counted["undelivered"]) == (0, 2, 1)
    assert status.code == as_json.code == 1
