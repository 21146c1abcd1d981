"""A line's prompts as a package for whoever looks after the switchboard: sound, what is said, checksums, what to do.

The one who opens it works in Swedish, whatever languages the line speaks.
"""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

from channels.prompts.channel import Prompt
from channels.providers.prompts import Format, PromptSettings
from messages.languages import language as spoken

ORDINARY = "ordinarie"
"""The folder of what the line says without a message."""

_SUITS = {
    Format.WAV: "WAV, 16 bitar PCM, 8 kHz mono: passar de flesta växlar",
    Format.WAV_16K: "WAV, 16 bitar PCM, 16 kHz mono",
    Format.WAV_ALAW: "WAV, A-law, 8 kHz mono",
    Format.WAV_ULAW: "WAV, µ-law, 8 kHz mono",
    Format.ALAW: "rå A-law, 8 kHz: Asterisk",
    Format.ULAW: "rå µ-law, 8 kHz: Asterisk",
}

_INSTRUCTIONS = """\
TALADE MEDDELANDEN FÖR LINJEN {line}
Paketet gjordes {made}.

Innehåll
{contents}

Format
{formats}

Så kopplar du in meddelandet
1. Kontrollera att filerna är hela: sha256sum --check SHA256SUMS
   (i Windows: certutil -hashfile FIL SHA256, och jämför med raden i SHA256SUMS).
2. Lyssna på filerna och följ med i manus.
3. Ladda upp en fil för varje språk i växeln, i det format som växeln vill ha,
   där uppringare möts: som svarsmeddelande, före kön eller i kön.
4. Slå på meddelandet.
5. Ring linjen utifrån och hör efter.
6. Bekräfta, så att alla ser att det är gjort:
{confirm}

När meddelandet inte gäller längre
Slå av det, eller ladda upp filerna i mappen {ordinary} i stället.
"""


def package(
    settings: PromptSettings,
    current: Mapping[str, Prompt],
    ordinary: Mapping[str, Prompt],
    now: datetime,
    zone: ZoneInfo,
) -> Mapping[str, bytes]:
    """Make the package of a line.

    Args:
        current: what the line says, by language.
        ordinary: what it says without a message, by language.
        zone: whose times the instructions name.

    Returns:
        Files by their paths in the package.
    """
    files: dict[str, bytes] = {}
    for language, prompt in current.items():
        files |= prompt.files
        if prompt.told:
            files[_script(language)] = "".join(f"{one.text}\n" for one in prompt.told).encode()
    for prompt in ordinary.values():
        files |= {f"{ORDINARY}/{name}": content for name, content in prompt.files.items()}
    files["INSTRUKTION.txt"] = _instructions(settings, current, now, zone).encode()
    sums = "".join(f"{sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    return files | {"SHA256SUMS": sums.encode()}


def _instructions(settings: PromptSettings, current: Mapping[str, Prompt], now: datetime, zone: ZoneInfo) -> str:
    messages = dict.fromkeys(message for prompt in current.values() for message in _messages(prompt))
    confirm = [f"   broadcaster status {message} --confirm --line {settings.line}" for message in messages]
    return _INSTRUCTIONS.format(
        line=settings.line,
        made=_time(now, zone),
        contents="\n".join(_content(language, prompt) for language, prompt in current.items()),
        formats="\n".join(f"- …{form.ending}: {_SUITS[form]}" for form in settings.formats),
        confirm="\n".join(confirm) or "   (det finns inget meddelande att bekräfta)",
        ordinary=ORDINARY,
    )


def _content(language: str, prompt: Prompt) -> str:
    names = ", ".join(prompt.files)
    return f"- {spoken(language).name}: {_said(prompt, language)}\n  {names}"


def _said(prompt: Prompt, language: str) -> str:
    if not prompt.told:
        return "inget meddelande nu, filerna är de ordinarie"
    return f"meddelande {', '.join(_messages(prompt))}, manus i {_script(language)}"


def _messages(prompt: Prompt) -> list[str]:
    return list(dict.fromkeys(one.message for one in prompt.told if one.message))


def _script(language: str) -> str:
    return f"manus-{language}.txt"


def _time(time: datetime, zone: ZoneInfo) -> str:
    return f"{time.astimezone(zone):%Y-%m-%d kl. %H.%M}"
