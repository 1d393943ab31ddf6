"""The fields that a status demands of a task before it may enter it, found by what the tracker says when it refuses.

Redmine tells no program which fields a status makes required; it refuses with sentences, in the person's language, that
begin with a field's name. Source: ActiveModel's full_messages, and the names in Redmine's config/locales.
"""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from helpdesk.errors import HelpdeskError, Invalid
from helpdesk.tasks.fields import Detail, field_of
from helpdesk.tasks.model import Task
from helpdesk.web.core.templating import translate
from helpdesk.web.tasks import form_fields
from helpdesk.web.tasks.form_fields import Control

NAMES: dict[Detail, tuple[str, ...]] = {
    "description": ("Description", "Описание"),
    "start_date": ("Start date", "Дата начала"),
    "due_date": ("Due date", "Срок завершения"),
    "done_ratio": ("% Done", "Готовность"),
    "estimated_hours": ("Estimated time", "Оценка временных затрат"),
    "parent": ("Parent task", "Родительская задача"),
}


def by(request: Request, task: Task, refusal: HelpdeskError, typed: Mapping[str, Any]) -> tuple[Control, ...]:
    """The controls of the fields that the refusal of a status names, with what was typed into them; and of those that
    were asked for before, for what was typed must not get lost."""
    if not isinstance(refusal, Invalid) or "status_id" not in typed:
        return ()
    says = [translate(request, one) for one in refusal.fields.get("base", ())]
    details = {field_of(detail): names for detail, names in NAMES.items()}
    may = form_fields.of_task(task, lambda sentence: translate(request, sentence))
    named = {
        control.name
        for control in may
        if control.name in refusal.fields
        or any(one.startswith(details.get(control.name, (control.field.name,))) for one in says)
    }
    return form_fields.merged((it for it in may if named and it.name in named.union(typed)), typed)
