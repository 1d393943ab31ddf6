"""Put the histories of tasks together from rows of a backend: what they are now, their changes of status, and when
they were answered."""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import NamedTuple

from helpdesk.reports.model import NOBODY, Life

GONE = 0
"""Stands for a status that can't be read. Like all unknown ones it counts as open."""
MOST_DIGITS = 10


class Present(NamedTuple):
    """A task as it is now. `created` is in seconds since 1970, as all moments."""

    id: int
    project_id: int
    tracker_id: int
    priority_id: int
    author_id: int
    assignee_id: int | None
    status_id: int
    created: int


class Step(NamedTuple):
    """A change of a task's status, as texts."""

    task_id: int
    moment: int
    person_id: int
    old: str | None
    new: str | None


def lives(
    tasks: Iterable[Present], steps: Iterable[Step], answers: Mapping[int, int], closed: Container[int]
) -> Iterator[Life]:
    """Yield the history of each task. The steps of a task are in order; `closed` are the statuses that close one."""
    steps_of: dict[int, list[Step]] = defaultdict(list)
    for step in steps:
        steps_of[step.task_id].append(step)
    for task in tasks:
        own = steps_of.get(task.id, [])
        closer_id = _closer(own, closed)
        yield Life(
            task.id,
            task.project_id,
            task.tracker_id,
            task.priority_id,
            task.author_id,
            task.assignee_id or closer_id,
            task.created,
            _statuses(task, own),
            answers.get(task.id),
            closer_id,
        )


def _statuses(task: Present, steps: list[Step]) -> tuple[tuple[int, int], ...]:
    """Return the statuses with their beginnings, which rise. The last is the present one, whatever the steps say:
    somebody may have written it past them."""
    if not steps:
        return ((task.status_id, task.created),)
    statuses, moment = [(_number(steps[0].old), task.created)], task.created
    for step in steps:
        moment = max(moment, step.moment)
        statuses.append((_number(step.new), moment))
    statuses[-1] = (task.status_id, moment)
    return tuple(statuses)


def _closer(steps: list[Step], closed: Container[int]) -> int:
    """Return the person who closed the task last."""
    for step in reversed(steps):
        if _number(step.new) in closed and _number(step.old) not in closed:
            return step.person_id
    return NOBODY


def _number(text: str | None) -> int:
    """Return the id of a status. Only what a condition on the text finds, too, is one."""
    if not text or len(text) > MOST_DIGITS or not (text.isascii() and text.isdigit()) or text[0] == "0":
        return GONE
    return int(text)
