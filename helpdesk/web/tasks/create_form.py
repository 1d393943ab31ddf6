"""The fields of the form of a new task and their values: pure."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from helpdesk.errors import Sentence
from helpdesk.tasks.change_messages import LABELS
from helpdesk.tasks.creation import NewTaskForm
from helpdesk.tasks.fields import CustomField, Detail, Option, Texts, field_of, name_of
from helpdesk.tasks.model import Priority, Ref, Status
from helpdesk.web.tasks.form_fields import HINTS, KINDS, Control

Speak = Callable[[Sentence], str]
TEXTS: tuple[Detail, ...] = ("subject", "description")
OTHERS: tuple[Detail, ...] = ("start_date", "due_date", "done_ratio", "estimated_hours", "parent", "is_private")


def of_blank(blank: NewTaskForm, typed: Mapping[str, Any], speak: Speak) -> tuple[Control, ...]:
    """The fields that this person may fill in, with what was typed; a choice that is not offered is not made."""
    priority = () if blank.default_priority is None else (str(blank.default_priority),)
    fields = (
        *(_detail(blank, detail, speak) for detail in TEXTS if detail == "subject" or detail in blank.details),
        *_choice("status_id", speak(LABELS["status"]), blank.statuses if len(blank.statuses) > 1 else (), True),
        *_choice("priority_id", speak(LABELS["priority"]), blank.priorities, bool(priority), priority),
        *_choice("assigned_to_id", speak(LABELS["assignee"]), blank.assignees),
        *(_detail(blank, detail, speak) for detail in OTHERS if detail in blank.details),
        *(Control(name_of(field.id), field, field.default) for field in blank.custom),
    )
    return tuple(_filled(control, typed) for control in fields)


def _detail(blank: NewTaskForm, detail: Detail, speak: Speak) -> Control:
    label = speak(LABELS["parent_id" if detail == "parent" else detail])
    hint = speak(HINTS[detail]) if detail in HINTS else ""
    is_flag = KINDS[detail] == "yes_no"
    field = CustomField(0, label, KINDS[detail], required=is_flag or detail in blank.required, hint=hint)
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
