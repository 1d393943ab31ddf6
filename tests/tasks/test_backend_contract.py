"""What every tracker does, proven on the embedded one and on a real Redmine."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from helpdesk.errors import Conflict, Invalid, NotAllowed, NotFound, TransitionNotAllowed, Unchanged
from helpdesk.tasks.lists import TaskQuery, Vocabulary
from helpdesk.tasks.model import Actor, Edit, Field
from helpdesk.tasks.phases import Rule, Summary
from tests.tasks.worlds import World

pytestmark = pytest.mark.usefixtures("nothing_is_set_up")

HOSTILE = "'\"><script>alert(1)</script> {{7*7}} %s %(a)s \\ `x` ё 😀\n\nвторая строка"


async def ids(world: World, login: str, **query: object) -> list[int]:
    """The latest twelve, whose first are those that a test has just made: Redmine takes long over each row."""
    mine = {} if "authors" in query else {"assignees": ("me",)}
    page = await world.backend.tasks(world.actor(login), TaskQuery(**{"per_page": 12, "sort": "id", **mine, **query}))
    return [row.id for row in page.rows]


async def summary(world: World, login: str, query: TaskQuery) -> Summary:
    query = query._replace(per_page=2)
    page = await world.backend.tasks(world.actor(login), query, summed=True)
    plain = await world.backend.tasks(world.actor(login), query)
    assert page.summary and (plain.summary, plain.total) == (None, page.total)
    return page.summary


async def test_a_task_stands_in_its_assignees_list_with_what_a_row_shows(world: World) -> None:
    number = world.new_task("Сломался стул", project="office", priority="high")
    page = await world.backend.tasks(world.actor("anna"), TaskQuery(("me",), sort="id", per_page=12))
    row = next(row for row in page.rows if row.id == number)
    assert (row.subject, row.status.id, row.status.is_closed) == ("Сломался стул", world.status("new"), False)
    assert (row.priority.id, row.priority.rank, row.project.id) == (world.priority("high"), 2, world.project("office"))
    assert row.assignee and row.author
    assert (row.assignee.name, row.author.name) == (world.name("anna"), world.name("irina"))
    assert row.created_on.tzinfo and row.updated_on >= row.created_on


async def test_a_list_holds_what_is_mine_and_nothing_else(world: World) -> None:
    hers, his = world.new_task(assignee="anna"), world.new_task(assignee="boris")
    assert hers in await ids(world, "anna") and his not in await ids(world, "anna")
    assert {hers, his} <= set(await ids(world, "irina", authors=("me",)))
    assert hers not in await ids(world, "boris", authors=("me",))


async def test_closed_tasks_are_listed_only_when_asked_for(world: World) -> None:
    number = world.new_task(status="closed")
    assert number not in await ids(world, "anna")
    assert number in await ids(world, "anna", include_closed=True)
    assert number in await ids(world, "anna", status_ids=(world.status("closed"),))


async def test_filters_narrow_the_list(world: World) -> None:
    number = world.new_task("Отбор по полям", project="office", status="in_progress", priority="urgent")
    both = (world.status("in_progress"), world.status("resolved"))
    for found in ({"status_ids": both}, {"priority_ids": (world.priority("urgent"),)}, {"search": "отбор полям"}):
        assert number in await ids(world, "anna", **found)
    assert number in await ids(world, "anna", project_ids=(world.project("office"),))
    assert number not in await ids(world, "anna", project_ids=(world.project("help"),))
    assert number not in await ids(world, "anna", status_ids=(world.status("new"),))
    assert number not in await ids(world, "anna", search="такого слова тут нет")


async def test_everything_visible_is_listed_when_nobody_is_named(world: World) -> None:
    subject = f"Общий список {uuid4().hex}"
    search = subject.lower()
    hers = world.new_task(subject, assignee="boris", author="anna")
    own = world.new_task(subject, assignee="boris", author="irina")
    assert {hers, own} <= set(await ids(world, "anna", assignees=(), search=search))
    assert await ids(world, "irina", assignees=(), search=search, authors=("me",)) == [own]
    assert hers not in await ids(world, "irina", assignees=(), search=search)
    assert await ids(world, "stranger", assignees=(), search=search) == []


async def test_people_trackers_and_days_narrow_the_list(world: World) -> None:
    number = world.new_task("Сужение", assignee="boris")
    nobodys = world.new_task("Сужение", assignee=None)
    anna, boris = world.actor("anna"), world.actor("boris")
    task = await world.backend.task(anna, number)

    async def found(**query: object) -> set[int]:
        return set(await ids(world, "anna", **{"assignees": (), "search": "сужение", **query})) & {number, nobodys}

    assert await found(assignees=(boris.id,)) == {number}
    assert await found(assignees=("nobody",)) == {nobodys}
    assert await found(authors=(world.actor("irina").id,)) == {number, nobodys}
    assert await found(tracker_ids=(task.row.tracker.id,)) == {number, nobodys}
    assert await found(tracker_ids=(4_711,)) == set()
    assert await found(updated_since=task.row.updated_on) >= {number}
    assert await found(updated_since=task.row.updated_on + timedelta(days=1)) == set()
    assert await found(due_by=date(2000, 1, 1)) == set()


async def test_the_summary_counts_by_the_trackers_own_flags(world: World) -> None:
    query = TaskQuery((world.actor("boris").id,), project_ids=(world.project("warehouse"),))
    before = await summary(world, "anna", query)
    for status in ("new", "in_progress", "closed"):
        world.new_task(project="warehouse", author="boris", assignee="boris", status=status)
    after = await summary(world, "anna", query._replace(page=3))
    assert tuple(now - then for now, then in zip(after, before, strict=True)) == (1, 1, 0, 1)
    assert after.total == after.open + after.done and after.open == after.new + after.active
    assert await summary(world, "stranger", query) == (0, 0, 0, 0)


async def test_the_summary_counts_tasks_of_any_status_and_the_total_those_of_the_list(world: World) -> None:
    for status in ("new", "in_progress", "closed"):
        world.new_task(status=status)
    whole = await summary(world, "anna", TaskQuery(("me",)))
    assert min(whole.new, whole.active, whole.done) > 0
    for names in (("new",), ("in_progress", "closed"), ("new", "new")):
        chosen = TaskQuery(("me",), status_ids=tuple(map(world.status, names)), per_page=1)
        assert await summary(world, "anna", chosen) == whole, names
    assert await summary(world, "anna", TaskQuery(("me",), status_ids=(0,))) == whole


async def test_the_summary_of_a_number_finds_its_task_in_any_status(world: World) -> None:
    number = world.new_task("Сама задача", status="closed", assignee="boris")
    world.new_task(f"Инвентарный номер 00{number}")
    for search in (str(number), f"#{number}"):
        query = TaskQuery(("me",), search=search)
        whole = await summary(world, "anna", query)
        assert whole.done > 0
        assert await summary(world, "anna", query._replace(status_ids=(world.status("new"),))) == whole, search


async def test_a_status_that_administrators_call_waiting_is_counted_as_waiting(world: World) -> None:
    for status in ("new", "in_progress", "closed"):
        world.new_task(status=status)
    anna, rules = world.actor("anna"), {world.status(it): Rule("waiting") for it in ("in_progress", "closed")}
    plain = await summary(world, "anna", TaskQuery(("me",)))
    found = (await world.backend.tasks(anna, TaskQuery(("me",), per_page=1), summed=True, rules=rules)).summary
    assert (
        found and found == (await world.backend.statistics(anna, TaskQuery(("me",)), datetime.now(UTC), rules)).summary
    )
    in_progress = TaskQuery(("me",), status_ids=(world.status("in_progress"),), per_page=1)
    of_status = await world.backend.tasks(anna, in_progress)
    assert (found.new, found.active + found.waiting, found.done) == (plain.new, plain.active, plain.done)
    assert found.waiting == of_status.total > 0


async def test_pages_divide_the_list_and_the_total_counts_all(world: World) -> None:
    made = {world.new_task(f"Страница {n}", project="warehouse", author="boris") for n in range(3)}
    query = TaskQuery(("me",), project_ids=(world.project("warehouse"),), sort="id", per_page=2)
    first = await world.backend.tasks(world.actor("anna"), query)
    seen = [row.id for row in first.rows]
    for number in range(2, first.pages + 1):
        seen += [row.id for row in (await world.backend.tasks(world.actor("anna"), query._replace(page=number))).rows]
    assert len(first.rows) == 2 and len(seen) == len(set(seen)) == first.total
    assert made <= set(seen) and seen == sorted(seen, reverse=True)


async def test_a_page_beyond_the_last_is_empty_and_still_knows_the_total(world: World) -> None:
    world.new_task()
    page = await world.backend.tasks(world.actor("anna"), TaskQuery(("me",), page=1_000))
    assert page.rows == () and page.total > 0


async def test_a_number_finds_a_visible_task_whosever_it_is(world: World) -> None:
    number = world.new_task(assignee="boris", status="closed")
    for search in (f"#{number}", f"\uff03{number}", f"# 0{number}"):
        assert await ids(world, "anna", search=search) == [number]
    for search in (str(number), f" {number} "):
        assert (await ids(world, "anna", search=search))[0] == number
    assert await ids(world, "stranger", search=f"#{number}") == await ids(world, "stranger", search=str(number)) == []


async def test_a_stranger_sees_nothing_and_cannot_tell_the_invisible_from_the_missing(
    world: World, number: int
) -> None:
    assert await ids(world, "stranger") == await ids(world, "stranger", authors=("me",)) == []
    refusals = []
    for missing in (number, 999_999):
        with pytest.raises(NotFound) as refusal:
            await world.backend.task(world.actor("stranger"), missing)
        refusals.append((refusal.value.code, refusal.value.message))
    assert refusals[0] == refusals[1]


async def test_a_stranger_can_write_nothing(world: World, number: int) -> None:
    with pytest.raises(NotFound):
        await world.backend.comment(world.actor("stranger"), number, "я тут")
    with pytest.raises(NotFound):
        await world.backend.change(world.actor("stranger"), number, Edit({"assignee": None}))
    assert (await world.backend.task(world.actor("anna"), number)).entries == ()


async def test_a_requester_sees_her_own_task_and_not_her_neighbours(world: World) -> None:
    hers, neighbours = world.new_task(author="irina"), world.new_task(author="anna")
    assert (await world.backend.task(world.actor("irina"), hers)).id == hers
    with pytest.raises(NotFound):
        await world.backend.task(world.actor("irina"), neighbours)


async def test_a_change_is_in_the_history_under_the_persons_name(world: World, number: int) -> None:
    edit = Edit({"status": world.status("in_progress")}, "Взяла в работу")
    written = await world.backend.change(world.actor("anna"), number, edit)
    assert written.before.row.status.id == world.status("new")
    assert written.after.row.status.id == world.status("in_progress")
    assert written.after.version != written.before.version
    (entry,) = written.new_entries
    assert entry.author and entry.author.name == world.name("anna") and entry.notes == "Взяла в работу"
    (change,) = entry.changes
    assert (change.field, change.old, change.new) == (
        "status",
        written.before.row.status.name,
        written.after.row.status.name,
    )


async def test_priority_and_assignee_change_and_are_named(world: World, number: int) -> None:
    raised = await world.backend.change(world.actor("anna"), number, Edit({"priority": world.priority("urgent")}))
    assert raised.after.row.priority.id == world.priority("urgent")
    handed = await world.backend.change(
        world.actor("anna"), number, Edit({"assignee": world.actor("boris").id}, version=raised.after.version)
    )
    assert handed.after.row.assignee and handed.after.row.assignee.name == world.name("boris")
    (change,) = handed.new_entries[0].changes
    assert (change.field, change.old, change.new) == ("assignee", world.name("anna"), world.name("boris"))


async def test_nobody_can_be_assigned(world: World, number: int) -> None:
    written = await world.backend.change(world.actor("anna"), number, Edit({"assignee": None}))
    assert written.after.row.assignee is None
    assert written.new_entries[0].changes[0].new is None


async def test_closing_a_task_dates_it_and_opening_it_again_does_not_keep_the_date(world: World) -> None:
    number = world.new_task(status="resolved")
    closed = await world.backend.change(world.actor("anna"), number, Edit({"status": world.status("closed")}))
    assert closed.after.closed_on and closed.after.row.status.is_closed


async def test_a_forbidden_transition_is_refused_and_nothing_is_written(world: World, number: int) -> None:
    before = await world.backend.task(world.actor("anna"), number)
    for forbidden in (world.status("closed"), 4_711):
        with pytest.raises(TransitionNotAllowed) as refusal:
            await world.backend.change(world.actor("anna"), number, Edit({"status": forbidden}, "не должно остаться"))
        assert list(refusal.value.fields) == ["status_id"]
    assert await world.backend.task(world.actor("anna"), number) == before


async def test_a_status_that_is_not_offered_is_refused(world: World, number: int) -> None:
    for edit, field in (
        (Edit({"priority": 4_711}), "priority_id"),
        (Edit({"assignee": 4_711}), "assignee_id"),
        (Edit({"assignee": world.actor("stranger").id}), "assignee_id"),
    ):
        with pytest.raises(Invalid) as refusal:
            await world.backend.change(world.actor("anna"), number, edit)
        assert list(refusal.value.fields) == [field]


async def test_the_choices_are_what_the_workflow_and_the_roles_allow(world: World, number: int) -> None:
    choices = (await world.backend.task(world.actor("anna"), number)).choices
    assert {status.id for status in choices.statuses} == {
        world.status(name) for name in ("new", "in_progress", "rejected")
    }
    offered = {ref.id for ref in choices.assignees}
    assert {world.actor("anna").id, world.actor("boris").id} <= offered
    assert world.actor("stranger").id not in offered
    assert [priority.rank for priority in choices.priorities][:2] == [0, 1]
    assert choices.may_comment and choices.may_comment_privately


async def test_a_stale_version_is_a_conflict_that_shows_the_present_and_writes_nothing(
    world: World, number: int
) -> None:
    stale = (await world.backend.task(world.actor("anna"), number)).version
    await world.backend.change(world.actor("boris"), number, Edit({"status": world.status("in_progress")}))
    with pytest.raises(Conflict) as conflict:
        edit = Edit({"status": world.status("rejected")}, "поздно", stale)
        await world.backend.change(world.actor("anna"), number, edit)
    current = await world.backend.task(world.actor("anna"), number)
    assert conflict.value.current == current and current.row.status.id == world.status("in_progress")
    assert all(entry.notes != "поздно" for entry in current.entries)


async def test_the_value_it_has_already_is_no_change_but_its_comment_is_written(world: World, number: int) -> None:
    with pytest.raises(Unchanged):
        await world.backend.change(world.actor("anna"), number, Edit({"status": world.status("new")}, "  \n "))
    written = await world.backend.change(world.actor("anna"), number, Edit({"status": world.status("new")}, "жду"))
    (entry,) = written.new_entries
    assert entry.notes == "жду" and entry.changes == ()


async def test_a_comment_without_a_visible_character_is_none(world: World, anna: Actor, number: int) -> None:
    with pytest.raises(Unchanged):
        await world.backend.change(anna, number, Edit(comment="\u200b \u2800"))
    written = await world.backend.change(anna, number, Edit({"priority": world.priority("urgent")}, "\u202e\u00ad"))
    assert [(entry.notes, len(entry.changes)) for entry in written.new_entries] == [("", 1)]


async def test_a_requester_may_comment_but_not_change(world: World, number: int) -> None:
    before = await world.backend.task(world.actor("irina"), number)
    assert before.choices.statuses in ((), (before.row.status,)) and before.choices.priorities == ()
    for edit in (Edit({"priority": world.priority("urgent")}, "срочно!"), Edit({"assignee": world.actor("boris").id})):
        with pytest.raises(NotAllowed):
            await world.backend.change(world.actor("irina"), number, edit)
    written = await world.backend.comment(world.actor("irina"), number, "Когда ждать?")
    assert [entry.notes for entry in written.after.entries] == ["Когда ждать?"]


async def test_a_private_comment_is_for_colleagues_only(world: World, number: int) -> None:
    written = await world.backend.comment(world.actor("anna"), number, "между нами", private=True)
    assert [(entry.notes, entry.private) for entry in written.new_entries] == [("между нами", True)]
    assert (await world.backend.task(world.actor("boris"), number)).entries[-1].private
    assert (await world.backend.task(world.actor("irina"), number)).entries == ()


async def test_a_private_comment_of_somebody_who_may_not_is_never_saved_as_public(world: World, number: int) -> None:
    with pytest.raises(NotAllowed):
        await world.backend.comment(world.actor("irina"), number, "тайна", private=True)
    assert (await world.backend.task(world.actor("anna"), number)).entries == ()


async def test_an_answer_status_and_assignee_are_one_write(world: World, anna: Actor, number: int) -> None:
    begun = await world.backend.change(anna, number, Edit({"status": world.status("in_progress")}))
    changes: dict[Field, int | None] = {"status": world.status("resolved"), "assignee": world.actor("boris").id}
    written = await world.backend.change(anna, number, Edit(changes, "Готово", begun.after.version))
    (entry,) = written.new_entries
    assert entry.notes == "Готово" and {change.field for change in entry.changes} == {"status", "assignee"}
    assert written.own_entries(anna.id) == [entry]
    assert (written.after.row.status.id, written.after.value("assignee")) == tuple(changes.values())


async def test_a_private_comment_beside_a_change_hides_no_change(world: World, anna: Actor, number: int) -> None:
    edit = Edit({"status": world.status("in_progress")}, "между нами", private=True)
    written = await world.backend.change(anna, number, edit)
    assert [(it.notes, it.private, bool(it.changes)) for it in written.new_entries] == [
        ("", False, True),
        ("между нами", True, False),
    ]
    assert written.own_entries(anna.id) == list(written.new_entries)
    assert written.comment_of(anna.id).private
    (seen,) = (await world.backend.task(world.actor("irina"), number)).entries
    assert seen.changes and not seen.notes
    known = written.before.version  # both entries are one write for whoever knows an older version
    with pytest.raises(Conflict):
        await world.backend.change(world.actor("boris"), number, Edit({"status": world.status("resolved")}, "", known))


async def test_a_private_comment_of_an_edit_is_never_saved_as_public(world: World, number: int) -> None:
    for changes in ({}, {"status": world.status("closed")}):
        with pytest.raises((NotAllowed, TransitionNotAllowed)):
            await world.backend.change(world.actor("irina"), number, Edit(changes, "тайна", private=True))
    assert (await world.backend.task(world.actor("anna"), number)).entries == ()


async def test_texts_come_back_as_they_were_given(world: World) -> None:
    number = world.new_task("Тема: '\"><script> %s", description=HOSTILE)
    written = await world.backend.comment(world.actor("anna"), number, HOSTILE)
    assert written.after.row.subject == "Тема: '\"><script> %s"
    assert written.after.description.replace("\r\n", "\n") == HOSTILE
    assert written.new_entries[0].notes == HOSTILE


async def test_the_vocabulary_is_in_the_trackers_order_and_holds_the_persons_projects(world: World) -> None:
    words = await world.backend.vocabulary(world.actor("irina"))
    assert [status.id for status in words.statuses][:1] == [world.status("new")]
    assert await world.backend.statuses() == words.statuses
    assert {status.id for status in words.statuses if status.is_closed} == {
        world.status("closed"),
        world.status("rejected"),
    }
    mine = {project.id for project in words.projects}
    assert world.project("help") in mine and world.project("warehouse") not in mine


async def test_a_query_may_be_made_of_the_words_that_there_are(world: World) -> None:
    number, anna = world.new_task(status="in_progress"), world.actor("anna")
    given: list[Vocabulary] = []

    def ask(words: Vocabulary) -> TaskQuery:
        given.append(words)
        return TaskQuery(("me",), status_ids=tuple(it.id for it in words.statuses[1:]), sort="id", per_page=12)

    page = await world.backend.tasks(anna, ask, summed=True)
    assert [page.vocabulary] == given == [await world.backend.vocabulary(anna)]
    assert number in {row.id for row in page.rows}
    assert page._replace(vocabulary=None) == await world.backend.tasks(anna, page.query, summed=True)


async def test_of_given_tasks_those_are_told_that_the_person_sees(world: World) -> None:
    hers, other = world.new_task(), world.new_task(project="warehouse", author="boris", assignee=None)
    asked = [hers, other, 999_999]
    assert await world.backend.seen(world.actor("anna"), asked) == {hers: True, other: True}
    assert await world.backend.seen(world.actor("irina"), asked) == {hers: False}
    assert await world.backend.seen(world.actor("stranger"), asked) == {}
    assert await world.backend.seen(world.actor("anna"), ()) == {}


async def test_a_list_may_be_of_given_tasks(world: World) -> None:
    hers, closed = world.new_task(), world.new_task(status="closed")
    other = world.new_task(project="warehouse", author="boris", assignee=None)
    asked = TaskQuery(
        task_ids=(hers, closed, other, 999_999), include_closed=True, per_page=100, sort="id", descending=False
    )
    for login, expected in (("anna", [hers, closed, other]), ("irina", [hers, closed]), ("stranger", [])):
        page = await world.backend.tasks(world.actor(login), asked)
        assert [row.id for row in page.rows] == expected and page.total == len(expected)
    page = await world.backend.tasks(world.actor("anna"), asked._replace(include_closed=False), summed=True)
    assert [row.id for row in page.rows] == [hers, other]


async def test_an_error_in_making_a_query_is_raised(world: World) -> None:
    def refuse(words: Vocabulary) -> TaskQuery:
        raise Invalid({"sort": []})

    with pytest.raises(Invalid):
        await world.backend.tasks(world.actor("anna"), refuse)


async def test_a_project_tells_what_it_is_and_stands_after_its_parent(world: World) -> None:
    with world.project_below("help") as below:
        projects = (await world.backend.vocabulary(world.actor("anna"))).projects
    places = {project.id: place for place, project in enumerate(projects)}
    child, parent = projects[places[below]], projects[places[world.project("help")]]
    assert (child.name, child.description, child.parent_id) == ("Подпроект", "Отдельно", parent.id)
    between = projects[places[parent.id] + 1 : places[child.id]]
    assert places[parent.id] < places[child.id] and child.identifier and parent.parent_id is None
    assert all(it.parent_id for it in between), "only others below the parent, which other tests have left"


async def test_members_of_a_project_are_listed_with_roles_to_those_who_see_it(world: World) -> None:
    people = ("anna", "boris", "irina")
    for asking in ("admin", *people):
        told = await world.backend.members(world.actor(asking), world.project("help"))
        assert [it.name for it in told] == sorted(it.name for it in told)
        roles = {it.id: it.roles for it in told}
        support, _, requester = (roles[world.actor(login).id] for login in people)
        assert roles[world.actor("boris").id] == support != requester and len(support) == len(requester) == 1
        assert {it.id: it.name for it in told}[world.actor("irina").id] == world.name("irina")
        assert not {world.actor(login).id for login in ("admin", "stranger")} & roles.keys()


async def test_colleagues_are_the_members_of_the_projects_that_one_sees(world: World) -> None:
    anna, boris, irina, stranger = (world.actor(login).id for login in ("anna", "boris", "irina", "stranger"))
    told = {login: await world.backend.colleagues(world.actor(login)) for login in ("anna", "irina", "stranger")}
    for login in ("anna", "irina"):
        names = {it.id: it.name for it in told[login]}
        assert len(names) == len(told[login]) and {anna, boris, irina} <= names.keys() and stranger not in names
        assert names[boris] == world.name("boris")
    assert not {anna, boris, irina} & {it.id for it in told["stranger"]}
    with world.project_below("warehouse"):
        assert await world.backend.colleagues(world.actor("anna"))


async def test_members_of_an_invisible_project_are_not_listed(world: World) -> None:
    with world.project_below("warehouse") as below:
        assert {it.id for it in await world.backend.members(world.actor("anna"), below)} >= {
            world.actor(login).id for login in ("anna", "boris")
        }
        for asking, project in (("irina", below), ("irina", world.project("warehouse")), ("anna", 999_999)):
            with pytest.raises(NotFound):
                await world.backend.members(world.actor(asking), project)


async def test_a_project_stands_for_those_below_it_in_lists_and_counts(world: World) -> None:
    query = TaskQuery(("me",), project_ids=(world.project("office"),), sort="id", per_page=12)
    with world.project_below("office") as below:
        before = await summary(world, "anna", query)
        above, number = world.new_task("Подчинённое", project="office"), world.new_task("Подчинённое", project=below)
        page = await world.backend.tasks(world.actor("anna"), query)
        assert page.query == query and {number, above} <= {row.id for row in page.rows}
        assert (await summary(world, "anna", query)).total == before.total + 2
        assert await ids(world, "anna", project_ids=(below,)) == [number]
        assert number not in await ids(world, "anna", project_ids=(world.project("help"),))


async def test_tasks_in_progress_are_the_open_ones_in_no_default_status(world: World) -> None:
    for status in ("new", "in_progress", "closed"):
        world.new_task(status=status)
    words = await world.backend.vocabulary(world.actor("anna"))
    assert [status.id for status in words.statuses if status.is_default] == [world.status("new")]
    begun = tuple(status.id for status in words.statuses if not (status.is_closed or status.is_default))
    counted = await summary(world, "anna", TaskQuery(("me",)))
    page = await world.backend.tasks(world.actor("anna"), TaskQuery(("me",), status_ids=begun, per_page=1))
    assert page.total == counted.active > 0


async def test_every_sort_is_known(world: World) -> None:
    world.new_task()
    for sort in ("id", "subject", "status", "priority", "project", "due_date", "assigned_to", "author", "created_on"):
        query = TaskQuery(("me",), sort=sort, descending=False, per_page=3)
        assert (await world.backend.tasks(world.actor("anna"), query)).rows
