"""Every address, on one screen. A route whose handler carries no guard is refused at start."""

from starlette.routing import BaseRoute, Route

from helpdesk.web import (
    attachments,
    board,
    board_choices,
    board_columns,
    bookmarks,
    bulk,
    card,
    downloads,
    drafts,
    editing,
    health,
    inserting,
    keeping,
    marking,
    mending,
    mutes,
    new_task,
    notification_preferences,
    notification_widget,
    notifications,
    people,
    previews,
    replies,
    rows,
    static,
    statistics,
    streams,
    task_list,
    task_parts,
    tasks,
    thumbnails,
    views,
)
from helpdesk.web.api import tasks as api
from helpdesk.web.api import words
from helpdesk.web.guards import Handler, public, signed_in, unguarded
from helpdesk.web.idempotency import once


def write(handler: Handler) -> Handler:
    """A write by somebody signed in, done once however often it is sent."""
    return signed_in(once(handler))


def form(handler: Handler) -> Handler:
    """A write by a form with a text in it, which is kept as a draft until the write succeeded."""
    return signed_in(keeping.kept(once(handler)))


ONE = "/tasks/{task_id:int}"
NOTE = "/notifications/{notification_id:int}"
MUTE = "/notifications/mute"
API = "/tasks/api/task/{task_id:int}"

# fmt: off
ROUTES: list[BaseRoute] = [
    Route("/",                        public(task_list.home),        name="home"),
    Route("/healthz",                 unguarded(health.healthz),     name="healthz"),
    Route("/readyz",                  unguarded(health.readyz),      name="readyz"),
    Route("/static/{name:path}",      unguarded(static.static),      name="static"),
    Route("/preferences",             public(people.preferences),    name="preferences", methods=["POST"]),

    # People
    Route("/users/login",             public(people.login),          name="people:login", methods=["GET", "POST"]),
    Route("/users/logout",            public(people.logout),         name="people:logout", methods=["GET", "POST"]),

    # Tasks
    Route("/tasks/my-tasks",          signed_in(task_list.my_tasks), name="tasks:my_tasks"),
    Route("/tasks",                   signed_in(task_list.every),    name="tasks:every"),
    Route("/tasks/export.csv",        signed_in(task_list.export),   name="tasks:export"),
    Route("/tasks/statistics",        signed_in(statistics.statistics), name="tasks:statistics"),
    Route("/tasks/new",               signed_in(new_task.new),       name="tasks:new", methods=["GET", "POST"]),
    Route("/tasks/new/form",          signed_in(new_task.new_form),  name="tasks:new_form", methods=["GET", "POST"]),
    Route("/tasks/new/preview", signed_in(new_task.new_preview), name="tasks:new_preview", methods=["GET", "POST"]),
    Route("/tasks/board",             signed_in(board.board),        name="tasks:board"),
    Route("/tasks/board/more",        signed_in(board.more),         name="tasks:more"),
    Route("/tasks/board/cards",       signed_in(board.cards),        name="tasks:cards"),
    Route("/tasks/bulk",              write(bulk.bulk),              name="tasks:bulk", methods=["POST"]),
    Route(ONE,                        signed_in(tasks.show),         name="tasks:show"),
    Route(ONE + "/status",            form(tasks.status),            name="tasks:status", methods=["POST"]),
    Route(ONE + "/priority",          form(tasks.priority),          name="tasks:priority", methods=["POST"]),
    Route(ONE + "/assignee",          form(tasks.assignee),          name="tasks:assignee", methods=["POST"]),
    Route(ONE + "/comments",          form(tasks.comments),          name="tasks:comments", methods=["POST"]),
    Route(ONE + "/edit",              signed_in(editing.edit),       name="tasks:edit", methods=["GET", "POST"]),
    Route(ONE + "/files/{file_id:int}", signed_in(downloads.file),  name="tasks:file"),
    Route(ONE + "/files/{file_id:int}/thumbnail", signed_in(thumbnails.thumbnail), name="tasks:thumbnail"),
    Route(ONE + "/files/{file_id:int}/view", signed_in(thumbnails.view), name="tasks:view"),
    Route(ONE + "/changed",           signed_in(task_parts.changed), name="tasks:changed"),
    Route(ONE + "/card",              signed_in(card.card),          name="tasks:card", methods=["GET", "POST"]),
    Route(ONE + "/row",               signed_in(rows.row),           name="tasks:row", methods=["GET", "POST"]),
    Route(ONE + "/comments/{entry_id:int}", signed_in(mending.entry), name="tasks:entry", methods=["GET", "POST"]),
    Route(ONE + "/preview",           signed_in(previews.preview),   name="tasks:preview", methods=["POST"]),
    Route(ONE + "/watch",             write(task_parts.watch),       name="tasks:watch", methods=["POST"]),
    Route(ONE + "/delete",            signed_in(task_parts.delete),  name="tasks:delete", methods=["GET", "POST"]),
    Route(ONE + "/attachments",       form(attachments.attachments), name="tasks:attachments", methods=["POST"]),
    Route(ONE + "/{form}",            signed_in(tasks.back),         name="tasks:back"),

    # The board
    Route("/tasks/board/columns", signed_in(board_columns.columns), name="tasks:columns", methods=["GET", "POST"]),
    Route("/tasks/board/fold",        write(board_choices.fold),     name="tasks:fold", methods=["POST"]),
    Route("/tasks/board/tips",        write(board_choices.tips),     name="tasks:tips", methods=["POST"]),

    # Drafts and reply templates
    Route("/drafts/{place}",          signed_in(drafts.save),        name="drafts:save", methods=["PUT", "POST"]),
    Route("/drafts/{place}/discard",  signed_in(drafts.discard),     name="drafts:discard", methods=["POST"]),
    Route(ONE + "/reply",             signed_in(inserting.insert),   name="replies:insert", methods=["POST"]),
    Route("/replies",                 signed_in(replies.every),      name="replies:every", methods=["GET", "POST"]),
    Route("/replies/{reply_id:int}",  signed_in(replies.one),        name="replies:one", methods=["GET", "POST"]),
    Route("/replies/{reply_id:int}/delete", write(replies.remove),   name="replies:remove", methods=["POST"]),

    # Saved views
    Route("/views",                   signed_in(views.every),        name="views:every", methods=["GET", "POST"]),
    Route("/views/{view_id:int}",     signed_in(views.one),          name="views:one", methods=["GET", "POST"]),
    Route("/views/{view_id:int}/delete", write(views.remove),        name="views:remove", methods=["POST"]),

    # Notifications
    Route("/notifications",           signed_in(notifications.every), name="notifications:every"),
    Route("/notifications/read", signed_in(marking.read_all), name="notifications:read_all", methods=["POST"]),
    Route("/notifications/widget",    signed_in(notification_widget.widget), name="notifications:widget"),
    Route("/notifications/undo",      signed_in(marking.undo), name="notifications:undo", methods=["POST"]),
    Route(NOTE,                       signed_in(notifications.one),  name="notifications:one"),
    Route(NOTE + "/read",             signed_in(marking.read), name="notifications:read", methods=["POST"]),
    Route("/notifications/preferences", signed_in(notification_preferences.preferences),
          name="notifications:preferences", methods=["GET", "POST"]),
    Route(MUTE + "/task/{task_id:int}", write(mutes.task), name="notifications:mute_task", methods=["POST"]),
    Route(MUTE + "/project/{project_id:int}", write(mutes.project),
          name="notifications:mute_project", methods=["POST"]),
    Route("/notifications/stream",    signed_in(streams.page),       name="notifications:stream"),
    Route("/tasks/api/notifications", signed_in(notifications.every), name="api:notifications"),
    Route("/tasks/api/notifications/stream", signed_in(streams.program), name="api:stream"),
    Route("/tasks/api/notifications/read-all", signed_in(marking.read_all), name="api:read_all", methods=["PUT"]),
    Route("/tasks/api" + NOTE + "/read", signed_in(marking.read), name="api:read", methods=["PUT"]),

    # Tasks for programs
    Route(API,                        signed_in(api.task),           name="api:task", methods=["GET", "PUT", "DELETE"]),
    Route(API + "/statuses",          signed_in(api.statuses),       name="api:statuses"),
    Route(API + "/priorities",        signed_in(api.priorities),     name="api:priorities"),
    Route(API + "/assignees",         signed_in(api.assignees),      name="api:assignees"),
    Route(API + "/history",           signed_in(api.history),        name="api:history"),
    Route(API + "/attachment/{file_id:int}/download", signed_in(downloads.file), name="api:download"),
    Route(API + "/status",            write(api.status),             name="api:status", methods=["PUT"]),
    Route(API + "/priority",          write(api.priority),           name="api:priority", methods=["PUT"]),
    Route(API + "/assignee",          write(api.assignee),           name="api:assignee", methods=["PUT"]),
    Route(API + "/comments",          write(api.comments),           name="api:comments", methods=["POST"]),
    Route(API + "/comment",           write(api.comments),           name="api:comment", methods=["POST"]),
    Route(API + "/comments/{entry_id:int}", write(api.entry),        name="api:entry", methods=["PUT", "DELETE"]),
    Route(API + "/watch",             write(api.watch),              name="api:watch", methods=["PUT", "DELETE"]),
    Route("/tasks/api/task",          write(new_task.create),        name="api:new", methods=["POST"]),
    Route("/tasks/api/tasks/bulk",    write(bulk.update_all),        name="api:bulk", methods=["PUT"]),
    Route("/api/task/{task_id:int}/status", write(api.status),       name="api:old_status", methods=["PUT"]),
    Route("/api/user/{person_id:int}/tasks", signed_in(task_list.of_person), name="api:of_person"),
    Route("/api/redmine/projects",    signed_in(words.projects),     name="api:projects"),
    Route("/api/redmine/projects/{project_id:int}/members", signed_in(words.members), name="api:members"),
    Route("/api/redmine/statuses",    signed_in(words.statuses),     name="api:words_statuses"),
    # Where things were before
    *bookmarks.routes(),
]
# fmt: on


def without_guard(routes: list[BaseRoute]) -> list[str]:
    """The paths that nobody declared a guard for."""
    return [
        getattr(route, "path", repr(route))
        for route in routes
        if not hasattr(getattr(route, "endpoint", None), "guard")
    ]
