"""Random Redmines: small, crowded with special cases, the same for the same seed; rows as they stand in its tables."""

import json
from random import Random
from typing import Any, NamedTuple

from tests.permissions import companies, histories, rules, tickets
from tests.permissions.drawing import Drawing, Row

# Written from the first to the last; deleted before. What is not named here keeps what the tests' seed put there.
TABLES = (
    "settings", "issue_statuses", "trackers", "enumerations", "roles", "users", "email_addresses", "groups_users",
    "projects", "projects_trackers", "enabled_modules", "members", "member_roles", "custom_fields",
    "custom_fields_projects", "custom_fields_roles", "custom_fields_trackers", "workflows", "issues", "custom_values",
    "issue_relations", "attachments", "journals", "journal_details", "watchers", "time_entries", "tokens",
    "user_preferences", "issue_categories", "versions",
)  # fmt: skip


class World(NamedTuple):
    """`people` are the ids of those who can sign in or once could; `locked` of those who can't any more."""

    seed: int
    tables: dict[str, list[Row]]
    people: tuple[int, ...]
    locked: frozenset[int]

    def by_id(self, table: str) -> dict[int, Row]:
        return {row["id"]: row for row in self.tables.get(table, ())}


def drawn(seed: int) -> World:
    """The world of a seed."""
    drawing = Drawing(Random(seed))
    rules.draw_words(drawing)
    rules.draw_roles(drawing)
    companies.draw_people(drawing)
    companies.draw_projects(drawing)
    companies.draw_members(drawing)
    rules.draw_fields(drawing)
    rules.draw_workflow(drawing)
    tickets.draw_tasks(drawing)
    tickets.draw_relations(drawing)
    histories.draw_files(drawing)
    histories.draw_journals(drawing)
    histories.draw_watchers(drawing)
    histories.draw_hours(drawing)
    users = [row for row in drawing.tables["users"] if row["type"] == "User"]
    return World(
        seed,
        dict(drawing.tables),
        tuple(sorted(user["id"] for user in users)),
        frozenset(user["id"] for user in users if user["status"] != 1),
    )


def write(connection: Any, world: World) -> None:
    """Puts a world into Redmine's tables in the place of what they held, by a PyMySQL connection."""
    unknown = world.tables.keys() - set(TABLES)
    assert not unknown, unknown
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DELETE FROM {table}")
        for table in TABLES:
            for columns, rows in _alike(world.tables.get(table, [])).items():
                names = ", ".join(f"`{column}`" for column in columns)
                places = ", ".join(["%s"] * len(columns))
                cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", rows)
    connection.commit()


def _alike(rows: list[Row]) -> dict[tuple[str, ...], list[list[object]]]:
    """The rows by the columns that they name."""
    found: dict[tuple[str, ...], list[list[object]]] = {}
    for row in rows:
        found.setdefault(tuple(row), []).append(list(row.values()))
    return found


def as_text(world: World) -> str:
    """The whole world for somebody who looks into a difference."""
    return json.dumps(world.tables, indent=1, default=str, ensure_ascii=False)
