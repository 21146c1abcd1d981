"""What happens on a network, made to happen on real sockets, and the outcome it becomes."""

import asyncio
import datetime
import gzip
import ipaddress
import json
import re
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, timedelta
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import ClientTimeout
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import TypeAdapter, ValidationError
from yarl import URL

from channels.address import BaseUrl
from channels.contract import Deferred, Halted, InDoubt, Rejected, Unclear
from channels.limit import TimeLimit
from channels.wire import (
    CONNECTING,
    LONGEST_BODY,
    LONGEST_LISTING,
    LONGEST_WAIT,
    SILENCES,
    TIMEOUT,
    Answer,
    Response,
    Wire,
    by_status,
    internet_date,
    iso_date,
    refusal,
    session,
)

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What a server does with a connection, from its first byte to its last."""

IMPATIENT = 0.3
IN_A_HURRY = ClientTimeout(connect=0.2, sock_connect=0.2)

FORM = {"to": "+46701740605", "message": "Räksmörgås & 100 % 🦐"}


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@asynccontextmanager
async def serving(talk: Talk, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Serve on loopback and yield the base URL; what clients do to the server's connections is no failure."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    host, port = server.sockets[0].getsockname()
    try:
        yield f"{'https' if tls else 'http'}://{host}:{port}"
    finally:
        server.close()


async def hear(reader: asyncio.StreamReader) -> bytes:
    """Read one request to its end and return it."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return head + await reader.readexactly(int(length[1]) if length else 0)


async def until_left(reader: asyncio.StreamReader) -> None:
    """Wait until the client closes the connection."""
    await reader.read()


def saying(*chunks: bytes) -> Talk:
    """Hear the request, say the chunks, close."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hear(reader)
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()

    return talk


async def ask(
    http: aiohttp.ClientSession, url: str, patience: float = TIMEOUT, connecting: ClientTimeout = CONNECTING
) -> Answer:
    wire = Wire(http, TimeLimit(patience), connecting).authorized("Basic c2VjcmV0")
    return await wire.ask("POST", f"{url}/a1/sms", as_it_is, form=urlencode(FORM).encode())


def as_it_is(answer: Response) -> Response:
    return answer


async def test_an_answer_is_returned_as_it_came(http: aiohttp.ClientSession) -> None:
    heard: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await hear(reader))
        writer.write(b'HTTP/1.1 201 Created\r\nretry-after: 7\r\nContent-Length: 13\r\n\r\n{"sid": "SM"}')

    async with serving(talk) as url:
        answer = await ask(http, url)
    assert isinstance(answer, Response)
    assert (answer.status, answer.headers["Retry-After"], answer.json()) == (201, "7", {"sid": "SM"})
    head, _, body = heard[0].partition(b"\r\n\r\n")
    assert b"Authorization: Basic c2VjcmV0" in head
    assert b"Content-Type: application/x-www-form-urlencoded" in head
    assert body == b"to=%2B46701740605&message=R%C3%A4ksm%C3%B6rg%C3%A5s+%26+100+%25+%F0%9F%A6%90"


async def test_a_question_has_no_form(http: aiohttp.ClientSession) -> None:
    heard: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await hear(reader))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    async with serving(talk) as url:
        assert isinstance(await Wire(http).ask("GET", URL(url).with_query(to="+46701740605"), as_it_is), Response)
    assert heard[0].startswith(b"GET /?to=%2B46701740605 HTTP/1.1")
    assert b"Content-Type" not in heard[0]
    assert b"Authorization" not in heard[0]


async def test_nothing_listening_means_certainly_not_done(http: aiohttp.ClientSession) -> None:
    with socket.socket() as bound:  # bound but not listening: the port is ours and refuses
        bound.bind(("127.0.0.1", 0))
        answer = await ask(http, f"http://127.0.0.1:{bound.getsockname()[1]}")
    assert answer == Deferred("no connection: the provider cannot be reached")


async def test_a_name_that_does_not_exist_means_certainly_not_done(http: aiohttp.ClientSession) -> None:
    answer = await ask(http, "https://provider.invalid")
    assert answer == Deferred("no connection: the provider's name cannot be looked up (DNS)")


async def test_no_room_for_a_connection_means_certainly_not_done(http: aiohttp.ClientSession) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:  # fills the backlog, so that the next connection is not answered at all
            client.setblocking(False)  # noqa: FBT003 - the socket module's way
            client.connect_ex(deaf.getsockname())
        answer = await ask(http, f"http://127.0.0.1:{deaf.getsockname()[1]}", connecting=IN_A_HURRY)
        for client in waiting:
            client.close()
    assert answer == Deferred("no connection: the provider does not respond")


async def test_all_connections_being_taken_means_certainly_not_done() -> None:
    taken = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await hear(reader)
        taken.set()
        await until_left(reader)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as http, serving(talk) as url:
        first = asyncio.create_task(ask(http, url))
        await taken.wait()
        second = await ask(http, url, connecting=IN_A_HURRY)
        first.cancel()
    assert second == Deferred("no connection: the provider does not respond")


async def test_a_server_without_tls_means_certainly_not_done(http: aiohttp.ClientSession) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serving(talk) as url:
        answer = await ask(http, url.replace("http:", "https:"))
    assert answer == Deferred("no connection: the provider's certificate or encryption is not valid (TLS)")


async def test_a_connection_closed_during_the_tls_handshake_means_certainly_not_done(
    http: aiohttp.ClientSession,
) -> None:
    async def talk(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async with serving(talk) as url:
        answer = await ask(http, url.replace("http:", "https:"))
    assert isinstance(answer, Deferred)


async def test_a_tls_handshake_without_end_means_certainly_not_done(http: aiohttp.ClientSession) -> None:
    async def talk(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await until_left(reader)

    async with serving(talk) as url:
        answer = await ask(http, url.replace("http:", "https:"), connecting=IN_A_HURRY)
    assert answer == Deferred("no connection: the provider does not respond")


@pytest.fixture
def certificate_nobody_trusts(tmp_path: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


async def test_a_certificate_that_nobody_trusts_means_certainly_not_done(
    http: aiohttp.ClientSession, certificate_nobody_trusts: ssl.SSLContext
) -> None:
    heard: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        heard.append(await reader.read())

    async with serving(talk, tls=certificate_nobody_trusts) as url:
        answer = await ask(http, url)
    assert answer == Deferred("no connection: the provider's certificate or encryption is not valid (TLS)")
    assert heard in ([], [b""])


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"HTTP/1.1 201 Cre", id="half a line"),
        pytest.param(b"HTTP/1.1 201 Created\r\nContent-Length: 40\r\n\r\n", id="no body"),
        pytest.param(b'HTTP/1.1 201 Created\r\nContent-Length: 40\r\n\r\n{"sid": "SM0', id="half a body"),
        pytest.param(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}", id="half a chunk"),
    ],
)
async def test_a_connection_closed_early_leaves_it_in_doubt(http: aiohttp.ClientSession, said: bytes) -> None:
    async with serving(saying(said)) as url:
        answer = await ask(http, url)
    assert answer == InDoubt("the connection broke before the whole answer was there")


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 201 Created\r\nContent-Length: 40\r\n\r\n{"])
async def test_a_reset_connection_leaves_it_in_doubt(http: aiohttp.ClientSession, said: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hear(reader)
        writer.write(said)
        await writer.drain()
        lingering: socket.socket = writer.get_extra_info("socket")
        lingering.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async with serving(talk) as url:
        answer = await ask(http, url)
    assert answer == InDoubt("the connection broke before the whole answer was there")


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 201 ", b"HTTP/1.1 201 Created\r\nContent-Length: 40\r\n\r\n{"])
async def test_silence_leaves_it_in_doubt(http: aiohttp.ClientSession, said: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hear(reader)
        writer.write(said)
        await until_left(reader)

    async with serving(talk) as url:
        answer = await ask(http, url, IMPATIENT)
    assert answer == InDoubt("no answer in time")


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"220 mail.example ESMTP\r\n\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 201 Created\r\nContent-Length: many\r\n\r\n", id="a length that is none"),
        pytest.param(b"HTTP/1.1 201 Created\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", id="a header without end"),
    ],
)
async def test_an_answer_that_is_not_http_leaves_it_in_doubt(http: aiohttp.ClientSession, said: bytes) -> None:
    async with serving(saying(said)) as url:
        answer = await ask(http, url)
    assert answer == InDoubt("the answer is not HTTP")


async def test_broken_chunks_leave_it_in_doubt(http: aiohttp.ClientSession) -> None:
    async with serving(saying(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n")) as url:
        answer = await ask(http, url)
    assert isinstance(answer, InDoubt)


async def test_an_answer_without_end_is_not_read_to_its_end(http: aiohttp.ClientSession) -> None:
    written = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await hear(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(bytes(65_536))
            await writer.drain()
            written += 65_536

    async with serving(talk) as url:
        answer = await ask(http, url)
    assert answer == InDoubt("the answer (HTTP 200) is longer than any of the provider's")
    assert written < 20 * LONGEST_BODY


async def test_an_answer_of_the_longest_length_is_read(http: aiohttp.ClientSession) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LONGEST_BODY
    async with serving(saying(head, bytes(LONGEST_BODY))) as url:
        answer = await ask(http, url)
    assert isinstance(answer, Response)
    assert len(answer.body) == LONGEST_BODY


async def test_a_list_may_be_longer_than_other_answers(http: aiohttp.ClientSession) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (2 * LONGEST_BODY)
    async with serving(saying(head, bytes(2 * LONGEST_BODY))) as url:
        answer = await Wire(http).ask("GET", url, as_it_is, longest=LONGEST_LISTING)
    assert isinstance(answer, Response)
    assert len(answer.body) == 2 * LONGEST_BODY


async def test_compressed_answers_are_neither_asked_for_nor_unpacked(http: aiohttp.ClientSession) -> None:
    packed = gzip.compress(b'{"sid": "SM0"}')
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    async with serving(saying(head, packed)) as url:
        answer = await ask(http, url)
    assert isinstance(answer, Response)
    assert (answer.body, answer.json()) == (packed, {})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(http: aiohttp.ClientSession, status: int) -> None:
    heard: list[bytes] = []

    async def elsewhere(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        heard.append(await hear(reader))

    async with serving(elsewhere) as other:
        redirect = f"HTTP/1.1 {status} Go\r\nLocation: {other}/\r\nContent-Length: 0\r\n\r\n".encode()
        async with serving(saying(redirect)) as url:
            answer = await ask(http, url)
    assert isinstance(answer, Response)
    assert isinstance(by_status(answer), InDoubt)
    assert heard == []


async def test_a_request_is_made_once_even_on_a_connection_that_died_meanwhile(http: aiohttp.ClientSession) -> None:
    heard: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await hear(reader))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        heard.append(await hear(reader))  # and close: as a server does whose patience with idle clients just ended

    async with serving(talk) as url:
        first, second = await ask(http, url), await ask(http, url)
    assert isinstance(first, Response)
    assert second == InDoubt("the connection broke before the whole answer was there")
    assert len(heard) == 2


async def test_the_shared_session_stays_usable_after_every_mishap(http: aiohttp.ClientSession) -> None:
    mishaps = [b"", b"220 mail.example\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"]
    for mishap in mishaps:
        async with serving(saying(mishap)) as url:
            assert isinstance(await ask(http, url), InDoubt)
        async with serving(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")) as url:
            assert isinstance(await ask(http, url), Response)


async def test_cancelling_stops_the_request_and_is_no_outcome(http: aiohttp.ClientSession) -> None:
    heard, left = asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await hear(reader)
        heard.set()
        await until_left(reader)
        left.set()

    async with serving(talk) as url:
        request = asyncio.create_task(ask(http, url))
        await heard.wait()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        await left.wait()


TAKEN = b'HTTP/1.1 201 Created\r\nContent-Length: 13\r\n\r\n{"sid": "SM"}'
UNASKED = b'HTTP/1.1 201 Created\r\nContent-Length: 13\r\n\r\n{"sid": "XX"}'


@pytest.mark.parametrize(
    "unasked",
    [
        pytest.param(UNASKED, id="a whole answer"),
        pytest.param(UNASKED[:30], id="half an answer"),
        pytest.param(UNASKED[:-5], id="an answer without its end"),
        pytest.param(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n", id="a server's last word"),
    ],
)
@pytest.mark.parametrize("late", [False, True])
async def test_what_came_unasked_on_a_kept_connection_is_never_an_answer(unasked: bytes, *, late: bool) -> None:
    connections, go, said = 0, asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await hear(reader)
        if connections == 1:
            writer.write(TAKEN if late else TAKEN + unasked)
            if late:
                await go.wait()
                writer.write(unasked)
            await writer.drain()
            said.set()
            await hear(reader)
        writer.write(TAKEN)

    async with session() as http, serving(talk) as url:
        first = await ask(http, url)
        go.set()
        await said.wait()
        await echo_of_loopback()
        second = await ask(http, url)
    assert isinstance(first, Response)
    assert isinstance(second, Response)
    assert second.json() == {"sid": "SM"}
    if b"\r\n\r\n" in unasked:
        assert connections == 2, "of half a line alone aiohttp tells nobody, and forgets it"


async def echo_of_loopback() -> None:
    """Wait until what was written on loopback before has been read: what is written later is read later."""
    async with serving(saying(TAKEN)) as url, aiohttp.ClientSession() as http:
        await ask(http, url)


@pytest.mark.parametrize("doubt", [InDoubt("not ours"), Unclear("not ours")])
async def test_a_connection_whose_answer_leaves_a_doubt_is_closed(doubt: InDoubt | Unclear) -> None:
    left = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hear(reader)
        writer.write(TAKEN)
        await until_left(reader)
        left.set()

    async with session() as http, serving(talk) as url:
        assert await Wire(http).ask("GET", url, lambda _: doubt) == doubt
        async with asyncio.timeout(5):
            await left.wait()


async def test_interim_answers_are_not_the_answer() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    async with session() as http, serving(saying(interim, TAKEN)) as url:
        answer = await ask(http, url)
    assert isinstance(answer, Response)
    assert (answer.status, answer.json()) == (201, {"sid": "SM"})


CANNOT_CONNECT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


@pytest.mark.parametrize(
    "error",
    [kind for kind in vars(aiohttp).values() if isinstance(kind, type) and issubclass(kind, aiohttp.ClientError)],
)
def test_every_error_of_aiohttp_has_its_outcome(error: type[Exception]) -> None:
    outcome = next(outcome for kind, outcome in SILENCES if issubclass(error, kind))
    assert isinstance(outcome, Deferred if issubclass(error, CANNOT_CONNECT) else InDoubt)


def response(status: int = 200, body: bytes = b"", **headers: str) -> Response:
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        (set(range(200, 600)) - {429}, InDoubt),
        ({429}, Deferred),
    ],
)
def test_a_status_alone_means(statuses: set[int], outcome: type) -> None:
    for status in statuses:
        failure = by_status(response(status))
        assert isinstance(failure, outcome)
        assert f"HTTP {status}" in failure.reason


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        ({401, 403, 404, 405}, Halted),
        ({429}, Deferred),
        (set(range(400, 500)) - {401, 403, 404, 405, 429}, Rejected),
    ],
)
def test_a_provider_that_refuses_for_a_reason_new_to_us_means(statuses: set[int], outcome: type) -> None:
    for status in statuses:
        failure = refusal(response(status))
        assert isinstance(failure, outcome)
        assert f"HTTP {status}" in failure.reason


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("0", timedelta(0)),
        ("120", timedelta(minutes=2)),
        ("3600", timedelta(hours=1)),
        ("999999", LONGEST_WAIT),
        ("9" * 30, LONGEST_WAIT),
        ("-1", None),
        ("1.5", None),
        ("²", None),
        ("", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", timedelta(minutes=3)),
        ("Wed, 21 Oct 2026 07:00:00 GMT", timedelta(0)),
        ("Thu, 21 Oct 2027 07:28:00 GMT", LONGEST_WAIT),
        ("Wed, 21 Oct 99999 07:28:00 GMT", None),
    ],
)
def test_a_wait_is_told_in_seconds_or_until_a_date_by_the_providers_clock(header: str, wait: timedelta | None) -> None:
    assert response(Retry_After=header, Date="Wed, 21 Oct 2026 07:25:00 GMT").retry_after() == wait


def test_a_wait_that_is_not_asked_for_is_none() -> None:
    assert response().retry_after() is None


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'"sid"', b"null", b"\xff\xfe", b"[" * 200_000, b"1" * 5_000, b'{"sid": "SM'[:-1]]
)
def test_a_body_that_is_no_json_object_reads_as_an_empty_one(body: bytes) -> None:
    assert response(body=body).json() == {}


def test_a_json_object_is_read() -> None:
    body = {"sid": "SM0", "n": [1]}
    assert response(body=json.dumps(body).encode()).json() == body


def test_a_response_prints_neither_headers_nor_body() -> None:
    assert repr(response(200, b"+46701740605", Location="/secret")) == "Response(status=200)"


async def test_a_wire_does_not_print_its_authorization(http: aiohttp.ClientSession) -> None:
    assert "c2VjcmV0" not in repr(Wire(http).authorized("Basic c2VjcmV0"))


def test_a_response_says_when_it_was_given_if_it_can() -> None:
    assert response(Date="Thu, 24 Aug 2023 05:01:45 GMT").date() == datetime.datetime(2023, 8, 24, 5, 1, 45, tzinfo=UTC)
    assert response().date() is None
    assert response(Date="yesterday").date() is None


@pytest.mark.parametrize("read", [internet_date, iso_date])
@pytest.mark.parametrize("text", ["", "soon", "Thu, 24 Aug 2023 05:01:45 +" + "9" * 30, "2023-13-01", "\0"])
def test_a_date_that_is_none_is_an_error(read: Callable[[str], datetime.datetime], text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - in words of the standard library
        read(text)


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        (internet_date("Thu, 24 Aug 2023 05:01:45 +0000"), 0),
        (internet_date("Thu, 24 Aug 2023 05:01:45 -0000"), 0),
        (internet_date("Thu, 24 Aug 2023 07:01:46 +0200"), 1),
        (iso_date("2023-08-24T05:01:45.000000"), 0),
        (iso_date("2023-08-24T05:01:46Z"), 1),
        (iso_date("2023-08-24T07:01:47+0200"), 2),
    ],
)
def test_every_date_is_some_moment(date: datetime.datetime, seconds: int) -> None:
    assert date == datetime.datetime(2023, 8, 24, 5, 1, 45, tzinfo=UTC) + timedelta(seconds=seconds)


base_url = TypeAdapter(BaseUrl)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.twilio.com",
        "https://api.example.com:8443/prefix",
        "http://127.0.0.1:8070/twilio",
        "http://localhost",
        "http://[::1]:80",
    ],
)
def test_a_base_address_is_taken_as_written(url: str) -> None:
    assert base_url.validate_python(url) == url


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("http://api.twilio.com", "secrets only travel encrypted"),
        ("http://10.0.0.1", "secrets only travel encrypted"),
        ("https://api.twilio.com/", "slash at its end"),
        ("https://user:secret@api.twilio.com", "no name, password"),
        ("https://api.twilio.com?x=1", "query"),
        ("https://api.twilio.com#x", "query"),
        ("ftp://api.twilio.com", "not a web address"),
        ("https://api.twilio.com:99999", "not a web address"),
        ("api.twilio.com", "not a web address"),
        (f"https://{'x' * 64}.example.com", "not a web address"),
        ("https://", "not a web address"),
        ("", "not a web address"),
    ],
)
def test_a_base_address_that_cannot_be_used_is_an_error(url: str, complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        base_url.validate_python(url)
