"""The numbers of requests as administrators and their programs see them."""

import re

from tests.web.conftest import HTML, Visit
from tests.web.dom import parsed

ADDRESS = "/admin/metrics"
MY_TASKS = "GET /tasks/my-tasks"
NAMES = {"count", "total_time", "avg_time", "max_time", "min_time", "p95_time"}


def test_requests_are_counted_by_route_and_shown_with_what_takes_most_first(visit: Visit) -> None:
    admin = visit("admin")
    for _ in range(3):
        admin.get("/tasks/my-tasks", headers=HTML)
    admin.get("/tasks/999999")
    admin.get("/nothing/such")
    told = admin.get(ADDRESS).json()
    metrics = told["metrics"]
    assert told["workers"] == 1 and metrics.keys() >= {MY_TASKS, "GET /tasks/{task_id}", "other"}
    assert not any("999999" in name or "nothing" in name for name in metrics)
    mine = metrics[MY_TASKS]
    assert mine.keys() == NAMES and mine["count"] == 3 and 0 < mine["min_time"] <= mine["p95_time"] <= mine["max_time"]
    assert abs(mine["avg_time"] * 3 - mine["total_time"]) < 1e-4
    totals = [each["total_time"] for each in metrics.values()]
    assert totals == sorted(totals, reverse=True)
    page = parsed(admin.get(ADDRESS, headers=HTML).text)
    rows = page.all(lambda it: it.tag == "tr")
    assert any(MY_TASKS in row.text and "ms" in row.text for row in rows)


def test_numbers_are_reset_by_the_button_and_by_programs(visit: Visit) -> None:
    admin = visit("admin")
    admin.get("/tasks/my-tasks")
    assert admin.delete(ADDRESS).json()["message"]
    assert MY_TASKS not in admin.get(ADDRESS).json()["metrics"]
    admin.get("/tasks/my-tasks")
    assert admin.post(ADDRESS, headers=HTML).headers["location"] == ADDRESS
    page = admin.get(ADDRESS, headers=HTML).text
    assert "The numbers were reset" in page and not re.search("my-tasks</", page)


def test_a_reset_is_recorded(visit: Visit) -> None:
    visit("admin").delete(ADDRESS).raise_for_status()
    assert "the numbers of requests were reset" in visit("admin").get("/admin/audit", headers=HTML).text


def test_others_neither_see_nor_reset_them(visit: Visit) -> None:
    anna, admin = visit("anna"), visit("admin")
    admin.get("/tasks/my-tasks")
    assert {anna.request(method, ADDRESS).status_code for method in ("GET", "POST", "DELETE")} == {403}
    assert admin.delete(ADDRESS, headers={"Origin": "https://evil.test"}).status_code == 403
    assert MY_TASKS in admin.get(ADDRESS).json()["metrics"]
