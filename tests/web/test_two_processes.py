"""Two processes of the helpdesk over one store, with a real Redis between them: hearts beat once an hour, so whatever
reaches the streams of the second one at once came by the bell."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from e2e import steps
from helpdesk.store import feed_state
from helpdesk.store.database import Database
from helpdesk.store.models.notifications import Lease
from tests.listening import STREAM, WAIT, listening, until
from tests.running import Helpdesk, running_helpdesk
from tests.servers.process import end, wait_until
from tests.servers.redis import Redis, running_redis
from tests.world import PASSWORDS, EmbeddedWorld

Two = tuple[Helpdesk, Helpdesk]


@contextmanager
def two_processes(database: Database, folder: Path, **more: str) -> Iterator[Two]:
    """The first one reads the feed. The second is begun from nothing, so that it has another seed of `hash`."""
    environ = {
        "SECRET_KEY": "for the length of a test and no longer",
        "DATABASE_URL": str(database.engine.url),
        "POLL_INTERVAL": "1",
        **more,
    }
    for name in ("one", "two"):
        (folder / name).mkdir()
    hearts = {"environ": environ, "module": "tests.quiet_heart"}
    with running_helpdesk(folder / "one", "serve", **hearts) as one:
        wait_until(lambda: _is_read(database), seconds=WAIT, what="nobody reads the feed")
        with running_helpdesk(folder / "two", "serve", forked=False, **hearts) as two:
            yield one, two


def _is_read(database: Database) -> bool:
    return database.run_here(lambda db: bool(db.get(Lease, "feed") and feed_state.cursor(db, "feed")))


def program(helpdesk: Helpdesk, login: str) -> "closing[httpx.Client]":
    return closing(steps.program(helpdesk.url, login, PASSWORDS[login]))


def log(helpdesk: Helpdesk) -> str:
    return (helpdesk.folder / "helpdesk.log").read_text()


@pytest.fixture
def task(embedded: EmbeddedWorld) -> int:
    """Anna's."""
    return embedded.new_task()


def test_an_event_read_by_one_process_wakes_the_streams_of_the_other_also_after_redis_was_away(
    embedded: EmbeddedWorld, task: int, tmp_path: Path, redis_server: Redis
) -> None:
    with (
        two_processes(embedded.database, tmp_path, REDIS_URL=redis_server.url) as (one, two),
        program(one, "boris") as boris,
        program(one, "anna") as here,
        program(two, "anna") as there,
        listening(here, STREAM) as hers,
        listening(there, STREAM) as told,
    ):
        steps.tell(boris, task, "Готово.")
        number = json.loads(until(told, "new_notification")["data"])["id"]
        there.put(f"/tasks/api/notifications/{number}/read").raise_for_status()
        assert json.loads(until(hers, "new_notification")["data"])["id"] == number
        while json.loads(until(hers, "unread")["data"]) != {"unread_count": 0}:
            pass
        assert "Traceback" not in log(one) + log(two)
        end(redis_server.process)
        steps.tell(boris, task, "Redis не отвечает.")
        first = json.loads(until(hers, "new_notification")["data"])["id"]
        assert there.get("/notifications", headers={"Accept": "text/html"}).is_success
        assert all(event.get("event") != "new_notification" for event in list(told.queue))
        with running_redis(tmp_path, port=redis_server.port):
            assert json.loads(until(told, "new_notification")["data"])["id"] == first
            steps.tell(boris, task, "Снова отвечает.")
            second = json.loads(until(told, "new_notification")["data"])["id"]
            assert json.loads(until(hers, "new_notification")["data"])["id"] == second > first
        for each in (one, two):
            assert "Redis does not answer" in log(each) and "Traceback" not in log(each)


def test_without_redis_the_other_process_waits_for_its_own_wakeup_or_heartbeat(
    embedded: EmbeddedWorld, task: int, tmp_path: Path
) -> None:
    with (
        two_processes(embedded.database, tmp_path) as (one, two),
        program(one, "boris") as boris,
        program(one, "anna") as here,
        program(two, "anna") as there,
        listening(here, STREAM) as hers,
        listening(there, STREAM) as told,
    ):
        steps.tell(boris, task, "Готово.")
        number = json.loads(until(hers, "new_notification")["data"])["id"]
        assert all(event.get("event") != "new_notification" for event in list(told.queue))
        there.put(f"/tasks/api/notifications/{number}/read").raise_for_status()
        assert json.loads(until(told, "new_notification")["data"])["id"] == number
