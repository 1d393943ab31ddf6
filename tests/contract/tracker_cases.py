"""One request for each JSON answer of the embedded tracker's set-up."""

from typing import Any

from tests.contract.cases import Case

AT = "/admin/tracker"
ROLE: dict[str, Any] = {"name": "Ночная смена", "permissions": ["view_all"], "for_everybody": True}
FIELD: dict[str, Any] = {"name": "Этаж", "kind": "list", "options": ["1", "2"], "default": ["2"], "type_id": 2}
PROJECT: dict[str, Any] = {"name": "Печать", "identifier": "printing", "parent_id": 1, "members_only": True}
OLGA = {"username": "olga", "email": "olga@example.test", "full_name": "Ольга Белова", "is_staff": True}


def asked(name: str, path: str) -> Case:
    return Case(f"tracker_{name}", "GET", AT + path, login="admin")


def sent(name: str, path: str, body: Any) -> Case:
    return Case(f"tracker_{name}", "POST", AT + path, body, "admin")


TRACKER = [
    asked("projects", ""),
    sent("project_added", "", PROJECT),
    asked("project", "/projects/1"),
    sent("project_changed", "/projects/1", PROJECT | {"parent_id": None}),
    sent("project_archived", "/projects/1/archive", {"archived": True}),
    sent("member_changed", "/projects/1/members/5", {"role_id": [2]}),
    asked("roles", "/roles"),
    sent("role_added", "/roles", ROLE),
    asked("role", "/roles/1"),
    sent("role_changed", "/roles/1", ROLE),
    sent("role_deleted", "/roles/3/delete", {}),
    asked("workflow", "/workflow?role=1"),
    sent("workflow_changed", "/workflow", {"role": 1, "to_1": [2, 3]}),
    asked("statuses", "/statuses"),
    sent("status_added", "/statuses", {"name": "Пауза", "position": 2}),
    asked("status", "/statuses/1"),
    sent("status_changed", "/statuses/4", {"name": "Ждёт", "position": 4}),
    sent("status_deleted", "/statuses/6/delete", {}),
    asked("priorities", "/priorities"),
    sent("priority_added", "/priorities", {"name": "Немедленный"}),
    asked("priority", "/priorities/1"),
    sent("priority_changed", "/priorities/1", {"name": "Потом", "position": 1}),
    sent("priority_deleted", "/priorities/4/delete", {}),
    asked("types", "/types"),
    sent("type_added", "/types", {"name": "Изменение"}),
    asked("type", "/types/1"),
    sent("type_changed", "/types/1", {"name": "Запрос", "position": 1}),
    sent("type_deleted", "/types/2/delete", {}),
    asked("fields", "/fields"),
    sent("field_added", "/fields", FIELD),
    asked("field", "/fields/2"),
    sent("field_changed", "/fields/2", FIELD),
    sent("field_deleted", "/fields/5/delete", {}),
    asked("setup", "/setup"),
    sent("setup_project", "/setup/project", {"name": "Помощь"}),
    sent("setup_workflow", "/setup/workflow", {}),
    sent("setup_people", "/setup/people", {"person_id": [4]}),
    sent("setup_account", "/setup/account", OLGA),
    sent("setup_category", "/setup/category", {"name": "Не работает", "project_id": 1}),
    sent("setup_finished", "/setup/finish", {}),
]
TRACKER_REFUSALS = [
    Case("error_409_tracker_conflict", "POST", AT + "/statuses/4", {"name": "x", "lock_version": "1"}, "admin"),
    Case("error_422_tracker_invalid", "POST", AT + "/fields", {"name": "x", "kind": "list"}, "admin"),
]
