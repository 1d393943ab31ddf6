"""Signing in with Redmine's passwords: on the real one, and on an imitation where the real one can't misbehave."""

import asyncio
import secrets
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from helpdesk.errors import BadResponse, HelpdeskError, TooManyAttempts, Unavailable
from helpdesk.people.redmine import LONGEST_PASSWORD, RedmineDirectory
from helpdesk.redmine_client import RedmineClient
from helpdesk.store import people
from helpdesk.store.database import Database
from tests.people.entrance import Entrance
from tests.servers import imitated_redmine as imitation
from tests.servers.imitated_redmine import EVERYTHING, ME, Answer, ImitatedRedmine, imitated_redmine, says
from tests.servers.process import free_port
from tests.servers.redmine import Redmine

pytestmark = pytest.mark.usefixtures("no_pause")

KEY = "0123456789abcdef-key-of-the-helpdesk"
PASSWORD = "demo-password-that-must-not-stay"
FAILURES: dict[str, tuple[Answer, str]] = {
    "never answers": (imitation.silence, "unavailable"),
    "hangs up": (imitation.hang_up, "unavailable"),
    "closes in the middle of a body": (imitation.half_a_body, "unavailable"),
    "500": (says(500), "unavailable"),
    "the 502 page of a proxy": (says(502, "<html>", "text/html"), "unavailable"),
    "HTML with 200": (says(200, "<html>", "text/html"), "bad_gateway"),
    "204": (says(204), "bad_gateway"),
    "404": (says(404), "bad_gateway"),
    "a redirect": (says(302, Location="/login"), "bad_gateway"),
    "an empty object": (says(200, "{}"), "bad_gateway"),
    "a list for a user": (imitation.tells({"user": []}), "bad_gateway"),
}
NO_IDENTITIES: list[dict[str, Any]] = [
    {"login": "anna"},
    {"id": "5", "login": "anna"},
    {"id": None, "login": "anna"},
    {"id": True, "login": "anna"},
    {"id": 5.0, "login": "anna"},
    {"id": 0, "login": "anna"},
    {"id": 10**30, "login": "anna"},
    {"id": 5},
    {"id": 5, "login": None},
    {"id": 5, "login": ["anna"]},
    {"id": 5, "login": "a" * 121},
    {"id": 5, "login": "\ufdfa" * 120},
]


@pytest.fixture
async def imitated(server: ImitatedRedmine, database: Database) -> AsyncIterator[Entrance]:
    client = RedmineClient(server.url, KEY)
    yield Entrance(RedmineDirectory(client), database)
    await client.close()


@pytest.fixture
async def directory(redmine: Redmine, database: Database) -> AsyncIterator[Entrance]:
    client = RedmineClient(redmine.url, redmine.admin_key)
    yield Entrance(RedmineDirectory(client), database)
    await client.close()


class Administrator:
    """Makes and changes users of the real Redmine."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def new_user(self, password: str = PASSWORD) -> tuple[int, str]:
        """The id and login of somebody whom no other test knows."""
        login = f"user-{secrets.token_hex(4)}"
        names = {"login": login, "firstname": "Новый", "lastname": "Человек", "mail": f"{login}@example.test"}
        made = self.http.post("/users.json", json={"user": {**names, "password": password}})
        assert made.status_code == 201, made.text
        return made.json()["user"]["id"], login

    def change(self, number: int, **fields: object) -> None:
        changed = self.http.put(f"/users/{number}.json", json={"user": fields})
        assert changed.status_code == 204, changed.text


@pytest.fixture
def administrator(redmine: Redmine) -> Iterator[Administrator]:
    with httpx.Client(
        base_url=redmine.url, headers={"X-Redmine-API-Key": redmine.admin_key}, trust_env=False, timeout=30
    ) as http:
        yield Administrator(http)


def bound(database: Database) -> list[tuple[int | None, str]]:
    """(Redmine's id, login) of the accounts that came from Redmine."""

    rows = database.run_here(people.all_people)
    return [(row.redmine_id, row.login) for row in rows if row.source == "redmine"]


async def test_the_right_password_signs_in_and_binds_redmines_number(
    redmine: Redmine, directory: Entrance, database: Database
) -> None:
    person = await directory.sign_in("anna", redmine.passwords["anna"])

    assert person is not None
    assert (person.source, person.login, person.redmine_id) == ("redmine", "anna", redmine.user_ids["anna"])
    assert person.full_name == "Анна Смирнова" and not person.is_admin
    assert (
        person.email == "anna@example.test"
    )  # which Redmine's default hides, in /users/current.json also from oneself
    assert bound(database) == [(redmine.user_ids["anna"], "anna")]


async def test_an_administrator_of_redmine_is_no_administrator_of_ours(redmine: Redmine, directory: Entrance) -> None:
    person = await directory.sign_in("admin", redmine.passwords["admin"])
    assert person is not None and not person.is_admin


async def test_another_sign_in_finds_the_same_account(
    redmine: Redmine, directory: Entrance, database: Database
) -> None:
    first = await directory.sign_in("anna", redmine.passwords["anna"])
    second = await directory.sign_in(" ANNA ", redmine.passwords["anna"])
    assert first == second and len(bound(database)) == 1


async def test_nobody_comes_in_with_a_wrong_password_an_unknown_login_or_a_locked_account(
    redmine: Redmine, directory: Entrance, database: Database
) -> None:
    for login, password in (
        ("anna", "wrong"),
        ("anna", redmine.passwords["anna"].upper()),
        ("anna", f"{redmine.passwords['anna']} "),
        ("anna", redmine.passwords["boris"]),
        ("anna", ""),
        ("nobody-of-that-name", redmine.passwords["anna"]),
        ("", redmine.passwords["anna"]),
        ("locked", redmine.passwords["locked"]),
    ):
        assert await directory.sign_in(login, password) is None, login
    assert bound(database) == []


async def test_a_person_locked_later_can_not_sign_in(administrator: Administrator, directory: Entrance) -> None:
    number, login = administrator.new_user()
    assert await directory.sign_in(login, PASSWORD)
    administrator.change(number, status=3)
    assert await directory.sign_in(login, PASSWORD) is None


async def test_a_person_who_must_change_the_password_first_can_not_sign_in(
    administrator: Administrator, directory: Entrance
) -> None:
    number, login = administrator.new_user()
    administrator.change(number, must_change_passwd=True)
    assert await directory.sign_in(login, PASSWORD) is None


async def test_an_api_key_is_no_login_though_redmine_takes_it_for_one(
    redmine: Redmine, directory: Entrance, database: Database
) -> None:
    client = RedmineClient(redmine.url, redmine.admin_key)
    for login in ("anna", "admin"):
        key = redmine.api_keys[login]
        taken = await client.who_is(key, "anything")
        assert taken is not None and taken["login"] == login
        for password in ("anything", key, redmine.passwords[login]):
            assert await directory.sign_in(key, password) is None
    await client.close()
    assert bound(database) == []


@pytest.mark.parametrize(
    "password",
    ["пароль-Ёжик-😀", "demo:with:colons", " demo spaces ", "д" * 1_000, "d" * LONGEST_PASSWORD],
    ids=["Cyrillic", "colons", "spaces", "long Cyrillic", "longest"],
)
async def test_any_password_that_redmine_takes_signs_in(
    administrator: Administrator, directory: Entrance, password: str
) -> None:
    number, login = administrator.new_user(password)
    person = await directory.sign_in(login, password)
    assert person is not None and person.redmine_id == number
    assert await directory.sign_in(login, password[:-1]) is None


@pytest.mark.parametrize("login", ["анна", "an\0na", "anna\n", "\ud800", "anna' OR 1=1 --", "a" * 60, "％"])
@pytest.mark.parametrize("password", ["нет", "\0", "\ud800", "' OR 1=1 --"])
async def test_hostile_credentials_are_only_wrong(directory: Entrance, login: str, password: str) -> None:
    assert await directory.sign_in(login, password) is None


async def test_a_person_renamed_in_redmine_keeps_the_account(
    administrator: Administrator, directory: Entrance, database: Database
) -> None:
    number, login = administrator.new_user()
    first = await directory.sign_in(login, PASSWORD)
    administrator.change(number, login=f"{login}-renamed")
    second = await directory.sign_in(f"{login}-renamed", PASSWORD)

    assert first and second and first.id == second.id
    assert second.login == f"{login}-renamed" and await directory.sign_in(login, PASSWORD) is None
    administrator.change(number, login=login)
    assert await directory.sign_in(login, PASSWORD) == first
    assert bound(database) == [(number, login)]


async def test_taking_over_a_login_does_not_take_over_the_account(
    administrator: Administrator, directory: Entrance
) -> None:
    old, login = administrator.new_user()
    new, other = administrator.new_user()
    first = await directory.sign_in(login, PASSWORD)
    administrator.change(old, login=f"{login}-before")
    administrator.change(new, login=login)
    second = await directory.sign_in(login, PASSWORD)

    assert first and second and (first.redmine_id, second.redmine_id) == (old, new) and first.id != second.id


async def test_the_password_stays_nowhere(
    redmine: Redmine, administrator: Administrator, directory: Entrance, tmp_path: Path, caplog: Any
) -> None:
    caplog.set_level("DEBUG")
    _, login = administrator.new_user()
    assert await directory.sign_in(login, PASSWORD)
    assert await directory.sign_in(login, f"{PASSWORD}-wrong") is None

    stored = b"".join(file.read_bytes() for file in tmp_path.rglob("helpdesk.db*"))
    for secret in (PASSWORD, redmine.admin_key):
        assert secret.encode() not in stored and secret not in caplog.text
    assert login.encode() in stored


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("anna:x", PASSWORD),
        (":", PASSWORD),
        ("", PASSWORD),
        ("  ", PASSWORD),
        ("anna", ""),
        ("a" * 256, PASSWORD),
        ("anna", "d" * (LONGEST_PASSWORD + 1)),
    ],
    ids=["colon", "only a colon", "empty", "blank", "no password", "long login", "long password"],
)
async def test_impossible_credentials_are_refused_without_asking(
    server: ImitatedRedmine, imitated: Entrance, login: str, password: str
) -> None:
    assert await imitated.sign_in(login, password) is None
    assert server.requests == []


@pytest.mark.parametrize("user", NO_IDENTITIES, ids=str)
async def test_an_answer_without_a_numeric_id_and_a_login_makes_no_sense(
    server: ImitatedRedmine, imitated: Entrance, database: Database, user: dict[str, Any]
) -> None:
    server.answers[ME] = imitation.tells({"user": user})
    with pytest.raises(BadResponse):
        await imitated.sign_in("anna", PASSWORD)
    assert bound(database) == []


async def test_an_answer_about_somebody_else_is_a_refusal(
    server: ImitatedRedmine, imitated: Entrance, database: Database
) -> None:
    for login in ("boris", "annа", ""):  # the second has a Cyrillic а
        server.answers[ME] = imitation.tells({"user": {"id": 5, "login": login}})
        assert await imitated.sign_in("anna", PASSWORD) is None
    assert bound(database) == []


async def test_names_and_mail_may_be_missing(server: ImitatedRedmine, imitated: Entrance) -> None:
    server.answers[ME] = imitation.tells({"user": {"id": 5, "login": "anna", "firstname": None, "mail": None}})
    person = await imitated.sign_in("anna", PASSWORD)
    assert person is not None and (person.full_name, person.email) == ("anna", "")


@pytest.mark.parametrize("answer", [says(401), says(403), says(404), says(302, Location="/login"), says(200, "<html>")])
async def test_a_redmine_too_old_to_tell_the_mail_lets_one_in(
    server: ImitatedRedmine, imitated: Entrance, answer: imitation.Answer
) -> None:
    server.answers["/my/account.json"] = answer
    server.answers[ME] = imitation.tells({"user": {"id": 5, "login": "anna", "firstname": "Anna"}})
    person = await imitated.sign_in("anna", PASSWORD)
    assert person is not None and (person.full_name, person.email) == ("Anna", "")


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_failing_redmine_is_no_wrong_password_and_shows_no_secret(
    server: ImitatedRedmine, database: Database, failure: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    server.answers[EVERYTHING], code = FAILURES[failure]
    client = RedmineClient(server.url, KEY, deadline=0.3 if failure == "never answers" else 20)
    with pytest.raises(HelpdeskError) as raised:
        await RedmineDirectory(client).sign_in("anna", PASSWORD)
    await client.close()

    assert raised.value.code == code and bound(database) == []
    for secret in (PASSWORD, KEY):
        assert secret not in repr(raised.value) + raised.value.detail + caplog.text


async def test_a_redmine_that_is_down_is_no_wrong_password(database: Database) -> None:
    client = RedmineClient(f"http://127.0.0.1:{free_port()}", KEY)
    with pytest.raises(Unavailable):
        await RedmineDirectory(client).sign_in("anna", PASSWORD)
    await client.close()


async def test_the_password_is_sent_to_nobody_whom_redmine_points_at(
    server: ImitatedRedmine, imitated: Entrance
) -> None:
    async with imitated_redmine() as other:
        server.answers[EVERYTHING] = says(302, Location=f"{other.url}{ME}")
        with pytest.raises(BadResponse):
            await imitated.sign_in("anna", PASSWORD)
        assert other.requests == []


async def test_an_e_mail_signs_in_on_a_real_redmine(
    redmine: Redmine, administrator: Administrator, directory: Entrance, database: Database
) -> None:
    number, login = administrator.new_user()
    for typed in (f"{login}@example.test", f" {login.upper()}@Example.test "):
        person = await directory.sign_in(typed, PASSWORD)
        assert person is not None and (person.redmine_id, person.login) == (number, login)
    for typed, password in (
        (f"{login}@example.test", "wrong"),
        (f"{login}@example.tes", PASSWORD),
        (f"{login[1:]}@example.test", PASSWORD),
        (f"{login[:-1]}_@example.test", PASSWORD),
        ("%@example.test", PASSWORD),
        ("anna@example.test", PASSWORD),
    ):
        assert await directory.sign_in(typed, password) is None, typed
    assert bound(database) == [(number, login)]


ANNA = {"id": 5, "login": "anna", "mail": "anna@example.test"}
BY_PART = {"id": 6, "login": "anna2", "mail": "xanna@example.test"}
BY_NAME = {"id": 7, "login": "other", "firstname": "anna@example.test", "mail": "other@example.test"}
LIKE_A_LOGIN = {"id": 8, "login": "anna@example.test", "mail": "somebody@example.test"}
PEOPLE: dict[str, tuple[list[Any], str]] = {
    "an e-mail among others that hold it": ([BY_PART, BY_NAME, ANNA], "anna"),
    "in another case": ([ANNA | {"mail": "ANNA@example.test"}], "anna"),
    "a login first": ([ANNA, LIKE_A_LOGIN], "anna@example.test"),
    "nobody": ([], "anna@example.test"),
    "only parts of it": ([BY_PART, BY_NAME], "anna@example.test"),
    "two people": ([ANNA, ANNA | {"id": 9, "login": "boris"}], "anna@example.test"),
    "no login": ([ANNA | {"login": None}], "anna@example.test"),
    "a login that Basic would shift": ([ANNA | {"login": "an:na"}], "anna@example.test"),
    "no people": ([None, "anna", {}], "anna@example.test"),
}


def tried(server: ImitatedRedmine) -> list[str]:
    """The logins whose passwords Redmine was asked for."""
    basic = [request.headers["authorization"].partition(" ")[2] for request in server.requests if request.path == ME]
    return [b64decode(each).decode().partition(":")[0] for each in basic]


@pytest.mark.parametrize("case", PEOPLE)
async def test_one_login_is_tried_for_an_e_mail_whether_anybody_has_it_or_not(
    server: ImitatedRedmine, imitated: Entrance, case: str
) -> None:
    people_like, login = PEOPLE[case]
    server.answers["/users.json"], server.answers[ME] = imitation.tells({"users": people_like}), says(401)
    assert await imitated.sign_in("anna@example.test", PASSWORD) is None
    assert tried(server) == [login] and server.count("GET", "/users.json") == 1
    (asked,) = [request for request in server.requests if request.path == "/users.json"]
    assert asked.headers["x-redmine-api-key"] == KEY and "name=anna%40example.test" in asked.target


async def test_an_e_mail_at_the_end_of_many_others_is_found(server: ImitatedRedmine, imitated: Entrance) -> None:
    async def pages(writer: asyncio.StreamWriter, request: imitation.Request) -> None:
        first = "offset=0" in request.target
        await imitation.tells({"users": [BY_PART] * 100 if first else [ANNA]})(writer, request)

    server.answers["/users.json"], server.answers[ME] = pages, says(401)
    assert await imitated.sign_in("anna@example.test", PASSWORD) is None
    assert tried(server) == ["anna"] and server.count("GET", "/users.json") == 2


@pytest.mark.parametrize("answer", [says(401), says(403), says(404)], ids=["a wrong key", "no administrator's", "old"])
async def test_without_an_administrators_key_an_e_mail_is_a_plain_refusal(
    server: ImitatedRedmine, imitated: Entrance, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    server.answers["/users.json"], server.answers[ME] = answer, says(401)
    assert await imitated.sign_in("anna@example.test", PASSWORD) is None
    assert tried(server) == ["anna@example.test"]
    assert "may not list users" in caplog.text and "anna@" not in caplog.text and KEY not in caplog.text


async def test_somebody_else_is_not_signed_in_for_the_login_that_was_found(
    server: ImitatedRedmine, imitated: Entrance
) -> None:
    server.answers["/users.json"] = imitation.tells({"users": [ANNA]})
    server.answers[ME] = imitation.tells({"user": {"id": 9, "login": "anna@example.test"}})
    assert await imitated.sign_in("anna@example.test", PASSWORD) is None


async def test_a_password_is_not_checked_when_its_login_was_tried_too_often(
    server: ImitatedRedmine, imitated: Entrance
) -> None:
    told = []

    async def refuse(login: str, password: str) -> str:
        told.append(login)
        raise TooManyAttempts(5)

    server.answers["/users.json"] = imitation.tells({"users": [ANNA]})
    with pytest.raises(TooManyAttempts):
        await imitated.sign_in("anna@example.test", PASSWORD, refuse)
    assert told == ["anna"] and tried(server) == []
