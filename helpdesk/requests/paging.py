"""Cut a page out of a person's requests, and count them by phase."""

from collections import Counter
from collections.abc import Mapping, Sequence

from helpdesk.requests.model import RequestPage, RequestQuery
from helpdesk.tasks.model import Status, TaskRow
from helpdesk.tasks.phases import Rules, phase, summarised


def page(
    every: Sequence[TaskRow], found: Sequence[TaskRow], query: RequestQuery, known: Mapping[int, Status], rules: Rules
) -> RequestPage:
    """Return the page of the requests that were `found`; `every` request counts in the summary.

    `known` are the statuses, to which those of tasks are added that are not known any more.
    """
    statuses = {row.status.id: row.status for row in (*every, *found)} | dict(known)
    phases = {number: phase(status, rules) for number, status in statuses.items()}
    chosen = [row for row in found if query.phase in (None, phases[row.status.id])]
    first = (query.page - 1) * query.per_page
    summary = summarised(Counter(row.status.id for row in every), statuses.values(), rules)
    return RequestPage(tuple(chosen[first : first + query.per_page]), len(chosen), query, summary, phases)
