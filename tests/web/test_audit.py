"""The record of acts: what comes into it, and that it stops nobody."""

import ast
import json
import logging
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlmodel import Session, select

from helpdesk.errors import Sentence, StoreUnavailable
from helpdesk.services import Services
from helpdesk.store import audit, audit_log
from helpdesk.store.models.tables import AuditRecord
from helpdesk.web.admin import acts
from tests.web.conftest import HTML, Visit, attached
from tests.web.test_passwords import whole_store
from tests.world import PASSWORDS, PEOPLE_IDS, STATUS_IDS, EmbeddedWorld

HERE = "testclient"
PACKAGE = Path(audit.__file__).parents[1]


class Line(NamedTuple):
    """A record: who, what, whom, which task, and the details."""

    who: int | None
    action: str
    whom: int | None
    task: int | None
    details: dict[str, Any]


def lines(services: Services, *actions: str) -> list[Line]:
    def work(db: Session) -> list[Line]:
        beside_the_first = select(AuditRecord).where(AuditRecord.action != "grant")
        rows = db.exec(beside_the_first.order_by(AuditRecord.id)).all()
        assert {row.address for row in rows} <= {HERE, ""}
        return [Line(it.actor_id, it.action, it.person_id, it.task_id, json.loads(it.details)) for it in rows]

    return [line for line in services.database.run_here(work) if not actions or line.action in actions]


def test_sign_ins_failures_and_sign_outs_are_recorded_with_no_word_that_was_typed(
    visit: Visit, services: Services
) -> None:
    anna, client = PEOPLE_IDS["anna"], visit()
    for login, password in (("anna", "wrong-secret"), ("typed-secret", "wrong-secret"), ("anna", PASSWORDS["anna"])):
        client.post("/users/login", json={"username": login, "password": password})
    client.post("/users/logout", headers={"Accept": "application/json"})
    assert lines(services) == [
        Line(None, "sign_in_refused", anna, None, {"login": "anna", "error": "wrong_credentials"}),
        Line(None, "sign_in_refused", None, None, {"login": "", "error": "wrong_credentials"}),
        Line(anna, "sign_in", anna, None, {"directory": "local"}),
        Line(anna, "sign_out", anna, None, {"everywhere": False}),
    ]
    assert b"typed-secret" not in whole_store(services) and b"wrong-secret" not in whole_store(services)


def test_a_refusal_is_nobodys_act_also_where_somebody_is_signed_in(visit: Visit, services: Services) -> None:
    visit("anna").post("/users/login", json={"username": "boris", "password": "wrong"})
    assert lines(services)[0][:3] == (None, "sign_in_refused", PEOPLE_IDS["boris"])


def test_every_write_to_the_tracker_is_recorded(visit: Visit, services: Services, number: int) -> None:
    anna, admin, api = visit("anna"), visit("admin"), "/tasks/api/task"
    anna.put(f"{api}/{number}/status", json={"status_id": STATUS_IDS["in_progress"], "comment": "x"})
    said = anna.post(f"{api}/{number}/comments", json={"comment": "y"}).json()["comment"]["id"]
    anna.put(f"{api}/{number}/comments/{said}", json={"comment": "z"})
    anna.delete(f"{api}/{number}/comments/{said}")
    anna.post(f"/tasks/{number}/attachments", files={"files": ("x.txt", b"x", "text/plain")})
    anna.put(f"{api}/{number}/watch")
    created = anna.post(api, json={"project_id": 1, "tracker_id": 1, "subject": "s"}).json()["data"]["task_id"]
    updates = [{"task_id": it, "priority_id": 3} for it in (number, created, 10**6)]
    anna.put("/tasks/api/tasks/bulk", json={"updates": updates})
    anna.put(f"{api}/{number}/status", json={"status_id": 10**6})
    admin.delete(f"{api}/{created}")
    who = PEOPLE_IDS["anna"]
    assert lines(services) == [
        Line(who, "task_changed", None, number, {"what": ["status", "comment"]}),
        Line(who, "task_changed", None, number, {"what": ["comment"]}),
        Line(who, "comment_changed", None, number, {"comment": said}),
        Line(who, "comment_deleted", None, number, {"comment": said}),
        Line(who, "task_changed", None, number, {"what": ["files"]}),
        Line(who, "task_watched", None, number, {}),
        Line(who, "task_created", None, created, {}),
        Line(who, "task_changed", None, number, {"what": ["priority"]}),
        Line(who, "task_changed", None, created, {"what": ["priority"]}),
        Line(PEOPLE_IDS["admin"], "task_deleted", None, created, {}),
    ]


def test_a_write_that_is_sent_twice_is_recorded_once(visit: Visit, services: Services, number: int) -> None:
    form = {"comment": "x", "idempotency_key": "k"}
    client = visit("anna")
    for _ in range(2):
        client.post(f"/tasks/{number}/comments", data=form, headers=HTML)
    assert len(lines(services)) == 1


def test_files_that_administrators_take_and_exports_are_recorded(
    visit: Visit, services: Services, embedded: EmbeddedWorld, number: int
) -> None:
    file = f"/tasks/api/task/{number}/attachment/{attached(embedded, number, b'x')}/download"
    admin = visit("admin")
    for client in (visit("anna"), admin):
        assert client.get(file).status_code == 200
    admin.head(file)
    admin.get("/tasks/export.csv")
    assert lines(services) == [
        Line(PEOPLE_IDS["admin"], "file_taken", None, number, {"file": "план.txt"}),
        Line(PEOPLE_IDS["admin"], "export", None, None, {}),
    ]


def test_a_store_that_takes_no_records_stops_no_act_and_the_log_says_so(
    visit: Visit, number: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def down(*_: object) -> None:
        raise StoreUnavailable("read-only")

    anna = visit("anna")
    monkeypatch.setattr(audit, "note", down)
    answer = anna.post(f"/tasks/api/task/{number}/comments", json={"comment": "stays"})
    assert answer.status_code == 201
    assert "stays" in anna.get(f"/tasks/api/task/{number}/history").text
    (said,) = [it for it in caplog.records if it.message == "acts could not be recorded"]
    assert said.levelno == logging.ERROR
    assert (said.__dict__["acts"], said.__dict__["error"]) == (f"task_changed {number}", "read-only")


def noted_acts() -> set[str]:
    """The names of acts in calls of `audit.note` and of `Act`, as far as they stand there."""
    places, found = {"audit.note": 2, "Act": 0}, set[str]()
    for file in PACKAGE.rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in places:
                act = call.args[places[ast.unparse(call.func)]]
                found |= {str(it.value) for it in ast.walk(act) if isinstance(it, ast.Constant)}
    return found


def test_every_act_that_is_recorded_has_words() -> None:
    sure = {name for name in noted_acts() if name not in acts.GROUPS}
    assert len(sure) > 30 and sure - acts.ACTS.keys() == {"tracker_"}


@pytest.mark.parametrize(
    ("details", "told"),
    [
        ({"is_active": True, "hidden_code": True, "project_id": 3}, "offered to people"),
        ({"what": "status", "changes": ["is_closed: False → True"]}, "Status Tasks with it are closed: no now: yes"),
        ({"changes": ["odd_code"]}, "Changes: odd_code"),
        ({"until": "2026-03-02", "deputy_id": PEOPLE_IDS["boris"]}, "Until: 2026-03-02 Deputy: Борис Кузнецов"),
        ({"statuses": [1, 2], "to": 0}, "Statuses by their numbers: 1, 2 Place in the list: 0"),
    ],
)
def test_details_are_told_in_words(services: Services, details: dict[str, Any], told: str) -> None:
    def work(db: Session) -> audit_log.LogLine:
        audit.note(db, PEOPLE_IDS["admin"], "away", None, details)
        return audit_log.page(db, audit_log.LogQuery(), 1).lines[0]

    def say(it: Sentence | str) -> str:
        return it.text if isinstance(it, Sentence) else it

    line = services.database.run_here(work, writes=True)
    parts = [(f"{say(label)}: " if label else "") + ", ".join(map(say, it)) for label, it in acts.details_of(line)]
    assert " ".join(parts) == told


def test_a_group_of_acts_has_all_that_are_about_announcements_and_pages() -> None:
    assert {it.group for name, it in acts.ACTS.items() if name.startswith(("post_", "page_"))} == {"posts"}


def test_the_application_changes_no_record_and_deletes_in_one_place() -> None:
    touching = re.compile(r"(?:update|delete|insert)\([^)]*(?:AuditRecord|audit_record)|AuditRecord\(")
    found = {
        str(file.relative_to(PACKAGE)): touching.findall(file.read_text("utf-8"))
        for file in PACKAGE.rglob("*.py")
        if touching.search(file.read_text("utf-8")) and "models" not in file.parts
    }
    assert found == {"store/audit.py": ["AuditRecord(", "delete(AuditRecord"]}
