"""The demo company's helpdesk before anything happened in it: people, projects, roles and rules."""

from typing import NamedTuple

from helpdesk.store.board import ColumnKept


class Person(NamedTuple):
    """An account of the demo; `login` is what others refer to."""

    login: str
    full_name: str
    email: str
    department: str
    position: str
    is_admin: bool = False


class Status(NamedTuple):
    """A state of a task; the order of `STATUSES` is the order of the board's columns, of which `column` tells."""

    key: str
    name: str
    is_closed: bool = False
    is_default: bool = False
    column: ColumnKept | None = None


class Priority(NamedTuple):
    """How urgent a task is; `PRIORITIES` goes from the least to the most urgent."""

    key: str
    name: str
    is_default: bool = False


class Tracker(NamedTuple):
    """What kind of task it is."""

    key: str
    name: str


class Project(NamedTuple):
    """A members-only project; `members` are pairs (login, key of the role), `parent` is the key of one before it."""

    key: str
    name: str
    description: str
    members: tuple[tuple[str, str], ...]
    parent: str = ""


class CustomField(NamedTuple):
    """A field that the company added, of a kind of `tasks.fields`."""

    name: str
    kind: str
    options: tuple[str, ...] = ()
    hint: str = ""


class Reply(NamedTuple):
    """A reply template that everybody may insert."""

    name: str
    text: str


class Role(NamedTuple):
    """What a member may do, apart from the status changes, which are in `WORKFLOW`."""

    key: str
    name: str
    permissions: frozenset[str]


PEOPLE = (
    Person("admin", "Администратор системы", "admin@example.test", "ИТ-отдел", "Администратор", True),
    Person("anna", "Анна Светлова", "anna@example.test", "Служба поддержки", "Ведущий специалист"),
    Person("boris", "Борис Громов", "boris@example.test", "Служба поддержки", "Инженер"),
    Person("irina", "Ирина Полякова", "irina@example.test", "Бухгалтерия", "Бухгалтер"),
    Person("stranger", "Тимур Ракитин", "stranger@example.test", "Внешний аудит", "Аудитор"),
)

ON_DUTY = Person("kolya", "Николай Озеров", "kolya@example.test", "Служба поддержки", "Дежурный инженер")
"""Nobody signs in as him: see `duty`."""

STATUSES = (
    Status("new", "Новая", is_default=True),
    Status("in_progress", "В работе", column=ColumnKept(wip_limit=20)),
    Status("clarification", "Запрошено уточнение", column=ColumnKept("waiting")),
    Status("paused", "Приостановлена", column=ColumnKept("waiting")),
    Status("resolved", "Решена"),
    Status("closed", "Закрыта", is_closed=True),
    Status("rejected", "Отклонена", is_closed=True),
)

PRIORITIES = (
    Priority("low", "Низкий"),
    Priority("normal", "Нормальный", is_default=True),
    Priority("high", "Высокий"),
    Priority("urgent", "Срочный"),
)

TRACKERS = (Tracker("incident", "Инцидент"), Tracker("request", "Запрос"), Tracker("change", "Изменение"))

CUSTOM_FIELDS = (
    CustomField("Кабинет", "text"),
    CustomField("Способ связи", "list", ("Телефон", "Почта", "Лично")),
    CustomField("Согласовано", "yes_no"),
    CustomField("Дата замены", "date"),
    CustomField("Инвентарный номер", "integer", hint="С наклейки на устройстве."),
)

REPLIES = (
    Reply(
        "Принято в работу",
        "Здравствуйте! Задача {task} принята в работу. Напишу здесь, как только будут новости.\n\n{person}",
    ),
    Reply(
        "Нужны подробности",
        "Здравствуйте! По задаче {task} нужны подробности: что вы делали и что увидели на экране?\n\n{person}",
    ),
    Reply(
        "Сделано, проверьте",
        "Готово. Проверьте, пожалуйста; если что-то не так, ответьте прямо здесь.\n\n{person}",
    ),
)

ROLES = (
    Role(
        "support",
        "Специалист поддержки",
        frozenset(
            {
                "view_all",
                "edit",
                "comment",
                "edit_own_comments",
                "view_private",
                "comment_privately",
                "assignable",
                "create",
            }
        ),
    ),
    Role("requester", "Заявитель", frozenset({"comment", "create"})),
)

DUTY = Role("duty", "Дежурный", frozenset({"view_all", "edit", "comment"}))
"""Of the colleague on duty: the support's workflow is his, too, but he is assigned nothing."""

_STAFF = (("anna", "support"), ("boris", "support"))
_STAFF_AND_IRINA = (*_STAFF, ("irina", "requester"))

PROJECTS = (
    Project(
        "helpdesk",
        "Служба поддержки",
        "Компьютеры, печать, сеть, почта, телефония и доступы.",
        _STAFF_AND_IRINA,
    ),
    Project(
        "printing",
        "Печать и сканирование",
        "Принтеры, сканеры, картриджи и бумага.",
        _STAFF_AND_IRINA,
        "helpdesk",
    ),
    Project(
        "network",
        "Сеть и телефония",
        "Проводная и беспроводная сеть, удалённый доступ, телефоны.",
        _STAFF_AND_IRINA,
        "helpdesk",
    ),
    Project(
        "office",
        "Офис и хозяйство",
        "Кабинеты, мебель, пропуска, свет, климат и всё, что не включается в розетку сети.",
        _STAFF_AND_IRINA,
    ),
    Project(
        "warehouse",
        "Склад и логистика",
        "Терминалы сбора данных, весы, этикетки, приёмка и отгрузка.",
        _STAFF,
    ),
    Project(
        "erp",
        "Учётные системы",
        "1С, обмены с банком и контрагентами, кассы магазинов.",
        _STAFF_AND_IRINA,
    ),
)

WORKFLOW: dict[str, dict[str, tuple[str, ...]]] = {
    "support": {
        "new": ("in_progress", "clarification", "rejected"),
        "in_progress": ("clarification", "paused", "resolved"),
        "clarification": ("in_progress", "rejected"),
        "paused": ("in_progress",),
        "resolved": ("closed", "in_progress"),
        "closed": ("in_progress",),
        "rejected": ("in_progress",),
    },
    "requester": {"resolved": ("closed", "in_progress")},
}
"""Role, then the present status, then the statuses that the role may choose; a member without a row may not."""
