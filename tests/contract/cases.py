"""One request for each JSON answer that the contract promises, and for each way in which it refuses.

They are asked in the `story` of conftest.py.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

from helpdesk import errors
from helpdesk.errors import HelpdeskError
from tests.world import PASSWORDS

TASK = "/tasks/api/task/1"


SIGNED_IN, RINGS = "signed in", "rings"
"""How the phone of a case is."""


class Case(NamedTuple):
    """`name` names the golden file. `before` is posted to another address before. `times` sends the same again; `first`
    is a body sent before; `failing` is what the tracker does; `settings` are others than the usual ones; `files` make
    it a form. `phone` gives the rights of the call desk and signs in to the phone; RINGS lets a call come in, too."""

    name: str
    method: str
    path: str
    body: Any = None
    login: str | None = "anna"
    headers: Mapping[str, str] = {}
    times: int = 1
    first: Any = None
    failing: HelpdeskError | None = None
    settings: Mapping[str, Any] = {}
    files: tuple[tuple[str, bytes], ...] = ()
    before: tuple[str, Any] | None = None
    phone: str = ""


def refused(name: str, method: str, path: str, body: Any = None, **more: Any) -> Case:
    return Case(f"error_{name}", method, path, body, **more)


ANNA = {"username": "anna", "password": PASSWORDS["anna"]}
RECOVERY_CODE = "abcd-efgh-jkmn-pqrs"
BORIS_AGAIN = {"password": PASSWORDS["boris"], "code": RECOVERY_CODE}
NEW_PASSWORD = {
    "old_password": PASSWORDS["anna"],
    "password": "long-enough-77",
    "confirm_password": "long-enough-77",
}
VERA: dict[str, Any] = {
    "username": "vera",
    "email": "vera@example.test",
    "password": "long-enough-77",
    "confirm_password": "long-enough-77",
    "full_name": "Вера Новикова",
    "department": "Склад",
    "position": "Кладовщик",
}
SOON = (date.today() + timedelta(2)).isoformat()
PROFILE = {"office": "305", "username": "boss", "email": "", "browser_notifications_enabled": False}
KEY = {"Idempotency-Key": "k"}
MAIL = {"smtp_host": "127.0.0.1", "smtp_given_port": 9, "smtp_encryption": "off", "smtp_from": "desk@example.test"}
LETTER = {"recipient": "boss@firma.test", "cc": "irina@example.test", "subject": "Готово", "message": "Всё готово."}
SURE = {"sure": True, "idempotency_key": "many"}
TO_MANY = {"group": "all", "subject": "Работы в сети", "text": "В субботу сети не будет."}

NEW = {
    "subject": "Новый монитор",
    "project_id": 1,
    "tracker_id": 1,
    "description": "Старый *мигает*.",
    "priority_id": 3,
    "assigned_to_id": 3,
    "due_date": "2026-02-01",
    "estimated_hours": 1.5,
}

ASKED = {"subject": "Нет доступа", "description": "К папке *отдела*.", "category_id": 1}
CATEGORY = {"name": "Доступ", "hint": "Пароли и папки", "project_id": 2, "tracker_id": 1, "is_active": True}

ANSWERS = [
    Case("login", "POST", "/users/login", ANNA, None),
    Case("registered", "POST", "/users/register", VERA, None),
    Case("logout", "POST", "/users/logout", {}),
    Case("logout_by_get", "GET", "/users/logout"),
    Case("my_tasks", "GET", "/tasks/my-tasks?status=in_progress&project_id=1&search=принтер"),
    Case(
        "my_tasks_of_many",
        "GET",
        "/tasks/my-tasks?status_id=1&status=in_progress&priority=high&project_id=2,1",
    ),
    Case("my_tasks_of_who_only_asks", "GET", "/tasks/my-tasks", login="irina"),
    Case("my_tasks_none", "GET", "/tasks/my-tasks?limit=5", login="stranger"),
    Case("tasks", "GET", "/tasks?sort=id&order=asc&per_page=1&page=2"),
    Case("tasks_of_person", "GET", "/api/user/2/tasks", login="admin"),
    Case("notifications", "GET", "/tasks/api/notifications"),
    Case("notifications_page", "GET", "/notifications?unread_only=1&type=comment&per_page=5", login="boris"),
    Case("notification_read", "PUT", "/tasks/api/notifications/1/read"),
    Case("notification_read_by_form", "POST", "/notifications/1/read"),
    Case("notifications_read_all", "PUT", "/tasks/api/notifications/read-all"),
    Case("notifications_read_all_by_form", "POST", "/notifications/read", login="boris"),
    Case("notifications_undo", "POST", "/notifications/undo", {"at": "1768000000.5"}),
    Case("preferences", "GET", "/notifications/preferences"),
    Case(
        "preferences_changed",
        "POST",
        "/notifications/preferences",
        {"wanted": ["comment:page", "comment:sound"], "quiet": True, "days": ["fri"], "zone": "Asia/Omsk"},
    ),
    Case(
        "preferences_digest",
        "POST",
        "/notifications/preferences",
        {"digest": True, "digest_days": ["mon", "fri"], "digest_at": "08:30"},
    ),
    Case("own_delivery", "GET", "/notifications/delivery"),
    Case("devices", "GET", "/notifications/devices"),
    Case("device_removed", "POST", "/notifications/devices/1/remove", {}),
    Case("muted", "POST", "/notifications/mute/task/1", {"muted": True}),
    Case("muted_project_no_more", "POST", "/notifications/mute/project/1", {"muted": False}),
    Case("board", "GET", "/tasks/board?assigned_to_id=any&closed=1"),
    Case("board_by_usual", "GET", "/tasks/board", login="boris"),
    Case("board_of_who_only_asks", "GET", "/tasks/board?project_id=1&lanes=assignee", login="irina"),
    Case("board_of_nothing", "GET", "/tasks/board?status_id=2", login="stranger"),
    Case("system_health", "GET", "/admin/health", login="admin"),
    Case("systems", "GET", "/admin/systems", login="admin"),
    Case("system_tested", "POST", "/admin/systems/database/test", {}, "admin"),
    Case("config", "GET", "/api/config"),
    Case("delivery", "GET", "/admin/delivery", login="admin"),
    Case("channel_stopped", "POST", "/admin/delivery/email", {"stopped": True}, "admin"),
    Case("no_flagged_address", "POST", "/admin/delivery/flagged/2", {}, "admin"),
    Case("letters_to_many", "GET", "/admin/mail", login="admin"),
    Case("letter_to_many_previewed", "POST", "/admin/mail", TO_MANY, "admin", settings=MAIL),
    Case("letter_to_many", "POST", "/admin/mail", {**TO_MANY, **SURE}, "admin", settings=MAIL),
    Case(
        "letter_to_many_progress",
        "GET",
        "/admin/mail/1",
        login="admin",
        settings=MAIL,
        before=("/admin/mail", {**TO_MANY, **SURE}),
    ),
    Case("letter_to_many_continued", "POST", "/admin/mail/1", {}, "admin", settings=MAIL),
    Case("letters_of_task", "GET", "/tasks/1/mail", settings=MAIL, before=(f"{TASK}/send-email", LETTER)),
    Case("letter_sent_by_form", "POST", "/tasks/1/mail", LETTER, settings=MAIL),
    Case("letter_sent", "POST", f"{TASK}/send-email", LETTER, settings=MAIL),
    Case("metrics", "GET", "/admin/metrics", login="admin"),
    Case("metrics_reset", "DELETE", "/admin/metrics", login="admin"),
    Case("metrics_reset_by_form", "POST", "/admin/metrics", {}, "admin"),
    Case("redmine_test_without_redmine", "GET", "/admin/redmine-test", login="admin"),
    Case("board_columns", "GET", "/tasks/board/columns", login="admin"),
    Case("board_columns_changed", "POST", "/tasks/board/columns", {"phase_4": "waiting", "limit_2": 5}, "admin"),
    Case("board_column_folded", "POST", "/tasks/board/fold", {"status_id": 5, "folded": True}),
    Case("second_factor", "GET", "/users/second-factor", login="boris"),
    Case("second_factor_begun", "POST", "/users/second-factor", {"password": PASSWORDS["anna"]}),
    Case("recovery_codes_replaced", "POST", "/users/second-factor/codes", BORIS_AGAIN, "boris"),
    Case("second_factor_off", "POST", "/users/second-factor/off", BORIS_AGAIN, "boris"),
    Case("sessions", "GET", "/users/sessions", login="irina"),
    Case("sessions_ended", "POST", "/users/sessions", {"end": "others"}),
    Case("password_of_local", "GET", "/users/password"),
    Case("password_changed", "POST", "/users/password", NEW_PASSWORD),
    Case("tokens", "GET", "/users/tokens"),
    Case("token_made", "POST", "/users/tokens", {"name": "Отчёт", "scope": "write", "days": 90}),
    Case("token_revoked", "POST", "/users/tokens/1/revoke", {}),
    Case("absence", "GET", "/users/absence", login="boris"),
    Case("absence_marked", "POST", "/users/absence", {"until": SOON, "deputy": "boris"}),
    Case("absence_ended", "POST", "/users/absence/end", {}),
    Case("anonymizing", "GET", "/admin/people/3/anonymize", login="admin"),
    Case(
        "anonymized",
        "POST",
        "/admin/people/3/anonymize",
        {"login": "boris"},
        "admin",
        before=("/admin/people/3/active", {"active": "0"}),
    ),
    Case("hand_over", "GET", "/users/hand-over"),
    Case("handed_over", "POST", "/users/hand-over", {"to": "boris", "comment": "Передаю."}),
    Case("hand_over_of_person", "GET", "/admin/people/3/hand-over", login="admin"),
    Case("handed_over_of_person", "POST", "/admin/people/3/hand-over", {"to": "irina", "skip": 0}, "admin"),
    Case("colleagues", "GET", "/users?q=БОРИС"),
    Case("colleague", "GET", "/users/profile/boris", login="irina"),
    Case("profile", "GET", "/users/profile"),
    Case("profile_changed", "PUT", "/users/profile", PROFILE),
    Case("account", "GET", "/users/account", login="admin"),
    Case("account_changed", "POST", "/users/account", {"phone": "12-34", "hides_presence": "yes"}, "irina"),
    Case("vpn_date", "PUT", "/users/vpn-date", {"vpn_end_date": "2030-05-01"}),
    Case("vpn_date_by_form", "POST", "/users/vpn-date", {"vpn_end_date": ""}, "irina"),
    Case("texts", "GET", "/admin/texts", login="admin"),
    Case("texts_changed", "POST", "/admin/texts", {"signature": "С уважением,\n{full_name}"}, "admin"),
    Case("hint_closed", "POST", "/users/hints", {"closed": "move"}),
    Case("found", "GET", "/search?q=принтер"),
    Case("statistics", "GET", "/tasks/statistics?assigned_to_id=me&project_id=1"),
    Case("layout", "GET", "/tasks/layout"),
    Case("layout_chosen", "POST", "/tasks/layout", {"columns": ["tracker", "updated_on"], "dense": True}),
    Case("statistics_of_nothing", "GET", "/tasks/statistics", login="stranger"),
    Case("task", "GET", TASK),
    Case("task_by_its_page", "GET", "/tasks/1"),
    Case("statuses", "GET", f"{TASK}/statuses"),
    Case("priorities", "GET", f"{TASK}/priorities"),
    Case("assignees", "GET", f"{TASK}/assignees"),
    Case("assignees_for_irina", "GET", f"{TASK}/assignees", login="irina"),
    Case("history", "GET", f"{TASK}/history"),
    Case("history_for_irina", "GET", f"{TASK}/history", login="irina", headers={"Accept-Language": "ru"}),
    Case("status_changed", "PUT", f"{TASK}/status", {"status_id": 3, "comment": "Готово", "notify_users": False}),
    Case("status_changed_at_the_old_address", "PUT", "/api/task/1/status", {"status_id": "3"}),
    Case("status_commented", "PUT", f"{TASK}/status", {"status_id": 2, "comment": "Ещё немного"}),
    Case("status_changed_by_form", "POST", "/tasks/1/status", {"status_id": 3}),
    Case("priority_changed", "PUT", f"{TASK}/priority", {"priority_id": 4}),
    Case("priority_changed_by_form", "POST", "/tasks/1/priority", {"priority_id": 4}),
    Case("assignee_changed", "PUT", f"{TASK}/assignee", {"assignee_id": 3}),
    Case("assignee_removed", "PUT", f"{TASK}/assignee", {"assignee_id": None}),
    Case("assignee_changed_by_form", "POST", "/tasks/1/assignee", {"assignee_id": 3}),
    Case("commented", "POST", f"{TASK}/comments", {"comment": "Уже иду", "private": True}),
    Case("commented_twice_once", "POST", f"{TASK}/comment", {"comment": "Уже иду"}, headers=KEY, times=2),
    Case("commented_by_form", "POST", "/tasks/1/comments", {"comment": "Уже иду"}),
    Case(
        "bulk",
        "PUT",
        "/tasks/api/tasks/bulk",
        {
            "updates": [
                {"task_id": 1, "status_id": 3, "comment": "Готово"},
                {"task_id": 1, "status_id": 5, "priority_id": 4},
                {"task_id": 2, "status_id": 5},
                {"task_id": 77, "assignee_id": None},
            ]
        },
    ),
    Case("bulk_by_form", "POST", "/tasks/bulk", {"task_id": [1, 2], "status_id": "5"}),
    Case("requests", "GET", "/requests?search=принтер", login="irina"),
    Case("requests_of_phase", "GET", "/requests?phase=done&per_page=1", login="boris"),
    Case("request", "GET", "/requests/1", login="irina"),
    Case("request_answered", "POST", "/requests/1", {"comment": "Снова мнёт"}, "irina", KEY, 2),
    Case("request_graded", "POST", "/requests/3/solved", {"grade": 4, "word": "Спасибо"}, "boris"),
    Case("request_offered", "GET", "/requests/new", login="irina"),
    Case("request_created", "POST", "/requests/new", ASKED, "irina"),
    Case("request_similar", "GET", "/requests/new/similar?subject=принтер мнёт бумагу", login="irina"),
    Case("request_text", "GET", "/requests/1/texts/0", login="irina"),
    Case("request_file", "GET", "/requests/1/files/1?format=json", login="irina"),
    Case("categories", "GET", "/admin/categories", login="admin"),
    Case("category", "GET", "/admin/categories/1", login="admin"),
    Case("category_added", "POST", "/admin/categories", CATEGORY, "admin"),
    Case("category_changed", "POST", "/admin/categories/1", CATEGORY, "admin"),
    Case("category_deleted", "POST", "/admin/categories/1/delete", {}, "admin"),
    Case("category_moved", "POST", "/admin/categories/1/move", {"to": "up"}, "admin"),
    Case("projects", "GET", "/api/redmine/projects"),
    Case("members", "GET", "/api/redmine/projects/1/members", login="irina"),
    Case("words_statuses", "GET", "/api/redmine/statuses"),
    Case("draft", "PUT", "/drafts/task:1:comments", {"comment": "Недописанное"}),
    Case("draft_by_form", "POST", "/drafts/task:1:comments", {"comment": ""}),
    Case("replies", "GET", "/replies"),
    Case("reply_added", "POST", "/replies", {"name": "Прощание", "text": "До связи, {person}!"}),
    Case("reply", "GET", "/replies/1"),
    Case("reply_changed", "POST", "/replies/1", {"name": "Привет", "text": "Добрый день!"}),
    Case("reply_deleted", "POST", "/replies/1/delete", {}),
    Case("task_offered", "GET", "/tasks/new?project_id=1"),
    Case("task_created", "POST", "/tasks/api/task", NEW),
    Case("task_created_by_form", "POST", "/tasks/new", NEW),
    Case("task_changed", "PUT", TASK, {"subject": "Принтер починен", "done_ratio": 100, "comment": "Заменили ролик"}),
    Case("task_changed_by_form", "POST", "/tasks/1/edit", {"due_date": "2026-02-01"}),
    Case("task_mentions", "GET", "/tasks/1/mentions?q=бо"),
    Case("task_to_edit", "GET", "/tasks/1/edit"),
    Case("task_deleted", "DELETE", TASK, login="admin"),
    Case("task_deleted_by_form", "POST", "/tasks/1/delete", {}, "admin"),
    Case("watching", "PUT", f"{TASK}/watch", {}),
    Case("watching_no_more", "DELETE", f"{TASK}/watch"),
    Case("watching_by_form", "POST", "/tasks/1/watch", {"watching": True}),
    Case("comment", "GET", "/tasks/1/comments/1"),
    Case("comment_changed", "PUT", f"{TASK}/comments/1", {"comment": "Смотрю ещё раз."}, "boris"),
    Case("comment_changed_by_form", "POST", "/tasks/1/comments/1", {"comment": "Смотрю ещё раз."}, "boris"),
    Case("comment_deleted", "DELETE", f"{TASK}/comments/2", login="boris"),
    Case("preview", "POST", "/tasks/1/preview", {"comment": "Это *важно* <script>"}),
    Case("text", "GET", "/tasks/1/texts/1"),
    Case("attached", "POST", "/tasks/1/attachments", files=(("отчёт.txt", b"text"), ("a.png", b"png"))),
    Case("file_for_programs", "GET", f"{TASK}/attachment/1/download?format=json"),
    Case("file", "GET", "/tasks/1/files/1?format=json"),
    Case("file_by_accept", "GET", f"{TASK}/attachment/1/download", headers={"Accept": "application/json, text/plain"}),
    Case("fields_changed", "POST", "/tasks/1/fields", {"status_id": 3, "priority_id": 4, "assignee_id": None}),
    Case("row_changed", "POST", "/tasks/1/row", {"status_id": 3, "priority_id": 4, "assignee_id": None}),
    Case("card", "GET", "/tasks/1/card"),
    Case("card_changed", "POST", "/tasks/1/card", {"status_id": 3, "assignee_id": 3, "due_date": "2026-02-01"}),
    Case("views", "GET", "/views"),
    Case("view_added", "POST", "/views", {"name": "Мои", "address": "/tasks/my-tasks?status_id=1&status_id=2&page=3"}),
    Case("view", "GET", "/views/1"),
    Case("view_changed", "POST", "/views/1", {"name": "Самые срочные", "start": True}),
    Case("view_deleted", "POST", "/views/1/delete", {}),
    Case("administration", "GET", "/admin", login="admin"),
    Case("people", "GET", "/admin/people?q=boris", login="admin"),
    Case("person", "GET", "/admin/people/2", login="admin"),
    Case("person_added", "POST", "/admin/people/new", {"username": "vera", "full_name": "Вера Новикова"}, "admin"),
    Case("right_granted", "POST", "/admin/people/2/rights", {"right": "is_admin", "granted": True}, "admin"),
    Case("person_disabled", "POST", "/admin/people/2/active", {"active": "0"}, "admin"),
    Case("email_changed", "POST", "/admin/people/2/email", {"email": "anna@firma.test"}, "admin"),
    Case("phone_changed", "POST", "/admin/people/2/phone", {"phone": "1204"}, "admin"),
    Case(
        "email_confirmed",
        "POST",
        "/admin/people/2/email/confirm",
        {"proven": True, "email": "anna@example.test"},
        "admin",
    ),
    Case("login_of_no_directory", "POST", "/admin/people/2/login", {"decision": "accept"}, "admin"),
    Case("sessions_of_person_ended", "POST", "/admin/people/2/sessions", {"end": "all"}, "admin"),
    Case("tokens_revoked", "POST", "/admin/people/2/tokens", {"revoke": "all"}, "admin"),
    Case("factor_removed", "POST", "/admin/people/3/second-factor", {}, "admin"),
    Case("password_link_made", "POST", "/admin/people/2/password-link", {}, "admin"),
    Case("join_previewed", "POST", "/admin/people/2/join", {"login": "irina"}, "admin"),
    Case("accounts_joined", "POST", "/admin/people/2/join", {"login": "irina", "sure": True}, "admin"),
    Case("unjoin_refused", "POST", "/admin/people/2/unjoin", {}, "admin"),
    Case("bind_without_redmine", "POST", "/admin/people/2/bind", {"redmine_username": "anna"}, "admin"),
    Case("unbound", "POST", "/admin/people/2/unbind", {}, "admin"),
    Case("audit", "GET", "/admin/audit?group=tasks", login="admin"),
    Case("healthz", "GET", "/healthz", login=None),
    Case("readyz", "GET", "/readyz", login=None),
]

REFUSALS = [
    refused("400_malformed", "PUT", f"{TASK}/status", b"{"),
    refused("400_unchanged", "PUT", f"{TASK}/status", {"status_id": 2}),
    refused("401_not_signed_in", "GET", TASK, login=None),
    refused("401_wrong_credentials", "POST", "/users/login", {**ANNA, "password": "wrong"}, login=None),
    refused("403_not_allowed", "PUT", f"{TASK}/priority", {"priority_id": 1}, login="irina"),
    refused("403_another_site", "PUT", f"{TASK}/priority", {"priority_id": 1}, headers={"Origin": "https://evil.test"}),
    refused("403_second_factor_required", "GET", TASK, login="admin", settings={"second_factor": "administrators"}),
    refused("403_locked_out", "GET", TASK, failing=errors.LockedOut()),
    refused("403_login_reassigned", "GET", TASK, failing=errors.LoginReassigned()),
    refused("404_not_found", "GET", TASK, login="stranger"),
    refused("404_no_such_project", "GET", "/api/redmine/projects/1/members", login="stranger"),
    refused("404_no_such_address", "GET", "/tasks/api/nothing"),
    refused("405_method_not_allowed", "DELETE", f"{TASK}/status"),
    refused("403_not_allowed_to_delete", "DELETE", TASK),
    refused("404_no_such_file", "GET", f"{TASK}/attachment/77/download"),
    refused("409_conflict", "PUT", f"{TASK}/status", {"status_id": 3, "lock_version": "1"}),
    refused("409_key_reused", "POST", f"{TASK}/comments", {"comment": "Б"}, headers=KEY, first={"comment": "А"}),
    refused("413_too_large", "POST", f"{TASK}/comments", {"comment": "x" * 99}, settings={"max_content_length": 99}),
    refused("415_unsupported_type", "PUT", f"{TASK}/status", b"2", headers={"Content-Type": "text/plain"}),
    refused("422_invalid", "PUT", f"{TASK}/status", {"status_id": "сломано"}),
    refused("422_invalid_new", "POST", "/tasks/api/task", {"project_id": 1, "tracker_id": 77, "due_date": "завтра"}),
    refused("422_invalid_preferences", "POST", "/notifications/preferences", {"start": "25:00", "zone": "Mars"}),
    refused("422_invalid_letter", "POST", f"{TASK}/send-email", {**LETTER, "cc": "a, b"}, settings=MAIL),
    refused("422_no_day_of_digest", "POST", "/notifications/preferences", {"digest": True, "digest_days": []}),
    refused("404_device", "POST", "/notifications/devices/2/remove", {}),
    refused("422_invalid_anonymizing", "POST", "/admin/people/3/anonymize", {"login": "boris"}, login="admin"),
    refused("422_invalid_absence", "POST", "/users/absence", {"until": "2001-01-01"}),
    refused("403_board_columns", "GET", "/tasks/board/columns"),
    refused("422_invalid_board_columns", "POST", "/tasks/board/columns", {"limit_2": 0, "phase_5": "x"}, login="admin"),
    refused("422_invalid_list", "GET", "/tasks/my-tasks?sort=password"),
    refused("422_invalid_board", "GET", "/tasks/board?sort=password"),
    refused("409_conflict_on_a_card", "POST", "/tasks/1/card", {"status_id": 3, "lock_version": "1"}),
    refused("422_transition_not_allowed", "PUT", f"{TASK}/status", {"status_id": 5}),
    refused("429_too_many_attempts", "POST", "/users/login", {**ANNA, "password": "wrong"}, login=None, times=6),
    refused("501_not_configured", "GET", "/api/erp/user/anna", login="admin"),
    refused("502_bad_gateway", "GET", TASK, failing=errors.BadResponse()),
    refused("502_wrong_key", "GET", TASK, failing=errors.WrongKey()),
    refused("503_unavailable", "GET", TASK, failing=errors.Unavailable()),
    refused("503_directory_unavailable", "GET", TASK, failing=errors.DirectoryUnavailable()),
    refused("503_misconfigured", "GET", TASK, failing=errors.Misconfigured()),
    refused("503_unsure", "GET", TASK, failing=errors.OutcomeUnknown()),
]
