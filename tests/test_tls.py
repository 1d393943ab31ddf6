"""A company's own certificate authority: trusted where a setting names it, and missed in a sentence that helps.

Redmine is an imitation behind real TLS; MariaDB and Redis are real, and openssl made the certificates.
"""

import asyncio
import os
import shutil
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from helpdesk import adapters, tls, wiring
from helpdesk.adapters import checks
from helpdesk.errors import Unavailable
from helpdesk.health import examine
from helpdesk.notifications.redis_wakeups import RedisWakeups
from helpdesk.settings import settings as configuration
from helpdesk.store.database import Database
from helpdesk.tasks.redmine.sql.failures import Silent
from helpdesk.texts import in_english
from tests.servers import redis
from tests.servers.certificates import Authority
from tests.servers.fixtures import unavailable
from tests.servers.imitated_redmine import imitated_redmine, says, tells
from tests.servers.mariadb import SYSTEM_USER, MariaDB, execute, running_mariadb
from tests.servers.process import free_port

pytestmark = pytest.mark.xdist_group("tls")  # they share a MariaDB and authorities
KEY = "0123456789abcdef-key-of-the-helpdesk"


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("company"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("stranger"), "Stranger")


def settings(**environ: str | Path) -> configuration.Settings:
    return configuration.load({name: str(value) for name, value in environ.items()}, Path("/nowhere"))


async def findings(**environ: str | Path) -> dict[str, str]:
    async with checks(settings(**{"DATABASE_URL": "sqlite:////nowhere/store.db"} | environ)) as listed:
        return {finding.system: str(finding) for finding in await examine(listed)}


@asynccontextmanager
async def redmine_with(certificate: ssl.SSLContext) -> AsyncIterator[dict[str, str]]:
    """The settings of an imitated Redmine that shows this certificate."""
    async with imitated_redmine(certificate) as server:
        server.answers["/users.json"] = tells({"users": []})
        server.answers["/issues.json"] = says(403)
        yield {"REDMINE_URL": server.url, "REDMINE_API_KEY": KEY}


@pytest.mark.parametrize("setting", ["CA_BUNDLE", "REDMINE_CA_BUNDLE"])
async def test_redmine_is_reached_by_the_authority_that_a_setting_names(
    company: Authority, database: Database, setting: str
) -> None:
    async with redmine_with(company.server_context()) as redmine:
        given = {**redmine, setting: company.file, "DATABASE_URL": str(database.engine.url)}
        services = wiring.wire(settings(**given))
        owner = await services.authentication.directories[0].sign_in("owner", "a password")
        assert owner and owner.login == "owner"
        await services.close()
        assert (await findings(**redmine, **{setting: company.file}))["Redmine"] == "Redmine: ok"


async def test_an_authority_of_redmines_own_goes_before_the_companys(company: Authority, stranger: Authority) -> None:
    async with redmine_with(company.server_context()) as redmine:
        right = {"REDMINE_CA_BUNDLE": company.file, "CA_BUNDLE": stranger.file}
        wrong = {"REDMINE_CA_BUNDLE": stranger.file, "CA_BUNDLE": company.file}
        assert (await findings(**redmine, **right))["Redmine"] == "Redmine: ok"
        assert "unknown authority" in (await findings(**redmine, **wrong))["Redmine"]


async def test_the_doctor_says_which_setting_an_unknown_authority_asks_for(company: Authority) -> None:
    async with redmine_with(company.server_context()) as redmine:
        told = (await findings(**redmine))["Redmine"]
    assert "signed by an unknown authority" in told and "REDMINE_CA_BUNDLE" in told and " CA_BUNDLE" in told


async def speak_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()
        await writer.wait_closed()


async def test_the_doctor_tells_a_certificate_for_another_name_and_a_port_without_tls(company: Authority) -> None:
    async with redmine_with(company.server_context("DNS:redmine.example.test")) as redmine:
        told = (await findings(**redmine, CA_BUNDLE=company.file))["Redmine"]
    assert "for another name" in told and "REDMINE_URL" in told
    plain = await asyncio.start_server(speak_http, "127.0.0.1", 0)
    async with plain:
        address = f"https://127.0.0.1:{plain.sockets[0].getsockname()[1]}"
        told = (await findings(REDMINE_URL=address, REDMINE_API_KEY=KEY))["Redmine"]
    assert "there is no TLS" in told and "the scheme and the port of REDMINE_URL" in told


async def test_the_detail_of_a_refused_sign_in_tells_why_its_certificate_was_refused(
    company: Authority, tmp_path: Path
) -> None:
    async with redmine_with(company.server_context()) as redmine:
        services = wiring.wire(settings(**redmine, DATABASE_URL=f"sqlite:///{tmp_path}/store.db"))
        with pytest.raises(Unavailable) as refused:
            await services.authentication.directories[0].sign_in("owner", "a password")
        await services.close()
    assert "unknown authority" in refused.value.detail


@pytest.mark.parametrize(
    ("code", "reason"),
    [(10, "has expired"), (20, "unknown authority"), (62, "another name"), (64, "another name"), (23, "is refused")],
)
def test_each_fault_of_a_certificate_has_its_own_sentence(code: int, reason: str) -> None:
    failed, wrapped = ssl.SSLCertVerificationError("geheim"), ConnectionError("wrapped")
    failed.verify_code, failed.verify_message = code, "certificate revoked"
    wrapped.__context__ = failed
    found = tls.refusal(wrapped, "REDMINE_URL", "REDMINE_CA_BUNDLE")
    assert found and reason in in_english(found.reason) and in_english(found.advice).endswith(".")
    assert tls.refusal(ConnectionError(), "", "") is None


def test_certificates_are_read_however_windows_hands_them_out(company: Authority, tmp_path: Path) -> None:
    pem = company.file.read_text()
    file = tmp_path / "company.cer"
    for content in (
        ssl.PEM_cert_to_DER_cert(pem),
        pem.encode("utf-8-sig"),
        "Корневой центр: ООО\r\n".encode("cp1251") + pem.replace("\n", "\r\n").encode() + pem.encode(),
    ):
        file.write_bytes(content)
        assert tls.certificates(file)
    file.write_bytes(company.key.read_bytes())
    with pytest.raises(tls.NoCertificates):
        tls.certificates(file)


def test_public_authorities_are_trusted_beside_the_companys_own(company: Authority) -> None:
    known = tls.context().cert_store_stats()["x509_ca"]
    assert tls.context(company.file).cert_store_stats()["x509_ca"] == known + 1 > 50
    assert tls.context(company.file, public=False).cert_store_stats()["x509_ca"] == 1


@pytest.fixture(scope="module")
def mariadb(company: Authority) -> Iterator[MariaDB]:
    """A real MariaDB whose certificate is the company's, for a name that we do not use."""
    if not shutil.which("mariadbd", path="/usr/sbin:/usr/bin") or os.geteuid():
        unavailable("no real MariaDB")
    with tempfile.TemporaryDirectory(prefix="helpdesk-mariadb-") as name:
        Path(name).chmod(0o711)
        own = [shutil.copy(file, name) for file in company.certify("DNS:db.example.test")]
        for file in own:
            shutil.chown(file, SYSTEM_USER)
        arguments = (f"--ssl-cert={own[0]}", f"--ssl-key={own[1]}")
        with running_mariadb(Path(name) / "server", *arguments) as server:
            execute(server, "CREATE DATABASE redmine; GRANT ALL ON redmine.* TO h@'127.0.0.1' IDENTIFIED BY 'h'")
            yield server


@pytest.fixture
def mysql(mariadb: MariaDB) -> dict[str, str]:
    """The settings of Redmine's database in it."""
    redmine = {"REDMINE_URL": f"http://127.0.0.1:{free_port()}", "REDMINE_API_KEY": KEY}
    account = {"MYSQL_USER": "h", "MYSQL_PASSWORD": "h", "MYSQL_DATABASE": "redmine"}
    return redmine | account | {"MYSQL_HOST": "127.0.0.1", "MYSQL_PORT": str(mariadb.port)}


def cipher(**environ: str | Path) -> str:
    """By what a connection to Redmine's database is encrypted."""
    database = adapters.redmine_database(settings(**environ))
    assert database is not None
    try:
        return str(database.run_here(lambda db: db.execute(sa.text("SHOW STATUS LIKE 'Ssl_cipher'")).one())[1])
    finally:
        database.close()


async def test_redmines_database_is_reached_as_mysql_ssl_mode_says(
    mysql: dict[str, str], company: Authority, stranger: Authority
) -> None:
    assert cipher(**mysql, MYSQL_SSL_MODE="DISABLED") == ""
    ways: list[dict[str, str | Path]] = [
        {},
        {"CA_BUNDLE": stranger.file},
        {"MYSQL_SSL_MODE": "REQUIRED"},
        {"MYSQL_SSL_CA": company.file},
        {"MYSQL_SSL_MODE": "VERIFY_CA", "CA_BUNDLE": company.file},
    ]
    for way in ways:
        assert "AES" in cipher(**mysql, **way) or "CHACHA" in cipher(**mysql, **way), way
    for way, reason, advice in (
        ({"MYSQL_SSL_CA": stranger.file}, "unknown authority", "MYSQL_SSL_CA"),
        ({"MYSQL_SSL_MODE": "VERIFY_IDENTITY"}, "unknown authority", "MYSQL_SSL_CA"),
        ({"MYSQL_SSL_MODE": "VERIFY_IDENTITY", "CA_BUNDLE": company.file}, "another name", "MYSQL_HOST"),
    ):
        with pytest.raises(Silent):
            cipher(**mysql, **way)
        told = (await findings(**mysql, **way))["Redmine's database"]
        assert reason in told and advice in told


async def test_the_doctor_says_how_to_reach_a_database_that_takes_encrypted_connections_alone(
    mysql: dict[str, str], mariadb: MariaDB
) -> None:
    execute(mariadb, "SET GLOBAL require_secure_transport = ON")
    try:
        told = (await findings(**mysql, MYSQL_SSL_MODE="DISABLED"))["Redmine's database"]
        assert "refuses our user" in told and "MYSQL_SSL_MODE" in told
        assert cipher(**mysql)
    finally:
        execute(mariadb, "SET GLOBAL require_secure_transport = OFF")


async def test_redis_is_reached_by_the_companys_authority(
    company: Authority, database: Database, tmp_path: Path
) -> None:
    if reason := redis.why_not_here():
        unavailable(f"no real Redis: {reason}")
    port = free_port()
    certificate, key = company.certify()
    arguments = ("--tls-port", str(port), "--tls-cert-file", str(certificate), "--tls-key-file", str(key))
    store, url = str(database.engine.url), f"rediss://127.0.0.1:{port}"
    with redis.running_redis(tmp_path, *arguments, "--tls-auth-clients", "no"):
        told = (await findings(DATABASE_URL=store, REDIS_URL=url))["Redis"]
        assert "unknown authority" in told and "CA_BUNDLE" in told
        assert (await findings(DATABASE_URL=store, REDIS_URL=url, CA_BUNDLE=company.file))["Redis"] == "Redis: ok"
        wakeups = RedisWakeups(url, KEY, company.file)
        with wakeups.listening() as listener:
            watching = asyncio.create_task(wakeups.watch())
            assert await asyncio.wait_for(listener.wait(), 30) is None  # it is heard from now on
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


async def test_the_doctor_tries_the_outbound_proxy(database: Database) -> None:
    store = str(database.engine.url)
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        address = f"http://me:papaya@127.0.0.1:{proxy.getsockname()[1]}"
        told = await findings(DATABASE_URL=store, OUTBOUND_PROXY=address)
    assert told["The outbound proxy"] == "The outbound proxy: ok"
    told = await findings(DATABASE_URL=store, OUTBOUND_PROXY=f"http://me:papaya@127.0.0.1:{free_port()}")
    assert "OUTBOUND_PROXY" in told["The outbound proxy"] and "papaya" not in str(told)
