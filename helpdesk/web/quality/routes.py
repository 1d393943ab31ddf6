"""List the addresses of quality control, each with its guard."""

from starlette.routing import BaseRoute, Route

from helpdesk.web.quality import choices, comparison, export, found, index, watch
from helpdesk.web.quality.access import administered, controller, controller_form
from helpdesk.web.quality.assessments import routes as assessment_routes

# fmt: off
ROUTES: list[BaseRoute] = [
    Route("/quality-control",         controller(index.index), name="quality:index"),
    Route("/quality-control/tasks",   controller(found.found), name="quality:tasks"),
    Route("/quality-control/new",     controller(found.new), name="quality:new"),
    Route("/quality-control/export.xlsx", controller(export.export_xlsx), name="quality:export_xlsx"),
    Route("/quality-control/export.csv",  controller(export.export_csv), name="quality:export_csv"),
    Route("/quality-control/comparison", administered(comparison.comparison), name="quality:comparison"),
    Route("/quality-control/watch",   controller_form(watch.watch), name="quality:watch", methods=["POST"]),
    Route("/quality-control/choices", administered(choices.choices), name="quality:choices", methods=["GET", "POST"]),
    *assessment_routes.ROUTES,
]
# fmt: on
