"""Saved views: a person's lists under names, one of which may be the start page."""

import re
from html import unescape

import pytest

from helpdesk.store import saved_views
from tests.web.conftest import HTML, Client, Visit
from tests.world import PRIORITY_IDS, STATUS_IDS, EmbeddedWorld

HOSTILE = "'\"><script>alert(1)</script> %s"
URGENT = f"/tasks?priority_id={PRIORITY_IDS['urgent']}"


def save(visit: Visit, login: str, name: str = "Срочные", address: str = URGENT) -> int:
    answer = visit(login).post("/views", json={"name": name, "address": address})
    assert answer.status_code == 201, answer.text
    number: int = answer.json()["view"]["id"]
    return number


def links(page: str) -> dict[str, str]:
    """The views that the navigation offers: addresses by name."""
    anchors = re.findall(
        r'<a href="([^"]+)"[^>]*><svg[^>]*><use href="[^"]+#bookmark"/></svg><span>([^<]+)</span>', page
    )
    return {unescape(name): unescape(address) for address, name in anchors}


def test_a_list_is_saved_from_its_own_form_as_it_stands(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task("Принтер", priority="urgent")
    anna, asked = visit("anna"), f"/tasks/my-tasks?priority_id={PRIORITY_IDS['urgent']}&sort=subject&order=desc&page=2"
    form = re.search(r'<form class="filter".*?</form>', anna.get(asked, headers=HTML).text, re.DOTALL)[0]
    assert 'name="of" value="/tasks/my-tasks" formaction="/views"' in form
    page = anna.get(asked.replace("/tasks/my-tasks?", "/views?of=/tasks/my-tasks&assigned_to_id=me&"), headers=HTML)
    address = unescape(re.search(r'name="address" value="([^"]+)"', page.text)[1])
    assert address == "/tasks/my-tasks?assigned_to_id=me&priority_id=4&sort=subject&order=desc"
    form = {"name": "  Срочные   мои ", "address": address, "idempotency_key": "k"}
    for _ in range(2):
        answer = anna.post("/views", data=form, headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, address)
    (only,) = anna.get("/views").json()["views"]
    assert (only["name"], only["address"], only["is_start"]) == ("Срочные мои", address, False)


def test_views_are_links_on_both_lists_and_the_current_one_is_marked(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task()
    save(visit, "anna", HOSTILE)
    save(visit, "anna", "Новые", f"/tasks/my-tasks?status_id={STATUS_IDS['new']}&page=7&nonsense=1")
    for address in ("/tasks", "/tasks/my-tasks"):
        page = visit("anna").get(address, headers=HTML).text
        assert links(page) == {HOSTILE: URGENT, "Новые": "/tasks/my-tasks?status_id=1"}
        assert "<script>alert" not in page
    present = visit("anna").get(URGENT, headers=HTML).text
    assert re.search(r'<a href="/tasks\?priority_id=4" aria-current="page">', present)
    assert links(visit("boris").get("/tasks", headers=HTML).text) == {}
    assert 'href="/views"' in visit("anna").get("/users/menu", headers=HTML).text


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://evil.example/tasks",
        "//evil.example/tasks",
        "/tasks/7",
        "/users/logout",
        "javascript:alert(1)",
        "/tasks?page=-1",
        "/tasks?sort=nonsense",
        "/tasks?status_id=x",
        "/tasks/my-tasks/../../users/logout",
        "\\\\evil.example/tasks",
        "http://[/tasks",
        f"/tasks?status_id={','.join(map(str, range(900)))}",
    ],
    ids=lambda address: address[:30],
)
def test_only_lists_of_ours_can_be_saved(anna: Client, address: str) -> None:
    assert anna.post("/views", json={"name": "x", "address": address}).status_code == 422
    assert anna.post("/views", data={"name": "x", "address": address}, headers=HTML).status_code == 422
    assert anna.get("/views").json()["views"] == []


def test_a_refused_name_is_shown_again_with_its_list(visit: Visit) -> None:
    save(visit, "anna")
    anna = visit("anna")
    for name, message in (("срочные", "this name already"), (" ", "fill this in"), ("x" * 61, "too long")):
        answer = anna.post("/views", data={"name": name, "address": URGENT}, headers=HTML)
        assert answer.status_code == 422 and message in answer.text
        assert f'value="{URGENT}"' in answer.text and f'value="{name}"' in answer.text
        assert 'aria-describedby="view-name-fault"' in answer.text
        assert "name" in anna.post("/views", json={"name": name, "address": URGENT}).json()["errors"]
    save(visit, "boris")


def test_a_view_is_renamed_and_deleted(visit: Visit) -> None:
    number, other = save(visit, "anna"), save(visit, "anna", "Другие", "/tasks")
    anna = visit("anna")
    form = {"name": HOSTILE, "idempotency_key": "k"}
    answer = anna.post(f"/views/{number}", data=form, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/views#view-{number}")
    page = anna.get("/views", headers=HTML).text
    assert "&lt;script&gt;" in page and "<script>alert" not in page
    refused = anna.post(f"/views/{number}", data={"name": "ДРУГИЕ"}, headers=HTML)
    assert refused.status_code == 422 and f'aria-describedby="view-{number}-fault"' in refused.text
    assert f'id="view-{number}-fault"' in refused.text and 'value="ДРУГИЕ"' in refused.text
    assert anna.get(f"/views/{number}").json()["view"]["name"] == HOSTILE
    assert anna.post(f"/views/{number}/delete", headers=HTML).headers["location"] == "/views"
    assert [view["id"] for view in anna.get("/views").json()["views"]] == [other]
    assert anna.post(f"/views/{other}/delete").json()["success"]


def test_a_view_redirects_to_its_list(visit: Visit) -> None:
    number = save(visit, "anna")
    answer = visit("anna").get(f"/views/{number}", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, URGENT)


def test_one_view_may_be_the_start_page(visit: Visit) -> None:
    first, second = save(visit, "anna"), save(visit, "anna", "Все", "/tasks")
    save(visit, "boris")
    anna = visit("anna")

    def begins() -> str:
        location: str = anna.get("/", headers=HTML).headers.get("location", "")
        return location

    for number, address in ((first, URGENT), (second, "/tasks")):
        anna.post(f"/views/{number}", data={"name": f"Имя {number}", "start": "1"}, headers=HTML)
        assert begins() == address == anna.get("/users/login", headers=HTML).headers["location"]
        starts = {view["id"]: view["is_start"] for view in anna.get("/views").json()["views"]}
        assert starts == {first: number == first, second: number == second}
    assert "your start page" in anna.get("/views", headers=HTML).text
    assert anna.post(f"/views/{second}", json={"start": False}).json()["view"]["is_start"] is False
    assert begins() == "" and visit("boris").get("/", headers=HTML).status_code == 200


def test_signing_in_opens_the_start_page_in_a_browser_and_own_tasks_for_programs(visit: Visit) -> None:
    number, who = save(visit, "anna"), {"username": "anna", "password": "demo-password-anna"}
    visit("anna").post(f"/views/{number}", json={"start": True})
    assert visit().post("/users/login", data=who, headers=HTML).headers["location"] == URGENT
    redirect = visit().post("/users/login", data=who | {"next": "/replies"}, headers=HTML)
    assert redirect.headers["location"] == "/replies"
    body = visit().post("/users/login", json=who).json()
    assert body["redirect"] == body["redirect_url"] == "/tasks/my-tasks"


def test_a_view_of_another_person_is_not_found(visit: Visit) -> None:
    number = save(visit, "anna")
    for login in ("boris", "admin"):
        client = visit(login)
        assert client.get("/views").json()["views"] == []
        for method, address in (("GET", ""), ("POST", ""), ("POST", "/delete")):
            answer = client.request(method, f"/views/{number}{address}", data={"name": "x", "start": "1"})
            assert answer.status_code == 404
    assert visit("anna").get(f"/views/{number}").json()["view"]["name"] == "Срочные"
    assert visit("anna").get("/views/99999999999").status_code == 404


def test_a_person_has_a_limited_number_of_views(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_views, "MOST_OF_PERSON", 1)
    save(visit, "anna")
    answer = visit("anna").post("/views", data={"name": "x", "address": "/tasks"}, headers=HTML)
    assert answer.status_code == 422 and "delete one first" in answer.text
    save(visit, "boris")
