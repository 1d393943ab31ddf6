"""Store the roles of the embedded tracker, and the workflow of each: who may do what, and move a task where."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.errors import Conflict, Invalid, sentence
from helpdesk.store import locks
from helpdesk.store.database import required
from helpdesk.store.models.tables import Membership, Role, Status, Transition
from helpdesk.store.tracker import edits

PERMISSIONS = (
    "view_all",
    "create",
    "edit",
    "comment",
    "comment_privately",
    "view_private",
    "edit_own_comments",
    "edit_comments",
    "set_private",
    "set_own_private",
    "assignable",
    "delete",
)
"""The names of what a role permits, in the order of the form."""
WORKING = "assignable"
"""The permission of those who work on tasks."""
MOST = 50
MOST_RECORDED = 20
"""Of the moves that a record of the audit names: a whole workflow has hundreds."""
UNKNOWN = sentence("There is no such choice.")
FOR_EVERYBODY = sentence("Everybody has this role in open projects: take that from it first.")
OF_MEMBERS = sentence("Members of projects have it: %(count)s. Give them another one first.")
LAST = sentence("This is the last role: nobody could see any task without it, not even administrators.")

Transitions = frozenset[tuple[int, int]]


class RoleRow(NamedTuple):
    id: int
    name: str
    permissions: tuple[str, ...] = ()
    for_everybody: bool = False


def all_roles(session: Session) -> list[RoleRow]:
    """Return all roles in the order in which they were made."""
    return [_row(it) for it in session.exec(select(Role).order_by(col(Role.id))).all()]


def one(session: Session, role_id: int) -> RoleRow:
    """Return one role. Raises NotFound."""
    return _row(required(session, Role, role_id))


def add(session: Session, wanted: RoleRow, actor_id: int) -> RoleRow:
    """Add a role, without a workflow yet. Raises Invalid."""
    locks.everybody(session)
    others = {it.id: it.name for it in all_roles(session)}
    edits.require_room(len(others), MOST)
    edits.require_free(wanted.name, others)
    row = Role(id=edits.new_id(session, Role), name=wanted.name, for_everybody=wanted.for_everybody)
    row.permissions = _stored(wanted.permissions)
    session.add(row)
    session.flush()
    edits.record(session, actor_id, "add", "role", _row(row)._asdict())
    return _row(row)


def change(session: Session, wanted: RoleRow, mark: str | None, actor_id: int) -> RoleRow:
    """Change a role. Raises NotFound, Invalid, and Conflict when it is not what the form showed."""
    locks.everybody(session)
    before = one(session, wanted.id)
    edits.require_unchanged(mark, before._asdict())
    edits.require_free(wanted.name, {it.id: it.name for it in all_roles(session)}, wanted.id)
    row = session.get_one(Role, wanted.id)
    row.name, row.for_everybody = wanted.name, wanted.for_everybody
    row.permissions = _stored(wanted.permissions)
    session.flush()
    edits.record_change(session, actor_id, "role", before._asdict(), _row(row)._asdict())
    return _row(row)


def remove(session: Session, role_id: int, actor_id: int) -> None:
    """Delete a role that nobody has, with its workflow. Raises NotFound, and Conflict that says who has it."""
    locks.everybody(session)
    before = one(session, role_id)
    if len(all_roles(session)) == 1:
        raise Conflict(before._asdict(), LAST)
    if before.for_everybody:
        raise Conflict(before._asdict(), FOR_EVERYBODY)
    if count := members(session).get(role_id, 0):
        raise Conflict(before._asdict(), edits.in_use(count, OF_MEMBERS))
    session.exec(sa.delete(Transition).where(col(Transition.role_id) == role_id))
    edits.delete(session, Role, role_id)
    edits.record(session, actor_id, "remove", "role", before._asdict())


def members(session: Session) -> dict[int, int]:
    """Return how many people have each role in any project; roles that nobody has are left out."""
    people = sa.func.count(sa.distinct(col(Membership.person_id)))
    return dict(session.exec(select(Membership.role_id, people).group_by(col(Membership.role_id))).all())


def transitions(session: Session, role_id: int) -> Transitions:
    """Return the (old, new) statuses between which people with the role may move a task."""
    query = select(Transition.old_status_id, Transition.new_status_id).where(Transition.role_id == role_id)
    return frozenset((old, new) for old, new in session.exec(query))


def mark_of(moves: Transitions) -> str:
    """Return the mark of a workflow for its form."""
    return edits.mark_of(sorted(moves))


def save_transitions(
    session: Session, role_id: int, wanted: Collection[tuple[int, int]], mark: str | None, actor_id: int
) -> Transitions:
    """Replace the workflow of a role.

    Raises NotFound, Invalid for a status that is not there, and Conflict when it is not what the form showed.
    """
    locks.everybody(session)
    role, before = one(session, role_id), transitions(session, role_id)
    if mark is not None and mark != mark_of(before):
        raise Conflict({"transitions": sorted(before)})
    names = {number: name for number, name in session.exec(select(Status.id, Status.name)) if number is not None}
    after = frozenset((old, new) for old, new in wanted if old != new)
    if unknown := {number for move in after for number in move} - names.keys():
        raise Invalid({f"to_{min(unknown)}": [UNKNOWN]})
    for old, new in sorted(before - after):
        session.delete(session.get_one(Transition, (role_id, old, new)))
    session.add_all(Transition(role_id=role_id, old_status_id=old, new_status_id=new) for old, new in after - before)
    session.flush()
    if before != after:
        added, removed = (_in_words(moves, names) for moves in (after - before, before - after))
        edits.record(session, actor_id, "workflow", "role", role._asdict(), {"added": added, "removed": removed})
    return after


def _in_words(moves: Iterable[tuple[int, int]], names: dict[int, str]) -> list[str]:
    """Return the first moves in words, and how many more there are."""
    ordered = sorted(moves)
    rest = len(ordered) - MOST_RECORDED
    words = [f"{names[old]} → {names[new]}" for old, new in ordered[:MOST_RECORDED]]
    return [*words, f"… +{rest}"] if rest > 0 else words


def _stored(permissions: Collection[str]) -> str:
    """Return the permissions as the column keeps them. Raises Invalid for an unknown name."""
    if set(permissions) - set(PERMISSIONS):
        raise Invalid({"permissions": [UNKNOWN]})
    return " ".join(name for name in PERMISSIONS if name in permissions)


def _row(row: Role) -> RoleRow:
    assert row.id is not None
    held = set(row.permissions.split())
    return RoleRow(row.id, row.name, tuple(name for name in PERMISSIONS if name in held), row.for_everybody)
