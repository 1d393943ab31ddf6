"""Sum up assessments: by month, by assignee, by project and by criterion, and where assessors differ: pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import NamedTuple

from helpdesk.quality.assessments import (
    Difference,
    MarkSum,
    Mean,
    Scored,
    by_month,
    differences,
    mean,
    of_criteria,
)
from helpdesk.reports.model import NOBODY
from helpdesk.store.assessments import AssessmentRow, Key


class Line(NamedTuple):
    """The scores of one assignee's work or of one project, with their means by month."""

    key: Key
    name: str
    whole: Mean
    months: Mapping[str, Mean]


class Summary(NamedTuple):
    """The sums of assessments. `criteria` are means by the criterion's id, the lowest first; `apart` is the mean
    difference of tasks with several assessments."""

    whole: Mean | None
    months: Mapping[str, Mean]
    people: Sequence[Line]
    projects: Sequence[Line]
    criteria: Mapping[int, Mean]
    differences: Sequence[Difference]
    apart: Mean | None


def summary(rows: Sequence[AssessmentRow], marks: Iterable[MarkSum], zone: tzinfo) -> Summary:
    """Sum up assessments, of which `marks` are the sums of marks."""
    scored = [_scored(it) for it in rows]
    apart = differences(scored)
    return Summary(
        mean([it.score for it in scored]) if scored else None,
        by_month(scored, zone),
        _lines(rows, zone, lambda it: (it.executor_id or NOBODY, it.executor)),
        _lines(rows, zone, lambda it: (it.project_id, it.project)),
        of_criteria(marks),
        apart,
        mean([it.points for it in apart]) if apart else None,
    )


def _lines(rows: Sequence[AssessmentRow], zone: tzinfo, of: Callable[[AssessmentRow], tuple[int, str]]) -> list[Line]:
    """Return a line for each number of each source, the lowest mean first; its name is the last one that there is."""
    groups, names = defaultdict[Key, list[Scored]](list), dict[Key, str]()
    for it in sorted(rows, key=lambda it: it.assessed_at):
        number, name = of(it)
        key = Key(it.source, number)
        groups[key].append(_scored(it))
        names[key] = name or names.get(key, "")
    lines = [Line(it, names[it], mean([s.score for s in of]), by_month(of, zone)) for it, of in groups.items()]
    return sorted(lines, key=lambda it: (it.whole.mean, it.name, it.key))


def _scored(row: AssessmentRow) -> Scored:
    return Scored(row.source, row.task_id, row.score, row.assessed_at, row.id)
