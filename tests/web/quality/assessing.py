"""Forms and assessments as their people make them."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from helpdesk.people.rights import QUALITY
from helpdesk.services import Services
from helpdesk.store import rights
from tests.web.conftest import Client
from tests.world import PEOPLE_IDS

FORMS, SAMPLE, ALL = "/quality-control/forms", "/quality-control/sample", "/quality-control/assessments"
CRITERIA = [
    {"name": "Вежливость", "hint": "Здоровается", "weight": 3, "most": 5},
    {"name": "Скорость", "hint": "", "weight": 1, "most": 10},
]


def let_control(services: Services, *logins: str) -> None:
    """Give people the right of quality control."""

    def work(db: Session) -> None:
        for login in logins:
            rights.grant(db, PEOPLE_IDS[login], QUALITY)

    services.database.run_here(work, writes=True)


def add_form(admin: Client, name: str = "Звонок", criteria: list[dict[str, Any]] | None = None) -> Mapping[str, Any]:
    answer = admin.post(FORMS, json={"name": name, "criteria": criteria or CRITERIA})
    assert answer.status_code == 201, answer.text
    told: Mapping[str, Any] = answer.json()
    return told


def marks(form: Mapping[str, Any], *given: int | None) -> dict[str, Any]:
    """The body of a program that gives these marks."""
    pairs = zip(form["criteria"], given, strict=True)
    return {"form_id": form["id"], "marks": [{"criterion_id": it["id"], "mark": mark} for it, mark in pairs]}


def page_marks(form: Mapping[str, Any], *given: int | None, remark: str = "") -> dict[str, str]:
    """The fields of a page that gives these marks."""
    pairs = zip(form["criteria"], given, strict=True)
    fields = {f"mark-{it['id']}": "none" if mark is None else str(mark) for it, mark in pairs}
    return {"form_id": str(form["id"]), "remark": remark, **fields}


def to_assess(number: int) -> str:
    return f"/quality-control/assess/main/{number}"
