"""SQL and REST are compared on the real Redmine: what differs for good puts reading over to REST, and nothing else."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from math import log2
from typing import Any

import pymysql
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.errors import Unavailable, WrongKey
from helpdesk.redmine_client import RedmineClient
from helpdesk.tasks.redmine import consistency_check as module
from helpdesk.tasks.redmine import visible_both_ways
from helpdesk.tasks.redmine.consistency_check import CLEAN_ROUNDS, ConsistencyCheck
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase
from helpdesk.tasks.redmine.sql.failures import Silent
from helpdesk.tasks.redmine.sql.source import Source
from helpdesk.tasks.redmine.visibility import Permissions
from helpdesk.tasks.redmine.visible_both_ways import FEW, PAGE, Differing, Spot, differing
from tests.servers.process import free_port
from tests.servers.redmine import Redmine
from tests.tasks.worlds import SqlWorld

NOBODY = 999_999


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch, no_pause: None) -> None:
    monkeypatch.setattr(module, "CONFIRM_SECONDS", 0)
    monkeypatch.setattr(module, "TRIES", 2)


def consistency_check(
    world: SqlWorld, *people: int, client: RedmineClient | None = None, config_seconds: float = 0
) -> ConsistencyCheck:
    async def lately() -> Sequence[int]:
        return people

    return ConsistencyCheck(client or world.client, Source(world.database, config_seconds), lately, turn=0)


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Rules of ours by which everybody sees everything."""
    with monkeypatch.context() as patched:
        patched.setattr(Permissions, "tasks", property(lambda _: sa.true()))
        yield patched


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redmine takes long over each row; that a difference is found in lists of any length is proven below."""
    monkeypatch.setattr(visible_both_ways, "PAGE", 4)
    monkeypatch.setattr(visible_both_ways, "FEW", 2)


async def test_everybody_has_a_turn_in_every_project(sql_world: SqlWorld, redmine: Redmine) -> None:
    people = sorted(redmine.user_ids.values())
    bird = consistency_check(sql_world, *people)
    every = set(product(people, [None, *redmine.projects.values()]))
    seen: set[tuple[int, int | None]] = set()
    for _ in range(len(people) * len(redmine.projects) // module.PEOPLE_A_ROUND):
        spots = await bird._next_spots()
        assert len(spots) == 2 * module.PEOPLE_A_ROUND
        seen |= set(spots)
    assert seen == every


async def test_the_real_redmine_shows_the_same_both_ways(sql_world: SqlWorld, redmine: Redmine) -> None:
    people, anna = redmine.user_ids, redmine.user_ids["anna"]
    bird = consistency_check(sql_world)
    spots = [Spot(person) for person in (people["irina"], people["stranger"], people["locked"], NOBODY)]
    for spot in [*spots, *(Spot(anna, project) for project in redmine.projects.values())]:
        assert await bird._by_sql(spot) == await bird._by_rest(spot), spot


@pytest.mark.usefixtures("short_pages")
async def test_a_difference_puts_reading_over_to_rest_and_says_at_whom_and_where(
    sql_world: SqlWorld, redmine: Redmine, blind: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stranger = redmine.user_ids["stranger"]
    bird = consistency_check(sql_world, stranger)
    await bird.check()
    state = sql_world.database.state
    assert state.kind == "differing" and state.since and state.where
    assert state.where.values["user"] == stranger and state.where.values["project"] in redmine.projects.values()
    with pytest.raises(Silent):
        await sql_world.backend.source.read(sql_world.actor("anna"), lambda read: read)
    told = [record for record in caplog.records if record.levelno == logging.ERROR][-1].__dict__
    assert (told["person"], told["project"], told["by_rest"]) == (stranger, state.where.values["project"], 0)
    assert told["by_sql"] > 0


@pytest.mark.usefixtures("short_pages")
async def test_sql_is_trusted_again_after_several_clean_rounds_and_a_bad_one_restarts_the_count(
    sql_world: SqlWorld, redmine: Redmine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Somebody whose list is empty over REST, so that no difference is looked for in long ones.
    bird = consistency_check(sql_world, redmine.user_ids["stranger"])

    async def look(wrongly: bool) -> str:
        with monkeypatch.context() as patched:
            if wrongly:
                patched.setattr(Permissions, "tasks", property(lambda _: sa.true()))
            await bird.check()
        return sql_world.database.state.kind

    rounds = [True, *[False] * (CLEAN_ROUNDS - 1), True, *[False] * CLEAN_ROUNDS]
    kinds = [await look(wrongly) for wrongly in rounds]
    assert kinds == ["differing"] * (len(rounds) - 1) + ["full"]
    await bird.check()
    assert sql_world.database.state.kind == "full"


@pytest.mark.usefixtures("short_pages")
async def test_rules_that_are_out_of_date_for_good_are_found(sql_world: SqlWorld, redmine: Redmine) -> None:
    bird = consistency_check(sql_world, redmine.user_ids["irina"], config_seconds=3600)
    await bird.check()
    assert sql_world.database.state.kind == "full"
    with changed(redmine, "UPDATE roles SET issues_visibility = %s", "all", "SELECT id, issues_visibility FROM roles"):
        await bird.check()
        assert sql_world.database.state.kind == "differing"


async def test_a_write_between_the_two_reads_is_no_difference(
    sql_world: SqlWorld, redmine: Redmine, monkeypatch: pytest.MonkeyPatch
) -> None:
    bird, really, made = consistency_check(sql_world), ConsistencyCheck._by_rest, []

    async def busily(self: ConsistencyCheck, spot: Spot) -> int:
        made.append(sql_world.new_task("Пока считали"))
        found = await really(self, spot)
        made.append(sql_world.new_task("Пока считали"))
        return found

    monkeypatch.setattr(ConsistencyCheck, "_by_rest", busily)
    assert await bird._differs(Spot(redmine.user_ids["anna"])) is None and len(made) == 2 * module.TRIES


async def test_that_one_of_both_does_not_answer_is_no_difference(
    sql_world: SqlWorld, redmine: Redmine, blind: pytest.MonkeyPatch
) -> None:
    anna = redmine.user_ids["anna"]
    deaf = RedmineClient(f"http://127.0.0.1:{free_port()}", "x")
    with pytest.raises(Unavailable):
        await consistency_check(sql_world, anna, client=deaf).check()
    await deaf.close()
    plain = RedmineClient(redmine.url, redmine.plain_key)
    with pytest.raises(WrongKey):
        await consistency_check(sql_world, anna, client=plain).check()
    await plain.close()
    assert sql_world.database.state.kind == "full"

    url = sql_world.database.engine.url.set(port=free_port())
    nowhere = RedmineDatabase(url, sql_world.database.timezone)
    lost = consistency_check(sql_world, anna)
    lost.database = nowhere
    with pytest.raises(Silent):
        await lost.check()
    assert nowhere.state.kind == "silent"


async def test_without_people_nobody_is_asked(sql_world: SqlWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    url = sql_world.database.engine.url.set(port=free_port())
    monkeypatch.setattr(sql_world, "database", RedmineDatabase(url, sql_world.database.timezone))
    deaf = RedmineClient(f"http://127.0.0.1:{free_port()}", "x")
    await consistency_check(sql_world, client=deaf).check()
    await deaf.close()
    assert sql_world.database.state.kind == "full"


@contextmanager
def changed(redmine: Redmine, statement: str, value: str, before: str) -> Iterator[None]:
    """A column of all roles, changed behind Redmine's back and put back."""
    writer = redmine.mysql_writer
    with pymysql.connect(
        host=writer.host,
        port=writer.port,
        user=writer.user,
        password=writer.password,
        database=writer.database,
        autocommit=True,
    ) as db:
        cursor: Any = db.cursor()
        cursor.execute(before)
        kept = cursor.fetchall()
        cursor.execute(statement, (value,))
        try:
            yield
        finally:
            for number, old in kept:
                cursor.execute(f"{statement} WHERE id = %s", (old, number))


# Long lists are compared by a few pages: whatever they lack of each other, something of it is found


NUMBERS = st.sets(st.integers(1, 2_000), max_size=12)


async def compared(ours: set[int], theirs: set[int]) -> tuple[Differing, int]:
    """What differs, and how many pages were asked for."""
    listed, asked = sorted(theirs), []

    async def page(at: int, most: int) -> Sequence[int]:
        asked.append(at)
        return listed[at : at + most]

    return await differing(sorted(ours), len(theirs), page), len(asked)


@given(st.integers(0, 2_000), NUMBERS, NUMBERS)
async def test_the_named_differences_are_the_real_ones(size: int, less: set[int], more: set[int]) -> None:
    ours = set(range(1, size + 1)) - less
    theirs = (set(range(1, size + 1)) - more) | {it + size for it in list(less)[:3]}
    found, asked = await compared(ours, theirs)
    assert found.ours <= ours - theirs and found.theirs <= theirs - ours
    assert bool(found.ours | found.theirs) or len(ours) == len(theirs)
    assert len(found.ours) <= FEW and len(found.theirs) <= FEW
    assert asked <= log2(size + 1) + 2


async def test_a_list_that_lacks_a_whole_project_is_found_in_a_few_pages() -> None:
    ours = set(range(1, 20_001))
    found, asked = await compared(ours, {it for it in ours if it % 7})
    assert len(found.ours) == FEW and all(it % 7 == 0 for it in found.ours) and not found.theirs
    assert asked < 20


async def test_short_lists_are_compared_by_one_page() -> None:
    found, asked = await compared(set(range(1, PAGE)), set(range(2, PAGE + 1)))
    assert found == Differing(frozenset({1}), frozenset({PAGE})) and asked == 1
