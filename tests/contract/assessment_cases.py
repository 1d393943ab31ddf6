"""One request for each JSON answer of assessments, and for each way in which they refuse.

The administrator has written a form of one criterion, and has assessed boris's closed task by it.
"""

from typing import Any

from tests.contract.cases import Case, refused

ROOM = "/quality-control"
FORM: dict[str, Any] = {"name": "Письмо", "criteria": [{"name": "Точность", "weight": 1, "most": 10}]}
CHANGED: dict[str, Any] = {"name": "Беседа", "criteria": [{"id": 1, "name": "Тон", "weight": 2, "most": 5}]}
MARKS: dict[str, Any] = {"form_id": 1, "marks": [{"criterion_id": 1, "mark": 5}], "remark": "Отлично"}


def of_admin(name: str, method: str, path: str, body: Any = None) -> Case:
    return Case(name, method, f"{ROOM}{path}", body, login="admin")


ASSESSMENTS = [
    of_admin("assessment_forms", "GET", "/forms"),
    of_admin("assessment_form_added", "POST", "/forms", FORM),
    of_admin("assessment_form", "GET", "/forms/1"),
    of_admin("assessment_form_changed", "POST", "/forms/1", CHANGED | {"lock_version": "1"}),
    of_admin("task_to_assess", "GET", "/assess/main/3"),
    of_admin("task_assessed", "POST", "/assess/main/3", MARKS | {"lock_version": "1"}),
    of_admin("assessments", "GET", "/assessments?since=2026-01-01&until=2026-01-31"),
    of_admin("assessment", "GET", "/assessments/1"),
    of_admin("assessment_withdrawn", "POST", "/assessments/1/withdraw", {}),
    of_admin("tasks_drawn", "GET", "/sample"),
    of_admin("tasks_to_draw", "POST", "/sample", {"count": 5, "period": "month"}),
    of_admin("task_left_to_others", "POST", "/sample/give-back", {"task_id": 3}),
    Case("assessments_of_own_work", "GET", f"{ROOM}/mine", login="boris"),
]
ASSESSMENT_REFUSALS = [
    refused("403_assessments_of_controllers", "GET", f"{ROOM}/assessments"),
    refused("409_conflict_of_assessments", "POST", f"{ROOM}/assess/main/3", MARKS, login="admin"),
    refused("409_conflict_of_forms", "POST", f"{ROOM}/forms/1", CHANGED | {"lock_version": "7"}, login="admin"),
    refused("422_invalid_assessment", "POST", f"{ROOM}/assess/main/3", {"form_id": 1}, login="admin"),
    refused("422_task_to_assess_is_open", "GET", f"{ROOM}/assess/main/1", login="admin"),
    refused("422_invalid_form", "POST", f"{ROOM}/forms", {"criteria": [{"name": "Тон", "weight": 0}]}, login="admin"),
    refused("422_assessments_of_no_time", "GET", f"{ROOM}/assessments?since=2030-01-01", login="admin"),
]
