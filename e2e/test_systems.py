"""An administrator sees that Redmine breaks and that it is back, with and without scripts."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Page, expect

from e2e import steps
from e2e.looking import Look
from helpdesk.store import people, schema
from helpdesk.store.database import Database
from tests.running import STORE, Helpdesk, running_helpdesk
from tests.servers.process import free_port
from tests.world import QUICK

ANSWERS = {
    "/users/current.json": {"user": {"id": 1, "login": "owner"}},
    "/users.json": {"users": [], "total_count": 0},
}


class SmallRedmine(BaseHTTPRequestHandler):
    """As much of Redmine as its check asks for."""

    def do_GET(self) -> None:
        body = json.dumps(ANSWERS.get(self.path.partition("?")[0], {})).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the output of tests clean."""


@contextmanager
def redmine_on(port: int) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", port), SmallRedmine)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def redmine_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def beside_redmine(redmine_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Helpdesk]:
    folder: Path = tmp_path_factory.mktemp("systems")
    environ = {
        "SECRET_KEY": "for the length of a test and no longer",
        "DATABASE_URL": f"sqlite:///{folder / STORE}",
        "REDMINE_URL": f"http://127.0.0.1:{redmine_port}",
        "REDMINE_API_KEY": "k" * 40,
    }
    store = Database(environ["DATABASE_URL"])
    schema.migrate(store, "production")
    store.run_here(lambda db: people.add_local(db, "chief", "", "", QUICK.hash("chief-77"), is_admin=True), writes=True)
    store.close()
    with running_helpdesk(folder, "serve", environ=environ) as helpdesk:
        yield helpdesk


@pytest.fixture
def site(beside_redmine: Helpdesk) -> str:
    return beside_redmine.url


def test_an_administrator_sees_redmine_break_and_come_back(
    page: Page, look: Look, redmine_port: int, javascript: bool
) -> None:
    steps.come_in(page, "chief", "chief-77")
    row = page.locator("#system-redmine")

    def check() -> None:
        with page.expect_response("**/test"):
            row.get_by_role("button", name="Проверить сейчас").click()

    with redmine_on(redmine_port):
        page.goto("/admin/systems")
        check()
        expect(row.locator(".health")).to_have_text("работает")
    steps.mark(page)
    check()
    expect(row.locator(".health")).to_have_text("не работает")
    expect(row.locator(".fault")).to_contain_text("REDMINE_URL")
    assert steps.is_marked(page) is javascript
    check()
    if javascript:  # axe needs scripts
        look("a system that does not work")
        page.goto("/admin/metrics")
        look("the numbers of requests")
    page.goto("/admin")
    expect(page.get_by_role("main")).to_contain_text("Redmine")
    page.get_by_role("link", name="Системы").first.click()
    with redmine_on(redmine_port):
        check()
        expect(row.locator(".health")).to_have_text("работает")
