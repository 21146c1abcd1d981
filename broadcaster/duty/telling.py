"""Telling the people on duty something, once."""

from datetime import datetime, timedelta

from broadcaster.config import Config
from broadcaster.store import duty
from broadcaster.store.database import Database
from broadcaster.store.duty import Text
from broadcaster.store.sealing import Seal
from broadcaster.store.slips import Slip

LIFETIME = timedelta(minutes=30)
"""How long after it was due a text to those on duty may still leave."""


async def tell(database: Database, config: Config, key: str, incident: str, text: str, now: datetime) -> bool:
    """Let those on duty have a text; tells whether it was the first time of that key."""
    settings, close = config.duty, Seal(config.key).close
    texts = [
        Text(settings.account, Slip(key, close(number), close(text), settings.language, now, now + LIFETIME))
        for number in settings.numbers
        if settings.account is not None
    ]
    return await duty.remind(database, key, incident, now, texts)
