"""What every directory promises: one suite for local accounts, a real Redmine, a real slapd and an imitated ERP."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest

from helpdesk.errors import TooManyAttempts
from helpdesk.people.directory import MOST_FOUND, Directory
from helpdesk.people.local import LocalDirectory
from helpdesk.people.redmine import RedmineDirectory
from helpdesk.redmine_client import RedmineClient
from helpdesk.store.database import Database
from tests.people.test_ldap import directory_of as ldap_of
from tests.people.test_oracle_erp import directory_of as oracle_of
from tests.servers import imitated_oracle, slapd_company
from tests.servers.certificates import Authority
from tests.servers.redmine import Redmine
from tests.servers.slapd import Slapd
from tests.world import PASSWORDS

HOSTILE = {
    "empty": "",
    "blank": "   ",
    "NUL": "anna\0",
    "only NUL": "\0",
    "Cyrillic": "анна",
    "half a character": "\ud800",
    "a line": "anna\r\nX-Redmine-Switch-User: admin",
    "SQL": "anna' OR '1'='1' --",
    "a filter": "*)(uid=*",
    "everybody": "*",
    "any letters": "%",
    "10 MB": "a" * 10_000_000,
}


class Known(NamedTuple):
    """A directory and one person in it; `other` is the right password of somebody else there."""

    directory: Directory
    login: str
    password: str
    other: str


@pytest.fixture(params=["local", "redmine", "ldap", "imitated oracle"])
async def known(request: pytest.FixtureRequest) -> AsyncIterator[Known]:
    if request.param == "local":
        database: Database = request.getfixturevalue("database")
        yield Known(LocalDirectory(database), "anna", PASSWORDS["anna"], PASSWORDS["boris"])
    elif request.param == "redmine":
        redmine: Redmine = request.getfixturevalue("redmine")
        client = RedmineClient(redmine.url, redmine.admin_key)
        yield Known(RedmineDirectory(client), "anna", redmine.passwords["anna"], redmine.passwords["boris"])
        await client.close()
    elif request.param == "ldap":
        slapd: Slapd = request.getfixturevalue("slapd")
        authority: Authority = request.getfixturevalue("company_authority")
        passwords = slapd_company.PASSWORDS
        yield Known(ldap_of(slapd.url, CA_BUNDLE=authority.file), "anna", passwords["anna"], passwords["boris"])
    else:
        (login, password), (_, other), *_ = imitated_oracle.PASSWORDS.items()
        with imitated_oracle.imitated_oracle() as server:
            directory = oracle_of(server)
            yield Known(directory, login, password, other)
            await directory.close()


async def test_the_right_password_signs_in_and_tells_what_find_tells(known: Known) -> None:
    profile, found = await known.directory.sign_in(known.login, known.password), await known.directory.find(known.login)
    assert profile and found and profile.login == found.login == known.login
    assert profile.id and profile.id == found.id and not profile.is_blocked
    assert profile.full_name and profile.full_name == found.full_name


async def test_spaces_around_a_login_do_not_count_and_around_a_password_do(known: Known) -> None:
    assert await known.directory.sign_in(f" {known.login} ", known.password)
    assert await known.directory.sign_in(known.login, f"{known.password} ") is None


@pytest.mark.parametrize("wrong", ["other", "upper case", "a part", *HOSTILE])
async def test_another_password_signs_nobody_in(known: Known, wrong: str) -> None:
    cases = {"other": known.other, "upper case": known.password.upper(), "a part": known.password[:-1]}
    assert await known.directory.sign_in(known.login, (cases | HOSTILE)[wrong]) is None


@pytest.mark.parametrize("login", HOSTILE)
async def test_a_hostile_login_is_nobodys(known: Known, login: str) -> None:
    assert await known.directory.sign_in(HOSTILE[login], known.password) is None
    assert await known.directory.find(HOSTILE[login]) is None


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_hostile_search_finds_nobody(known: Known, text: str) -> None:
    found = await known.directory.search(HOSTILE[text])
    assert found == [] or text == "Cyrillic"  # which is a part of names


async def test_a_search_is_bounded(known: Known) -> None:
    assert 0 < len(await known.directory.search(known.login[0])) <= MOST_FOUND


async def test_people_are_found_by_a_part_of_their_login_in_any_case(known: Known) -> None:
    for text in (known.login[1:], known.login.upper()):
        assert known.login in {profile.login for profile in await known.directory.search(text)}


async def test_the_check_is_announced_once_and_may_check_another_password(known: Known) -> None:
    announced = []

    async def instead(login: str, password: str) -> str:
        announced.append(login)
        return known.other

    assert await known.directory.sign_in(known.login, known.password, instead) is None
    assert announced == [known.login]


async def test_an_attempt_too_many_asks_nobody(known: Known) -> None:
    async def refuse(login: str, password: str) -> str:
        raise TooManyAttempts(5)

    with pytest.raises(TooManyAttempts):
        await known.directory.sign_in(known.login, known.password, refuse)


async def test_nothing_of_it_shows_the_password_or_a_key(known: Known, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    profile = await known.directory.sign_in(known.login, known.password)
    assert await known.directory.sign_in(known.login, f"{known.password}?") is None
    told = f"{profile!r} {known.directory!r} {caplog.text} {[vars(record) for record in caplog.records]!r}"
    assert known.password not in told
    assert profile and (profile.api_key is None or str(profile.api_key) not in told)


async def test_a_directory_that_answers_is_in_no_trouble(known: Known) -> None:
    await known.directory.find(known.login)
    assert known.directory.trouble is None
