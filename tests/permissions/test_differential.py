"""In random Redmines everybody sees and may do through us exactly what Redmine itself says. See docs/permissions.md.

One world, three hundred under `make soak`. SEED is the number of the first: with that of a world that differed it
is repeated.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from zlib import crc32

import httpx
import pytest

from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Actor, Task
from helpdesk.tasks.redmine.backend import RedmineBackend
from tests.permissions.facts import CHANGED
from tests.permissions.oracle import Laboratory
from tests.permissions.sides import compared, sql_backend
from tests.permissions.worlds import World, drawn
from tests.servers.process import free_port
from tests.servers.redmine_instance import FEW, serving

SOAK = bool(os.environ.get("SOAK"))
SEED = os.environ.get("SEED") or "1"
FIRST = int(SEED) if SEED.isdecimal() else crc32(SEED.encode())
PARTS, WORLDS = (12, 25) if SOAK else (1, 1)
SAMPLE = 1  # the world that is asked about over REST
SHOWN = 12  # so many differences are told; the first is the one to understand


def in_group(part: int) -> object:
    """Two workers share the parts, each with a laboratory of its own."""
    return pytest.param(part, marks=pytest.mark.xdist_group(f"permissions {part % 2}"))


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", [in_group(part) for part in range(PARTS)])
async def test_everybody_sees_and_may_do_what_redmine_says(
    lab: Laboratory, part: int, record_property: Callable[[str, object], None]
) -> None:
    differences = []
    for seed in range(FIRST + part * WORLDS, FIRST + (part + 1) * WORLDS):
        comparison = await compared(lab, seed)
        differences += comparison.differences
        assert comparison.counts.people == 19 and comparison.counts.blanks, f"seed {seed} compares nothing"
        record_property(f"world {seed}", str(comparison.counts))
    assert not differences, "\n".join([f"{len(differences)} differences", *differences[:SHOWN]])


@pytest.mark.xdist_group("permissions 0")
@pytest.mark.timeout(300)
async def test_redmines_rest_says_the_same_of_some(lab: Laboratory) -> None:
    """The models' answers are what Redmine's own requests show, too."""
    world = drawn(SAMPLE)
    lab.settle(world)
    busiest = sorted(lab.ask(world).items(), key=lambda told: len(told[1]["visible"]))
    people = [person for person, _ in busiest if person not in world.locked]
    with serving(lab.instance, FEW, free_port()) as url:
        async with sql_backend(lab.reader) as backend:
            for person in (people[0], people[len(people) // 2], people[-2], people[-1]):
                await _same_over_rest(world, backend, url, person)


async def _same_over_rest(world: World, backend: RedmineBackend, url: str, person: int) -> None:
    user = world.by_id("users")[person]
    actor = Actor(person, user["login"], user["admin"])
    page = await backend.tasks(actor, TaskQuery(include_closed=True, per_page=100))
    with _rest(world, url, person) as rest:
        listed = rest.get("/issues.json", params={"status_id": "*", "limit": 100})
        # To somebody who may view tasks nowhere Redmine says 403.
        told = listed.json() if listed.status_code == 200 else {"issues": [], "total_count": 0}
        assert (page.total, {row.id for row in page.rows}) == (told["total_count"], {it["id"] for it in told["issues"]})
        for row in page.rows[:3]:
            parts = {"include": "allowed_statuses,journals,attachments"}
            issue = rest.get(f"/issues/{row.id}.json", params=parts).json()["issue"]
            task = await backend.task(actor, row.id)
            assert _as_rest(task) == _told(issue)
            allowed = [status["id"] for status in issue["allowed_statuses"]]
            assert [status.id for status in task.choices.statuses] in (allowed, [])  # none where nothing may be edited


@contextmanager
def _rest(world: World, url: str, person: int) -> Iterator[httpx.Client]:
    key = next(row["value"] for row in world.tables["tokens"] if row["user_id"] == person)
    with httpx.Client(base_url=url, headers={"X-Redmine-API-Key": key}, trust_env=False, timeout=30) as client:
        yield client


def _as_rest(task: Task) -> object:
    entries = [(entry.id, [change.field for change in entry.changes]) for entry in task.entries]
    return task.row.subject, entries, [file.id for file in task.attachments], {held.field.id for held in task.custom}


def _told(issue: dict[str, list[dict[str, object]]]) -> object:
    journals = [(journal["id"], [_field(detail) for detail in journal["details"]]) for journal in issue["journals"]]
    fields = {held["id"] for held in issue.get("custom_fields", [])}
    return issue["subject"], journals, [file["id"] for file in issue["attachments"]], fields


def _field(detail: dict[str, str]) -> str:
    if detail["property"] == "attr":
        return CHANGED.get(detail["name"], detail["name"])
    return "custom_field" if detail["property"] == "cf" else detail["property"]
