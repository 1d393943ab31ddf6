"""Helpdesks of tests beside the playable phone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

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


__all__ = ["AGENT", "SOON", "SUPERVISOR", "TO_THE_PHONE", "Shift", "beside_a_phone", "grant"]
