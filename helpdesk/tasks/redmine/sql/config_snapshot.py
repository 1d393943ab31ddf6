"""Redmine's configuration: one snapshot for all people, read in twenty short queries."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.tasks.fields import CustomField, Option
from helpdesk.tasks.model import Priority, Status, ranked
from helpdesk.tasks.projects import Project, in_tree_order
from helpdesk.tasks.redmine.rest.custom_fields import KINDS, Definition, texts
from helpdesk.tasks.redmine.sql import ruby_yaml
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql.tables import grouped, sets
from helpdesk.tasks.redmine.visibility import NON_MEMBER, ProjectInfo, Role

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


class CustomFields(NamedTuple):
    """All fields in Redmine's order, and which of them are in all projects."""

    by_id: Mapping[int, Definition]
    for_all: frozenset[int]


class ConfigSnapshot(NamedTuple):
    """`statuses` and `priorities` are in Redmine's order, as are `trackers`; `ratios` are progress by status.

    `called` is not read with the rest: it holds the names of those who were asked for since (`Reading.names`).
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
    called: dict[int, str]

    def is_on(self, setting: str) -> bool:
        """Whether a setting of Redmine's is switched on; all that we ask for are off by default."""
        return self.settings.get(setting) == "1"

    def is_derived(self, what: str) -> bool:
        """Whether a parent's `dates`, `priority` or `done_ratio` follow from its sub-tasks, as is Redmine's default."""
        return self.settings.get(f"parent_issue_{what}", "derived") == "derived"

    @property
    def has_ratio_by_status(self) -> bool:
        """Whether the progress follows from the status; Redmine's _attributes.html.erb does not offer it then."""
        return self.settings.get("issue_done_ratio") == "issue_status"

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
        named = self.for_all | self.fields_of.get(project_id, frozenset())
        return [one for number, one in self.fields.items() if number in named and tracker_id in one.trackers]


def load(db: Connection, extra: frozenset[str]) -> ConfigSnapshot:
    """Load the present configuration. `extra` are the COMPANY tables that are there."""
    trackers = {row.id: _tracker(row) for row in db.execute(sa.select(t.trackers).order_by(t.trackers.c.position))}
    begun = frozenset(tracker.first_status for tracker in trackers.values())
    status_names = _names(db, t.status_names, extra)
    status_rows = db.execute(sa.select(t.issue_statuses).order_by(t.issue_statuses.c.position)).all()
    priorities, active = _priorities(db, _names(db, t.priority_names, extra))
    fields = _custom_fields(db)
    return ConfigSnapshot(
        roles={row.id: _role(row) for row in db.execute(sa.select(t.roles))},
        project_info=_project_info(db),
        projects=_projects(db),
        statuses={
            row.id: Status(row.id, status_names.get(row.id, row.name), bool(row.is_closed), row.id in begun)
            for row in status_rows
        },
        ratios={row.id: row.default_done_ratio for row in status_rows if row.default_done_ratio is not None},
        priorities=priorities,
        active_priorities=active,
        trackers=trackers,
        trackers_of=sets(db, t.projects_trackers.c.project_id, t.projects_trackers.c.tracker_id),
        fields=fields.by_id,
        fields_of=sets(db, t.custom_fields_projects.c.project_id, t.custom_fields_projects.c.custom_field_id),
        for_all=fields.for_all,
        settings={row.name: (row.value or "").lstrip(":") for row in db.execute(sa.select(t.settings))},
        called={},
    )


def _role(row: Any) -> Role:
    limits = ruby_yaml.named(ruby_yaml.loaded(row.settings))
    everywhere = ruby_yaml.named(limits.get("permissions_all_trackers"))
    trackers = ruby_yaml.named(limits.get("permissions_tracker_ids"))
    return Role(
        id=row.id,
        builtin=row.builtin,
        assignable=bool(row.assignable),
        issues_visibility=row.issues_visibility,
        time_entries_visibility=row.time_entries_visibility,
        permissions=ruby_yaml.permissions(row.permissions),
        trackers={
            name: frozenset(int(each) for each in trackers.get(name) or ())
            for name, holds in everywhere.items()
            if str(holds) == "0"
        },
    )


def _tracker(row: Any) -> Tracker:
    bits = row.fields_bits or 0
    used = frozenset(name for place, name in enumerate(CORE_FIELDS) if not bits & 1 << place)
    return Tracker(row.id, row.name, row.default_status_id, used)


def _project_info(db: Connection) -> dict[int, ProjectInfo]:
    """Projects with their modules. Guests have the group's roles where it was given some, else the role for guests."""
    modules = sets(db, t.enabled_modules.c.project_id, t.enabled_modules.c.name)
    usual = frozenset(db.scalars(sa.select(t.roles.c.id).where(t.roles.c.builtin == NON_MEMBER)))
    guests = memberships(db, t.users.c.type == "GroupNonMember")
    return {
        row.id: ProjectInfo(
            row.id, row.status, bool(row.is_public), modules.get(row.id, frozenset()), guests.get(row.id, usual)
        )
        for row in db.execute(sa.select(t.projects.c.id, t.projects.c.status, t.projects.c.is_public))
    }


def memberships(db: Connection, whose: sa.ColumnElement[bool]) -> dict[int, frozenset[int]]:
    """Project → roles of one principal; an empty set where the membership gives none."""
    query = (
        sa.select(t.members.c.project_id, t.member_roles.c.role_id)
        .join(t.users, t.users.c.id == t.members.c.user_id)
        .outerjoin(t.member_roles, t.member_roles.c.member_id == t.members.c.id)
        .where(whose)
    )
    return grouped((project, role) for project, role in db.execute(query))


def _projects(db: Connection) -> tuple[Project, ...]:
    columns = ("id", "name", "identifier", "description", "parent_id")
    rows = db.execute(sa.select(*(t.projects.c[name] for name in columns)))
    return in_tree_order(
        Project(row.id, row.name, row.identifier or "", row.description or "", row.parent_id) for row in rows
    )


def _priorities(db: Connection, names: Mapping[int, str]) -> tuple[dict[int, Priority], tuple[int, ...]]:
    """All of them, for tasks may hold one that is used no more, and the ids of those that may be given."""
    query = (
        sa.select(t.enumerations).where(t.enumerations.c.type == "IssuePriority").order_by(t.enumerations.c.position)
    )
    rows = [(row.id, names.get(row.id, row.name), bool(row.is_default), bool(row.active)) for row in db.execute(query)]
    active = {one.id: one for one in ranked((id, name, usual) for id, name, usual, active in rows if active)}
    return {id: active.get(id, Priority(id, name)) for id, name, _, _ in rows}, tuple(active)


def _names(db: Connection, table: sa.Table, extra: frozenset[str]) -> dict[int, str]:
    """A company's own words for statuses or priorities."""
    return {row.id: row.name for row in db.execute(sa.select(table)) if row.name} if table.name in extra else {}


def _custom_fields(db: Connection) -> CustomFields:
    trackers = sets(db, t.custom_fields_trackers.c.custom_field_id, t.custom_fields_trackers.c.tracker_id)
    roles = sets(db, t.custom_fields_roles.c.custom_field_id, t.custom_fields_roles.c.role_id)
    nobody: frozenset[int] = frozenset()
    options = _enumerations(db)
    field = t.custom_fields.c
    rows = db.execute(sa.select(t.custom_fields).where(field.type == "IssueCustomField").order_by(field.position)).all()
    return CustomFields(
        {
            row.id: _definition(row, options[row.id], trackers.get(row.id, nobody), roles.get(row.id, nobody))
            for row in rows
        },
        frozenset(row.id for row in rows if row.is_for_all),
    )


def _definition(row: Any, enumerated: list[Option], trackers: frozenset[int], roles: frozenset[int]) -> Definition:
    kind = KINDS.get(row.field_format, "other")
    listed = (str(value) for value in ruby_yaml.loaded(row.possible_values) or ())
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
    """The values of fields that keep them in a table of their own. Source: FieldFormat::EnumerationFormat."""
    table = t.custom_field_enumerations
    found: defaultdict[int, list[Option]] = defaultdict(list)
    for row in db.execute(sa.select(table).where(table.c.active.is_(True)).order_by(table.c.position)):
        found[row.custom_field_id].append(Option(str(row.id), row.name))
    return found
