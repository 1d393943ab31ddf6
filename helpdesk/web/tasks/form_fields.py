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
from helpdesk.tasks.fields import CustomField, Detail, Kind, Option, Texts, Value, digits, field_of, name_of
from helpdesk.tasks.model import Priority, Ref, Status, Task
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


class Control(NamedTuple):
    """One field of a form. `field` says what it takes; `theirs` is what somebody else wrote into it meanwhile."""

    name: str
    field: CustomField
    value: Texts
    theirs: Texts | None = None

    @property
    def options(self) -> tuple[Option, ...]:
        """Return the choices, with the present value even if it is offered no more, so that it does not get lost."""
        known = {option.value for option in self.field.options}
        return (*self.field.options, *(Option(it, *self.field.words((it,))) for it in self.value if it not in known))


def of_task(task: Task, speak: Speak) -> tuple[Control, ...]:
    """The details and custom fields that this person may write, with what the task holds in them."""
    choices = task.choices
    details = (_of_detail(task, detail, speak) for detail in KINDS if detail in choices.details)
    custom = (Control(name_of(it.field.id), it.field, it.value) for it in task.custom if it.field.id in choices.custom)
    return (*details, *custom)


def seen(controls: Iterable[Control]) -> str:
    """What a form shows at first, as short hashes: it goes with the form and tells later who changed what."""
    return json.dumps({control.name: _digest(control.value) for control in controls})


def seen_choices(task: Task) -> str:
    """The same of a form that asks for those of status, priority and assignee that this person may choose."""
    may = {"status": task.choices.statuses, "priority": task.choices.priorities, "assignee": task.choices.assignees}
    held = {name: task.value(field) for field, name in VALUES.items() if may[field]}
    return json.dumps({name: _digest(_texts(_shown(value))) for name, value in held.items()})


def merged(controls: Iterable[Control], typed: Mapping[str, Any]) -> tuple[Control, ...]:
    """The form again after something was typed into it: what nobody but I changed is mine, what I left alone is theirs.

    `controls` hold what the task holds now, `typed` is the form as it was sent, with what it had `seen`.
    """
    before = _seen(typed)
    return tuple(_merged(control, typed, before.get(control.name)) for control in controls)


def touched(typed: Mapping[str, Any]) -> dict[str, Any]:
    """A form without the fields left as it had shown them: they are no wish, even if they are wrong by now."""
    before = _seen(typed)
    return {name: value for name, value in typed.items() if before.get(name) != _digest(_texts(value))}


def required(task: Task, refusal: HelpdeskError, typed: Mapping[str, Any], speak: Speak) -> tuple[Control, ...]:
    """The controls of the fields that the refusal of a status names, with what was typed into them; and of those that
    were asked for before, for what was typed must not get lost."""
    if not isinstance(refusal, Invalid) or "status_id" not in typed:
        return ()
    says = [speak(one) for one in refusal.fields.get("base", ())]
    details = {field_of(detail): names for detail, names in REDMINE_NAMES.items()}
    may = of_task(task, speak)
    named = {
        control.name
        for control in may
        if control.name in refusal.fields
        or any(one.startswith(details.get(control.name, (control.field.name,))) for one in says)
    }
    return merged((it for it in may if named and it.name in named.union(typed)), typed)


def of_new(form: NewTaskForm, typed: Mapping[str, Any], speak: Speak) -> tuple[Control, ...]:
    """Return the fields of a new task that this person may fill in, with the typed values that are offered."""
    priority = () if form.default_priority is None else (str(form.default_priority),)
    fields = (
        *(_new_detail(form, detail, speak) for detail in NEW_TEXTS if detail == "subject" or detail in form.details),
        *_choice("status_id", speak(LABELS["status"]), form.statuses if len(form.statuses) > 1 else (), True),
        *_choice("priority_id", speak(LABELS["priority"]), form.priorities, bool(priority), priority),
        *_choice("assigned_to_id", speak(LABELS["assignee"]), form.assignees),
        *(_new_detail(form, detail, speak) for detail in NEW_OTHERS if detail in form.details),
        *(Control(name_of(field.id), field, field.default) for field in form.custom),
    )
    return tuple(_filled(control, typed) for control in fields)


def _new_detail(form: NewTaskForm, detail: Detail, speak: Speak) -> Control:
    label = speak(LABELS["parent_id" if detail == "parent" else detail])
    hint = speak(HINTS[detail]) if detail in HINTS else ""
    is_flag = KINDS[detail] == "yes_no"
    field = CustomField(0, label, KINDS[detail], required=is_flag or detail in form.required, hint=hint)
    return Control(field_of(detail), field, ("0",) if is_flag else ())


def _choice(
    name: str, label: str, offered: Iterable[Ref | Status | Priority], required: bool = False, chosen: Texts = ()
) -> tuple[Control, ...]:
    options = tuple(Option(str(each.id), each.name) for each in offered)
    return (Control(name, CustomField(0, label, "list", options, required=required), chosen),) if options else ()


def _filled(control: Control, typed: Mapping[str, Any]) -> Control:
    if control.name not in typed:
        return control
    given = typed[control.name]
    values = tuple(str(each).replace("\r\n", "\n") for each in (given if isinstance(given, list) else [given]) if each)
    if control.field.kind == "list":
        known = {option.value for option in control.field.options}
        values = tuple(value for value in values if value in known)
        return control._replace(value=values or (control.value if control.field.required else ()))
    return control._replace(value=values)


def _merged(now: Control, typed: Mapping[str, Any], before: str | None) -> Control:
    if now.name not in typed:
        return now
    mine = _texts(typed[now.name])
    if mine == now.value or before == _digest(mine):
        return now
    return now._replace(value=mine, theirs=None if before in (None, _digest(now.value)) else now.value)


def _of_detail(task: Task, detail: Detail, speak: Speak) -> Control:
    options = tuple(Option(str(ref.id), ref.name) for ref in task.choices.trackers) if detail == "tracker" else ()
    hint = speak(HINTS[detail]) if detail in HINTS else ""
    required = detail in task.choices.required or detail in ALWAYS_SOMETHING
    label = LABELS["parent_id" if detail == "parent" else detail]
    field = CustomField(0, speak(label), KINDS[detail], options, required=required, hint=hint)
    return Control(field_of(detail), field, _texts(_shown(task.detail(detail))))


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return digits(value)
    return value.isoformat() if isinstance(value, date) else "" if value is None else str(value)


def _texts(value: object) -> Texts:
    """As a custom field's value: none when empty. Line ends as browsers send them are made plain."""
    values = value if isinstance(value, list) else [value]
    return tuple(text for text in (str(each).replace("\r\n", "\n") for each in values) if text)


def _digest(value: Texts) -> str:
    """Several values in whatever order, for boxes come in the order of the form."""
    return sha256("\0".join(sorted(value)).encode("utf-8", "replace")).hexdigest()[:8]


def _seen(typed: Mapping[str, Any]) -> Mapping[str, str]:
    try:
        return request_body.json_object(str(typed.get("seen", "")).encode())
    except (Malformed, UnicodeError):
        return {}
