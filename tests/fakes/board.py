"""A board of services that stands as a test wishes: stands in for the store where only its contract matters."""

from collections.abc import Sequence

from channels.contract import Standing


class FixedBoard:
    """Fulfils ``channels.contract.Board``."""

    def __init__(self, *standings: Standing) -> None:
        self.all = list(standings)

    async def standings(self) -> Sequence[Standing]:
        return self.all
