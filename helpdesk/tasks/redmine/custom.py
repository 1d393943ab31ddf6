"""Custom fields: what Redmine's definitions say, joined with what a task holds.

Source of the shapes: Redmine 5, app/views/custom_fields/index.api.rsb and CustomFieldsHelper#render_api_custom_values.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from helpdesk.redmine_client import JSON
from helpdesk.tasks.fields import CustomField, CustomValue, Kind, Option, Texts
from helpdesk.tasks.redmine.reading import number, plain, ref

KINDS: dict[str, Kind] = {
    "string": "text",
    "text": "long_text",
    "int": "integer",
    "float": "decimal",
    "date": "date",
    "bool": "yes_no",
    "list": "list",
    "enumeration": "list",
    "link": "link",
}


class Definition(NamedTuple):
    """A custom field of tasks; `format` is Redmine's. Only people with one of `roles` see it, unless all do."""

    field: CustomField
    format: str
    trackers: frozenset[int]
    roles: frozenset[int]
    visible: bool

    def seen_by(self, roles: Iterable[int], is_admin: bool) -> bool:
        """Source: Redmine's IssueCustomField#visible_by?."""
        return self.visible or is_admin or not self.roles.isdisjoint(roles)


Definitions = Mapping[int, Definition]


def definitions(listed: Iterable[JSON]) -> Definitions:
    """The fields of issues among all custom fields, by id."""
    found = (_definition(told) for told in listed if told.get("customized_type") == "issue")
    return {definition.field.id: definition for definition in found}


def fields(issue: JSON, known: Definitions) -> dict[int, CustomField]:
    """The fields that an issue's history may name, also those it has no more: whoever may not see one is told nothing
    of it by Redmine (Journal#visible_details)."""
    told = (shown(field) for field in issue.get("custom_fields", ()))
    return {field.id: field for field in told} | {number: one.field for number, one in known.items()}


def values(issue: JSON, known: Definitions) -> tuple[CustomValue, ...]:
    """What an issue holds, in Redmine's order; a field that nobody defines can only be shown."""
    return tuple(
        CustomValue(known[number(told, "id")].field if told["id"] in known else shown(told), texts(told.get("value")))
        for told in issue.get("custom_fields", ())
    )


def shown(told: JSON) -> CustomField:
    """A field of which no more is known than an issue tells."""
    return CustomField(*ref(told), kind="other", multiple=told.get("multiple") is True)


def texts(told: object) -> Texts:
    """A value as the texts that Redmine keeps; empty ones are none."""
    held = told if isinstance(told, list) else [told]
    return tuple(plain(each) for each in held if each not in (None, ""))


def labelled(held: CustomValue, names: Mapping[str, str]) -> CustomValue:
    """The value of a field that keeps ids, with the names of those ids."""
    options = tuple(Option(value, names.get(value, f"#{value}")) for value in held.value)
    return held._replace(field=held.field._replace(options=options))


def written(field: CustomField, value: Texts) -> JSON:
    """How Redmine takes a value."""
    return {"id": field.id, "value": list(value) if field.multiple else "".join(value)}


def _definition(told: JSON) -> Definition:
    kind = KINDS.get(str(told["field_format"]), "other")
    options = told.get("possible_values", ()) if kind == "list" else ()
    field = CustomField(
        *ref(told),
        kind=kind,
        options=tuple(Option(str(option["value"]), str(option["label"])) for option in options),
        multiple=told.get("multiple") is True,
        required=told.get("is_required") is True,
        default=texts(told.get("default_value")),
    )
    trackers, roles = (frozenset(number(each, "id") for each in told.get(name, ())) for name in ("trackers", "roles"))
    return Definition(field, str(told["field_format"]), trackers, roles, told.get("visible") is True)
