"""Signing in and finding people by LDAP: on a real slapd, and on plain sockets where it can't misbehave."""

import asyncio
import secrets
import socket
import socketserver
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import pytest

from helpdesk import adapters
from helpdesk.breaker import PAUSE_SECONDS, Breaker
from helpdesk.errors import DirectoryUnavailable, Misconfigured, TooManyAttempts
from helpdesk.health import examine
from helpdesk.people.directory import Profile
from helpdesk.people.ldap import binds
from helpdesk.people.ldap.connection import Connection
from helpdesk.people.ldap.directory import LONGEST_LOGIN, LONGEST_PASSWORD, REFUSED_SECONDS, LdapDirectory
from helpdesk.people.ldap.failures import NotAsked
from helpdesk.people.ldap.places import MOST
from helpdesk.people.ldap.schema import normal_dn
from helpdesk.settings import settings as configuration
from helpdesk.store.directory_accounts import Known
from helpdesk.threads import Threads
from tests.servers import imitated_ldap
from tests.servers.certificates import Authority
from tests.servers.process import free_port
from tests.servers.proxy import Proxy, proxy_to
from tests.servers.slapd import (
    GROUPS,
    PEOPLE,
    SERVICE,
    SERVICE_PASSWORD,
    SUFFIX,
    Slapd,
    change,
    running_slapd,
)
from tests.servers.slapd_company import ANNA, BORIS, PASSWORDS, UNKNOWN_GUID, person

GROUP_RIGHTS = {
    "is_admin": "CN = главные\\2c  ВСЕ , ou=Группы,dc=example,dc=test",
    "can_access_quality_control": f"cn=unique,{GROUPS}",
    "can_access_redmine_report": f"cn=posix,{GROUPS}",
}
SHORT = 0.2
"""Seconds for a server that never answers anyway."""


def settings(slapd_url: str, **changed: str | Path) -> configuration.Settings:
    given = {
        "LDAP_URL": slapd_url,
        "LDAP_BIND_DN": SERVICE,
        "LDAP_BIND_PASSWORD": SERVICE_PASSWORD,
        "LDAP_BASE_DN": SUFFIX,
        "LDAP_GROUP_RIGHTS": "; ".join(f"{right}={group}" for right, group in GROUP_RIGHTS.items()),
    } | changed
    return configuration.load({name: str(value) for name, value in given.items()}, Path("/nowhere"))


def directory_of(slapd_url: str, **changed: str | Path) -> LdapDirectory:
    directory = adapters.ldap(settings(slapd_url, **changed))
    assert directory is not None
    return directory


def hurried(directory: LdapDirectory) -> LdapDirectory:
    """The same, with little patience."""
    directory.server = directory.server._replace(seconds=SHORT)
    return directory


@pytest.fixture
def directory(slapd: Slapd, company_authority: Authority) -> LdapDirectory:
    return directory_of(slapd.url, CA_BUNDLE=company_authority.file)


@pytest.fixture
def line(slapd: Slapd) -> Iterator[Proxy]:
    """The line to the shared slapd, which a test can cut."""
    with proxy_to("127.0.0.1", slapd.port) as proxy:
        yield proxy


@pytest.fixture
def over_line(line: Proxy, company_authority: Authority) -> LdapDirectory:
    return directory_of(f"ldap://127.0.0.1:{line.port}", CA_BUNDLE=company_authority.file)


def new_person(slapd: Slapd, **more: str) -> tuple[str, str]:
    """The name and the login of somebody whom no other test knows; the password is the login."""
    login = f"user-{secrets.token_hex(4)}"
    dn = f"cn={login},{PEOPLE}"
    slapd.change(person(dn, login, userPassword=login, **more))
    return dn, login


async def test_the_right_password_returns_what_the_server_knows(directory: LdapDirectory) -> None:
    anna = await directory.sign_in("anna", PASSWORDS["anna"])
    assert anna and len(anna.id) == 36
    assert anna._replace(id="") == Profile(
        "anna",
        "Анна Смирнова",
        "anna@example.test",
        "Бухгалтерия",
        "Главный бухгалтер",
        "Каб. 12",
        "+7 495 000-00-00",
        rights=frozenset({"is_admin", "can_access_quality_control"}),
    )
    assert await directory.find("anna") == anna and directory.trouble is None


async def test_what_is_missing_is_empty(directory: LdapDirectory) -> None:
    boris = await directory.sign_in("boris", PASSWORDS["boris"])
    assert boris and (boris.full_name, boris.email, boris.department, boris.phone) == ("boris", "", "4712", "")


@pytest.mark.parametrize("login", ["ANNA", "  anna ", "\tAnna\n", "ёжиков", "ЁЖИКОВ"])
async def test_case_and_spaces_around_a_login_do_not_matter(directory: LdapDirectory, login: str) -> None:
    known = {name.casefold(): name for name in PASSWORDS}[login.strip().casefold()]
    profile = await directory.sign_in(login, PASSWORDS[known])
    assert profile and profile.login == known


async def test_nobody_comes_in_with_a_wrong_password_or_an_unknown_login(directory: LdapDirectory) -> None:
    for login, password in (
        ("anna", "wrong"),
        ("anna", PASSWORDS["anna"].upper()),
        ("anna", f"{PASSWORDS['anna']} "),
        ("anna", PASSWORDS["boris"]),
        ("boris", PASSWORDS["boris"].strip()),
        ("nobody", PASSWORDS["anna"]),
        ("silent", "anything"),
        ("twin", "the same"),
        ("elsewhere", "anything"),
        (ANNA, PASSWORDS["anna"]),
        ("helpdesk", SERVICE_PASSWORD),
    ):
        assert await directory.sign_in(login, password) is None, login
    assert directory.trouble is None


async def test_two_people_with_one_login_are_reported(
    directory: LdapDirectory, caplog: pytest.LogCaptureFixture
) -> None:
    assert await directory.find("twin") is None
    (record,) = caplog.records
    assert sorted(record.__dict__["dns"]) == [f"cn=one,{PEOPLE}", f"cn=other,{PEOPLE}"]


async def test_a_locked_account_is_known_and_can_not_sign_in(directory: LdapDirectory) -> None:
    assert await directory.sign_in("locked", PASSWORDS["locked"]) is None
    locked = await directory.find("locked")
    assert locked and locked.is_blocked


async def test_a_lock_that_others_wrong_guesses_brought_blocks_nobody_for_good(directory: LdapDirectory) -> None:
    found = await directory.find("wrong-five-times")
    assert found and not found.is_blocked


@pytest.mark.parametrize(
    "login",
    [
        "*", "an*", "*)(uid=*", "anna)(uid=*", "*)(|(uid=*", "anna)(objectClass=*", "(", ")", "\\", "\\2a", "anna\\",
        "&", "an\x01na", "a=b", "~=anna", "{login}", "' OR 1=1 --", "anna\r\nX: y", "％", "😀", "a" * LONGEST_LOGIN,
    ],
)  # fmt: skip
async def test_hostile_logins_are_only_unknown(directory: LdapDirectory, login: str) -> None:
    assert await directory.sign_in(login, PASSWORDS["anna"]) is None
    assert await directory.find(login) is None


@pytest.mark.parametrize("password", ["*", "\\", "' OR 1=1 --", "x" * LONGEST_PASSWORD, "\x01", "\ufdd0", "\u00ad"])
async def test_hostile_passwords_are_only_wrong(directory: LdapDirectory, password: str) -> None:
    assert await directory.sign_in("anna", password) is None


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("anna", ""),
        ("", "x"),
        ("  ", "x"),
        ("an\0na", "x"),
        ("anna", "x\0"),
        ("\ud800", "x"),
        ("anna", "\udfff"),
        ("a" * (LONGEST_LOGIN + 1), "x"),
        ("anna", "x" * (LONGEST_PASSWORD + 1)),
        ("a" * 10_000_000, "x"),
        ("anna", "x" * 10_000_000),
    ],
    ids=["no password", "no login", "blank", "NUL", "NUL in password", "half a character", "half in password",
         "long login", "long password", "10 MB login", "10 MB password"],
)  # fmt: skip
async def test_impossible_credentials_are_refused_without_asking(
    line: Proxy, over_line: LdapDirectory, login: str, password: str
) -> None:
    assert await over_line.sign_in(login, password) is None
    if password == "x":
        assert await over_line.find(login) is None and await over_line.search(login) == []
    assert line.taken == 0


async def test_the_password_is_checked_after_the_check_of_attempts_and_as_that_says(directory: LdapDirectory) -> None:
    asked = []

    async def another(login: str, password: str) -> str:
        asked.append((login, password))
        return "another password"

    async def no_more(login: str, password: str) -> str:
        raise TooManyAttempts(60)

    async def none(login: str, password: str) -> str:
        return ""

    assert await directory.sign_in(" ANNA ", PASSWORDS["anna"], another) is None
    assert await directory.sign_in(" Nobody ", "typed", another) is None
    assert asked == [("anna", PASSWORDS["anna"]), ("Nobody", "typed")]
    with pytest.raises(TooManyAttempts):
        await directory.sign_in("anna", PASSWORDS["anna"], no_more)
    assert await directory.sign_in("anna", PASSWORDS["anna"], none) is None


async def test_an_unknown_login_takes_as_many_connections_as_a_wrong_password(
    line: Proxy, over_line: LdapDirectory
) -> None:
    taken = []
    for login in ("anna", "nobody", "twin", "locked"):
        before = line.taken
        assert await over_line.sign_in(login, "wrong") is None
        taken.append(line.taken - before)
    assert taken == [2, 2, 2, 2]


async def test_thirty_people_sign_in_at_once(directory: LdapDirectory) -> None:
    directory.server = directory.server._replace(seconds=60.0)  # a busy machine is not at fault
    tries = [directory.sign_in("anna", PASSWORDS["anna"] if number % 2 else "wrong") for number in range(30)]
    told = await asyncio.gather(*tries)
    assert [profile.login if profile else None for profile in told] == [None, "anna"] * 15


@pytest.fixture
async def jump(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let time pass at once: the clock of the event loop goes forward by some seconds."""
    loop = asyncio.get_running_loop()
    clock, ahead = loop.time, 0.0

    def forward(seconds: float) -> None:
        nonlocal ahead
        ahead += seconds

    monkeypatch.setattr(loop, "time", lambda: clock() + ahead)
    return forward


async def test_the_time_that_our_own_store_takes_is_not_the_servers(
    directory: LdapDirectory, jump: Callable[[float], None]
) -> None:
    directory.server = directory.server._replace(seconds=60.0)

    async def slow(login: str, password: str) -> str:
        jump(600.0)
        await asyncio.sleep(0.01)
        return password

    assert await directory.sign_in("anna", PASSWORDS["anna"], slow) and directory.breaker.is_closed


async def test_waiting_for_others_is_no_failure_of_the_server(
    directory: LdapDirectory, jump: Callable[[float], None]
) -> None:
    directory.server = directory.server._replace(seconds=60.0)
    assert await directory.find("anna")
    arrived, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def hold(login: str, password: str) -> str:
        arrived.release()
        await go_on.wait()
        return password

    holding = [asyncio.create_task(directory.sign_in("anna", PASSWORDS["anna"], hold)) for _ in range(MOST)]
    for _ in holding:
        await arrived.acquire()
    late = asyncio.create_task(directory.sign_in("boris", PASSWORDS["boris"]))
    await asyncio.sleep(0.01)
    jump(61.0)
    with pytest.raises(NotAsked):
        await late
    assert directory.breaker.is_closed and directory.trouble is None
    patient = asyncio.create_task(directory.sign_in("boris", PASSWORDS["boris"]))
    await asyncio.sleep(0.01)
    jump(59.0)
    go_on.set()
    assert all(await asyncio.gather(*holding)) and await patient


async def test_threads_that_do_not_end_are_no_failure_of_the_server(directory: LdapDirectory) -> None:
    directory.threads, end = Threads(1), threading.Event()
    given_up = asyncio.create_task(directory.threads.run(end.wait))
    await until(lambda: directory.threads._taken == 1)
    given_up.cancel()
    await asyncio.wait([given_up])
    with pytest.raises(NotAsked):
        await directory.find("anna")
    end.set()
    await until(lambda: not directory.threads.stuck)
    assert directory.breaker.is_closed and await directory.find("anna")


async def test_look_ups_wait_until_one_has_proven_that_our_account_is_let_in(
    line: Proxy, over_line: LdapDirectory
) -> None:
    line.becomes("dead")
    waiting = [asyncio.create_task(over_line.find("anna")) for _ in range(MOST)]
    over_line.server = over_line.server._replace(seconds=60.0)
    await until(lambda: line.taken > 0)
    assert over_line.threads._taken == 1
    line.becomes("fair")
    assert all(await asyncio.gather(*waiting))


async def test_people_are_found_by_parts_of_their_names(directory: LdapDirectory) -> None:
    for text in ("смирн", "ANNA@", "нна", " Анна "):
        assert [it.login for it in await directory.search(text)] == ["anna"], text
    crowd = await directory.search("crowd")
    assert len(crowd) == 50 and all(it.login.startswith("crowd") for it in crowd)
    for text in ("*", "nobody at all", "*)(uid=*"):
        assert await directory.search(text) == [], text


async def test_people_who_are_blocked_or_gone_are_told_in_few_questions(line: Proxy, over_line: LdapDirectory) -> None:
    logins = [
        "anna",
        "BORIS",
        "Ёжиков",
        "locked",
        "wrong-five-times",
        "twin",
        "gone",
        "*",
        *(f"crowd{n}" for n in range(60)),
    ]
    accounts = [Known(number, login, None) for number, login in enumerate(logins)]
    assert {logins[number] for number in await over_line.blocked(accounts)} == {"locked", "twin", "gone", "*"}
    assert line.taken == 2 and await over_line.blocked([]) == set()


async def test_whoever_has_several_logins_is_not_gone(slapd: Slapd, directory: LdapDirectory) -> None:
    dn, login = new_person(slapd)
    slapd.change(change(dn, "add", uid=f"{login}-too"))
    assert await directory.blocked([Known(1, login, None), Known(2, f"{login}-TOO", None)]) == set()


async def test_a_login_that_was_given_to_somebody_else_is_gone(slapd: Slapd, directory: LdapDirectory) -> None:
    dn, login = new_person(slapd)
    found = await directory.find(login)
    assert found
    accounts = [Known(1, login, None, found.id), Known(2, login, None, "another"), Known(3, login, None, None)]
    assert await directory.blocked(accounts) == {2}
    slapd.change(person(f"cn=other,{dn}", f"{login}-2"))
    slapd.change(change(f"cn=other,{dn}", "add", uid=login))
    assert await directory.blocked(accounts) == {2, 3}, "the id tells who of two is the account's person"


async def test_nobody_is_gone_because_our_account_sees_nobody(slapd: Slapd, company_authority: Authority) -> None:
    blind = directory_of(slapd.url, CA_BUNDLE=company_authority.file, LDAP_BASE_DN=GROUPS)
    with pytest.raises(Misconfigured):
        await blind.blocked([Known(1, "anna", None)])


async def test_nobody_is_gone_because_the_server_returns_only_some(tmp_path: Path) -> None:
    people = "".join(person(f"cn={number},{SUFFIX}", f"person{number}") for number in range(5))
    with running_slapd(tmp_path / "slapd", people, more="sizelimit 3") as small:
        directory = directory_of(small.url, LDAP_STARTTLS="off", LDAP_GROUP_RIGHTS="")
        assert await directory.blocked([Known(number, f"person{number}", None) for number in range(3)]) == set()
        with pytest.raises(Misconfigured, match="only some"):
            await directory.blocked([Known(number, f"person{number}", None) for number in range(5)])
        assert len(await directory.search("person")) == 3


async def test_groups_give_rights_and_take_them_away(slapd: Slapd, directory: LdapDirectory) -> None:
    dn, login = new_person(slapd)

    async def rights() -> frozenset[str]:
        profile = await directory.sign_in(login, login)
        assert profile and profile == await directory.find(login)
        return profile.rights

    assert await rights() == frozenset()
    for right, group, attribute, value in (
        ("is_admin", f"cn=Главные\\, все,{GROUPS}", "member", dn),
        ("can_access_quality_control", f"cn=unique,{GROUPS}", "uniqueMember", dn),
        ("can_access_redmine_report", f"cn=posix,{GROUPS}", "memberUid", login),
    ):
        slapd.change(change(group, "add", **{attribute: value}))
        assert await rights() == {right}
        slapd.change(change(group, "delete", **{attribute: value}))
        assert await rights() == frozenset()


async def test_groups_are_read_for_those_alone_whose_password_is_right(
    directory: LdapDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    matches = Connection.matches

    def noting(self: Connection, dn: str, query: str) -> bool | None:
        read.append(dn)
        return matches(self, dn, query)

    monkeypatch.setattr(Connection, "matches", noting)
    for login in ("anna", "nobody"):
        assert await directory.sign_in(login, "wrong") is None
    assert not read
    assert await directory.sign_in("anna", PASSWORDS["anna"]) and read


async def test_a_missing_group_gives_no_right_and_is_reported(
    slapd: Slapd, company_authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    given = {"CA_BUNDLE": company_authority.file, "LDAP_GROUP_RIGHTS": f"is_admin=cn=gone,{GROUPS}; is_admin=x=,=,"}
    anna = await directory_of(slapd.url, **given).find("anna")
    assert anna and anna.rights == frozenset()
    assert [record.__dict__["group"] for record in caplog.records] == [f"cn=gone,{GROUPS}", "x=,=,"]
    assert f"no group cn=gone,{GROUPS}" in (await findings(settings(slapd.url, **given)))


async def test_a_group_that_our_account_can_not_see_gives_its_right_by_the_entry(
    slapd: Slapd, company_authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    given = {"CA_BUNDLE": company_authority.file, "LDAP_GROUP_RIGHTS": f"is_admin=CN=Hidden, {GROUPS}"}
    boris = await directory_of(slapd.url, **given).find("boris")
    assert boris and boris.rights == {"is_admin"} and not caplog.records


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CN=A,DC=test", "cn=a, dc=TEST"),
        ("cn=a\\, b,dc=test", "cn=a\\2C b,dc=test"),
        ("cn=Группа,dc=test", "cn=\\d0\\93руппа,dc=test"),
        ("cn=a  b,dc=test", "cn=a b,dc=test"),
    ],
)
def test_names_are_compared_whatever_way_they_are_written(one: str, other: str) -> None:
    assert normal_dn(one) == normal_dn(other)


@pytest.mark.parametrize(
    ("one", "other"), [("cn=a,dc=test", "cn=a,dc=test,dc=x"), ("cn=a\\,dc=test", "cn=a,dc=test"), ("cn=a", "ou=a")]
)
def test_other_names_are_others(one: str, other: str) -> None:
    assert normal_dn(one) != normal_dn(other)


async def test_active_directorys_names_of_attributes(slapd: Slapd, company_authority: Authority) -> None:
    windows = directory_of(slapd.url, CA_BUNDLE=company_authority.file, LDAP_SCHEMA="active-directory")
    assert await windows.sign_in("Windows", "password-of-windows") == Profile(
        "windows", "Сотрудник windows", department="Отдел продаж", id=str(UNKNOWN_GUID)
    )
    assert await windows.sign_in("disabled", "password-of-disabled") is None
    disabled = await windows.find("disabled")
    assert disabled and disabled.is_blocked
    assert await windows.find("printer") is None and await windows.find("anna") is None


async def test_a_filter_of_ones_own_finds_by_mail(slapd: Slapd, company_authority: Authority) -> None:
    own = "(&(objectClass=person)(|(uid={login})(mail={login})))"
    directory = directory_of(slapd.url, CA_BUNDLE=company_authority.file, LDAP_USER_FILTER=own)
    for login in ("Anna@example.test", "anna"):
        anna = await directory.sign_in(login, PASSWORDS["anna"])
        assert anna and anna.login == "anna"
    assert await directory.sign_in("crowd@example.test", "x") is None
    assert [it.login for it in await directory.search("anna@")] == ["anna"]


async def test_somebody_without_a_login_that_can_be_kept_is_not_found(
    slapd: Slapd, company_authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    own = "(&(objectClass=person)(mail={login}))"
    directory = directory_of(slapd.url, CA_BUNDLE=company_authority.file, LDAP_USER_FILTER=own)
    for name in ("nameless", "long"):
        assert await directory.sign_in(f"{name}@example.test", name) is None
        assert await directory.search(name) == []
    assert [it.__dict__["dn"] for it in caplog.records] == [f"cn=nameless,{PEOPLE}", f"cn=long,{PEOPLE}"]


async def told_by(directory: LdapDirectory) -> DirectoryUnavailable:
    """The error of a sign-in that can't be checked. It is the same for a look-up, and holds no secret."""
    with pytest.raises(DirectoryUnavailable) as signing_in:
        await directory.sign_in("anna", PASSWORDS["anna"])
    with pytest.raises(DirectoryUnavailable):
        await directory.find("anna")
    error = signing_in.value
    text = "".join(traceback.format_exception(error)) + repr(error) + error.detail + repr(directory.service)
    assert PASSWORDS["anna"] not in text and SERVICE_PASSWORD not in text
    assert directory.trouble == (error.detail if isinstance(error, Misconfigured) else None)
    return error


async def findings(given: configuration.Settings) -> str:
    """What the doctor says of LDAP."""
    async with adapters.checks(given) as listed:
        (found,) = [str(it) for it in await examine(it for it in listed if it.system == "LDAP")]
    assert SERVICE_PASSWORD not in found
    return found


MISSET: dict[str, tuple[dict[str, str], str, str]] = {
    "a service account that is refused": (
        {"LDAP_BIND_PASSWORD": "geheim"}, "it refuses our account", "LDAP_BIND_PASSWORD",
    ),
    "a service account that nobody has": (
        {"LDAP_BIND_DN": f"cn=gone,{SUFFIX}"}, "it refuses our account", "LDAP_BIND_DN",
    ),
    "a service account that is no name": ({"LDAP_BIND_DN": "helpdesk"}, "it refuses our account", "LDAP_BIND_DN"),
    "a part that is missing": ({"LDAP_BASE_DN": f"ou=gone,{SUFFIX}"}, "holds no such part", "LDAP_BASE_DN"),
    "a part that is no name": ({"LDAP_BASE_DN": "example.test"}, "no distinguished name", "LDAP_BASE_DN"),
    "a part of another server": ({"LDAP_BASE_DN": "dc=other,dc=test"}, "refers us to another server", "LDAP_BASE_DN"),
    "a filter that is none": (
        {"LDAP_USER_FILTER": "((uid={login}))"}, "filter of people can't be read", "LDAP_USER_FILTER",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MISSET)
async def test_a_wrong_setting_is_told_to_administrators(slapd: Slapd, company_authority: Authority, case: str) -> None:
    wrong, reason, advice = MISSET[case]
    given = {"CA_BUNDLE": company_authority.file, **wrong}
    error = await told_by(directory_of(slapd.url, **given))
    assert isinstance(error, Misconfigured) and reason in error.detail and advice in error.detail
    told = await findings(settings(slapd.url, **given))
    assert told.startswith("LDAP: broken: ") and reason in told and advice in told


@pytest.mark.parametrize("own", ["((uid={login}))", "(&(uid={login})(|))", "(!(uid={login})(cn=x))"])
async def test_a_filter_that_can_not_be_read_is_known_without_the_server(own: str) -> None:
    given = {"LDAP_USER_FILTER": own}
    nowhere = f"ldap://127.0.0.1:{free_port()}"
    directory = directory_of(nowhere, **given)
    assert directory.trouble and "can't be read" in directory.trouble and "LDAP_USER_FILTER" in directory.trouble
    assert isinstance(await told_by(directory), Misconfigured)
    assert "can't be read" in await findings(settings(nowhere, **given))


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"LDAP_USER_FILTER": "(|(objectClass=person)(uid={login}))"}, "somebody for a login that nobody has"),
        ({"LDAP_GROUP_RIGHTS": f"is_admin={BORIS}"}, f"{BORIS} is no group"),
    ],
    ids=["a filter that finds everybody", "a person as a group"],
)
async def test_the_doctor_reports_what_gives_too_much_or_nothing(
    slapd: Slapd, company_authority: Authority, wrong: dict[str, str], reason: str
) -> None:
    told = await findings(settings(slapd.url, CA_BUNDLE=company_authority.file, **wrong))
    assert told.startswith("LDAP: broken: ") and reason in told


async def test_a_filter_with_a_star_of_its_own_can_be_read(slapd: Slapd, company_authority: Authority) -> None:
    own = "(&(objectClass=person)(uid=*{login}))"
    assert await findings(settings(slapd.url, CA_BUNDLE=company_authority.file, LDAP_USER_FILTER=own)) == "LDAP: ok"


async def test_a_refused_service_account_is_not_tried_again_and_again(
    line: Proxy, company_authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    given = {"CA_BUNDLE": company_authority.file, "LDAP_BIND_PASSWORD": "geheim"}
    refused = directory_of(f"ldap://127.0.0.1:{line.port}", **given)
    now = 0.0
    refused.ticks = lambda: now
    for tries in (1, 2):
        at_once = (refused.sign_in("anna", PASSWORDS["anna"]) for _ in range(30))
        told = await asyncio.gather(*at_once, return_exceptions=True)
        assert all(isinstance(it, Misconfigured) for it in told)
        await told_by(refused)
        assert line.taken == tries and [it.levelname for it in caplog.records] == ["ERROR"] * tries
        now += REFUSED_SECONDS
    refused.service = directory_of("ldap://127.0.0.1").service  # its password has been set right
    assert await refused.find("anna") and refused.trouble is None


async def test_an_attribute_without_values_is_empty() -> None:
    anna = await answered(0)
    assert anna and (anna.login, anna.email) == ("anna", "")


@pytest.mark.parametrize("code", [49, 48, 32])
async def test_a_wrong_password_is_not_logged(code: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    assert await answered(code) is None and not caplog.records


@pytest.mark.parametrize(
    ("code", "level"),
    [(19, "INFO"), (53, "INFO"), *((code, "WARNING") for code in (1, 3, 8, 10, 50, 80, 123))],
)
async def test_an_odd_answer_to_one_person_concerns_nobody_else(
    code: int, level: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    assert await answered(code) is None
    (record,) = caplog.records
    assert record.levelname == level and record.__dict__["dn"] == imitated_ldap.PERSON


@pytest.mark.parametrize("code", [51, 52])
async def test_a_busy_server_has_not_checked_the_password(code: int) -> None:
    with pytest.raises(DirectoryUnavailable) as told:
        await answered(code)
    assert not isinstance(told.value, Misconfigured)


async def answered(code: int) -> Profile | None:
    """What a sign-in returns when the server answers the person's bind by this number."""
    with imitated_ldap.imitated_ldap(code) as url:
        directory = directory_of(url, LDAP_STARTTLS="off", LDAP_GROUP_RIGHTS="")
        profile = await directory.sign_in("anna", "a password")
        assert directory.trouble is None and directory.breaker.is_closed
        return profile


async def test_the_doctor_reports_a_healthy_server(slapd: Slapd, company_authority: Authority) -> None:
    assert await findings(settings(slapd.url, LDAP_CA_BUNDLE=company_authority.file)) == "LDAP: ok"


async def test_the_doctor_reports_a_filter_that_finds_nobody(slapd: Slapd, company_authority: Authority) -> None:
    told = await findings(settings(slapd.url, CA_BUNDLE=company_authority.file, LDAP_BASE_DN=GROUPS))
    assert "holds nobody whom the filter finds" in told and "LDAP_SCHEMA" in told


async def test_an_account_that_may_not_read_finds_nobody(tmp_path: Path) -> None:
    with running_slapd(tmp_path / "slapd") as empty:
        told = await findings(settings(empty.url, LDAP_STARTTLS="off", LDAP_GROUP_RIGHTS=""))
        assert "holds nobody" in told


@pytest.mark.parametrize("setting", ["CA_BUNDLE", "LDAP_CA_BUNDLE"])
async def test_the_server_is_trusted_by_the_authority_that_a_setting_names(
    slapd: Slapd, company_authority: Authority, setting: str
) -> None:
    for url in (slapd.url, slapd.tls_url):
        assert await directory_of(url, **{setting: company_authority.file}).sign_in("anna", PASSWORDS["anna"])


@asynccontextmanager
async def slapd_with(folder: Path, certificate: tuple[Path, Path] | None) -> AsyncIterator[Slapd]:
    with running_slapd(folder / "slapd", certificate=certificate) as server:
        yield server


CERTIFICATES: dict[str, tuple[Callable[[Authority], tuple[Path, Path] | None], str]] = {
    "of another authority": (lambda it: Authority(it.folder / "strangers", "Stranger").certify(), "unknown authority"),
    "expired": (lambda it: it.certify(days=-1), "has expired"),
    "for another name": (lambda it: it.certify("DNS:ldap.example.test"), "for another name"),
}


@pytest.mark.parametrize("case", CERTIFICATES)
async def test_a_certificate_that_is_not_right_ends_the_connection_before_a_password_is_sent(
    company_authority: Authority, tmp_path: Path, case: str
) -> None:
    certificate, reason = CERTIFICATES[case]
    async with slapd_with(tmp_path, certificate(company_authority)) as server:
        for url in (server.url, server.tls_url):
            error = await told_by(directory_of(url, CA_BUNDLE=company_authority.file))
            assert isinstance(error, Misconfigured) and reason in error.detail, error.detail
            assert reason in await findings(settings(url, CA_BUNDLE=company_authority.file))


async def test_a_server_without_tls_is_sent_no_password_unless_that_is_allowed(tmp_path: Path) -> None:
    async with slapd_with(tmp_path, None) as server:
        error = await told_by(directory_of(server.url))
        assert isinstance(error, Misconfigured) and "knows no StartTLS" in error.detail
        error = await told_by(directory_of(server.url.replace("ldap:", "ldaps:")))
        assert not isinstance(error, Misconfigured), "a server that hangs up may be about to start"
        assert await directory_of(server.url, LDAP_STARTTLS="off").find("anna") is None


async def test_a_server_that_takes_encrypted_connections_alone_says_so(
    slapd: Slapd, company_authority: Authority, tmp_path: Path
) -> None:
    with running_slapd(tmp_path / "slapd", certificate=company_authority.certify(), more="security ssf=128") as server:
        error = await told_by(directory_of(server.url, LDAP_STARTTLS="off"))
    assert isinstance(error, Misconfigured) and "encrypted connections alone" in error.detail


async def test_a_server_that_is_down_is_no_wrong_password() -> None:
    error = await told_by(directory_of(f"ldap://127.0.0.1:{free_port()}"))
    assert not isinstance(error, Misconfigured)
    assert "it can't be asked" in await findings(settings(f"ldap://127.0.0.1:{free_port()}"))


async def test_a_name_that_leads_nowhere_is_a_server_that_is_down() -> None:
    error = await told_by(directory_of("ldap://ldap.invalid"))
    assert not isinstance(error, Misconfigured)


Manner = Callable[[socket.socket], None]


def say_nothing(line: socket.socket) -> None:
    while line.recv(4_096):
        pass


def drip(line: socket.socket) -> None:
    """The beginning of a long message, byte by byte, so that no single wait for it is long."""
    line.sendall(b"\x30\x84\x7f\xff\xff\xff")
    line.settimeout(SHORT / 10)
    while True:
        try:
            if not line.recv(4_096):
                return
        except TimeoutError:
            line.sendall(b"\0")


def hang_up(_: socket.socket) -> None:
    pass


def speak_http(line: socket.socket) -> None:
    line.recv(1)
    line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10)


def say_nonsense(line: socket.socket) -> None:
    line.recv(1)
    line.sendall(b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x7f\x04\x00\x04\x00")


@contextmanager
def server_that(manner: Manner) -> Iterator[int]:
    """The port of a server that treats every connection in this manner, and closes it."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                manner(self.request)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            serving.join()


@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
@pytest.mark.parametrize("starttls", ["on", "off"])
@pytest.mark.parametrize("manner", [say_nothing, drip, hang_up, speak_http, say_nonsense])
async def test_a_server_that_misbehaves_delays_nobody_and_holds_no_thread(
    scheme: str, starttls: str, manner: Manner
) -> None:
    with server_that(manner) as port:
        directory = hurried(directory_of(f"{scheme}://127.0.0.1:{port}", LDAP_STARTTLS=starttls))
        tries = [directory.sign_in("anna", PASSWORDS["anna"]) for _ in range(6)]
        told = await asyncio.gather(*tries, return_exceptions=True)
        assert all(isinstance(it, DirectoryUnavailable) for it in told), told
        await until(lambda: directory.threads._taken == 0)


@pytest.mark.parametrize(("scheme", "starttls"), [("ldap", "off"), ("ldap", "on"), ("ldaps", "on")])
def test_a_connection_that_was_cut_before_it_began_ends(scheme: str, starttls: str) -> None:
    with server_that(drip) as port:
        directory = directory_of(f"{scheme}://127.0.0.1:{port}", LDAP_STARTTLS=starttls)
        connection = Connection(directory.server, directory.service)
        connection.cut()
        with pytest.raises(DirectoryUnavailable, match="ConnectionAborted"):
            connection.run(binds.as_service)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.01)


async def test_while_a_server_hangs_it_is_asked_once_in_a_while_and_at_once_when_it_is_back(
    line: Proxy, over_line: LdapDirectory
) -> None:
    now = 0.0
    over_line.breaker = Breaker(ticks=lambda: now)
    line.becomes("dead")
    await told_by(hurried(over_line))
    assert line.taken == 1, "the second look-up must not wait"
    now = PAUSE_SECONDS
    await told_by(over_line)
    assert line.taken == 2
    line.becomes("fair")
    over_line.server = over_line.server._replace(seconds=60.0)
    with pytest.raises(DirectoryUnavailable):
        await over_line.find("anna")
    now = 3 * PAUSE_SECONDS
    anna = await over_line.sign_in("anna", PASSWORDS["anna"])
    assert anna and over_line.breaker.is_closed


@pytest.mark.parametrize("weather", ["cut", "dead"])
async def test_a_line_that_breaks_between_finding_and_checking_is_no_wrong_password(
    line: Proxy, over_line: LdapDirectory, weather: str
) -> None:
    async def breaks(login: str, password: str) -> str:
        line.becomes(weather)
        over_line.server = over_line.server._replace(seconds=SHORT)
        return password

    over_line.server = over_line.server._replace(seconds=3.0)
    with pytest.raises(DirectoryUnavailable):
        await over_line.sign_in("anna", PASSWORDS["anna"], breaks)


async def test_a_sign_in_that_is_given_up_frees_its_thread(line: Proxy, over_line: LdapDirectory) -> None:
    line.becomes("dead")
    trying = asyncio.create_task(over_line.sign_in("anna", PASSWORDS["anna"]))
    await until(lambda: line.taken == 1)
    trying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trying
    await until(lambda: over_line.threads._taken == 0)


async def test_secrets_are_in_no_log(
    slapd: Slapd, directory: LdapDirectory, line: Proxy, over_line: LdapDirectory, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    caplog.set_level("DEBUG", "ldap3")
    assert await directory.sign_in("anna", PASSWORDS["anna"])
    assert await directory.sign_in("anna", "a-wrong-password") is None
    assert await directory.sign_in("nobody", "a-wrong-password") is None
    line.becomes("cut")
    await told_by(over_line)
    await told_by(directory_of(slapd.url, LDAP_BIND_PASSWORD="a-wrong-password"))
    assert caplog.records
    held = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    for secret in (PASSWORDS["anna"], "a-wrong-password", SERVICE_PASSWORD):
        assert secret not in held and repr(secret.encode()) not in held
