"""Choose what the simulated colleague does next: the same dice over the same tasks give the same."""

from collections.abc import Sequence
from random import Random
from typing import Literal, NamedTuple

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
OF_STATUS = {
    "В работе": ("Можно продолжать, ответ получен.", "Возвращаю в работу."),
    "Запрошено уточнение": ("Не хватает подробностей, спросил у заявителя.", "Жду от заявителя номер кабинета."),
    "Приостановлена": ("Ждём поставку, пока пауза.", "Заявитель в отъезде, приостанавливаю."),
    "Решена": ("Заявитель говорит, что всё работает.", "Сделано, проверил вместе с заявителем."),
}
_RAISED = (
    "Заявитель ждёт, двигаем ближе к началу очереди.",
    "Просьба руководителя отдела ускорить, поднимаю приоритет.",
    "Срок ближе, чем казалось. Приоритет выше.",
)
_LOWERED = (
    "Договорились, что терпит. Снижаю приоритет.",
    "Срочности нет, заявитель не против подождать.",
    "Делаем планово, приоритет ниже.",
)
HANDED = {
    "anna": ("Анна, это по твоей части, передаю.", "Передаю Анне: она вела похожее.", "Анна на месте, отдаю ей."),
    "boris": ("Борис, посмотри, пожалуйста: ты ближе.", "Передаю Борису, нужен выезд.", "Борису, по графику."),
}


class Action(NamedTuple):
    """What to do, and on which task."""

    kind: Kind
    task_id: int


def chosen(rng: Random, recipient: int, rows: Sequence[TaskRow]) -> Action | None:
    """Choose something that the person with this number is notified of; None when there is no task.

    The person's own tasks are commented on and changed. Another's task is handed to the person, or the person is called
    to look at it.
    """
    own = [row.id for row in rows if row.assignee and row.assignee.id == recipient]
    others = [row.id for row in rows if not row.assignee or row.assignee.id != recipient]
    tasks: dict[Kind, list[int]] = {
        "comment": own, "status": own, "priority": own, "hand": others, "call": others
    }  # fmt: skip
    possible = [kind for kind in _WEIGHTS if tasks[kind]]
    if not possible:
        return None
    kind = rng.choices(possible, [_WEIGHTS[kind] for kind in possible])[0]
    return Action(kind, rng.choice(tasks[kind]))


def edit(rng: Random, kind: Kind, recipient: Ref, task: Task) -> Edit:
    """Return the edit that does it; `recipient` is the person's number and login.

    It holds only what the task offers, and never closes the task, or there would be none left. Where nothing is offered
    the person is called.
    """
    if kind == "comment":
        return Edit(comment=rng.choice(_COMMENTS))
    if kind == "status" and (statuses := _open_ones(task)):
        new = rng.choice(statuses)
        return _change(rng, "status", new.id, OF_STATUS.get(new.name, _COMMENTS))
    if kind == "priority" and task.offers("priority"):
        return _priority(rng, task)
    if kind == "hand" and recipient.id in {person.id for person in task.choices.assignees}:
        return _change(rng, "assignee", recipient.id, HANDED.get(recipient.name, _COMMENTS))
    return Edit(comment=rng.choice(_CALLS).format(login=recipient.name))


def _open_ones(task: Task) -> list[Status]:
    return [it for it in task.choices.statuses if not it.is_closed and it.id != task.value("status")]


def _priority(rng: Random, task: Task) -> Edit:
    ids = [priority.id for priority in task.choices.priorities]
    present = task.row.priority.id
    new = rng.choice([number for number in ids if number != present])
    is_higher = present in ids and ids.index(new) > ids.index(present)
    return _change(rng, "priority", new, _RAISED if is_higher else _LOWERED)


def _change(rng: Random, field: Field, value: int, comments: Sequence[str]) -> Edit:
    return Edit({field: value}, "" if rng.random() < _SILENT else rng.choice(comments))
