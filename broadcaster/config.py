"""The configuration: read from one TOML file, checked as a whole, and never holding a secret.

Every problem is found at once and named with file, line and key, so that one reading of the list is enough to mend it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    SecretStr,
    ValidationError,
)
from pydantic_core import ErrorDetails

from broadcaster.logs import LogForm
from broadcaster.profiles import Complain, ProfileSettings, read_profile
from broadcaster.sources.composing import check_starter, own_starter
from broadcaster.sources.settings import Rule as SourceRule
from broadcaster.sources.settings import Source, SourceSettings, Starter, Then
from channels import address
from channels.provider import Profile, Provider
from channels.providers.elks_voice import ElksVoiceSettings
from channels.providers.feed import FEED
from channels.providers.page import PAGE, PageSettings, path
from channels.providers.prompts import PromptSettings
from channels.providers.websub import WEBSUB, WebSubSettings
from channels.registry import CHANNELS, PROVIDERS
from channels.settings import AccountSettings, FilePath, Secret
from channels.sms import ALL, E164, SMS, SmsSettings
from channels.sources.registry import SOURCES
from messages import languages, toml_lines
from messages.cleaning import cleaned
from messages.document import decode
from messages.model import Municipality, Severity
from messages.practice.rules import Rule
from messages.problems import InputError, Place, Problem
from messages.spelling import suggestion

M = TypeVar("M", bound=BaseModel)


class ConfigError(InputError):
    """The configuration cannot be used as it is."""


class Mode(StrEnum):
    """Whether residents are reached."""

    SANDBOX = "sandbox"
    LIVE = "live"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # no such name, a folder of names, or nothing that could be one
        raise ValueError('is not a time zone: write one such as "Europe/Stockholm"') from None
    return name


_POSTGRESQL = ("postgresql", "postgres", "postgresql+asyncpg")
_SQLITE = ("", "sqlite", "sqlite+aiosqlite")


def _database(value: object) -> object:
    """Let a file's name or an address without a password stand in the file; anything else is a secret."""
    if not isinstance(value, str):
        return value
    if urlsplit(value).password:
        raise ValueError('holds a password: put the whole address in a variable and write { env = "NAME" }')
    return SecretStr(value)


def _supported(value: SecretStr) -> SecretStr:
    address = value.get_secret_value()
    if not address or urlsplit(address).scheme not in (*_POSTGRESQL, *_SQLITE):
        raise ValueError('is neither a file nor the address of a PostgreSQL database: write "broadcaster.db"')
    return value


def _municipal_code(value: str) -> str:
    if not re.fullmatch("[0-9]{4}", value):
        raise ValueError(
            'is not the number of a municipality: write its four digits in quotation marks, such as "0885"'
        )
    return value


def _in_order(value: object) -> object:
    """Let one account stand for a list of one."""
    return (value,) if isinstance(value, str) else value


class ServeSettings(_Section):
    """Where ``broadcaster serve`` listens, and the address under which providers and residents reach it."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: Annotated[str, AfterValidator(address.web_root)] | None = None
    trusted_proxies: tuple[IPvAnyNetwork, ...] = ()


def _country(value: str) -> str:
    if not re.fullmatch("[A-Z]{2}", value):
        raise ValueError('is not a country: write two capital letters such as "NO"')
    return value


class ResidentsSettings(_Section):
    """Whose mobile numbers may subscribe: countries (ISO 3166-1, two letters)."""

    countries: tuple[Annotated[str, AfterValidator(_country)], ...] = ("SE",)


class SignUpSettings(_Section):
    """Whether residents can join and leave on the web, and how many codes are sent for it in a day (UTC) at most."""

    enabled: bool = False
    codes_per_number: int = Field(default=5, ge=1)
    codes_per_address: int = Field(default=50, ge=1)
    codes_per_day: int = Field(default=500, ge=1)


def _domain(value: str) -> str:
    try:
        known = re.fullmatch(r"[\w-]+(?:\.[\w-]+)+", value) and value.encode("idna")
    except UnicodeError:  # a part that is too long, or holds what no name can
        known = None
    if not known:
        raise ValueError('is not a domain: write it without https:// and path, such as "krisinformation.se"')
    return value


class PracticeSettings(_Section):
    """Where messages may link to besides the municipalities' own addresses, and which rules a severity insists on."""

    domains: tuple[Annotated[str, AfterValidator(_domain)], ...] = ()
    demand: dict[Severity, tuple[Rule, ...]] = Field(default_factory=dict)


def _number(value: str) -> str:
    if not re.fullmatch(E164, value):
        raise ValueError('is not a phone number: write it with its country code, such as "+46701740690"')
    return value


class DutySettings(_Section):
    """Who is reminded of promised updates and of deadlines: their numbers, and the account that sends them SMS."""

    numbers: tuple[Annotated[str, AfterValidator(_number)], ...] = ()
    account: str | None = None
    minutes_before: int = Field(default=10, ge=1, le=120)
    language: str = "sv"


class SandboxSettings(_Section):
    """Where ``broadcaster sandbox`` listens, only ever on this machine; and the folder that it plays sources from."""

    port: int = Field(default=8070, ge=0, le=65535)
    sources: FilePath | None = None


class MunicipalitySettings(_Section):
    """A cooperating sender."""

    name: str = Field(min_length=1)
    phone: str = Field(min_length=1)
    web: str = Field(min_length=1)
    code: Annotated[str, AfterValidator(_municipal_code)] | None = None
    part_of: str | None = None
    no_change: bool = False
    languages: tuple[str, ...] = Field(default=("sv",), min_length=1)
    channels: dict[str, Annotated[tuple[str, ...], BeforeValidator(_in_order)]] = Field(default_factory=dict)
    variables: dict[str, str] = Field(default_factory=dict)
    translations: dict[str, dict[str, str]] = Field(default_factory=dict)
    profile: ProfileSettings = ProfileSettings()


class MetricsSettings(_Section):
    """Where ``serve`` and ``worker`` tell those who run them how it goes; nowhere without a port."""

    host: str = "127.0.0.1"
    port: int | None = Field(default=None, ge=0, le=65535)


class _File(_Section):
    mode: Mode
    database: Annotated[Secret, BeforeValidator(_database), AfterValidator(_supported)] = SecretStr("broadcaster.db")
    key: Secret
    time_zone: Annotated[str, AfterValidator(_zone)] = "Europe/Stockholm"
    log: LogForm = LogForm.TEXT
    serve: ServeSettings = ServeSettings()
    metrics: MetricsSettings = MetricsSettings()
    residents: ResidentsSettings = ResidentsSettings()
    sign_up: SignUpSettings = SignUpSettings()
    practice: PracticeSettings = PracticeSettings()
    duty: DutySettings = DutySettings()
    sandbox: SandboxSettings = SandboxSettings()
    accounts: dict[str, dict[str, Any]] = Field(min_length=1)
    municipalities: dict[str, MunicipalitySettings] = Field(min_length=1)
    sources: dict[str, dict[str, Any]] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Account:
    """One provider account: a lane's deliveries all go through one of these."""

    name: str
    provider: Provider
    settings: AccountSettings

    @property
    def concurrency(self) -> int:
        """Most requests in flight."""
        return self.settings.concurrency or self.provider.concurrency

    @property
    def rate(self) -> float | None:
        """Most parcels a second, by their weight; None for no limit."""
        return self.settings.rate or self.provider.rate


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration that has passed all checks.

    Args:
        folder: relative paths in the file are meant from here.
        database_url: SQLAlchemy address with an async driver.
        key: what subscriber numbers are sealed with (base64 of 32 bytes).
        routes: names of the accounts by municipality and channel, the preferred one first.
        no_change: the municipalities that let automation say that nothing has changed.
        profiles: how each municipality presents itself.
    """

    file: Path
    folder: Path
    mode: Mode
    database_url: SecretStr
    key: SecretStr
    zone: ZoneInfo
    log: LogForm
    serve: ServeSettings
    metrics: MetricsSettings
    residents: ResidentsSettings
    sign_up: SignUpSettings
    practice: PracticeSettings
    duty: DutySettings
    sandbox: SandboxSettings
    accounts: Mapping[str, Account]
    municipalities: Mapping[str, Municipality]
    routes: Mapping[tuple[str, str], tuple[str, ...]]
    sources: Mapping[str, Source] = field(default_factory=dict)
    no_change: frozenset[str] = frozenset()
    profiles: Mapping[str, Profile] = field(default_factory=dict)

    def languages_of(self, account: str) -> tuple[str, ...]:
        """The languages of the municipalities that share an account, each once, first ones first."""
        sharing = [municipality for (municipality, _), order in self.routes.items() if account in order]
        return tuple(dict.fromkeys(code for m in sharing for code in self.municipalities[m].languages))

    @property
    def hubs(self) -> Mapping[str, str]:
        """The address of each municipality's hub, for those that tell one of changes to their feeds."""
        accounts = {id_: self.account_for(id_, channel) for id_, channel in self.routes if channel == WEBSUB.name}
        return {
            id_: account.settings.base_url
            for id_, account in accounts.items()
            if isinstance(account.settings, WebSubSettings)
        }

    def senders_of(self, account: str) -> tuple[str, ...]:
        """The municipalities that may reach their residents by an account."""
        return tuple(
            dict.fromkeys(municipality for (municipality, _), order in self.routes.items() if account in order)
        )

    def account_for(self, municipality: str, channel: str) -> Account:
        """The account through which a municipality prefers to reach a channel."""
        return self.accounts[self.routes[municipality, channel][0]]


def load(file: Path) -> Config:
    """Read and check a configuration file.

    Raises:
        ConfigError: with every problem found.
    """
    source = _read(file)
    try:
        data = toml_lines.load(source, str(file))
    except InputError as error:
        raise ConfigError(error.problems) from None
    return _Checker(file, source).check(data)


def _read(file: Path) -> str:
    place = Place(str(file))
    try:
        return cleaned(file.read_text(encoding="utf-8-sig")).text
    except FileNotFoundError:
        advice = "Run `broadcaster init` to make one, or name another with --config FILE."
        raise ConfigError([Problem("there is no configuration here.", place, advice)]) from None
    except UnicodeDecodeError:
        raise ConfigError([Problem("is not UTF-8 text.", place, "Save it as UTF-8.")]) from None
    except OSError as error:
        raise ConfigError([Problem(f"cannot be read: {error.strerror}.", place)]) from None


class _Checker:
    """Checks one file, gathering every problem before it gives up."""

    def __init__(self, file: Path, source: str) -> None:
        self._file = file
        self._source = source
        self._folder = file.absolute().parent
        self._problems: list[Problem] = []
        self._municipalities: Mapping[str, Municipality] = {}

    def check(self, data: dict[str, Any]) -> Config:
        parsed = self._validated(_File, data, ())
        accounts: dict[str, Account] = {}
        for name, section in _tables(data, "accounts"):
            if (account := self._account(name, section)) is not None:
                accounts[name] = account
        if parsed is not None:
            self._check_municipalities(parsed, _tables(data, "accounts"), accounts)
            self._check_mode(parsed, accounts)
            self._check_single(accounts)
            self._check_inbound(parsed, accounts)
            self._check_hubs(parsed)
            self._check_prompts(accounts)
            self._check_duty(parsed, accounts)
            self._municipalities = _municipalities(parsed, accounts)
        profiles = self._profiles(parsed) if parsed is not None else {}
        sources = self._sources(parsed, _tables(data, "sources")) if parsed is not None else {}
        if parsed is None or self._problems:
            raise ConfigError(self._problems)
        routes = {(m, c): a for m, settings in parsed.municipalities.items() for c, a in settings.channels.items()}
        return Config(
            file=self._file,
            folder=self._folder,
            mode=parsed.mode,
            database_url=SecretStr(self._database_url(parsed.database.get_secret_value())),
            key=parsed.key,
            zone=ZoneInfo(parsed.time_zone),
            log=parsed.log,
            serve=parsed.serve,
            metrics=parsed.metrics,
            residents=parsed.residents,
            sign_up=parsed.sign_up,
            practice=parsed.practice,
            duty=_duty(parsed.duty, accounts),
            sandbox=parsed.sandbox,
            accounts=accounts,
            municipalities=self._municipalities,
            routes=routes,
            sources=sources,
            no_change=frozenset(name for name, s in parsed.municipalities.items() if s.no_change),
            profiles=profiles,
        )

    def _problem(self, path: Sequence[str | int], text: str, advice: str = "") -> None:
        place = Place(
            str(self._file), toml_lines.line_of(self._source, path), ".".join(str(step) for step in path) or None
        )
        self._problems.append(Problem(text, place, advice))

    def _validated(self, model: type[M], data: object, path: tuple[str | int, ...]) -> M | None:
        try:
            return model.model_validate(data, context={"folder": self._folder})
        except ValidationError as error:
            for item in error.errors(include_url=False, include_input=False):
                where = [step for step in item["loc"] if step != "[key]"]  # which says that the step before is wrong
                self._problem((*path, *where), *_said(item, model))
            return None

    def _account(self, name: str, section: dict[str, Any]) -> Account | None:
        path = ("accounts", name)
        match section.get("provider"):
            case str(wanted) if wanted in PROVIDERS:
                settings = self._validated(PROVIDERS[wanted].settings, section, path)
                return None if settings is None else Account(name, PROVIDERS[wanted], settings)
            case None:
                self._problem(path, "has no provider.", f"Write provider = one of: {', '.join(PROVIDERS)}.")
            case wanted:
                self._problem((*path, "provider"), f"{wanted!r} is not a provider.", f"Known: {', '.join(PROVIDERS)}.")
        return None

    def _check_municipalities(
        self, parsed: _File, sections: Sequence[tuple[str, dict[str, Any]]], accounts: Mapping[str, Account]
    ) -> None:
        named = {name for name, _ in sections}
        for id_, settings in parsed.municipalities.items():
            path = ("municipalities", id_)
            if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", id_) or id_ in {"all", *languages.KNOWN}:
                advice = "Use a-z, 0-9 and -, and neither the word all nor the code of a language."
                self._problem(path, f"{id_!r} cannot be a short name.", advice)
            for code in (*settings.languages, *settings.translations):
                if code not in languages.KNOWN:
                    known = ", ".join(languages.KNOWN)
                    self._problem((*path, "languages"), f"{code!r} is not a known language.", f"Known: {known}.")
            self._check_whole((*path, "part_of"), settings.part_of, parsed)
            for channel, order in settings.channels.items():
                for account in order:
                    self._check_route((*path, "channels"), channel, account, named, accounts)
                self._check_order((*path, "channels"), channel, order, accounts)

    def _profiles(self, parsed: _File) -> dict[str, Profile]:
        def reader(id_: str) -> Complain:
            return lambda key, text, advice: self._problem(("municipalities", id_, "profile", key), text, advice)

        return {id_: read_profile(s.profile, reader(id_)) for id_, s in parsed.municipalities.items()}

    def _check_whole(self, path: tuple[str, ...], whole: str | None, parsed: _File) -> None:
        """A company is part of a municipality, which is not part of another."""
        if whole is None:
            return
        if whole not in parsed.municipalities:
            self._problem(path, f"{whole!r} is not a municipality.", suggestion(whole, parsed.municipalities))
        elif parsed.municipalities[whole].part_of is not None:
            self._problem(path, f"{whole!r} is itself part of another.", "Name the municipality that owns it.")

    def _check_route(
        self,
        path: tuple[str, ...],
        channel: str,
        account: str,
        named: set[str],
        accounts: Mapping[str, Account],
    ) -> None:
        if channel not in CHANNELS:
            self._problem(path, f"{channel!r} is not a channel.", f"Known: {', '.join(CHANNELS)}.")
        elif account not in named:
            known = ", ".join(sorted(named))
            self._problem(
                path, f"there is no account {account!r}.", f"Add [accounts.{account}] or use one of: {known}."
            )
        elif account in accounts and accounts[account].provider.channel.name != channel:
            reached = accounts[account].provider.channel.name
            self._problem(path, f"the account {account!r} reaches {reached}, not {channel}.", "Name another account.")

    def _check_order(
        self, path: tuple[str, ...], channel: str, order: tuple[str, ...], accounts: Mapping[str, Account]
    ) -> None:
        """Only what goes to residents can take another way: a page, a feed or a line is one place."""
        if not order:
            self._problem(path, f"{channel} has no account.", "Name one, or leave the channel out.")
        elif len(set(order)) < len(order):
            self._problem(path, f"{channel} names an account twice.", "Name each once, the preferred one first.")
        elif len(order) > 1 and any(name in accounts and accounts[name].provider.target for name in order):
            self._problem(path, f"{channel} can only have one account.", "Name one.")

    def _check_mode(self, parsed: _File, accounts: Mapping[str, Account]) -> None:
        """In the sandbox nothing leaves the machine; live, nobody outside is given an address of this machine alone."""
        if parsed.mode is Mode.LIVE:
            public_url = parsed.serve.public_url
            if public_url is not None and address.leads_here(public_url):
                self._problem(
                    ("serve", "public_url"),
                    'the mode is "live", but providers and residents cannot reach this machine at that address.',
                    "Write the address they can reach, or leave the line out.",
                )
            return
        for name, account in accounts.items():
            base_url = getattr(account.settings, "base_url", None)
            if base_url is not None and not address.leads_here(base_url):
                self._problem(
                    ("accounts", name, "base_url"),
                    f'the mode is "sandbox", but this account would talk to {urlsplit(base_url).hostname}.',
                    'Set base_url to the sandbox\'s address, or mode = "live" to reach residents.',
                )

    def _check_single(self, accounts: Mapping[str, Account]) -> None:
        """There is one set of feeds and one of pages, and ``serve`` hands out one of each."""
        for channel in (FEED, PAGE):
            first, *further = [name for name, one in accounts.items() if one.provider.channel is channel] or [""]
            for name in further:
                self._problem(
                    ("accounts", name),
                    f"there are {channel.name}s already: {first}.",
                    "Let all municipalities use that.",
                )

    def _check_hubs(self, parsed: _File) -> None:
        """A hub fetches what it is told of, so there have to be feeds, with an address."""
        for id_, settings in parsed.municipalities.items():
            if WEBSUB.name not in settings.channels:
                continue
            path = ("municipalities", id_, "channels")
            if FEED.name not in settings.channels:
                self._problem(
                    path, "a hub is told of feeds, and there are none.", 'Add feed = "…", or take websub out.'
                )
            elif parsed.serve.public_url is None:
                advice = "Write serve.public_url, the address before /feeds/…, or take websub out."
                self._problem(path, "a hub cannot be told of feeds that have no address.", advice)

    def _check_inbound(self, parsed: _File, accounts: Mapping[str, Account]) -> None:
        """A number that residents text to is one account's, and belongs to somebody who sends by that account."""
        seen: set[str] = set()
        for name, account in accounts.items():
            inbound = account.settings.inbound if isinstance(account.settings, SmsSettings) else {}
            for municipality, number in inbound.items():
                path = ("accounts", name, "inbound", municipality)
                settings = parsed.municipalities.get(municipality)
                if municipality != ALL and (settings is None or name not in settings.channels.get(SMS.name, ())):
                    self._problem(
                        path,
                        f"no municipality {municipality!r} sends by this account.",
                        f'Write one that names it in its channels, or "{ALL}".',
                    )
                if number in seen:
                    self._problem(path, "this number appears twice.", "Write each number only once.")
                seen.add(number)

    def _check_prompts(self, accounts: Mapping[str, Account]) -> None:
        """Files and addresses of prompts are known by their line's name."""
        seen: dict[str, str] = {}
        for name, account in accounts.items():
            if isinstance(account.settings, PromptSettings | ElksVoiceSettings):
                first = seen.setdefault(account.settings.line.removeprefix("+"), name)
                if first != name:
                    self._problem(
                        ("accounts", name, "line"), f"{first} has a line of this name.", "Give each line its own."
                    )

    def _sources(self, parsed: _File, sections: Sequence[tuple[str, dict[str, Any]]]) -> dict[str, Source]:
        sources: dict[str, Source] = {}
        for name, section in sections:
            settings = self._validated(SourceSettings, section, ("sources", name))
            if settings is not None and (source := self._followed(name, settings, parsed)) is not None:
                sources[name] = source
        return sources

    def _followed(self, name: str, settings: SourceSettings, parsed: _File) -> Source | None:
        path, before = ("sources", name), len(self._problems)
        kind = SOURCES.get(settings.kind)
        if kind is None:
            self._problem((*path, "kind"), f"{settings.kind!r} is not a kind.", f"Known: {', '.join(SOURCES)}.")
            return None
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
            self._problem(path, f"{name!r} cannot be the name of a source.", "Use a-z, 0-9 and -.")
        every = settings.every or kind.least_interval
        if every < kind.least_interval:
            seconds = kind.least_interval.total_seconds()
            self._problem(
                (*path, "every"), "polls more often than this source allows.", f"Write {seconds:.0f}s or more."
            )
        url = self._source_url((*path, "url"), settings.url or kind.default_url, parsed.mode)
        rule = self._source_rule(path, settings, parsed)
        if rule is None or url is None or len(self._problems) > before:
            return None
        starter = self._starter((*path, "starter"), settings.starter, rule, ZoneInfo(parsed.time_zone))
        return None if starter is None else Source(name, kind, url, every, rule, starter)

    def _source_url(self, path: tuple[str, ...], url: str | None, mode: Mode) -> str | None:
        parts = urlsplit(url or "")
        if url is None or parts.scheme not in {"https", "http"} or not parts.hostname:
            self._problem(path, "has no address.", 'Write its address: "https://…".')
        elif mode is Mode.SANDBOX and not address.leads_here(url):
            self._problem(
                path,
                f'the mode is "sandbox", but this source would be asked for at {parts.hostname}.',
                'Set url to the sandbox\'s address, or mode = "live" to reach residents.',
            )
        elif mode is Mode.LIVE and parts.scheme != "https" and not address.leads_here(url):
            self._problem(path, "is not encrypted: anybody on the way could write what it says.", "Write https://.")
        return url

    def _source_rule(self, path: tuple[str, ...], settings: SourceSettings, parsed: _File) -> SourceRule | None:
        named = parsed.municipalities if settings.municipalities is None else settings.municipalities
        strangers = [id_ for id_ in named if id_ not in parsed.municipalities]
        for id_ in strangers:
            known = suggestion(id_, parsed.municipalities)
            self._problem((*path, "municipalities"), f"{id_!r} is not a municipality.", known)
        if strangers or not named:
            return None
        municipalities = tuple(self._municipalities[id_] for id_ in named)
        spoken = tuple(dict.fromkeys(code for one in municipalities for code in one.languages))
        for code in settings.languages or ():
            if code not in spoken:
                known = f"Known: {', '.join(spoken)}."
                self._problem((*path, "languages"), f"none of its municipalities informs in {code!r}.", known)
        channels = tuple(dict.fromkeys(name for one in municipalities for name in one.channels))
        for name in settings.channels:
            if name not in channels:
                self._problem(
                    (*path, "channels"),
                    f"none of its municipalities has the channel {name!r}.",
                    suggestion(name, channels),
                )
        if settings.then is Then.PUBLISH:
            for key, advice in (
                ("channels", 'Name them: channels = ["feed", "page"].'),
                ("starter", 'Name the file that was approved: starter = "starters/vma.md".'),
            ):
                if not getattr(settings, key):
                    self._problem((*path, key), 'is required when then = "publish".', advice)
        return SourceRule(
            municipalities, settings.languages or spoken, settings.least, settings.then, settings.channels
        )

    def _starter(self, path: tuple[str, ...], file: Path | None, rule: SourceRule, zone: ZoneInfo) -> Starter | None:
        """Read the text around what a source says, and see that messages can be made with it."""
        try:
            starter = (
                own_starter("draft") if file is None else Starter(decode(file.read_bytes(), str(file)).text, str(file))
            )
            check_starter(starter, rule, zone)
        except OSError as error:
            advice = "Write it, as docs/how-to/take-up-sources.md shows."
            self._problem(path, f"the starter {file} cannot be read: {error.strerror}.", advice)
            return None
        except InputError as error:
            self._problems += error.problems
            return None
        return starter

    def _check_duty(self, parsed: _File, accounts: Mapping[str, Account]) -> None:
        """Whoever is reminded gets an SMS, in a language that there is."""
        texting = [name for name, one in accounts.items() if one.provider.channel is SMS]
        duty = parsed.duty
        if duty.account is not None and duty.account not in texting:
            known = ", ".join(texting) or "none yet"
            self._problem(("duty", "account"), f"no account {duty.account!r} sends SMS.", f"Those that do: {known}.")
        elif duty.numbers and not texting:
            self._problem(("duty", "numbers"), "there is no account that sends SMS.", "Add one under [accounts.NAME].")
        if duty.language not in languages.KNOWN:
            known = ", ".join(languages.KNOWN)
            self._problem(("duty", "language"), f"{duty.language!r} is not a known language.", f"Known: {known}.")

    def _database_url(self, value: str) -> str:
        if urlsplit(value).scheme in _POSTGRESQL:
            return "postgresql+asyncpg://" + value.split("://", 1)[1]
        path = value.removeprefix("sqlite+aiosqlite:///").removeprefix("sqlite:///")
        return f"sqlite+aiosqlite:///{self._folder / path}"


def _tables(data: Mapping[str, Any], key: str) -> list[tuple[str, dict[str, Any]]]:
    tables = data.get(key)
    return [(k, v) for k, v in tables.items() if isinstance(v, dict)] if isinstance(tables, dict) else []


def _municipalities(parsed: _File, accounts: Mapping[str, Account]) -> Mapping[str, Municipality]:
    elsewhere = (one.settings.url for one in accounts.values() if isinstance(one.settings, PageSettings))
    root = next(elsewhere, None) or parsed.serve.public_url
    return {name: _municipality(name, settings, root) for name, settings in parsed.municipalities.items()}


def _municipality(id_: str, settings: MunicipalitySettings, root: str | None) -> Municipality:
    """A municipality with its variables.

    Args:
        root: where the public pages begin, if residents can read them. Without, its page is its own web site.
    """
    own = {"name": settings.name, "phone": settings.phone, "web": settings.web, PAGE.name: settings.web}
    pages: dict[str, dict[str, str]] = {}
    if root and PAGE.name in settings.channels and PAGE.name not in settings.variables:
        first = settings.languages[0]
        pages = {code: {PAGE.name: f"{root}/{path(id_, code, first)}"} for code in settings.languages}
        own |= pages.pop(first)
    spoken = dict.fromkeys([*settings.translations, *pages])
    return Municipality(
        id=id_,
        languages=settings.languages,
        channels=tuple(channel for channel in CHANNELS if channel in settings.channels),
        variables=own | settings.variables,
        translations={code: pages.get(code, {}) | settings.translations.get(code, {}) for code in spoken},
        code=settings.code or "",
        part_of=settings.part_of or "",
    )


def _duty(settings: DutySettings, accounts: Mapping[str, Account]) -> DutySettings:
    """The settings with the first account that sends SMS, where they name none."""
    first = next((name for name, one in accounts.items() if one.provider.channel is SMS), None)
    return settings if settings.account else settings.model_copy(update={"account": first})


_WRONG = {
    "enum": "must be {expected}.",
    "string_type": "must be text, in quotation marks.",
    "int_type": "must be a whole number, without quotation marks.",
    "int_parsing": "must be a whole number, without quotation marks.",
    "int_from_float": "must be a whole number.",
    "bool_type": "must be true or false.",
    "bool_parsing": "must be true or false.",
    "ip_any_network": 'is not an address or network: write it as "127.0.0.1" or "10.0.0.0/8".',
    "float_type": "must be a number, without quotation marks.",
    "float_parsing": "must be a number, without quotation marks.",
    "greater_than": "must be more than {gt}.",
    "greater_than_equal": "must be at least {ge}.",
    "less_than_equal": "must be at most {le}.",
    "string_too_short": "is empty.",
    "too_short": "is empty.",
    "tuple_type": "must be a list, in brackets.",
    "dict_type": "must be a table.",
    "model_type": "must be a table.",
}


def _said(detail: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    """Say a validation error the way a person would: what is wrong, and what to do."""
    match detail["type"]:
        case "extra_forbidden":
            return "is not a setting here.", suggestion(str(detail["loc"][-1]), _fields(model, detail["loc"]))
        case "missing":
            return "is missing.", "Add it."
        case kind if kind in _WRONG:
            return _WRONG[kind].format(**detail.get("ctx", {})), ""
        case _:
            return detail["msg"].removeprefix("Value error, ").rstrip(".") + ".", ""


def _fields(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """Names of the settings beside the one at ``loc``."""
    for step in loc[:-1]:
        field = model.model_fields.get(str(step))
        if field is not None and isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            model = field.annotation
        elif step == "municipalities":
            model = MunicipalitySettings
    return list(model.model_fields)
