"""What the contract is asked of: the application that the pages are tested on, and helpdesks that really run."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlmodel import Session

from helpdesk.demo.playable_phone import PlayablePhone
from helpdesk.encryption import Box
from helpdesk.people.second_factor import cleaned, new_secret
from helpdesk.services import Services
from helpdesk.store import devices, host_maintenance, outbox, second_factors
from helpdesk.store.database import Database
from helpdesk.store.host_maintenance import WindowValues
from helpdesk.store.models import tables
from helpdesk.store.models.quality import Assessment
from tests.contract.cases import RECOVERY_CODE
from tests.contract.office import WORKING, Office
from tests.running import STORE, Helpdesk
from tests.servers.redmine import Redmine
from tests.tasks.worlds import RedmineWorld
from tests.telephony.desks import Shift, beside_a_phone
from tests.telling import tell
from tests.web.conftest import SECRET, Client, Visit, leaks, visit
from tests.web.netmonitor import watched
from tests.world import PEOPLE_IDS, EmbeddedWorld

__all__ = ["leaks", "visit"]


@pytest.fixture
def shift() -> Shift:
    """The time of the phone."""
    return Shift()


@pytest.fixture
def services(database: Database, shift: Shift) -> Services:
    """Beside a phone system, which only who has the right for it knows of."""
    return beside_a_phone(database, PlayablePhone(shift.now))


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the story is when it has been told once: its store and its files."""
    return tmp_path_factory.mktemp("story")


@pytest.fixture
def story(request: pytest.FixtureRequest, database: Database, tmp_path: Path, kept: Path) -> None:
    """What `_tell_story` tells; all but the first test have a copy."""
    store = Path(str(database.engine.url.database))
    if not (kept / STORE).exists():
        _tell_story(request.getfixturevalue("visit"), request.getfixturevalue("embedded"))
        _copy(store, kept / STORE)
    else:
        _copy(kept / STORE, store)


def _copy(source: Path, target: Path) -> None:
    """A whole store, in use or not, and the files beside it."""
    shutil.copytree(source.parent / "files", target.parent / "files", dirs_exist_ok=True)
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def _tell_story(visit: Visit, embedded: EmbeddedWorld) -> None:
    """Three tasks, the last closed: boris took the first into work with a comment, then wrote a private one, and anna
    added a file to it; she has a notification, a reply template, a token, a saved view and a browser that gets pushes,
    he a second factor. There is one category of requests, a role that nobody has, and an assessment of the
    third task."""
    embedded.new_task("Принтер зажевал бумагу", priority="high", description="Второй раз за *неделю*.")
    embedded.new_task("Нет сети в переговорной", project="office", author="anna", assignee="boris")
    embedded.new_task("Мышь", status="closed", author="boris", assignee="boris")

    def plan(session: Session) -> None:
        task = session.get_one(tables.Task, 1)
        task.start_date, task.due_date, task.done_ratio = date(2026, 1, 12), date(2026, 1, 15), 30

    embedded.database.run_here(plan, writes=True)
    boris = visit("boris")
    boris.put("/tasks/api/task/1/status", json={"status_id": 2, "comment": "Смотрю."}).raise_for_status()
    boris.post("/tasks/api/task/1/comments", json={"comment": "Снова она.", "private": True}).raise_for_status()
    visit("anna").post("/tasks/1/attachments", files={"files": ("снимок.png", b"a picture")}).raise_for_status()
    visit("anna").post("/replies", json={"name": "Привет", "text": "Здравствуйте!"}).raise_for_status()
    tell(embedded.database, "anna", 1)
    secret, code = Box([SECRET]).seal(new_secret()), cleaned(RECOVERY_CODE)
    now, boris_id = datetime.now(UTC), PEOPLE_IDS["boris"]
    embedded.database.run_here(lambda db: second_factors.set_up(db, boris_id, secret, 1, now, [code]), writes=True)
    category = {"name": "Техника", "hint": "Сломалось", "project_id": 1, "is_active": True}
    visit("admin").post("/admin/categories", json=category).raise_for_status()
    visit("admin").post("/admin/tracker/roles", json={"name": "Гость"}).raise_for_status()
    embedded.database.run_here(lambda db: _reach_anna(db, now), writes=True)
    _watch_a_host(embedded.database, now)
    _write_a_post(visit("admin"))
    _assess(visit("admin"))
    embedded.database.run_here(_long_ago, writes=True)
    visit("anna").post("/users/tokens", json={"name": "Выгрузка"}).raise_for_status()
    visit("anna").post("/views", json={"name": "Срочные", "address": "/tasks?priority_id=4"}).raise_for_status()


def _reach_anna(db: Session, now: datetime) -> None:
    """A browser of anna's, and what became of a push to it."""
    anna_id, address = PEOPLE_IDS["anna"], devices.Address(devices.WEB_PUSH, "https://push.example.test/1", "p", "a")
    devices.subscribe(db, anna_id, address, "Chrome on Windows", "", now)
    row = {"channel": devices.WEB_PUSH, "person_id": anna_id, "event": "journal.1", "type": "comment", "device_id": 1}
    ended = {"state": outbox.SKIPPED, "reason": "read", "due_at": now, "created_at": now, "ended_at": now}
    outbox.add(db, [{**row, **ended, "task_id": 1}])


def _write_a_post(admin: Client) -> None:
    """An important announcement with a file."""
    sent = {"title": "Плановые работы", "content": "В субботу **не будет** сети.", "important": "1", "audience": "all"}
    admin.post("/posts", data=sent, files={"files": ("план.txt", b"9:00")}).raise_for_status()


def _assess(admin: Client) -> None:
    """A form of one criterion, and the administrator's assessment of boris's task by it."""
    criterion = {"name": "Вежливость", "hint": "Здоровается", "weight": 3, "most": 5}
    admin.post("/quality-control/forms", json={"name": "Звонок", "criteria": [criterion]}).raise_for_status()
    marks = [{"criterion_id": 1, "mark": 4, "remark": "Без имени"}]
    body = {"form_id": 1, "marks": marks, "remark": "Хорошо"}
    admin.post("/quality-control/assess/main/3", json=body).raise_for_status()


def _long_ago(db: Session) -> None:
    """On a day by which months are told."""
    db.get_one(Assessment, 1).assessed_at = datetime(2026, 1, 12, tzinfo=UTC)


def _watch_a_host(database: Database, now: datetime) -> None:
    """A host that is probed each hour, with an incident of yesterday, and a window of maintenance to come."""
    gate = {"group_name": "Офис", "address": "127.0.0.1", "method": "tcp", "port": 9, "interval_seconds": 3600}
    host = watched.watch(database, "Шлюз", now=now, **gate, is_public=True)
    began, hour = now - timedelta(days=1, hours=1), timedelta(hours=1)
    watched.incident(database, host, began, began + hour / 2, fault="silent")
    watched.measure(database, host, {now - 4 * hour: 12.0, now - 3 * hour: None, now - 2 * hour: 18.5})
    window = WindowValues(host, "", now + hour, now + 2 * hour, "Обновление")
    database.run_here(lambda db: host_maintenance.add(db, PEOPLE_IDS["admin"], window, now), writes=True)


@pytest.fixture
def on_the_demo(demo: Helpdesk) -> Office:
    with httpx.Client(base_url=demo.url) as anna:
        anna.post("/users/login", json={"username": "anna", "password": "demo"}).raise_for_status()
        rows = anna.get("/tasks/my-tasks", params={"status": WORKING}).json()["tasks"]
    return Office(demo.url, "anna", "demo", rows[0]["id"])


@pytest.fixture
def on_redmine(over_redmine: Helpdesk, redmine: Redmine) -> Iterator[Office]:
    world = RedmineWorld(redmine)
    with closing(world.http):
        task = world.new_task("Сканер не видит сеть", status="in_progress", description="Со вчерашнего дня.")
        yield Office(over_redmine.url, "anna", redmine.passwords["anna"], task)


@pytest.fixture(params=["on_the_demo", pytest.param("on_redmine", marks=pytest.mark.xdist_group("redmine pages"))])
def office(request: pytest.FixtureRequest) -> Office:
    """Over the embedded tracker, and over a real Redmine."""
    found: Office = request.getfixturevalue(request.param)
    return found
