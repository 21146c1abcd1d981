"""What follows what in an incident: which message an update, a correction or an all-clear is about. Pure."""

from collections.abc import Collection, Sequence

from broadcaster.store.errors import RefusedError
from broadcaster.store.incidents import Incident
from broadcaster.store.threads import Said
from messages.model import Kind
from messages.spelling import quoted


def predecessor(
    kind: Kind, follows: str, municipalities: Collection[str], incident: Incident, thread: Sequence[Said]
) -> Said | None:
    """The message that one about to be sent is about; None for an alert.

    Args:
        follows: the id that it names; empty if it means the last one.
        municipalities: who sends it.
        thread: what was said in the incident, oldest first; of an exercise only exercises, of anything else none.

    Raises:
        RefusedError: there is no such message, or others have followed it already.
    """
    if kind is Kind.ALERT:
        if follows:
            raise RefusedError(f'An alert follows nothing. Write kind = "update", or take out follows = "{follows}".')
        return None
    if incident.closed is not None and kind is not Kind.CORRECTION:
        raise RefusedError(
            f"The incident {quoted(incident.name)} is closed. If it goes on, open it again with "
            f'`broadcaster incident open "{incident.name}"`; if it is a new event, begin with kind = "alert".'
        )
    named = _named(follows, incident, thread)
    ours = [said for said in thread if said.retracted is None and not _apart(said, municipalities)]
    if kind is Kind.CORRECTION:
        return _wrong(named, ours, thread, incident)
    if not ours:
        raise RefusedError(
            f"Nothing has been said in the incident {quoted(incident.name)} that could be followed "
            f'by {", ".join(municipalities)}. Look at its name, or begin with kind = "alert".'
        )
    if not any(since_cleared(thread, municipality) for municipality in municipalities):
        raise RefusedError(
            f"The incident {quoted(incident.name)} is over for {', '.join(municipalities)}: {_described(ours[-1])}. "
            'If it begins again, begin with kind = "alert".'
        )
    last = ours[-1]
    if named is not None and named.retracted is not None:
        raise RefusedError(f"The message {named.id} was taken back. The last one that stands is {_described(last)}.")
    if named is not None and named is not last:
        raise RefusedError(
            f"The message {named.id} was followed by {_described(last)}. Look at that one first "
            f"(`broadcaster status {last.id}`), and then follow it: {_command(kind, last.id)}"
        )
    return last


def with_corrections(message: Said, thread: Sequence[Said]) -> Sequence[Said]:
    """A message, what it corrects if it is a correction, and all that correct either: one text in several versions."""
    by_id = {said.id: said for said in thread}
    root = message
    while root.kind is Kind.CORRECTION and root.follows in by_id:
        root = by_id[root.follows]
    versions = {root.id}
    for said in thread:
        if said.kind is Kind.CORRECTION and said.follows in versions:
            versions.add(said.id)
    return [said for said in thread if said.id in versions]


def beginning(thread: Sequence[Said], municipalities: Collection[str]) -> Said | None:
    """What an incident began with since it was last cleared, as it was corrected; None where that is not one alert.

    Args:
        municipalities: those of which any has said it.
    """
    since = (said for municipality in municipalities for said in since_cleared(thread, municipality))
    alerts = {said.id: said for said in since if said.kind is Kind.ALERT}
    if len(alerts) != 1:
        return None
    (alert,) = alerts.values()
    return [said for said in with_corrections(alert, thread) if said.retracted is None][-1]


def since_cleared(thread: Sequence[Said], municipality: str) -> Sequence[Said]:
    """What a municipality has said since its last all-clear, without what was taken back."""
    since: dict[str, Said] = {}
    for said in thread:
        if municipality not in said.municipalities:
            continue
        if said.kind is Kind.ALL_CLEAR and said.retracted is None:
            since.clear()
        elif said.kind is not Kind.CORRECTION or said.follows in since:  # correcting an all-clear begins nothing
            since[said.id] = said
    return [said for said in since.values() if said.retracted is None]


def _named(follows: str, incident: Incident, thread: Sequence[Said]) -> Said | None:
    if not follows:
        return None
    for said in thread:
        if said.id == follows:
            return said
    raise RefusedError(
        f"No message {follows} was sent in the incident {quoted(incident.name)}. "
        "See `broadcaster status --recent` for messages and their incidents; an exercise only follows an exercise."
    )


def _wrong(named: Said | None, ours: Sequence[Said], thread: Sequence[Said], incident: Incident) -> Said:
    if named is None and not ours:
        raise RefusedError(
            f"Nothing has been sent in the incident {quoted(incident.name)} that could be corrected. Look at its name."
        )
    wrong = named or ours[-1]
    corrected = [said for said in thread if said.kind is Kind.CORRECTION and said.follows == wrong.id]
    standing = [said for said in corrected if said.retracted is None]
    if standing:
        last = [said for said in with_corrections(wrong, thread) if said.retracted is None][-1]
        raise RefusedError(
            f"The message {wrong.id} was corrected already, by {_described(last)}. "
            f"If that one is wrong too: {_command(Kind.CORRECTION, last.id)}"
        )
    if _is_over(wrong, thread):
        raise _over(wrong, ours, thread)
    return wrong


def _is_over(wrong: Said, thread: Sequence[Said]) -> bool:
    """Whether an all-clear has ended what a message said; an all-clear itself, and what was taken back, has no end."""
    if wrong.retracted is not None or with_corrections(wrong, thread)[0].kind is Kind.ALL_CLEAR:
        return False
    return not any(wrong in since_cleared(thread, municipality) for municipality in wrong.municipalities)


def _over(wrong: Said, ours: Sequence[Said], thread: Sequence[Said]) -> RefusedError:
    end = [said for said in ours if said.kind is Kind.ALL_CLEAR][-1]
    last = [said for said in with_corrections(end, thread) if said.retracted is None][-1]
    return RefusedError(
        f"It is over: {_described(last)}. Residents would take a correction of {wrong.id} for news. If they must know "
        f"what was wrong, tell them in a correction of the all-clear: {_command(Kind.CORRECTION, last.id)}"
    )


def _apart(said: Said, municipalities: Collection[str]) -> bool:
    return not set(municipalities) & set(said.municipalities)


def _described(said: Said) -> str:
    return f"{said.id} ({said.kind}, {quoted(said.headline)})"


def _command(kind: Kind, message: str) -> str:
    verb = {Kind.UPDATE: "update", Kind.CORRECTION: "correct", Kind.ALL_CLEAR: "all-clear"}[kind]
    return f"`broadcaster {verb} {message}`" if kind is Kind.ALL_CLEAR else f"`broadcaster {verb} {message} FILE`"
