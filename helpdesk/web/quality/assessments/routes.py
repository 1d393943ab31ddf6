"""List the addresses of assessments, each with its guard."""

from starlette.routing import BaseRoute, Route

from helpdesk.web.core.guards import signed_in
from helpdesk.web.quality.access import administered, controller, controller_form
from helpdesk.web.quality.assessments import assess, export, forms, index, sample, show

FORM, POST = ["GET", "POST"], ["POST"]
ROOM = "/quality-control"
ONE = ROOM + "/assessments/{assessment_id:int}"

# fmt: off
ROUTES: list[BaseRoute] = [
    Route(ROOM + "/forms", administered(forms.index), name="quality:forms", methods=FORM),
    Route(ROOM + "/forms/{form_id:int}", administered(forms.edit), name="quality:form", methods=FORM),
    Route(ROOM + "/assess/main/{task_id:int}", controller(assess.of_source("main")), name="assessments:main",
          methods=FORM),
    Route(ROOM + "/assess/quality/{task_id:int}", controller(assess.of_source("quality")), name="assessments:quality",
          methods=FORM),
    Route(ROOM + "/assessments.xlsx", controller(export.xlsx), name="quality:assessments_xlsx"),
    Route(ROOM + "/assessments.csv",  controller(export.csv), name="quality:assessments_csv"),
    Route(ROOM + "/assessments", controller(index.index), name="quality:assessments"),
    Route(ONE,                   signed_in(show.show),    name="quality:assessment"),
    Route(ONE + "/withdraw",     controller_form(show.withdraw), name="quality:withdraw", methods=POST),
    Route(ROOM + "/sample",      controller_form(sample.sample), name="quality:sample", methods=FORM),
    Route(ROOM + "/sample/give-back", controller_form(sample.give_back), name="quality:give_back",
          methods=POST),
    Route(ROOM + "/mine",        signed_in(show.mine),    name="quality:mine"),
]
# fmt: on
