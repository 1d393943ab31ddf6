"""A large file on its way through a running helpdesk, in and out, and the memory it takes there meanwhile."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import httpx
import pymysql

from helpdesk.store import schema
from helpdesk.store.database import Database
from tests.running import STORE, Helpdesk, running_helpdesk
from tests.servers.redmine import Redmine
from tests.world import settle

MEGABYTE = 1024 * 1024
SECRET_KEY = "for the length of a test and no longer"


class Passage(NamedTuple):
    """One way of a file: by how many bytes the process grew at its highest, and the seconds it took."""

    grown: int
    seconds: float


@contextmanager
def running_for_files(folder: Path, limit: str, redmine: Redmine | None = None) -> Iterator[Helpdesk]:
    """`helpdesk serve` that takes bodies up to `limit`: over a Redmine, or else with the people of `tests.world`."""
    environ = {"SECRET_KEY": SECRET_KEY, "DATABASE_URL": f"sqlite:///{folder / STORE}", "MAX_CONTENT_LENGTH": limit}
    if redmine:
        environ |= {"REDMINE_URL": redmine.url, "REDMINE_API_KEY": redmine.admin_key}
    database = Database(environ["DATABASE_URL"])
    schema.migrate(database, "production")
    if not redmine:
        database.run_here(settle, writes=True)
    database.close()
    with _roomy(redmine), running_helpdesk(folder, "serve", environ=environ) as helpdesk:
        yield helpdesk


def there_and_back(helpdesk: Helpdesk, password: str, folder: Path, size: int) -> tuple[Passage, Passage]:
    """A file of `size` bytes (whole MB) in by irina's form and out again; raises AssertionError when it changed."""
    file, block = folder / "large.bin", os.urandom(MEGABYTE)
    with file.open("wb") as sent:
        for _ in range(size // MEGABYTE):
            sent.write(block)
    with httpx.Client(base_url=helpdesk.url, timeout=120) as client:
        client.post("/users/login", json={"username": "irina", "password": password}).raise_for_status()
        project = client.get("/tasks/new").raise_for_status().json()["projects"][0]["id"]
        wish = {"project_id": project, "subject": "Большой файл"}
        made = client.post("/tasks/api/task", json=wish).raise_for_status().json()["data"]["task_id"]
        client.get(f"/tasks/{made}", headers={"Accept": "text/html"}).raise_for_status()
        incoming = _passage(helpdesk, lambda: _send(client, made, file))
        (found,) = client.get(f"/tasks/api/task/{made}").json()["attachments"]
        digest = sha256()
        outgoing = _passage(helpdesk, lambda: _fetch(client, f"/tasks/{made}/files/{found['id']}", digest.update))
    expected = sha256(block * (size // MEGABYTE)).digest()
    assert found["size"] == size and digest.digest() == expected
    return incoming, outgoing


def _send(client: httpx.Client, task: int, file: Path) -> None:
    with file.open("rb") as content:
        client.post(f"/tasks/{task}/attachments", files={"files": ("large.bin", content)}).raise_for_status()


def _fetch(client: httpx.Client, address: str, take: Callable[[bytes], None]) -> None:
    with client.stream("GET", address) as answer:
        answer.raise_for_status()
        for piece in answer.iter_bytes():
            take(piece)


@contextmanager
def _roomy(redmine: Redmine | None) -> Iterator[None]:
    """A Redmine that takes files of a gigabyte for once, where its usual limit is 5 MB."""
    _allow(redmine, 2**20)
    try:
        yield
    finally:
        _allow(redmine, 5120)


def _allow(redmine: Redmine | None, kilobytes: int) -> None:
    """Redmine looks for settings that changed since it last looked; an old row that is gone it does not notice."""
    if redmine is None:
        return
    writer = redmine.mysql_writer
    place = {"host": writer.host, "port": writer.port, "database": writer.database}
    opened = pymysql.connect(user=writer.user, password=writer.password, autocommit=True, **place)
    with closing(opened) as database, database.cursor() as cursor:
        cursor.execute("DELETE FROM settings WHERE name = 'attachment_max_size'")
        row = "('attachment_max_size', %s, NOW() + INTERVAL 1 SECOND)"
        cursor.execute(f"INSERT INTO settings (name, value, updated_on) VALUES {row}", (str(kilobytes),))


def _passage(helpdesk: Helpdesk, work: Callable[[], None]) -> Passage:
    """The kernel counts the peak of a resident set itself; it is set back first (proc(5), clear_refs)."""
    process = Path(f"/proc/{helpdesk.process.pid}")
    before, began = _kilobytes(process, "VmRSS"), time.perf_counter()
    (process / "clear_refs").write_text("5")
    work()
    return Passage((_kilobytes(process, "VmHWM") - before) * 1024, time.perf_counter() - began)


def _kilobytes(process: Path, name: str) -> int:
    line = next(line for line in (process / "status").read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1])
