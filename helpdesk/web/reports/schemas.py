"""Say in JSON what a report is."""

from collections.abc import Callable

from helpdesk.errors import Sentence
from helpdesk.reports.address import Address
from helpdesk.reports.labels import Labels
from helpdesk.reports.lines import Line
from helpdesk.reports.model import Key
from helpdesk.reports.periods import Period
from helpdesk.reports.report import Report, Standing
from helpdesk.web.core.faces import Json

Say = Callable[[Sentence | str], str]
"""Puts a name into the person's language."""


def report_to_dict(report: Report, say: Say, page: int) -> Json:
    """Return a report with the lines of a page."""
    groups, labels = report.address.groups, report.labels
    return {
        "period": period_to_dict(report.period),
        "by": report.step,
        "open_before": report.begin,
        "total": report.total._asdict(),
        "before": {**period_to_dict(report.earlier), **report.before._asdict()},
        "parts": [{**period_to_dict(it.period), **it.numbers._asdict()} for it in report.parts],
        "groups": list(groups),
        "lines": [_line(it, groups, labels, say) for it in report.lines_of(page)],
        "growing": _standing("project", report.growing, labels, say, "open_before", "open"),
        "busiest": _standing("executor", report.busiest, labels, say, "stuck", "open"),
    }


def period_to_dict(period: Period) -> Json:
    return {"since": period.first.isoformat(), "until": period.last.isoformat()}


def paging_to_dict(address: Address, per_page: int, total: int) -> Json:
    return {"page": address.page, "per_page": per_page, "total": total, "pages": max(1, -(-total // per_page))}


def value_to_dict(group: str, key: Key, labels: Labels, say: Say) -> Json:
    """Return a value of a group with its name; of time that is the part's first day."""
    own = labels.parts[int(key)].first.isoformat() if group == "time" else key
    return {"group": group, "value": own, "name": say(labels.of(group, key))}


def _line(line: Line, groups: tuple[str, ...], labels: Labels, say: Say) -> Json:
    values = [value_to_dict(group, key, labels, say) for group, key in zip(groups, line.keys, strict=False)]
    return {"values": values, **line.numbers._asdict()}


def _standing(group: str, it: Standing | None, labels: Labels, say: Say, before: str, now: str) -> Json | None:
    return {**value_to_dict(group, it.key, labels, say), before: it.before, now: it.now} if it else None
