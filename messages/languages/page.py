"""What the public page says in words of its own."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PageWords:
    """The public page's words in one language. What stands in braces is filled in.

    Args:
        time: a moment of this year, in what ``messages.moments.told`` fills in.
        time_with_year: a moment of another year, with ``{year}`` besides.
        time_short: a moment of this year where space is short, with the same.
        skip: the link past everything that is alike on all pages.
        languages: names the list of languages.
        municipalities: heading of the list of the municipalities' own pages.
        all: leads to the page of all municipalities together.
        shown: says as of when a page is that was made when it was asked for: ``{time}``.
        changed: says as of when a page is that was made beforehand: ``{time}``.
        outdated: says of such a page after which ``{time}`` it is out of date, and what to do then.
        stale: says that the page could not be brought up to date since ``{time}``, and what to do.
        late: says that the update promised for ``{time}`` has not come.
        now: heading of the current messages.
        nothing: stands there when there are none.
        untranslated: says of a message that it is not there in this language.
        next_update: what stands before the time of the next update.
        issued, updated, expires: when a message was published, last changed, and until when it is true: ``{time}``.
        corrected: when a message was put right: ``{time}``.
        earlier: heading of what was said earlier in the same incident, with its ``{count}``.
        past: heading of incidents that are over.
        in_full: leads to a message's whole text.
        services: heading of the board of services.
        statuses: the words for how a service stands, by the status as the message file writes it.
        since: since when it stands like that: ``{time}``.
        phone: heading of the phone numbers.
        switchboard, line: name a municipality's switchboard, and the line that reads the current message out.
        emergency: says which number to call in an emergency.
        information: says which number to call for information.
        web: names a municipality's web site.
        follow: heading of the ways to get messages.
        sms: how to subscribe by SMS: send ``{text}`` to ``{number}``.
        sign_up: leads to the page where one subscribes.
        feeds: says what the feeds are, before their links.
        missing: title of the page that stands for one that does not exist.
        way_on: says where to go from there.
    """

    time: str
    time_with_year: str
    time_short: str
    skip: str
    languages: str
    municipalities: str
    all: str
    shown: str
    changed: str
    outdated: str
    stale: str
    late: str
    now: str
    nothing: str
    untranslated: str
    next_update: str
    issued: str
    updated: str
    corrected: str
    expires: str
    earlier: str
    past: str
    in_full: str
    services: str
    statuses: Mapping[str, str]
    since: str
    phone: str
    switchboard: str
    line: str
    emergency: str
    information: str
    web: str
    follow: str
    sms: str
    sign_up: str
    feeds: str
    missing: str
    way_on: str
