"""Add a project of quality control to the demo: requests of customers about their journeys, over a year.

Only boris and the administrator see it, so that the lists of the others stay as they are.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import cycle, product
from typing import NamedTuple

from sqlmodel import Session, col, select

from helpdesk.store import rights
from helpdesk.store.casefold import fold
from helpdesk.store.models import tables
from helpdesk.store.models.quality import QualityChoice

PROJECT, ROLE = "quality", "Специалист поддержки"
PROJECT_NAME = "Контроль качества"
KINDS = {"complaint": "Жалоба", "gratitude": "Благодарность", "question": "Вопрос", "suggestion": "Предложение"}
FIELDS = {"object": "Объект", "resort": "Курорт", "country": "Страна"}
COUNTRIES = {
    "Анталья": "Турция",
    "Кемер": "Турция",
    "Хургада": "Египет",
    "Шарм-эль-Шейх": "Египет",
    "Пхукет": "Таиланд",
    "Дубай": "ОАЭ",
}
"""The country of each resort."""
OBJECTS = ("Отель", "Рейс", "Трансфер", "Экскурсия", "Гид")
SUBJECTS = {
    ("complaint", "Отель"): "Номер не такой, как на фотографиях",
    ("complaint", "Рейс"): "Вылет задержали на шесть часов",
    ("complaint", "Трансфер"): "Автобус из аэропорта ждали полтора часа",
    ("complaint", "Экскурсия"): "Экскурсию отменили и не вернули деньги",
    ("complaint", "Гид"): "Гид не отвечал на звонки",
    ("gratitude", "Отель"): "Спасибо за чистый и тихий номер",
    ("gratitude", "Рейс"): "Спасибо экипажу за спокойный полёт",
    ("gratitude", "Трансфер"): "Водитель помог с багажом",
    ("gratitude", "Экскурсия"): "Прекрасная поездка, всё вовремя",
    ("gratitude", "Гид"): "Гид решил всё за один вечер",
    ("question", "Отель"): "Когда можно заселиться",
    ("question", "Рейс"): "Сколько багажа можно взять",
    ("question", "Трансфер"): "Где ждёт автобус",
    ("question", "Экскурсия"): "Можно ли поехать с ребёнком",
    ("question", "Гид"): "Как связаться с гидом",
    ("suggestion", "Отель"): "Добавьте завтрак для ранних вылетов",
    ("suggestion", "Рейс"): "Сообщайте о задержке по SMS",
    ("suggestion", "Трансфер"): "Поставьте табличку у выхода",
    ("suggestion", "Экскурсия"): "Сделайте группу поменьше",
    ("suggestion", "Гид"): "Пришлите памятку до вылета",
}
COUNT, DAYS = 60, 360
"""So many requests in so many days."""
OPEN = {2: "in_progress", 4: "clarification", 6: "in_progress", 9: "resolved"}
"""The statuses of some of the latest, by their place from the end."""
STATUSES = {
    "new": ("Новая", False),
    "in_progress": ("В работе", False),
    "clarification": ("Запрошено уточнение", False),
    "resolved": ("Решена", False),
    "closed": ("Закрыта", True),
    "rejected": ("Отклонена", True),
}
"""The names of the demo's statuses, and whether they are closed ones."""
NEW = (0, 1, 3)
"""The places, from the end, of those that nobody has looked at."""
MINUTES = (35, 190, 95, 410, 60, 1500, 260)
"""How long a first answer took, in turn."""


class Request(NamedTuple):
    """A request with what it is about; `place` is 0 for the latest."""

    place: int
    kind: str
    about: str
    resort: str

    @property
    def subject(self) -> str:
        return f"{SUBJECTS[self.kind, self.about]}: {self.resort}"

    @property
    def status(self) -> str:
        if self.place in NEW:
            return "new"
        return OPEN.get(self.place, "rejected" if self.place % 17 == 0 else "closed")


def requests() -> Iterator[Request]:
    """Yield the requests, the oldest first. Complaints about hotels are the most, as everywhere."""
    kinds = cycle(("complaint", "question", "complaint", "gratitude", "complaint", "suggestion", "question"))
    places = cycle(product(COUNTRIES, (*OBJECTS, "Отель")))
    for place in reversed(range(COUNT)):
        resort, about = next(places)
        yield Request(place, next(kinds), about, resort)


def add(session: Session, now: datetime) -> None:
    """Store the project with its trackers, fields and requests, what quality control counts, and boris's rights."""
    kinds = {key: _kind(session, name, place) for place, (key, name) in enumerate(KINDS.items(), start=10)}
    project = tables.Project(identifier=PROJECT, name=PROJECT_NAME, description="Что говорят о поездках.")
    session.add(project)
    session.flush()
    assert project.id
    values = {
        "object": OBJECTS,
        "resort": tuple(COUNTRIES),
        "country": tuple(dict.fromkeys(COUNTRIES.values())),
    }
    fields = {key: _field(session, project.id, name, values[key]) for key, name in FIELDS.items()}
    people = {login: number for login, number in session.exec(select(tables.Person.login, tables.Person.id)) if number}
    support = session.exec(select(tables.Role.id).where(tables.Role.name == ROLE)).one()
    for login in ("admin", "boris"):
        session.add(tables.Membership(project_id=project.id, person_id=people[login], role_id=support or 0))
    for role, number in (kinds | fields).items():
        session.add(QualityChoice(role=role, number=number))
    for right in ("can_access_quality_control", "can_access_redmine_report"):
        rights.grant(session, people["boris"], right)
    _tasks(session, now, project.id, kinds, fields, people)


def _kind(session: Session, name: str, position: int) -> int:
    row = tables.Kind(name=name, position=position)
    session.add(row)
    session.flush()
    return row.id or 0


def _field(session: Session, project_id: int, name: str, options: tuple[str, ...]) -> int:
    row = tables.CustomField(
        name=name, kind="list", position=20, project_id=project_id, options="\n".join(options), hint=""
    )
    session.add(row)
    session.flush()
    return row.id or 0


def _tasks(
    session: Session,
    now: datetime,
    project_id: int,
    kinds: Mapping[str, int],
    fields: Mapping[str, int],
    people: Mapping[str, int],
) -> None:
    by_name = {name: number for name, number in session.exec(select(tables.Status.name, tables.Status.id)) if number}
    statuses = {key: by_name[name] for key, (name, _) in STATUSES.items()}
    priority = session.exec(select(tables.Priority.id).where(col(tables.Priority.is_default).is_(True))).one() or 0
    for it in requests():
        created = now - timedelta(days=it.place * DAYS / COUNT, hours=1)
        answered = created + timedelta(minutes=MINUTES[it.place % len(MINUTES)])
        _, is_closed = STATUSES[it.status]
        closed = answered + timedelta(hours=3 + it.place % 40) if is_closed else None
        assignee = people["boris" if is_closed and it.place % 3 else "admin"]
        task = tables.Task(
            project_id=project_id,
            kind_id=kinds[it.kind],
            status_id=statuses[it.status],
            priority_id=priority,
            author_id=people["admin"],
            assignee_id=None if it.status == "new" else assignee,
            subject=it.subject,
            words=fold(it.subject),
            done_ratio=100 if is_closed else 0,
            created_at=created,
            updated_at=closed or (created if it.status == "new" else answered),
            closed_at=closed,
        )
        session.add(task)
        session.flush()
        texts = {"object": it.about, "resort": it.resort, "country": COUNTRIES[it.resort]}
        for field, text in texts.items():
            session.add(tables.CustomValue(task_id=task.id or 0, field_id=fields[field], place=0, value=text))
        if it.status != "new":
            first = "in_progress" if is_closed else it.status
            _entry(session, task, assignee, answered, "Спасибо, разбираемся.", statuses["new"], statuses[first])
        if closed:
            _entry(session, task, assignee, closed, "", statuses["in_progress"], statuses[it.status])


def _entry(session: Session, task: tables.Task, who: int, at: datetime, notes: str, old: int, new: int) -> None:
    entry = tables.Entry(task_id=task.id or 0, author_id=who, created_at=at, notes=notes)
    session.add(entry)
    session.flush()
    change = tables.Change(entry_id=entry.id or 0, field="status", old_value=str(old), new_value=str(new))
    session.add(change)
    task.version += 1
