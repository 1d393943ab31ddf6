"""Write what people add to calls: a note, the reason that ended it, the task, and that a missed one was called back.

Several may write at once: each write changes its own columns, under a condition that only one of them fulfils.
"""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from helpdesk.store.call_lists import MISSED
from helpdesk.store.models.tables import PhoneCall

CLAIMED = timedelta(minutes=2)
"""So long no other write adds the same note to the task, which may be slow."""


def note(session: Session, call_id: int, text: str, wrap_up: str, as_comment_at: datetime | None) -> bool:
    """Store the note and the reason. Return whether it falls to this write to add the note to the task as a comment:
    `as_comment_at` says that it should be, and no earlier write has done it with the same text, or is at it."""
    _change(session, call_id, wrap_up=wrap_up)
    if as_comment_at is not None and text:
        since = col(PhoneCall.noting_since)
        is_free = sa.and_(col(PhoneCall.noted_at).is_(None), sa.or_(since.is_(None), since <= as_comment_at - CLAIMED))
        is_due = sa.or_(col(PhoneCall.note) != text, is_free)
        return _change(session, call_id, is_due, note=text, noted_at=None, noting_since=as_comment_at)
    _change(session, call_id, col(PhoneCall.note) != text, note=text, noted_at=None, noting_since=None)
    return False


def written(session: Session, call_id: int, text: str, claimed_at: datetime) -> None:
    """Note that the comment of a claim was written."""
    _change(session, call_id, *_claim(text, claimed_at), noted_at=claimed_at, noting_since=None)


def not_written(session: Session, call_id: int, text: str, claimed_at: datetime) -> None:
    """Note that the comment of a claim was not written after all, so that it can be written later."""
    _change(session, call_id, *_claim(text, claimed_at), noting_since=None)


def _claim(text: str, claimed_at: datetime) -> tuple[Any, Any]:
    return col(PhoneCall.noting_since) == claimed_at, col(PhoneCall.note) == text


def link(session: Session, call_id: int, task_id: int | None, began_task: bool = False) -> None:
    """Link a call to a task, or to none; `began_task` says that the task was written from the call. The note then
    belongs to no task's comments yet."""
    other = col(PhoneCall.task_id).is_distinct_from(task_id)
    none_yet = {"requester_id": None, "noted_at": None, "noting_since": None}
    _change(session, call_id, other, task_id=task_id, began_task=began_task, **none_yet)


def requester_noted(session: Session, call_id: int, task_id: int, before: int | None, after: int | None) -> bool:
    """Store the requester who is noted in a call's task. Return False if somebody else has stored one meanwhile."""
    same = (col(PhoneCall.task_id) == task_id, col(PhoneCall.requester_id).is_not_distinct_from(before))
    return _change(session, call_id, *same, requester_id=after)


def called_back(session: Session, call_id: int, person_id: int, now: datetime) -> bool:
    """Note who called back. Returns False if it was called back before, or was not missed."""
    due = sa.and_(col(PhoneCall.outcome) == MISSED, col(PhoneCall.called_back_at).is_(None))
    return _change(session, call_id, due, called_back_at=now, called_back_by=person_id)


def _change(session: Session, call_id: int, *conditions: Any, **values: Any) -> bool:
    changed = sa.update(PhoneCall).where(col(PhoneCall.id) == call_id, *conditions)
    return bool(session.exec(changed.values(**values)).rowcount)
