"""Record what probes have found: samples, states, incidents and what people are to be notified of them, in the one
transaction of the caller.

Samples of a host come in their order: a result that is older than the newest one is dropped, unless that one is of a
clock that was ahead.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlmodel import Session

from helpdesk.netmonitor import incidents
from helpdesk.netmonitor.incidents import Rules, State, Step
from helpdesk.netmonitor.model import Outcome
from helpdesk.notifications.kinds import Kind
from helpdesk.store import host_news, host_recent, host_samples, maintenance
from helpdesk.store.clock_skew import is_ahead
from helpdesk.store.host_history import HUNDREDTHS
from helpdesk.store.host_samples import Watched
from helpdesk.store.maintenance import Window
from helpdesk.store.models import fitting
from helpdesk.store.models.netmonitor import HostIncident, HostState

NEW = HostState(host_id=0).model_dump(exclude={"host_id"})
"""The state of a host before its first sample."""


class Result(NamedTuple):
    """The outcome of a probe of a host, and the second that it counts for."""

    watched: Watched
    at: int
    outcome: Outcome


class Recorded(NamedTuple):
    """Whether there is something that people are to be notified of, and whether pages show something else than
    before."""

    has_news: bool = False
    shows: bool = False


class _Record:
    """One transaction: the hosts of the results, what is known of them, and the windows."""

    def __init__(self, session: Session, results: Sequence[Result], now: datetime, opens_tasks: bool) -> None:
        self.session, self.now, self.opens_tasks = session, now, opens_tasks
        ids = sorted({it.watched.id for it in results})
        self.there = host_samples.still_there(session, ids)
        self.states = host_samples.states(session, ids)
        self.new = [it for it in ids if it not in self.states]
        self.states |= {it: {"host_id": it, **NEW} for it in self.new}
        self.open = host_samples.open_incidents(session, ids)
        moments = [_moment(it.at) for it in results]
        self.windows = maintenance.between(session, min(moments), max(moments))
        self.samples = list[tuple[int, int, float | None]]()
        self.touched = set[int]()
        self.recorded = Recorded()

    def add(self, result: Result) -> None:
        host_id, known = result.watched.id, self.there.get(result.watched.id)
        # A host that was edited, removed or switched off meanwhile is another one now.
        if known is None or known.version != result.watched.version:
            return
        row = self.states[host_id]
        last = row["checked_at"]
        if last is not None and result.at <= last.timestamp() and not is_ahead(last, self.now):
            return
        ms = result.outcome.ms
        self.samples.append((host_id, result.at, None if ms is None else round(max(0.0, ms), 2)))
        window = maintenance.is_on(self.windows, host_id, known.group_name, _moment(result.at))
        self._step(known, row, result, window)
        self.touched.add(host_id)

    def write(self) -> Recorded:
        if self.samples:
            stored = host_samples.stored(self.session, [it[:2] for it in self.samples])
            host_samples.add(self.session, [it for it in self.samples if it[:2] not in stored])
        new = [self.states[it] for it in self.new if it in self.touched]
        changed = [self.states[it] for it in sorted(self.touched.difference(self.new))]
        host_samples.write_states(self.session, new, changed)
        return self.recorded

    def _step(self, host: Watched, row: dict[str, Any], result: Result, window: Window | None) -> None:
        before, its, outcome = _state(row), self.open.get(host.id), result.outcome
        if its is not None and its.opened_at > _moment(result.at):
            # It was opened by a clock that was ahead. When it began is not known: by now at the latest.
            its.began_at, its.opened_at = (min(it, _moment(result.at)) for it in (its.began_at, its.opened_at))
            self.session.add(its)
        rules = Rules(host.failures_to_open, host.successes_to_close, host.interval_seconds)
        damped, answered = None if its is None else its.is_damped, outcome.ms is not None
        step = incidents.step(before, rules, result.at, answered, window is not None, damped)
        ends, is_expiring = outcome.expires_at, outcome.fault == "expiring" and not step.state.is_maintained
        if ends and is_expiring and _is_news(ends, row["told_expiry"], self.now):
            row["told_expiry"] = ends
            self._tell("host_expiring", host, int(ends.timestamp()))
        row |= _row(step.state) | fitting(HostState, {"fault": outcome.fault, "detail": outcome.detail})
        row["ms"], row["expires_at"] = self.samples[-1][2], outcome.expires_at or row["expires_at"]
        row["due_at"] = _moment(result.at + host.interval_seconds)
        row["recent"] = host_recent.add(row["recent"], result.at, _hundredths(row["ms"]))
        is_other = self._incident(host, step, result) is not None
        if is_other or (before.status, before.is_maintained) != (step.state.status, step.state.is_maintained):
            self.recorded = self.recorded._replace(shows=True)

    def _incident(self, host: Watched, step: Step, result: Result) -> HostIncident | None:
        """Open, close or change an incident, and return it if so."""
        its = self.open.get(host.id)
        if step.opens is not None:
            its = self._opened(host, step.opens, result)
        elif its is not None and step.closes is not None:
            its.open_host_id, its.ended_at = None, _moment(step.closes)
            del self.open[host.id]
        elif its is not None and step.flaps:
            its.flaps += 1
        else:
            return None
        self.session.add(its)
        self.session.flush()
        if not step.flaps and not step.state.is_maintained and its.id is not None:
            self._tell("host_down" if step.closes is None else "host_up", host, its.id)
        return its

    def _tell(self, kind: Kind, host: Watched, number: int) -> None:
        host_news.add(self.session, kind, host_news.event(kind, host.id, number), host.name, self.now)
        self.recorded = self.recorded._replace(has_news=True)

    def _opened(self, host: Watched, began: int, result: Result) -> HostIncident:
        at = _moment(result.at)
        earlier = host_samples.openings(self.session, host.id, at - timedelta(seconds=incidents.DAMPED_WITHIN))
        texts = fitting(HostIncident, {"fault": result.outcome.fault, "detail": result.outcome.detail})
        self.open[host.id] = HostIncident(
            host_id=host.id,
            open_host_id=host.id,
            began_at=_moment(began),
            opened_at=at,
            is_damped=incidents.is_damped([int(it.timestamp()) for it in earlier], result.at),
            task_state="wanted" if self.opens_tasks and host.opens_task else "",
            **texts,
        )
        return self.open[host.id]


def record(session: Session, results: Iterable[Result], now: datetime, opens_tasks: bool) -> Recorded:
    """Store samples with what they lead to.

    Incidents want a task where `opens_tasks`. The caller holds the lease of the sampler, or waits for its holder.
    """
    ordered = sorted(results, key=lambda it: it.at)
    if not ordered:
        return Recorded()
    its = _Record(session, ordered, now, opens_tasks)
    for result in ordered:
        its.add(result)
    return its.write()


def _is_news(ends: datetime, told: datetime | None, now: datetime) -> bool:
    """Tell whether people are to be notified of a certificate's end, with the end that they know of.

    A host may show two certificates by turns: while one that they know of lasts, a later end is no news.
    """
    return told is None or ends < told or told <= now < ends


def _state(row: dict[str, Any]) -> State:
    since, run_since, last = (_second(row[name]) for name in ("since", "run_since", "checked_at"))
    return State(row["status"], since, row["failures"], row["successes"], run_since, last, row["is_maintained"])


def _row(state: State) -> dict[str, Any]:
    values = state._asdict()
    last = values.pop("last_at")
    return values | {
        "since": None if state.since is None else _moment(state.since),
        "run_since": None if state.run_since is None else _moment(state.run_since),
        "checked_at": None if last is None else _moment(last),
    }


def _second(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _hundredths(ms: float | None) -> int | None:
    return None if ms is None else round(ms * HUNDREDTHS)
