"""Redmine's configuration: one snapshot for all people, read in fifteen short queries, some of it YAML by Rails."""

import re
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
import yaml
from sqlalchemy.engine import Connection

from helpdesk.errors import BadResponse
from helpdesk.tasks.fields import CustomField, Option
from helpdesk.tasks.model import Priority, Status, ranked
from helpdesk.tasks.projects import Project, in_tree_order
from helpdesk.tasks.redmine.rest.custom_fields import KINDS, Definition, texts
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql.tables import grouped, sets
from helpdesk.tasks.redmine.sql.users import DEFAULT_FORMAT
from helpdesk.tasks.redmine.visibility import NON_MEMBER, ProjectInfo, Role

PERMISSION = re.compile(r":([a-z0-9_]+)")
SETTINGS = {
    "user_format": DEFAULT_FORMAT,
    "issue_group_assignment": "0",
    "issue_done_ratio": "issue_field",
    "parent_issue_dates": "derived",
    "parent_issue_priority": "derived",
    "parent_issue_done_ratio": "derived",
}
"""The settings of Redmine's that we read, with their defaults; others hold secrets. Source: config/settings.yml."""


class _Loader(yaml.SafeLoader):
    """Reads plain values only; a Ruby object becomes the mapping, list or text that it is written as."""


def _plain(loader: _Loader, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)  # type: ignore[arg-type]  # what is left is a scalar


def _text(loader: _Loader, node: yaml.ScalarNode) -> str:
    """A text of which Ruby did not know that it is UTF-8."""
    return b64decode(loader.construct_scalar(node)).decode("utf-8", "replace")


_Loader.add_multi_constructor("!ruby/", _plain)
_Loader.add_constructor("!binary", _text)


@lru_cache(maxsize=1_000)
def from_yaml(text: str | None) -> Any:
    """Return the value of a column; None for an empty one. Raises BadResponse for what is no YAML."""
    try:
        return yaml.load(text, _Loader) if text else None
    except yaml.YAMLError as error:
        raise BadResponse(detail=f"no YAML in a column of Redmine's: {type(error).__name__}") from error


def permission_names(text: str | None) -> frozenset[str]:
    """Return the names in a role's list of permissions."""
    return frozenset(PERMISSION.findall(text or ""))


def by_name(value: Any) -> dict[str, Any]:
    """Return a mapping by names, whether Ruby wrote them as texts or as symbols; nothing of anything else."""
    return {str(name).lstrip(":"): each for name, each in value.items()} if isinstance(value, dict) else {}


CORE_FIELDS = (
    "assigned_to_id",
    "category_id",
    "fixed_version_id",
    "parent_issue_id",
    "start_date",
    "due_date",
    "estimated_hours",
    "done_ratio",
    "description",
)
"""What a tracker may do without, in the order of `trackers.fields_bits`. Source: Tracker::CORE_FIELDS."""


class Tracker(NamedTuple):
    id: int
    name: str
    first_status: int | None
    fields: frozenset[str]


class ConfigSnapshot(NamedTuple):
    """`statuses` and `priorities` are in Redmine's order, as are `trackers`; `ratios` are progress by status.

    `user_names` are not read with the rest: they are cached as they are read (`Reading.names`).
    """

    roles: Mapping[int, Role]
    project_info: Mapping[int, ProjectInfo]
    projects: tuple[Project, ...]
    statuses: Mapping[int, Status]
    ratios: Mapping[int, int]
    priorities: Mapping[int, Priority]
    active_priorities: tuple[int, ...]
    trackers: Mapping[int, Tracker]
    trackers_of: Mapping[int, frozenset[int]]
    fields: Mapping[int, Definition]
    fields_of: Mapping[int, frozenset[int]]
    for_all: frozenset[int]
    settings: Mapping[str, str]
    user_names: dict[int, str]

    def is_on(self, setting: str) -> bool:
        """Whether a setting of Redmine's is switched on."""
        return self.settings[setting] == "1"

    def is_derived(self, attribute: str) -> bool:
        """Whether a parent's `dates`, `priority` or `done_ratio` follow from its sub-tasks."""
        return self.settings[f"parent_issue_{attribute}"] == "derived"

    @property
    def has_ratio_by_status(self) -> bool:
        """Whether the progress follows from the status; Redmine's _attributes.html.erb does not offer it then."""
        return self.settings["issue_done_ratio"] == "issue_status"

    @property
    def closed(self) -> list[int]:
        """The ids of the statuses that close a task."""
        return [number for number, status in self.statuses.items() if status.is_closed]

    @property
    def usable_priorities(self) -> tuple[Priority, ...]:
        """Return the priorities that may be given, in Redmine's order."""
        return tuple(self.priorities[number] for number in self.active_priorities)

    def trackers_in(self, project_id: int) -> list[Tracker]:
        """The trackers of a project, in Redmine's order."""
        used = self.trackers_of.get(project_id, frozenset())
        return [tracker for tracker in self.trackers.values() if tracker.id in used]

    def fields_in(self, project_id: int, tracker_id: int) -> list[Definition]:
        """The custom fields of a project's tasks. Source: Issue#available_custom_fields."""
        used = self.for_all | self.fields_of.get(project_id, frozenset())
        return [it for number, it in self.fields.items() if number in used and tracker_id in it.trackers]


def load(db: Connection, extra: frozenset[str]) -> ConfigSnapshot:
    """Load the present configuration. `extra` are the COMPANY tables that are there."""
    trackers = {row.id: _tracker(row) for row in db.execute(sa.select(t.trackers).order_by(t.trackers.c.position))}
    first_statuses = {tracker.first_status for tracker in trackers.values()}
    status_names = _names(db, t.status_names, extra)
    status_rows = db.execute(sa.select(t.issue_statuses).order_by(t.issue_statuses.c.position)).all()
    priorities, active = _priorities(db, _names(db, t.priority_names, extra))
    fields, for_all = _custom_fields(db)
    roles = {row.id: _role(row) for row in db.execute(sa.select(t.roles))}
    projects = db.execute(sa.select(t.projects)).all()
    return ConfigSnapshot(
        roles=roles,
        project_info=_project_info(db, projects, frozenset(it.id for it in roles.values() if it.builtin == NON_MEMBER)),
        projects=in_tree_order(
            Project(row.id, row.name, row.identifier or "", row.description or "", row.parent_id) for row in projects
        ),
        statuses={
            row.id: Status(row.id, status_names.get(row.id, row.name), bool(row.is_closed), row.id in first_statuses)
            for row in status_rows
        },
        ratios={row.id: row.default_done_ratio for row in status_rows if row.default_done_ratio is not None},
        priorities=priorities,
        active_priorities=active,
        trackers=trackers,
        trackers_of=sets(db, t.projects_trackers.c.project_id, t.projects_trackers.c.tracker_id),
        fields=fields,
        fields_of=sets(db, t.custom_fields_projects.c.project_id, t.custom_fields_projects.c.custom_field_id),
        for_all=for_all,
        settings=_settings(db),
        user_names={},
    )


def _role(row: Any) -> Role:
    limits = by_name(from_yaml(row.settings))
    everywhere = by_name(limits.get("permissions_all_trackers"))
    trackers = by_name(limits.get("permissions_tracker_ids"))
    return Role(
        id=row.id,
        builtin=row.builtin,
        assignable=bool(row.assignable),
        issues_visibility=row.issues_visibility,
        time_entries_visibility=row.time_entries_visibility,
        permissions=permission_names(row.permissions),
        trackers={
            name: frozenset(int(each) for each in trackers.get(name) or ())
            for name, holds in everywhere.items()
            if str(holds) == "0"
        },
    )


def _tracker(row: Any) -> Tracker:
    unused = row.fields_bits or 0
    used = frozenset(name for bit, name in enumerate(CORE_FIELDS) if not unused & 1 << bit)
    return Tracker(row.id, row.name, row.default_status_id, used)


def _settings(db: Connection) -> dict[str, str]:
    """Return the values of SETTINGS. Rails wrote some of them as symbols."""
    read = db.execute(sa.select(t.settings).where(t.settings.c.name.in_(SETTINGS)))
    return SETTINGS | {row.name: (row.value or "").lstrip(":") for row in read}


def _project_info(db: Connection, projects: Iterable[Any], guest_role: frozenset[int]) -> dict[int, ProjectInfo]:
    """Guests have the roles of the group of non-members where it was given some, else the role for guests."""
    modules = sets(db, t.enabled_modules.c.project_id, t.enabled_modules.c.name)
    members_query = (
        sa.select(t.members.c.project_id, t.member_roles.c.role_id)
        .join(t.users, t.users.c.id == t.members.c.user_id)
        .outerjoin(t.member_roles, t.member_roles.c.member_id == t.members.c.id)
        .where(t.users.c.type == "GroupNonMember")
    )
    guests = grouped((project, role) for project, role in db.execute(members_query))
    return {
        row.id: ProjectInfo(
            row.id, row.status, bool(row.is_public), modules.get(row.id, frozenset()), guests.get(row.id, guest_role)
        )
        for row in projects
    }


def _priorities(db: Connection, names: Mapping[int, str]) -> tuple[dict[int, Priority], tuple[int, ...]]:
    """Return all priorities, for tasks may hold an inactive one, and the ids of the active ones."""
    query = (
        sa.select(t.enumerations).where(t.enumerations.c.type == "IssuePriority").order_by(t.enumerations.c.position)
    )
    rows = [(row.id, names.get(row.id, row.name), bool(row.is_default), bool(row.active)) for row in db.execute(query)]
    active = {it.id: it for it in ranked((id, name, default) for id, name, default, active in rows if active)}
    return {id: active.get(id, Priority(id, name)) for id, name, _, _ in rows}, tuple(active)


def _names(db: Connection, table: sa.Table, extra: frozenset[str]) -> dict[int, str]:
    return {row.id: row.name for row in db.execute(sa.select(table)) if row.name} if table.name in extra else {}


def _custom_fields(db: Connection) -> tuple[dict[int, Definition], frozenset[int]]:
    """Return all fields in Redmine's order, and the ids of those in all projects."""
    trackers = sets(db, t.custom_fields_trackers.c.custom_field_id, t.custom_fields_trackers.c.tracker_id)
    roles = sets(db, t.custom_fields_roles.c.custom_field_id, t.custom_fields_roles.c.role_id)
    none: frozenset[int] = frozenset()
    options = _enumerations(db)
    field = t.custom_fields.c
    rows = db.execute(sa.select(t.custom_fields).where(field.type == "IssueCustomField").order_by(field.position)).all()
    definitions = {
        row.id: _definition(row, options[row.id], trackers.get(row.id, none), roles.get(row.id, none)) for row in rows
    }
    return definitions, frozenset(row.id for row in rows if row.is_for_all)


def _definition(row: Any, enumerated: list[Option], trackers: frozenset[int], roles: frozenset[int]) -> Definition:
    kind = KINDS.get(row.field_format, "other")
    listed = (str(value) for value in from_yaml(row.possible_values) or ())
    is_enumeration = row.field_format == "enumeration"
    field = CustomField(
        row.id,
        row.name,
        kind=kind,
        options=() if kind != "list" else tuple(enumerated if is_enumeration else (Option(it, it) for it in listed)),
        multiple=bool(row.multiple),
        required=bool(row.is_required),
        default=texts(row.default_value),
    )
    return Definition(field, row.field_format, trackers, roles, bool(row.visible))


def _enumerations(db: Connection) -> defaultdict[int, list[Option]]:
    """Return the values of fields that keep them in their own table. Source: FieldFormat::EnumerationFormat."""
    table = t.custom_field_enumerations
    options: defaultdict[int, list[Option]] = defaultdict(list)
    for row in db.execute(sa.select(table).where(table.c.active.is_(True)).order_by(table.c.position)):
        options[row.custom_field_id].append(Option(str(row.id), row.name))
    return options
