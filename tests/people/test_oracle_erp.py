"""The directory of the Oracle ERP: the real driver over a real socket to an imitated server.

The imitation proves nothing about Oracle's own SQL. The last test asks a real one, if HELPDESK_ORACLE_TEST_DSN names
it: `oracle://user:password@host:1521/SERVICE`.
"""

import asyncio
import os
import socket
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from helpdesk.adapters import checks, oracle
from helpdesk.breaker import PAUSE_SECONDS, Breaker
from helpdesk.errors import DirectoryUnavailable, Misconfigured, TooManyAttempts
from helpdesk.health import examine
from helpdesk.people.directory import Profile
from helpdesk.people.oracle_erp.connection import account
from helpdesk.people.oracle_erp.directory import OracleDirectory
from helpdesk.people.oracle_erp.statements import statements
from helpdesk.settings import settings as configuration
from helpdesk.store.database import Database
from helpdesk.store.directory_accounts import Known
from helpdesk.wiring import wire
from tests.clocks import Clock
from tests.servers.imitated_oracle import PASSWORDS, SERVICE, SERVICE_PASSWORD, USER, Fault, ImitatedOracle
from tests.servers.imitated_oracle import imitated_oracle as running
from tests.servers.process import free_port

LONG, BRIEFLY = 30.0, 0.8
ANNA = "Anna.Sidorova"
ANNAS = Profile(
    login=ANNA,
    full_name="СИДОРОВА АННА ПЕТРОВНА",
    email="anna@example.test",
    department="Отдел информационных технологий",
    position="Инженер",
    office="415",
    phone="1207",
    vpn_enabled=True,
    vpn_end_date=date(2027, 3, 31),
    id="101",
)
INJECTIONS = ("' OR '1'='1", "Anna.Sidorova' --", "anna%", "_nna.Sidorova", ":login", "x'; DROP TABLE erp.v_user; --")


@pytest.fixture
def server() -> Iterator[ImitatedOracle]:
    with running() as server:
        yield server


def directory_of(server: ImitatedOracle, password: str = SERVICE_PASSWORD, **more: Any) -> OracleDirectory:
    return OracleDirectory(account("127.0.0.1", server.port, SERVICE, USER, password), **more)


@pytest.fixture
async def directory(server: ImitatedOracle) -> AsyncIterator[OracleDirectory]:
    directory = directory_of(server)
    yield directory
    await directory.close()


@asynccontextmanager
async def hurried(server: ImitatedOracle, **more: Any) -> AsyncIterator[OracleDirectory]:
    """A directory that gives up soon."""
    directory = directory_of(server, seconds=BRIEFLY, **more)
    try:
        yield directory
    finally:
        await directory.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONG):
        while not condition():
            await asyncio.sleep(0.005)


async def error_of(directory: OracleDirectory) -> DirectoryUnavailable:
    with pytest.raises(DirectoryUnavailable) as error:
        await directory.sign_in(ANNA, PASSWORDS[ANNA])
    return error.value


async def test_the_imitated_erp_lets_in_with_the_right_password_and_tells_the_profile(
    directory: OracleDirectory,
) -> None:
    assert await directory.sign_in(ANNA, PASSWORDS[ANNA]) == ANNAS
    irina = await directory.sign_in("irina", PASSWORDS["irina"])
    assert irina and (irina.position, irina.vpn_enabled, irina.vpn_end_date) == ("", False, None)
    assert directory.trouble is None and directory.source == "oracle"


async def test_the_end_of_a_vpn_that_is_off_is_not_told(directory: OracleDirectory) -> None:
    boris = await directory.sign_in("boris", PASSWORDS["boris"])
    assert boris and (boris.vpn_enabled, boris.vpn_end_date) == (False, None)


@pytest.mark.parametrize(
    ("login", "password"),
    [
        (ANNA, "wrong"),
        (ANNA.lower(), PASSWORDS[ANNA]),
        (ANNA, PASSWORDS[ANNA].lower()),
        (ANNA, f"{PASSWORDS[ANNA]} "),
        (ANNA, f" {PASSWORDS[ANNA]}"),
        (ANNA, " "),
        ("nobody", PASSWORDS[ANNA]),
        ("Нет такого", "Пароль"),
        ("dismissed", PASSWORDS["dismissed"]),
        ("un_settled", PASSWORDS["un_settled"]),
        *((injection, PASSWORDS[ANNA]) for injection in INJECTIONS),
        *((ANNA, injection) for injection in INJECTIONS),
    ],
)
async def test_the_imitated_erp_lets_in_nobody_else(
    server: ImitatedOracle, directory: OracleDirectory, login: str, password: str
) -> None:
    assert await directory.sign_in(login, password) is None
    assert server.statements[0][1] == {"login": login, "password": password}
    assert {statement for statement, _ in server.statements} <= {it.text for it in directory.statements}


async def test_an_unknown_login_takes_as_many_statements_as_a_wrong_password(
    server: ImitatedOracle, directory: OracleDirectory
) -> None:
    for login in (ANNA, "nobody"):
        await directory.sign_in(login, "wrong")
    assert [statement for statement, _ in server.statements] == [directory.statements.check.text] * 2


async def test_blanks_around_a_login_do_not_count(server: ImitatedOracle, directory: OracleDirectory) -> None:
    assert await directory.sign_in(f"\t {ANNA} ", PASSWORDS[ANNA]) == ANNAS
    assert await directory.find(f" {ANNA}\n") == ANNAS


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("", "password"),
        (" \t", "password"),
        (ANNA, ""),
        ("а" * 10 * 2**20, "password"),
        (ANNA, "п" * 10 * 2**20),
        (" " * 10 * 2**20, "password"),
        (f"{ANNA}\0", PASSWORDS[ANNA]),
        (ANNA, f"{PASSWORDS[ANNA]}\0"),
        (ANNA, "\ud800"),
        ("\udfff", "password"),
        ("a" * 121, "password"),
        (ANNA, "a" * 1001),
    ],
    ids=lambda it: f"{len(it)} of {ascii(it[:8])}",
)
async def test_what_no_column_holds_is_not_asked_for(
    server: ImitatedOracle, directory: OracleDirectory, login: str, password: str
) -> None:
    assert await directory.sign_in(login, password) is None
    if password == "password":
        assert await directory.find(login) is None and await directory.search(login) == []
    assert server.connections == 0


async def test_the_longest_login_and_password_are_asked_for(server: ImitatedOracle, directory: OracleDirectory) -> None:
    login, password = "я" * 120, "𝄞" * 1000
    server.change("UPDATE erp.v_user SET name = ?, password = ? WHERE name = ?", login, password, ANNA)
    assert await directory.sign_in(login, password) == ANNAS._replace(login=login)


async def test_the_limit_of_attempts_is_asked_before_the_erp_and_may_substitute_the_password(
    server: ImitatedOracle, directory: OracleDirectory
) -> None:
    asked = []

    async def substitute(login: str, password: str) -> str:
        asked.append((login, password, server.connections))
        return "another one"

    async def refuse(login: str, password: str) -> str:
        raise TooManyAttempts(60)

    assert await directory.sign_in(f" {ANNA} ", PASSWORDS[ANNA], substitute) is None
    assert asked == [(ANNA, PASSWORDS[ANNA], 0)] and server.statements[0][1]["password"] == "another one"
    with pytest.raises(TooManyAttempts):
        await directory.sign_in(ANNA, PASSWORDS[ANNA], refuse)
    assert server.connections == 1


async def test_without_its_check_of_passwords_the_imitated_erp_only_tells_profiles(server: ImitatedOracle) -> None:
    directory = directory_of(server, checks_passwords=False)
    assert await directory.sign_in(ANNA, PASSWORDS[ANNA]) is None and server.connections == 0
    assert await directory.find(ANNA) == ANNAS
    assert [it.login for it in await directory.search("сидорова")] == [ANNA]
    await directory.examine()
    assert directory.statements.check.text not in [statement for statement, _ in server.statements]


async def test_blocked_people_are_found_as_blocked(directory: OracleDirectory) -> None:
    dismissed, unsettled = await directory.find("dismissed"), await directory.find("un_settled")
    assert dismissed and dismissed.is_blocked and unsettled and unsettled.is_blocked
    assert (await directory.find(ANNA), await directory.find(ANNA.upper())) == (ANNAS, None)


async def test_signed_in_people_whom_the_imitated_erp_blocks_or_lacks_are_found_over_one_connection(
    server: ImitatedOracle, directory: OracleDirectory
) -> None:
    logins = (ANNA, "boris", "irina", "dismissed", "un_settled", "nobody", "Nobody")
    accounts = [Known(number, login, None) for number, login in enumerate(logins)]
    assert await directory.blocked(accounts) == {3, 4, 5, 6}
    assert await directory.blocked(accounts[:3]) == set() and server.connections == 2
    assert await directory.blocked(accounts[5:]) == set(), "nobody is found: rather a right is missing than everybody"
    assert await directory.blocked([]) == set()


async def test_a_login_of_the_imitated_erp_that_somebody_else_has_now_is_gone_for_its_old_owner(
    directory: OracleDirectory,
) -> None:
    accounts = [Known(number, ANNA, None, id) for number, id in enumerate(("101", "7", None))]
    assert await directory.blocked(accounts) == {1}


async def test_a_profile_of_another_login_lets_nobody_in(server: ImitatedOracle) -> None:
    text = "SELECT user_id, name AS login, 0 AS blocked FROM erp.v_user WHERE name = 'boris' AND :login = :login"
    directory = directory_of(server, statements=statements(profile=text))
    with pytest.raises(Misconfigured):
        await directory.sign_in(ANNA, PASSWORDS[ANNA])


async def test_many_signed_in_people_are_looked_for_in_parts(
    server: ImitatedOracle, directory: OracleDirectory
) -> None:
    accounts = [Known(number, f"nobody-{number}", None) for number in range(60)] + [Known(60, ANNA, None)]
    assert await directory.blocked(accounts) == set(range(60))
    assert (server.connections, len(server.statements)) == (7, 61)


@pytest.mark.parametrize(
    ("text", "logins"),
    [
        ("сидорова анна", [ANNA]),
        (" BORIS ", ["boris"]),
        ("anna@EXAMPLE", [ANNA]),
        ("о'нил", ["irina"]),
        ("50%", ["irina"]),
        ("ил_50", ["irina"]),
        ("%", ["irina"]),
        ("_", ["irina", "un_settled", "dismissed"]),
        ("n_settled", ["un_settled"]),
        ("gone_away", ["dismissed"]),
        ("\\", []),
        ("БО_ИСОВ", []),
        ("' OR 1=1 --", []),
        ("уволенный", ["dismissed"]),
    ],
)
async def test_people_of_the_imitated_erp_are_searched_by_parts_of_their_names(
    server: ImitatedOracle, directory: OracleDirectory, text: str, logins: list[str]
) -> None:
    server.change("UPDATE erp.v_user SET full_name = full_name || '%' WHERE name = 'irina'")
    assert [it.login for it in await directory.search(text)] == logins


async def test_a_search_tells_fifty_people_at_most_in_order(server: ImitatedOracle, directory: OracleDirectory) -> None:
    for number in range(60):
        values = (1000 + number, f"crowd-{number:02}", f"ТОЛПА {number:02}")
        server.change("INSERT INTO erp.v_user (user_id, name, full_name) VALUES (?, ?, ?)", *values)
    assert [it.login for it in await directory.search("толпа")] == [f"crowd-{number:02}" for number in range(50)]


DOWN: dict[str, Callable[[ImitatedOracle], None]] = {
    "refuses": lambda server: setattr(server, "fault", Fault.REFUSES),
    "drops": lambda server: setattr(server, "fault", Fault.DROPS),
    "starts": lambda server: setattr(server, "logon_error", 1033),
    "is shut down in a call": lambda server: setattr(server, "call_error", 1089),
    "has an internal error": lambda server: setattr(server, "call_error", 600),
    "reads a database that is down": lambda server: setattr(server, "call_error", 12_541),
    "has no session left": lambda server: setattr(server, "logon_error", 2391),
}


@pytest.mark.parametrize("case", DOWN)
async def test_an_imitated_erp_that_is_down_is_unavailable_and_asked_again_later(
    server: ImitatedOracle, clock: Clock, case: str
) -> None:
    directory = directory_of(server, breaker=Breaker(clock.ticks, clock.now))
    DOWN[case](server)
    assert not isinstance(await error_of(directory), Misconfigured) and directory.trouble is None
    before = server.connections
    await error_of(directory)
    assert server.connections == before
    server.fault, server.logon_error, server.call_error = None, 0, 0
    clock.pass_(PAUSE_SECONDS)
    assert await directory.sign_in(ANNA, PASSWORDS[ANNA]) == ANNAS


@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.HANGS, Fault.DEAF])
async def test_an_imitated_erp_that_does_not_answer_is_given_up_and_its_connection_closed(
    server: ImitatedOracle, fault: Fault
) -> None:
    server.fault = fault
    async with asyncio.timeout(LONG), hurried(server) as directory:
        assert not isinstance(await error_of(directory), Misconfigured)
    await until(lambda: server.open_now == 0)
    assert server.connections == 1


async def test_a_caller_who_goes_does_not_wait_for_a_deaf_server(server: ImitatedOracle) -> None:
    server.fault = Fault.DEAF
    async with asyncio.timeout(LONG), hurried(server) as directory:
        call = asyncio.create_task(directory.find(ANNA))
        await until(lambda: bool(server.statements))
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert server.open_now == 1
    await until(lambda: server.open_now == 0)


async def test_nobody_listening_and_no_such_service_and_no_such_host_are_told_apart(
    server: ImitatedOracle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def directory(port: int, service: str) -> OracleDirectory:
        return OracleDirectory(account("127.0.0.1", port, service, USER, SERVICE_PASSWORD))

    assert "nobody listens" in (await error_of(directory(free_port(), SERVICE))).detail
    assert "no service of that name" in (await error_of(directory(server.port, "CRM"))).detail

    def unknown(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert "ORACLE_HOST has no address" in (await error_of(directory(server.port, SERVICE))).detail


async def test_each_address_of_a_host_is_tried_and_its_name_is_resolved_beside_the_event_loop(
    server: ImitatedOracle, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve, resolving = socket.getaddrinfo, {}

    def two(host: str, port: int, *others: Any, **more: Any) -> list[Any]:
        if host != "erp.example.test":
            return list(resolve(host, port, *others, **more))
        resolving[host] = threading.current_thread()
        kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(*kind, (address, port)) for address in ("127.0.0.2", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", two)
    directory = OracleDirectory(account("erp.example.test", server.port, SERVICE, USER, SERVICE_PASSWORD))
    assert await directory.find(ANNA) == ANNAS
    assert resolving["erp.example.test"] is not threading.current_thread()


async def test_something_that_is_no_oracle_is_unavailable() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.test ESMTP\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        directory = OracleDirectory(account("127.0.0.1", port, SERVICE, USER, SERVICE_PASSWORD))
        assert not isinstance(await error_of(directory), Misconfigured)


@pytest.mark.parametrize("code", [1017, 28000, 28001, 1045])
async def test_an_account_that_the_imitated_erp_refuses_is_never_tried_again(
    server: ImitatedOracle, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    directory, server.logon_error = directory_of(server), code
    answers = await asyncio.gather(
        *(directory.sign_in(ANNA, PASSWORDS[ANNA]) for _ in range(30)), return_exceptions=True
    )
    assert {type(answer).__mro__[1] for answer in answers} == {Misconfigured}
    server.logon_error = 0
    for ask in (directory.find, directory.search):
        with pytest.raises(Misconfigured):
            await ask(ANNA)
    assert (server.connections, server.logons) == (1, 1)
    assert (
        directory.trouble and str(code) in directory.trouble and directory.trouble == (await error_of(directory)).detail
    )
    assert [record.__dict__["error"] for record in caplog.records] == [directory.trouble]
    assert await directory_of(server).find(ANNA) == ANNAS


async def test_a_wrong_password_of_our_account_is_refused_by_the_log_on_itself(server: ImitatedOracle) -> None:
    directory = directory_of(server, "another password")
    assert "ORA-01017" in (await error_of(directory)).detail
    await error_of(directory)
    assert server.logons == 1


OTHERS = [1017, 28000, 28001, 1005, 604, 1427, 1858, 2019, 4063, 6550, 12_154, 20_001, 28_040, 29_999]
"""Numbers that a server answers which works."""


@pytest.mark.parametrize("code", [942, 904, 933, 1031, 911, 1722, *OTHERS])
async def test_a_statement_that_the_imitated_erp_refuses_is_told_to_administrators_and_asked_again(
    server: ImitatedOracle, directory: OracleDirectory, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    server.call_error = code
    for _ in range(2):
        assert isinstance(await error_of(directory), Misconfigured)
    told = "the statement raised " if code == 20_001 else ""
    assert directory.trouble and directory.trouble.startswith(f"ORACLE_SQL_CHECK: {told}ORA-{code:05}")
    assert (server.connections, len(caplog.records), directory.breaker.is_closed) == (2, 1, True)
    server.call_error = 0
    assert await directory.sign_in(ANNA, PASSWORDS[ANNA]) == ANNAS and directory.trouble is None


async def test_an_imitated_erp_that_refuses_a_statement_is_back(server: ImitatedOracle, clock: Clock) -> None:
    directory, server.fault = directory_of(server, breaker=Breaker(clock.ticks, clock.now)), Fault.REFUSES
    await error_of(directory)
    server.fault, server.call_error = None, 942
    clock.pass_(PAUSE_SECONDS)
    await error_of(directory)
    assert directory.breaker.is_closed


async def test_a_search_that_works_does_not_hide_that_signing_in_does_not(
    server: ImitatedOracle, directory: OracleDirectory
) -> None:
    server.call_error = 942
    await error_of(directory)
    server.call_error = 0
    assert await directory.search("борисов") and directory.trouble


@pytest.mark.parametrize(
    ("changed", "detail"),
    [
        ({"check": "SELECT 1 FROM erp.no_view WHERE :login = :password"}, "ORACLE_SQL_CHECK: ORA-00942"),
        ({"check": "SELECT name FROM erp.v_user WHERE name = :login"}, "ORACLE_SQL_CHECK: DPY-4008"),
        ({"check": "SELECT name FROM erp.v_user WHERE :x = :login || :password"}, "ORACLE_SQL_CHECK: DPY-4010"),
        ({"profile": "SELECT nix FROM erp.v_user WHERE name = :login"}, "ORACLE_SQL_PROFILE: ORA-00904"),
        ({"profile": "SELECT WHERE FROM :login"}, "ORACLE_SQL_PROFILE: ORA-00933"),
        (
            {"profile": "SELECT name AS login, 0 AS blocked FROM erp.v_user WHERE name = :login"},
            "ORACLE_SQL_PROFILE: its answer has no column user_id",
        ),
        (
            {"profile": "SELECT user_id, name AS login, 0 AS blocked FROM erp.v_user WHERE :login = 'x'"},
            "ORACLE_SQL_PROFILE: no row for who may sign in",
        ),
        (
            {"profile": "SELECT user_id, name AS login, 0 AS blocked FROM erp.v_user WHERE :login <> 'x'"},
            "ORACLE_SQL_PROFILE: several people have one login",
        ),
        (
            {"profile": "SELECT v.*, name AS login, 1 AS blocked, 0 AS blocked FROM erp.v_user v WHERE name = :login"},
            "ORACLE_SQL_PROFILE: its answer has two columns blocked",
        ),
        (
            {"profile": "SELECT NULL AS user_id, name AS login, 0 AS blocked FROM erp.v_user WHERE name = :login"},
            "the ERP tells somebody without a login or user_id",
        ),
        (
            {"vpn": "SELECT vpn FROM erp.v_user WHERE name = :login"},
            "ORACLE_SQL_VPN: its answer has no column vpn_end_date",
        ),
        (
            {"vpn": "SELECT vpn, phone_ext AS vpn_end_date FROM erp.v_user WHERE name = :login"},
            "ORACLE_SQL_VPN: vpn_end_date is no DATE",
        ),
    ],
)
async def test_a_statement_of_the_settings_that_does_not_fit_is_named(
    server: ImitatedOracle, changed: dict[str, str], detail: str
) -> None:
    directory = directory_of(server, statements=statements(**changed))
    assert isinstance(error := await error_of(directory), Misconfigured)
    assert error.detail.startswith(detail) and directory.trouble == error.detail


async def test_statements_of_the_settings_are_asked_instead_and_only_their_names_of_columns_count(
    server: ImitatedOracle,
) -> None:
    directory = directory_of(
        server,
        statements=statements(
            "SELECT 1 FROM erp.v_user WHERE UPPER(name) = UPPER(:login) AND password = :password;",
            "SELECT 0 AS Blocked, full_name, name AS Login, user_id, 5 AS more FROM erp.v_user "
            "WHERE UPPER(name) = UPPER(:login)",
            "SELECT NULL AS vpn_end_date, '1' AS vpn FROM erp.v_user WHERE :login = :login AND user_id = 101",
        ),
    )
    found = await directory.sign_in(ANNA.lower(), PASSWORDS[ANNA])
    assert found == Profile(ANNA, "СИДОРОВА АННА ПЕТРОВНА", vpn_enabled=True, id="101")
    assert not server.statements[0][0].endswith(";")


@pytest.mark.parametrize(
    ("flag", "blocked"), [("0", False), ("'0'", False), ("1", True), ("'no'", True), ("NULL", True)]
)
async def test_only_who_is_surely_not_blocked_may_sign_in(server: ImitatedOracle, flag: str, blocked: bool) -> None:
    text = f"SELECT user_id, name AS login, {flag} AS blocked FROM erp.v_user WHERE name = :login"
    directory = directory_of(server, statements=statements(profile=text))
    found = await directory.find(ANNA)
    assert found and found.is_blocked is blocked
    assert (await directory.sign_in(ANNA, PASSWORDS[ANNA]) is None) is blocked


async def test_texts_of_the_imitated_erp_become_short_lines(server: ImitatedOracle, directory: OracleDirectory) -> None:
    server.change("UPDATE erp.v_user SET full_name = ?, office = ? WHERE name = ?", "А\nБ\0В" + "х" * 999, 415, ANNA)
    found = await directory.find(ANNA)
    assert found and found.full_name.startswith("А Б Вх") and len(found.full_name) == 200 and found.office == "415"


async def test_thirty_sign_ins_at_once_share_four_connections(
    server: ImitatedOracle, directory: OracleDirectory
) -> None:
    assert await directory.find(ANNA)
    server.gate.clear()
    pairs = [(ANNA, PASSWORDS[ANNA]), ("boris", PASSWORDS["boris"]), ("irina", "wrong")] * 10
    calls = [asyncio.create_task(directory.sign_in(*pair)) for pair in pairs]
    await until(lambda: server.at_work == 4)
    server.gate.set()
    answers = await asyncio.gather(*calls)
    assert [answer and answer.login for answer in answers] == [ANNA, "boris", None] * 10
    assert (server.most_at_once, server.connections) == (4, 31)


async def test_who_waits_too_long_for_a_connection_is_turned_away_and_nobody_else(
    server: ImitatedOracle, directory: OracleDirectory
) -> None:
    assert await directory.find(ANNA)
    server.gate.clear()
    slow = [asyncio.create_task(directory.find(ANNA)) for _ in range(4)]
    await until(lambda: server.at_work == 4)
    directory.seconds = 0.01
    with pytest.raises(DirectoryUnavailable, match="all connections"):
        await directory.find("boris")
    assert directory.breaker.is_closed
    server.gate.set()
    await asyncio.wait(slow)


async def test_the_breaker_opens_at_once_and_one_probe_closes_it(
    server: ImitatedOracle, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    directory, server.fault = directory_of(server, breaker=Breaker(clock.ticks, clock.now)), Fault.REFUSES
    for _ in range(3):
        await error_of(directory)
    assert server.connections == 1 and directory.breaker.since == clock.now()
    clock.pass_(PAUSE_SECONDS)
    answers = await asyncio.gather(*(directory.find(ANNA) for _ in range(5)), return_exceptions=True)
    assert server.connections == 2 and all(isinstance(it, DirectoryUnavailable) for it in answers)
    server.fault = None
    clock.pass_(PAUSE_SECONDS)
    answers = await asyncio.gather(*(directory.find(ANNA) for _ in range(5)), return_exceptions=True)
    assert answers.count(ANNAS) == 1 and server.connections == 3
    assert await directory.find(ANNA) == ANNAS
    assert [record.message for record in caplog.records] == [
        "the Oracle ERP does not answer",
        "the Oracle ERP answers again",
    ]


async def test_who_waited_while_others_failed_is_not_asked_for(
    server: ImitatedOracle, directory: OracleDirectory
) -> None:
    assert await directory.find(ANNA)
    server.gate.clear()
    calls = [asyncio.create_task(directory.find(ANNA)) for _ in range(6)]
    await until(lambda: server.at_work == 4)
    server.fault = Fault.DROPS
    server.gate.set()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [str(answer) for answer in answers].count("it did not answer a moment ago") == 2 and server.connections == 5


async def test_a_slow_search_turns_nobody_away(server: ImitatedOracle) -> None:
    async with hurried(server) as directory:
        server.fault = Fault.HANGS
        with pytest.raises(DirectoryUnavailable):
            await directory.search("анна")
        assert directory.breaker.is_closed
        with pytest.raises(DirectoryUnavailable):
            await directory.find(ANNA)
        assert not directory.breaker.is_closed


async def test_no_password_is_in_a_log_an_error_or_a_repr(
    server: ImitatedOracle, caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    caplog.set_level("DEBUG")
    async with hurried(server, breaker=Breaker(clock.ticks, clock.now)) as directory:
        told = [repr(directory), repr(vars(directory))]
        for fault, logon_error, call_error in (
            *((fault, 0, 0) for fault in (None, *Fault)),
            *((None, 0, code) for code in (942, 1722, 600)),
            *((None, code, 0) for code in (1033, 1017)),
        ):
            server.fault, server.logon_error, server.call_error = fault, logon_error, call_error
            clock.pass_(PAUSE_SECONDS)
            try:
                await directory.sign_in(ANNA, PASSWORDS[ANNA])
            except DirectoryUnavailable as error:
                told += [str(error), repr(vars(error)), *traceback.format_exception(error)]
    told += [f"{record.getMessage()} {record.__dict__}" for record in caplog.records]
    assert len(told) > 20 and server.statements[0][1]["password"] == PASSWORDS[ANNA]
    for secret in (PASSWORDS[ANNA], SERVICE_PASSWORD):
        assert not any(secret in text or repr(secret)[1:-1] in text for text in told)


COUNTS = "SELECT COUNT(*) AS found FROM erp.v_user WHERE name = :login AND password = :password"
ALWAYS = "SELECT CASE WHEN COUNT(*) > 0 THEN 1 ELSE 0 END AS ok FROM erp.v_user WHERE name = :login AND :password > ''"


@pytest.mark.parametrize("check", [COUNTS, ALWAYS])
async def test_a_check_that_returns_a_row_for_nobody_lets_in_nobody(server: ImitatedOracle, check: str) -> None:
    directory = directory_of(server, statements=statements(check=check))
    for password in ("wrong", PASSWORDS[ANNA]):
        with pytest.raises(Misconfigured, match="the check statement returns a row for nobody"):
            await directory.sign_in(ANNA, password)
    assert directory.trouble and directory.breaker.is_closed


async def test_the_check_is_tried_for_nobody_once_before_the_first_is_let_in(
    server: ImitatedOracle, directory: OracleDirectory
) -> None:
    for _ in range(2):
        assert await directory.sign_in(ANNA, PASSWORDS[ANNA]) == ANNAS
    tried = [binds for statement, binds in server.statements if statement == directory.statements.check.text]
    assert [binds["login"] == ANNA for binds in tried] == [True, False, True]
    assert PASSWORDS[ANNA] != tried[1]["password"]


ID = "UPDATE erp.v_user SET user_id = CASE name WHEN 'boris' THEN ? ELSE 'id-' || user_id END"
BAD_ROWS: dict[str, tuple[str, object]] = {
    "two people with one login": ("INSERT INTO erp.v_user SELECT * FROM erp.v_user WHERE ? AND name = 'boris'", 1),
    "no user_id": (ID, None),
    "a user_id of bytes that are no text": (ID, b"\xc1\xee"),
    "a user_id that is too long": (ID, "x" * 201),
    "a user_id of two lines": (ID, "x\ny"),
}


@pytest.mark.parametrize("case", BAD_ROWS)
async def test_a_bad_row_of_the_imitated_erp_concerns_nobody_else(
    server: ImitatedOracle, directory: OracleDirectory, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.change(*BAD_ROWS[case])
    accounts = [Known(number, login, None) for number, login in enumerate((ANNA, "boris", "dismissed", "gone"))]
    for _ in range(2):
        assert await directory.blocked(accounts) == {2, 3}
    assert [record.__dict__["login"] for record in caplog.records] == ["boris"]
    with pytest.raises(Misconfigured):
        await directory.sign_in("boris", PASSWORDS["boris"])
    anna = await directory.sign_in(ANNA, PASSWORDS[ANNA])
    assert anna and anna.login == ANNA
    assert ANNA in [it.login for it in await directory.search("example")]


async def test_a_name_with_bytes_that_are_no_text_is_told_as_far_as_it_can_be_read(
    server: ImitatedOracle, directory: OracleDirectory
) -> None:
    server.change("UPDATE erp.v_user SET full_name = ? WHERE name = 'boris'", b"Boris \xc1\xee")
    boris = await directory.sign_in("boris", PASSWORDS["boris"])
    assert boris and boris.full_name == "Boris \ufffd\ufffd"
    assert "boris" in [it.login for it in await directory.search("boris@")]


async def test_a_date_that_python_does_not_know_concerns_nobody_else(
    server: ImitatedOracle, directory: OracleDirectory
) -> None:
    before_christ = bytes([53, 88, 1, 1, 1, 1, 1])
    server.change("UPDATE erp.t_user SET vpn_end_date = ? WHERE user_id = 101", before_christ)
    error = await error_of(directory)
    assert error.detail.startswith("ORACLE_SQL_VPN: a row of the ERP can't be read") and directory.breaker.is_closed
    assert await directory.sign_in("boris", PASSWORDS["boris"])


async def test_an_email_is_told_whole_and_a_login_that_is_too_long_not_at_all(
    server: ImitatedOracle, directory: OracleDirectory
) -> None:
    email = "a" * 300 + "@example.test"
    server.change("UPDATE erp.v_user SET email = ? WHERE name = ?", email, ANNA)
    assert await directory.find(ANNA) == ANNAS._replace(email=email)
    text = f"SELECT user_id, name || '{'x' * 120}' AS login, 0 AS blocked FROM erp.v_user WHERE name = :login"
    with pytest.raises(Misconfigured, match="its login is too long"):
        await directory_of(server, statements=statements(profile=text)).find(ANNA)


def stop_after(server: ImitatedOracle, count: int) -> None:
    """Let an imitated server hang in all statements after so many."""

    def limited(*args: Any) -> Any:
        server.fault = Fault.HANGS if len(server.statements) >= count else None
        return ImitatedOracle.query(server, *args)

    server.query = limited  # type: ignore[method-assign]


async def test_what_is_known_of_blocked_people_before_a_failure_counts_and_the_next_round_goes_on_there(
    server: ImitatedOracle,
) -> None:
    logins = [f"a-{number:02}" for number in range(12)] + ["dismissed", ANNA, "boris"]
    accounts = [Known(number, login, None) for number, login in enumerate(sorted(logins))]
    async with hurried(server) as directory:
        stop_after(server, 3)
        assert await directory.blocked(accounts) == {1, 2}, "Anna is there, two are gone, the fourth is not known"
        stop_after(server, 1000)
        await directory.blocked(accounts)
    asked = [str(binds["login"]) for _, binds in server.statements]
    assert asked[4:] == sorted(logins)[4:] + sorted(logins)[:4]


async def test_a_round_through_the_people_who_are_signed_in_ends(
    server: ImitatedOracle, directory: OracleDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helpdesk.people.oracle_erp.directory.BLOCKED_SECONDS", 0)
    accounts = [Known(number, f"nobody-{number}", None) for number in range(25)]
    assert await directory.blocked(accounts) == set() and server.connections == 0


async def test_an_imitated_erp_that_never_stops_sending_is_cut_when_the_helpdesk_ends(
    server: ImitatedOracle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helpdesk.people.oracle_erp.directory.CLOSE_SECONDS", 0.05)
    directory, server.fault = directory_of(server, seconds=10 * LONG), Fault.RAVES
    async with asyncio.timeout(LONG):
        call = asyncio.create_task(directory.find(ANNA))
        await until(lambda: bool(server.statements))
        await directory.close()
        await asyncio.wait([call])
    await until(lambda: server.open_now == 0)


async def test_four_look_ups_in_a_raving_server_leave_their_places(server: ImitatedOracle) -> None:
    async with asyncio.timeout(LONG), hurried(server) as directory:
        assert await directory.find(ANNA)
        server.fault = Fault.RAVES
        await asyncio.gather(*(directory.search("anna") for _ in range(4)), return_exceptions=True)
        server.fault = None
        directory.breaker.succeeded()
        answers = await asyncio.gather(*(directory.find(ANNA) for _ in range(4)))
    assert answers == [ANNAS] * 4


async def test_a_password_of_our_account_that_is_changed_under_load_is_tried_once(
    server: ImitatedOracle, directory: OracleDirectory
) -> None:
    assert await directory.find(ANNA)
    server.logon_error = 1017
    answers = await asyncio.gather(*(directory.find(ANNA) for _ in range(30)), return_exceptions=True)
    assert all(isinstance(answer, Misconfigured) for answer in answers)
    assert (server.logons, server.connections) == (2, 2)


def environ_of(server: ImitatedOracle, database: Database, **changed: str) -> dict[str, str]:
    place = {"ORACLE_HOST": "127.0.0.1", "ORACLE_PORT": str(server.port), "ORACLE_SERVICE": SERVICE}
    own = {"ORACLE_USER": USER, "ORACLE_PASSWORD": SERVICE_PASSWORD, "DATABASE_URL": str(database.engine.url)}
    return place | own | changed


LOGONS = {
    18: ("too many sessions", "four at most"),
    20: ("too many processes", "four at most"),
    2391: ("SESSIONS_PER_USER", "four at most"),
    12_660: ("encryption", "sqlnet.ora"),
    28_040: ("ALLOWED_LOGON_VERSION_SERVER", "sqlnet.ora"),
    1005: ("ORACLE_PASSWORD is empty", "start the helpdesk again"),
    988: ("the log-on: ", ""),
    20_001: ("it refuses the log-on", ""),
}


@pytest.mark.parametrize("code", LOGONS)
async def test_the_doctor_says_why_the_imitated_erp_refuses_a_log_on(
    server: ImitatedOracle, database: Database, code: int
) -> None:
    server.logon_error = code
    async with checks(configuration.load(environ_of(server, database), Path("/nowhere"))) as listed:
        line = {it.system: str(it) for it in await examine(listed)}["The Oracle ERP"]
    reason, advice = LOGONS[code]
    assert line.startswith("The Oracle ERP: broken: ") and f"ORA-{code:05}" in line
    assert reason in line and advice in line and ": :" not in line


DOCTORS: dict[str, tuple[dict[str, str], str, str]] = {
    "a wrong password": ({"ORACLE_PASSWORD": "geheim"}, "ORACLE_PASSWORD (ORA-01017)", "start the helpdesk again"),
    "no such service": ({"ORACLE_SERVICE": "CRM"}, "no service of that name", "ORACLE_SERVICE"),
    "a check for everybody": ({"ORACLE_SQL_CHECK": COUNTS}, "returns a row for nobody", "Correct that setting"),
    "no such view": ({"ORACLE_SQL_VPN": "SELECT vpn FROM erp.v_nix WHERE a = :login"}, "ORACLE_SQL_VPN", "grant"),
}


@pytest.mark.parametrize("case", DOCTORS)
async def test_the_doctor_says_what_is_wrong_with_the_imitated_erp(
    server: ImitatedOracle, database: Database, case: str
) -> None:
    changed, reason, advice = DOCTORS[case]
    async with checks(configuration.load(environ_of(server, database, **changed), Path("/nowhere"))) as listed:
        line = {it.system: str(it) for it in await examine(listed)}["The Oracle ERP"]
    assert line.startswith("The Oracle ERP: broken: ") and reason in line and advice in line
    assert "geheim" not in line and SERVICE_PASSWORD not in line


async def test_the_doctor_finds_a_healthy_imitated_erp_in_order(server: ImitatedOracle, database: Database) -> None:
    async with checks(configuration.load(environ_of(server, database), Path("/nowhere"))) as listed:
        assert [str(it) for it in await examine(listed)] == ["The store: ok", "The Oracle ERP: ok"]
    assert len(server.statements) == 4


async def test_the_settings_make_the_directory(server: ImitatedOracle, database: Database) -> None:
    environ = environ_of(server, database, ORACLE_LOGIN_CHECK="off")
    directory = oracle(configuration.load(environ, Path("/nowhere")))
    assert directory and await directory.find(ANNA) == ANNAS and not directory.checks_passwords
    assert oracle(configuration.load({"DATABASE_URL": environ["DATABASE_URL"]}, Path("/nowhere"))) is None


async def test_the_helpdesk_asks_the_imitated_erp_before_its_own_accounts(
    server: ImitatedOracle, database: Database
) -> None:
    services = wire(configuration.load(environ_of(server, database), Path("/nowhere")))
    assert [it.source for it in services.authentication.directories] == ["oracle", "local"]
    assert await services.authentication.directories[0].find(ANNA) == ANNAS
    await services.close()


@pytest.mark.opt_in("HELPDESK_ORACLE_TEST_DSN")
async def test_a_real_oracle_executes_the_usual_statements() -> None:
    parts = urlsplit(os.environ["HELPDESK_ORACLE_TEST_DSN"])
    password, service = unquote(parts.password or ""), parts.path.strip("/")
    directory = OracleDirectory(
        account(parts.hostname or "", parts.port or 1521, service, parts.username or "", password)
    )
    await directory.examine()
    assert await directory.sign_in("nobody' OR '1'='1", "x") is None
