"""List the addresses of the administration, each with its guard."""

from starlette.routing import BaseRoute, Route

from helpdesk.people.rights import ADMIN
from helpdesk.web.admin import audit, categories, delivery, leaving, metrics, overview, systems, texts
from helpdesk.web.admin.people import access, account, binding, joining, person, rights
from helpdesk.web.admin.people import index as people
from helpdesk.web.core.guards import ADMINISTRATORS_ONLY, Handler, in_person, needs
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.leaving import export


def admin(handler: Handler) -> Handler:
    """Let administrators in."""
    return needs(ADMIN, ADMINISTRATORS_ONLY)(handler)


def admin_form(handler: Handler) -> Handler:
    """Let administrators in who have signed in themselves; a write is done once however often it is sent."""
    return admin(in_person(idempotent(handler)))


PERSON = "/admin/people/{person_id:int}"
POST = ["POST"]
FORM = ["GET", "POST"]

# fmt: off
ROUTES: list[BaseRoute] = [
    Route("/admin", admin(overview.index), name="admin:index"),

    # People
    Route("/admin/people",                        admin(people.index),              name="admin:people"),
    Route("/admin/people/new", admin(in_person(people.new)), name="admin:new_person", methods=FORM),
    Route(PERSON,                                 admin(person.show),               name="admin:person"),
    Route(PERSON + "/rights",        admin_form(rights.switch),        name="admin:right", methods=POST),
    Route(PERSON + "/active",        admin_form(account.active),       name="admin:active", methods=POST),
    Route(PERSON + "/email",         admin_form(account.email),        name="admin:email", methods=POST),
    Route(PERSON + "/phone",         admin_form(account.phone),        name="admin:phone", methods=POST),
    Route(PERSON + "/department",    admin_form(account.department),   name="admin:department", methods=POST),
    Route(PERSON + "/email/confirm", admin_form(account.confirm_email), name="admin:confirm_email", methods=POST),
    Route(PERSON + "/login",         admin_form(account.login),        name="admin:login", methods=POST),
    Route(PERSON + "/sessions",      admin_form(access.end_sessions),  name="admin:sessions", methods=POST),
    Route(PERSON + "/tokens",        admin_form(access.revoke_tokens), name="admin:tokens", methods=POST),
    Route(PERSON + "/second-factor", admin_form(access.remove_factor), name="admin:second_factor", methods=POST),
    Route(PERSON + "/password-link", admin(in_person(access.password_link)), name="admin:password_link", methods=POST),
    Route(PERSON + "/join",          admin_form(joining.join),         name="admin:join", methods=POST),
    Route(PERSON + "/unjoin",        admin_form(joining.unjoin),       name="admin:unjoin", methods=POST),
    Route(PERSON + "/bind",          admin_form(binding.bind),         name="admin:bind", methods=POST),
    Route(PERSON + "/unbind",        admin_form(binding.unbind),       name="admin:unbind", methods=POST),
    Route(PERSON + "/export",        admin(in_person(export.of_person)), name="admin:export"),
    Route(PERSON + "/anonymize",     admin_form(leaving.anonymize),    name="admin:anonymize", methods=FORM),
    Route(PERSON + "/hand-over", admin(leaving.hand_over), name="admin:hand_over", methods=FORM),

    # Systems
    Route("/admin/systems", admin(systems.index), name="admin:systems"),
    Route("/admin/systems/{name}/test", admin(systems.test), name="admin:system_test", methods=["POST"]),
    Route("/admin/health", admin(systems.index), name="admin:health"),
    Route("/admin/redmine-test", admin(systems.redmine_test), name="admin:redmine_test"),

    # Numbers
    Route("/admin/metrics", admin(metrics.index), name="admin:metrics", methods=["GET", "POST", "DELETE"]),

    # Delivery
    Route("/admin/delivery", admin(delivery.index), name="admin:delivery"),
    Route("/admin/delivery/{channel}", admin_form(delivery.channel), name="admin:channel", methods=POST),
    Route("/admin/delivery/flagged/{person_id:int}", admin_form(delivery.clear), name="admin:flagged", methods=POST),

    # Audit
    Route("/admin/audit",            admin(audit.index),  name="admin:audit"),
    Route("/admin/audit/export.csv", admin(audit.export), name="admin:audit_export"),

    # Categories of requests, and texts
    Route("/admin/categories", admin_form(categories.index), name="admin:categories", methods=FORM),
    Route("/admin/categories/{category_id:int}", admin_form(categories.edit), name="admin:category", methods=FORM),
    Route("/admin/categories/{category_id:int}/move", admin_form(categories.move),
          name="admin:category_move", methods=["POST"]),
    Route("/admin/categories/{category_id:int}/delete", admin_form(categories.delete),
          name="admin:category_delete", methods=["POST"]),
    Route("/admin/texts", admin_form(texts.index), name="admin:texts", methods=FORM),

    # The embedded tracker: web/tracker/routes.py
]
# fmt: on
