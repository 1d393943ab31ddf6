"""Writes of the same moment, in every backend: comments hinder nobody, and each is answered with what it wrote."""

import asyncio
import os
from uuid import uuid4

import httpx
import pytest

from helpdesk.tasks.model import Actor, Edit, Written
from helpdesk.tasks.redmine.backend import RedmineBackend
from helpdesk.tasks.redmine.rest.calls import Claims
from tests.tasks.test_contract_files import stage
from tests.tasks.worlds import RedmineWorld, World

pytestmark = pytest.mark.usefixtures("nothing_is_set_up")

AT_ONCE = 40 if os.environ.get("SOAK") else 10


@pytest.fixture(autouse=True)
def no_haste(request: pytest.FixtureRequest) -> None:
    """A busy machine is slow, and Redmine with it: that is told elsewhere."""
    for name in {"world", "redmine_world"} & set(request.fixturenames):
        if isinstance(world := request.getfixturevalue(name), RedmineWorld):
            world.client.deadline, world.client.http.timeout = 60, httpx.Timeout(60)


def answered(written: Written, person_id: int) -> tuple[int, str]:
    entry = written.comment_of(person_id)
    return entry.id, entry.notes


@pytest.mark.soak
async def test_comments_of_one_moment_are_all_kept_and_each_is_answered_with_its_own(world: World) -> None:
    number, people = world.new_task(), ("anna", "anna", "boris", "irina")
    said = [(people[place % len(people)], f"Сразу № {place} {uuid4()}") for place in range(AT_ONCE)]

    async def comment(login: str, text: str) -> tuple[int, str]:
        who = world.actor(login)
        return answered(await world.backend.comment(who, number, text), who.id)

    answers = await asyncio.gather(*(comment(*each) for each in said))
    assert [text for _, text in answers] == [text for _, text in said]
    entries = (await world.backend.task(world.actor("anna"), number)).entries
    assert {(entry.id, entry.notes) for entry in entries} == set(answers) and len(entries) == AT_ONCE
    mended = await world.backend.edit_comment(world.actor("anna"), number, answers[4][0], "Исправлено")
    texts = {entry.id: entry.notes for entry in mended.after.entries}
    assert texts == dict(answers) | {answers[4][0]: "Исправлено"}


async def test_the_same_comment_twice_in_one_moment_is_two_comments(world: World, anna: Actor, number: int) -> None:
    said = ["Одно и то же"] * 4
    written = await asyncio.gather(*(world.backend.comment(anna, number, text) for text in said))
    ids = {answered(each, anna.id)[0] for each in written}
    assert len(ids) == len(said)
    assert {entry.id for entry in (await world.backend.task(anna, number)).entries} == ids


async def test_a_public_and_a_private_comment_of_the_same_words_are_told_apart(
    world: World, anna: Actor, number: int
) -> None:
    made = await asyncio.gather(*(world.backend.comment(anna, number, "Слово", private) for private in (True, False)))
    assert [each.comment_of(anna.id).private for each in made] == [True, False]


async def test_a_comment_beside_a_change_and_files_beside_files_are_distinguished(
    world: World, anna: Actor, number: int
) -> None:
    names = [f"{place}.txt" for place in range(3)]
    staged = [await stage(world, "anna", name.encode(), name) for name in names]
    change, comment, *added = await asyncio.gather(
        world.backend.change(anna, number, Edit({"status": world.status("in_progress")}, "Беру")),
        world.backend.comment(anna, number, "Отдельно"),
        *(world.backend.change(anna, number, Edit(files=(file,))) for file in staged),
    )
    assert [(it.notes, it.has_change("status")) for it in change.own_entries(anna.id)] == [("Беру", True)]
    assert [(it.notes, it.changes) for it in comment.own_entries(anna.id)] == [("Отдельно", ())]
    assert [[file.filename for file in each.added_files] for each in added] == [[name] for name in names]


async def test_comments_of_several_processes_and_of_redmines_own_pages_are_all_kept(
    redmine_world: RedmineWorld,
) -> None:
    """No turns hold these apart: whom Redmine refuses for that is tried again."""
    world, number = redmine_world, redmine_world.new_task()
    backends = [RedmineBackend(world.client, "textile") for _ in range(4)]
    anna, said = world.actor("anna"), [f"Издалека № {place}" for place in range(12)]
    for backend in backends:
        await backend.task(anna, number)
    written = await asyncio.gather(
        *(backends[place % 4].comment(anna, number, text) for place, text in enumerate(said))
    )
    assert [answered(each, anna.id)[1] for each in written] == said
    kept = sorted(entry.notes for entry in (await world.backend.task(anna, number)).entries)
    assert kept == sorted(said)


def test_uncertain_attempts_take_only_what_others_leave() -> None:
    claims = Claims()
    with claims.among("a") as sure, claims.among("a") as lost, claims.among("b") as other:
        assert other.take([1]) == 1
        assert lost.take([1], surely=False) is None
        assert sure.take([1]) == 1 and sure.equal is lost.equal
        assert lost.take([1], surely=False) is None and lost.take([2, 1], surely=False) == 2
    del sure, lost, other
    assert len(claims) == 0


@pytest.mark.parametrize("found", [[], [1], [3, 1, 2]])
def test_equal_writes_take_different_numbers(found: list[int]) -> None:
    claims = Claims()
    with claims.among("a") as one, claims.among("a") as two, claims.among("a") as three:
        taken = [each.take(found) for each in (one, two, three)]
    assert [number for number in taken if number] == sorted(found)
