"""Store the audiences of posts, and find the people in them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from helpdesk.people.rights import ADMIN
from helpdesk.store import rights
from helpdesk.store.casefold import fold
from helpdesk.store.colleagues import LISTED
from helpdesk.store.models.posts import PostAudience
from helpdesk.store.models.tables import Person
from helpdesk.store.post_readers import Reader, is_for
from helpdesk.store.posts import Part
from helpdesk.store.rights import Named

LONGEST = 200
"""The most characters of a department when it is folded: a rare one with longer ligatures is offered to nobody."""
MOST_DEPARTMENTS = 1_000


class Member(NamedTuple):
    """A person whom a post is for."""

    id: int
    source: str
    login: str
    full_name: str
    department: str


def departments(session: Session) -> list[str]:
    """Return the departments of active people for which the company vouches, each once whatever its case, by name."""
    proven = (LISTED, col(Person.is_department_proven).is_(True), col(Person.department) != "")
    found = session.scalars(sa.select(col(Person.department)).where(*proven).distinct().limit(MOST_DEPARTMENTS))
    by_fold = {fold(name): name for name in sorted(found, reverse=True)}
    return [by_fold[key] for key in sorted(by_fold) if key and len(key) <= LONGEST]


def save(session: Session, post_id: int, parts: Iterable[Part]) -> None:
    """Replace the audience of a post."""
    session.exec(sa.delete(PostAudience).where(col(PostAudience.post_id) == post_id))
    session.flush()
    kept = {(it.kind, fold(it.value)): it.value for it in parts}
    for (kind, folded), value in kept.items():
        session.add(PostAudience(post_id=post_id, kind=kind, value_folded=folded, value=value))


def members(session: Session, parts: Sequence[Part], named: Named | None) -> list[Member]:
    """Return the active people whom a post with this audience is for, by name. `named` are administrators by setting.

    It takes as long as all people take: call it in a thread, once for a page.
    """
    audience = [(it.kind, fold(it.value)) for it in parts]
    columns = [getattr(Person, name) for name in Member._fields]
    query = sa.select(*columns, col(Person.is_department_proven), rights.HELD).where(LISTED, rights.KNOWN)
    found = list[Member]()
    for *values, is_proven, held in session.execute(query.order_by(col(Person.full_name), col(Person.id))):
        member = Member(*values)
        own = rights.names(held)
        own |= {ADMIN} if rights.is_named(named, member.source, member.login) else set()
        if is_for(audience, Reader(fold(member.department) if is_proven else "", own)):
            found.append(member)
    return found
