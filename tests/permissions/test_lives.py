"""In random Redmines everybody is told the histories of exactly the tasks that Redmine shows them."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from helpdesk.reports.model import Life, Question, Selection
from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine.reports import RedmineReports
from tests.permissions.drawing import Row
from tests.permissions.oracle import Laboratory
from tests.permissions.sides import sql_backend
from tests.permissions.worlds import World, drawn

SEEDS = range(1, 61) if os.environ.get("SOAK") else (1,)
EVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
ARCHIVED = 9


def answered(world: World, issue: Row) -> datetime | None:
    """When a task was first commented on in public by somebody else, in the local time of the world."""
    journals = (row for row in world.tables["journals"] if row["journalized_id"] == issue["id"])
    return min(
        (
            row["created_on"]
            for row in journals
            if (row["notes"] or "").strip() and not row["private_notes"] and row["user_id"] != issue["author_id"]
        ),
        default=None,
    )


def told_right(world: World, life: Life, local: timedelta) -> bool:
    """Whether a history is that of the world's rows; its steps are those of tests/reports."""
    issue = world.by_id("issues")[life.id]
    expected = answered(world, issue)
    moment = None if expected is None else int((expected - local).replace(tzinfo=UTC).timestamp())
    return (life.project_id, life.author_id, life.statuses[-1][0], life.answered) == (
        issue["project_id"], issue["author_id"], issue["status_id"], moment,
    )  # fmt: skip


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.xdist_group("permissions 1")
async def test_histories_are_told_of_visible_tasks_alone(lab: Laboratory) -> None:
    for seed in SEEDS:
        world = drawn(seed)
        lab.settle(world)
        seen, every = lab.ask(world), sorted(world.by_id("issues"))
        users, projects, statuses = (world.by_id(name) for name in ("users", "projects", "issue_statuses"))
        async with sql_backend(lab.reader) as backend:
            assert backend.source
            source = RedmineReports(backend.source)
            moscow = backend.source.database.local(EVER[0]).replace(tzinfo=UTC) - EVER[0]
            for person in set(world.people) - world.locked:
                actor = Actor(person, users[person]["login"], users[person]["admin"])
                lives = await source.lives(actor, every)
                assert set(lives) == set(seen[person]["visible"]), f"world {seed}, person {person}"
                assert all(told_right(world, it, moscow) for it in lives.values()), f"world {seed}, person {person}"
                question = Question(Selection(), "created", EVER)
                parts = [it async for some in source.lives_of(actor, question) for it in some]
                assert {it.id: it for it in parts} == lives
            open_ones = {it.id async for some in source.open_lives(Selection()) for it in some}
            tracked = {row["project_id"] for row in world.tables["enabled_modules"] if row["name"] == "issue_tracking"}
            assert open_ones == {
                row["id"]
                for row in world.tables["issues"]
                if not statuses[row["status_id"]]["is_closed"]
                and row["project_id"] in tracked
                and projects[row["project_id"]]["status"] != ARCHIVED
            }
