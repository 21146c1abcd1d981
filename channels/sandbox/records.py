"""What the sandbox got: the texts on every phone, the posts on every page, and the requests that brought them."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class Text:
    """An SMS that a resident got.

    Args:
        provider: who carried it: ``twilio`` or ``46elks``.
        account: the provider account that sent it.
        sid: the provider's name for it.
        sender: number, short code, name or messaging service it came from.
        to: the resident's number (E.164).
        callback: where the provider would report on it; empty for nowhere.
        at: when it was accepted (UTC); no two texts have the same time.
    """

    provider: str
    account: str
    sid: str
    sender: str
    to: str
    body: str = field(repr=False)
    callback: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Written:
    """A text that a resident wrote, to a number of one of the providers."""

    provider: str
    sender: str
    to: str
    body: str = field(repr=False)
    at: datetime


@dataclass(frozen=True, slots=True)
class Post:
    """A post on a Facebook page, as it stands now.

    Args:
        id: ``{page}_{post}``, as Graph names it.
        app: whose app published it; None for a person.
        history: the texts it had before this one, oldest first.
    """

    page: str
    id: str
    message: str = field(repr=False)
    created: datetime
    updated: datetime
    app: str | None
    withdrawn: bool = False
    history: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """A request that a provider got, whatever came of it. The path is without its query, which may hold a token."""

    provider: str
    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Report:
    """A receipt that the sandbox sent.

    Args:
        sid: of the text it is about.
        status: what it says of it, in the words it was asked for with.
        answer: the HTTP status it was answered with; None if it was not, or could not be sent.
    """

    provider: str
    sid: str
    status: str
    answer: int | None


@dataclass(frozen=True, slots=True)
class Fetch:
    """A feed that the hub fetched after it was told of a change.

    Args:
        status: the HTTP status it was answered with; None if it could not be fetched.
    """

    topic: str
    status: int | None
    body: bytes = field(repr=False)


class Records:
    """Everything that happened, in order, kept in memory.

    Attributes:
        texts: every SMS, oldest first.
        requests: every request, oldest first.
        reports: every receipt, oldest first.
        pings: the address of every feed that the hub was told of, oldest first.
        fetches: what the hub found there, in the same order.
        told: what the provider has last made known of a text, by its sid; forged receipts are not its own.
        phones: what each phone got and wrote, oldest first; the phone on which something happened last comes last.
    """

    def __init__(self) -> None:
        self._change = asyncio.Event()
        self._latest = datetime.min.replace(tzinfo=UTC)
        self.clear()

    def clear(self) -> None:
        """Forget everything, as if just started. Times go on from where they were."""
        self.texts: list[Text] = []
        self.requests: list[Request] = []
        self.reports: list[Report] = []
        self.pings: list[str] = []
        self.fetches: list[Fetch] = []
        self.told: dict[str, str] = {}
        self._posts: dict[str, Post] = {}
        self._text_by_sid: dict[str, Text] = {}
        self._texts_by_account: defaultdict[tuple[str, str], list[Text]] = defaultdict(list)
        self._texts_by_number: defaultdict[tuple[str, str, str], list[Text]] = defaultdict(list)
        self.phones: dict[str, list[Text | Written]] = {}
        self._posts_by_page: defaultdict[str, list[str]] = defaultdict(list)

    @property
    def posts(self) -> list[Post]:
        """Every post there ever was, oldest first, as it stands now."""
        return list(self._posts.values())

    def now(self) -> datetime:
        """Return the time, always later than the last: time alone then tells what came first."""
        self._latest = max(datetime.now(UTC), self._latest + timedelta(microseconds=1))
        return self._latest

    def announce(self) -> None:
        """Wake those who wait for a change."""
        self._change.set()
        self._change = asyncio.Event()

    async def wait_for(self, predicate: Callable[[], bool]) -> None:
        """Wait until the predicate holds, looking again after each change."""
        while not predicate():
            await self._change.wait()

    def add_text(self, text: Text) -> None:
        """Put a text on a phone."""
        self.texts.append(text)
        self._text_by_sid[text.sid] = text
        self._texts_by_account[text.provider, text.account].append(text)
        self._texts_by_number[text.provider, text.account, text.to].append(text)
        self._show(text.to, text)

    def add_written(self, text: Written) -> None:
        """Put a text on the phone that it was written on."""
        self._show(text.sender, text)

    def _show(self, number: str, text: Text | Written) -> None:
        phone = self.phones.pop(number, [])
        phone.append(text)
        self.phones[number] = phone

    def text(self, provider: str, account: str, sid: str) -> Text | None:
        """Return the account's text of that name, if it sent one."""
        text = self._text_by_sid.get(sid)
        return text if text and (text.provider, text.account) == (provider, account) else None

    def texts_of(self, provider: str, account: str, to: str | None) -> Sequence[Text]:
        """Return what the account sent, to one number or to all, oldest first."""
        if to is None:
            return self._texts_by_account.get((provider, account), ())
        return self._texts_by_number.get((provider, account, to), ())

    def add_post(self, page: str, message: str, app: str | None) -> Post:
        """Put a post on a page."""
        at = self.now()
        post = Post(page, f"{page}_{uuid4().int % 10**15:015}", message, created=at, updated=at, app=app)
        self._posts[post.id] = post
        self._posts_by_page[page].append(post.id)
        return post

    def edit_post(self, post: Post, message: str) -> None:
        """Show another text in the post's place; the same text once more is no edit."""
        if message == post.message:
            return
        history = (*post.history, post.message)
        self._posts[post.id] = replace(post, message=message, updated=self.now(), history=history)

    def withdraw_post(self, post: Post) -> None:
        """Take the post off its page."""
        self._posts[post.id] = replace(post, withdrawn=True, updated=self.now())

    def post(self, identity: str) -> Post | None:
        """Return the post of that id, if it is still on its page."""
        post = self._posts.get(identity)
        return post if post and not post.withdrawn else None

    def latest_post(self, page: str) -> Post | None:
        """Return the newest post that is still on the page."""
        return next((post for i in reversed(self._posts_by_page[page]) if (post := self.post(i))), None)

    def posts_on(self, page: str) -> Sequence[Post]:
        """Return what is on the page, newest first."""
        return [post for i in reversed(self._posts_by_page[page]) if (post := self.post(i))]
