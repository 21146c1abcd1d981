"""What people write that TOML does not read, in words, and the line as it was meant."""

import re
import tomllib
from collections.abc import Callable

from messages.spelling import quoted

_LINE = re.compile(r"(?P<key>[ \t]*[\w.-]+[ \t]*)(?P<sign>=|:|)(?P<value>.*)")
_YES = {"true": "true", "ja": "true", "yes": "true", "on": "true", "false": "false", "nej": "false", "no": "false"}


def meant(line: str) -> tuple[str, str] | None:
    """What is wrong with a line that TOML does not read, and how it was meant; None if nobody could say."""
    once = [(what, change(line)) for what, change in _MENDERS.items()]
    twice = [(f"{first} {what}", change(line)) for first, line in once for what, change in _MENDERS.items()]
    return next(((what, mended) for what, mended in (*once, *twice) if mended != line and _reads(mended)), None)


def unread(line: str) -> str:
    """What is said of a line that cannot be mended."""
    return f"This line cannot be read: {quoted(line.strip())}."


def _reads(line: str) -> bool:
    try:
        return bool(tomllib.loads(line))
    except (ValueError, RecursionError):
        return False


def _straight(line: str) -> str:
    return re.sub("[“”„‟«»″]", '"', re.sub("[‘’‚‛′]", "'", line))


def _equal(line: str) -> str:
    found = _LINE.fullmatch(line)
    return f"{found['key'].rstrip()} = {found['value'].strip()}" if found and found["sign"] != "=" else line


def _of_value(change: Callable[[str], str]) -> Callable[[str], str]:
    """A mender of what stands after the =, without the comment behind it."""

    def mended(line: str) -> str:
        found = _LINE.fullmatch(line)
        if not found or found["sign"] != "=":
            return line
        value, blank, comment = found["value"].partition(" #")
        return f"{found['key'].rstrip()} = {change(value.strip())}{blank}{comment}"

    return mended


def _yes_or_no(value: str) -> str:
    return _YES.get(value.casefold().strip("\"'"), value)


def _closed(value: str) -> str:
    if value[:1] in _MARKS:
        return value + value[0]
    return value[-1] + value if value[-1:] in _MARKS and value[0] != "[" else value


def _in_quotes(value: str) -> str:
    bare = value.strip("\"'")
    return f'"{bare}"' if bare and not re.search(r'["\[\]{}]', bare) else value


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\")


def _listed(value: str) -> str:
    """A list with its brackets, its commas, and its items in quotation marks."""
    items = re.findall(r"\"[^\"]*\"|'[^']*'|[^\s,;.\[\]\"'][^,;\[\]\"']*", value)
    return (
        f"[{', '.join(item if item[0] in _MARKS else _in_quotes(item.strip()) for item in items)}]" if items else value
    )


_MARKS = frozenset("\"'")
_MENDERS: dict[str, Callable[[str], str]] = {
    'The quotation marks are not plain ones (").': _straight,
    "After the key comes an = sign.": _equal,
    "It is true or false, in small letters and without quotation marks.": _of_value(_yes_or_no),
    "A quotation mark is missing.": _of_value(_closed),
    "Text stands in quotation marks.": _of_value(_in_quotes),
    r"A \ in a text is written twice.": _of_value(_escaped),
    "A list stands in brackets, with commas between its items, each in quotation marks.": _of_value(_listed),
}
