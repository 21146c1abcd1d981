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
        intro: says of when the report is: ``{time}``, with the day.
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
    intro: str
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
        times = [re.sub(r"\\\{\w+[^}]*\\\}", "[0-9]{1,2}", re.escape(form)) for form in (self.hour, self.time)]
        before, _, rest = self.headline.partition("{subject}")
        opening = re.escape(before).replace(r"\{time\}", f"(?:{'|'.join(times)})")
        found = re.fullmatch(f"{opening}(.*){re.escape(rest)}", headline)
        return found[1] if found else headline
