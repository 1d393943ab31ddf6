"""What happened that concerns one, as a page and for programs."""

import re
from collections.abc import Callable
from itertools import count

import pytest
from starlette.requests import Request

from helpdesk.services import Services
from helpdesk.store import rights
from helpdesk.web.notifications import views as notification_views
from helpdesk.web.notifications.views import NotificationPage, NotificationQuery
from tests import telling
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.world import PEOPLE_IDS, EmbeddedWorld

STATUS = {"type": "status_change", "kind": "status"}
HOSTILE = "<script>alert(1)</script>"


Tell = Callable[..., int]


@pytest.fixture
def tell(services: Services) -> Tell:
    """`tell("anna", 7)` keeps another notification of task 7 for her; its number."""
    numbers = count(1)
    return lambda login, task, **changed: telling.tell(
        services.database, login, task, f"entry.{next(numbers)}", **changed
    )


def test_a_program_gets_the_union_of_both_shapes(visit: Visit, embedded: EmbeddedWorld, tell: Tell) -> None:
    task = embedded.new_task("Стул")
    first = tell("anna", task)
    second = tell("anna", task, **STATUS, old="Новая", new="В работе", excerpt="")
    tell("boris", task)
    answer = visit("anna").get("/tasks/api/notifications").json()
    assert answer["success"] and answer["total_count"] == answer["unread_count"] == 2
    assert answer["notifications"] == answer["data"]["notifications"]
    assert answer["pagination"] == {"page": 1, "per_page": 50, "total": 2, "pages": 1}
    newest, oldest = answer["notifications"]
    assert (newest["id"], oldest["id"]) == (second, first)
    assert newest == {
        "id": second,
        "type": "status_change",
        "title": f"The status of #{task} is now В работе",
        "message": "Стул · Status: Новая → В работе",
        "issue_id": task,
        "old_status": "Новая",
        "new_status": "В работе",
        "old_subj": "Стул",
        "date_created": "2026-11-20T09:30:00Z",
        "created_at": "2026-11-20T09:30:00Z",
        "is_read": False,
        "data": {
            "old_status": "Новая",
            "new_status": "В работе",
            "task_subject": "Стул",
            "url": f"/notifications/{second}",
        },  # fmt: skip
    }
    assert (oldest["title"], oldest["message"]) == (f"Борис commented on #{task}", "Стул · готово")


def test_notifications_are_filtered_and_paged(visit: Visit, embedded: EmbeddedWorld, tell: Tell) -> None:
    task = embedded.new_task()
    numbers = [tell("anna", task) for _ in range(3)]
    status = tell("anna", task, **STATUS, new="В работе")
    anna = visit("anna")

    def listed(query: str) -> list[int]:
        return [it["id"] for it in anna.get(f"/tasks/api/notifications?{query}").json()["notifications"]]

    assert listed("type=status_change") == [status]
    assert listed("limit=2&offset=1") == [numbers[2], numbers[1]]
    assert listed("page=2&per_page=3") == [numbers[0]]
    anna.put(f"/tasks/api/notifications/{status}/read")
    assert listed("unread_only=1") == numbers[::-1]
    for wrong in ("type=nonsense", "limit=0", "page=x", "offset=-1"):
        assert anna.get(f"/tasks/api/notifications?{wrong}").status_code == 422


def test_reading_lowers_the_count_and_other_peoples_are_not_found(
    visit: Visit, embedded: EmbeddedWorld, tell: Tell
) -> None:
    task = embedded.new_task()
    mine, also_mine, other = tell("anna", task), tell("anna", task), tell("boris", task)
    anna = visit("anna")
    for _ in range(2):
        assert anna.put(f"/tasks/api/notifications/{mine}/read").json()["unread_count"] == 1
    for missing in (other, 999_999, 2**40):
        assert anna.put(f"/tasks/api/notifications/{missing}/read").status_code == 404
    assert anna.put("/tasks/api/notifications/read-all").json()["unread_count"] == 0
    items = anna.get("/tasks/api/notifications").json()["notifications"]
    assert {it["id"]: it["is_read"] for it in items} == {mine: True, also_mine: True}
    assert visit("boris").get("/tasks/api/notifications").json()["unread_count"] == 1


def test_an_address_for_programs_answers_json_to_htmx_too(visit: Visit, embedded: EmbeddedWorld, tell: Tell) -> None:
    anna, mine = visit("anna"), tell("anna", embedded.new_task())
    for address in (f"{mine}/read", "read-all"):
        assert anna.put(f"/tasks/api/notifications/{address}", headers=HTMX).json()["unread_count"] == 0


def test_the_page_shows_notifications_and_marks_them_without_scripts(
    visit: Visit, embedded: EmbeddedWorld, tell: Tell
) -> None:
    task = embedded.new_task("Стул")
    tell("anna", task)
    tell("anna", task, subject=HOSTILE, author=HOSTILE, excerpt=HOSTILE)
    anna = visit("anna")
    page = anna.get("/notifications", headers=HTML).text
    assert page.count('class="unread"') == 2 and "2 unread" in page and "<script>alert" not in page
    assert re.search(r"<b data-unread>2</b>", page)
    answer = anna.post("/notifications/read", headers=HTML)
    assert answer.status_code == 303
    page = anna.get(answer.headers["location"], headers=HTML).text
    assert "0 unread" in page and "data-unread></b>" in page
    at = re.search(r'name="at" value="([^"]+)"', page)[1]
    assert anna.post("/notifications/undo", data={"at": at}, headers=HTML).status_code == 303
    assert "2 unread" in anna.get("/notifications", headers=HTML).text
    for wrong in ("", "x", "1e99", "nan"):
        assert anna.post("/notifications/undo", data={"at": wrong}, headers=HTML).status_code == 422


BELL = '<hx-partial hx-target="[data-unread]" hx-swap="textContent">%s</hx-partial>'


def test_the_answer_to_reading_updates_the_counts_of_widget_and_page(
    visit: Visit, embedded: EmbeddedWorld, tell: Tell
) -> None:
    task, anna = embedded.new_task(), visit("anna")
    first, second, _ = (tell("anna", task) for _ in range(3))
    on_page = HTMX | {"HX-Current-URL": "http://testserver/notifications?unread_only=1"}
    answer = anna.post(f"/notifications/{first}/read", headers=on_page).text
    assert BELL % 2 in answer and 'id="how-many" data-count="2"' in answer and "2 unread" in answer
    elsewhere = anna.post(f"/notifications/{second}/read", headers=HTMX).text
    assert BELL % 1 in elsewhere and "how-many" not in elsewhere
    assert BELL % "" in anna.post("/notifications/read", headers=HTMX).text
    assert BELL % "" in anna.get("/notifications/widget", headers=HTMX).text


def test_bell_and_page_show_the_count_of_one_moment(
    visit: Visit, embedded: EmbeddedWorld, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when something comes while the page is made."""
    task, anna, find = embedded.new_task(), visit("anna"), notification_views.find

    async def late(request: Request, query: NotificationQuery) -> NotificationPage:
        tell("anna", task)
        return await find(request, query)

    tell("anna", task)
    monkeypatch.setattr(notification_views, "find", late)
    page = anna.get("/notifications", headers=HTML).text
    assert "data-unread>2</b>" in page and "2 unread" in page and 'data-count="2"' in page


def test_opening_a_notification_reads_all_of_its_task(visit: Visit, embedded: EmbeddedWorld, tell: Tell) -> None:
    task, other = embedded.new_task(), embedded.new_task()
    number, _, left = tell("anna", task), tell("anna", task), tell("anna", other)
    anna = visit("anna")
    answer = anna.get(f"/notifications/{number}", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/tasks/{task}")
    unread = anna.get("/tasks/api/notifications?unread_only=1").json()["notifications"]
    assert [it["id"] for it in unread] == [left]
    assert visit("boris").get(f"/notifications/{number}", headers=HTML).status_code == 404


@pytest.mark.parametrize(
    ("method", "headers", "reads"),
    [
        ("GET", {}, True),
        ("GET", {"Sec-Fetch-Site": "none", "Sec-Fetch-Dest": "document"}, True),
        ("GET", {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "document"}, True),
        ("GET", {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "empty"}, True),
        ("HEAD", {}, False),
        ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}, False),
        ("GET", {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Dest": "document"}, False),
        ("GET", {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "image"}, False),
        ("GET", {"Sec-Fetch-Site": "same-origin", "Sec-Purpose": "prefetch;prerender"}, False),
    ],
)
def test_only_a_person_who_opens_the_address_reads_it(
    visit: Visit, embedded: EmbeddedWorld, tell: Tell, method: str, headers: dict[str, str], reads: bool
) -> None:
    task, anna = embedded.new_task(), visit("anna")
    number = tell("anna", task)
    answer = anna.request(method, f"/notifications/{number}", headers=HTML | headers)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/tasks/{task}")
    assert anna.get("/tasks/api/notifications").json()["unread_count"] == (0 if reads else 1)


@pytest.mark.parametrize(
    ("headers", "reads"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "none", "Sec-Fetch-Dest": "document"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Sec-Purpose": "prefetch"}, False),
        ({"Purpose": "prefetch"}, False),
        ({"Accept": "application/json"}, False),
    ],
)
def test_opening_a_task_reads_its_notifications(
    visit: Visit, embedded: EmbeddedWorld, tell: Tell, headers: dict[str, str], reads: bool
) -> None:
    task, other, anna = embedded.new_task(), embedded.new_task(), visit("anna")
    for number in (task, task, other):
        tell("anna", number)
    page = anna.get(f"/tasks/{task}", headers=HTML | headers)
    assert page.status_code == 200 and (not reads or "data-unread>1</b>" in page.text)
    assert anna.get("/tasks/api/notifications").json()["unread_count"] == (1 if reads else 3)


def test_notifications_about_invisible_tasks_are_hidden(visit: Visit, embedded: EmbeddedWorld, tell: Tell) -> None:
    task = embedded.new_task("Стул")
    for private in (False, True):
        tell("stranger", task, subject="Стул", excerpt="тайна")
        tell("irina", task, excerpt="тайна", is_private=private)
    for login, seen in (("stranger", 0), ("irina", 1)):
        for address, headers in (("/notifications", HTML), ("/tasks/api/notifications", {"Accept-Language": "en"})):
            text = visit(login).get(address, headers=headers).text
            shown = text.count("тайна") // (1 if headers is HTML else 2)  # programs find the list twice
            assert shown == seen and "You do not see this task any more" in text
    assert "Стул" not in visit("stranger").get("/notifications", headers=HTML).text


def test_a_dropped_event_is_announced_without_the_tasks_content(
    visit: Visit, embedded: EmbeddedWorld, tell: Tell
) -> None:
    task = embedded.new_task("Стул")
    number = tell("admin", task, type="system", kind="put_aside", subject="", author="", excerpt="")
    page = visit("admin").get("/notifications", headers=HTML).text
    assert f"Nobody was notified of a change to #{task}" in page and "The log of the server says more." in page
    (item,) = (
        visit("admin")
        .get("/tasks/api/notifications?type=system", headers={"Accept-Language": "en"})
        .json()["notifications"]
    )
    assert (item["id"], item["issue_id"], item["type"], item["old_subj"]) == (number, task, "system", "")
    assert item["message"] == "It could not be processed. The log of the server says more."
    assert "Стул" not in page


def test_an_empty_page_explains_itself(visit: Visit) -> None:
    page = visit("anna").get("/notifications", headers=HTML).text
    assert "Nothing yet" in page and "0 unread" in page
    assert "You have read everything" in visit("anna").get("/notifications?unread_only=1", headers=HTML).text


def test_the_widget_shows_the_newest_and_answers_with_fragments(
    visit: Visit, embedded: EmbeddedWorld, tell: Tell
) -> None:
    task, other, anna = embedded.new_task("Стул"), embedded.new_task("Стол"), visit("anna")
    first, second, third = tell("anna", task), tell("anna", other), tell("anna", task)
    widget = anna.get("/notifications/widget", headers=HTMX).text
    assert re.findall(r'data-task="(\d+)"', widget) == [str(task), str(other)]
    assert "unread</p>" not in widget, "the bell says how many, which a script keeps true"
    assert 'data-count="3"' in widget and f'data-before="{first - 1}"' in widget
    item = anna.post(f"/notifications/{second}/read", headers=HTMX).text
    assert f'id="notification-{second}"' in item and 'class="unread"' not in item and "<form" not in item
    emptied = anna.post("/notifications/read", headers=HTMX).text
    assert 'data-count="0"' in emptied and (at := re.search(r'name="at" value="([\d.]+)"', emptied))
    assert 'data-count="2"' in anna.post("/notifications/undo", data={"at": at[1]}, headers=HTMX).text
    answer = anna.get("/notifications/widget", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/notifications")
    assert third > second


SYSTEM = {"type": "system", "kind": "system_down", "excerpt": "", "author": ""}


def test_opening_the_notification_of_one_system_leaves_those_of_others_unread(visit: Visit, tell: Tell) -> None:
    first, other = (tell("admin", 0, **SYSTEM, subject=name) for name in ("ldap", "redis"))
    admin = visit("admin")
    assert admin.get(f"/notifications/{first}", headers=HTML).headers["location"] == "/admin/systems"
    listed = {it["id"]: it["is_read"] for it in admin.get("/tasks/api/notifications").json()["notifications"]}
    assert listed == {first: True, other: False}


def test_who_is_no_administrator_any_more_reads_nothing_of_systems(
    visit: Visit, services: Services, tell: Tell
) -> None:
    tell("boris", 0, **SYSTEM, subject="ldap")
    services.database.run_here(lambda db: rights.grant(db, PEOPLE_IDS["boris"], "is_admin"), writes=True)
    boris = visit("boris")
    assert "LDAP" in boris.get("/notifications", headers=HTML).text
    services.database.run_here(lambda db: rights.revoke(db, PEOPLE_IDS["boris"], "is_admin", None), writes=True)
    page = boris.get("/notifications", headers=HTML).text
    assert "LDAP" not in page and "You are not an administrator any more" in page
    (told,) = boris.get("/tasks/api/notifications").json()["notifications"]
    assert (told["title"], told["old_subj"]) == ("You are not an administrator any more", "")


def test_people_who_switched_the_widget_off_get_none(anna: Client) -> None:
    assert anna.get("/notifications/widget", headers=HTMX).status_code == 200
    anna.put("/users/profile", json={"notifications_widget_enabled": False}).raise_for_status()
    answer = anna.get("/notifications/widget", headers=HTMX)
    assert (answer.status_code, answer.content) == (204, b"")
    assert anna.get("/notifications", headers=HTML).status_code == 200
