"""What the doctor, the settings and the pages of administrators say of Finesse."""

from pathlib import Path

import pytest

from helpdesk.adapters import checks, phone
from helpdesk.health import examine
from helpdesk.settings import settings as configuration
from helpdesk.settings.telephony import NOT_CHECKED
from helpdesk.store.database import Database
from helpdesk.telephony.finesse.phone import FinessePhone
from tests.servers.answering import Answer
from tests.servers.certificates import Authority
from tests.servers.imitated_finesse import CUTS, OUT_OF_SERVICE, XML, ImitatedFinesse

NAME = "Cisco Finesse (news by polling)"


def environ_of(server: ImitatedFinesse, database: Database, **more: str) -> dict[str, str]:
    authority = str(server.authority.file)
    url = str(database.engine.url)
    return {"DATABASE_URL": url, "FINESSE_BASE_URL": server.url, "FINESSE_CA_BUNDLE": authority} | more


async def found(environ: dict[str, str]) -> str:
    async with checks(configuration.load(environ, Path("/nowhere"))) as listed:
        return {it.system: str(it) for it in await examine(listed)}[NAME]


async def test_the_doctor_finds_a_healthy_finesse_in_order(finesse: ImitatedFinesse, database: Database) -> None:
    assert await found(environ_of(finesse, database)) == f"{NAME}: ok"
    assert not finesse.checks, "no agent is signed in for it"


@pytest.mark.parametrize("mode", [OUT_OF_SERVICE, CUTS])
async def test_one_node_in_service_is_enough(finesse: ImitatedFinesse, database: Database, mode: str) -> None:
    finesse.nodes[0].mode = mode
    assert await found(environ_of(finesse, database)) == f"{NAME}: ok"


WRONG = {
    "out of service": (Answer(503), "out of service", "administration"),
    "it says so itself": (
        Answer(200, XML, b"<SystemInfo><status>OUT_OF_SERVICE</status></SystemInfo>"),
        "out of service",
        "administration",
    ),
    "another program": (Answer(200, {}, b"<html>Welcome"), "no Finesse", "FINESSE_BASE_URL"),
    "a redirect": (Answer(301, {"Location": "https://127.0.0.1/"}), "status 301", "FINESSE_BASE_URL"),
    "silent": (Answer(cuts=True), "nobody answers", "runs"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_the_doctor_says_what_is_wrong(finesse: ImitatedFinesse, database: Database, name: str) -> None:
    answer, reason, advice = WRONG[name]
    for node in finesse.nodes:
        node.told = lambda _: answer
    line = await found(environ_of(finesse, database))
    assert line.startswith(f"{NAME}: broken: ") and reason in line and advice in line


async def test_a_finesse_that_wants_a_password_for_it_answers(finesse: ImitatedFinesse, database: Database) -> None:
    for node in finesse.nodes:
        node.told = lambda _: Answer(401)
    assert await found(environ_of(finesse, database)) == f"{NAME}: ok"


async def test_the_doctor_tells_a_wrong_certificate(
    finesse: ImitatedFinesse, database: Database, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "Stranger").file
    line = await found(environ_of(finesse, database, FINESSE_CA_BUNDLE=str(stranger)))
    assert "signed by an unknown authority" in line and "FINESSE_CA_BUNDLE" in line


async def test_certificates_that_are_not_checked_are_noticed(finesse: ImitatedFinesse, database: Database) -> None:
    careless = environ_of(finesse, database, FINESSE_VERIFY_SSL="off")
    del careless["FINESSE_CA_BUNDLE"]
    assert NOT_CHECKED in configuration.load(careless, Path("/nowhere")).notices
    assert await found(careless) == f"{NAME}: ok"
    assert NOT_CHECKED not in configuration.load(environ_of(finesse, database), Path("/nowhere")).notices


async def test_the_settings_make_the_phone(finesse: ImitatedFinesse, database: Database) -> None:
    environ = environ_of(finesse, database)
    assert isinstance(phone(configuration.load(environ, Path("/nowhere"))), FinessePhone)
    assert phone(configuration.load({"DATABASE_URL": environ["DATABASE_URL"]}, Path("/nowhere"))) is None
