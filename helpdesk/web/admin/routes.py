"""List the addresses of the administration, each with its guard."""

from starlette.routing import BaseRoute, Route

from helpdesk.people.rights import ADMIN
from helpdesk.web.admin import categories, overview
from helpdesk.web.core.guards import ADMINISTRATORS_ONLY, Handler, in_person, needs
from helpdesk.web.edge.idempotency import idempotent


def admin(handler: Handler) -> Handler:
    """Let administrators in."""
    return needs(ADMIN, ADMINISTRATORS_ONLY)(handler)


def admin_form(handler: Handler) -> Handler:
    """Let administrators in who have signed in themselves; a write is done once however often it is sent."""
    return admin(in_person(idempotent(handler)))


FORM = ["GET", "POST"]

# fmt: off
ROUTES: list[BaseRoute] = [
    Route("/admin", admin(overview.index), name="admin:index"),

    # People

    # Systems

    # Numbers

    # Audit

    # Categories of requests, and texts
    Route("/admin/categories", admin_form(categories.index), name="admin:categories", methods=FORM),
    Route("/admin/categories/{category_id:int}", admin_form(categories.edit), name="admin:category", methods=FORM),
    Route("/admin/categories/{category_id:int}/move", admin_form(categories.move),
          name="admin:category_move", methods=["POST"]),

    # The embedded tracker: web/tracker/routes.py
]
# fmt: on
