"""List the addresses of the embedded tracker's set-up: for administrators who have signed in themselves."""

from starlette.routing import BaseRoute, Route

from helpdesk.web.admin.routes import admin
from helpdesk.web.core.guards import Handler, in_person
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.tracker import custom_fields, members, projects, roles, setup, setup_steps, workflow
from helpdesk.web.tracker.pages import embedded
from helpdesk.web.tracker.vocabulary import priorities, statuses, types


def page(handler: Handler) -> Handler:
    """Guard a page whose own writes are idempotent."""
    return admin(in_person(embedded(handler)))


def write(handler: Handler) -> Handler:
    """Guard an address that only writes; it is done once however often it is sent."""
    return page(idempotent(handler))


POST = ["POST"]
FORM = ["GET", "POST"]
AT = "/admin/tracker"
PROJECT = AT + "/projects/{project_id:int}"
WORD = "/{word_id:int}"
ROLE = AT + "/roles/{role_id:int}"
FIELD = AT + "/fields/{field_id:int}"

# fmt: off
ROUTES: list[BaseRoute] = [
    Route(AT,                               page(projects.index),      name="tracker:index", methods=FORM),
    Route(PROJECT,                          page(projects.edit),       name="tracker:project", methods=FORM),
    Route(PROJECT + "/archive",             write(projects.archive),   name="tracker:archive", methods=POST),
    Route(PROJECT + "/members/{person_id:int}", write(members.member), name="tracker:member", methods=POST),
    Route(AT + "/roles",                    page(roles.index),         name="tracker:roles", methods=FORM),
    Route(ROLE,                             page(roles.edit),          name="tracker:role", methods=FORM),
    Route(ROLE + "/delete",                 write(roles.remove),       name="tracker:role_remove", methods=POST),
    Route(AT + "/workflow",                 page(workflow.workflow),   name="tracker:workflow", methods=FORM),
    Route(AT + "/statuses",                 page(statuses.index),      name="tracker:statuses", methods=FORM),
    Route(AT + "/statuses" + WORD,          page(statuses.edit),       name="tracker:status", methods=FORM),
    Route(AT + "/statuses" + WORD + "/delete", write(statuses.remove), name="tracker:status_remove", methods=POST),
    Route(AT + "/priorities",               page(priorities.index),    name="tracker:priorities", methods=FORM),
    Route(AT + "/priorities" + WORD,        page(priorities.edit),     name="tracker:priority", methods=FORM),
    Route(AT + "/priorities" + WORD + "/delete", write(priorities.remove),
          name="tracker:priority_remove", methods=POST),
    Route(AT + "/types",                    page(types.index),         name="tracker:types", methods=FORM),
    Route(AT + "/types" + WORD,             page(types.edit),          name="tracker:type", methods=FORM),
    Route(AT + "/types" + WORD + "/delete", write(types.remove),       name="tracker:type_remove", methods=POST),
    Route(AT + "/fields",                   page(custom_fields.index), name="tracker:fields", methods=FORM),
    Route(FIELD,                            page(custom_fields.edit),  name="tracker:field", methods=FORM),
    Route(FIELD + "/delete",                write(custom_fields.remove), name="tracker:field_remove", methods=POST),
    Route(AT + "/setup",                    page(setup.setup),         name="tracker:setup"),
    Route(AT + "/setup/project",            write(setup_steps.project), name="tracker:setup_project", methods=POST),
    Route(AT + "/setup/workflow",           write(setup_steps.workflow), name="tracker:setup_workflow", methods=POST),
    Route(AT + "/setup/people",             write(setup_steps.people), name="tracker:setup_people", methods=POST),
    Route(AT + "/setup/account",            page(setup_steps.account), name="tracker:setup_account", methods=POST),
    Route(AT + "/setup/category",           write(setup_steps.category), name="tracker:setup_category", methods=POST),
    Route(AT + "/setup/finish",             write(setup_steps.finish), name="tracker:setup_finish", methods=POST),
]
# fmt: on
