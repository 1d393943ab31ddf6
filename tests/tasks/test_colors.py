"""The color of a status tells its phase, that of a priority how high it stands."""

import pytest

from helpdesk.tasks.colors import SCALE, Colors, known
from helpdesk.tasks.model import Priority, Status
from helpdesk.tasks.phases import Rule

STATUSES = (
    Status(1, "Новая", is_default=True),
    Status(2, "В работе"),
    Status(3, "Ждёт ответа"),
    Status(4, "Решена"),
    Status(5, "Закрыта", is_closed=True),
)
PRIORITIES = tuple(Priority(number, name) for number, name in enumerate(("low", "normal", "high", "urgent"), start=1))


def test_a_status_has_the_color_of_its_phase() -> None:
    colors = known(STATUSES, PRIORITIES, {3: Rule("waiting")}, {})
    told = [colors.of(Status(status.id, status.name, status.is_closed)) for status in STATUSES]
    assert (told[0], told[3]) == ("#0000ff", "#00ff00") and len(set(told)) == 5


@pytest.mark.parametrize("name", ["Resolved", "РЕШЁН", "Решена, ждёт проверки", "Выполнено"])
def test_a_name_says_that_a_status_is_resolved(name: str) -> None:
    assert Colors().of(Status(9, name)) == "#00ff00"


@pytest.mark.parametrize("name", ["Не решена", "Решение принимается", "", "В работе"])
def test_another_name_does_not(name: str) -> None:
    assert Colors().of(Status(9, name)) != "#00ff00"


def test_the_settings_of_a_status_count_more_than_its_name() -> None:
    waiting = known(STATUSES, PRIORITIES, {4: Rule("waiting")}, {})
    assert waiting.of(STATUSES[3]) == waiting.of(STATUSES[2]._replace(id=4))
    assert Colors().of(Status(4, "Решена", is_closed=True)) == Colors().of(STATUSES[4])


@pytest.mark.parametrize("number", range(1, 12))
def test_the_highest_priority_is_red_and_no_other(number: int) -> None:
    colors = known((), [Priority(each, "") for each in range(1, number + 1)], {}, {})
    told = [colors.of(Priority(each, "")) for each in range(1, number + 1)]
    assert told.count("#ff0000") == 1 and told[-1] == "#ff0000"
    assert [SCALE.index(each) for each in told] == sorted(SCALE.index(each) for each in told)
    assert len(set(told)) == min(number, len(SCALE))


def test_a_priority_that_is_used_no_more_is_never_red() -> None:
    assert all(known((), PRIORITIES, {}, {}).of(Priority(9, "", rank)) != "#ff0000" for rank in range(4))


def test_the_setting_names_others() -> None:
    colors = known(STATUSES, PRIORITIES, {}, {"status:4": "#123456", "priority:4": "#abcdef"})
    assert (colors.of(STATUSES[3]), colors.of(PRIORITIES[3])) == ("#123456", "#abcdef")
    assert (colors.of(STATUSES[0]), colors.of(PRIORITIES[0])) == ("#0000ff", SCALE[0])
