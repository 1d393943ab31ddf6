"""List the addresses of reports, each with its guard."""

from starlette.routing import BaseRoute, Route

from helpdesk.web.reports import found, index, stale, workload
from helpdesk.web.reports.access import reporter

ROUTES: list[BaseRoute] = [
    Route("/reports", reporter(index.index), name="reports:index"),
    Route("/reports/tasks", reporter(found.found), name="reports:tasks"),
    Route("/reports/stale", reporter(stale.stale), name="reports:stale"),
    Route("/reports/workload", reporter(workload.workload), name="reports:workload"),
]
