"""The desk of requests in each tracker's world."""

import pytest

from helpdesk.store.database import Database
from tests.requests.desk import Desk
from tests.tasks.worlds import World


@pytest.fixture
def desk(world: World, database: Database) -> Desk:
    desk = Desk(world, database)
    desk.bind("irina", "anna")
    return desk
