"""One request for each JSON answer of reports, and for each way in which they refuse. The administrator asks."""

from typing import Any

from tests.contract.cases import Case, refused

DAYS = "since=2026-01-01&until=2026-02-28"


def reported(name: str, path: str, method: str = "GET", body: Any = None, **more: Any) -> Case:
    return Case(name, method, path, body, login="admin", **more)


SAVED_AT = "/reports/saved"
MINE = {"name": "Итог недели", "query": "group=executor&period=last-week"}
SAVED = (SAVED_AT, MINE)


REPORTS = [
    reported("report", f"/reports?{DAYS}&by=month&group=project"),
    reported("report_tasks", "/reports/tasks?period=12-months&measure=open&group=executor&cell=2"),
    reported("report_times", f"/reports/times?{DAYS}&group=executor"),
    reported("report_promises", f"/reports/promises?{DAYS}&group=executor"),
    reported("report_promise_tasks", f"/reports/promises/tasks?{DAYS}&kind=answer&outcome=missed"),
    reported("report_stale", "/reports/stale?days=30"),
    reported("report_workload", "/reports/workload?split=priority"),
    reported("reports_saved", SAVED_AT, before=SAVED),
    reported("report_save", SAVED_AT, "POST", MINE),
    reported("report_saved", f"{SAVED_AT}/1", before=SAVED),
    reported("report_change", f"{SAVED_AT}/1", "POST", {"shared": True, "mailing": "weekly"}, before=SAVED),
    reported("report_remove", f"{SAVED_AT}/1/delete", "POST", {}, before=SAVED),
]
REPORT_REFUSALS = [
    refused("403_reports_of_others", "GET", "/reports"),
    refused("422_report", "GET", "/reports?since=2026-03-01&until=2026-01-01&group=weather", login="admin"),
    refused("422_report_field_gone", "GET", "/reports?group=cf_999&cf_998=x", login="admin"),
    refused("422_report_columns", "GET", "/reports?since=1990-01-01&until=2026-01-01&by=day", login="admin"),
    refused("422_report_saved_twice", "POST", SAVED_AT, MINE, login="admin", before=SAVED),
    refused("422_report_promise_tasks", "GET", "/reports/promises/tasks?kind=all&outcome=lost", login="admin"),
    refused("422_report_stale", "GET", "/reports/stale?days=8", login="admin"),
]
