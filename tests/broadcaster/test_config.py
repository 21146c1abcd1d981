import os
from pathlib import Path

import pytest

from broadcaster.config import Config, ConfigError, Mode, load
from broadcaster.contacts import contacts_of
from broadcaster.scaffold import template, write_missing
from channels.provider import Topic
from channels.providers.facebook import PROVIDER as FACEBOOK
from channels.providers.twilio import PROVIDER as TWILIO

KEY = 'key = { file = "broadcaster.key" }'
TOKEN = 'auth_token = { file = "secrets/twilio" }'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as ``broadcaster init`` leaves it."""
    write_missing(tmp_path / "config.toml")
    return tmp_path


def changed(folder: Path, old: str, new: str) -> Config:
    """Load the shipped configuration with its first ``old`` replaced."""
    text = template()
    assert old in text, f"the shipped configuration does not say {old!r}"
    file = folder / "config.toml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return load(file)


def problems(folder: Path, old: str, new: str) -> list[str]:
    """What is wrong with the shipped configuration when its first ``old`` is replaced; the folder is left out."""
    with pytest.raises(ConfigError) as caught:
        changed(folder, old, new)
    return [str(problem).replace(f"{folder}{os.sep}", "") for problem in caught.value.problems]


def line_of(text: str) -> int:
    """The line of the shipped configuration on which a text begins."""
    return template()[: template().index(text)].count("\n") + 1


def test_the_shipped_configuration_is_good_and_stays_on_this_machine(folder: Path) -> None:
    config = load(folder / "config.toml")
    assert config.mode is Mode.SANDBOX
    assert list(config.municipalities) == ["borgholm", "morbylanga"]
    assert {channel for _, channel in config.routes} == {"facebook", "sms", "feed", "page", "ivr"}
    assert config.account_for("borgholm", "sms").provider is TWILIO
    assert config.account_for("morbylanga", "facebook").provider is FACEBOOK


PUBLIC_URL = 'public_url = "http://127.0.0.1:8080"'
PAGES = 'provider = "page"'


@pytest.mark.parametrize(
    ("old", "new", "swedish", "english"),
    [
        (PAGES, PAGES, "http://127.0.0.1:8080/borgholm/", "http://127.0.0.1:8080/borgholm/en/"),
        (
            PUBLIC_URL,
            'public_url = "https://a.se/kris/"',
            "https://a.se/kris/borgholm/",
            "https://a.se/kris/borgholm/en/",
        ),
        (PAGES, f'{PAGES}\nurl = "https://b.se/"', "https://b.se/borgholm/", "https://b.se/borgholm/en/"),
        ('["sv", "en"]', '["en", "sv"]', "http://127.0.0.1:8080/borgholm/sv/", "http://127.0.0.1:8080/borgholm/"),
        (PUBLIC_URL, "", "https://www.borgholm.se", "https://www.borgholm.se"),
        (', page = "pages"', "", "https://www.borgholm.se", "https://www.borgholm.se"),
        ("code = ", 'variables = { page = "kris.a.se" }\ncode = ', "kris.a.se", "kris.a.se"),
        (
            'name = "Borgholm Municipality"',
            'name = "Borgholm"\npage = "crisis.a.se"',
            "http://127.0.0.1:8080/borgholm/",
            "crisis.a.se",
        ),
    ],
)
def test_texts_can_name_the_page_where_residents_read_more(
    folder: Path, old: str, new: str, swedish: str, english: str
) -> None:
    borgholm = changed(folder, old, new).municipalities["borgholm"]
    assert [{**borgholm.variables, **borgholm.translations.get(code, {})}["page"] for code in ("sv", "en")] == [
        swedish,
        english,
    ]


def test_the_address_of_pages_that_others_hand_out_is_one(folder: Path) -> None:
    (problem,) = problems(folder, PAGES, f'{PAGES}\nurl = "kris.se"')
    assert "accounts.pages.url" in problem
    assert "is not a web address" in problem


def test_relative_paths_are_meant_from_the_configuration(folder: Path) -> None:
    assert load(folder / "config.toml").database_url.get_secret_value().endswith(f"{folder}/broadcaster.db")


def test_a_configuration_saved_with_a_byte_order_mark_is_read(folder: Path) -> None:
    (folder / "config.toml").write_text(template(), encoding="utf-8-sig")
    assert load(folder / "config.toml").mode is Mode.SANDBOX


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_a_postgresql_database_gets_the_driver_that_does_not_block(folder: Path, scheme: str) -> None:
    config = changed(folder, '"broadcaster.db"', f'"{scheme}://tests@127.0.0.1:5432/kris"')
    assert config.database_url.get_secret_value() == "postgresql+asyncpg://tests@127.0.0.1:5432/kris"


def test_an_account_takes_its_speed_from_its_provider_unless_the_configuration_names_one(folder: Path) -> None:
    accounts = load(folder / "config.toml").accounts
    assert accounts["sms"].rate == 10
    assert accounts["sms"].concurrency == TWILIO.concurrency
    assert accounts["facebook-borgholm"].rate == FACEBOOK.rate


def test_a_secret_comes_from_a_variable_or_a_file_and_does_not_print_itself(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KRIS_TOKEN", "of-the-variable")
    config = changed(folder, TOKEN, 'auth_token = { env = "KRIS_TOKEN" }')
    assert getattr(config.accounts["sms"].settings, "auth_token").get_secret_value() == "of-the-variable"  # noqa: B009 - a setting of Twilio's
    assert "of-the-variable" not in repr(config)
    assert (folder / "broadcaster.key").read_text().strip() not in repr(config)


@pytest.mark.parametrize(
    ("old", "new", "key", "said"),
    [
        ('mode = "sandbox"', 'mode = "test"', "mode", "must be 'sandbox' or 'live'."),
        ("port = 8080", "prot = 8080", "serve.prot", "is not a setting here. Did you mean port?"),
        ("port = 8080", "port = 99999", "serve.port", "must be at most 65535."),
        ("port = 8080", 'port = "http"', "serve.port", "must be a whole number, without quotation marks."),
        ('"http://127.0.0.1:8080"', '"kris.se"', "serve.public_url", "is not a web address"),
        ('"Europe/Stockholm"', '"Europe"', "time_zone", "is not a time zone"),
        ('"Europe/Stockholm"', '"../etc"', "time_zone", "is not a time zone"),
        ('database = "broadcaster.db"', 'database = ""', "database", "is neither a file nor the address"),
        ('"broadcaster.db"', '"mysql://127.0.0.1/kris"', "database", "is neither a file nor the address"),
        ('"broadcaster.db"', '"postgresql://kris:geheim@127.0.0.1/kris"', "database", "holds a password"),
        (KEY, 'key = "geheim"', "key", "a secret never stands here itself"),
        (KEY, 'key = { env = "KRIS_NOT_SET" }', "key", "the environment variable KRIS_NOT_SET is not set"),
        (KEY, 'key = { file = "lost.key" }', "key", "lost.key cannot be read"),
        (TOKEN, 'auth_token = "geheim"', "accounts.sms.auth_token", "a secret never stands here itself"),
        ('"twilio" ', '"myspace" ', "accounts.sms.provider", "'myspace' is not a provider. Known: facebook, twilio"),
        ("rate = 10 ", "rate = 0 ", "accounts.sms.rate", "must be more than 0"),
        ("rate = 10 ", 'colour = "red" ', "accounts.sms.colour", "is not a setting here. Known: account_sid"),
        ('phone = "0485-880 00"', "phone = 0", "municipalities.borgholm.phone", "must be text, in quotation marks."),
        ('["sv", "en"]', "[]", "municipalities.borgholm.languages", "is empty."),
        ('["sv", "en"]', '"sv"', "municipalities.borgholm.languages", "must be a list, in brackets."),
        ('["sv", "en"]', '["sv", "xx"]', "municipalities.borgholm.languages", "'xx' is not a known language."),
        ('"+46701740698"', '"0701740698"', "accounts.sms.inbound.all", "residents text to a number such as +46…"),
        ('"+46701740698"', '{ kalmar = "72456" }', "accounts.sms.inbound.kalmar", "'kalmar' sends by this account."),
        ('"+46701740698"', '{ all = "72456", borgholm = "72456" }', "accounts.sms.inbound.borgholm", "appears twice."),
        (
            'mode = "sandbox"',
            'residents.countries = ["se"]\nmode = "sandbox"',
            "residents.countries.0",
            "is not a country",
        ),
        ('log = "text"', 'duty.numbers = ["070-174 06 90"]', "duty.numbers.0", "is not a phone number"),
        ('log = "text"', 'duty.account = "feeds"', "duty.account", "no account 'feeds' sends SMS."),
        ('log = "text"', 'duty.language = "xx"', "duty.language", "'xx' is not a known language."),
        ('log = "text"', "duty.minutes_before = 0", "duty.minutes_before", "must be at least 1."),
        ("codes_per_day = 500", "codes_per_day = 0", "sign_up.codes_per_day", "must be at least 1."),
        ("enabled = true", 'enabled = "maybe"', "sign_up.enabled", "must be true or false."),
        ("port = 8080", 'trusted_proxies = ["caddy"]\nport = 8080', "serve.trusted_proxies.0", "is not an address"),
        ('sms = "sms"', 'sms = "smss"', "municipalities.borgholm.channels", "there is no account 'smss'."),
        ('sms = "sms"', 'sms = "feeds"', "municipalities.borgholm.channels", "'feeds' reaches feed, not sms."),
        ('sms = "sms"', 'fax = "sms"', "municipalities.borgholm.channels", "'fax' is not a channel. Known: facebook"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_key(folder: Path, old: str, new: str, key: str, said: str) -> None:
    (found,) = problems(folder, old, new)
    assert found.startswith(f"config.toml:{line_of(old)}: {key}: ")
    assert said in found
    assert "geheim" not in found


@pytest.mark.parametrize("name", ["Borgholm", "all", '"öland"', '"a b"'])
def test_a_municipality_needs_a_short_name_that_fits_addresses(folder: Path, name: str) -> None:
    text = template().replace("[municipalities.borgholm", f"[municipalities.{name}")
    (folder / "config.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be a short name"):
        load(folder / "config.toml")


def test_all_that_is_missing_is_said_at_once(folder: Path) -> None:
    found = problems(folder, template(), "")
    assert found == [
        f"config.toml: {key}: is missing. Add it." for key in ("mode", "key", "accounts", "municipalities")
    ]


def test_problems_of_several_sections_are_said_at_once(folder: Path) -> None:
    text = template().replace("port = 8080", "prot = 8080").replace("rate = 10 ", "rate = 0 ")
    found = problems(folder, template(), text)
    assert [problem.split(": ")[1] for problem in found] == ["serve.prot", "accounts.sms.rate"]


def test_an_account_without_a_provider_is_told_which_there_are(folder: Path) -> None:
    (found,) = problems(folder, 'provider = "feed"\n', "")
    assert found == (
        f"config.toml:{line_of('[accounts.feeds]')}: accounts.feeds: has no provider. "
        "Write provider = one of: facebook, twilio, 46elks, feed, page, websub, twilio-voice, 46elks-voice, prompts."
    )


@pytest.mark.parametrize("address", ["https://api.twilio.com", "https://127.0.0.1.example.se", "https://10.0.0.1"])
def test_in_the_sandbox_an_account_that_leads_elsewhere_is_refused(folder: Path, address: str) -> None:
    (found,) = problems(folder, "http://127.0.0.1:8070/twilio", address)
    assert 'the mode is "sandbox", but this account would talk to' in found


def test_in_the_sandbox_an_account_that_is_not_led_to_it_is_refused(folder: Path) -> None:
    (found,) = problems(folder, 'base_url = "http://127.0.0.1:8070/twilio"\n', "")
    assert found.startswith(f"config.toml:{line_of('[accounts.sms]')}: accounts.sms.base_url: ")
    assert "api.twilio.com" in found


@pytest.mark.parametrize("address", ["http://localhost:8070/twilio", "http://[::1]:8070/twilio", "http://127.9.9.9/t"])
def test_every_loopback_address_may_be_the_sandbox(folder: Path, address: str) -> None:
    assert changed(folder, "http://127.0.0.1:8070/twilio", address).mode is Mode.SANDBOX


def live(public_url: str) -> str:
    """The shipped configuration, gone live."""
    text = (
        template().replace('mode = "sandbox"', 'mode = "live"').replace("http://127.0.0.1:8070", "https://kris.example")
    )
    return text.replace('public_url = "http://127.0.0.1:8080"', public_url)


@pytest.mark.parametrize("public_url", ["", 'public_url = "https://kris.example"'])
def test_live_accounts_may_lead_anywhere(folder: Path, public_url: str) -> None:
    assert changed(folder, template(), live(public_url)).mode is Mode.LIVE


def test_live_nobody_outside_is_told_to_call_this_machine_by_its_inner_address(folder: Path) -> None:
    text = live('public_url = "http://127.0.0.1:8080"')
    line = text[: text.index("public_url = ")].count("\n") + 1

    [problem] = problems(folder, template(), text)

    assert problem.startswith(f"config.toml:{line}: serve.public_url: ")
    assert "cannot reach this machine" in problem


def test_there_is_one_set_of_feeds(folder: Path) -> None:
    second = '[accounts.more]\nprovider = "feed"\ndirectory = "more"\nauthority = "borgholm.se"\n\n[accounts.feeds]'

    [problem] = problems(folder, "[accounts.feeds]", second)

    assert "accounts.feeds: there are feeds already: more." in problem


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"mode", "config.toml:1: This line cannot be read"),
        (b"mode = 1\nmode = 2\n", "config.toml:2: The key mode stands here for the second time, after line 1."),
        ('# Mörbylånga\nmode = "sandbox"\n'.encode("latin-1"), "config.toml: is not UTF-8 text."),
        (b"accounts = 3\n", "config.toml:1: accounts: must be a table."),
    ],
)
def test_a_file_that_is_no_configuration_is_said_so(folder: Path, content: bytes, said: str) -> None:
    (folder / "config.toml").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(folder / "config.toml")
    assert said in str(caught.value)


def test_without_a_file_the_way_to_one_is_shown(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no configuration here\. Run `broadcaster init`"):
        load(tmp_path / "config.toml")


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("whole", "complaint"),
    [
        ("borgholms", "'borgholms' is not a municipality. Did you mean borgholm?"),
        ("morbylanga", "'morbylanga' is itself part of another. Name the municipality that owns it."),
    ],
)
def test_what_is_part_of_a_municipality_names_one_that_there_is(folder: Path, whole: str, complaint: str) -> None:
    found = problems(folder, 'code = "0840"', f'part_of = "{whole}"')
    assert complaint in found[0]
    assert "municipalities.morbylanga.part_of" in found[0]


def test_a_company_is_part_of_its_municipality(folder: Path) -> None:
    config = changed(folder, 'code = "0840"', 'part_of = "borgholm"')
    assert config.municipalities["morbylanga"].part_of == "borgholm"


PROFILE = """[municipalities.borgholm.profile]
facebook = "https://www.facebook.com/borgholmskommun"
press = "0485-880 01"
email = "kommun@borgholm.se"
data_officer = "dataskydd@borgholm.se"
mark = "vapen.svg"
colour = "#00567A"
accessibility = { sv = "tillganglighet.md" }

[municipalities.borgholm.translations.en]"""
ENGLISH_NAME = "[municipalities.borgholm.translations.en]"


def test_a_municipality_presents_itself_with_a_mark_and_texts_of_its_own(folder: Path) -> None:
    (folder / "vapen.svg").write_text("<svg/>")
    (folder / "tillganglighet.md").write_text("Vi är **tillgängliga**.")
    profile = contacts_of(changed(folder, ENGLISH_NAME, PROFILE))["borgholm"].profile
    assert profile.mark == "data:image/svg+xml;base64,PHN2Zy8+"
    assert (profile.colour, profile.press) == ("#00567a", "0485-880 01")
    assert profile.statements == {(Topic.ACCESSIBILITY, "sv"): "<p>Vi är <strong>tillgängliga</strong>.</p>"}
    assert [firm.name for firm in profile.firms] == ["Twilio"]


def test_what_is_wrong_with_a_profile_is_said_with_its_key(folder: Path) -> None:
    (folder / "vapen.svg").write_bytes(bytes(9_000))
    (folder / "tillganglighet.md").write_bytes(b"\xff")
    wrong = PROFILE.replace('sv = "tillganglighet.md"', 'sv = "tillganglighet.md", fi = "nowhere.md"')
    assert [said.partition("profile.")[2] for said in problems(folder, ENGLISH_NAME, wrong)] == [
        "mark: vapen.svg has 9,000 bytes, and a page has room for 6,000. Make it smaller.",
        "accessibility: tillganglighet.md is not UTF-8 text. Save it as UTF-8.",
        "accessibility: 'fi' is not a known language. Known: en, sv.",
    ]
    [said] = problems(folder, ENGLISH_NAME, PROFILE.replace("#00567A", "blue").replace("vapen.svg", "v.gif"))
    assert "is not a colour" in said


def test_the_facebook_page_is_known_by_its_account_once_that_is_real(folder: Path) -> None:
    real = 'base_url = "http://127.0.0.1:8070/graph"\n'
    text = template().replace('mode = "sandbox"', 'mode = "live"').replace(real, "").replace(PUBLIC_URL, "")
    (folder / "config.toml").write_text(text, encoding="utf-8")
    assert contacts_of(load(folder / "config.toml"))["borgholm"].profile.facebook == (
        "https://www.facebook.com/100000000000001"
    )
    assert contacts_of(changed(folder, KEY, KEY))["borgholm"].profile.facebook == ""
