"""Recognise who calls, by the number: accounts that hold it, then people of earlier calls. Several are all kept.

Only a single person for whose number a directory or an administrator vouches is certain: a number that people have
typed into their profile may be somebody else's, whose requests they would get to read. The number of a switchboard is
anybody's, and an earlier choice may have been wrong.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, get_args

from sqlmodel import Session

from helpdesk.store import callers, colleagues
from helpdesk.store.colleagues import Colleague
from helpdesk.store.models.telephony import PhoneCall
from helpdesk.telephony.numbers import numbers_in

Why = Literal["number", "earlier", "task", "typed", "switchboard"]
RANKS: tuple[Why, ...] = get_args(Why)
MOST_CANDIDATES = 5


class Candidate(NamedTuple):
    """Somebody who may be calling, and why: their proven number, an earlier call with the number, the task of such a
    call, a number that they have typed themselves, or one that has extensions."""

    person: Colleague
    why: Why


def candidates(session: Session, call: PhoneCall, others: Iterable[int] = ()) -> list[Candidate]:
    """Return who may be at the other end of a call, the likeliest first; `others` asked for tasks of earlier calls.
    Disabled and anonymised accounts are left out, and the call's own agent."""
    key = call.other_key
    if not key:
        return []
    reasons: list[tuple[int, Why]] = [
        (person_id, ("number" if is_proven else "typed") if _is_own(text, key) else "switchboard")
        for person_id, text, is_proven in callers.with_number(session, key, lambda text: _holds(text, key))
    ]
    reasons += [(person_id, "earlier") for person_id in callers.earlier_callers(session, key, MOST_CANDIDATES)]
    reasons += [(person_id, "task") for person_id in others]
    found: dict[int, Why] = {}
    for person_id, why in sorted(reasons, key=lambda it: RANKS.index(it[1])):
        if person_id != call.person_id:
            found.setdefault(person_id, why)
    known = colleagues.listed(session, list(found)[: 2 * MOST_CANDIDATES])
    return [Candidate(known[id], why) for id, why in found.items() if id in known][:MOST_CANDIDATES]


def _holds(text: str, key: str) -> bool:
    return any(it.key == key for it in numbers_in(text))


def _is_own(text: str, key: str) -> bool:
    return any(it.key == key and not it.has_extension for it in numbers_in(text))


def certain(found: Sequence[Candidate]) -> int | None:
    """Return the id of the person who calls, if it is certain. Whoever types the number of somebody else takes it from
    nobody."""
    counting = [it for it in found if it.why != "typed"]
    return counting[0].person.id if len(counting) == 1 and counting[0].why == "number" else None


def certain_callers(session: Session, call_ids: Iterable[int]) -> dict[int, int]:
    """Return who is for certain at the other end of those of these calls that nobody is known for."""
    found = {it.id or 0: certain(candidates(session, it)) for it in callers.unknown(session, call_ids)}
    return {call_id: person_id for call_id, person_id in found.items() if person_id is not None}
