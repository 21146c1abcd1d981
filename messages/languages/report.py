"""How a situation report is worded in a language."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class ReportWords:
    """A situation report's words in one language.

    Args:
        hour: a full hour: ``{hour}``.
        time: any other time of day, with ``{minute}`` besides.
        headline: ``{time}`` in one of the two ways, and ``{subject}``, which is what the last message is about.
        section: the heading above the services, with when the report is of: ``{time}``, with the day.
        since: since when a service stands as it does: ``{time}``.
        works: the sentence where all services work.
        limited, down: the sentence that some services, ``{services}``, work with limits, or not at all.
        last: the word before the last of several.
        more: stands for ``{count}`` further services.
        contact: whom to ask.
        web: where to read more.
    """

    hour: str
    time: str
    headline: str
    section: str
    since: str
    works: str
    limited: str
    down: str
    last: str
    more: str
    contact: str
    web: str

    def subject(self, headline: str) -> str:
        """What a report's headline is about; another headline as it is."""
        rest = self.headline.partition("{subject}")[2]
        found = re.fullmatch(f"{self._opening}(.*){re.escape(rest)}", headline)
        return found[1] if found else headline

    def opens(self, line: str) -> bool:
        """Whether a line begins as a short report does."""
        return re.match(self._opening, line) is not None

    @property
    def _opening(self) -> str:
        times = [re.sub(r"\\\{\w+[^}]*\\\}", "[0-9]{1,2}", re.escape(form)) for form in (self.hour, self.time)]
        before = re.escape(self.headline.partition("{subject}")[0])
        return before.replace(r"\{time\}", f"(?:{'|'.join(times)})")
