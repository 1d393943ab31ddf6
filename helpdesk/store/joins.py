"""Join two accounts of one person, and undo it within a week.

What hangs on the joined account is moved to the kept one, except what the kept one has already under the same key. The
joined account stays as a way to sign in. What was moved is noted, and is given back when the join is undone.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from helpdesk.errors import Invalid, sentence
from helpdesk.store import audit, directory_accounts, locks
from helpdesk.store.casefold import fold
from helpdesk.store.database import in_batches
from helpdesk.store.models.tables import AccountJoin, Person, SavedView

UNDONE_WITHIN = timedelta(days=7)
STAYS = {"account_join", "grace_password", "first_answer", "password_link", "second_factor", "recovery_code"}
"""Tables whose rows belong to the way of signing in, or to one answer, and are not moved."""
PROVEN = ("oracle", "ldap", "redmine")
"""The directories that prove an e-mail; people enter their own in local accounts."""
ITSELF = sentence("An account can't be joined with itself.")
JOINED_ALREADY = sentence("One of the accounts was joined already.")
TWO_USERS = sentence("The accounts are bound to two users of Redmine, so they are two people's.")
TOO_LATE = sentence("There is no join of this account from the last seven days.")

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
    for table in SQLModel.metadata.sorted_tables:
        for column in table.columns:
            refers = any(key.column.table.name == "person" for key in column.foreign_keys)
            if refers and table.name not in STAYS:
                yield Link(table, column)


def preview(session: Session, kept: Person, joined: Person) -> dict[str, int]:
    """Return how many rows of each kind a join moves. Raises Invalid where it is not possible."""
    _require_possible(kept, joined)
    counts = {link.name: len(_movable(session, link, kept, joined)) for link in links()}
    return {name: count for name, count in counts.items() if count}


def join(session: Session, kept: Person, joined: Person, now: datetime, actor_id: int | None) -> Person:
    """Join an account into the one that is kept, which is returned. Raises Invalid."""
    locks.everybody(session)
    _require_possible(kept, joined)
    _rename_views(session, kept, joined)
    moved: Moved = {}
    for link in links():
        if keys := _movable(session, link, kept, joined):
            moved[link.name] = keys
            _move(session, link, keys, joined, kept)
    moved["redmine"] = _move_redmine(session, joined, kept)
    joined.joined_into = kept.id
    session.add(AccountJoin(**_ids(kept, joined), joined_at=now, joined_by=actor_id, moved=json.dumps(moved)))
    session.add(joined)
    session.flush()
    for row in session.exec(select(Person).where(Person.joined_into == joined.id)):
        row.joined_into = kept.id
        session.add(row)
    audit.note(session, actor_id, "join", kept.id, {"joined": f"{joined.source}:{joined.login}"})
    return kept


def undo(session: Session, joined: Person, now: datetime, actor_id: int | None) -> None:
    """Give a joined account back what it had. What was made since then stays. Raises Invalid after a week.

    Both people are signed out: nobody goes on in the other one's session.
    """
    locks.everybody(session)
    since = select(AccountJoin).where(AccountJoin.joined_id == joined.id, col(AccountJoin.undone_at).is_(None))
    record = session.exec(since.where(col(AccountJoin.joined_at) >= now - UNDONE_WITHIN)).first()
    if record is None:
        raise Invalid(message=TOO_LATE)
    kept, moved = session.get_one(Person, record.kept_id), json.loads(record.moved)
    _move_redmine_back(session, kept, joined, moved.pop("redmine", []))
    for link in links():
        _move(session, link, moved.get(link.name, []), kept, joined)
    joined.joined_into, record.undone_at = None, now
    session.add_all((joined, record))
    sessions = SQLModel.metadata.tables["session"]
    session.execute(sa.delete(sessions).where(sessions.c.person_id.in_((kept.id, joined.id))))
    audit.note(session, actor_id, "unjoin", kept.id, {"joined": f"{joined.source}:{joined.login}"})


def join_by_email(session: Session, row: Person, now: datetime) -> Person:
    """Join an account with the only older one whose e-mail another directory has proven to be the same."""
    if not row.email_folded or row.source not in PROVEN:
        return row
    same = select(Person).where(Person.email_folded == row.email_folded, col(Person.joined_into).is_(None))
    proven = same.where(col(Person.source).in_(PROVEN), Person.source != row.source, Person.id != row.id)
    others = session.exec(proven.limit(2)).all()
    if len(others) != 1 or not others[0].is_active or (row.redmine_id and others[0].redmine_id):
        return row
    older, newer = sorted((row, others[0]), key=lambda it: it.id or 0)
    return join(session, older, newer, now, None)


def bind_to_redmine(session: Session, row: Person, redmine_id: int, login: str, now: datetime) -> Person:
    """Bind an account to a user of Redmine; one that this user has already is joined with it. Raises Invalid."""
    locks.everybody(session)
    row = directory_accounts.kept_of(session, session.get_one(Person, row.id))
    if row.redmine_id not in (None, redmine_id):
        raise Invalid(message=TWO_USERS)
    holder = session.exec(select(Person).where(Person.redmine_id == redmine_id)).first()
    if holder is not None and holder.id != row.id:
        return join(session, holder, row, now, None)
    row.redmine_id, row.redmine_login, row.redmine_login_folded = redmine_id, login, fold(login)
    session.add(row)
    session.flush()
    return row


def _require_possible(kept: Person, joined: Person) -> None:
    if kept.id == joined.id:
        raise Invalid(message=ITSELF)
    if kept.joined_into or joined.joined_into:
        raise Invalid(message=JOINED_ALREADY)
    if kept.redmine_id and joined.redmine_id:
        raise Invalid(message=TWO_USERS)


def _ids(kept: Person, joined: Person) -> Mapping[str, Any]:
    return {"kept_id": kept.id, "joined_id": joined.id}


def _movable(session: Session, link: Link, kept: Person, joined: Person) -> list[list[Any]]:
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


def _move(session: Session, link: Link, keys: list[list[Any]], old: Person, new: Person) -> None:
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


def _move_redmine(session: Session, old: Person, new: Person) -> list[list[Any]]:
    """Move the binding to Redmine, which only one account may have."""
    if old.redmine_id is None:
        return []
    number, login = old.redmine_id, old.redmine_login or old.login
    old.redmine_id = old.redmine_login = old.redmine_login_folded = None
    session.add(old)
    session.flush()
    new.redmine_id, new.redmine_login, new.redmine_login_folded = number, login, fold(login)
    session.add(new)
    session.flush()
    return [[number, login]]


def _move_redmine_back(session: Session, kept: Person, joined: Person, binding: list[list[Any]]) -> None:
    if binding and kept.redmine_id == binding[0][0]:
        _move_redmine(session, kept, joined)


def _rename_views(session: Session, kept: Person, joined: Person) -> None:
    """Give views of the joined account other names than those of the kept one: none of them is lost."""
    names = set(session.exec(select(SavedView.name_folded).where(SavedView.person_id == kept.id)))
    for view in session.exec(select(SavedView).where(SavedView.person_id == joined.id)):
        view.is_start = False
        if view.name_folded in names:
            view.name = f"{view.name[:40]} ({joined.source})"
            view.name_folded = fold(view.name)
        session.add(view)
    session.flush()
