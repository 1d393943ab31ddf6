"""The fields of the forms of a task and of a new task, and their values: pure, so that a conflict can be merged.

Redmine does not tell which fields a status makes required. It refuses with sentences, in the person's language, that
begin with a field's name; `required` finds the fields by them. Source: ActiveModel's full_messages, and the names in
Redmine's config/locales.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from hashlib import sha256
from typing import Any, NamedTuple

from helpdesk.errors import HelpdeskError, Invalid, Malformed, Sentence, sentence
from helpdesk.tasks.change_messages import LABELS
from helpdesk.tasks.creation import NewTaskForm
from helpdesk.tasks.fields import (
    CustomField,
    Detail,
    Kind,
    Option,
    Texts,
    Value,
    cf_name,
    detail_name,
    format_number,
    history_name,
)
from helpdesk.tasks.model import Choices, Priority, Ref, Status, Task
from helpdesk.web.core import request_body
from helpdesk.web.core.request_data import VALUES

Speak = Callable[[Sentence], str]

KINDS: dict[Detail, Kind] = {
    "subject": "text",
    "description": "long_text",
    "tracker": "list",
    "start_date": "date",
    "due_date": "date",
    "done_ratio": "integer",
    "estimated_hours": "decimal",
    "parent": "integer",
    "is_private": "yes_no",
}
HINTS: dict[Detail, Sentence] = {
    "parent": sentence("The number of the task that this one is a part of."),
    "is_private": sentence("Seen only by its author, its assignee, and those who may see private tasks."),
}
ALWAYS_SOMETHING: frozenset[Detail] = frozenset({"tracker", "done_ratio", "is_private"})
REDMINE_NAMES: dict[Detail, tuple[str, ...]] = {
    "description": ("Description", "Описание"),
    "start_date": ("Start date", "Дата начала"),
    "due_date": ("Due date", "Срок завершения"),
    "done_ratio": ("% Done", "Готовность"),
    "estimated_hours": ("Estimated time", "Оценка временных затрат"),
    "parent": ("Parent task", "Родительская задача"),
}
NEW_TEXTS: tuple[Detail, ...] = ("subject", "description")
NEW_OTHERS: tuple[Detail, ...] = ("start_date", "due_date", "done_ratio", "estimated_hours", "parent", "is_private")

ANYWHERE = NewTaskForm(Ref(0, ""), Ref(0, ""), (), details=frozenset({"description"}))
"""The form of a new task before its project is chosen: the texts that it has in nearly each."""


class Control(NamedTuple):
    """One field of a form: `field` describes it; `theirs` is the value that somebody else wrote meanwhile."""

    name: str
    field: CustomField
    value: Texts
    theirs: Texts | None = None

    @property
    def options(self) -> tuple[Option, ...]:
        """Return the choices, with the present value even if it is offered no more, so that it does not get lost."""
        offered = {option.value for option in self.field.options}
        return (*self.field.options, *(Option(it, *self.field.labels((it,))) for it in self.value if it not in offered))


def of_task(task: Task, speak: Speak) -> tuple[Control, ...]:
    """Return the details and custom fields that this person may write, with the task's values."""
    choices = task.choices
    details = (_of_task(task, detail, speak) for detail in KINDS if detail in choices.details)
    custom = (Control(cf_name(it.field.id), it.field, it.value) for it in task.custom if it.field.id in choices.custom)
    return (*details, *custom)


def of_new(form: NewTaskForm, typed: Mapping[str, Any], speak: Speak) -> tuple[Control, ...]:
    """Return the fields of a new task that this person may fill in, with the typed values that are offered."""
    priority = () if form.default_priority is None else (str(form.default_priority),)
    controls = (
        *(_of_new(form, detail, speak) for detail in NEW_TEXTS if detail == "subject" or detail in form.details),
        *_choice("status_id", speak(LABELS["status"]), form.statuses if len(form.statuses) > 1 else (), True),
        *_choice("priority_id", speak(LABELS["priority"]), form.priorities, bool(priority), priority),
        *_choice("assigned_to_id", speak(LABELS["assignee"]), form.assignees),
        *(_of_new(form, detail, speak) for detail in NEW_OTHERS if detail in form.details),
        *(Control(cf_name(field.id), field, field.default) for field in form.custom),
    )
    return tuple(_filled(control, typed) for control in controls)


def required(task: Task, refusal: HelpdeskError, typed: Mapping[str, Any], speak: Speak) -> tuple[Control, ...]:
    """Return the fields that the refusal of a status names, with the typed values.

    Fields that were required before are among them, so that no typed value gets lost.
    """
    if not isinstance(refusal, Invalid) or "status_id" not in typed:
        return ()
    messages = [speak(message) for message in refusal.fields.get("base", ())]
    redmine_names = {detail_name(detail): names for detail, names in REDMINE_NAMES.items()}
    controls = of_task(task, speak)
    named = {
        control.name
        for control in controls
        if control.name in refusal.fields
        or any(it.startswith(redmine_names.get(control.name, (control.field.name,))) for it in messages)
    }
    return merged((it for it in controls if named and it.name in named.union(typed)), typed)


def seen(controls: Iterable[Control]) -> str:
    """Return the values of a form as short hashes. The form sends them along, so that changed fields can be told."""
    return json.dumps({control.name: _digest(control.value) for control in controls})


def is_staff(choices: Choices) -> bool:
    """Tell whether a person who has these choices works on the task, and does not only ask for it."""
    return bool(choices.priorities or choices.assignees or choices.may_comment_privately)


def seen_choices(task: Task) -> str:
    """Return the hashes of those of status, priority, assignee and due date that this person may change."""
    choices = {"status": task.choices.statuses, "priority": task.choices.priorities, "assignee": task.choices.assignees}
    values: dict[str, Value] = {name: task.value(field) for field, name in VALUES.items() if choices[field]}
    if "due_date" in task.choices.details:
        values["due_date"] = task.row.due_date
    return json.dumps({name: _digest(_texts(_text(value))) for name, value in values.items()})


def touched(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a form that differ from those it had shown: untouched ones change nothing, even if they are
    wrong by now."""
    before = _seen(typed)
    return {name: value for name, value in typed.items() if before.get(name) != _digest(_texts(value))}


def merged(controls: Iterable[Control], typed: Mapping[str, Any]) -> tuple[Control, ...]:
    """Return the form with the typed values of touched fields and the present values of the others.

    `controls` hold the present values, `typed` is the form as it was sent, with the hashes it had `seen`.
    """
    before = _seen(typed)
    return tuple(_merged(control, typed, before.get(control.name)) for control in controls)


def _merged(present: Control, typed: Mapping[str, Any], before: str | None) -> Control:
    if present.name not in typed:
        return present
    value = _texts(typed[present.name])
    if value == present.value or before == _digest(value):
        return present
    is_conflict = before not in (None, _digest(present.value))
    return present._replace(value=value, theirs=present.value if is_conflict else None)


def _of_task(task: Task, detail: Detail, speak: Speak) -> Control:
    options = tuple(Option(str(ref.id), ref.name) for ref in task.choices.trackers) if detail == "tracker" else ()
    is_required = detail in task.choices.required or detail in ALWAYS_SOMETHING
    return _detail(detail, _texts(_text(task.detail(detail))), is_required, speak, options)


def _of_new(form: NewTaskForm, detail: Detail, speak: Speak) -> Control:
    is_flag = KINDS[detail] == "yes_no"
    return _detail(detail, ("0",) if is_flag else (), is_flag or detail in form.required, speak)


def _detail(detail: Detail, value: Texts, is_required: bool, speak: Speak, options: tuple[Option, ...] = ()) -> Control:
    label = speak(LABELS[history_name(detail)])
    hint = speak(HINTS[detail]) if detail in HINTS else ""
    field = CustomField(0, label, KINDS[detail], options, required=is_required, hint=hint)
    return Control(detail_name(detail), field, value)


def _choice(
    name: str, label: str, offered: Iterable[Ref | Status | Priority], required: bool = False, chosen: Texts = ()
) -> tuple[Control, ...]:
    options = tuple(Option(str(each.id), each.name) for each in offered)
    return (Control(name, CustomField(0, label, "list", options, required=required), chosen),) if options else ()


def _filled(control: Control, typed: Mapping[str, Any]) -> Control:
    if control.name not in typed:
        return control
    value = typed[control.name]
    values = _texts([each for each in (value if isinstance(value, list) else [value]) if each])
    if control.field.kind == "list":
        offered = {option.value for option in control.field.options}
        values = tuple(value for value in values if value in offered)
        return control._replace(value=values or (control.value if control.field.required else ()))
    return control._replace(value=values)


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return format_number(value)
    return value.isoformat() if isinstance(value, date) else "" if value is None else str(value)


def _texts(value: object) -> Texts:
    """Return a typed value as that of a custom field: none when empty, with plain line ends."""
    values = value if isinstance(value, list) else [value]
    return tuple(text for text in (str(each).replace("\r\n", "\n") for each in values) if text)


def _digest(value: Texts) -> str:
    """Hash several values in any order, for boxes come in the order of the form."""
    return sha256("\0".join(sorted(value)).encode("utf-8", "replace")).hexdigest()[:8]


def _seen(typed: Mapping[str, Any]) -> Mapping[str, str]:
    try:
        return request_body.json_object(str(typed.get("seen", "")).encode())
    except (Malformed, UnicodeError):
        return {}
