"""Store who is away until which day, and find out who stands in for them.

A deputy who is away is followed once, to that person's own deputy. An absence ends by itself with its last day.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from helpdesk.errors import Invalid, sentence
from helpdesk.store import audit, locks
from helpdesk.store.casefold import fold
from helpdesk.store.database import in_batches
from helpdesk.store.models.tables import Person
from helpdesk.store.people import Account, Accounts

SEVERAL = sentence("Several colleagues have this login: enter the e-mail.")
NOBODY = sentence("There is no such colleague who can sign in.")
ONESELF = sentence("Choose somebody else: nobody is their own deputy.")
MOST_SAME = 10
STEPS = 3  # the absent person, the deputy, and the deputy's own one


class Colleague(NamedTuple):
    """An account with its absence; `until` is the last day of it. `redmine_id` is None for somebody unknown there."""

    id: int
    name: str
    login: str = ""
    redmine_id: int | None = None
    until: date | None = None
    deputy_id: int | None = None
    can_sign_in: bool = True

    def is_away(self, today: date) -> bool:
        return self.until is not None and today <= self.until


def deputy_of(person_id: int, known: Mapping[int, Colleague], today: date) -> Colleague | None:
    """Return who stands in for an absent person among the `known` accounts; None where nobody can."""
    absent = known.get(person_id)
    deputy = _next(absent, known, today)
    if deputy is not None and deputy.can_sign_in and deputy.is_away(today):
        deputy = _next(deputy, known, today)
    if absent is None or deputy is None or deputy.id == absent.id:
        return None
    return deputy if deputy.can_sign_in and not deputy.is_away(today) else None


def _next(colleague: Colleague | None, known: Mapping[int, Colleague], today: date) -> Colleague | None:
    if colleague is None or colleague.deputy_id is None or not colleague.is_away(today):
        return None
    return known.get(colleague.deputy_id)


def deputies(session: Session, person_ids: Iterable[int], today: date) -> dict[int, tuple[Colleague, Colleague | None]]:
    """Return those of these people who are away, each with the deputy if there is one."""
    wanted, known = set(person_ids), dict[int, Colleague]()
    asked = wanted
    for _ in range(STEPS):
        known |= _read(session, wanted - known.keys())
        wanted = {it.deputy_id for it in known.values() if it.deputy_id is not None and it.is_away(today)}
    away = {person_id: known[person_id] for person_id in asked & known.keys() if known[person_id].is_away(today)}
    return {person_id: (absent, deputy_of(person_id, known, today)) for person_id, absent in away.items()}


def all_away(session: Session, today: date) -> dict[int, tuple[Colleague, Colleague | None]]:
    """Return everybody who is away, each with the deputy if there is one."""
    away = select(Person.id).where(col(Person.away_until) >= today, _able(Person))
    return deputies(session, [it for it in session.exec(away) if it is not None], today)


def numbered(session: Session, accounts: Accounts, colleagues: Iterable[Colleague]) -> dict[int, Account]:
    """Return those of these people whom the backend knows, with their numbers there, by the id of the account."""
    ids, numbers = set[int](), set[int]()
    for it in colleagues:
        ids.add(it.id)
        # The number is that of the account or that in Redmine; whom the other one finds is left out.
        numbers |= {it.id, it.redmine_id or it.id}
    return {it.id: it for it in accounts(session, numbers, ()) if it.id in ids} if numbers else {}


def of_person(session: Session, person_id: int) -> Colleague:
    """Return an account with what it last said of its absence."""
    return _read(session, [person_id])[person_id]


def represented_by(session: Session, person_id: int, today: date) -> list[Colleague]:
    """Return those who are away and for whom this person stands in, by name."""
    found = (absent for absent, deputy in all_away(session, today).values() if deputy and deputy.id == person_id)
    return sorted(found, key=lambda it: (it.name, it.id))


def find(session: Session, typed: str) -> Colleague:
    """Return who signs in with a login, here or in Redmine, or with an e-mail. Raises Invalid for none and for several
    people."""
    text = fold(typed)
    logins = (col(Person.login_folded) == text, col(Person.redmine_username_folded) == text)
    for same in (sa.or_(*logins), col(Person.email_folded) == text):
        ids = [it for it in session.exec(select(Person.id).where(same).limit(MOST_SAME)) if it is not None]
        found = {it.id: it for it in _read(session, ids if text else ()).values() if it.can_sign_in}
        if len(found) > 1:
            raise Invalid({"deputy": [SEVERAL]})
        if found:
            return next(iter(found.values()))
    raise Invalid({"deputy": [NOBODY]})


def set_away(session: Session, person_id: int, until: date, deputy_id: int | None) -> None:
    """Mark a person as away until the end of a day. Raises Invalid for a deputy who can't be one."""
    locks.person(session, person_id)
    if deputy_id is not None:
        deputy = _read(session, [deputy_id]).get(deputy_id)
        if deputy is None or not deputy.can_sign_in:
            raise Invalid({"deputy": [NOBODY]})
        if deputy.id == person_id:
            raise Invalid({"deputy": [ONESELF]})
    _write(session, person_id, until, deputy_id)
    audit.note(session, person_id, "away", person_id, {"until": until.isoformat(), "deputy_id": deputy_id})


def end(session: Session, person_id: int) -> bool:
    """End a person's absence. Return False when the person was not marked as away."""
    locks.person(session, person_id)
    if of_person(session, person_id).until is None:
        return False
    _write(session, person_id, None, None)
    audit.note(session, person_id, "back", person_id)
    return True


def _write(session: Session, person_id: int, until: date | None, deputy_id: int | None) -> None:
    values = {"away_until": until, "deputy_id": deputy_id}
    session.exec(sa.update(Person).where(col(Person.id) == person_id).values(values))


def _read(session: Session, person_ids: Collection[int]) -> dict[int, Colleague]:
    """Return accounts by the ids that were asked for: of a joined one that into which it was joined."""
    kept: Any = aliased(Person)
    name = sa.func.coalesce(sa.func.nullif(kept.full_name, ""), kept.login)
    columns: tuple[Any, ...] = (
        Person.id,
        kept.id,
        name,
        kept.login,
        kept.redmine_id,
        kept.away_until,
        kept.deputy_id,
        _able(kept).label("able"),
    )
    query = sa.select(*columns).join(kept, kept.id == sa.func.coalesce(Person.joined_into, Person.id))
    rows = (row for batch in in_batches(person_ids) for row in session.execute(query.where(col(Person.id).in_(batch))))
    return {asked: Colleague(*values) for asked, *values in rows}


def _able(person: Any) -> sa.ColumnElement[bool]:
    """Return the condition that an account is one that somebody signs in with."""
    return sa.and_(
        person.is_active.is_(True),
        person.blocked_at.is_(None),
        person.joined_into.is_(None),
        person.anonymized_at.is_(None),
    )
