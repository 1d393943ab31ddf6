"""Numbers agree in every tracker: a list, its summary, its statistics and its board count the same tasks."""

import os
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from helpdesk.tasks.lists import CardQuery, TaskQuery, Vocabulary
from helpdesk.tasks.phases import Rule, Rules, Summary, grouped, summarised
from tests.tasks.worlds import World

pytestmark = pytest.mark.usefixtures("nothing_is_set_up")

PEOPLE = ["anna", "anna", "irina", "stranger"] * (10 if os.environ.get("SOAK") else 1)
MOST_PAGES = 3
SEED = os.environ.get("SEED", "1")


def drawn(world: World, words: Vocabulary, dice: Random, searches: list[str]) -> TaskQuery:
    """Some question about tasks."""
    now = datetime.now(UTC)
    anna, boris = world.actor("anna").id, world.actor("boris").id
    statuses = [it.id for it in words.statuses]
    among: dict[str, list[Any]] = {
        "assignees": [("me",), (boris,), ("nobody",), (anna, boris)],
        "authors": [("me",), (world.actor("irina").id,)],
        "search": searches,
        "status_ids": [tuple(dice.sample(statuses, 2)), (world.status("closed"),), (0,)],
        "priority_ids": [(world.priority("urgent"),), (world.priority("normal"), world.priority("low"))],
        "project_ids": [(world.project("warehouse"),), (world.project("help"), world.project("office"))],
        "created_since": [now - timedelta(days=1)],
        "due_by": [now.date()],
        "include_closed": [True],
    }
    chosen = [name for name in among if name == "search" or dice.random() < 0.3]
    return TaskQuery(**{name: dice.choice(among[name]) for name in chosen}, per_page=dice.choice([1, 7, 100]))


async def wrong(world: World, login: str, query: TaskQuery, words: Vocabulary, rules: Rules) -> list[str]:
    """What does not agree about a query."""
    actor, tracker = world.actor(login), world.backend
    page = await tracker.tasks(actor, query, summed=True, rules=rules)
    told = (await tracker.statistics(actor, query, datetime.now(UTC), rules)).summary
    columns = tuple(it.id for it in words.statuses if not query.status_ids or it.id in query.status_ids)
    cards = await tracker.cards(actor, lambda _: CardQuery(query._replace(page=1, per_page=1), columns, columns))
    lists = {
        phase: (await tracker.tasks(actor, query._replace(status_ids=tuple(it.id for it in group), page=1))).total
        for phase, group in grouped((it for it in words.statuses if it.id in columns), rules).items()
        if group
    }
    counted = {
        "the board": summarised(cards.totals, words.statuses, rules),
        "lists by phase": Summary(*(lists.get(each, 0) for each in Summary._fields)),
    }
    found = [f"{name}: {it} is not {told}" for name, it in counted.items() if it != told]
    whole = (await tracker.statistics(actor, query.of_any_status(), datetime.now(UTC), rules)).summary
    if page.summary != whole:
        found.append(f"the summary: {page.summary} is not {whole}")
    total = told.open if query.only_open else told.total
    rows = [row.id for row in page.rows]
    for number in range(2, min(page.pages, MOST_PAGES) + 1):
        rows += [row.id for row in (await tracker.tasks(actor, query._replace(page=number))).rows]
    if page.total != total or len(set(rows)) != len(rows) or (page.pages <= MOST_PAGES and len(rows) != total):
        found.append(f"the list: {page.total} tasks, {total} counted, {len(rows)} shown")
    return [f"{query}: {each}" for each in found]


@pytest.mark.soak
async def test_whatever_is_asked_list_summary_statistics_and_board_agree(world: World) -> None:
    mark = uuid4().hex
    numbers = [
        world.new_task(
            f"{mark} инв. 00{n}",
            author=("irina", "anna")[n % 2],
            assignee=("anna", "boris", None)[n % 3],
            status=("new", "in_progress", "closed")[n * 2 % 3],
            priority=("urgent", "normal")[n % 2],
            project=("help", "office")[n // 2 % 2],
        )
        for n in range(6)
    ]
    searches = [mark, mark, f"{mark} 003", str(numbers[0]), str(numbers[2]), f"#{numbers[2]}", "9" * 9]
    words = await world.backend.vocabulary(world.actor("anna"))
    dice = Random(f"{SEED} {type(world).__name__}")
    rules = {world.status("in_progress"): Rule("waiting"), world.status("closed"): Rule("waiting")}
    found = []
    for login in PEOPLE:
        found += await wrong(world, login, drawn(world, words, dice, searches), words, dice.choice([{}, rules]))
    assert not found


async def test_digits_find_the_task_of_that_number_first_and_texts_that_have_them(world: World) -> None:
    anna, boris = world.actor("anna"), world.actor("boris")
    wanted = world.new_task("Сама задача", assignee="boris", status="closed")
    texts = [world.new_task(f"Инвентарный номер 00{wanted}", assignee=who) for who in ("anna", "anna", "boris")]
    query = TaskQuery(("me",), search=str(wanted), per_page=2)
    page = await world.backend.tasks(anna, query, summed=True)
    assert page.rows[0].id == wanted
    rows = [row.id for row in page.rows]
    for each in range(2, page.pages + 1):
        rows += [row.id for row in (await world.backend.tasks(anna, query._replace(page=each))).rows]
    assert {wanted, *texts[:2]} <= set(rows) and texts[2] not in rows
    assert page.total == len(set(rows)) == len(rows) and page.summary and page.summary.total == page.total
    his = await world.backend.tasks(boris, query)
    assert his.rows[0].id == wanted and texts[2] in [row.id for row in his.rows]
    long = "77700" + str(wanted).zfill(10)
    number = world.new_task(f"Принтер {long}")
    for search in (long, long[2:], f"принтер {long[4:]}"):
        found = await world.backend.tasks(anna, TaskQuery(("me",), search=search, per_page=100))
        assert number in [row.id for row in found.rows], search


async def test_other_filters_also_hold_when_a_number_is_searched(world: World) -> None:
    anna, number = world.actor("anna"), world.new_task("Сама задача", priority="urgent", project="office")
    for search in (str(number), f"#{number}"):
        for asked, is_there in (
            ({"priority_ids": (world.priority("urgent"),)}, True),
            ({"priority_ids": (world.priority("low"),)}, False),
            ({"project_ids": (world.project("help"),)}, False),
            ({"status_ids": (world.status("closed"),)}, False),
            ({"task_ids": (number, 999_999)}, True),
            ({"task_ids": (999_999,)}, False),
        ):
            page = await world.backend.tasks(anna, TaskQuery(search=search, **asked))  # type: ignore[arg-type]  # by field
            assert (number in [row.id for row in page.rows]) == is_there, (search, asked)


async def test_signs_of_a_database_are_letters_in_a_search(world: World) -> None:
    marks = {sign: uuid4().hex[:12] for sign in ("%", "_", "\\", "'", "%%", "\\%")}
    with_them, without = (
        world.new_task(" ".join(f"{mark}{sign if with_it else 'ю'}я" for sign, mark in marks.items()))
        for with_it in (True, False)
    )
    for sign, mark in marks.items():
        found = await world.backend.tasks(world.actor("anna"), TaskQuery(search=f"{mark}{sign}", per_page=100))
        assert [row.id for row in found.rows] == [with_them] != [without], sign


async def test_words_are_found_whatever_their_case_and_with_ё_or_е(world: World) -> None:
    mark = uuid4().hex[:12]
    number = world.new_task(f"Ёлка Зелёная {mark}")
    for search in (f"ЕЛКА {mark}", f"зелёНАЯ {mark}", f"елка зеленая {mark.upper()}"):
        found = await world.backend.tasks(world.actor("anna"), TaskQuery(search=search))
        assert [row.id for row in found.rows] == [number], search
