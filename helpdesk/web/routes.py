"""List all addresses, each with its guard. The application starts only with the guards that `access.py` lists."""

from starlette.routing import BaseRoute, Route

from helpdesk.people.rights import ADMIN
from helpdesk.web.accounts import api_tokens, passwords, registration, second_factor, sessions
from helpdesk.web.accounts import hints as accounts_hints
from helpdesk.web.accounts import views as accounts
from helpdesk.web.admin import routes as admin_routes
from helpdesk.web.board import card
from helpdesk.web.board import columns as board_columns
from helpdesk.web.board import views as board
from helpdesk.web.call_log import routes as call_log_routes
from helpdesk.web.calls import routes as call_routes
from helpdesk.web.core.faces import Face
from helpdesk.web.core.guards import (
    ADMINISTRATORS_ONLY,
    Handler,
    in_person,
    needs,
    public,
    setting_up,
    signed_in,
    unguarded,
)
from helpdesk.web.drafts import service as drafts_service
from helpdesk.web.edge import installable, legacy_redirects, readiness, static_files
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.feeds import routes as feed_routes
from helpdesk.web.files import downloads
from helpdesk.web.knowledge import routes as knowledge_routes
from helpdesk.web.leaving import absence, export, hand_over
from helpdesk.web.lists import bulk, layout, rows, saved_views, statistics
from helpdesk.web.lists import views as lists
from helpdesk.web.live import views as live
from helpdesk.web.mail import routes as mail_routes
from helpdesk.web.neighbours import views as neighbours
from helpdesk.web.netmonitor import routes as netmonitor_routes
from helpdesk.web.notifications import delivery, devices, mark_read, mutes, unsubscribe
from helpdesk.web.notifications import preferences as notification_preferences
from helpdesk.web.notifications import views as notification_views
from helpdesk.web.people import avatars, directories, erp_client, mentions, profile
from helpdesk.web.people import views as people_views
from helpdesk.web.posts import routes as post_routes
from helpdesk.web.promises import routes as promise_routes
from helpdesk.web.push import api as push
from helpdesk.web.quality import routes as quality_routes
from helpdesk.web.replies import views as reply_views
from helpdesk.web.reports import routes as report_routes
from helpdesk.web.requests import create as request_create
from helpdesk.web.requests import files as request_files
from helpdesk.web.requests import index as request_index
from helpdesk.web.requests import show as request_show
from helpdesk.web.search import views as search_views
from helpdesk.web.start import config as start_config
from helpdesk.web.start import news as start_news
from helpdesk.web.start import views as start_views
from helpdesk.web.tasks import (
    api,
    change,
    comment_edit,
    form_actions,
)
from helpdesk.web.tasks import create as task_create
from helpdesk.web.tasks import edit as task_edit
from helpdesk.web.tasks import views as task_views
from helpdesk.web.tracker import routes as tracker_routes


def write(handler: Handler) -> Handler:
    """Guard a write: its person is signed in, and it is done once however often it is sent."""
    return signed_in(idempotent(handler))


def device(handler: Handler) -> Handler:
    """Guard a write about a device, whose body is small."""
    return signed_in(push.small(idempotent(handler)))


def form(handler: Handler) -> Handler:
    """Guard a write by a form with a text, which is kept as a draft until the write succeeds."""
    return signed_in(drafts_service.keeps_draft(idempotent(handler)))


PRESENTERS: change.Presenters = {
    Face.JSON: change.JSON,
    Face.PAGE: change.PAGE,
    Face.FRAGMENT: change.FRAGMENT,
    Face.ROW: rows.ROW,
    Face.CARD: card.CARD,
    Face.CARD_PAGE: card.CARD_PAGE,
}
"""The presenter of each face of a task that was changed."""

ONE = "/tasks/{task_id:int}"
NOTE = "/notifications/{notification_id:int}"
MUTE = "/notifications/mute"
REQUEST = "/requests/{task_id:int}"
API = "/tasks/api/task/{task_id:int}"

POST, PUT = ["POST"], ["PUT"]
FORM = ["GET", "POST"]
DEVICE = ["POST", "DELETE"]

# fmt: off
ROUTES: list[BaseRoute] = [
    Route("/",                   signed_in(start_views.home),     name="home"),
    Route("/healthz",            unguarded(readiness.healthz),   name="healthz"),
    Route("/readyz",             unguarded(readiness.readyz),    name="readyz"),
    Route("/static/{name:path}", unguarded(static_files.static), name="static"),
    Route("/sw.js",                unguarded(installable.worker),   name="service_worker"),
    Route("/manifest.webmanifest", unguarded(installable.manifest), name="manifest"),
    Route("/preferences",        public(accounts.preferences),   name="preferences", methods=POST),
    Route("/api/config",         signed_in(start_config.config), name="api:config"),
    Route("/search",             signed_in(search_views.index),  name="search:index"),
    Route("/keys",               signed_in(search_views.keys),   name="search:keys"),

    # People
    Route("/users/login",    public(in_person(accounts.login)),        name="people:login", methods=FORM),
    Route("/users/register", public(in_person(registration.register)), name="people:register", methods=FORM),
    Route("/users/logout",   public(in_person(accounts.logout)),       name="people:logout", methods=FORM),
    Route("/users/second-factor", setting_up(in_person(second_factor.second_factor)),
          name="people:second_factor", methods=FORM),
    Route("/users/second-factor/confirm", setting_up(in_person(second_factor.confirm)),
          name="people:second_factor_confirm", methods=POST),
    Route("/users/second-factor/codes", signed_in(in_person(second_factor.codes)),
          name="people:second_factor_codes", methods=POST),
    Route("/users/second-factor/off", signed_in(in_person(second_factor.off)),
          name="people:second_factor_off", methods=POST),
    Route("/users/menu",     signed_in(accounts.menu),      name="people:menu"),
    Route("/users/absence",  signed_in(absence.index),      name="people:absence", methods=FORM),
    Route("/users/hand-over", signed_in(hand_over.own),   name="people:hand_over", methods=FORM),
    Route("/users/export",   signed_in(in_person(export.own)), name="people:export"),
    Route("/users/absence/end", signed_in(absence.back),    name="people:absence_end", methods=POST),
    Route("/users/hints",    write(accounts_hints.hints),   name="people:hints", methods=POST),
    Route("/users/sessions", signed_in(in_person(sessions.index)),   name="people:sessions", methods=FORM),
    Route("/users/password", signed_in(in_person(passwords.change)), name="people:password", methods=FORM),
    Route("/users/password/{token}", public(in_person(passwords.link)), name="people:password_link", methods=FORM),
    Route("/users/tokens",   signed_in(in_person(api_tokens.index)), name="people:tokens", methods=FORM),
    Route("/users/tokens/{token_id:int}/revoke", signed_in(in_person(api_tokens.revoke)),
          name="people:token_revoke", methods=POST),
    Route("/users",          signed_in(people_views.index), name="people:index"),
    Route("/users/profile",  signed_in(profile.profile),    name="people:profile", methods=["GET", "PUT"]),
    Route("/users/account",  signed_in(profile.account),    name="people:account", methods=FORM),
    Route("/users/reread",   signed_in(directories.reread), name="people:reread", methods=POST),
    Route("/users/vpn-date", signed_in(directories.vpn_date), name="people:vpn_date", methods=["PUT", "POST"]),
    Route("/users/download-erp", signed_in(erp_client.download), name="people:download_erp"),
    Route("/api/erp/user/{username}", needs(ADMIN)(directories.erp_user), name="api:erp_user"),
    Route("/users/avatar/{file}", signed_in(avatars.avatar), name="people:avatar"),
    Route("/users/profile/{username:path}", signed_in(people_views.colleague), name="people:colleague"),

    *mail_routes.ROUTES,  # before tasks:back, which has whatever else follows a task
    # Tasks
    Route("/tasks/my-tasks",                 signed_in(lists.my_tasks),        name="tasks:my_tasks"),
    Route("/tasks",                          signed_in(lists.index),           name="tasks:index"),
    Route("/tasks/export.csv",               signed_in(lists.export),          name="tasks:export"),
    Route("/tasks/statistics",               signed_in(statistics.statistics), name="tasks:statistics"),
    Route("/tasks/layout",                   signed_in(layout.layout),         name="tasks:layout", methods=FORM),
    Route("/tasks/new",                      signed_in(task_create.new),       name="tasks:new", methods=FORM),
    Route("/tasks/new/form",                 signed_in(task_create.new_form),  name="tasks:new_form", methods=FORM),
    Route("/tasks/new/preview", signed_in(task_create.new_preview), name="tasks:new_preview", methods=FORM),
    Route("/tasks/board",                    signed_in(board.board),           name="tasks:board"),
    Route("/tasks/board/more",               signed_in(board.more),            name="tasks:more"),
    Route("/tasks/board/cards",              signed_in(board.cards),           name="tasks:cards"),
    Route("/tasks/bulk",                     signed_in(bulk.bulk),             name="tasks:bulk", methods=FORM),
    Route(ONE,                               signed_in(task_views.show),       name="tasks:show"),
    Route(ONE + "/status",                   form(task_views.status),          name="tasks:status", methods=POST),
    Route(ONE + "/priority",                 form(task_views.priority),        name="tasks:priority", methods=POST),
    Route(ONE + "/assignee",                 form(task_views.assignee),        name="tasks:assignee", methods=POST),
    Route(ONE + "/fields",                   write(task_views.fields),         name="tasks:fields", methods=POST),
    Route(ONE + "/comments",                 form(task_views.comments),        name="tasks:comments", methods=POST),
    Route(ONE + "/edit",                     signed_in(task_edit.edit),        name="tasks:edit", methods=FORM),
    Route(ONE + "/files/{file_id:int}",      signed_in(downloads.file),        name="tasks:file"),
    Route(ONE + "/files/{file_id:int}/thumbnail", signed_in(downloads.thumbnail),   name="tasks:thumbnail"),
    Route(ONE + "/files/{file_id:int}/view", signed_in(downloads.view),        name="tasks:view"),
    Route(ONE + "/changed",                  signed_in(task_views.changed),    name="tasks:changed"),
    Route(ONE + "/card",                     signed_in(card.card),             name="tasks:card", methods=FORM),
    Route(ONE + "/row",                      signed_in(rows.row),              name="tasks:row", methods=FORM),
    Route(ONE + "/comments/{entry_id:int}",  signed_in(comment_edit.entry),    name="tasks:entry", methods=FORM),
    Route(ONE + "/texts/{entry_id:int}",     signed_in(task_views.text),       name="tasks:text"),
    Route(ONE + "/preview",                  signed_in(form_actions.preview),  name="tasks:preview", methods=POST),
    Route(ONE + "/watch",                    write(task_views.watch),          name="tasks:watch", methods=POST),
    Route(ONE + "/mentions",                 signed_in(mentions.mentions),     name="people:mentions"),
    Route(ONE + "/delete",                   signed_in(task_views.delete),     name="tasks:delete", methods=FORM),
    Route(ONE + "/attachments",              form(task_views.attachments),     name="tasks:attachments", methods=POST),
    Route(ONE + "/next",     signed_in(neighbours.next_task),     name="tasks:next_task"),
    Route(ONE + "/previous", signed_in(neighbours.previous_task), name="tasks:previous_task"),
    Route(ONE + "/{form}",                   signed_in(task_views.back),       name="tasks:back"),

    # Requests
    Route("/requests",             signed_in(request_index.index),    name="requests:index"),
    Route("/requests/new",         signed_in(request_create.new),     name="requests:new", methods=FORM),
    Route("/requests/new/similar", signed_in(request_create.similar), name="requests:similar", methods=FORM),
    Route(REQUEST,                 signed_in(request_show.show),      name="requests:show", methods=FORM),
    Route(REQUEST + "/solved",     signed_in(request_show.solved),      name="requests:solved", methods=FORM),
    Route(REQUEST + "/changed",    signed_in(request_show.changed),   name="requests:changed"),
    Route(REQUEST + "/texts/{entry_id:int}", signed_in(request_show.text), name="requests:text"),
    Route(REQUEST + "/files/{file_id:int}",  signed_in(request_files.file), name="requests:file"),
    Route(REQUEST + "/files/{file_id:int}/thumbnail", signed_in(request_files.thumbnail), name="requests:thumbnail"),
    Route(REQUEST + "/files/{file_id:int}/view", signed_in(request_files.view), name="requests:view"),

    # The board
    Route("/tasks/board/columns", needs(ADMIN, ADMINISTRATORS_ONLY)(board_columns.columns),
          name="tasks:columns", methods=FORM),
    Route("/tasks/board/fold", write(board.fold), name="tasks:fold", methods=POST),

    # Drafts and reply templates
    Route("/drafts/{place}", signed_in(drafts_service.save), name="drafts:save", methods=["PUT", "POST"]),
    Route("/drafts/{place}/discard",        signed_in(form_actions.discard_draft), name="drafts:discard", methods=POST),
    Route(ONE + "/reply",                   signed_in(form_actions.insert_reply),  name="replies:insert", methods=POST),
    Route("/replies",                       signed_in(reply_views.index),          name="replies:index", methods=FORM),
    Route("/replies/{reply_id:int}",        signed_in(reply_views.edit),           name="replies:edit", methods=FORM),
    Route("/replies/{reply_id:int}/delete", write(reply_views.remove),             name="replies:remove", methods=POST),

    # Saved views
    Route("/views",                      signed_in(saved_views.index), name="views:index", methods=FORM),
    Route("/views/{view_id:int}",        signed_in(saved_views.show),  name="views:show", methods=FORM),
    Route("/views/{view_id:int}/delete", write(saved_views.remove),    name="views:remove", methods=POST),

    # Notifications
    Route("/notifications",              signed_in(notification_views.index),  name="notifications:index"),
    Route("/notifications/read", signed_in(mark_read.read_all), name="notifications:read_all", methods=POST),
    Route("/notifications/widget",       signed_in(notification_views.widget), name="notifications:widget"),
    Route("/notifications/undo",         signed_in(mark_read.undo),            name="notifications:undo", methods=POST),
    Route(NOTE,                          signed_in(notification_views.show),   name="notifications:show"),
    Route(NOTE + "/read",                signed_in(mark_read.read),            name="notifications:read", methods=POST),
    Route("/notifications/preferences", signed_in(notification_preferences.preferences),
          name="notifications:preferences", methods=FORM),
    Route("/notifications/delivery", signed_in(delivery.delivery), name="notifications:delivery"),
    Route("/notifications/devices",  signed_in(devices.index),     name="notifications:devices"),
    Route("/notifications/devices/{device_id:int}/test", write(devices.test),
          name="notifications:device_test", methods=POST),
    Route("/notifications/devices/{device_id:int}/remove", write(devices.remove),
          name="notifications:device_remove", methods=POST),
    Route("/notifications/devices/email/test", write(devices.test_email),
          name="notifications:email_test", methods=POST),
    Route("/mail/unsubscribe/{token}", public(unsubscribe.unsubscribe),
          name="notifications:unsubscribe", methods=FORM),
    Route(MUTE + "/task/{task_id:int}", write(mutes.mute_task), name="notifications:mute_task", methods=POST),
    Route(MUTE + "/project/{project_id:int}", write(mutes.mute_project),
          name="notifications:mute_project", methods=POST),
    Route("/notifications/stream",       signed_in(live.page),                 name="notifications:stream"),
    Route("/tasks/api/notifications",    signed_in(notification_views.index),  name="api:notifications"),
    Route("/tasks/api/notifications/stream", signed_in(live.program),              name="api:stream"),
    Route("/tasks/api/notifications/read-all", signed_in(mark_read.read_all),        name="api:read_all", methods=PUT),
    Route("/tasks/api" + NOTE + "/read", signed_in(mark_read.read),            name="api:read", methods=PUT),

    # Devices that get pushes
    Route("/tasks/api/push-key",             signed_in(push.key),          name="push:key"),
    Route("/tasks/api/push-subscribe",       device(push.subscription),    name="push:subscription", methods=DEVICE),
    Route("/tasks/api/push-token",           device(push.token),           name="push:token", methods=DEVICE),

    # Tasks for programs
    Route(API, signed_in(api.task), name="api:task", methods=["GET", "PUT", "DELETE"]),
    Route(API + "/statuses",                 signed_in(api.statuses),     name="api:statuses"),
    Route(API + "/priorities",               signed_in(api.priorities),   name="api:priorities"),
    Route(API + "/assignees",                signed_in(api.assignees),    name="api:assignees"),
    Route(API + "/history",                  signed_in(api.history),      name="api:history"),
    Route(API + "/attachment/{file_id:int}/download", signed_in(downloads.file),   name="api:download"),
    Route(API + "/status",                   write(task_views.status),    name="api:status", methods=PUT),
    Route(API + "/priority",                 write(task_views.priority),  name="api:priority", methods=PUT),
    Route(API + "/assignee",                 write(task_views.assignee),  name="api:assignee", methods=PUT),
    Route(API + "/comments",                 write(task_views.comments),  name="api:comments", methods=POST),
    Route(API + "/comment",                  write(task_views.comments),  name="api:comment", methods=POST),
    Route(API + "/comments/{entry_id:int}",  write(api.entry),            name="api:entry", methods=["PUT", "DELETE"]),
    Route(API + "/watch",                    write(api.watch),            name="api:watch", methods=["PUT", "DELETE"]),
    Route("/tasks/api/task",                 write(task_create.create),   name="api:new", methods=POST),
    Route("/tasks/api/tasks/bulk",           write(bulk.update_listed),   name="api:bulk", methods=PUT),
    Route("/api/task/{task_id:int}/status",  write(task_views.status),    name="api:old_status", methods=PUT),
    Route("/api/user/{person_id:int}/tasks", signed_in(lists.of_person),  name="api:of_person"),
    Route("/api/redmine/projects",           signed_in(api.projects),     name="api:projects"),
    Route("/api/redmine/projects/{project_id:int}/members", signed_in(api.members),      name="api:members"),
    Route("/api/redmine/statuses",           signed_in(api.all_statuses), name="api:words_statuses"),
    *admin_routes.ROUTES,
    *tracker_routes.ROUTES,
    *call_routes.ROUTES,
    *call_log_routes.ROUTES,
    *post_routes.ROUTES,
    Route("/posts/{post_id:int}/read", signed_in(start_news.read), name="posts:read", methods=POST),
    *feed_routes.ROUTES,
    *knowledge_routes.ROUTES,
    *netmonitor_routes.ROUTES,
    *report_routes.ROUTES,
    *quality_routes.ROUTES,
    *promise_routes.ROUTES,
    # Addresses of earlier versions
    *legacy_redirects.routes(),
]
# fmt: on
