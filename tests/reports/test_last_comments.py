"""The last comment that a person may read on each of many tasks, in every backend that can tell it."""

from datetime import UTC, datetime, timedelta

from helpdesk.reports.model import LONGEST_BEGINNING
from helpdesk.tasks.model import Edit
from tests.reports.sources import IN_ALL, reports
from tests.tasks.worlds import World

pytestmark = IN_ALL


async def test_each_reads_the_last_comment_that_they_may_read(world: World) -> None:
    anna, irina = world.actor("anna"), world.actor("irina")
    silent, talked, hidden = (world.new_task(it, author="irina") for it in ("Тихо", "Речь", "Тайна"))
    await world.backend.comment(irina, talked, "Когда ждать?")
    await world.backend.comment(anna, talked, "Ы\N{GRINNING FACE}" * LONGEST_BEGINNING)
    await world.backend.comment(anna, talked, "между нами", private=True)
    await world.backend.change(anna, talked, Edit({"status": world.status("in_progress")}))
    await world.backend.comment(anna, hidden, "только нам", private=True)
    asked = [silent, talked, hidden, 4_000_000]
    own, others = await reports(world).last_comments(anna, asked), await reports(world).last_comments(irina, asked)
    assert {id: it.text for id, it in own.items()} == {talked: "между нами", hidden: "только нам"}
    assert {id: it.text for id, it in others.items()} == {
        talked: ("Ы\N{GRINNING FACE}" * LONGEST_BEGINNING)[:LONGEST_BEGINNING]
    }
    assert own[talked].author == others[talked].author == (await reports(world).names(anna, [anna.id]))[anna.id]
    assert abs(own[talked].created_on - datetime.now(UTC)) < timedelta(minutes=10)
    assert await reports(world).last_comments(world.actor("stranger"), asked) == {}
    assert await reports(world).last_comments(anna, []) == {}
