"""Redmine's tables, as far as we read them. Source: Redmine 5's db/migrate; `helpdesk doctor` compares them with what
is there, and the statement that creates our database user names them alone."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

REDMINE = sa.MetaData()
COMPANY = sa.MetaData()
"""What only some companies have: names of statuses and priorities in words of their own."""
SECOND = sa.MetaData()
"""What is read of a second Redmine alone."""


def _table(name: str, columns: str, more: sa.MetaData = REDMINE) -> sa.Table:
    """A table by its columns, each with the first letter of its type, as in `id:i name:s`."""
    types = {"i": sa.Integer, "s": sa.String, "b": sa.Boolean, "d": sa.Date, "t": sa.DateTime, "f": sa.Float}
    named = (column.split(":") for column in columns.split())
    return sa.Table(name, more, *(sa.Column(each, types[kind]()) for each, kind in named))


issues = _table(
    "issues",
    "id:i tracker_id:i project_id:i subject:s description:s due_date:d status_id:i assigned_to_id:i priority_id:i"
    " author_id:i lock_version:i created_on:t updated_on:t start_date:d done_ratio:i estimated_hours:f parent_id:i"
    " root_id:i lft:i rgt:i is_private:b closed_on:t",
)
journals = _table("journals", "id:i journalized_id:i journalized_type:s user_id:i notes:s created_on:t private_notes:b")
journal_details = _table("journal_details", "id:i journal_id:i property:s prop_key:s old_value:s value:s")
users = _table("users", "id:i login:s firstname:s lastname:s admin:b status:i type:s")
email_addresses = _table("email_addresses", "user_id:i address:s", SECOND)
groups_users = _table("groups_users", "group_id:i user_id:i")
members = _table("members", "id:i user_id:i project_id:i")
member_roles = _table("member_roles", "member_id:i role_id:i")
roles = _table(
    "roles",
    "id:i name:s position:i assignable:b builtin:i permissions:s issues_visibility:s time_entries_visibility:s"
    " settings:s",
)
projects = _table("projects", "id:i name:s description:s is_public:b parent_id:i identifier:s status:i")
enabled_modules = _table("enabled_modules", "project_id:i name:s")
issue_statuses = _table("issue_statuses", "id:i name:s is_closed:b position:i default_done_ratio:i")
enumerations = _table("enumerations", "id:i name:s position:i is_default:b type:s active:b")
trackers = _table("trackers", "id:i name:s position:i fields_bits:i default_status_id:i")
projects_trackers = _table("projects_trackers", "project_id:i tracker_id:i")
custom_fields = _table(
    "custom_fields",
    "id:i type:s name:s field_format:s possible_values:s is_required:b is_for_all:b position:i default_value:s"
    " visible:b multiple:b",
)
custom_fields_roles = _table("custom_fields_roles", "custom_field_id:i role_id:i")
custom_fields_trackers = _table("custom_fields_trackers", "custom_field_id:i tracker_id:i")
custom_fields_projects = _table("custom_fields_projects", "custom_field_id:i project_id:i")
custom_field_enumerations = _table("custom_field_enumerations", "id:i custom_field_id:i name:s active:b position:i")
custom_values = _table("custom_values", "id:i customized_type:s customized_id:i custom_field_id:i value:s")
attachments = _table(
    "attachments",
    "id:i container_id:i container_type:s filename:s filesize:i content_type:s author_id:i created_on:t",
)
watchers = _table("watchers", "id:i watchable_type:s watchable_id:i user_id:i")
issue_relations = _table("issue_relations", "id:i issue_from_id:i issue_to_id:i relation_type:s")
time_entries = _table("time_entries", "id:i issue_id:i user_id:i hours:f")
workflows = _table(
    "workflows",
    "tracker_id:i old_status_id:i new_status_id:i role_id:i assignee:b author:b type:s field_name:s rule:s",
)
settings = _table("settings", "name:s value:s")
versions = _table("versions", "id:i name:s project_id:i")
issue_categories = _table("issue_categories", "id:i name:s")

status_names = _table("u_statuses", "id:i name:s", COMPANY)
priority_names = _table("u_Priority", "id:i name:s", COMPANY)


def select_columns(table: sa.Table, names: str) -> sa.Select[Any]:
    """Select the columns with these names, parted by spaces."""
    return sa.select(*(table.c[name] for name in names.split()))


def sets(db: Connection, key: sa.Column[Any], value: sa.Column[Any]) -> dict[int, frozenset[Any]]:
    """Return the values of a table for each key."""
    return grouped((one, other) for one, other in db.execute(sa.select(key, value)))


def grouped(pairs: Iterable[tuple[int, Any]]) -> dict[int, frozenset[Any]]:
    """Return the values beside each key; an empty set where there is only None."""
    groups: dict[int, set[Any]] = defaultdict(set)
    for key, value in pairs:
        groups[key] |= {value} - {None}
    return {key: frozenset(values) for key, values in groups.items()}
