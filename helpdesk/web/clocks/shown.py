"""Show how much time is left for tasks: a word and a shape on pages, numbers for programs."""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from starlette.requests import Request

from helpdesk import durations
from helpdesk.errors import Sentence, Unavailable, sentence
from helpdesk.promises.clock import Clock, Kind
from helpdesk.promises.service import Clocks
from helpdesk.promises.states import State, most_urgent, state
from helpdesk.tasks.model import Actor, TaskRow
from helpdesk.web.core.faces import Json, moment
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import MOMENT, translate

log = logging.getLogger(__name__)

WAIT_SECONDS = 2.0
"""No page waits longer for histories: tasks are worth showing without their clocks."""
MINUTE, EXACT_MINUTES = 60, 600
SHAPES: Mapping[State, str] = {"running": "◔", "soon": "◕", "over": "▲", "paused": "‖", "kept": "✓", "missed": "✗"}
"""What stands before the words, so that they are told apart at a glance and without colours."""
MARKS: Mapping[State, str] = {
    "running": "faint",
    "paused": "faint",
    "kept": "faint",
    "over": "rank-3",
    "missed": "rank-3",
}
"""Classes: what is broken has the colour of the highest priority, what is soon over that of any tag."""
NAMES: Mapping[Kind, Sentence] = {"answer": sentence("First answer"), "solution": sentence("Solution")}
KEPT, LATE = sentence("in time"), sentence("%(time)s late", time="%s").text
LEFT = sentence("%(time)s left", time="%s").text
OVER = sentence("%(time)s over", time="%s").text
PAUSED = sentence("paused, %(time)s left", time="%s").text


class Shown(NamedTuple):
    """A clock in the language of its reader. `due` is a moment for machines, `by` for people; empty where there is
    none."""

    what: str
    shape: str
    text: str
    due: str
    by: str
    mark: str

    @property
    def title(self) -> str:
        return f"{self.what}: {self.by}" if self.by else self.what


async def of_rows(request: Request, who: Actor, rows: Collection[TaskRow]) -> Mapping[int, Shown]:
    """Return the most urgent clock of each task that has one."""
    found = ((id, most_urgent(its)) for id, its in (await known(request, who, rows)).items())
    return {id: shown(request, it) for id, it in found if it}


async def of_task(request: Request, who: Actor, row: TaskRow) -> Sequence[Shown] | None:
    """Return all clocks of a task; None where nothing at all is promised."""
    if not await are_there(request):
        return None
    return [shown(request, it) for it in (await known(request, who, [row])).get(row.id, ())]


async def of_request(request: Request, row: TaskRow) -> Sequence[Clock]:
    """Return the clocks that tell the person of a request by when an answer and a solution are promised."""
    if not await are_there(request):
        return ()
    its = await known(request, await services(request).requests.reader(), [row])
    return [it for it in its.get(row.id, ()) if it.state != "stopped" and it.due is not None]


async def are_there(request: Request) -> bool:
    """Tell whether anything is promised, as far as the store can tell it now."""
    try:
        return bool((await services(request).promises.book()).rules)
    except Unavailable:
        return False


async def known(request: Request, who: Actor, rows: Collection[TaskRow]) -> Clocks:
    """Return the clocks of tasks; none while their histories can't be read, or not in time."""
    promises = services(request).promises
    try:
        await promises.book()  # outside of the time limit, since what was read is kept for the next page
        async with asyncio.timeout(WAIT_SECONDS):
            return await promises.clocks(who, rows)
    except Unavailable as error:
        log.warning("clocks of promises could not be reckoned", extra={"error": error.detail})
    except TimeoutError:
        log.warning("clocks of promises were not reckoned in time", extra={"seconds": WAIT_SECONDS})
    return {}


def shown(request: Request, clock: Clock) -> Shown:
    now, name = state(clock), translate(request, NAMES[clock.kind])
    at = _at(clock)
    day = at.astimezone(services(request).settings.timezone).strftime(MOMENT) if at else ""
    by = translate(request, sentence("by %(day)s", day=day)) if at else ""
    text = translate(request, _words(request, clock))
    return Shown(name, SHAPES[now], text, moment(at) or "", by, MARKS.get(now, ""))


def to_json(clocks: Collection[Clock]) -> list[Json]:
    """Return the clocks of a task for programs. More minutes than the limit have elapsed if it is over, else not."""
    return [
        {
            "kind": it.kind,
            "state": state(it),
            "limit_minutes": it.limit // MINUTE,
            "elapsed_minutes": _minutes(it.elapsed) if it.is_over else it.elapsed // MINUTE,
            "due_at": _due(it),
        }
        for it in clocks
    ]


def of_request_to_json(clocks: Collection[Clock]) -> list[Json]:
    """Return for programs what the page of a request tells, without the working time that staff reckon with."""
    return [{"kind": it.kind, "due_at": _due(it), "is_late": it.is_over} for it in clocks]


def with_promises(rows: Sequence[Json], clocks: Clocks) -> list[Json]:
    """Return tasks for programs, with `promises` where something is promised."""
    return [it | {"promises": to_json(clocks[it["id"]])} if it["id"] in clocks else it for it in rows]


def _due(clock: Clock) -> str | None:
    return moment(_at(clock))


def _at(clock: Clock) -> datetime | None:
    """Return the moment at which a clock runs out; None where there is none."""
    return datetime.fromtimestamp(clock.due, UTC) if clock.due is not None else None


def _words(request: Request, clock: Clock) -> Sentence:
    if clock.state == "stopped":
        return Sentence(LATE, {"time": _time(request, -clock.left)}) if clock.is_over else KEPT
    if clock.is_over:
        return Sentence(OVER, {"time": _time(request, -clock.left)})
    return Sentence(PAUSED if clock.state == "paused" else LEFT, {"time": _time(request, clock.left)})


def _time(request: Request, seconds: int) -> str:
    """Return working time in words, rounded up to minutes, so that nothing is said to be over before it is. Many hours
    are said to be working ones, since they are more than the clock on the wall shows; their minutes are left out."""
    minutes = _minutes(seconds)
    many = sentence("%(hours)s working h", hours=minutes // durations.HOUR_MINUTES)
    return translate(request, durations.in_words(minutes) if minutes < EXACT_MINUTES else many)


def _minutes(seconds: int) -> int:
    return -(-seconds // MINUTE)
