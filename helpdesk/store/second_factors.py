"""Store second factors: the encrypted secret, the last step whose code was used, and hashes of recovery codes."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.errors import WrongCredentials, sentence
from helpdesk.store import audit, locks
from helpdesk.store.models.access import RecoveryCode, SecondFactor
from helpdesk.store.tokens import hashed

WRONG_CODE = sentence("This code is wrong, or it was used already.")


class Factor(NamedTuple):
    """A person's second factor. `secret` is encrypted."""

    secret: str
    last_step: int


class Used(NamedTuple):
    """A code that is to be used: `seen` is the last step that it was checked against, `step` the last one after it.

    `recovery` is the recovery code that it is, empty for one of an app.
    """

    seen: int
    step: int
    recovery: str = ""


def of_person(session: Session, person_id: int) -> Factor | None:
    query = select(SecondFactor.secret, SecondFactor.last_step).where(*_of(person_id))
    row = session.exec(query).first()
    return Factor(*row) if row else None


def exists(session: Session, person_id: int) -> bool:
    return session.exec(select(SecondFactor.person_id).where(*_of(person_id))).first() is not None


def codes_left(session: Session, person_id: int) -> int:
    """Return the number of recovery codes that were not used."""
    query = select(sa.func.count()).select_from(RecoveryCode).where(col(RecoveryCode.person_id) == person_id)
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


def use(session: Session, person_id: int, used: Used) -> None:
    """Use a code up. Of two requests with it only the first succeeds; the other raises WrongCredentials."""
    advanced = sa.update(SecondFactor).where(*_of(person_id), col(SecondFactor.last_step) == used.seen)
    if session.exec(advanced.values(last_step=used.step)).rowcount != 1:
        raise WrongCredentials(WRONG_CODE)
    same = col(RecoveryCode.person_id) == person_id, col(RecoveryCode.code_hash) == hashed(used.recovery)
    if used.recovery and session.exec(sa.delete(RecoveryCode).where(*same)).rowcount != 1:
        raise WrongCredentials(WRONG_CODE)  # the step is rolled back


def replace_codes(session: Session, person_id: int, used: Used, recovery_codes: Collection[str]) -> None:
    """Give the person new recovery codes for a code. Raises WrongCredentials."""
    use(session, person_id, used)
    session.exec(sa.delete(RecoveryCode).where(col(RecoveryCode.person_id) == person_id))
    _keep_codes(session, person_id, recovery_codes)
    audit.note(session, person_id, "recovery codes replaced", person_id)


def switch_off(session: Session, person_id: int, used: Used) -> None:
    """Remove the person's second factor for a code. Raises WrongCredentials."""
    use(session, person_id, used)
    remove(session, person_id, person_id)


def remove(session: Session, person_id: int, actor_id: int | None = None) -> bool:
    """Remove a second factor without a code, also one that no key opens. Return False if there is none."""
    found = _delete(session, person_id)
    if found:
        audit.note(session, actor_id, "second factor removed", person_id)
    return found


def _of(person_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return col(SecondFactor.person_id) == person_id, col(SecondFactor.confirmed_at).is_not(None)


def _keep_codes(session: Session, person_id: int, codes: Collection[str]) -> None:
    session.add_all(RecoveryCode(person_id=person_id, code_hash=hashed(code)) for code in codes)
    session.flush()


def _delete(session: Session, person_id: int) -> bool:
    session.exec(sa.delete(RecoveryCode).where(col(RecoveryCode.person_id) == person_id))
    return session.exec(sa.delete(SecondFactor).where(col(SecondFactor.person_id) == person_id)).rowcount > 0
