"""What the contract is asked of: the application that the pages are tested on, and helpdesks that really run."""

from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from tests.contract.office import WORKING, Office
from tests.running import Helpdesk
from tests.servers.redmine import Redmine
from tests.tasks.worlds import RedmineWorld
from tests.web.conftest import services, visit

__all__ = ["services", "visit"]


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


@pytest.fixture(params=["on_the_demo", pytest.param("on_redmine", marks=pytest.mark.xdist_group("redmine"))])
def office(request: pytest.FixtureRequest) -> Office:
    """Over the embedded tracker, and over a real Redmine."""
    found: Office = request.getfixturevalue(request.param)
    return found
