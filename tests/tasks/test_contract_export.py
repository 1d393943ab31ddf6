"""What every tracker does with a list that is read to its end: nothing is lost or doubled, whatever happens."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from helpdesk.tasks.embedded import backend as embedded
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Edit, TaskRow
from helpdesk.tasks.redmine import backend
from helpdesk.tasks.redmine.rest import lists as rest
from tests.tasks.worlds import World

pytestmark = pytest.mark.usefixtures("nothing_is_set_up")

PAGE = 4


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (embedded, rest, backend):
        monkeypatch.setattr(module, "EXPORTED_AT_ONCE", PAGE)
    monkeypatch.setattr(rest, "OVERLAPPING", PAGE - 1)


def several(world: World, number: int) -> tuple[TaskQuery, list[int]]:
    """So many tasks, and what finds them alone."""
    mark = f"выгрузка{uuid4().hex}"
    ids = [world.new_task(f"{mark} {place:02}") for place in range(number)]
    return TaskQuery(search=mark, include_closed=True, sort="subject", descending=False, page=3, per_page=1), ids


async def pages_of(world: World, login: str, query: TaskQuery) -> AsyncIterator[tuple[TaskRow, ...]]:
    async for page in world.backend.export(world.actor(login), query):
        assert page
        yield page


@pytest.mark.usefixtures("small_pages")
async def test_all_pages_come_in_the_order_of_the_list(world: World) -> None:
    query, ids = several(world, 0)
    for number in (0, 1, PAGE, PAGE + 1, 2 * PAGE + 3):
        ids += [world.new_task(f"{query.search} {place:02}") for place in range(len(ids), number)]
        found = [row async for page in pages_of(world, "anna", query) for row in page]
        assert [row.id for row in found] == ids and len(ids) == number
        whole = await world.backend.tasks(world.actor("anna"), query._replace(page=1, per_page=100))
        assert found == list(whole.rows)
        turned = query._replace(descending=True)
        assert [row.id async for page in pages_of(world, "anna", turned) for row in page] == ids[::-1]


async def test_nobody_exports_what_another_may_not_see(world: World) -> None:
    query, ids = several(world, 2)
    assert [page async for page in pages_of(world, "stranger", query)] == []
    alone = query._replace(search=f"#{ids[1]}")
    assert [row.id async for page in pages_of(world, "anna", alone) for row in page] == [ids[1]]


@pytest.mark.usefixtures("small_pages")
async def test_a_row_that_stays_in_the_list_is_exported_once_whatever_changes_meanwhile(world: World) -> None:
    """After the first page some of it are taken away, and some of what comes later moves to the front."""
    query, ids = several(world, 4 * PAGE)
    anna, admin, found = world.actor("anna"), world.actor("admin"), list[int]()
    async for page in pages_of(world, "anna", query):
        if not found:
            for number in page[1:3]:
                await world.backend.delete(admin, number.id)
            for number in (ids[-1], ids[2 * PAGE]):
                await world.backend.change(anna, number, Edit(details={"subject": f"{query.search} -"}))
        found += [row.id for row in page]
    assert len(found) == len(set(found)) and set(found) == set(ids)
