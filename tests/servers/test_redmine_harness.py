"""Our real Redmine (Debian's package, MariaDB) is the company that the other tests rely on."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pymysql  # type: ignore[import-untyped]  # ships no types
import pytest

from tests.servers.mariadb import MySQLAccess
from tests.servers.redmine import Redmine


def ask(redmine: Redmine, path: str, key: str, **headers: str) -> httpx.Response:
    with httpx.Client(base_url=redmine.url, trust_env=False, timeout=30) as client:
        return client.get(path, headers={"X-Redmine-API-Key": key, **headers})


def ask_as(redmine: Redmine, login: str, path: str) -> Any:
    response = ask(redmine, path, redmine.admin_key, **{"X-Redmine-Switch-User": login})
    assert response.status_code == 200, response.text
    return response.json()


def query(access: MySQLAccess, sql: str) -> Any:
    with (
        pymysql.connect(
            host=access.host,
            port=access.port,
            user=access.user,
            password=access.password,
            database=access.database,
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
        return cursor.fetchall()


def status_names(redmine: Redmine, login: str, subject: str) -> set[str]:
    path = f"/issues/{redmine.issues[subject]}.json?include=allowed_statuses"
    return {status["name"] for status in ask_as(redmine, login, path)["issue"]["allowed_statuses"]}


def test_an_administrators_key_reads_every_seeded_issue(redmine: Redmine) -> None:
    found = ask(redmine, "/issues.json?status_id=*&limit=100&sort=id", redmine.admin_key).json()["issues"]

    seeded = {subject: number for subject, number in redmine.issues.items() if number <= 30}
    assert {issue["subject"]: issue["id"] for issue in found if issue["id"] <= 30} == seeded
    assert {issue["project"]["name"] for issue in found} == {
        "Служба поддержки",
        "Офис",
        "Склад",
        "Доска объявлений",
    }


def test_an_administrator_switched_to_irina_sees_only_what_irina_wrote(redmine: Redmine) -> None:
    issues = ask_as(redmine, "irina", "/issues.json?status_id=*&limit=100")["issues"]

    assert len(issues) >= 7
    assert {issue["author"]["id"] for issue in issues} == {redmine.user_ids["irina"]}


def test_a_stranger_sees_no_issue_in_the_public_project_either(redmine: Redmine) -> None:
    as_stranger = {"X-Redmine-Switch-User": "stranger"}
    public = redmine.issues["Правила пользования доской"]

    # Redmine says 403 and not "none" to a person who may see issues nowhere.
    assert ask(redmine, "/issues.json?status_id=*", redmine.api_keys["stranger"]).status_code == 403
    for path in ("/issues.json?status_id=*", f"/issues/{public}.json"):
        assert ask(redmine, path, redmine.admin_key, **as_stranger).status_code == 403
    projects = ask_as(redmine, "stranger", "/projects.json")["projects"]
    assert [project["identifier"] for project in projects] == ["public-board"]


def test_the_switch_header_of_a_plain_key_is_ignored(redmine: Redmine) -> None:
    response = ask(redmine, "/users/current.json", redmine.plain_key, **{"X-Redmine-Switch-User": "irina"})

    assert response.json()["user"]["login"] == "boris"


def test_a_locked_person_is_refused_with_a_key_and_as_a_switch_target(redmine: Redmine) -> None:
    by_key = ask(redmine, "/users/current.json", redmine.api_keys["locked"])
    switched = ask(redmine, "/users/current.json", redmine.admin_key, **{"X-Redmine-Switch-User": "locked"})

    assert (by_key.status_code, switched.status_code) == (401, 412)


@pytest.mark.parametrize("login", ["admin", "anna", "boris", "irina", "stranger"])
def test_a_password_signs_in_without_being_changed_first(redmine: Redmine, login: str) -> None:
    with httpx.Client(base_url=redmine.url, trust_env=False, timeout=30) as client:
        user = client.get("/users/current.json", auth=(login, redmine.passwords[login])).json()["user"]

    assert (user["id"], user["api_key"]) == (redmine.user_ids[login], redmine.api_keys[login])


def test_support_moves_issues_only_along_the_workflow(redmine: Redmine) -> None:
    new, closed = "Сканер сохраняет пустые страницы", "Перенести архив на новый сервер"

    assert status_names(redmine, "anna", new) == {"Новая", "В работе", "Отклонена"}
    assert status_names(redmine, "anna", closed) == {"Закрыта", "В работе"}


def test_a_private_note_is_shown_to_support_and_not_to_the_author_of_the_issue(redmine: Redmine) -> None:
    path = f"/issues/{redmine.issues['Не включается монитор в кабинете 214']}.json?include=journals"

    def private(login: str) -> list[str]:
        journals = ask_as(redmine, login, path)["issue"]["journals"]
        return [journal["notes"] for journal in journals if journal["private_notes"]]

    assert private("boris") == ["Монитор списан, ждём решения бухгалтерии."]
    assert private("irina") == []


def test_the_reading_database_account_reads_issues_but_neither_writes_nor_sees_api_keys(
    redmine: Redmine,
) -> None:
    assert query(redmine.mysql, "SELECT COUNT(*) FROM issues WHERE id <= 30") == ((30,),)
    for forbidden in ("SELECT value FROM tokens", "UPDATE issues SET subject = 'x'"):
        with pytest.raises(pymysql.err.OperationalError, match="denied"):
            query(redmine.mysql, forbidden)


def test_the_database_holds_local_time_where_rest_says_utc(redmine: Redmine) -> None:
    number = redmine.issues["Не включается монитор в кабинете 214"]
    issue = ask(redmine, f"/issues/{number}.json", redmine.admin_key).json()["issue"]
    ((stored,),) = query(redmine.mysql, f"SELECT created_on FROM issues WHERE id = {number}")
    ((noted,),) = query(redmine.mysql, f"SELECT MIN(created_on) FROM journals WHERE journalized_id = {number}")

    assert stored.replace(tzinfo=ZoneInfo(redmine.timezone)) == datetime.fromisoformat(issue["created_on"])
    assert (stored, noted) == (datetime(2026, 9, 1, 9, 0), datetime(2026, 9, 1, 9, 30))
    assert datetime.fromisoformat(issue["created_on"]) == datetime(2026, 9, 1, 6, 0, tzinfo=UTC)
