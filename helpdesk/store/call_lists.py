"""Read the log of calls: a page of it, its sums, and the counts of a day by agent and hour.

A missed call is to be called back until somebody says that it was, or until a call with the same number is answered
after it came, in either direction. That is found out when it is read, so that it holds for calls of any agent.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from helpdesk.store import phone_agents
from helpdesk.store.models.tables import Person, PhoneCall
from helpdesk.store.nulls import not_first_null
from helpdesk.store.seconds import seconds_between

PER_PAGE = 50
TO_CALL_BACK = "to_call_back"
"""Beside the outcomes: missed calls that nobody has called back."""
MISSED = "missed"
IN, OUT = "in", "out"
WHOLE_NUMBER = 10
"""Digits of a key that can be no part of a longer number."""
MOST_QUEUES, MOST_KEYS = 100, 300


class CallQuery(NamedTuple):
    """What is looked for. `number` is a key, or digits that are a part of one; `until` is excluded. `person_id`
    is 0 for the calls of everybody. `keys` are those of the numbers that have the part (`with_keys`), None when they
    are many."""

    since: datetime | None = None
    until: datetime | None = None
    number: str = ""
    agent_id: str = ""
    outcome: str = ""
    queue: str = ""
    person_id: int = 0
    keys: Sequence[str] | None = None


class Someone(NamedTuple):
    """A person of a call; one whose account is closed has no login to lead to."""

    id: int
    name: str
    login: str = ""


class Call(NamedTuple):
    """A call as lists show it. `is_returned` says that one with the number was answered since."""

    row: PhoneCall
    agent: str
    caller: Someone | None = None
    called_back_by: Someone | None = None
    is_returned: bool = False

    @property
    def id(self) -> int:
        return self.row.id or 0

    @property
    def other(self) -> str:
        """Return the number of the other end."""
        return self.row.to_number if self.row.direction == OUT else self.row.from_number

    @property
    def ringing(self) -> int | None:
        """Return for how many seconds it rang; None while it rings."""
        return seconds(self.row.began_at, self.row.answered_at or self.row.ended_at)

    @property
    def talking(self) -> int | None:
        """Return for how many seconds people talked; None when nobody did, or while they talk."""
        return seconds(self.row.answered_at, self.row.ended_at)

    @property
    def is_missed(self) -> bool:
        return self.row.outcome == MISSED

    @property
    def to_call_back(self) -> bool:
        return self.is_missed and not self.is_returned and self.row.called_back_at is None


class Sums(NamedTuple):
    """The numbers of calls, and for how many seconds people talked in those that were answered and have ended."""

    calls: int = 0
    answered: int = 0
    missed: int = 0
    talks: int = 0
    seconds: float = 0.0

    @property
    def average(self) -> int:
        return round(self.seconds / self.talks) if self.talks else 0


class AgentCounts(NamedTuple):
    """The calls of an agent: in each hour, and in all."""

    agent_id: str
    name: str
    by_hour: tuple[int, ...]
    sums: Sums


def with_keys(session: Session, query: CallQuery) -> CallQuery:
    """Return the query with the numbers that have the part that is looked for: an index has them all, and there are
    fewer of them than of calls."""
    if not query.number or len(query.number) >= WHOLE_NUMBER:
        return query
    key = col(PhoneCall.other_key)
    keys = session.exec(
        select(key).where(key.contains(query.number, autoescape=True)).distinct().limit(MOST_KEYS + 1)
    ).all()
    return query._replace(keys=keys) if len(keys) <= MOST_KEYS else query


def page(session: Session, query: CallQuery, number: int = 1, size: int = PER_PAGE) -> list[Call]:
    """Return a page of the calls, the newest first."""
    rows = select(PhoneCall, returned().label("returned")).where(*_conditions(query))
    newest = rows.order_by(col(PhoneCall.began_at).desc(), col(PhoneCall.id).desc())
    return _calls(session, session.exec(newest.limit(size).offset((number - 1) * size)).all())


def batch(session: Session, query: CallQuery, after: tuple[datetime, int] | None, size: int) -> list[Call]:
    """Return the next calls of an export, the newest first: those after the last one of the batch before."""
    began, number = col(PhoneCall.began_at), col(PhoneCall.id)
    rest = [sa.or_(began < after[0], sa.and_(began == after[0], number < after[1])), began <= after[0]] if after else []
    rows = select(PhoneCall, returned()).where(*_conditions(query), *rest)
    return _calls(session, session.exec(rows.order_by(began.desc(), number.desc()).limit(size)).all())


def sums(session: Session, query: CallQuery) -> Sums:
    """Return the sums of all calls that match."""
    row = session.execute(sa.select(*_sums()).where(*_conditions(query))).one()
    return _sums_of(row)


def one(session: Session, call_id: int) -> Call | None:
    """Return a call."""
    found = session.exec(select(PhoneCall, returned()).where(PhoneCall.id == call_id)).all()
    return next(iter(_calls(session, found)), None)


def earlier(session: Session, call: PhoneCall, limit: int) -> list[Call]:
    """Return the newest calls with the same number before a call, of any agent; none for a hidden number."""
    same = (PhoneCall.other_key == call.other_key, PhoneCall.began_at <= call.began_at, PhoneCall.id != call.id)
    rows = select(PhoneCall, sa.false()).where(*same, PhoneCall.other_key != "")
    newest = rows.order_by(col(PhoneCall.began_at).desc(), col(PhoneCall.id).desc())
    return _calls(session, session.exec(newest.limit(limit)).all())


def day_before(session: Session, moment: datetime) -> datetime | None:
    """Return when the last call before a moment began."""
    return session.exec(
        select(PhoneCall.began_at)
        .where(col(PhoneCall.began_at) < moment)
        .order_by(col(PhoneCall.began_at).desc())
        .limit(1)
    ).first()


def agents(session: Session) -> list[tuple[str, str]]:
    """Return the ids and names of all agents, by their names."""
    return sorted(phone_agents.names(session).items(), key=lambda it: (it[1].casefold(), it[0]))


def queues(session: Session, since: datetime | None, until: datetime | None) -> list[str]:
    """Return the names of the queues that calls of these days came by."""
    within = _conditions(CallQuery(since, until))
    rows = select(PhoneCall.queue).where(*within, PhoneCall.queue != "").distinct().limit(MOST_QUEUES)
    return sorted(session.exec(rows).all())


def by_agent_and_hour(session: Session, hours: Sequence[datetime]) -> list[AgentCounts]:
    """Return the calls of each agent between the first of these moments and the last, counted in each span between two
    neighbours: the same calls as those of `page` and `sums`."""
    began = col(PhoneCall.began_at)
    spans = [
        sa.func.sum(sa.case((sa.and_(began >= start, began < end), 1), else_=0))
        for start, end in zip(hours, hours[1:], strict=False)
    ]
    rows = sa.select(col(PhoneCall.agent_id), *_sums(), *spans).where(*_conditions(CallQuery(hours[0], hours[-1])))
    names, found = dict(agents(session)), session.execute(rows.group_by(col(PhoneCall.agent_id))).all()
    width = len(Sums._fields)
    counted = [
        AgentCounts(row[0], names.get(row[0], row[0]), tuple(map(int, row[1 + width :])), _sums_of(row[1 : 1 + width]))
        for row in found
    ]
    return sorted(counted, key=lambda it: (it.name.casefold(), it.agent_id))


def to_call_back(session: Session, query: CallQuery) -> int:
    """Return how many of the missed calls that match are to be called back."""
    if query.outcome not in ("", MISSED):
        return 0
    wanted = query._replace(outcome=TO_CALL_BACK)
    return session.exec(select(sa.func.count()).select_from(PhoneCall).where(*_conditions(wanted))).one()


def returned() -> sa.ColumnElement[bool]:
    """Return the condition that a call with the same number was answered since.

    An index gives the last answer of a number at once. Asked whether there is any later one (EXISTS), databases would
    read all calls with the number for each that was missed, and MariaDB also if it were asked for the greatest (MAX).
    """
    other = aliased(PhoneCall)
    answers = sa.select(col(other.answered_at)).where(
        col(other.other_key) == col(PhoneCall.other_key), not_first_null(col(other.answered_at))
    )
    last = answers.order_by(col(other.other_key).desc(), col(other.answered_at).desc()).limit(1).correlate(PhoneCall)
    return sa.and_(
        col(PhoneCall.outcome) == MISSED,
        col(PhoneCall.other_key) != "",
        sa.func.coalesce(last.scalar_subquery() > col(PhoneCall.began_at), sa.false()),
    )


def _conditions(query: CallQuery) -> list[Any]:
    found: list[Any] = []
    if query.since is not None:
        found.append(col(PhoneCall.began_at) >= query.since)
    if query.until is not None:
        found.append(col(PhoneCall.began_at) < query.until)
    if len(query.number) >= WHOLE_NUMBER:
        found.append(col(PhoneCall.other_key) == query.number)
    elif query.keys is not None:
        found.append(col(PhoneCall.other_key).in_(query.keys))
    elif query.number:
        found.append(col(PhoneCall.other_key).contains(query.number, autoescape=True))
    if query.agent_id:
        found.append(col(PhoneCall.agent_id) == query.agent_id)
    if query.person_id:
        found.append(col(PhoneCall.person_id) == query.person_id)
    if query.outcome == TO_CALL_BACK:
        missed = (col(PhoneCall.outcome) == MISSED, col(PhoneCall.called_back_at).is_(None))
        found += [*missed, sa.not_(returned())]
    elif query.outcome:
        found.append(col(PhoneCall.outcome) == query.outcome)
    if query.queue:
        found.append(col(PhoneCall.queue) == query.queue)
    return found


def _sums() -> list[Any]:
    answered = col(PhoneCall.answered_at).is_not(None)
    has_ended = sa.and_(answered, col(PhoneCall.ended_at).is_not(None))
    talked = seconds_between(col(PhoneCall.answered_at), col(PhoneCall.ended_at))
    return [
        sa.func.count(),
        sa.func.sum(sa.case((answered, 1), else_=0)),
        sa.func.sum(sa.case((col(PhoneCall.outcome) == MISSED, 1), else_=0)),
        sa.func.sum(sa.case((has_ended, 1), else_=0)),
        sa.func.sum(sa.case((has_ended, talked), else_=0.0)),
    ]


def _sums_of(row: Iterable[Any]) -> Sums:
    calls, answered, missed, talks, seconds = (it or 0 for it in row)
    return Sums(int(calls), int(answered), int(missed), int(talks), float(seconds))


def _calls(session: Session, found: Sequence[tuple[PhoneCall, Any]]) -> list[Call]:
    """Add the names of people, by one query."""
    rows = [row for row, _ in found]
    ids = {number for row in rows for number in (row.person_id, row.caller_id, row.called_back_by) if number}
    people = {it.id: it for it in session.exec(select(Person).where(col(Person.id).in_(ids)))} if ids else {}
    owners = phone_agents.owners(session) if rows else {}

    def someone(number: int | None) -> Someone | None:
        person = people.get(number)
        if person is None or person.id is None:
            return None
        return Someone(person.id, person.full_name or person.login, person.login if person.is_active else "")

    def agent(row: PhoneCall) -> str:
        """Return the name of who the agent was then, which is another person's now if the agent's id has passed on."""
        person, owner = someone(row.person_id), owners.get(row.agent_id)
        if owner and (person is None or person.id == owner.person_id):
            return owner.name
        return person.name if person else row.agent_id

    return [
        Call(row, agent(row), someone(row.caller_id), someone(row.called_back_by), bool(is_returned))
        for row, is_returned in found
    ]


def seconds(since: datetime | None, until: datetime | None) -> int | None:
    """Return the whole seconds between two moments; None without one of them."""
    return max(0, round((until - since).total_seconds())) if since and until else None
