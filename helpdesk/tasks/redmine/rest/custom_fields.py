"""Custom fields: Redmine's definitions, joined with the values of a task.

Source of the shapes: Redmine 5, app/views/custom_fields/index.api.rsb and CustomFieldsHelper#render_api_custom_values.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from helpdesk.redmine_client import JSON
from helpdesk.tasks.fields import CustomField, CustomValue, Kind, Option, Texts
from helpdesk.tasks.redmine.rest.json_mapper import number, plain, ref

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
    "attachment": "file",
    "progressbar": "integer",
}
BY_NUMBER = frozenset({"user", "version", "enumeration", "attachment"})


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
    """Return the fields of issues among all custom fields, by id."""
    of_issues = (_definition(data) for data in listed if data.get("customized_type") == "issue")
    return {definition.field.id: definition for definition in of_issues}


def fields(issue: JSON, known: Definitions) -> dict[int, CustomField]:
    """Return the fields that an issue's history may name, also former ones: Redmine leaves out those that the person
    may not see (Journal#visible_details)."""
    present = (without_definition(data) for data in issue.get("custom_fields", ()))
    return {field.id: field for field in present} | {number: it.field for number, it in known.items()}


def values(issue: JSON, known: Definitions) -> tuple[CustomValue, ...]:
    """Return an issue's values, in Redmine's order; a field without a definition can only be shown."""
    return tuple(
        CustomValue(
            known[number(data, "id")].field if data["id"] in known else without_definition(data),
            texts(data.get("value")),
        )
        for data in issue.get("custom_fields", ())
    )


def without_definition(data: JSON) -> CustomField:
    """Return the field of a value in an issue, which can only be shown."""
    return CustomField(*ref(data), kind="other", multiple=data.get("multiple") is True)


def texts(data: object) -> Texts:
    """Return a value as the texts that Redmine keeps, without empty ones."""
    values = data if isinstance(data, list) else [data]
    return tuple(plain(each) for each in values if each not in (None, ""))


def is_by_number(definition: Definition) -> bool:
    """Whether a field holds ids, which mean nothing to people. Unknown formats, of plugins, are taken to do so."""
    return definition.format in BY_NUMBER or definition.field.kind == "other"


def named(field: CustomField, value: Iterable[str], names: Mapping[str, str]) -> CustomField:
    """Return a field that holds ids, with their names: `#7` for an unknown one."""
    known = {option.value for option in field.options}
    missing = (each for each in dict.fromkeys(value) if each not in known)
    options = (Option(each, names.get(each, f"#{each}" if each.isdigit() else each)) for each in missing)
    return field._replace(unlisted=tuple(options))


def written(field: CustomField, value: Texts) -> JSON:
    """Return a value as Redmine takes it."""
    return {"id": field.id, "value": list(value) if field.multiple else "".join(value)}


def _definition(data: JSON) -> Definition:
    kind = KINDS.get(str(data["field_format"]), "other")
    options = data.get("possible_values", ()) if kind == "list" else ()
    field = CustomField(
        *ref(data),
        kind=kind,
        options=tuple(Option(str(option["value"]), str(option["label"])) for option in options),
        multiple=data.get("multiple") is True,
        required=data.get("is_required") is True,
        default=texts(data.get("default_value")),
    )
    trackers, roles = (frozenset(number(each, "id") for each in data.get(name, ())) for name in ("trackers", "roles"))
    return Definition(field, str(data["field_format"]), trackers, roles, data.get("visible") is True)
