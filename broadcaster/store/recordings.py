"""What people have recorded of messages in their own voice, kept beside the message as it was given."""

from sqlalchemy import select

from broadcaster.store.database import Database
from broadcaster.store.schema import recordings


class RecordingStore:
    """Fulfils the channels' ``Recordings``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, message: str, language: str) -> bytes | None:
        """The WAV file of a message in a language, as it was given; None if there is none."""
        wanted = select(recordings.c.content).where(recordings.c.message == message, recordings.c.language == language)
        async with self._database.read() as connection:
            return (await connection.execute(wanted)).scalar()
