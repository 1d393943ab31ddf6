"""People take the file of what is kept of them, administrators that of anybody. A leaver's account becomes nobody's."""

import json
from io import BytesIO
from zipfile import ZipFile

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.services import Services
from helpdesk.store import audit, people, personal_data
from helpdesk.store.models.tables import AuditRecord, Membership, Person, Task
from tests.telling import tell
from tests.web.conftest import HTML, Visit, session_cookie
from tests.web.dom import parsed
from tests.web.tokens import make, program
from tests.world import PEOPLE_IDS, EmbeddedWorld

OWN = "/users/export"
OF_ANNA = f"/admin/people/{PEOPLE_IDS['anna']}"


def disable(services: Services, login: str = "anna") -> None:
    services.database.run_here(lambda db: people.disable(db, login), writes=True)


def acts(services: Services, action: str) -> list[tuple[int | None, int | None]]:
    def work(db: Session) -> list[tuple[int | None, int | None]]:
        found = select(AuditRecord.actor_id, AuditRecord.person_id).where(col(AuditRecord.action) == action)
        return [tuple(row) for row in db.exec(found)]

    return services.database.run_here(work)


def test_people_take_their_own_file_in_person(visit: Visit, services: Services, embedded: EmbeddedWorld) -> None:
    embedded.new_task(author="anna", description="Чужим не показывать")
    answer = visit("anna").get(OWN)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.headers["cache-control"] == "no-store" and "attachment" in answer.headers["content-disposition"]
    assert int(answer.headers["content-length"]) == len(answer.content)
    with ZipFile(BytesIO(answer.content)) as archive:
        (person,), (task,) = (json.loads(archive.read(name)) for name in ("person.json", "tracker_task.json"))
    assert person["login"] == "anna" and task["description"] == "Чужим не показывать"
    assert acts(services, "export_person") == [(PEOPLE_IDS["anna"], PEOPLE_IDS["anna"])]
    token = make(visit("anna"))["token"]
    assert program(visit, token).get(OWN).status_code == 403
    assert visit("anna").head(OWN).content == b""


@pytest.mark.parametrize("taker", ["anna", "admin"])
def test_a_file_tells_of_tasks_what_its_person_may_read_now(
    visit: Visit, services: Services, embedded: EmbeddedWorld, taker: str
) -> None:
    mine = embedded.new_task(author="anna", assignee="anna", description="Мой текст", subject="Моя")
    theirs = embedded.new_task(author="boris", assignee="anna", description="Чужой текст", subject="Чужая")
    tell(services.database, "anna", mine, "entry.91", excerpt="видно сейчас")
    tell(services.database, "anna", theirs, "entry.92", excerpt="секрет", is_private=True, absent="Вера")
    admin_address = "198.51.100.7"
    services.database.run_here(lambda db: _by_admin(db, admin_address), writes=True)

    def told() -> tuple[str, dict[str, list[dict[str, object]]]]:
        answer = visit(taker).get(OWN if taker == "anna" else f"{OF_ANNA}/export")
        with ZipFile(BytesIO(answer.content)) as archive:
            names = ("notification", "tracker_task", "audit_record")
            files = {name: json.loads(archive.read(f"{name}.json")) for name in names}
            return "".join(archive.read(it).decode() for it in archive.namelist()), files

    text, files = told()
    assert "Мой текст" in text and "видно сейчас" in text and "секрет" in text
    assert "Чужой текст" not in text, "a task of another person is no data of hers"
    assert admin_address not in text and files["audit_record"][0]["actor_id"] is None
    services.database.run_here(_takes_rights_away, writes=True)
    text, files = told()
    assert not any(it in text for it in ("секрет", "Вера", "Чужая", "Чужой текст"))
    task = next(it for it in files["tracker_task"] if it["id"] == theirs)
    assert task["assignee_id"] == PEOPLE_IDS["anna"] and task["created_at"] and "author_id" not in task
    rows = {it["task_id"]: it for it in files["notification"]}
    assert rows[theirs]["happened_at"] and rows[theirs]["excerpt"] is None
    assert "Мой текст" in text and rows[mine]["excerpt"] == "видно сейчас", "her own request is hers still"


def _by_admin(db: Session, address: str) -> None:
    audit.note(db, PEOPLE_IDS["admin"], "grant", PEOPLE_IDS["anna"])
    for record in db.exec(select(AuditRecord).where(col(AuditRecord.action) == "grant")):
        record.address = record.words = address


def _takes_rights_away(db: Session) -> None:
    db.exec(sa.delete(Membership).where(col(Membership.person_id) == PEOPLE_IDS["anna"]))
    db.exec(sa.update(Task).where(col(Task.assignee_id) == PEOPLE_IDS["anna"]).values(assignee_id=PEOPLE_IDS["boris"]))
    db.exec(sa.update(Task).where(col(Task.author_id) == PEOPLE_IDS["boris"]).values(assignee_id=PEOPLE_IDS["anna"]))


def test_a_file_that_grows_too_large_is_refused_and_not_cut(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(personal_data, "MOST_BYTES", 1_000)
    assert visit("anna").get(OWN).status_code == 413
    assert "helpdesk user export" in visit("anna").get(OWN, headers=HTML).text


def test_an_administrator_takes_the_file_of_anybody(visit: Visit, services: Services) -> None:
    assert visit("admin").get(f"{OF_ANNA}/export").status_code == 200
    assert acts(services, "export_person") == [(PEOPLE_IDS["admin"], PEOPLE_IDS["anna"])]
    assert visit("boris").get(f"{OF_ANNA}/export").status_code == 403
    for number in (0, 77, "9" * 30):
        assert visit("admin").get(f"/admin/people/{number}/export").status_code == 404


def test_a_leaver_becomes_a_number_and_the_work_stays(
    visit: Visit, services: Services, embedded: EmbeddedWorld
) -> None:
    admin, number = visit("admin"), embedded.new_task(author="anna", description="Работа остаётся")
    anna_cookie = session_cookie(services, "anna")
    assert "Disable it first" in admin.get(f"{OF_ANNA}/anonymize", headers=HTML).text
    assert admin.post(f"{OF_ANNA}/anonymize", json={"login": "anna"}).status_code == 422
    disable(services)
    page = parsed(admin.get(f"{OF_ANNA}/anonymize", headers=HTML).text)
    assert page.one(lambda it: it.get("action") == f"{OF_ANNA}/anonymize").get("method") == "post"
    wrong = admin.post(f"{OF_ANNA}/anonymize", data={"login": "boris"}, headers=HTML)
    assert wrong.status_code == 422 and "This is not the login of the account" in wrong.text
    done = admin.post(f"{OF_ANNA}/anonymize", data={"login": "anna"}, headers=HTML)
    assert (done.status_code, done.headers["location"]) == (303, f"{OF_ANNA}/anonymize")
    assert "has been nobody's since" in admin.get(f"{OF_ANNA}/anonymize", headers=HTML).text
    task = admin.get(f"/tasks/api/task/{number}").json()
    assert (task["author"]["name"], task["description"]) == ("#2", "Работа остаётся")
    assert "Анна" not in admin.get(f"/tasks/{number}", headers=HTML).text
    assert acts(services, "anonymize") == [(PEOPLE_IDS["admin"], PEOPLE_IDS["anna"])]
    gone = visit()
    gone.cookies.set("session", anna_cookie)
    assert gone.get("/users/absence").status_code == 401
    assert admin.post(f"{OF_ANNA}/anonymize", json={"login": "#2"}).status_code == 422, "once is enough"
    assert visit("boris").post(f"{OF_ANNA}/anonymize", json={"login": "anna"}).status_code == 403


def test_the_pictures_of_a_leaver_are_deleted(visit: Visit, services: Services) -> None:
    folder = services.settings.pictures_folder
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"abcdefghijkl-{side}.webp" for side in (256, 64)]
    for file in files:
        file.write_bytes(b"picture")

    def named(db: Session) -> None:
        db.get_one(Person, PEOPLE_IDS["anna"]).avatar = "abcdefghijkl"

    services.database.run_here(named, writes=True)
    disable(services)
    visit("admin").post(f"{OF_ANNA}/anonymize", json={"login": "anna"}).raise_for_status()
    assert not any(file.exists() for file in files)
