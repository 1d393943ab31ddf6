"""Closed tasks are assessed by controllers, never by whose work it was, the second time without knowing the first."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import Session, select

from helpdesk.people.rights import QUALITY
from helpdesk.services import Services
from helpdesk.store import rights
from helpdesk.store.models.tables import AuditRecord, Change, Entry, Person, Task
from tests.web.conftest import HTML, Client, Visit
from tests.web.dom import parsed
from tests.web.quality.assessing import ALL, let_control, marks, page_marks, to_assess
from tests.web.test_drafts import hidden
from tests.world import PEOPLE_IDS, EmbeddedWorld


@pytest.fixture
def boris(visit: Visit, services: Services) -> Client:
    let_control(services, "boris", "anna")
    return visit("boris")


@pytest.fixture
def closed(embedded: EmbeddedWorld) -> int:
    return embedded.new_task("Не печатает", status="closed")


def acts(services: Services) -> list[tuple[str, int | None, Any]]:
    rows = services.database.run_here(lambda db: db.exec(select(AuditRecord)).all())
    return [(it.action, it.task_id, json.loads(it.details).get("score")) for it in rows if "assess" in it.action]


def test_a_closed_task_is_assessed_once_changed_and_withdrawn(
    boris: Client, form: Any, closed: int, services: Services
) -> None:
    address = to_assess(closed)
    page = boris.get(address, headers=HTML)
    assert page.status_code == 200 and "Анна Смирнова" in parsed(page.text).text
    fields = page_marks(form, 5, 0, remark="Вежливо") | {"idempotency_key": "once"}
    sent = [boris.post(address, data=fields, headers=HTML) for _ in range(2)]
    assert {it.status_code for it in sent} == {303}
    (row,) = boris.get(ALL).json()["assessments"]
    assert (row["score"], row["assignee"], row["assessor"], row["remark"]) == (
        75,
        "Анна Смирнова",
        "Борис Кузнецов",
        "Вежливо",
    )
    one = sent[0].headers["location"]
    shown = parsed(boris.get(one, headers=HTML).text).text
    assert "75 of 100" in shown and "5 of 5" in shown and "Вежливость" in shown
    again = boris.get(address, headers=HTML).text
    assert hidden(again, "lock_version") == "1" and "Вежливо" in again
    changed = boris.post(address, json=marks(form, None, 5) | {"lock_version": "1"})
    assert changed.status_code == 200 and changed.json()["score"] == 50
    assert boris.get(one).json()["marks"][0]["mark"] is None
    assert boris.post(f"{one}/withdraw", data={}, headers=HTML).status_code == 303
    assert boris.get(one).status_code == 404 and boris.get(ALL).json()["assessments"] == []
    assert acts(services) == [
        ("assessed", closed, 75),
        ("assessment_changed", closed, 50),
        ("assessment_withdrawn", closed, 50),
    ]


def test_nobody_assesses_an_open_task_nor_own_work_nor_what_is_hidden(
    boris: Client, visit: Visit, form: Any, closed: int, embedded: EmbeddedWorld, services: Services
) -> None:
    body = marks(form, 5, 5)
    open_one = embedded.new_task()
    assert boris.post(to_assess(open_one), json=body).status_code == 422
    own = visit("anna").post(to_assess(closed), json=body)
    assert own.status_code == 403 and own.json()["message"] == "Nobody assesses their own work."
    assert visit("anna").get(to_assess(closed), headers=HTML).status_code == 403
    assert boris.post(to_assess(77777), json=body).status_code == 404
    services.database.run_here(lambda db: rights.grant(db, PEOPLE_IDS["stranger"], QUALITY), writes=True)
    assert visit("stranger").post(to_assess(closed), json=body).status_code == 404
    assert visit("irina").post(to_assess(closed), json=body).status_code == 403
    assert boris.get("/quality-control/assess/elsewhere/1").status_code == 404
    assert acts(services) == []


def happened(services: Services, number: int, login: str, field: str, old: int, new: int) -> None:
    def work(db: Session) -> None:
        entry = Entry(task_id=number, author_id=PEOPLE_IDS[login], created_at=datetime.now(UTC))
        db.add(entry)
        db.flush()
        db.add(Change(entry_id=entry.id or 0, field=field, old_value=str(old), new_value=str(new)))

    services.database.run_here(work, writes=True)


def test_own_work_stays_own_when_it_is_handed_on_after_its_closing(
    boris: Client, form: Any, embedded: EmbeddedWorld, services: Services
) -> None:
    pairs = [("irina", "boris"), ("boris", "admin"), ("anna", "admin")]
    by_boris, of_boris, handed_before = (embedded.new_task(status="closed", assignee=it) for it, _ in pairs)
    happened(services, handed_before, "boris", "assignee", PEOPLE_IDS["boris"], PEOPLE_IDS["anna"])
    for number, (_, login) in zip((by_boris, of_boris, handed_before), pairs, strict=True):
        happened(services, number, login, "status", embedded.status("new"), embedded.status("closed"))
    handed_on = boris.put(f"/tasks/api/task/{of_boris}/assignee", json={"assignee_id": PEOPLE_IDS["anna"]})
    assert handed_on.status_code == 200
    answers = [boris.post(to_assess(it), json=marks(form, 0, 0)) for it in (by_boris, of_boris, handed_before)]
    assert [it.status_code for it in answers] == [403, 403, 201], answers[2].text
    assert by_boris not in [it["task_id"] for it in boris.post("/quality-control/sample", json={}).json()["tasks"]]


def test_the_work_of_an_account_that_was_joined_is_own_work(
    boris: Client, form: Any, embedded: EmbeddedWorld, services: Services
) -> None:
    def join(db: Any) -> None:
        db.get_one(Person, PEOPLE_IDS["irina"]).joined_into = PEOPLE_IDS["boris"]

    number = embedded.new_task(status="closed", assignee="irina")
    services.database.run_here(join, writes=True)
    assert boris.post(to_assess(number), json=marks(form, 5, 5)).status_code == 403


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"form_id": 77}, "form_id"),
        ({"marks": "x"}, "marks"),
        ({"marks": [7]}, "marks"),
        ({"marks": [{"criterion_id": 1}] * 31}, "marks"),
        ({"marks": []}, "mark-1"),
        ({"marks": [{"criterion_id": 1, "mark": 6}, {"criterion_id": 2, "mark": 0}]}, "mark-1"),
        ({"marks": [{"criterion_id": 1, "mark": -1}, {"criterion_id": 2, "mark": 0}]}, "mark-1"),
        ({"marks": [{"criterion_id": 1, "mark": 1.5}, {"criterion_id": 2, "mark": 0}]}, "mark-1"),
        ({"marks": [{"criterion_id": 1, "mark": True}, {"criterion_id": 2, "mark": 0}]}, "mark-1"),
        ({"marks": [{"criterion_id": 1, "mark": None}, {"criterion_id": 2, "mark": None}]}, "mark-1"),
        ({"remark": "х" * 10_001}, "remark"),
        ({"remark": ["x"]}, "remark"),
    ],
)
def test_a_wrong_assessment_is_refused(boris: Client, form: Any, closed: int, change: Any, field: str) -> None:
    refused = boris.post(to_assess(closed), json=marks(form, 5, 5) | change)
    assert refused.status_code == 422 and field in refused.json()["errors"], refused.text
    assert boris.get(ALL).json()["assessments"] == []


def test_a_refused_page_keeps_what_was_typed_also_as_a_draft(boris: Client, form: Any, closed: int) -> None:
    first, second = (it["id"] for it in form["criteria"])
    fields = {"form_id": str(form["id"]), f"mark-{first}": "4", f"remark-{first}": "Поздоровался"}
    page = boris.post(to_assess(closed), data=fields, headers=HTML)
    assert page.status_code == 422 and f'aria-describedby="assess-main-{closed}-mark-{second}-fault"' in page.text
    later = parsed(boris.get(to_assess(closed), headers=HTML).text)
    chosen = later.all(lambda it: it.get("name") == f"mark-{first}" and "checked" in it.attributes)
    assert [it["value"] for it in chosen] == ["4"] and "not sent" in later.text
    discarded = boris.post(f"/drafts/assessment:{closed}:main/discard", data=fields, headers=HTML)
    assert discarded.headers["location"] == to_assess(closed)
    assert "not sent" not in boris.get(to_assess(closed), headers=HTML).text


def test_a_stale_change_is_a_conflict_and_keeps_the_typed_marks(boris: Client, form: Any, closed: int) -> None:
    address = to_assess(closed)
    assert boris.post(address, json=marks(form, 5, 5)).status_code == 201
    second = boris.post(address, json=marks(form, 1, 1))
    assert second.status_code == 409 and second.json()["current"]["score"] == 88
    page = boris.post(address, data=page_marks(form, 0, 0), headers=HTML)
    assert page.status_code == 409 and "Your assessment says 88 now." in parsed(page.text).text
    again = page_marks(form, 0, 0) | {"lock_version": hidden(page.text, "lock_version")}
    assert boris.post(address, data=again, headers=HTML).status_code == 303
    gone = boris.post(address, json=marks(form, 5, 5) | {"lock_version": "1"})
    assert gone.status_code == 409


def test_the_second_assessor_knows_nothing_of_the_first(
    boris: Client, visit: Visit, services: Services, form: Any, embedded: EmbeddedWorld
) -> None:
    number = embedded.new_task(status="closed", assignee="irina")
    first = boris.post(to_assess(number), json=marks(form, 5, 0) | {"remark": "Очень вежливо"}).json()
    anna, one = visit("anna"), f"{ALL}/{first['id']}"
    for address in (to_assess(number), one, ALL):
        for headers in (HTML, {}):
            answer = anna.get(address, headers=headers)
            assert answer.status_code == 200 and "Очень вежливо" not in answer.text and "75 of" not in answer.text
    assert anna.get(ALL).json()["assessments"][0]["score"] is None
    assert anna.get(one).json()["score"] is None and "marks" not in anna.get(one).json()
    assert "after yours" in anna.get(ALL, headers=HTML).text
    assert anna.post(to_assess(number), json=marks(form, 1, 1)).status_code == 201
    assert anna.get(one).json()["remark"] == "Очень вежливо"
    told = boris.get(ALL).json()["summary"]
    (apart,) = told["differences"]
    assert (apart["task_id"], apart["lowest"], apart["highest"], apart["points"]) == (number, 18, 75, 57)
    assert (boris.get(f"{ALL}/{apart['lowest_id']}").json()["score"], apart["highest_id"]) == (18, first["id"])
    assert told["mean_difference"] == 57
    page = parsed(boris.get(one, headers=HTML).text).text
    assert "Other assessments of this task 18 of 100" in page
    third = visit("admin").get(one)
    assert third.json()["score"] == 75, "heads see all"


def test_no_sum_betrays_the_first_assessment_to_the_second_assessor(
    boris: Client, visit: Visit, form: Any, embedded: EmbeddedWorld
) -> None:
    hers, other = (embedded.new_task(status="closed", assignee=it) for it in ("anna", "irina"))
    for number in (hers, other):
        assert boris.post(to_assess(number), json=marks(form, 5, 0)).status_code == 201
    anna, told = visit("anna"), boris.get(ALL).json()["summary"]
    assert (told["count"], told["hidden"], told["mean"]) == (2, 0, 75)
    blind = anna.get(f"{ALL}?assignee_id={PEOPLE_IDS['irina']}").json()
    assert blind["assessments"][0]["score"] is None and blind["summary"]["hidden"] == 1
    assert (blind["summary"]["count"], blind["summary"]["mean"], blind["summary"]["criteria"]) == (0, None, [])
    page = parsed(anna.get(f"{ALL}?assignee_id={PEOPLE_IDS['irina']}", headers=HTML).text).text
    assert "1 assessment is left out of the sums" in page and "75" not in page and "after yours" in page
    own = anna.get(f"{ALL}?assignee_id={PEOPLE_IDS['anna']}").json()
    assert own["assessments"][0]["score"] == 75, "what was said of her own work she may read"
    assert own["summary"]["mean"] == 75 and visit("admin").get(ALL).json()["summary"]["hidden"] == 0


def test_who_did_the_work_sees_what_was_said_of_it_and_nobody_else(
    boris: Client, visit: Visit, form: Any, embedded: EmbeddedWorld, services: Services
) -> None:
    number = embedded.new_task("Стул", status="closed", assignee="irina")
    one = f"{ALL}/{boris.post(to_assess(number), json=marks(form, 5, 0)).json()['id']}"
    irina, stranger = visit("irina"), visit("stranger")
    assert irina.get(one).json()["marks"][0]["mark"] == 5
    (mine,) = irina.get("/quality-control/mine").json()["assessments"]
    assert mine["subject"] == "Стул" and mine["assessor"] == "Борис Кузнецов"
    assert "Стул" in irina.get("/quality-control/mine", headers=HTML).text
    assert irina.get(ALL).status_code == 403 and irina.post(f"{one}/withdraw", json={}).status_code == 403
    assert stranger.get(one).status_code == 404
    assert stranger.get("/quality-control/mine").json()["assessments"] == []
    assert visit("anna").post(f"{one}/withdraw", json={}).status_code == 404, "it is another's"
    services.database.run_here(lambda db: rights.revoke(db, PEOPLE_IDS["boris"], QUALITY, None), writes=True)
    assert boris.get(one).status_code == 404 and boris.get(ALL).status_code == 403


def test_who_did_the_work_reads_nothing_of_the_work_of_the_next_one(
    boris: Client, visit: Visit, form: Any, embedded: EmbeddedWorld, services: Services
) -> None:
    number = embedded.new_task(status="closed", assignee="irina")
    first, second = boris.post(to_assess(number), json=marks(form, 5, 0)).json()["id"], visit("admin")

    def hand_on(db: Session) -> None:
        db.get_one(Task, number).assignee_id = PEOPLE_IDS["stranger"]

    services.database.run_here(hand_on, writes=True)
    other = second.post(to_assess(number), json=marks(form, 0, 0)).json()["id"]
    irina, title = visit("irina"), "Other assessments of this task"
    page = irina.get(f"{ALL}/{first}", headers=HTML)
    assert page.status_code == 200 and title not in page.text and irina.get(f"{ALL}/{other}").status_code == 404
    assert title in boris.get(f"{ALL}/{first}", headers=HTML).text


def test_a_form_that_is_switched_off_is_left_to_those_who_used_it(
    boris: Client, visit: Visit, form: Any, closed: int, embedded: EmbeddedWorld
) -> None:
    assert boris.post(to_assess(closed), json=marks(form, 5, 5)).status_code == 201
    off = {**form, "is_active": False}
    assert visit("admin").post(f"/quality-control/forms/{form['id']}", json=off).status_code == 200
    assert boris.post(to_assess(closed), json=marks(form, 1, 1) | {"lock_version": "1"}).status_code == 200
    refused = boris.post(to_assess(embedded.new_task(status="closed")), json=marks(form, 5, 5))
    assert refused.status_code == 422 and "form_id" in refused.json()["errors"]


def test_a_task_that_is_gone_counts_no_more(
    boris: Client, visit: Visit, form: Any, closed: int, services: Services
) -> None:
    one = f"{ALL}/{boris.post(to_assess(closed), json=marks(form, 5, 0)).json()['id']}"
    services.database.run_here(lambda db: db.delete(db.get_one(Task, closed)), writes=True)
    assert boris.get(ALL).json()["summary"]["count"] == 0 and boris.get(one).status_code == 404
    (mine,) = visit("anna").get("/quality-control/mine").json()["assessments"]
    assert mine["subject"] == "" and mine["task_id"] == closed and mine["score"] == 75


def test_the_form_that_changed_meanwhile_asks_for_its_new_criterion(
    boris: Client, visit: Visit, form: Any, closed: int
) -> None:
    polite, _ = form["criteria"]
    added = {"name": "Грамотность", "weight": 1, "most": 5}
    body = {"name": "Звонок", "criteria": [polite, added], "lock_version": form["lock_version"]}
    assert visit("admin").post(f"/quality-control/forms/{form['id']}", json=body).status_code == 200
    page = boris.post(to_assess(closed), data=page_marks(form, 5, 5), headers=HTML)
    assert page.status_code == 422 and "Грамотность" in page.text and "Скорость" not in page.text


def test_without_a_form_there_is_nothing_to_assess_by(boris: Client, closed: int) -> None:
    page = boris.get(to_assess(closed), headers=HTML)
    assert "There is no form of criteria yet" in parsed(page.text).text
    assert boris.post(to_assess(closed), json={}).status_code == 422
