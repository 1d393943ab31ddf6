"""Find the rows that refer to a person, and move them from one account to another one, and back by their keys."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from helpdesk.store.database import in_batches
from helpdesk.store.models.tables import Person

STAYS = {"account_join", "grace_password", "first_answer", "password_link", "second_factor", "recovery_code"}
"""Tables whose rows belong to the way of signing in, or to one answer, and are not moved."""

UNBOUND = {
    "account_join.joined_by",
    "audit_record.actor_id",
    "audit_record.person_id",
    "channel_state.stopped_by",
    "company_text.changed_by",
    "person.deputy_id",
    "person.joined_into",
    "phone_call.requester_id",
    "right_grant.granted_by",
}
"""Columns with the id of a person that are no foreign keys: the row stays as it is, whatever becomes of the person."""

Moved = dict[str, list[list[Any]]]
"""The keys of the moved rows, by `table.column`."""


class Link(NamedTuple):
    """A column that refers to a person, with the primary key of its table."""

    table: sa.Table
    column: sa.Column[Any]

    @property
    def name(self) -> str:
        return f"{self.table.name}.{self.column.name}"

    @property
    def keys(self) -> list[sa.Column[Any]]:
        return [column for column in self.table.primary_key.columns if column is not self.column]


def links() -> Iterator[Link]:
    """Yield every column that refers to a person and is moved."""
    return (link for link in references() if link.table.name not in STAYS and link.name not in UNBOUND)


def references() -> Iterator[Link]:
    """Yield every column that refers to a person."""
    for table in SQLModel.metadata.sorted_tables:
        for column in table.columns:
            refers = any(key.column.table.name == "person" for key in column.foreign_keys)
            if refers or f"{table.name}.{column.name}" in UNBOUND:
                yield Link(table, column)


def movable(session: Session, link: Link, kept: Person, joined: Person) -> list[list[Any]]:
    """Return the keys of the joined account's rows whose place is free with the kept one."""
    taken = [_is_taken(link, unique, kept) for unique in _unique_sets(link)]
    query = sa.select(*link.keys or [link.column]).where(link.column == joined.id, *(sa.not_(each) for each in taken))
    return [list(row) for row in session.execute(query)]


def _unique_sets(link: Link) -> list[list[sa.Column[Any]]]:
    """Return the other columns of each key that the person is a part of."""
    keys = [list(each.columns) for each in link.table.constraints if isinstance(each, sa.UniqueConstraint)]
    keys += [list(link.table.primary_key.columns)]
    return [[column for column in key if column is not link.column] for key in keys if link.column in key]


def _is_taken(link: Link, others: Sequence[sa.Column[Any]], kept: Person) -> sa.ColumnElement[bool]:
    same = link.table.alias()
    equal = (same.c[column.key] == column for column in others)
    return sa.exists().where(same.c[link.column.key] == kept.id, *equal)


def move(session: Session, link: Link, keys: list[list[Any]], old: Person, new: Person) -> None:
    """Move rows by their keys, as far as they still are the old person's."""
    change = sa.update(link.table).where(link.column == old.id).values({link.column: new.id})
    if not link.keys:
        if keys:
            session.execute(change)
        return
    if len(link.keys) == 1:
        for batch in in_batches([key[0] for key in keys]):
            session.execute(change.where(link.keys[0].in_(batch)))
        return
    for key in keys:
        session.execute(change.where(*(column == value for column, value in zip(link.keys, key, strict=True))))
