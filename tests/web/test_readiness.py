"""Who is ready can serve: its store is there, sound and current, its disk has room, and its background tasks run."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from helpdesk import supervision
from helpdesk.app import create_app
from helpdesk.services import Services
from helpdesk.store import disk, schema
from helpdesk.store.database import Database
from helpdesk.web.admin import broken
from helpdesk.web.edge import readiness
from tests.full_disk import largest_file
from tests.servers.process import wait_until
from tests.web.conftest import Visit


def test_a_full_disk_is_not_ready(visit: Visit) -> None:
    with largest_file(512 * 1024):
        answer = visit().get("/readyz")
    assert answer.status_code == 503 and "disk is full" in answer.text
    assert visit().get("/readyz").status_code == 200


def spoil(file: Path) -> None:
    """What a broken disk does to a store, behind the backs of those who have it open."""
    content = bytearray(file.read_bytes())
    content[8192:40960] = b"\xff" * 32768
    file.write_bytes(content)


def test_a_damaged_store_is_not_ready(
    visit: Visit, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "LEAST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(readiness, "COST", 0)
    client = visit()
    assert client.get("/readyz").status_code == 200
    spoil(tmp_path / "helpdesk.db")
    answer = client.get("/readyz")
    assert answer.status_code == 503 and "damaged" in answer.text and "malformed" not in answer.text


def test_damage_is_found_in_the_file_and_a_whole_store_is_well(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "helpdesk.db"
    assert disk.file_of(database) == file and disk.damage(file) is None
    database.close()
    spoil(file)
    assert disk.damage(file)
    file.write_bytes(b"not a database, but long enough to be looked at as one" * 100)
    assert "not a database" in str(disk.damage(file))
    assert not disk.can_write(Path("/proc/nowhere"))


def test_asking_often_costs_a_query_and_no_more(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to sign in to ask: no migration is read again, nor the whole store looked at."""
    looks, read = [], []
    damage, scripts = disk.damage, schema.ScriptDirectory.from_config
    monkeypatch.setattr(disk, "damage", lambda file: looks.append(1) or damage(file))
    monkeypatch.setattr(schema.ScriptDirectory, "from_config", lambda it: read.append(1) or scripts(it))
    client = visit()
    assert client.get("/readyz").status_code == 200
    read.clear()
    assert {client.get("/readyz").status_code for _ in range(10)} == {200}
    assert (len(looks), read) == (1, [])


def test_a_long_check_holds_up_nobody_and_goes_on_when_somebody_gives_up(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name, seconds in ((readiness, "WAIT_SECONDS", 0.01), (broken, "WAIT_SECONDS", 0.1)):
        monkeypatch.setattr(module, name, seconds)
    monkeypatch.setattr(readiness, "LEAST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(readiness, "COST", 0)
    ends, checks = (threading.Event(), threading.Event()), list[str | None]()

    def damage(file: Path) -> str | None:
        checks.append("torn" if checks else None)
        ends[min(len(checks), 2) - 1].wait(20)
        return checks[-1]

    monkeypatch.setattr(disk, "damage", damage)
    with visit("admin") as admin:
        assert admin.get("/admin").json()["broken"] == [broken.LATE.text]
        ends[0].set()
        assert admin.get("/readyz").status_code == 200
        assert {admin.get("/readyz").status_code for _ in range(3)} == {200}
        assert admin.get("/admin").json()["broken"] == [] and checks == [None, "torn"]
        ends[1].set()
        wait_until(lambda: admin.get("/readyz").status_code == 503, seconds=20, what="the damage is not told")


def test_a_process_without_its_background_task_is_not_ready_after_a_while(
    services: Services, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervision, "PAUSES", (0.01,))
    monkeypatch.setattr(supervision, "FAILING_SECONDS", 0.05)

    async def dies() -> None:
        raise RuntimeError("the reader of notifications is dead")

    with TestClient(create_app(replace(services, watchers=(dies,)))) as client:
        wait_until(lambda: client.get("/readyz").status_code == 503, seconds=20, what="it is ready all the same")
        assert "background keeps failing" in client.get("/readyz").text
    assert "the reader of notifications is dead" in caplog.text
