"""Store the embedded tracker's projects as administrators arrange them: their tree, their members, their archive."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import product
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from helpdesk.errors import Conflict, Invalid, NotFound, sentence
from helpdesk.store import locks
from helpdesk.store.casefold import fold
from helpdesk.store.database import in_batches, required
from helpdesk.store.models import table
from helpdesk.store.models.tables import Membership, Person, Project, Role, Task
from helpdesk.store.rights import ACTIVE
from helpdesk.store.tracker import edits
from helpdesk.store.tracker.roles import RoleRow

Query = TypeVar("Query", bound=SelectOfScalar[Any])

IDENTIFIER = re.compile(r"(?![0-9]+\Z)[a-z0-9_-]{1,100}")
MOST = 500
MOST_FOUND = 20
WRONG_IDENTIFIER = sentence("An identifier has small Latin letters, digits, - and _ only, and is no number.")
TAKEN_IDENTIFIER = sentence("Another project has this identifier.")
NO_PARENT = sentence("This can't be the project above: it is this one, below it, archived or gone.")
ARCHIVED = sentence("The project is archived: restore it first.")
ABOVE_ARCHIVED = sentence("The project above is archived: restore that one first.")
NO_PERSON = sentence("There is no such person, or the account is disabled.")
NO_ROLE = sentence("There is no such role.")


class ProjectRow(NamedTuple):
    """A project. Without `members_only` everybody has the roles for everybody in it."""

    id: int
    name: str
    identifier: str = ""
    description: str = ""
    parent_id: int | None = None
    members_only: bool = True
    is_archived: bool = False


class MemberRow(NamedTuple):
    """A person with the roles in one project; without any it is somebody who was searched for."""

    id: int
    name: str
    login: str
    email: str
    role_ids: tuple[int, ...] = ()


def all_projects(session: Session) -> list[ProjectRow]:
    """Return all projects, also archived ones, by name."""
    return [_row(it) for it in session.exec(select(Project).order_by(col(Project.name), col(Project.id))).all()]


def one(session: Session, project_id: int) -> ProjectRow:
    """Return one project, be it archived or not. Raises NotFound."""
    return _row(required(session, Project, project_id))


def add(session: Session, wanted: ProjectRow, actor_id: int) -> ProjectRow:
    """Add a project; without an identifier it gets one. Raises Invalid."""
    locks.everybody(session)
    known = all_projects(session)
    edits.require_room(len(known), MOST)
    wanted = wanted._replace(identifier=wanted.identifier or _free_identifier(wanted.name, known))
    _require_sound(wanted, known)
    row = Project(**wanted._replace(is_archived=False)._asdict() | {"id": None})
    session.add(row)
    session.flush()
    edits.record(session, actor_id, "add", "project", _row(row)._asdict())
    return _row(row)


def change(session: Session, wanted: ProjectRow, mark: str | None, actor_id: int) -> ProjectRow:
    """Change a project. Raises NotFound, Invalid, and Conflict when it is not what the form showed."""
    locks.everybody(session)
    before, known = one(session, wanted.id), all_projects(session)
    edits.require_unchanged(mark, before._asdict())
    if before.is_archived:
        raise Conflict(before._asdict(), ARCHIVED)
    _require_sound(wanted, known)
    row = session.get_one(Project, wanted.id)
    for name, value in wanted._replace(is_archived=False)._asdict().items():
        setattr(row, name, value)
    session.flush()
    edits.record_change(session, actor_id, "project", before._asdict(), _row(row)._asdict())
    return _row(row)


def archive(session: Session, project_id: int, archived: bool, actor_id: int) -> ProjectRow:
    """Hide a project and all below it from everybody, or show them again as they were.

    Raises NotFound, and Conflict for a project below an archived one.
    """
    locks.everybody(session)
    before, known = one(session, project_id), all_projects(session)
    above = {it.id: it for it in known}.get(before.parent_id or 0)
    if not archived and above and above.is_archived:
        raise Conflict(before._asdict(), ABOVE_ARCHIVED)
    if before.is_archived != archived:
        chosen = col(Project.id).in_(below(known, project_id))
        session.exec(sa.update(Project).where(chosen).values(is_archived=archived))
        edits.record(session, actor_id, "archive" if archived else "restore", "project", before._asdict())
        session.expire_all()
    return one(session, project_id)


def below(known: Iterable[ProjectRow], project_id: int) -> set[int]:
    """Return the ids of a project and of all projects below it."""
    children: defaultdict[int | None, list[int]] = defaultdict(list)
    for it in known:
        children[it.parent_id].append(it.id)
    found, waiting = {project_id}, [project_id]
    while waiting:
        new = set(children[waiting.pop()]) - found
        found |= new
        waiting += new
    return found


def members(
    session: Session, project_id: int, text: str = "", offset: int = 0, limit: int | None = None
) -> list[MemberRow]:
    """Return the members of a project by name, also those whose account is disabled, that have each word of a text."""
    query = _with_words(select(Person).where(_is_member(project_id)), text)
    ordered = query.order_by(col(Person.full_name), col(Person.id)).offset(offset or None).limit(limit)
    people = session.exec(ordered).all()
    held: defaultdict[int, list[int]] = defaultdict(list)
    for batch in in_batches(it.id for it in people):
        its = Membership.project_id == project_id, col(Membership.person_id).in_(batch)
        for person_id, role_id in session.exec(select(Membership.person_id, Membership.role_id).where(*its)):
            held[person_id].append(role_id)
    return [_member(it, held[it.id or 0]) for it in people]


def count_members(session: Session, project_id: int, text: str = "") -> int:
    """Return how many members of a project have each word of a text."""
    found = _with_words(select(Person.id).where(_is_member(project_id)), text)
    return session.scalar(sa.select(sa.func.count()).select_from(found.subquery())) or 0


def member(session: Session, project_id: int, person_id: int) -> MemberRow:
    """Return a person with their roles in a project, or with none. Raises NotFound for an unknown person."""
    person = required(session, Person, person_id)
    query = select(Membership.role_id).where(Membership.project_id == project_id, Membership.person_id == person_id)
    return _member(person, session.exec(query).all())


def set_roles(
    session: Session, project_id: int, person_id: int, role_ids: Collection[int], mark: str | None, actor_id: int
) -> MemberRow:
    """Let a person have exactly these roles in a project; without any they are no member any more.

    Raises NotFound, Invalid, and Conflict when the roles are not what the form showed.
    """
    locks.everybody(session)
    project, before = one(session, project_id), member(session, project_id, person_id)
    edits.require_unchanged(mark, before._asdict())
    if project.is_archived:
        raise Conflict(before._asdict(), ARCHIVED)
    if role_ids and not before.role_ids and not _is_active(session, person_id):
        raise Invalid({"person_id": [NO_PERSON]})
    names = {number: name for number, name in session.exec(select(Role.id, Role.name)) if number is not None}
    if set(role_ids) - names.keys():
        raise Invalid({"role_id": [NO_ROLE]})
    for role_id in set(before.role_ids) - set(role_ids):
        session.delete(session.get_one(Membership, (project_id, person_id, role_id)))
    for role_id in sorted(set(role_ids) - set(before.role_ids)):
        session.add(Membership(project_id=project_id, person_id=person_id, role_id=role_id))
    session.flush()
    after = member(session, project_id, person_id)
    if after != before:
        roles = [", ".join(names[it] for it in row.role_ids) for row in (before, after)]
        edits.record(session, actor_id, "members", "project", project._asdict(), {"roles": roles}, person_id)
    return after


def add_to_all(
    session: Session, project_ids: Collection[int], person_ids: Collection[int], role: RoleRow, actor_id: int
) -> None:
    """Give people a role in all these projects, beside those that they have, with one record of each person.

    Raises NotFound for an unknown person, and Invalid for a disabled one.
    """
    chosen = col(Person.id).in_(person_ids)
    if len(session.exec(select(Person.id).where(chosen)).all()) < len(person_ids):
        raise NotFound
    if len(session.exec(select(Person.id).where(chosen, ACTIVE)).all()) < len(person_ids):
        raise Invalid({"person_id": [NO_PERSON]})
    query = select(Membership.project_id, Membership.person_id).where(
        Membership.role_id == role.id, col(Membership.person_id).in_(person_ids)
    )
    missing = sorted(set(product(project_ids, person_ids)) - set(session.exec(query)))
    columns = ("project_id", "person_id", "role_id")
    for batch in in_batches(missing):
        rows = [dict(zip(columns, (*its, role.id), strict=True)) for its in batch]
        session.execute(sa.insert(table(Membership)), rows)
    for person_id, count in sorted(Counter(person_id for _, person_id in missing).items()):
        edits.record(session, actor_id, "members", "role", role._asdict(), {"count": count}, person_id)


def find_people(session: Session, text: str, limit: int = MOST_FOUND, outside: int | None = None) -> list[MemberRow]:
    """Return active accounts that have every word of the text in their name, login or e-mail.

    Members of the project `outside` are left out.
    """
    query = _with_words(select(Person).where(ACTIVE, col(Person.joined_into).is_(None)), text)
    if outside is not None:
        query = query.where(sa.not_(_is_member(outside)))
    people = session.exec(query.order_by(col(Person.full_name), col(Person.id)).limit(limit)).all()
    return [_member(it, ()) for it in people]


def tasks(session: Session) -> dict[int, int]:
    """Return how many tasks each project has; projects without any are left out."""
    query = select(Task.project_id, sa.func.count()).group_by(col(Task.project_id))
    return dict(session.exec(query).all())


def _require_sound(wanted: ProjectRow, known: Sequence[ProjectRow]) -> None:
    """Raise Invalid for an identifier that is wrong or taken, and for a parent that the tree can't have."""
    if not IDENTIFIER.fullmatch(wanted.identifier):
        raise Invalid({"identifier": [WRONG_IDENTIFIER]})
    if wanted.identifier in {it.identifier for it in known if it.id != wanted.id}:
        raise Invalid({"identifier": [TAKEN_IDENTIFIER]})
    own = below(known, wanted.id) if wanted.id else set()
    parents = {it.id for it in known if not it.is_archived} - own
    if wanted.parent_id is not None and wanted.parent_id not in parents:
        raise Invalid({"parent_id": [NO_PARENT]})


def _free_identifier(name: str, known: Iterable[ProjectRow]) -> str:
    """Return an identifier that is made of the Latin letters of a name, if it has some, and is not taken."""
    base = re.sub(r"[^a-z0-9]+", "-", name.lower())[:80].strip("-")
    base = base if IDENTIFIER.fullmatch(base) else "project"
    taken = {it.identifier for it in known}
    return base if base not in taken else next(it for n in range(2, MOST + 3) if (it := f"{base}-{n}") not in taken)


def _with_words(query: Query, text: str) -> Query:
    """Narrow a query to people who have every word of a text in their name, login or e-mail."""
    columns = (Person.words, Person.login_folded, Person.email_folded)
    for word in fold(text).split():
        query = query.where(sa.or_(*(col(column).contains(word, autoescape=True) for column in columns)))
    return query


def _is_member(project_id: int) -> sa.ColumnElement[bool]:
    its = select(Membership.person_id).where(Membership.project_id == project_id)
    return col(Person.id).in_(its)


def _is_active(session: Session, person_id: int) -> bool:
    return session.exec(select(Person.id).where(Person.id == person_id, ACTIVE)).first() is not None


def _member(person: Person, role_ids: Iterable[int]) -> MemberRow:
    assert person.id is not None
    return MemberRow(person.id, person.full_name, person.login, person.email, tuple(sorted(role_ids)))


def _row(row: Project) -> ProjectRow:
    return ProjectRow(**{name: getattr(row, name) for name in ProjectRow._fields})
