"""Recordings kept in memory: stands in for the store where only its contract matters."""


class MemoryRecordings:
    """Fulfils ``channels.contract.Recordings``.

    Attributes:
        files: by message and language.
    """

    def __init__(self) -> None:
        self.files: dict[tuple[str, str], bytes] = {}

    async def find(self, message: str, language: str) -> bytes | None:
        return self.files.get((message, language))
