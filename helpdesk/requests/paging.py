"""Choose a page of a person's requests, search among them, and count them by phase."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from helpdesk.requests.model import OwnTasks, RequestQuery
from helpdesk.store.casefold import fold
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Status, TaskRow
from helpdesk.tasks.phases import Phase, Rules, Summary, phase, summarised


class Chosen(NamedTuple):
    """The ids of a page, the total of all pages, the numbers by phase, and the phase of each status."""

    ids: tuple[int, ...]
    total: int
    summary: Summary
    phases: Mapping[int, Phase]


def chosen(found: OwnTasks, query: RequestQuery, known: Mapping[int, Status], rules: Rules) -> Chosen:
    """Choose a page of the requests that were `found`.

    `known` are the statuses, to which those of tasks are added that are not known any more.
    """
    statuses = {it.status.id: it.status for it in found.values()} | dict(known)
    phases = {number: phase(status, rules) for number, status in statuses.items()}
    ids = [task for task, it in found.items() if query.phase in (None, phases[it.status.id])]
    first = (query.page - 1) * query.per_page
    summary = summarised(Counter(it.status.id for it in found.values()), statuses.values(), rules)
    return Chosen(tuple(ids[first : first + query.per_page]), len(ids), summary, phases)


def matching(rows: Iterable[TaskRow], query: TaskQuery) -> set[int]:
    """Return the ids of the rows whose subjects have all words of a search, and of the one with its number."""
    parts = [part for word in query.words for part in fold(word).split()]
    in_subjects = {row.id for row in rows if parts and all(part in fold(row.subject) for part in parts)}
    return in_subjects | ({query.wanted_id} if query.wanted_id is not None else set())
