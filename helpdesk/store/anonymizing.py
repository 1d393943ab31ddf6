"""Make the account of somebody who has left nobody's.

The row stays under its number, so that tasks and their history keep an author. The columns of the account, and the rows
that are the person's alone, are gone, and nobody can sign in; it can't be undone. A later sign-in by a directory makes
a new account.

Of calls whose other end the person was, neither the name nor the number stays; nor does the name stay in assessments of
the person's work.

Texts are not searched for the person: tasks and their comments, the addresses of those who asked for a task, the record
of acts and the notifications of colleagues say what they said (KEPT, and `docs/leaving.md`).
"""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from helpdesk.errors import Invalid, sentence
from helpdesk.store import assessments, audit, call_privacy, moved_rows, personal_data, rights
from helpdesk.store.casefold import fold
from helpdesk.store.models.tables import Person
from helpdesk.store.rights import Named

KEPT = {
    "assessment",
    "audit_record",
    "channel_state",
    "company_text",
    "host_incident",
    "host_maintenance",
    "phone_call",
    "post",
    "post_file",
    "post_revision",
    "promise",
    "request_grade",
    "tracker_attachment",
    "tracker_entry",
    "tracker_spent_time",
    "tracker_task",
}
"""Tables whose rows go on under the number of the account: the work itself, and the record of acts."""
OTHERS = {"person.deputy_id", "person.joined_into", "right_grant.granted_by", "account_join.joined_by"}
"""Columns that name the person in the rows of others."""
STILL_ACTIVE = sentence("Only a disabled account can be anonymised. Disable it first.")
DONE_ALREADY = sentence("This account was anonymised already.")
NOT_SURE = sentence("This is not the login of the account. Nothing was changed.")


def anonymize(
    session: Session, person_id: int, typed: str, now: datetime, named: Named | None, actor_id: int | None = None
) -> list[str]:
    """Remove what tells whose an account is, and those that were joined into it. Return the names of its pictures.

    `typed` is its login, so that nobody hits the wrong account. Raises Invalid.
    """
    with rights.keeping_an_administrator(session, named):
        kept, *joined = personal_data.accounts_of(session, person_id)
        _require_possible(kept, typed)
        ids = [it.id for it in (kept, *joined) if it.id is not None]
        pictures = [it.avatar for it in (kept, *joined) if it.avatar]
        call_privacy.forget_callers(session, ids)
        assessments.forget_executors(session, [kept, *joined])
        _delete_rows(session, ids)
        for person in (kept, *joined):
            _empty(person, now)
            session.add(person)
        session.flush()
    audit.note(session, actor_id, "anonymize", kept.id, {"accounts": len(ids)})
    return pictures


def _require_possible(person: Person, typed: str) -> None:
    if person.anonymized_at is not None:
        raise Invalid({"login": [DONE_ALREADY]})
    if person.is_active:
        raise Invalid({"login": [STILL_ACTIVE]})
    if fold(typed) != person.login_folded:
        raise Invalid({"login": [NOT_SURE]})


def _delete_rows(session: Session, ids: Iterable[int]) -> None:
    """Delete what belongs to these accounts alone."""
    mine = list(ids)
    for link in reversed(list(moved_rows.references())):
        if link.table.name not in KEPT and link.name not in OTHERS:
            session.execute(sa.delete(link.table).where(link.column.in_(mine)))
    deputies = sa.update(Person).where(col(Person.deputy_id).in_(mine))
    session.exec(deputies.values(deputy_id=None))


def _empty(person: Person, now: datetime) -> None:
    """Set all columns of an account to those of nobody."""
    name = f"#{person.id}"
    fresh = Person(source=person.source, login=name, login_folded=name, full_name=name, created_at=person.created_at)
    for column in Person.model_fields:
        if column not in ("id", "joined_into"):
            setattr(person, column, getattr(fresh, column))
    person.is_active, person.anonymized_at = False, now
