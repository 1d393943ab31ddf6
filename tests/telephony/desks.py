"""Helpdesks of tests beside the playable phone."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from starlette.testclient import TestClient

from helpdesk.demo.playable_phone import PASSWORD, PlayablePhone
from helpdesk.people.rights import RIGHTS
from helpdesk.services import Services
from helpdesk.settings import settings as configuration
from helpdesk.store import rights
from helpdesk.store.database import Database
from helpdesk.web.calls.access import AGENT, SUPERVISOR
from helpdesk.wiring import wire
from tests.web.leaks import SECRET
from tests.world import PEOPLE_IDS

TO_THE_PHONE = {"agent_id": "1001", "password": PASSWORD, "extension": "1001"}
SOON = timedelta(seconds=10)
"""A ready agent of the playable phone gets a call within this time."""


@dataclass
class Shift:
    """The time, and as much as a test has let pass beside it."""

    passed: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.passed


def beside_a_phone(database: Database, phone: PlayablePhone | None) -> Services:
    """A helpdesk in English."""
    environ = {"SECRET_KEY": SECRET, "DATABASE_URL": str(database.engine.url), "DEFAULT_LOCALE": "en"}
    return wire(configuration.load(environ, Path("/nonexistent")), phone)


def grant(services: Services, login: str, *names: str) -> None:
    """Give rights to one of the story's people."""
    assert set(names) <= set(RIGHTS)
    for name in names:
        services.database.run_here(lambda db, name=name: rights.grant(db, PEOPLE_IDS[login], name), writes=True)


def on_phone(client: TestClient, services: Services, login: str) -> None:
    """Give both rights to somebody of the story, and sign in to the phone."""
    grant(services, login, AGENT, SUPERVISOR)
    client.post("/finesse/session", json=TO_THE_PHONE).raise_for_status()


def ring(client: TestClient, shift: Shift) -> None:
    """Let a call ring at somebody who is signed in to the phone."""
    client.put("/finesse/agent/state", json={"state": "READY"}).raise_for_status()
    until = time.monotonic() + 10
    while client.get("/finesse/agent/state").json()["state"] != "READY":
        assert time.monotonic() < until
    shift.passed += SOON
    while not client.get("/finesse/dialogs").json()["dialogs"]:  # what was seen a moment ago is shown again
        assert time.monotonic() < until


__all__ = ["AGENT", "SOON", "SUPERVISOR", "TO_THE_PHONE", "Shift", "beside_a_phone", "grant", "on_phone", "ring"]
