"""The table of addresses: old ones lead on, and some wait for a system to come."""

import pytest

from helpdesk.web.routes import ROUTES
from tests.web.conftest import HTML, Visit
from tests.world import PASSWORDS, PEOPLE_IDS, EmbeddedWorld

PLACES = {"board", "files", "lists", "mail", "neighbours", "tasks"}


def test_route_names_handlers_and_addresses_agree() -> None:
    for route in ROUTES:
        subject, _, verb = route.name.partition(":")
        if subject == "tasks":
            assert route.endpoint.__name__ == verb and route.endpoint.__module__.split(".")[2] in PLACES


# Addresses that need an outside system which is not set


def test_only_administrators_learn_of_the_erp(visit: Visit) -> None:
    told = {login: visit(login).get("/api/erp/user/ivanov").json() for login in ("admin", "anna")}
    assert (told["admin"]["error"], told["anna"]["error"]) == ("not_configured", "not_allowed")


def test_mail_is_refused_only_to_who_sees_its_task(visit: Visit, embedded: EmbeddedWorld) -> None:
    address, body = f"/tasks/api/task/{embedded.new_task()}/send-email", {"recipient": "a@b.test", "message": "x"}
    told = {login: visit(login).post(address, json=body).json() for login in ("anna", "stranger")}
    assert (told["anna"]["error"], told["stranger"]["error"]) == ("not_configured", "not_found")


def test_a_browser_gets_a_page_that_says_not_connected(visit: Visit, caplog: pytest.LogCaptureFixture) -> None:
    answer = visit("admin").get("/api/erp/user/ivanov", headers=HTML)
    assert answer.status_code == 501
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


# Old addresses still lead somewhere


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/my-tasks", "/tasks/my-tasks"),
        ("/my-tasks?status_id=2", "/tasks/my-tasks?status_id=2"),
        ("/my-tasks/7", "/tasks/7"),
        ("/tasks/my-tasks/7", "/tasks/7"),
        ("/my-issues", "/requests"),
        ("/my-issues/new", "/requests/new"),
        ("/my-issues/7", "/requests/7"),
        ("/login?next=/tasks/7", "/users/login?next=/tasks/7"),
        ("/logout", "/users/logout"),
        ("/network-monitor", "/netmonitor"),
    ],
)
def test_a_bookmark_leads_to_todays_address(visit: Visit, old: str, new: str) -> None:
    answer = visit().get(old, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (301, new)


def test_a_form_of_an_old_program_is_sent_on_as_it_is(visit: Visit) -> None:
    client = visit()
    answer = client.post("/login", data={"username": "anna", "password": PASSWORDS["anna"]})
    assert (answer.status_code, answer.headers["location"]) == (308, "/users/login")


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("/tasks/301/", "/tasks/301"),
        ("/tasks/301//", "/tasks/301"),
        ("/tasks/my-tasks/?status_id=2&search=%D1%91%20%26", "/tasks/my-tasks?status_id=2&search=%D1%91%20%26"),
        ("/users/login/?next=/tasks/7/", "/users/login?next=/tasks/7/"),
        ("/notifications/", "/notifications"),
        ("/my-tasks/", "/my-tasks"),
        ("/tasks/api/task/7/", "/tasks/api/task/7"),
        ("/drafts/a%3Fb%25%0D%0Ax/discard/", "/drafts/a%3Fb%25%0D%0Ax/discard"),
    ],
)
def test_a_slash_too_many_leads_to_the_address_without_it(visit: Visit, typed: str, address: str) -> None:
    """By its path alone, whatever host is named; who is asked for, is asked there."""
    client = visit()
    for method, status in (("GET", 301), ("HEAD", 301), ("PUT", 308), ("POST", 308), ("DELETE", 308)):
        for headers in (HTML, {}, {"Host": "evil.test"}):
            answer = client.request(method, typed, headers=headers, follow_redirects=False)
            assert (answer.status_code, answer.headers["location"]) == (status, address)
            assert answer.headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "//evil.test/",
        "///evil.test//",
        "/\\evil.test/",
        "/%2Fevil.test/",
        "/nowhere/",
        "//",
        "//tasks/7/",
        "/static/x/",
    ],
)
def test_a_slash_too_many_leads_nowhere_else(visit: Visit, path: str) -> None:
    answer = visit("anna").get(f"http://testserver{path}", headers=HTML)
    assert answer.status_code == 404 and "location" not in answer.headers


def test_a_program_that_follows_gets_what_it_sent_done(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, client = embedded.new_task(), visit("anna")
    assert client.get(f"/tasks/api/task/{number}/", follow_redirects=True).json()["id"] == number
    answer = client.post(f"/tasks/api/task/{number}/comments/", json={"comment": "Готово"}, follow_redirects=True)
    assert (answer.status_code, answer.json()["comment"]["notes"]) == (201, "Готово")


def test_somebodys_tasks_are_for_that_person_and_administrators(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task("Анне")
    address = f"/api/user/{PEOPLE_IDS['anna']}/tasks"
    for login, status in (("anna", 200), ("admin", 200), ("boris", 403), ("stranger", 403)):
        answer = visit(login).get(address)
        assert answer.status_code == status
        assert status != 200 or [row["subject"] for row in answer.json()["tasks"]] == ["Анне"]


def test_nobody_has_a_number_that_long(visit: Visit) -> None:
    assert visit("admin").get(f"/api/user/{'9' * 30}/tasks").status_code == 404
