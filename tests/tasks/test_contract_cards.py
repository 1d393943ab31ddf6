"""The cards of a board, in every tracker."""

from collections import Counter
from datetime import date
from itertools import product
from uuid import uuid4

import pytest

from helpdesk.errors import Invalid, sentence
from helpdesk.tasks.lists import SORTS, CardQuery, Cards, TaskQuery, Vocabulary
from helpdesk.tasks.model import Edit
from tests.tasks.worlds import RedmineWorld, SqlWorld, World

pytestmark = pytest.mark.usefixtures("nothing_is_set_up")

EMPTY = 4_711  # a status that no tracker has


def query_for(word: str, **more: object) -> TaskQuery:
    return TaskQuery(**{"search": word, "sort": "id", **more})


async def board(world: World, login: str, query: TaskQuery, *statuses: str, **wish: tuple[int, ...]) -> Cards:
    asked = CardQuery(query, tuple(map(world.status, statuses)), **wish)
    return await world.backend.cards(world.actor(login), lambda _: asked)


def numbers(found: Cards) -> list[int]:
    return [card.row.id for card in found.cards]


def tells_comments(world: World) -> bool:
    return isinstance(world, SqlWorld) or not isinstance(world, RedmineWorld)


def made(world: World, word: str, *statuses: str) -> list[int]:
    return [world.new_task(f"{word} {place}", status=status) for place, status in enumerate(statuses)]


async def test_cards_stand_by_status_as_those_were_named_and_in_the_querys_order(world: World) -> None:
    word = f"Доска {uuid4()}"
    first, work, second, closed = made(world, word, "new", "in_progress", "new", "closed")
    found = await board(world, "anna", query_for(word), "closed", "new", "resolved", "in_progress")
    assert numbers(found) == [closed, second, first, work]
    assert [card.row.status.id for card in found.cards] == [
        world.status(status) for status in ("closed", "new", "new", "in_progress")
    ]
    rising = query_for(word, sort="subject", descending=False)
    assert numbers(await board(world, "anna", rising, "new", "in_progress")) == [first, second, work]
    assert numbers(await board(world, "anna", rising, "new", "new")) == [first, second]
    assert found.totals == {} and numbers(await board(world, "anna", rising)) == []


async def test_a_card_shows_what_a_row_of_a_list_shows(world: World) -> None:
    word = f"Как в списке {uuid4()}"
    made(world, word, "new", "in_progress")
    anna, query = world.actor("anna"), query_for(word, status_ids=(world.status("new"), world.status("in_progress")))
    listed = await world.backend.tasks(anna, query)
    found = await board(world, "anna", query, "in_progress", "new")
    assert tuple(card.row for card in found.cards) == listed.rows and len(listed.rows) == 2
    assert found.vocabulary == await world.backend.vocabulary(anna) and found.query.query == query


async def test_each_status_has_pages_of_its_own(world: World) -> None:
    word = f"Страницы доски {uuid4()}"
    *new, work = made(world, word, "new", "new", "new", "new", "in_progress")
    new.reverse()
    both = (world.status("new"), world.status("in_progress"))

    async def page(**of_query: int) -> list[int]:
        found = await board(world, "anna", query_for(word, per_page=2, **of_query), "new", "in_progress", counted=both)
        assert found.totals == dict(zip(both, (4, 1), strict=True))
        return numbers(found)

    assert await page() == [*new[:2], work]
    assert await page(page=2) == new[2:]
    assert await page(skip=1) == new[1:3]
    assert await page(page=2, skip=1) == new[3:]
    assert await page(page=3) == await page(skip=4) == []


async def test_a_page_beyond_the_last_has_no_cards_when_nothing_is_counted_either(world: World) -> None:
    word = f"За краем {uuid4()}"
    made(world, word, "new")
    assert numbers(await board(world, "anna", query_for(word, page=2), "new")) == []


async def test_totals_are_of_all_tasks_of_the_statuses_that_are_counted(world: World) -> None:
    word = f"Итоги доски {uuid4()}"
    made(world, word, "new", "new", "closed", "in_progress")
    counted = (world.status("closed"), world.status("new"), world.status("resolved"), EMPTY)
    totals = dict(zip(counted, (1, 2, 0, 0), strict=True))
    for query in (query_for(word), query_for(word, status_ids=(world.status("in_progress"),)), query_for(word, page=9)):
        assert (await board(world, "anna", query, counted=counted)).totals == totals
        found = await board(world, "anna", query._replace(page=1), "new", "in_progress", counted=counted)
        assert found.totals == totals and len(found.cards) == 3


async def test_only_some_cards_may_be_wanted_and_totals_stay_what_they_are(world: World) -> None:
    word = f"Лишь некоторые {uuid4()}"
    first, second, work, closed = made(world, word, "new", "new", "in_progress", "closed")
    other = world.new_task("Не о том", status="new")
    statuses = ("new", "in_progress", "closed")
    counted = tuple(map(world.status, statuses))

    async def only(*ids: int, **of_query: object) -> list[int]:
        query = query_for(word, **of_query)
        found = await board(world, "anna", query, *statuses, counted=counted, only=ids)
        everything = await board(world, "anna", query, counted=counted)
        assert found.totals == everything.totals
        return numbers(found)

    assert await only(first, closed, other) == [first, closed]
    assert await only(first, first, second, work, per_page=1) == [second, work]
    assert await only() == await only(other) == await only(999_999) == []
    assert await only(first, second, task_ids=(second, work)) == [second]
    assert await only(first, task_ids=(second,)) == []
    assert await only(first, work, search=f"#{work}") == [work]
    assert await only(first, search=f"#{work}") == []


async def test_a_number_finds_that_task_in_its_status(world: World) -> None:
    number = world.new_task("Под номером", assignee="boris", status="closed")
    world.new_task("Не под номером", status="new")
    counted = tuple(map(world.status, ("new", "closed")))
    query = TaskQuery(("me",), search=f"#{number}")
    found = await board(world, "anna", query, "new", "closed", counted=counted)
    assert numbers(found) == [number] and found.totals == dict(zip(counted, (0, 1), strict=True))
    assert numbers(await board(world, "anna", query, "new", counted=counted)) == []
    hidden = await board(world, "stranger", query, "new", "closed", counted=counted)
    assert hidden.cards == () and set(hidden.totals.values()) == {0}


async def test_filters_narrow_cards_and_totals(world: World) -> None:
    word = f"Отбор доски {uuid4()}"
    hers = world.new_task(word, project="office", priority="urgent")
    his = world.new_task(word, assignee="boris", priority="low")
    nobodys = world.new_task(word, assignee=None)
    new = world.status("new")

    async def found(**of_query: object) -> set[int]:
        cards = await board(world, "anna", query_for(word, **of_query), "new", counted=(new,))
        assert cards.totals == {new: len(cards.cards)}
        return set(numbers(cards))

    assert await found() == {hers, his, nobodys}
    assert await found(assignees=("me",)) == await found(project_ids=(world.project("office"),)) == {hers}
    assert await found(assignees=("nobody",)) == {nobodys}
    assert await found(authors=(world.actor("irina").id,), priority_ids=(world.priority("low"),)) == {his}
    assert await found(task_ids=(his, nobodys)) == {his, nobodys}


async def test_a_project_stands_for_those_below_it_on_a_board_too(world: World) -> None:
    word = f"Вниз по дереву {uuid4()}"
    with world.project_below("office") as below:
        made_there = [world.new_task(word, project=project) for project in ("office", below, "help")]
        query = query_for(word, project_ids=(world.project("office"),), descending=False)
        found = await board(world, "anna", query, "new", counted=(world.status("new"),))
    assert numbers(found) == made_there[:2] and found.totals == {world.status("new"): 2}


async def test_every_order_is_that_of_lists(world: World) -> None:
    word, anna = f"Порядок {uuid4()}", world.actor("anna")
    people, places = ("anna", "boris", None), ("help", "office", "warehouse")
    for place, status in enumerate(("new", "in_progress") * 4):
        number = world.new_task(
            f"{word} {'бвАгдЕaZ'[place]}",
            status=status,
            author=("anna", "boris")[place % 3 % 2],
            assignee=people[place % 3],
            project=places[place // 2 % 3],
            priority=("low", "urgent")[place // 3 % 2],
        )
        if place in (2, 5):
            await world.backend.change(anna, number, Edit(details={"due_date": date(2030, 1, place)}))
    for sort, descending in product(SORTS, (False, True)):
        query = query_for(word, sort=sort, descending=descending, per_page=3, skip=1)
        found = await board(world, "anna", query, "in_progress", "new")
        rows = (await world.backend.tasks(anna, query._replace(per_page=100, skip=0))).rows
        lists = [[row for row in rows if row.status.id == world.status(it)] for it in ("in_progress", "new")]
        assert list(map(len, lists)) == [4, 4]
        expected = [row for of_status in lists for row in of_status[1:4]]
        assert [card.row for card in found.cards] == expected, (sort, descending)


async def test_nobody_has_cards_or_totals_of_what_they_may_not_see(world: World) -> None:
    word = f"Чужая доска {uuid4()}"
    own = world.new_task(word, author="irina", assignee="boris")
    others = world.new_task(word, author="anna", assignee="boris")
    new = world.status("new")
    for login, seen in (("anna", [others, own]), ("irina", [own]), ("stranger", [])):
        found = await board(world, login, query_for(word), "new", counted=(new,))
        assert numbers(found) == seen and found.totals == {new: len(seen)}
        named = await board(world, login, query_for(word), "new", only=(own, others))
        assert numbers(named) == seen


async def test_only_the_comments_one_may_read_are_counted(world: World) -> None:
    word = f"Комментарии {uuid4()}"
    silent, told = made(world, word, "in_progress", "new")
    anna, boris = world.actor("anna"), world.actor("boris")
    await world.backend.comment(anna, told, "для всех")
    await world.backend.comment(anna, told, "между нами", private=True)
    await world.backend.comment(boris, told, "и ещё", private=True)
    await world.backend.change(anna, told, Edit({"priority": world.priority("urgent")}))
    await world.backend.change(anna, told, Edit({"priority": world.priority("low")}, "вместе с приоритетом"))
    for login, comments in (("anna", 4), ("boris", 4), ("irina", 2)):
        found = await board(world, login, query_for(word), "new", "in_progress")
        expected = {told: comments, silent: 0} if tells_comments(world) else {told: None, silent: None}
        assert {card.row.id: card.comments for card in found.cards} == expected


async def test_a_comment_taken_away_is_not_counted(world: World) -> None:
    number = world.new_task(f"Передумала {uuid4()}")
    anna, query = world.actor("anna"), TaskQuery(search=f"#{number}")
    edit = Edit({"priority": world.priority("urgent")}, "зря сказала")
    entry = (await world.backend.change(anna, number, edit)).new_entries[-1]
    await world.backend.edit_comment(anna, number, entry.id, "")
    (card,) = (await board(world, "anna", query, "new")).cards
    assert card.comments == (0 if tells_comments(world) else None)


async def test_a_query_may_depend_on_the_metadata_and_its_errors_are_raised(world: World) -> None:
    word = f"По словам {uuid4()}"
    made(world, word, "new", "closed")

    def every(words: Vocabulary) -> CardQuery:
        statuses = tuple(status.id for status in words.statuses)
        return CardQuery(query_for(word), statuses, statuses)

    found = await world.backend.cards(world.actor("anna"), every)
    assert +Counter(found.totals) == Counter(card.row.status.id for card in found.cards)
    assert set(found.totals) == {status.id for status in found.vocabulary.statuses} and len(found.cards) == 2

    def refuse(_: Vocabulary) -> CardQuery:
        raise Invalid({"status": [sentence("Choose a status from the list.")]})

    with pytest.raises(Invalid):
        await world.backend.cards(world.actor("anna"), refuse)
