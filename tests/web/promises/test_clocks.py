"""The clocks of promises in lists, on boards and beside tasks, and lists by them. The backend is the embedded one."""

import asyncio
import csv
import re
from collections.abc import Collection

import pytest

from helpdesk.promises import service
from helpdesk.promises.service import Clocks
from helpdesk.services import Services
from helpdesk.tasks.model import Actor, TaskRow
from helpdesk.web.clocks import shown
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.web.dom import parsed
from tests.web.promises.conftest import Aged

ALL = "/tasks"
LEFT = re.compile(r"◔ 3 h (?:29|30) min left")

pytestmark = pytest.mark.usefixtures("promised")


def subjects(client: Client, query: str) -> list[str]:
    answer = client.get(f"{ALL}?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["pagination"]["total"] >= len(answer.json()["tasks"])
    return [it["subject"] for it in answer.json()["tasks"]]


def test_a_clock_stands_in_lists_on_the_board_and_beside_the_task(anna: Client, aged: Aged) -> None:
    number = aged(30.5)
    for address in (ALL, "/tasks/my-tasks", "/tasks/board", f"/tasks/{number}"):
        assert LEFT.search(parsed(anna.get(address, headers=HTML).text).text), address
    task = anna.get(f"/tasks/{number}", headers=HTML).text
    clock = '<span class="tag" title="Solution: by .*<time datetime="[-0-9T:]+Z">by '
    assert re.search(rf'<div class="task-clocks" id="clocks-{number}">.*{clock}', task, re.DOTALL)


def test_the_clock_stands_in_what_a_search_finds(anna: Client, aged: Aged) -> None:
    number = aged(30.5, "Картридж")
    for headers in (HTML, HTMX):
        assert LEFT.search(parsed(anna.get("/search?q=картридж", headers=headers).text).text)
    (found,) = anna.get("/search?q=картридж").json()["tasks"]
    assert found["id"] == number and found["promises"][0]["state"] == "running"


def test_who_asked_is_told_by_when_a_solution_is_promised(visit: Visit, admin: Client, aged: Aged) -> None:
    irina, number = visit("irina"), aged(30.5)
    words = re.compile(r"Promised: solution by [0-9.]{10} [0-9:]{5}( \(we are late\))?")
    address = f"/requests/{number}"
    (told,) = irina.get(address).json()["promises"]
    at = told["due_at"]
    assert told == {"kind": "solution", "due_at": at, "is_late": False}, "and nothing of working time"
    page = parsed(irina.get(address, headers=HTML).text)
    found = words.search(page.text)
    assert found and not found[1] and page.one(lambda it: it.get("datetime") == at)
    news = irina.get(f"{address}/changed?show=1", headers=HTMX).text
    assert words.search(parsed(news).text)
    late = words.search(parsed(irina.get(f"/requests/{aged(300)}", headers=HTML).text).text)
    assert late and late[1]
    closed, other = aged(300, status="closed"), aged(30, project="office")
    for without in (closed, other):
        answer = irina.get(f"/requests/{without}", headers=HTML)
        assert answer.status_code == 200 and "Promised" not in answer.text
        assert "promises" not in irina.get(f"/requests/{without}").json()
    assert visit("stranger").get(address).status_code == 404
    admin.post("/tasks/board/columns", json={"phase_1": "waiting"}).raise_for_status()
    admin.post("/admin/promises/1", json={"name": "Другое имя"}).raise_for_status()  # has all read again
    assert "Promised" not in irina.get(address, headers=HTML).text, "while it waits there is no such moment"


def test_what_does_not_show_the_state_of_a_request_reads_no_history(
    visit: Visit, services: Services, aged: Aged, monkeypatch: pytest.MonkeyPatch
) -> None:
    irina, number, read = visit("irina"), aged(30.5), list[object]()
    clocks = services.promises.clocks

    async def counted(who: Actor, rows: Collection[TaskRow]) -> Clocks:
        read.append(rows)
        return await clocks(who, rows)

    monkeypatch.setattr(services.promises, "clocks", counted)
    address = f"/requests/{number}"
    form = irina.get(address, headers=HTMX)
    refused = irina.post(address, data={"comment": ""}, headers=HTMX)
    assert (form.status_code, refused.status_code) == (200, 422) and 'name="comment"' in form.text and not read
    assert "Promised: " in irina.get(f"{address}/changed?show=1", headers=HTMX).text and read


def test_programs_get_the_clocks_of_promised_tasks_alone(anna: Client, aged: Aged) -> None:
    number, other = aged(30.5), aged(1, project="office")
    for told in (
        anna.get(f"/tasks/{number}").json(),
        next(it for it in anna.get(ALL).json()["tasks"] if it["id"] == number),
        next(
            it for column in anna.get("/tasks/board").json()["columns"] for it in column["tasks"] if it["id"] == number
        ),
    ):
        (clock,) = told["promises"]
        assert clock | {"due_at": ""} == {
            "kind": "solution", "state": "running", "limit_minutes": 240, "elapsed_minutes": 30, "due_at": ""
        }  # fmt: skip
    assert "promises" not in anna.get(f"/tasks/{other}").json()
    assert all("promises" not in it for it in anna.get(f"{ALL}?project_id=2").json()["tasks"])


@pytest.mark.parametrize(
    ("minutes", "text", "state"),
    [(200, "◕ 40 min left", "soon"), (361, "▲ 2 h 1 min over", "over")],
)
def test_a_clock_says_how_urgent_it_is(anna: Client, aged: Aged, minutes: float, text: str, state: str) -> None:
    number = aged(minutes + 0.01 if state == "soon" else minutes - 0.1)
    assert text in parsed(anna.get(f"/tasks/{number}", headers=HTML).text).text
    assert [it["state"] for it in anna.get(f"/tasks/{number}").json()["promises"]] == [state]


def test_a_waiting_status_pauses_and_closing_stops(anna: Client, admin: Client, aged: Aged) -> None:
    number = aged(59.9)
    status = anna.get(f"/tasks/{number}").json()["data"]["status_id"]
    admin.post("/tasks/board/columns", json={f"phase_{status}": "waiting"}).raise_for_status()
    admin.post("/admin/promises/1", json={"name": "Другое имя"}).raise_for_status()  # has all read again
    assert "‖ paused, 4 h left" in parsed(anna.get(f"/tasks/{number}", headers=HTML).text).text
    closed = aged(300, status="closed")
    assert "Solution✓ in time" in parsed(anna.get(f"/tasks/{closed}", headers=HTML).text).text


def test_a_task_that_waits_too_late_is_found_as_both(anna: Client, admin: Client, aged: Aged) -> None:
    number = aged(300, "late")
    anna.post(f"/tasks/{number}/fields", json={"status_id": 2}).raise_for_status()
    admin.post("/tasks/board/columns", json={"phase_2": "waiting"}).raise_for_status()
    admin.post("/admin/promises/1", json={"name": "Другое имя"}).raise_for_status()  # has all read again
    assert subjects(anna, "promise=paused") == subjects(anna, "promise=over") == ["late"]
    assert subjects(anna, "promise=running") == []
    (clock,) = anna.get(f"/tasks/{number}").json()["promises"]
    assert clock["state"] == "over" and clock["due_at"]


def test_many_hours_are_said_to_be_working_ones(anna: Client, admin: Client, aged: Aged) -> None:
    number = aged(90)
    admin.post("/admin/promises/1", json={"solution": "20:00"}).raise_for_status()
    assert "◔ 18 working h left" in parsed(anna.get(f"/tasks/{number}", headers=HTML).text).text
    late = aged(60.5 * 60)
    assert (
        '<span class="rank-3"><span aria-hidden="true">▲</span> 40 working h over'
        in anna.get(f"/tasks/{late}", headers=HTML).text
    )


def test_more_minutes_than_promised_have_passed_when_it_is_over(anna: Client, aged: Aged) -> None:
    number = aged(240.2)
    (clock,) = anna.get(f"/tasks/{number}").json()["promises"]
    assert (clock["state"], clock["elapsed_minutes"], clock["limit_minutes"]) == ("over", 241, 240)


def test_pages_do_not_wait_for_slow_histories(
    anna: Client, services: Services, aged: Aged, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = aged(300)
    cancelled = []

    async def never(*_: object) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(True)

    monkeypatch.setattr(shown, "WAIT_SECONDS", 0.05)
    monkeypatch.setattr(services.promises.source, "lives", never)
    for count, address in enumerate((ALL, "/tasks/board", f"/tasks/{number}"), 1):
        page = anna.get(address, headers=HTML)
        assert page.status_code == 200 and "▲" not in page.text and "Принтер" in page.text
        assert len(cancelled) == count
    assert "promises" not in anna.get(f"/tasks/{number}").json()


def test_a_change_of_a_task_brings_its_clock(anna: Client, aged: Aged) -> None:
    number = aged(30.5)
    version = anna.get(f"/tasks/{number}").json()["lock_version"]
    answer = anna.post(f"/tasks/{number}/fields", data={"priority_id": 3, "lock_version": version}, headers=HTMX)
    assert f'hx-target="#clocks-{number}"' in answer.text and LEFT.search(parsed(answer.text).text)


def test_lists_are_filtered_by_promises(anna: Client, aged: Aged) -> None:
    aged(300, "over"), aged(200, "soon"), aged(10, "running"), aged(10, "none", project="office")
    aged(300, "closed", status="closed")
    assert subjects(anna, "promise=over") == ["over"]
    assert subjects(anna, "promise=soon") == ["soon"]
    assert set(subjects(anna, "promise=running")) == {"soon", "running"}
    assert set(subjects(anna, "promise=any")) == {"over", "soon", "running"}
    assert subjects(anna, "promise=paused") == []
    assert subjects(anna, "promise=any&search=soon") == ["soon"]


def test_lists_are_sorted_by_the_time_that_is_left(anna: Client, aged: Aged) -> None:
    ages = {f"n{minutes}": minutes for minutes in (10, 300, 200, 100, 50)}
    for subject, minutes in ages.items():
        aged(minutes, subject)
    aged(10, "none", project="office")
    urgent = sorted(ages, key=lambda it: -ages[it])
    assert subjects(anna, "sort=promise") == urgent
    assert subjects(anna, "sort=promise&order=desc") == urgent[::-1]
    assert subjects(anna, "sort=promise&per_page=2&page=2") == urgent[2:4]
    assert subjects(anna, "sort=promise&promise=running") == urgent[1:]
    assert anna.get(f"{ALL}?sort=promise&per_page=2").json()["pagination"] == {
        "page": 1, "per_page": 2, "total": 5, "pages": 3
    }  # fmt: skip
    rows = list(csv.reader(anna.get("/tasks/export.csv?sort=promise").text.splitlines(), delimiter=";"))
    assert [row[1] for row in rows[1:]] == urgent


def test_a_list_tells_its_filter_and_its_order(anna: Client, aged: Aged) -> None:
    aged(300, "over")
    page = anna.get(f"{ALL}?sort=promise&promise=over&filter=1", headers=HTML).text
    assert "Promise: time is over" in parsed(page).text and "sorted by: time left" in parsed(page).text
    assert '<option value="over" selected>' in page and '<option value="promise" selected>' in page
    board = anna.get("/tasks/board?promise=over&assigned_to_id=any&sort=promise", headers=HTML)
    assert "Promise: time is over" in parsed(board.text).text and "over</a>" in board.text


def test_statistics_and_neighbours_follow_the_filter(anna: Client, aged: Aged) -> None:
    first, second = aged(300, "over"), aged(200, "soon")
    aged(10, "running")
    assert anna.get("/tasks/statistics?promise=soon").json()["statistics"]["total"] == 1
    page = anna.get(f"{ALL}?sort=promise", headers=HTML).text
    link = re.search(rf'href="(/tasks/{first}\?[^"]+)"', page)
    assert link
    there = anna.get(link[1].replace(f"/tasks/{first}?", f"/tasks/{first}/next?").replace("&amp;", "&"), headers=HTML)
    assert there.headers["location"].startswith(f"/tasks/{second}?")


def test_a_view_keeps_the_filter(anna: Client, aged: Aged) -> None:
    aged(300, "over")
    view = anna.post("/views", json={"name": "Просрочено", "address": f"{ALL}?promise=over"}).json()["view"]
    assert view["address"] == f"{ALL}?promise=over"


def test_who_may_not_see_a_task_sees_no_clock_of_it(visit: Visit, aged: Aged) -> None:
    aged(300, "over")
    assert subjects(visit("stranger"), "promise=any") == []


def test_too_many_promised_tasks_are_told(anna: Client, aged: Aged, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_RANKED", 1)
    aged(300, "first"), aged(200, "second")
    for query in ("promise=any", "sort=promise"):
        for address in (ALL, "/tasks/my-tasks", "/tasks/board", "/tasks/statistics"):
            asked = f"{address}?{query}"
            assert "some may be missing" in parsed(anna.get(asked, headers=HTML).text).text, asked
            assert anna.get(asked).json()["is_partial"] is True
    assert len(subjects(anna, "promise=any")) == 1
    assert "is_partial" not in anna.get(ALL).json()
    assert "some may be missing" not in parsed(anna.get("/tasks/board", headers=HTML).text).text


@pytest.mark.parametrize("query", ["promise=kept", "promise=", "sort=promised", "promise=any&promise=over"])
def test_odd_filters_are_refused_or_none(anna: Client, query: str) -> None:
    assert anna.get(f"{ALL}?{query}").status_code == (200 if query in ("promise=", "promise=any&promise=over") else 422)


def test_without_histories_there_are_no_clocks(visit: Visit, services: Services, aged: Aged) -> None:
    number = aged(300)
    services.promises.source = None
    anna = visit("anna")
    assert "promises" not in anna.get(f"/tasks/{number}").json()
    assert anna.get(f"{ALL}?promise=over").status_code == 501
