"""Old addresses still lead somewhere."""

import pytest

from tests.web.conftest import HTML, Visit
from tests.world import PASSWORDS, PEOPLE_IDS, EmbeddedWorld


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/my-tasks", "/tasks/my-tasks"),
        ("/my-tasks?status_id=2", "/tasks/my-tasks?status_id=2"),
        ("/my-tasks/7", "/tasks/7"),
        ("/tasks/my-tasks/7", "/tasks/7"),
        ("/my-issues", "/tasks/my-tasks?author_id=me"),
        ("/my-issues/7", "/tasks/7"),
        ("/login?next=/tasks/7", "/users/login?next=/tasks/7"),
        ("/logout", "/users/logout"),
    ],
)
def test_a_bookmark_leads_to_todays_address(visit: Visit, old: str, new: str) -> None:
    answer = visit().get(old, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (301, new)


def test_a_form_of_an_old_program_is_sent_on_as_it_is(visit: Visit) -> None:
    client = visit()
    answer = client.post("/login", data={"username": "anna", "password": PASSWORDS["anna"]})
    assert (answer.status_code, answer.headers["location"]) == (308, "/users/login")


def test_somebodys_tasks_are_for_that_person_and_administrators(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task("Анне")
    address = f"/api/user/{PEOPLE_IDS['anna']}/tasks"
    for login, status in (("anna", 200), ("admin", 200), ("boris", 403), ("stranger", 403)):
        answer = visit(login).get(address)
        assert answer.status_code == status
        assert status != 200 or [row["subject"] for row in answer.json()["tasks"]] == ["Анне"]


def test_nobody_has_a_number_that_long(visit: Visit) -> None:
    assert visit("admin").get(f"/api/user/{'9' * 30}/tasks").status_code == 404
