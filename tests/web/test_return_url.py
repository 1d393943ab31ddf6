"""From a task back to the list that one came from."""

import re
from html import unescape

import pytest
from starlette.testclient import TestClient

from tests.web.conftest import HTML, Client, Visit
from tests.world import EmbeddedWorld

LIST = "/tasks?assigned_to_id=3,me&search=%D1%91%3B%22&sort=subject&page=2"


def back(client: TestClient, number: int, current_url: str = "") -> str:
    headers = HTML | ({"Referer": f"http://testserver{current_url}"} if current_url else {})
    page = client.get(f"/tasks/{number}", headers=headers)
    return unescape(re.search(r'<a href="([^"]+)#:~:text=\d+">← Back to the list', page.text)[1])


def test_a_task_leads_back_to_the_very_list_also_after_other_pages(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, other, anna = embedded.new_task(), embedded.new_task(), visit("anna")
    assert back(anna, number) == "/tasks/my-tasks"
    assert back(anna, number, LIST) == LIST
    assert back(anna, other, f"/tasks/{number}") == LIST
    form = {"comment": "", "lock_version": "stale"}
    refused = anna.post(f"/tasks/{number}/comments", data=form, headers=HTML | {"Referer": f"/tasks/{number}"})
    assert refused.status_code == 422 and unescape(refused.text).count(LIST) == 1
    assert back(anna, number, "/tasks/my-tasks") == "/tasks/my-tasks" == back(anna, number)


def test_the_list_is_kept_in_a_cookie_only_when_it_is_another_one(anna: Client, number: int) -> None:

    def kept(current_url: str) -> str | None:
        headers = HTML | {"Referer": f"http://testserver{current_url}"}
        return anna.get(f"/tasks/{number}", headers=headers).headers.get("set-cookie")

    assert kept("/tasks/my-tasks") is None
    cookie = kept(LIST)
    assert cookie and all(word in cookie for word in ("HttpOnly", "SameSite=lax", "Path=/tasks;"))
    assert kept(LIST) is None and kept(f"/tasks/{number}") is None
    assert kept("/tasks/my-tasks") is not None


def test_the_list_is_forgotten_by_signing_out_and_is_nobody_elses(visit: Visit, embedded: EmbeddedWorld) -> None:
    number, anna, boris = embedded.new_task(), visit("anna"), visit("boris")
    assert back(anna, number, LIST) == LIST
    boris.cookies.set("list", anna.cookies["list"], path="/tasks")
    assert back(boris, number) == "/tasks/my-tasks"
    anna.post("/users/logout")
    assert "list" not in anna.cookies


def test_a_task_of_a_bulk_change_leads_back_to_the_list_that_was_changed(anna: Client, number: int) -> None:
    form = {"task_id": number, "comment": "Все", "next": LIST}
    page = anna.post("/tasks/bulk", data=form, headers=HTML)
    assert f'href="{LIST}">Back'.replace("&", "&amp;") in page.text
    assert back(anna, number, "/tasks/bulk") == LIST


@pytest.mark.parametrize(
    "referer",
    ["https://evil.example/", "https://evil.example/users/logout", "/tasks/7", "//evil.example/x", "http://[", "%00"]
    + ["/tasks/my-tasks-else", "/tasks?search=" + "x" * 2_000],
)
def test_nothing_but_a_list_of_ours_is_led_back_to(visit: Visit, embedded: EmbeddedWorld, referer: str) -> None:
    page = visit("anna").get(f"/tasks/{embedded.new_task()}", headers=HTML | {"Referer": referer})
    assert '<a href="/tasks/my-tasks#' in page.text and "set-cookie" not in page.headers
