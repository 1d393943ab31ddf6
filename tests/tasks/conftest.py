"""What all tests of trackers and feeds need."""

import pytest

from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine.rest import feed as rest_feed
from tests.tasks.worlds import World


@pytest.fixture(autouse=True)
def one_look_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests change many issues meanwhile: a look over REST reads them all, not the oldest few."""
    monkeypatch.setattr(rest_feed, "READ_AT_ONCE", 1_000)


@pytest.fixture
def anna(world: World) -> Actor:
    return world.actor("anna")


@pytest.fixture
def number(world: World) -> int:
    """The number of a new task that irina asked for and anna works on."""
    return world.new_task()
