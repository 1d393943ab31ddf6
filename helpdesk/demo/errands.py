"""What the colleague on duty does next: the same dice over the same tasks give the same."""

from collections.abc import Sequence
from random import Random
from typing import Literal, NamedTuple

from helpdesk.demo import phrases
from helpdesk.demo.world import STATUSES
from helpdesk.tasks.model import Edit, Field, Ref, Status, Task, TaskRow

Kind = Literal["comment", "status", "priority", "hand", "call"]

_WEIGHTS: dict[Kind, int] = {"comment": 4, "status": 3, "priority": 1, "hand": 2, "call": 2}
_SILENT = 0.4
_COMMENTS = (
    "Перезвонил заявителю: завтра с утра будет на месте.",
    "За сегодня больше не повторялось, наблюдаем.",
    "Проверил ещё раз, картина та же.",
    "Заявитель спрашивает о сроках, обещал ответить до вечера.",
    "Заглянул на место: пока без изменений.",
    "Записал в сводку за смену.",
    "Нашёл похожий случай в журнале, подробности расскажу на планёрке.",
    "Заявитель прислал фото, переслал на ящик поддержки.",
)
_CALLS = (
    "@{login}, посмотри, пожалуйста: это по твоей части?",
    "@{login}, заявитель просил перезвонить до обеда.",
    "Дежурная смена передаёт: @{login} в курсе, вопросы туда.",
    "@{login}, ждём ещё или можно двигаться дальше?",
    "Заявитель на линии, нужна подсказка. @{login}, ты на месте?",
)
_NEWS = {
    "in_progress": ("Можно продолжать, ответ получен.", "Возвращаю в работу."),
    "clarification": ("Не хватает подробностей, спросил у заявителя.", "Жду от заявителя номер кабинета."),
    "paused": ("Ждём поставку, пока пауза.", "Заявитель в отъезде, приостанавливаю."),
    "resolved": ("Заявитель говорит, что всё работает.", "Сделано, проверил вместе с заявителем."),
}
_KEYS = {status.name: status.key for status in STATUSES}


class Errand(NamedTuple):
    """What to do, and upon which task."""

    kind: Kind
    task_id: int


def chosen(rng: Random, whom: int, rows: Sequence[TaskRow]) -> Errand | None:
    """Something of which the person with the number `whom` will hear; None when there is no task.

    What is hers is talked about and moved; what is not is handed to her, or she is called to look at it.
    """
    mine = [row.id for row in rows if row.assignee and row.assignee.id == whom]
    others = [row.id for row in rows if not row.assignee or row.assignee.id != whom]
    upon: dict[Kind, list[int]] = {
        "comment": mine, "status": mine, "priority": mine, "hand": others, "call": others
    }  # fmt: skip
    possible = [kind for kind in _WEIGHTS if upon[kind]]
    if not possible:
        return None
    kind = rng.choices(possible, [_WEIGHTS[kind] for kind in possible])[0]
    return Errand(kind, rng.choice(upon[kind]))


def edit(rng: Random, kind: Kind, whom: Ref, task: Task) -> Edit:
    """The wish that does it; `whom` is the person's number and login.

    Only what the task offers, and never an end of the task, or there would be none left; where nothing is offered the
    person is called.
    """
    if kind == "comment":
        return Edit(comment=rng.choice(_COMMENTS))
    if kind == "status" and (statuses := _open_ones(task)):
        new = rng.choice(statuses)
        return _change(rng, "status", new.id, _NEWS.get(_KEYS.get(new.name, ""), _COMMENTS))
    if kind == "priority" and task.offers("priority"):
        return _priority(rng, task)
    if kind == "hand" and whom.id in {person.id for person in task.choices.assignees}:
        return _change(rng, "assignee", whom.id, phrases.HANDED.get(whom.name, _COMMENTS))
    return Edit(comment=rng.choice(_CALLS).format(login=whom.name))


def _open_ones(task: Task) -> list[Status]:
    return [it for it in task.choices.statuses if not it.is_closed and it.id != task.value("status")]


def _priority(rng: Random, task: Task) -> Edit:
    ids = [priority.id for priority in task.choices.priorities]
    present = task.row.priority.id
    new = rng.choice([number for number in ids if number != present])
    higher = present in ids and ids.index(new) > ids.index(present)
    return _change(rng, "priority", new, phrases.RAISED if higher else phrases.LOWERED)


def _change(rng: Random, field: Field, value: int, says: Sequence[str]) -> Edit:
    return Edit({field: value}, "" if rng.random() < _SILENT else rng.choice(says))
