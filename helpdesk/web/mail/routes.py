"""List the addresses of mail that people write, each with its guard."""

from starlette.routing import BaseRoute, Route

from helpdesk.web.admin.routes import admin_form
from helpdesk.web.core.guards import signed_in
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.mail import letter, to_many

FORM = ["GET", "POST"]

# fmt: off
ROUTES: list[BaseRoute] = [
    Route("/tasks/{task_id:int}/mail", signed_in(letter.mail), name="tasks:mail", methods=FORM),
    Route("/tasks/api/task/{task_id:int}/send-email", signed_in(idempotent(letter.send)),
          name="api:send_email", methods=["POST"]),
    Route("/admin/mail", admin_form(to_many.index), name="mail:index", methods=FORM),
    Route("/admin/mail/{letter_id:int}", admin_form(to_many.show), name="mail:letter", methods=FORM),
]
# fmt: on
