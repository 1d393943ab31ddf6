"""On a MariaDB as it is installed Redmine's own lists lack tasks: that is told, and no reason to distrust our rules."""

import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from helpdesk.redmine_client import RedmineClient
from helpdesk.tasks.backend import State
from helpdesk.tasks.redmine import consistency_check as module
from helpdesk.tasks.redmine.consistency_check import OPTION, ConsistencyCheck
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase
from helpdesk.tasks.redmine.sql.source import Source
from helpdesk.tasks.redmine.visibility import Permissions
from helpdesk.tasks.redmine.visible_both_ways import Spot
from tests.permissions.oracle import Laboratory
from tests.permissions.worlds import World, drawn
from tests.servers.mariadb import execute, url_of
from tests.servers.process import free_port
from tests.servers.redmine_instance import FEW, TIMEZONE, serving

pytestmark = [pytest.mark.xdist_group("permissions 0"), pytest.mark.timeout(300)]

SEED, LOSING = 13, (120,)
"""A world, and somebody of whose list Redmine loses tasks with MariaDB's usual plan."""


@pytest.fixture(scope="module")
def world(lab: Laboratory) -> World:
    found = drawn(SEED)
    lab.settle(found)
    # Plans depend on what the server knows of the tables, which it finds out in its own time.
    execute(lab.server, f"ANALYZE TABLE {', '.join(found.tables)}", lab.writer.database)
    return found


@pytest.fixture(scope="module")
def others(lab: Laboratory, world: World) -> set[str]:
    """The connections that the laboratory's own Redmine has already, which other tests need."""
    return _connections(lab)


@pytest.fixture(scope="module")
def url(lab: Laboratory, others: set[str]) -> Iterator[str]:
    with lab.usual_plans(), serving(lab.instance, FEW, free_port()) as address:
        yield address


@pytest.fixture
async def bird(
    lab: Laboratory, world: World, url: str, monkeypatch: pytest.MonkeyPatch, no_pause: None
) -> AsyncIterator[ConsistencyCheck]:
    """It looks at that person in each round."""
    monkeypatch.setattr(module, "CONFIRM_SECONDS", 0)
    monkeypatch.setattr(module, "TRIES", 2)
    admin = next(row["id"] for row in world.tables["users"] if row["admin"])
    key = next(row["value"] for row in world.tables["tokens"] if row["user_id"] == admin)
    client, database = RedmineClient(url, key), RedmineDatabase(url_of(lab.reader), ZoneInfo(TIMEZONE))

    async def people() -> Sequence[int]:
        return LOSING

    yield ConsistencyCheck(client, Source(database, 0), people, turn=0)
    database.close()
    await client.close()


async def lists_that_are_short(bird: ConsistencyCheck) -> list[int]:
    return [person for person in LOSING if 0 <= await bird._by_rest(Spot(person)) < await bird._by_sql(Spot(person))]


async def test_a_list_of_redmines_that_lacks_tasks_is_reported_with_the_option_that_helps(
    bird: ConsistencyCheck, lab: Laboratory, others: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert execute(lab.server, "SELECT @@global.optimizer_switch LIKE '%exists_to_in=on%'") == [["1"]]
    assert await lists_that_are_short(bird)
    await bird.check()
    state = bird.database.state
    (note,) = state.notes
    assert state._replace(notes=()) == State() and note.values["option"] == OPTION
    told = [record.__dict__ for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(told) == 1 and told[0]["tasks"] and told[0]["by_rest"] < told[0]["by_sql"]

    with redmine_does_without(lab, others):
        assert not await lists_that_are_short(bird)
        await bird.check()
        assert bird.database.state == State()


async def test_rules_of_ours_that_show_too_much_or_too_little_are_distrusted_there_too(
    bird: ConsistencyCheck, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CLEAN_ROUNDS", 1)
    for rule in (sa.true(), sa.false()):
        with monkeypatch.context() as wrong:
            wrong.setattr(Permissions, "tasks", rule)
            await bird.check()
        assert bird.database.distrusted, rule
        await bird.check()
        assert bird.database.distrusted is None


@contextmanager
def redmine_does_without(lab: Laboratory, others: set[str]) -> Iterator[None]:
    """The option that administrators are told of, for all of the server; Redmine's connections begin anew."""
    _switch(lab, "off", others)
    try:
        yield
    finally:
        _switch(lab, "on", others)


def _switch(lab: Laboratory, value: str, others: set[str]) -> None:
    execute(lab.server, f"SET GLOBAL optimizer_switch = 'exists_to_in={value}'")
    for number in _connections(lab) - others:
        execute(lab.server, f"KILL {number}")


def _connections(lab: Laboratory) -> set[str]:
    theirs = f"SELECT id FROM information_schema.processlist WHERE user = '{lab.writer.user}'"
    return {number for (number,) in execute(lab.server, theirs)}
