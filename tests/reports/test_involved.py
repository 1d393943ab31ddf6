"""Who works on a task and who watches it, for warnings, in every backend that can tell it."""

from helpdesk.tasks.model import Edit
from tests.reports.sources import IN_ALL, reports
from tests.tasks.worlds import World

pytestmark = IN_ALL


async def test_a_task_is_told_with_its_people_and_one_that_is_gone_is_not(world: World) -> None:
    anna, boris = world.actor("anna"), world.actor("boris")
    task, other = world.new_task("Стул", project="office", assignee="anna"), world.new_task("Стол")
    await world.backend.watch(boris, task, True)
    await world.backend.change(anna, other, Edit({"assignee": None}))
    found = await reports(world).involved([task, other, 4_000_000])
    assert found.keys() == {task, other}
    assert (found[task].subject, found[task].project_id) == ("Стул", world.project("office"))
    assert (found[task].assignees, found[task].watchers >= {boris.id}) == ({anna.id}, True)
    assert (found[other].assignees, boris.id in found[other].watchers) == (set(), False)
    assert await reports(world).involved([]) == {}
