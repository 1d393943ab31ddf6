"""What the service of requests does over every backend."""

from datetime import UTC, datetime, timedelta

import pytest

from helpdesk.errors import Invalid, NotAllowed, NotFound
from helpdesk.requests.model import RequestQuery
from helpdesk.tasks.model import Edit
from tests.requests.desk import Desk
from tests.tasks.worlds import World
from tests.world import EmbeddedWorld

pytestmark = pytest.mark.usefixtures("nothing_is_set_up")


async def test_a_request_is_its_authors_and_whoevers_address_stands_in_its_field(world: World, desk: Desk) -> None:
    own, foreign, addressed = world.new_task("Своя"), world.new_task(author="boris"), world.new_task(author="boris")
    desk.address(addressed, "Пётр <p@x.ru>, Irina <IRINA@msk.example.test>")
    desk.address(foreign, "joirina@example.test, irina@example.test.ru, irina+a@example.test")
    irina, unproven = await desk.who("irina"), await desk.who("irina")
    assert await desk.service.visible(irina, [own, foreign, addressed]) == {own}, "the address is not proven yet"
    desk.set("irina", is_email_proven=True)
    irina = await desk.who("irina")
    assert await desk.service.visible(irina, [own, foreign, addressed]) == {own, addressed}
    listed = {row.id for row in (await desk.service.page(irina, RequestQuery(per_page=5_000))).rows}
    assert {own, addressed} <= listed and foreign not in listed
    assert (await desk.service.show(irina, addressed)).id == addressed
    for number in (foreign, 999_999):
        with pytest.raises(NotFound):
            await desk.service.show(irina, number)
    with pytest.raises(NotFound):
        await desk.service.show(unproven, addressed)


async def test_a_person_can_be_noted_as_who_asked(world: World, desk: Desk) -> None:
    """By the proven address alone; where somebody else's stands, Redmine has room for no other."""
    task, named = world.new_task(author="boris"), world.new_task(author="boris")
    number = (await desk.who("irina")).person.id
    desk.address(named, "p@x.ru")
    desk.set("irina", is_email_proven=False)
    await desk.service.add_requester(task, number)
    desk.set("irina", is_email_proven=True)
    irina = await desk.who("irina")
    assert await desk.service.visible(irina, [task]) == frozenset()
    for _ in range(2):
        await desk.service.add_requester(task, number)
        await desk.service.add_requester(named, number)
    takes_several = isinstance(world, EmbeddedWorld)
    assert await desk.service.visible(irina, [task, named]) == {task, *([named] if takes_several else [])}
    if takes_several:
        addresses = [(await desk.service.source.ownerships([it]))[it].fields for it in (task, named)]
        assert addresses == [("irina@example.test",), ("p@x.ru, irina@example.test",)], "each once"
    for nobody, gone in ((number, 999_999), (999_999, task)):
        await desk.service.add_requester(gone, nobody)


async def test_another_person_takes_the_place_of_who_was_noted(world: World, desk: Desk) -> None:
    """By whoever may change the task: all that others wrote stays, and an author stays the author."""
    task, anna = world.new_task(author="boris"), world.actor("anna")
    desk.set("irina", is_email_proven=True)
    desk.set("stranger", is_email_proven=True)
    irina, stranger = await desk.who("irina"), await desk.who("stranger")
    ids = irina.person.id, stranger.person.id
    await desk.service.add_requester(task, ids[0])
    await desk.service.correct_requester(anna, task, *ids)
    assert await desk.service.visible(irina, [task]) == frozenset()
    assert await desk.service.visible(stranger, [task]) == {task}
    await desk.service.correct_requester(anna, task, *ids)
    assert await desk.service.visible(stranger, [task]) == {task}, "again changes nothing"
    await desk.service.correct_requester(anna, task, ids[1], None)
    assert await desk.service.visible(stranger, [task]) == frozenset()
    await desk.service.correct_requester(anna, task, None, ids[0])
    assert await desk.service.visible(irina, [task]) == {task}


async def test_who_may_not_change_a_task_corrects_no_requester(world: World, desk: Desk) -> None:
    task, unseen = world.new_task(author="boris"), world.new_task(author="boris")
    desk.set("irina", is_email_proven=True)
    desk.set("stranger", is_email_proven=True)
    irina, stranger = await desk.who("irina"), await desk.who("stranger")
    await desk.service.add_requester(task, irina.person.id)
    for login in ("irina", "stranger"):
        with pytest.raises((NotAllowed, NotFound)):
            await desk.service.correct_requester(world.actor(login), task, irina.person.id, stranger.person.id)
    with pytest.raises(NotFound):
        await desk.service.correct_requester(world.actor("stranger"), unseen, None, None)
    own = world.new_task(author="irina")
    assert (await world.backend.task(world.actor("irina"), own)).choices.details == frozenset(), "she only reads it"
    with pytest.raises(NotAllowed):
        await desk.service.correct_requester(world.actor("irina"), own, None, stranger.person.id)
    assert await desk.service.visible(stranger, [own]) == frozenset()
    assert await desk.service.visible(irina, [task]) == {task}
    assert await desk.service.visible(stranger, [task]) == frozenset()


async def test_whom_others_have_named_stays_beside_another_person(world: World, desk: Desk) -> None:
    """Where there is room for one address, nobody comes beside it, and that is told."""
    task, anna = world.new_task(author="boris"), world.actor("anna")
    desk.set("irina", is_email_proven=True)
    desk.address(task, "Пётр <p@x.ru>")
    irina = await desk.who("irina")
    if isinstance(world, EmbeddedWorld):
        await desk.service.correct_requester(anna, task, None, irina.person.id)
    else:
        with pytest.raises(NotAllowed):
            await desk.service.correct_requester(anna, task, None, irina.person.id)
    named = (await desk.service.source.ownerships([task]))[task].fields
    assert [it for it in named if it] == ["Пётр <p@x.ru>" + ", irina@example.test" * isinstance(world, EmbeddedWorld)]


async def test_a_requester_who_can_not_be_corrected_is_told(world: World, desk: Desk) -> None:
    """Of what others wrote nothing goes, and without a proven address nobody comes."""
    task, anna = world.new_task(author="boris"), world.actor("anna")
    desk.address(task, "Irina <irina@example.test>")
    desk.set("irina", is_email_proven=True)
    desk.set("stranger", is_email_proven=False)
    irina, stranger = await desk.who("irina"), await desk.who("stranger")
    with pytest.raises(NotAllowed):
        await desk.service.correct_requester(anna, task, irina.person.id, None)
    assert await desk.service.visible(irina, [task]) == {task}
    desk.address(task, "irina@example.test")
    with pytest.raises(NotAllowed):
        await desk.service.correct_requester(anna, task, irina.person.id, stranger.person.id)
    assert await desk.service.visible(irina, [task]) == frozenset(), "the wrong one is gone nevertheless"


async def test_a_request_shows_what_is_public_alone(world: World, desk: Desk) -> None:
    task, anna = world.new_task(), world.actor("anna")
    await world.backend.comment(anna, task, "Смотрю")
    await world.backend.comment(anna, task, "Опять она", private=True)
    await world.backend.change(anna, task, Edit({"status": world.status("in_progress")}))
    await world.backend.change(anna, task, Edit({"priority": world.priority("urgent")}))
    request = await desk.service.show(await desk.who("irina"), task)
    told = [(entry.notes, [change.field for change in entry.changes]) for entry in request.entries]
    assert told == [("Смотрю", []), ("", ["status"])] and request.phase == "active"
    assert not any(entry.private or entry.may_edit for entry in request.entries)


async def test_a_search_finds_nothing_by_private_comments(world: World, desk: Desk) -> None:
    task, anna, irina = world.new_task("Стул у окна"), world.actor("anna"), await desk.who("irina")
    await world.backend.comment(anna, task, "Позовём столяра")
    await world.backend.comment(anna, task, "Сама сломала", private=True)
    found = {}
    for word in ("окна", "столяра", "сломала"):
        found[word] = task in {row.id for row in (await desk.service.page(irina, RequestQuery(search=word))).rows}
    assert found == {"окна": True, "столяра": "comments" in world.backend.capabilities.searches, "сломала": False}


async def test_an_answer_reopens_what_waits_and_others_see_it(world: World, desk: Desk) -> None:
    task, anna, irina = world.new_task(), world.actor("anna"), await desk.who("irina")
    await world.backend.change(anna, task, Edit({"status": world.status("in_progress")}))
    request = await desk.service.answer(irina, task, "Вот ещё что")
    assert request.entries[-1].notes == "Вот ещё что" and request.reopens is None
    assert request.entries[-1].author and request.entries[-1].author.id == world.actor("irina").id
    seen = await world.backend.task(anna, task)
    assert seen.entries[-1].notes == "Вот ещё что" and not seen.entries[-1].private
    with pytest.raises(Invalid):
        await desk.service.answer(irina, task, " \n")
    with pytest.raises(NotFound):
        await desk.service.answer(await desk.who("stranger"), task, "Я чужой")
    assert len((await world.backend.task(anna, task)).entries) == len(seen.entries)


async def test_a_grade_is_kept_and_may_be_given_again(world: World, desk: Desk) -> None:
    task, irina = world.new_task(status="closed"), await desk.who("irina")
    with pytest.raises(Invalid):
        await desk.service.solve(irina, task, grade=6)
    assert (await desk.service.show(irina, task)).grade is None
    await desk.service.solve(irina, task, grade=2)
    request = await desk.service.solve(irina, task, grade=5, word=" Спасибо ")
    assert request.grade and (request.grade.grade, request.grade.word) == (5, "Спасибо")
    desk.set("stranger", is_email_proven=True)
    desk.address(task, "stranger@example.test")
    stranger = await desk.who("stranger")
    assert (await desk.service.show(stranger, task)).grade is None, "each requester has a grade of their own"
    other = await desk.service.solve(stranger, task, grade=1)
    assert other.grade and other.grade.grade == 1
    assert (await desk.service.show(irina, task)).grade == request.grade
    assert sorted(it.grade for it in await desk.service.grades(task)) == [1, 5]


@pytest.mark.usefixtures("long_after_others")
async def test_what_staff_do_among_themselves_changes_nothing_that_a_requester_sees(world: World, desk: Desk) -> None:
    task, anna, irina = world.new_task(), world.actor("anna"), await desk.who("irina")
    before = await desk.service.show(irina, task)
    await world.backend.comment(anna, task, "Опять она", private=True)
    await world.backend.change(anna, task, Edit({"priority": world.priority("urgent")}))
    after = await desk.service.show(irina, task)
    assert (after.version, after.updated_on) == (before.version, before.updated_on)
    await world.backend.comment(anna, task, "Смотрю")
    told = await desk.service.show(irina, task)
    assert told.version != before.version and told.updated_on == told.entries[-1].created_on


async def test_activity_is_what_others_did_to_open_requests(world: World, desk: Desk) -> None:
    began = datetime.now(UTC) - timedelta(seconds=2)
    task, closed, anna = world.new_task("Стул"), world.new_task(status="closed"), world.actor("anna")
    await world.backend.comment(anna, task, "Несу новый")
    await world.backend.comment(anna, task, "Ох уж эти стулья", private=True)
    await world.backend.change(anna, task, Edit({"status": world.status("in_progress")}))
    irina = await desk.who("irina")
    await desk.service.answer(irina, task, "Жду")
    told = [it for it in await desk.service.activity(irina, began, 50) if it.task_id in (task, closed)]
    assert sorted((it.comment, bool(it.status)) for it in told) == [("", True), ("Несу новый", False)]
    assert all(it.author and it.author.id == anna.id for it in told)


async def test_tasks_with_addresses_that_look_alike_take_no_place_of_ones_own(world: World, desk: Desk) -> None:
    desk.set("irina", is_email_proven=True)
    own, addressed = world.new_task(), world.new_task(author="boris")
    desk.address(addressed, "irina@example.test")
    for _ in range(3):
        desk.address(world.new_task(author="boris"), "joirina@example.test")
    irina = await desk.who("irina")
    assert list(await desk.service.source.own(irina, 2)) == [addressed, own]


async def test_similar_requests_have_most_of_the_words(world: World, desk: Desk) -> None:
    near, far = world.new_task("Не печатает принтёр у входа"), world.new_task("Сломался стул")
    found = await desk.service.similar(await desk.who("irina"), "принтеры не печатают", 100)
    assert near in {row.id for row in found} and far not in {row.id for row in found}
