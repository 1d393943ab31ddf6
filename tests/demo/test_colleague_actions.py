"""What the simulated colleague chooses to do: always something the recipient is notified of, and that he may do."""

from datetime import UTC, datetime
from random import Random
from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st

from helpdesk.demo import colleague_actions, seed
from helpdesk.demo.colleague_actions import Kind
from helpdesk.tasks.model import Choices, Member, Priority, Ref, Status, Task, TaskRow

ANNA, NOW = Ref(2, "anna"), datetime(2026, 11, 20, tzinfo=UTC)
STATUSES = tuple(
    Status(number, name, is_closed=number > 3)
    for number, name in enumerate(("Новая", "В работе", "Решена", "Закрыта", "Своя"), start=1)
)
PRIORITIES = tuple(Priority(number, str(number)) for number in (1, 2, 3))
PEOPLE = (ANNA, Ref(3, "boris"))
SEEDS = st.integers(0, 2**32).map(Random)
T = TypeVar("T")
KINDS: tuple[Kind, ...] = ("comment", "status", "priority", "hand", "call")


def row(number: int, assignee: int | None) -> TaskRow:
    has = Member(assignee, "") if assignee else None
    nobody, place = None, Ref(1, "")
    return TaskRow(number, "", STATUSES[0], PRIORITIES[1], place, place, None, has, nobody, NOW, NOW)


def some(of: tuple[T, ...]) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(st.sampled_from(of), unique=True).map(tuple)


ROWS = st.lists(st.sampled_from((None, 2, 3)), max_size=6).map(lambda them: [row(n, it) for n, it in enumerate(them)])
CHOICES = st.builds(
    Choices, some(STATUSES), some(PRIORITIES), some(PEOPLE), st.just(True)
)  # what the tracker lets him choose at all


def task(of: TaskRow, choices: Choices) -> Task:
    return Task(of, "", None, 0, None, (), (), choices, "1")


@given(SEEDS, ROWS, CHOICES)
def test_the_colleagues_action_concerns_its_person_and_is_allowed(
    rng: Random, rows: list[TaskRow], choices: Choices
) -> None:
    action = colleague_actions.chosen(rng, ANNA.id, rows)
    assert (action is None) == (not rows)
    if action is None:
        return
    upon = next(row for row in rows if row.id == action.task_id)
    wish = colleague_actions.edit(rng, action.kind, ANNA, task(upon, choices))
    is_hers = upon.assignee is not None and upon.assignee.id == ANNA.id
    assert is_hers or wish.changes.get("assignee") == ANNA.id or "@anna" in wish.comment
    assert wish.changes.get("status") in {None, *(it.id for it in choices.statuses if not it.is_closed)}
    assert wish.changes.get("priority") in {None, *(it.id for it in choices.priorities)}
    assert wish.changes.get("assignee") in {None, *(it.id for it in choices.assignees)}
    held = {"status": upon.status.id, "priority": upon.priority.id, "assignee": upon.assignee and upon.assignee.id}
    assert all(held[field] != value for field, value in wish.changes.items())
    assert wish.changes or wish.comment


def test_the_same_dice_do_the_same() -> None:
    rows = [row(number, (None, 2, 3)[number % 3]) for number in range(9)]
    whole = Choices(STATUSES, PRIORITIES, PEOPLE, may_comment=True)

    def run() -> list[object]:
        rng, done = Random(1), list[object]()
        for _ in range(50):
            action = colleague_actions.chosen(rng, ANNA.id, rows)
            assert action
            done.append((action, colleague_actions.edit(rng, action.kind, ANNA, task(rows[action.task_id], whole))))
        return done

    assert run() == run()
    assert {action.kind for action, _ in run()} == set(KINDS)


def test_the_colleagues_comments_name_statuses_and_people_of_the_demo() -> None:
    world = seed.read().world
    assert set(colleague_actions.OF_STATUS) <= {it["name"] for it in world["status"] if not it.get("is_closed")}
    assert set(colleague_actions.HANDED) <= {it["login"] for it in world["person"]}
