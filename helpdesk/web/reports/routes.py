"""List the addresses of reports, each with its guard."""

from starlette.routing import BaseRoute, Route

from helpdesk.web.reports import found, index, saved, stale, times, workload
from helpdesk.web.reports.access import reporter
from helpdesk.web.reports.exports import export
from helpdesk.web.reports.promises import index as promises
from helpdesk.web.reports.promises import tasks as promise_tasks

FORM, POST = ["GET", "POST"], ["POST"]

ROUTES: list[BaseRoute] = [
    Route("/reports", reporter(index.index), name="reports:index"),
    Route("/reports/export.xlsx", reporter(export.xlsx), name="reports:export_xlsx"),
    Route("/reports/export.csv", reporter(export.csv), name="reports:export_csv"),
    Route("/reports/saved", reporter(saved.index), name="reports:saved", methods=FORM),
    Route("/reports/saved/{report_id:int}", reporter(saved.show), name="reports:saved_one", methods=FORM),
    Route("/reports/saved/{report_id:int}/delete", reporter(saved.remove), name="reports:saved_remove", methods=POST),
    Route("/reports/tasks", reporter(found.found), name="reports:tasks"),
    Route("/reports/times", reporter(times.times), name="reports:times"),
    Route("/reports/promises", reporter(promises.index), name="reports:promises"),
    Route("/reports/promises/tasks", reporter(promise_tasks.tasks), name="reports:promise_tasks"),
    Route("/reports/stale", reporter(stale.stale), name="reports:stale"),
    Route("/reports/workload", reporter(workload.workload), name="reports:workload"),
]
