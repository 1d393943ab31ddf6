"""One bigger thing among the demo's tasks: a task with its sub-tasks, told after the story and numbered after it."""

from datetime import datetime

from helpdesk.demo.story import Change, Entry, Task
from helpdesk.demo.worktime import DAY, ZONE, ago, workday

_WHOLE = "Переезд бухгалтерии на третий этаж"
_TOLD = """Бухгалтерия переезжает из каб. 104–106 в каб. 311–313. Рабочих мест **девять**, переезжаем за выходные.

- до пятницы проверить розетки и сеть;
- столы и шкафы переносят рабочие, технику — только мы;
- в понедельник к 9:00 должны печатать все три МФУ."""

# Subject, assignee, status today, progress in per cent, priority.
_SUBTASKS = (
    ("Проверить розетки и сеть в каб. 311–313", "boris", "resolved", 100, "high"),
    ("Составить план расстановки столов", "anna", "in_progress", 60, "normal"),
    ("Перенести рабочие места и МФУ", "boris", "new", 0, "high"),
    ("Переключить внутренние номера телефонов", "anna", "new", 0, "normal"),
)
_BEGAN = 6 * DAY


def tell(now: datetime) -> tuple[Task, tuple[Task, ...]]:
    """The task and its sub-tasks, as they stand today."""
    due = 5
    whole = _task(now, _BEGAN, _WHOLE, "anna", "in_progress", 40, "high", _TOLD, due)
    return whole, tuple(
        _task(now, _BEGAN - 30 - place, subject, who, status, done, priority, "", due - 1)
        for place, (subject, who, status, done, priority) in enumerate(_SUBTASKS)
    )


def _task(
    now: datetime, began: int, subject: str, who: str, status: str, done: int, priority: str, text: str, due: int
) -> Task:
    created, today = ago(now, began), now.astimezone(ZONE).date()
    entries = (
        () if status == "new" else (Entry(ago(now, began // 2), who, "", False, (Change("status", "new", status),)),)
    )
    return Task(
        project="office",
        tracker="change",
        status=status,
        priority=priority,
        author="anna",
        assignee=who,
        subject=subject,
        description=text,
        created_at=created,
        updated_at=entries[-1].at if entries else created,
        closed_at=None,
        start_date=created.astimezone(ZONE).date(),
        due_date=workday(today, due),
        done_ratio=done,
        entries=entries,
    )
