"""Store who holds which right, and keep at least one administrator.

The source of a grant is empty when an administrator made it, else the directory one of whose groups gives the right.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.people.rights import ADMIN, GRANTED
from helpdesk.store import audit, locks
from helpdesk.store.casefold import fold
from helpdesk.store.database import in_batches
from helpdesk.store.models import table
from helpdesk.store.models.tables import Person, RightGrant

Named = tuple[tuple[str, str], ...]
"""The accounts of ADMINISTRATORS, as directory and login."""

LAST_ADMINISTRATOR = sentence("This is the last administrator. Make somebody else an administrator first.")
FROM_SETTING = sentence("The setting ADMINISTRATORS names this account. Take it out of the setting.")
IS_JOINED = sentence("This account is joined into another one. Grant the right to that one.")

WHO: tuple[Any, ...] = (
    *(Person.id, Person.source, Person.login, Person.full_name, Person.email, Person.department, Person.position),
    *(Person.redmine_id, Person.redmine_username, Person.closed_hints, Person.avatar),
    Person.is_department_proven,
)
"""The columns of `people.model.Person`: fewer than all are read in less time, with each request."""
ACTIVE = sa.and_(col(Person.is_active).is_(True), col(Person.blocked_at).is_(None))
"""The condition that an account is neither disabled here nor blocked by a directory."""
KNOWN = sa.or_(
    col(Person.source) == "local",
    col(Person.redmine_id).is_not(None),
    col(Person.directory_id).is_not(None),
    col(Person.last_seen).is_not(None),
)
"""The condition that an account is not just expected to sign in for the first time."""
GRANT = table(RightGrant)
SPACE: Any = sa.literal_column("' '")  # a bound value would be written into the statement anew at each request
HELD = (
    sa.select(sa.func.aggregate_strings(GRANT.c.name, SPACE))
    .where(GRANT.c.person_id == col(Person.id))
    .correlate_except(GRANT)
    .scalar_subquery()
)
"""A column for statements about people: the names of the rights that each holds, for `names`."""


def names(held: str | None) -> frozenset[str]:
    """Return the rights in a value of the column HELD."""
    return frozenset((held or "").split())


def holds(person_id: Any, name: str) -> sa.ColumnElement[bool]:
    """Return the condition that the person with the id in this column holds a right."""
    return sa.exists(sa.select(1).where(GRANT.c.person_id == person_id, GRANT.c.name == name).correlate_except(GRANT))


def of_people(session: Session, person_ids: Collection[int]) -> dict[int, frozenset[str]]:
    """Return the rights of each of these people."""
    held: dict[int, set[str]] = {person_id: set() for person_id in person_ids}
    for batch in in_batches(held):
        query = sa.select(GRANT.c.person_id, GRANT.c.name).where(GRANT.c.person_id.in_(batch))
        for person_id, name in session.execute(query):
            held[person_id].add(name)
    return {person_id: frozenset(rights) for person_id, rights in held.items()}


def grants(session: Session, person_id: int) -> Sequence[RightGrant]:
    """Return the rights that were granted to a person, and by which source."""
    query = select(RightGrant).where(col(RightGrant.person_id) == person_id)
    return session.exec(query.order_by(RightGrant.name, RightGrant.source)).all()


def grant(session: Session, person_id: int, name: str, actor_id: int | None = None) -> bool:
    """Grant a right. Return False when it was granted already. Raises Invalid."""
    _require_known([name])
    locks.person(session, person_id)
    if session.get_one(Person, person_id, populate_existing=True).joined_into is not None:
        raise Invalid({"right": [IS_JOINED]})
    if any(row.name == name and not row.source for row in grants(session, person_id)):
        return False
    _add(session, person_id, name, "", actor_id)
    return True


def revoke(
    session: Session,
    person_id: int,
    name: str,
    named: Named | None,
    actor_id: int | None = None,
    asked: Collection[str] = (),
) -> bool:
    """Take back a right. Return False when it was not granted.

    What a group gives in a directory that is `asked` when the person signs in is taken back there alone. Raises Invalid
    for a right that nothing else gives, and for the last administrator's.
    """
    _require_known([name])
    with keeping_an_administrator(session, named):
        given = [row for row in grants(session, person_id) if row.name == name]
        revoked = [row for row in given if row.source not in asked]
        if given and not revoked:
            raise Invalid({"right": [_from_group(given[0].source)]})
        person = session.get_one(Person, person_id)
        if name == ADMIN and is_named(named, person.source, person.login):
            raise Invalid({"right": [FROM_SETTING]})
        for row in revoked:
            _remove(session, row, actor_id)
    return bool(revoked)


def keep_sources(session: Session, person_id: int, sources: Collection[str]) -> None:
    """Take the rights that groups gave in other directories than these, where nothing ends them any more."""
    locks.person(session, person_id)
    for row in grants(session, person_id):
        if row.source and row.source not in sources:
            _remove(session, row, None)


def set_from_directory(session: Session, person_id: int, source: str, given: Collection[str]) -> None:
    """Let a person hold by the groups of a directory exactly these rights; grants of others stay. Raises Invalid.

    Nothing is written when the rights are the same. The directory may take the right of the last administrator.
    """
    _require_known(given)
    locks.person(session, person_id)
    held = {row.name: row for row in grants(session, person_id) if row.source == source}
    for name in sorted(held.keys() - set(given)):
        _remove(session, held[name], None)
    for name in sorted(set(given) - held.keys()):
        _add(session, person_id, name, source, None)


def pass_on(session: Session, giver_id: int, taker_id: int) -> None:
    """Give all rights of an account to another one, which is the same person's."""
    for row in grants(session, giver_id):
        if session.get(RightGrant, (taker_id, row.name, row.source)) is None:
            session.add(RightGrant(**row.model_dump(exclude={"person_id"}), person_id=taker_id))
        session.delete(row)
    session.flush()


def is_named(named: Named | None, source: str, login: str) -> bool:
    return bool(named) and (source, fold(login)) in _folded(named or ())


def administrators(session: Session, named: Named | None = (), *, known: bool = False) -> Sequence[int]:
    """Return the ids of the administrators who can sign in: holders of the right, and those that are `named`.

    With `known` only those whom a directory knows for certain: an account that is expected may have a misspelt login.
    """
    listed = (
        sa.and_(col(Person.source) == source, col(Person.login_folded) == fold(login)) for source, login in named or ()
    )
    query = select(Person.id).where(
        sa.or_(holds(Person.id, ADMIN), *listed),
        ACTIVE,
        col(Person.joined_into).is_(None),
        *([KNOWN] if known else ()),
    )
    return [id for id in session.exec(query.order_by(col(Person.id))) if id is not None]


@contextmanager
def keeping_an_administrator(session: Session, named: Named | None) -> Iterator[None]:
    """Let others who remove an administrator wait, and raise Invalid when the block has removed the last one."""
    locks.everybody(session)
    there_was_one = bool(administrators(session, named, known=True))
    yield
    session.flush()
    if there_was_one and not administrators(session, named, known=True):
        raise Invalid({"right": [LAST_ADMINISTRATOR]})


def _require_known(given: Collection[str]) -> None:
    if unknown := sorted(set(given) - set(GRANTED)):
        raise Invalid({"right": [sentence("There is no right %(name)s that can be granted.", name=unknown[0])]})


def _from_group(source: str) -> Sentence:
    return sentence(
        "A group in the directory %(source)s gives this right. Take the person out of the group there.", source=source
    )


def _add(session: Session, person_id: int, name: str, source: str, actor_id: int | None) -> None:
    now = datetime.now(UTC)
    session.add(RightGrant(person_id=person_id, name=name, source=source, granted_at=now, granted_by=actor_id))
    audit.note(session, actor_id, "grant", person_id, {"right": name, "source": source})


def _remove(session: Session, row: RightGrant, actor_id: int | None) -> None:
    session.delete(row)
    audit.note(session, actor_id, "revoke", row.person_id, {"right": row.name, "source": row.source})


@lru_cache(maxsize=8)
def _folded(named: Named) -> frozenset[tuple[str, str]]:
    return frozenset((source, fold(login)) for source, login in named)
