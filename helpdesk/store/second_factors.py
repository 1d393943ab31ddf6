"""Store second factors: the encrypted secret, the last step whose code was used, and hashes of recovery codes.

Accounts that are joined have one: that of the account that is kept, else of one that was joined into it. Otherwise a
join would open an account without the second factor that its owner has set up.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from helpdesk.errors import WrongCredentials, sentence
from helpdesk.people.rights import ADMIN
from helpdesk.store import audit, locks, rights
from helpdesk.store.casefold import fold
from helpdesk.store.models.tables import Person, RecoveryCode, SecondFactor
from helpdesk.store.rights import Named
from helpdesk.store.tokens import hashed

WRONG_CODE = sentence("This code is wrong, or it was used already.")


class Factor(NamedTuple):
    """A second factor and the account that it was set up for. `secret` is encrypted."""

    owner_id: int
    secret: str
    last_step: int


class Used(NamedTuple):
    """A code of a second factor that is to be used up: `step` is the last step after it.

    `recovery` is the recovery code that it is, empty for one of an app.
    """

    factor: Factor
    step: int
    recovery: str = ""


def of_person(session: Session, person_id: int) -> Factor | None:
    """Return the second factor that counts for a person."""
    query = select(SecondFactor.person_id, SecondFactor.secret, SecondFactor.last_step).where(_of(person_id))
    rows = session.exec(query.order_by(col(SecondFactor.person_id))).all()
    own = sorted(rows, key=lambda row: row[0] != person_id)
    return Factor(*own[0]) if own else None


def exists(session: Session, person_id: int) -> bool:
    return session.exec(select(SecondFactor.person_id).where(_of(person_id))).first() is not None


def missing(rule: str, named: Named | None) -> sa.ColumnElement[bool]:
    """Return the condition that a person lacks a second factor which the setting SECOND_FACTOR, the `rule`, demands.

    Administrators are those with the right and those that are `named`.
    """
    if rule != "administrators":
        return sa.false()
    listed = (
        sa.and_(col(Person.source) == source, col(Person.login_folded) == fold(login)) for source, login in named or ()
    )
    account = aliased(Person)
    theirs = sa.or_(col(account.id) == col(Person.id), col(account.joined_into) == col(Person.id))
    found = sa.select(1).join_from(SecondFactor, account, col(account.id) == col(SecondFactor.person_id))
    has_one = found.where(theirs, col(SecondFactor.confirmed_at).is_not(None)).correlate(Person).exists()
    return sa.and_(sa.or_(rights.holds(col(Person.id), ADMIN), *listed), ~has_one)


def codes_left(session: Session, person_id: int) -> int:
    """Return the number of recovery codes that were not used."""
    factor = of_person(session, person_id)
    owner_id = factor.owner_id if factor else person_id
    query = select(sa.func.count()).select_from(RecoveryCode).where(col(RecoveryCode.person_id) == owner_id)
    return session.exec(query).one()


def set_up(
    session: Session, person_id: int, secret: str, step: int, now: datetime, recovery_codes: Collection[str]
) -> bool:
    """Give the person a second factor. Return False if there is one already."""
    locks.person(session, person_id)
    if exists(session, person_id):
        return False
    _delete(session, person_id)
    session.add(SecondFactor(person_id=person_id, secret=secret, confirmed_at=now, last_step=step))
    _keep_codes(session, person_id, recovery_codes)
    audit.note(session, person_id, "second factor set up", person_id)
    return True


def use(session: Session, used: Used) -> None:
    """Use a code up. Of two requests with it only the first succeeds; the other raises WrongCredentials."""
    owner_id, _, seen = used.factor
    unused = col(SecondFactor.person_id) == owner_id, col(SecondFactor.last_step) == seen
    if session.exec(sa.update(SecondFactor).where(*unused).values(last_step=used.step)).rowcount != 1:
        raise WrongCredentials(WRONG_CODE)
    same = col(RecoveryCode.person_id) == owner_id, col(RecoveryCode.code_hash) == hashed(used.recovery)
    if used.recovery and session.exec(sa.delete(RecoveryCode).where(*same)).rowcount != 1:
        raise WrongCredentials(WRONG_CODE)  # the step is rolled back


def replace_codes(session: Session, person_id: int, used: Used, recovery_codes: Collection[str]) -> None:
    """Give the person new recovery codes for a code. Raises WrongCredentials."""
    use(session, used)
    owner_id = used.factor.owner_id
    session.exec(sa.delete(RecoveryCode).where(col(RecoveryCode.person_id) == owner_id))
    _keep_codes(session, owner_id, recovery_codes)
    audit.note(session, person_id, "recovery codes replaced", person_id)


def switch_off(session: Session, person_id: int, used: Used) -> None:
    """Remove the person's second factor for a code. Raises WrongCredentials."""
    use(session, used)
    remove(session, person_id, person_id)


def remove(session: Session, person_id: int, actor_id: int | None = None) -> bool:
    """Remove a second factor without a code, also one that no key opens. Return False if there is none."""
    found = _delete(session, person_id)
    if found:
        audit.note(session, actor_id, "second factor removed", person_id)
    return found


def remove_since(session: Session, person_id: int, since: datetime, actor_id: int | None) -> None:
    """Remove the second factor that was set up for this very account since then."""
    own = col(SecondFactor.person_id) == person_id
    if session.exec(sa.delete(SecondFactor).where(own, col(SecondFactor.confirmed_at) >= since)).rowcount:
        session.exec(sa.delete(RecoveryCode).where(col(RecoveryCode.person_id) == person_id))
        audit.note(session, actor_id, "second factor removed", person_id)


def _of(person_id: int) -> sa.ColumnElement[bool]:
    """Return the condition that a second factor is set up for this account, or for one that was joined into it."""
    own = sa.or_(col(Person.id) == person_id, col(Person.joined_into) == person_id)
    is_theirs = sa.exists().where(col(Person.id) == col(SecondFactor.person_id), own)
    return sa.and_(is_theirs, col(SecondFactor.confirmed_at).is_not(None))


def _keep_codes(session: Session, person_id: int, codes: Collection[str]) -> None:
    session.add_all(RecoveryCode(person_id=person_id, code_hash=hashed(code)) for code in codes)
    session.flush()


def _delete(session: Session, person_id: int) -> bool:
    """Delete all second factors of a person, also those that another one came before."""
    theirs = select(Person.id).where(sa.or_(col(Person.id) == person_id, col(Person.joined_into) == person_id))
    session.exec(sa.delete(RecoveryCode).where(col(RecoveryCode.person_id).in_(theirs)))
    return session.exec(sa.delete(SecondFactor).where(col(SecondFactor.person_id).in_(theirs))).rowcount > 0
