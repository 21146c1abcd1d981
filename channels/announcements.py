"""What phone lines say, whoever answers them: one announcement at a time for each language, the newest."""

from collections.abc import Mapping

from channels.contract import Accepted, ChannelKind, Parcel, Rejected, Surfaces
from messages.model import Form, Limits, Markup

IVR = ChannelKind("ivr", Form(Markup.SPEECH, Limits(characters=4096, words=150)), repeatable=True)
"""4096 characters are the most that Twilio speaks at once; 150 words take a minute, and some lines say them twice."""


class Announcements:
    """The announcements of all lines."""

    def __init__(self, surfaces: Surfaces) -> None:
        self._surfaces = surfaces

    async def put(self, parcel: Parcel) -> Accepted | Rejected:
        """Let a line say the parcel's text. One that comes late never takes the place of a newer one."""
        shown = (await self.of(parcel.target)).get(parcel.rendition.language)
        if shown is not None and shown.issued > parcel.issued:
            return Rejected("a newer announcement is on the line")
        await self._surfaces.put(IVR.name, parcel.target, parcel.rendition.language, parcel)
        return Accepted(_id(parcel))

    async def remove(self, parcel: Parcel, remote_id: str) -> Accepted:
        """Take an announcement off its line, unless a newer one has done so already."""
        language = parcel.rendition.language
        shown = (await self.of(parcel.target)).get(language)
        if shown is not None and _id(shown) == remote_id:
            await self._surfaces.remove(IVR.name, parcel.target, language)
        return Accepted(remote_id)

    async def of(self, line: str) -> Mapping[str, Parcel]:
        """What a line says, by language, be it expired or not."""
        return {showing.slot: showing.parcel for showing in await self._surfaces.showing(IVR.name, line)}


def _id(parcel: Parcel) -> str:
    return f"{parcel.message}/{parcel.rendition.language}"
