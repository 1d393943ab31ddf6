"""The administrators' pages of promises."""

from tests.web.conftest import Visit

PROMISE = {"name": "Обычный срок", "project_id": 1, "answer": "4:00", "solution": "16 ч", "is_active": True}


def test_holding(visit: Visit) -> None:
    admin = visit("admin")
    admin.post("/admin/promises", json=PROMISE).raise_for_status()
    answer = admin.get("/admin/promises?project_id=1&tracker_id=1&priority_id=1")
    assert answer.status_code == 200, answer.text
