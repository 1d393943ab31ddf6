"""What a probe finds behind HTTP, plain and over TLS, also where the other side lies, drips or never ends."""

import asyncio
import gzip
import socket
import ssl
import tracemalloc
from datetime import UTC, datetime, timedelta
from threading import Event, Semaphore, current_thread, main_thread
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from helpdesk.errors import Overloaded
from helpdesk.netmonitor.model import Outcome, Target
from helpdesk.netmonitor.probes import NetworkProbes
from helpdesk.netmonitor.probes.answers import LARGEST_BODY
from helpdesk.netmonitor.probes.http import MOST_TLS_THREADS
from tests.netmonitor.serving import Reply, forever, serving
from tests.servers.certificates import Authority

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
MB = 2**20


def page(body: bytes, more: bytes = b"") -> bytes:
    return HEAD + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


async def found(here: NetworkProbes, reply: Reply, **more: Any) -> Outcome:
    """The outcome at a server that replies so, without the time that it took."""
    async with serving(reply) as server:
        outcome = await here.probe(Target(1, "", "http", f"http://127.0.0.1:{server.port}/")._replace(**more))
        return outcome._replace(ms=0.0 if outcome.ms is not None else None)


UP = Outcome(0.0)


@pytest.mark.parametrize(
    ("status", "expected", "outcome"),
    [
        (b"200 OK", "", UP),
        (b"204 ", "", UP),
        (b"302 Found", "", UP),
        (b"302 Found", "200-299", Outcome(None, "status", "302 Found")),
        (b"401 Unauthorized", "200-299,401", UP),
        (b"503 Service\x00\x1b[31m   Unavailable", "", Outcome(None, "status", "503 Service [31m Unavailable")),
        (b"503 " + b"!" * 300, "", Outcome(None, "status", "503 " + "!" * 196)),
    ],
)  # fmt: skip
async def test_the_status_is_judged(here: NetworkProbes, status: bytes, expected: str, outcome: Outcome) -> None:
    reply = b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"
    assert await found(here, reply, expected_status=expected) == outcome


async def test_a_second_answer_changes_nothing(here: NetworkProbes) -> None:
    keeps = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n"
    assert await found(here, keeps + page(b"")) == Outcome(None, "status", "503 Busy")


async def test_a_redirection_is_not_followed(here: NetworkProbes) -> None:
    async with serving(page(b"")) as elsewhere:
        there = b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n" % elsewhere.port
        assert await found(here, there) == UP
        assert elsewhere.connections == 0


async def test_it_asks_as_browsers_do(here: NetworkProbes) -> None:
    async with serving(page(b""), address="::1") as server:
        target = Target(1, "", "http", f"http://[::1]:{server.port}/вход?a=b c%20d".replace(" ", ""))
        assert (await here.probe(target)).fault == ""
        first, host, *_ = server.read.decode().split("\r\n")
        assert (first, host) == ("GET /%D0%B2%D1%85%D0%BE%D0%B4?a=bc%20d HTTP/1.1", f"Host: [::1]:{server.port}")


RUSSIAN = "<h1>Добро\n   ПОЖАЛОВАТЬ</h1>"


@pytest.mark.parametrize(
    "reply",
    [
        page(RUSSIAN.encode()),
        page(RUSSIAN.encode("windows-1251")),
        page(RUSSIAN.encode("koi8-r"), b'Content-Type: text/html; charset="KOI8-R"\r\n'),
        page(RUSSIAN.encode(), b"Content-Type: text/html; charset=idna\r\n"),
        page(gzip.compress(RUSSIAN.encode(), mtime=0), b"Content-Encoding: gzip\r\n"),
        HEAD + b"\r\n" + RUSSIAN.encode(),
        CHUNKED + b"".join(b"1\r\n%c\r\n" % each for each in RUSSIAN.encode()) + b"0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + page(RUSSIAN.encode()),
        b"HTTP/1.0 200\nServer: \x01\n\n" + RUSSIAN.encode(),
    ],
)  # fmt: skip
async def test_the_expected_words_are_found(here: NetworkProbes, reply: bytes) -> None:
    assert await found(here, reply, expected_words="добро пожаловать") == UP


@pytest.mark.parametrize(
    "reply",
    [
        page(b"<h1>Apache default page</h1>"),
        page(b""),
        page(b" " * LARGEST_BODY + b"welcome"),
        page(gzip.compress(b" " * LARGEST_BODY + b"welcome", mtime=0), b"Content-Encoding: gzip\r\n"),
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nwelcome",
    ],
)
async def test_missing_words_are_a_fault(here: NetworkProbes, reply: bytes) -> None:
    assert await found(here, reply, expected_words="Welcome", expected_status="100-299") == Outcome(None, "words")


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"220 mail.example ESMTP\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"<h1>no head</h1>",
        b"\x15\x03\x01\x00\x02\x02\x0a",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzzz\r\n",
        page(b"no gzip", b"Content-Encoding: gzip\r\n"),
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 20_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\na: " + b"b" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000,
    ],
)
async def test_what_is_no_answer_of_http_is_nonsense(here: NetworkProbes, reply: bytes) -> None:
    assert (await found(here, reply, expected_words="welcome")).fault == "nonsense"


async def test_a_connection_that_breaks_is_nonsense(here: NetworkProbes) -> None:
    async def breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.transport.abort()

    assert (await found(here, breaks)).fault == "nonsense"


@pytest.mark.parametrize(
    ("first", "part", "fault"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n", "nonsense"),
        (b"HTTP/1.1 200 OK\r\n", b"a: b\r\n", "nonsense"),
        (HEAD + b"\r\n", b"x" * 65_536, ""),
        (CHUNKED, b"1\r\nx\r\n" * 10_000, ""),
        (CHUNKED + b"0\r\n", b"a: b\r\n" * 1000, ""),
        (CHUNKED + b"5;x=", b"y" * 65_536, ""),
    ],
    ids=["answers", "headers", "body", "pieces", "trailers", "extension"],
)
async def test_what_never_ends_is_read_for_a_while(here: NetworkProbes, first: bytes, part: bytes, fault: str) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        await forever(writer, part)

    assert (await found(here, endless)).fault == fault


@pytest.mark.parametrize("first", [b"HTTP/1.1 200 OK\r\na: ", HEAD + b"\r\n"])
async def test_what_drips_is_too_late(hasty: NetworkProbes, first: bytes) -> None:
    async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        await forever(writer, b"x", 0.02)

    assert await found(hasty, drips) == Outcome(None, "slow")


async def test_trailers_are_no_headers(here: NetworkProbes) -> None:
    body = gzip.compress(b"welcome", mtime=0)
    chunked = CHUNKED + b"%x\r\n" % len(body) + body + b"\r\n0\r\nContent-Encoding: gzip\r\n\r\n"
    assert (await found(here, chunked, expected_words="welcome")).fault == "words"


async def test_a_bomb_takes_little_memory(here: NetworkProbes) -> None:
    bomb = page(gzip.compress(b"\0" * (200 * MB), 9), b"Content-Encoding: gzip\r\n")
    async with serving(bomb) as server:
        tracemalloc.start()
        try:
            target = Target(1, "", "http", f"http://127.0.0.1:{server.port}/", expected_words="welcome")
            assert (await here.probe(target)).fault == "words"
            assert tracemalloc.get_traced_memory()[1] < 8 * MB
        finally:
            tracemalloc.stop()


@given(
    st.lists(
        st.sampled_from(
            [
                b"HTTP/1.1 ",
                b"HTTP/",
                b"200",
                b" OK",
                b"\r\n",
                b"\n",
                b"\r",
                b"a: b",
                b":",
                b" ",
                b"Content-Length: 5",
                b"\xff",
                b"\0",
                b"Transfer-Encoding: chunked",
                b"Content-Encoding: gzip",
                b"5",
                b"fffffffffffffffff",
                b";x=y",
                b"Hello",
                b"0",
                b"101",
                b"Connection: upgrade",
                b"charset=",
                b"\x1f\x8b",
            ]
        ),
        max_size=24,
    ).map(b"".join)
)
@example(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
async def test_no_answer_makes_a_probe_raise(here: NetworkProbes, reply: bytes) -> None:
    assert (await found(here, reply, expected_words="hello")).fault in ("", "nonsense", "status", "words")


def shown(certificate: tuple[Any, Any]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


async def over_tls(here: NetworkProbes, context: ssl.SSLContext, **more: Any) -> tuple[Outcome, bytes]:
    """The outcome at a server with this certificate, and what it was asked."""
    async with serving(page(b""), context) as server:
        target = Target(1, "", "http", f"https://127.0.0.1:{server.port}/")._replace(**more)
        return await here.probe(target), server.read


async def test_the_end_of_a_certificate_is_seen(here: NetworkProbes, company: Authority) -> None:
    seen, asked = await over_tls(here, company.server_context(), certificate_days=3)
    assert seen.ms and seen.fault == "" and asked.startswith(b"GET / ")
    assert seen.expires_at and timedelta(6) < seen.expires_at - datetime.now(UTC) < timedelta(8)


async def test_a_certificate_that_ends_soon_is_a_fault_of_a_host_that_is_up(
    here: NetworkProbes, company: Authority
) -> None:
    context = company.server_context()
    seen, _ = await over_tls(here, context, certificate_days=14)
    assert seen.ms and seen.fault == "expiring" and seen.expires_at
    late, _ = await over_tls(here, context, certificate_days=14, expected_status="404")
    assert late.fault == "status" and late.expires_at == seen.expires_at


async def test_nothing_is_asked_where_the_certificate_is_refused(
    here: NetworkProbes, company: Authority, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stranger = Authority(tmp_path_factory.mktemp("stranger"), "Stranger")
    for context, why, left in (
        (shown(company.certify(days=-1)), "certificate has expired", timedelta(-1)),
        (company.server_context("IP:127.0.0.2"), "IP address mismatch", timedelta(7)),
        (company.server_context("DNS:site.example"), "IP address mismatch", timedelta(7)),
        (stranger.server_context(), "unable to get local issuer certificate", timedelta(7)),
    ):
        seen, asked = await over_tls(here, context)
        assert (seen.fault, asked) == ("certificate", b"") and why in seen.detail
        assert seen.expires_at and abs(seen.expires_at - datetime.now(UTC) - left) < timedelta(days=1)


async def test_without_tls_there_is_no_sense_in_it(here: NetworkProbes, company: Authority) -> None:
    async def refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serving(refuses) as plain, serving(page(b""), company.server_context()) as encrypted:
        assert (await here.probe(Target(1, "", "http", f"https://127.0.0.1:{plain.port}/"))).fault == "nonsense"
        assert (await here.probe(Target(1, "", "http", f"http://127.0.0.1:{encrypted.port}/"))).fault == "nonsense"


@pytest.mark.parametrize("half", [b"", b"\x16\x03\x03\x00\x7a\x02"])
async def test_half_a_handshake_is_too_late(hasty: NetworkProbes, half: bytes) -> None:
    async def begins(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(half)
        await asyncio.sleep(3600)

    async with serving(begins) as server:
        target = Target(1, "", "http", f"https://127.0.0.1:{server.port}/")
        assert await hasty.probe(target) == Outcome(None, "slow")


@pytest.mark.parametrize("group", ["prime256v1", "X25519", "secp384r1", "secp521r1", "X448"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("kind", ["ec", "rsa"])
async def test_normal_servers_are_understood(
    here: NetworkProbes, company: Authority, kind: str, version: ssl.TLSVersion, group: str
) -> None:
    context = shown(company.certify(kind=kind))
    context.minimum_version = context.maximum_version = version
    context.set_ecdh_curve(group)
    seen, _ = await over_tls(here, context)
    assert (seen.fault, seen.detail) == ("", "") and seen.ms and seen.expires_at


async def test_a_prime_of_the_server_s_choice_is_refused(here: NetworkProbes, company: Authority) -> None:
    context = shown(company.certify(kind="rsa"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("DHE-RSA-AES256-GCM-SHA384")
    context.load_dh_params(str(company.prime()))
    assert (await over_tls(here, context))[0].fault == "nonsense"


async def test_the_work_of_tls_is_done_in_threads(
    here: NetworkProbes, company: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = list[tuple[str, bool]]()

    def noting(name: str) -> None:
        does = getattr(ssl.SSLObject, name)

        def does_and_notes(its: ssl.SSLObject, *given: Any) -> Any:
            if not its.server_side:
                places.append((name, current_thread() is main_thread()))
            return does(its, *given)

        monkeypatch.setattr(ssl.SSLObject, name, does_and_notes)

    for each in ("do_handshake", "read", "write"):
        noting(each)
    assert (await over_tls(here, company.server_context()))[0].fault == ""
    assert set(places) == {("do_handshake", False), ("read", False), ("write", False)}


async def test_no_thread_of_this_machine_for_tls_is_no_fault_of_the_host(
    here: NetworkProbes, company: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    freed, taken, does = Event(), Semaphore(0), ssl.SSLObject.do_handshake

    def waits(its: ssl.SSLObject) -> None:
        if not its.server_side:
            taken.release()
            freed.wait()
        does(its)

    monkeypatch.setattr(ssl.SSLObject, "do_handshake", waits)
    async with serving(page(b""), company.server_context()) as server:
        target = Target(1, "", "http", f"https://127.0.0.1:{server.port}/")
        probes = [asyncio.ensure_future(here.probe(target)) for _ in range(MOST_TLS_THREADS)]
        try:
            for _ in probes:
                await asyncio.to_thread(taken.acquire)
            with pytest.raises(Overloaded):
                await here.probe(target)
        finally:
            freed.set()
            await asyncio.gather(*probes)


async def test_a_handshake_without_end_is_nonsense(here: NetworkProbes) -> None:
    hello_request = b"\x16\x03\x03\0\4" + bytes(4)

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await forever(writer, hello_request * 1000)

    async with serving(endless) as server:
        seen = await here.probe(Target(1, "", "http", f"https://127.0.0.1:{server.port}/"))
        assert seen == Outcome(None, "nonsense", "its TLS has no end")


async def test_tls_that_ends_without_a_word_is_an_end(here: NetworkProbes, company: Authority) -> None:
    async def breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + b"\r\nwelcome")
        await writer.drain()
        writer.get_extra_info("socket")._sock.shutdown(socket.SHUT_WR)

    async with serving(breaks, company.server_context()) as server:
        target = Target(1, "", "http", f"https://127.0.0.1:{server.port}/", expected_words="welcome")
        seen = await here.probe(target)
        assert seen.fault == "" and seen.expires_at
