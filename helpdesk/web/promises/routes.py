"""List the addresses of promises and business calendars, each with its guard."""

from starlette.routing import BaseRoute, Route

from helpdesk.web.admin.routes import admin_form
from helpdesk.web.promises import calendars, rules

PROMISES, CALENDARS = "/admin/promises", "/admin/calendars"
PROMISE, CALENDAR = PROMISES + "/{promise_id:int}", CALENDARS + "/{calendar_id:int}"
POST = ["POST"]
FORM = ["GET", "POST"]

# fmt: off
ROUTES: list[BaseRoute] = [
    Route(PROMISES,              admin_form(rules.index),      name="promises:index", methods=FORM),
    Route(PROMISE,               admin_form(rules.edit),       name="promises:edit", methods=FORM),
    Route(PROMISE + "/delete",   admin_form(rules.remove),     name="promises:remove", methods=POST),
    Route(CALENDARS,             admin_form(calendars.index),  name="promises:calendars", methods=FORM),
    Route(CALENDAR,              admin_form(calendars.edit),   name="promises:calendar", methods=FORM),
    Route(CALENDAR + "/delete",  admin_form(calendars.remove), name="promises:calendar_remove", methods=POST),
]
# fmt: on
