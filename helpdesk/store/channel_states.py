"""Store whether a channel rests: by itself after failures, or because an administrator stopped it."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from helpdesk.store.models.delivery import ChannelState

LONGEST_REST = timedelta(hours=1)


def all_states(session: Session, channels: Iterable[str]) -> dict[str, ChannelState]:
    """Return the state of each of these channels; of one that never failed a new one."""
    stored = {it.channel: it for it in session.exec(select(ChannelState))}
    return {name: stored.get(name) or ChannelState(channel=name) for name in channels}


def state(session: Session, channel: str) -> ChannelState:
    """Return the state of one channel."""
    return session.get(ChannelState, channel) or ChannelState(channel=channel)


def locked(session: Session, channel: str) -> ChannelState:
    """Return the state of a channel to change it: what another process writes meanwhile waits."""
    found = session.get(ChannelState, channel, with_for_update=True)
    if found is None:
        with suppress(IntegrityError), session.begin_nested():  # two processes may make the first one at once
            session.add(ChannelState(channel=channel))
        found = session.get_one(ChannelState, channel, with_for_update=True, populate_existing=True)
    return found


def rests(state: ChannelState, now: datetime) -> bool:
    """Tell whether a channel rests after failures. A longer pause than any was made by a clock that was ahead."""
    return bool(state.paused_until and now < state.paused_until <= now + LONGEST_REST)


def fail(session: Session, channel: str, reason: str, detail: str, now: datetime, until: datetime) -> None:
    """Count a failure of the channel itself, and let it rest."""
    row = locked(session, channel)
    row.failures, row.failing_since = row.failures + 1, row.failing_since or now
    row.paused_until, row.reason, row.detail = until, reason, detail[:200]


def succeed(session: Session, channel: str) -> None:
    """Forget the failures of a channel, since it works."""
    values = {"failures": 0, "failing_since": None, "paused_until": None, "reason": "", "detail": ""}
    failing = (col(ChannelState.channel) == channel, col(ChannelState.failures) > 0)
    session.exec(sa.update(ChannelState).where(*failing).values(values))


def stop(session: Session, channel: str, by: int) -> None:
    """Let a channel send nothing until `resume`."""
    row = locked(session, channel)
    row.is_stopped, row.stopped_by = True, by


def resume(session: Session, channel: str) -> None:
    """Let a channel send again at once, whether it was stopped or rests after failures."""
    row = locked(session, channel)
    row.is_stopped, row.stopped_by, row.paused_until = False, None, None
