"""Versions and locks: what is taken for one state, what is sent to Redmine, and what is told of others' changes.

Pure, on an imitated Redmine, and for what its own rules decide on a real one.
"""

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.errors import Conflict, Unavailable
from helpdesk.redmine_client import RedmineClient
from helpdesk.tasks.change_messages import overwritten
from helpdesk.tasks.model import Edit, Entry, FieldChange, Member, Written
from helpdesk.tasks.redmine.rest import lock_version
from helpdesk.tasks.redmine.rest.issue_update import TaskLocks
from tests.servers import imitated_redmine as imitation
from tests.servers.imitated_redmine import ANNA, IRINA, ISSUE, ImitatedRedmine, says
from tests.tasks.locks import KnowingLocks
from tests.tasks.test_redmine_failures import ACTOR, backend_at

TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda at: f"{at.replace(microsecond=0)}Z")
SEEN = st.tuples(TIMES, st.integers(0, 2**31)).map(lambda told: f"{told[0]}.{told[1]}")
LOCKS = st.integers(0, 2**31 - 1)
STARTED = Edit({"status": 2})
REFUSED = says(422, '{"errors": []}')


@given(SEEN, LOCKS)
def test_a_version_is_the_same_with_its_lock_and_without(seen: str, lock: int) -> None:
    known = f"{seen}.{lock}"
    assert lock_version.same(seen, seen) and lock_version.same(known, known)
    assert lock_version.same(seen, known) and lock_version.same(known, seen)
    assert lock_version.lock(None, seen, known) == lock and lock_version.lock(seen, "", None) is None


@given(SEEN, SEEN, LOCKS, LOCKS)
def test_versions_of_different_states_are_never_the_same(one: str, other: str, lock: int, another: int) -> None:
    assert lock_version.same(f"{one}.{lock}", f"{one}.{another}") == (lock == another)
    if one != other:
        for left in (one, f"{one}.{lock}"):
            for right in (other, f"{other}.{lock}", f"{other}.{another}"):
                assert not lock_version.same(left, right)


@given(st.text(max_size=40), SEEN | st.text(max_size=40))
def test_a_text_that_is_no_version_equals_only_itself(typed: str, other: str) -> None:
    if not lock_version.VERSION.fullmatch(typed):
        assert lock_version.same(typed, other) == (typed == other)


def entry(number: int, person: int, *changes: FieldChange) -> Entry:
    return Entry(number, Member(person, f"P{person}"), datetime.now(UTC), changes=changes)


ROOM = FieldChange("custom_field", "1", "2", "Room")
TEXT = FieldChange("description", None, None)
HISTORIES: dict[str, tuple[tuple[Entry, ...], set[int]]] = {
    "nobody else": ((entry(5, ANNA, FieldChange("status", "New", "Done")),), set()),
    "another, of another field": ((entry(4, IRINA, ROOM), entry(5, ANNA, FieldChange("status", "New", "Done"))), set()),
    "another before, the same field": (
        (entry(4, IRINA, ROOM), entry(5, ANNA, FieldChange("custom_field", "2", "3", "Room"))),
        {4},
    ),
    "a field of another name": (
        (entry(4, IRINA, ROOM), entry(5, ANNA, FieldChange("custom_field", "2", "3", "Floor"))),
        set(),
    ),
    "another afterwards": (
        (entry(5, ANNA, FieldChange("status", "New", "Done")), entry(6, IRINA, FieldChange("status", "Done", "New"))),
        set(),
    ),
    "two before, of whom the second replaced the first": (
        (
            entry(3, IRINA, FieldChange("status", "New", "Open")),
            entry(4, 7, FieldChange("status", "Open", "Held")),
            entry(5, ANNA, FieldChange("status", "Held", "Done")),
        ),
        {4},
    ),
    "one emptied it": (
        (entry(4, IRINA, FieldChange("assignee", "A", None)), entry(5, ANNA, FieldChange("assignee", None, "B"))),
        {4},
    ),
    "a text that histories do not quote": ((entry(4, IRINA, TEXT), entry(5, ANNA, TEXT)), {4}),
    "files beside each other": (
        (entry(4, IRINA, FieldChange("attachment", None, "a")), entry(5, ANNA, FieldChange("attachment", None, "b"))),
        set(),
    ),
}


@pytest.mark.parametrize("name", HISTORIES)
async def test_values_a_write_replaced_unseen_are_reported_from_the_history(name: str, server: ImitatedRedmine) -> None:
    entries, replaced = HISTORIES[name]
    async with backend_at(server.url) as backend:
        before = await backend.task(ACTOR, 7)
    written = Written(before, before._replace(entries=(*before.entries, *entries)))
    assert {other.id for other, _ in written.overwrote(ANNA)} == replaced
    told = [says.values["who"] for says in overwritten(written, ANNA)]
    assert told == [entry.author.name for entry in entries if entry.author and entry.id in replaced]


@asynccontextmanager
async def knowing(server: ImitatedRedmine, lock: Callable[[], int] = lambda: 0) -> AsyncIterator[KnowingLocks]:
    client = RedmineClient(server.url, "key")
    yield KnowingLocks(client, lambda _: lock())
    await client.close()


def sent(server: ImitatedRedmine) -> list[Any]:
    return [json.loads(request.body)["issue"] for request in server.requests if request.method == "PUT"]


async def test_fields_go_with_the_lock_that_was_read_and_comments_without(server: ImitatedRedmine) -> None:
    async with knowing(server) as backend:
        await backend.change(ACTOR, 7, STARTED)
        await backend.change(ACTOR, 7, Edit({"status": 2}, "held already"))
        await backend.comment(ACTOR, 7, "by itself")
    assert [body.get("lock_version") for body in sent(server)] == [0, None, None]


async def test_without_a_lock_none_is_made_up_but_a_page_may_know_it(server: ImitatedRedmine) -> None:
    async with backend_at(server.url) as backend:
        version = (await backend.task(ACTOR, 7)).version
        await backend.change(ACTOR, 7, STARTED._replace(version=f"{version}.12"))
        server.issue["status"] = imitation.NEW
        await backend.change(ACTOR, 7, STARTED)
    assert [body.get("lock_version") for body in sent(server)] == [12, None]


async def test_a_page_of_the_other_way_of_reading_is_not_stale_for_that(server: ImitatedRedmine) -> None:
    async with backend_at(server.url) as backend:
        version = (await backend.task(ACTOR, 7)).version
    async with knowing(server) as backend:
        await backend.change(ACTOR, 7, STARTED._replace(version=version))
        for stale in ("2026-11-20T09:30:01Z.1", f"{version}1", f"{version}.7", "nonsense"):
            with pytest.raises(Conflict):
                await backend.change(ACTOR, 7, Edit({"status": 1}, version=stale))
    assert len(sent(server)) == 1


async def test_a_refused_lock_is_tried_again_only_for_who_named_no_version(server: ImitatedRedmine) -> None:
    async def refuses_once(writer: Any, request: imitation.Request) -> None:
        server.answers.clear()
        await REFUSED(writer, request)

    async with knowing(server) as backend:
        version = (await backend.task(ACTOR, 7)).version
        server.answers[f"PUT {ISSUE}"] = refuses_once
        with pytest.raises(Conflict) as conflict:
            await backend.change(ACTOR, 7, STARTED._replace(version=version))
        assert getattr(conflict.value.current, "id", None) == 7 and len(sent(server)) == 1
        server.answers[f"PUT {ISSUE}"] = refuses_once
        assert (await backend.change(ACTOR, 7, STARTED)).after.row.status.id == 2
        server.issue["status"], server.answers[f"PUT {ISSUE}"] = imitation.NEW, REFUSED
        with pytest.raises(Conflict):
            await backend.change(ACTOR, 7, STARTED)
    assert len(sent(server)) == 5


async def test_a_refused_lock_was_surely_not_written_even_when_nobody_can_look(server: ImitatedRedmine) -> None:
    async def refuses_and_dies(writer: Any, request: imitation.Request) -> None:
        server.answers[ISSUE] = imitation.hang_up
        await REFUSED(writer, request)

    server.answers[f"PUT {ISSUE}"] = refuses_and_dies
    async with knowing(server) as backend:
        with pytest.raises(Unavailable) as failure:
            await backend.change(ACTOR, 7, STARTED)
    assert failure.value.code == "unavailable" and len(sent(server)) == 1


async def test_a_change_that_another_replaced_at_once_was_done_all_the_same(server: ImitatedRedmine) -> None:
    """An administrator's change of status comes between our write and our look at it."""

    async def is_replaced(writer: Any, request: imitation.Request) -> None:
        answer = server.save(request)
        server.issue["status"] = imitation.NEW
        detail = {"property": "attr", "name": "status_id", "old_value": "2", "new_value": "1"}
        ours, irina = server.issue["journals"][-1], {"id": IRINA, "name": "Irina Test"}
        server.issue["journals"].append({**ours, "id": 9, "user": irina, "details": [detail]})
        await answer(writer, request)

    server.answers[f"PUT {ISSUE}"] = is_replaced
    async with backend_at(server.url) as backend:
        written = await backend.change(ACTOR, 7, STARTED)
    assert written.after.row.status.id == 1 and written.overwrote(ANNA) == ()


async def test_changes_of_one_task_take_turns_and_nothing_is_remembered_of_them() -> None:
    turns, inside, most = TaskLocks(), 0, 0

    async def change(task: int) -> None:
        nonlocal inside, most
        async with turns.of(task):
            inside += task == 7
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= task == 7

    await asyncio.gather(*(change(task) for task in [7, 8, 9] * 20))
    gc.collect()
    assert most == 1 and len(turns) == 0
