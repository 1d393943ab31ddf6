"""Nothing on the event loop takes over 20 ms: while it does, nobody else is served.

The limit here is 30 ms of CPU (`MOST_SECONDS`), and one try of three must keep it: slack for a machine that is busy.
"""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlmodel import Session, func, select
from starlette.testclient import TestClient

from helpdesk.app import create_app
from helpdesk.services import Services
from helpdesk.settings import settings as configuration
from helpdesk.store import schema
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.web.edge import compression
from helpdesk.web.notifications import preference_params
from helpdesk.wiring import wire
from tests.servers.process import wait_until
from tests.watchdog import Step, Watchdog, watching
from tests.web.conftest import HTML, HTMX, SECRET, session_cookie
from tests.world import PEOPLE_IDS, PROJECT_IDS, STATUS_IDS, EmbeddedWorld, settle

MOST_SECONDS = 0.03
"""Of CPU: half as much again as the rule says, for the machine may be slow and busy."""
TRIES = 3
MAIL = ("Добрый день! Принтер <b>не печатает</b>, см. ниже, @anna.\n> цитата anna@example.test\n" * 900)[:60_000]
TILDES = "@anna\n" + "~" * 60_000
BROTLI = {"Accept-Encoding": "br"}
WATCHERS = 300


class Busy(NamedTuple):
    """An application that runs, anna in it, and a task of which very much was said to very many."""

    client: TestClient
    services: Services
    task: int
    dog: Watchdog


pytestmark = pytest.mark.xdist_group("event loop")  # they share an office


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Busy]:
    folder = tmp_path_factory.mktemp("busy")
    database = Database(f"sqlite:///{folder / 'helpdesk.db'}")
    schema.migrate(database, "production")
    database.run_here(settle, writes=True)
    environ = {"SECRET_KEY": SECRET, "DATABASE_URL": str(database.engine.url), "POLL_INTERVAL": "1"}
    services = wire(configuration.load(environ, Path("/nonexistent")))
    world = EmbeddedWorld(database, folder / "files")
    task = world.new_task(description=MAIL)
    for number in range(120):
        world.new_task(f"Задача {number}", status=("new", "in_progress", "resolved")[number % 3])
    services.database.run_here(lambda db: _crowd(db, task), writes=True)
    with watching() as dog, TestClient(create_app(services), follow_redirects=False) as client:
        client.cookies.set("session", session_cookie(services, "anna"))
        yield Busy(client, services, task, dog)


def _crowd(session: Session, task: int) -> None:
    now = datetime.now(UTC)
    for number in range(WATCHERS):
        login = f"watcher{number}"
        person = tables.Person(source="local", login=login, login_folded=login, created_at=now)
        session.add(person)
        session.flush()
        session.add(tables.Watcher(task_id=task, person_id=person.id))
        session.add(tables.Membership(project_id=PROJECT_IDS["help"], person_id=person.id, role_id=1))
    for number in range(200):
        notes = f"Комментарий {number}: " + "о принтере и о сети, " * 12
        session.add(tables.Entry(task_id=task, author_id=PEOPLE_IDS["anna"], notes=notes, created_at=now))


def slowest(busy: Busy, work: Callable[[], object]) -> Step:
    """The longest step while this was done, in the best of some tries; the first one reads the templates."""
    work()
    best = Step(float("inf"), ())
    for _ in range(TRIES):
        busy.dog.forget()
        work()
        best = min(best, busy.dog.slowest)
        if best.seconds < MOST_SECONDS:
            break
    return best


def asking(busy: Busy, method: str, address: str, status: int, **sent: Any) -> Callable[[], None]:
    """What asks that, and must be answered so: a refusal would be quick as well."""

    def ask() -> None:
        assert busy.client.request(method, address, **sent).status_code == status

    return ask


def assert_quick(busy: Busy, what: str, work: Callable[[], object]) -> None:
    step = slowest(busy, work)
    assert step.seconds < MOST_SECONDS, f"{what} held the event loop for {step.seconds:.3f} s: {' > '.join(step.where)}"


@pytest.mark.parametrize(
    "address",
    [
        "/tasks/my-tasks?per_page=100", "/tasks/board?assigned_to_id=any&closed=1", "/tasks/export.csv",
        "/tasks/statistics", "/tasks/{task}", "/tasks/{task}/edit", "/tasks/{task}/card", "/tasks/{task}/texts/0",
        "/notifications", "/notifications/preferences",
    ],
)  # fmt: skip
def test_a_page_holds_up_nobody(busy: Busy, address: str) -> None:
    address = address.format(task=busy.task)
    assert_quick(busy, address, asking(busy, "GET", address, 200, headers=HTML | BROTLI))


@pytest.mark.parametrize("address", ["", "/history", "/assignees"])
def test_a_programs_request_holds_up_nobody(busy: Busy, address: str) -> None:
    address = f"/tasks/api/task/{busy.task}{address}"
    assert_quick(busy, address, asking(busy, "GET", address, 200, headers=BROTLI))


@pytest.mark.parametrize(
    ("address", "sent", "headers", "status"),
    [
        ("/tasks/{task}/comments", {"comment": ""}, HTML, 422),
        ("/tasks/{task}/status", {"status_id": STATUS_IDS["in_progress"]}, HTMX, 200),
        ("/tasks/{task}/preview", {"comment": MAIL}, HTMX, 200),
        ("/tasks/{task}/preview", {"comment": "p(Aa" + "a" * 60_000}, HTMX, 200),
        ("/tasks/{task}/edit", {"subject": "", "description": MAIL}, HTML, 422),
        ("/tasks/new", {"subject": "", "description": MAIL}, HTML, 422),
    ],
    ids=["refused page", "status", "preview", "hostile preview", "refused edit", "refused task"],
)
def test_a_write_holds_up_nobody(
    busy: Busy, address: str, sent: dict[str, str], headers: dict[str, str], status: int
) -> None:
    address = address.format(task=busy.task)
    post = asking(busy, "POST", address, status, data=sent, headers=headers | BROTLI)
    assert_quick(busy, f"POST {address}", post)


@pytest.mark.parametrize("text", [MAIL, TILDES], ids=["mail", "tildes"])
def test_telling_hundreds_of_people_of_a_long_text_holds_up_nobody(busy: Busy, text: str) -> None:
    """The writer's own request is a part of it, and so is whoever reads the feed."""

    def told() -> int:
        count = select(func.count()).select_from(tables.Notification)
        return busy.services.database.run_here(lambda db: db.exec(count).one())

    def tell() -> None:
        before, sent = told(), {"comment": text}
        assert busy.client.post(f"/tasks/api/task/{busy.task}/comments", json=sent).status_code == 201
        wait_until(lambda: told() >= before + WATCHERS, seconds=60, what="the watchers were not told")

    assert_quick(busy, "telling", tell)


def test_the_watchdog_says_which_function_held_the_loop(busy: Busy, monkeypatch: pytest.MonkeyPatch) -> None:
    def long(scope: object, headers: object) -> bool:
        return sum(1 for _ in range(3_000_000)) < 0  # steps, between which the watchdog has its turn

    monkeypatch.setattr(compression, "_is_worth_more", long)
    busy.dog.forget()
    busy.client.get("/healthz")
    assert busy.dog.slowest.seconds > MOST_SECONDS
    assert "helpdesk/web/edge/compression.py:answer" in busy.dog.slowest.where


def test_templates_are_compiled_before_they_are_wanted_until_the_process_ends(services: Services) -> None:
    renderer, asked = create_app(services).app.state.services.renderer, iter([True, True, False])  # type: ignore[attr-defined]  # Edge's
    compiled = next(iter(renderer.environments.values())).cache
    assert compiled is not None
    compiled.clear()  # applications of tests share them
    renderer.prepare(lambda: next(asked))
    assert len(compiled) == 2 and next(asked, None) is None


def test_time_zones_are_read_at_start_and_not_on_the_event_loop(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, on_loop = preference_params.available_timezones, list[bool]()

    def noted() -> set[str]:
        on_loop.append(asyncio._get_running_loop() is not None)
        return read()

    monkeypatch.setattr(preference_params, "available_timezones", noted)
    preference_params.zones.cache_clear()
    with TestClient(create_app(services)):
        wait_until(
            lambda: preference_params.zones.cache_info().currsize == 1, seconds=60, what="the zones were not read"
        )
    assert on_loop == [False] and preference_params.is_zone("Europe/Moscow")
