"""Join two accounts of one person, and undo it within a week.

What hangs on the joined account is moved to the kept one, except what the kept one has already under the same key. The
joined account stays as a way to sign in. What was moved is noted, and is given back when the join is undone. Joins into
one account are undone in reverse order, so that each finds what the next one has left.
"""

import json
import logging
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from helpdesk.errors import Invalid, sentence
from helpdesk.people.rights import ADMIN
from helpdesk.store import (
    api_tokens,
    audit,
    devices,
    directory_accounts,
    locks,
    moved_rows,
    people,
    phone_agents,
    rights,
    second_factors,
)
from helpdesk.store.casefold import fold
from helpdesk.store.models.tables import AccountJoin, Person, RedmineKey, SavedView
from helpdesk.store.rights import Named

log = logging.getLogger(__name__)

UNDONE_WITHIN = timedelta(days=7)
PROVEN = ("oracle", "ldap")
"""The directories that prove an e-mail; people enter their own in local accounts and in Redmine."""
ITSELF = sentence("An account can't be joined with itself.")
JOINED_ALREADY = sentence("One of the accounts was joined already.")
SHUT_OUT = sentence("The account that is kept is disabled or blocked. Let its person in first, or keep the other one.")
ANONYMIZED = sentence("An account that was anonymised is nobody's, and is not joined.")
TWO_USERS = sentence("The accounts are bound to two users of Redmine, so they are two people's.")
TOO_LATE = sentence("There is no join of this account from the last seven days.")
ONLY_BY_HAND = sentence("Only an administrator can join these accounts: helpdesk user join.")


def preview(session: Session, kept: Person, joined: Person) -> dict[str, int]:
    """Return how many rows of each kind a join moves. Raises Invalid where it is not possible."""
    _require_possible(kept, joined)
    counts = {link.name: len(moved_rows.movable(session, link, kept, joined)) for link in moved_rows.links()}
    return {name: count for name, count in counts.items() if count}


def join(
    session: Session, kept: Person, joined: Person, now: datetime, actor_id: int | None, named: Named | None = ()
) -> Person:
    """Join an account into the one that is kept, which is returned. Raises Invalid, also where no administrator would
    be left."""
    with rights.keeping_an_administrator(session, named):
        for person_id in sorted((kept.id or 0, joined.id or 0)):
            locks.person(session, person_id)
        kept, joined = people.refreshed(session, kept), people.refreshed(session, joined)
        _require_possible(kept, joined)
        _join(session, kept, joined, now, actor_id)
    audit.note(session, actor_id, "join", kept.id, {"joined": f"{joined.source}:{joined.login}"})
    return kept


def _join(session: Session, kept: Person, joined: Person, now: datetime, actor_id: int | None) -> None:
    _rename_views(session, kept, joined)
    phone_agents.forget_person(session, joined.id or 0)  # whose rights the kept one may not hold
    moved: moved_rows.Moved = {}
    for link in moved_rows.links():
        if keys := moved_rows.movable(session, link, kept, joined):
            moved[link.name] = keys
            moved_rows.move(session, link, keys, joined, kept)
    moved["redmine"] = _move_redmine(session, joined, kept)
    moved["through"] = _lead_on(session, joined, kept)
    joined.joined_into = kept.id
    session.add(AccountJoin(**_ids(kept, joined), joined_at=now, joined_by=actor_id, moved=json.dumps(moved)))
    session.add(joined)
    session.flush()


def undo(session: Session, joined: Person, now: datetime, actor_id: int | None, named: Named | None = ()) -> None:
    """Give a joined account back what it had. Raises Invalid after a week, and before a later join is undone.

    What was made since then stays, but nobody goes on as the other person: all are signed out, and tokens, a second
    factor and rights by groups that may be the other one's are removed. An administrator is left, else it is refused.
    """
    with rights.keeping_an_administrator(session, named):
        joined = people.refreshed(session, joined)
        kept = _undo(session, joined, now, actor_id)
    audit.note(session, actor_id, "unjoin", kept.id, {"joined": f"{joined.source}:{joined.login}"})


def _undo(session: Session, joined: Person, now: datetime, actor_id: int | None) -> Person:
    """Give a joined account back what it had, and return the one that it was joined into."""
    record = _last_join(session, joined, now)
    kept, moved = session.get_one(Person, record.kept_id), json.loads(record.moved)
    _move_redmine_back(session, kept, joined, moved["redmine"])
    for link in moved_rows.links():
        moved_rows.move(session, link, moved.get(link.name, []), kept, joined)
    through = sa.update(Person).where(col(Person.id).in_([id for (id,) in moved.get("through", [])]))
    session.exec(through.values(joined_into=joined.id))
    joined.joined_into, record.undone_at = None, now
    session.add_all((joined, record))
    session.flush()
    _part(session, kept, joined, record.joined_at, actor_id)
    return kept


def join_by_email(session: Session, row: Person, now: datetime, named: Named | None = ()) -> Person:
    """Join an account with the only older one whose e-mail another directory has proven to be the same.

    Accounts that only an administrator may join stay two, which is logged.
    """
    if not row.email_folded or row.source not in PROVEN:
        return row
    same = select(Person).where(Person.email_folded == row.email_folded, col(Person.joined_into).is_(None))
    proven = session.exec(same.where(col(Person.source).in_(PROVEN), Person.id != row.id))
    others = [other for other in proven if _same_email(other, row)]
    if len(others) != 1 or not _joins_by_itself(session, row, others[0], named):
        return row
    older, newer = sorted((row, others[0]), key=lambda it: it.id or 0)
    return join(session, older, newer, now, None, named)


def bind_to_redmine(
    session: Session, row: Person, redmine_id: int, login: str, now: datetime, named: Named | None = ()
) -> Person:
    """Bind an account to a user of Redmine; one that this user has already is joined with it.

    Raises Invalid, also where only an administrator may join the two.
    """
    locks.everybody(session)
    row = directory_accounts.kept_of(session, session.get_one(Person, row.id))
    if row.redmine_id not in (None, redmine_id):
        raise Invalid(message=TWO_USERS)
    if row.redmine_id is None:
        forget_redmine_keys(session, [row.id])
    holder = session.exec(select(Person).where(Person.redmine_id == redmine_id)).first()
    if holder is not None and holder.id != row.id:
        if not _joins_by_itself(session, holder, row, named):
            raise Invalid(message=ONLY_BY_HAND)
        return join(session, holder, row, now, None, named)
    row.redmine_id, row.redmine_username, row.redmine_username_folded = redmine_id, login, fold(login)
    session.add(row)
    session.flush()
    return row


def forget_redmine_keys(session: Session, ids: Collection[int | None]) -> None:
    """Forget the keys of these accounts, which may be those of another user of Redmine. A sign-in fetches them."""
    session.exec(sa.delete(RedmineKey).where(col(RedmineKey.person_id).in_(ids)))


def _last_join(session: Session, joined: Person, now: datetime) -> AccountJoin:
    """Return the join of an account, if it is the last one into the kept account. Raises Invalid."""
    into = select(AccountJoin).where(AccountJoin.kept_id == joined.joined_into, col(AccountJoin.undone_at).is_(None))
    last = session.exec(into.order_by(col(AccountJoin.id).desc())).first()
    if last is None or last.joined_at < now - UNDONE_WITHIN:
        raise Invalid(message=TOO_LATE)
    if last.joined_id != joined.id:
        later = session.get_one(Person, last.joined_id)
        name = f"{later.source}:{later.login}"
        raise Invalid(message=sentence("Joins are undone in reverse order. Undo that of %(name)s first.", name=name))
    return last


def _part(session: Session, kept: Person, joined: Person, since: datetime, actor_id: int | None) -> None:
    """Take away what lets one of two people act as the other one, or read what comes to their devices."""
    both, kept_id = (kept.id, joined.id), kept.id or 0
    theirs = sa.or_(col(Person.id).in_(both), col(Person.joined_into).in_(both))
    ids = session.exec(select(Person.id).where(theirs)).all()
    sessions = SQLModel.metadata.tables["session"]
    session.execute(sa.delete(sessions).where(sessions.c.person_id.in_(ids)))
    devices.forget_all(session, [id for id in ids if id is not None])
    forget_redmine_keys(session, ids)
    api_tokens.revoke_since(session, kept_id, since)
    second_factors.remove_since(session, kept_id, since, actor_id)
    sources = directory_accounts.sources_of(session, kept)
    rights.keep_sources(session, kept_id, sources)
    if kept.blocked_by and kept.blocked_by not in sources:  # else no sign-in would ever end it
        joined.blocked_at, joined.blocked_by = kept.blocked_at, kept.blocked_by
        kept.blocked_at = kept.blocked_by = None
        session.add_all((kept, joined))


def _joins_by_itself(session: Session, one: Person, other: Person, named: Named | None) -> bool:
    """Tell whether two accounts may be joined without an administrator: nobody loses or gains by it."""
    why = next(_reasons(session, one, other, named), None)
    if why:
        log.warning("accounts are not joined", extra={"person_id": one.id, "other_id": other.id, "reason": why})
    return why is None


def _reasons(session: Session, one: Person, other: Person, named: Named | None) -> Iterator[str]:
    """Yield why only an administrator may join two accounts."""
    ones, others = _with_joined(session, one), _with_joined(session, other)
    if any(rights.is_named(named, it.source, it.login) for it in (*ones, *others)):
        yield "ADMINISTRATORS names one"
    if not all(it.is_active and it.blocked_at is None for it in (one, other)):
        yield "one is disabled or blocked"
    held = rights.of_people(session, [one.id or 0, other.id or 0]).values()
    if len({ADMIN in each for each in held}) > 1:
        yield "one is an administrator"
    if directory_accounts.sources_of(session, one) & directory_accounts.sources_of(session, other):
        yield "both are of one directory"
    ids = [[it.id for it in accounts] for accounts in (ones, others)]
    pairs = (
        sa.and_(col(AccountJoin.kept_id).in_(kept), col(AccountJoin.joined_id).in_(joined))
        for kept, joined in (ids, reversed(ids))
    )
    if session.exec(select(AccountJoin).where(col(AccountJoin.undone_at).is_not(None), sa.or_(*pairs))).first():
        yield "a join of them was undone"


def _with_joined(session: Session, person: Person) -> list[Person]:
    return [person, *session.exec(select(Person).where(Person.joined_into == person.id))]


def _same_email(one: Person, other: Person) -> bool:
    """Compare without our folding, which takes different letters for the same one."""
    return one.email.strip().casefold() == other.email.strip().casefold()


def _require_possible(kept: Person, joined: Person) -> None:
    if kept.id == joined.id:
        raise Invalid(message=ITSELF)
    if kept.joined_into or joined.joined_into:
        raise Invalid(message=JOINED_ALREADY)
    if kept.redmine_id and joined.redmine_id:
        raise Invalid(message=TWO_USERS)
    if kept.anonymized_at or joined.anonymized_at:
        raise Invalid(message=ANONYMIZED)
    if not kept.is_active or kept.blocked_at:
        raise Invalid(message=SHUT_OUT)


def _ids(kept: Person, joined: Person) -> Mapping[str, Any]:
    return {"kept_id": kept.id, "joined_id": joined.id}


def _lead_on(session: Session, joined: Person, kept: Person) -> list[list[Any]]:
    """Let accounts that were joined into the joined one lead to the kept one. Return their ids."""
    rows = session.exec(select(Person).where(Person.joined_into == joined.id)).all()
    for row in rows:
        row.joined_into = kept.id
        session.add(row)
    return [[row.id] for row in rows]


def _move_redmine(session: Session, old: Person, new: Person) -> list[list[Any]]:
    """Move the binding to Redmine, which only one account may have."""
    if old.redmine_id is None:
        return []
    number, login = old.redmine_id, old.redmine_username or old.login
    old.redmine_id = old.redmine_username = old.redmine_username_folded = None
    session.add(old)
    session.flush()
    new.redmine_id, new.redmine_username, new.redmine_username_folded = number, login, fold(login)
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
