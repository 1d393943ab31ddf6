"""Read which assessments a page, a file or a program asks for, and load those that the person may see."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from sqlmodel import Session
from starlette.requests import Request

from helpdesk.errors import Invalid, sentence
from helpdesk.quality.assessments import MarkSum
from helpdesk.quality.summary import Summary, summary
from helpdesk.reports.address_parser import A_DAY, BACKWARDS
from helpdesk.reports.periods import Period
from helpdesk.store import assessment_forms, assessments
from helpdesk.store.assessment_forms import FormRow
from helpdesk.store.assessments import MAIN, AssessmentRow, Filter, Key
from helpdesk.web.core import request_data
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import today
from helpdesk.web.quality.assessments import sources
from helpdesk.web.quality.assessments.sources import SECOND, Tasks

MONTHS = 6
"""As many months are shown where no day is given: the present one, and those before it."""
MOST = 5_000
MOST_DAYS = 1_100
TOO_LONG = sentence("At most %(most)s days at once.", most=MOST_DAYS)
TOO_MANY = sentence("There are more than %(most)s assessments. Please choose a shorter time.", most=MOST)


class Asked(NamedTuple):
    """The days, the last one included, and the filters; None and 0 are none."""

    since: date
    until: date
    assignee_id: Key | None = None
    project_id: Key | None = None
    form_id: int = 0

    def query(self, **changes: object) -> str:
        """Return the query of an address, with some changes."""
        values = self._replace(**changes)._asdict()  # type: ignore[arg-type]  # names of its fields alone
        return urlencode({name: value for name, value in values.items() if value})


class Found(NamedTuple):
    """The assessments whose tasks the person sees, of which `open` are the ids of those whose words may be read, the
    summary of these, the names of criteria, and the forms."""

    rows: list[AssessmentRow]
    tasks: Tasks
    open: frozenset[int]
    summary: Summary
    criteria: dict[int, str]
    forms: list[FormRow]

    def is_open(self, row: AssessmentRow) -> bool:
        return row.id in self.open

    def subject(self, row: AssessmentRow) -> str:
        return self.tasks[row.source, row.task_id].subject


def read(request: Request) -> Asked:
    """Read the address. Raises Invalid."""
    params, now = request.query_params, today(request)
    first = now.replace(day=1)
    for _ in range(MONTHS - 1):
        first = (first - timedelta(days=1)).replace(day=1)
    since, until = _day("since", params.get("since", ""), first), _day("until", params.get("until", ""), now)
    if until < since:
        raise request_data.refusal("until", BACKWARDS)
    if (until - since).days > MOST_DAYS:
        raise request_data.refusal("until", TOO_LONG)
    assignee, project = (_key(params, it) for it in ("assignee_id", "project_id"))
    return Asked(since, until, assignee, project, request_data.query_number(params, "form_id", 0, least=0))


async def load(request: Request, asked: Asked) -> Found:
    """Return the assessments. Raises Invalid for too many."""
    person, zone = await current_user(request), services(request).settings.timezone
    begin, end = Period(asked.since, asked.until).borders(zone)
    wanted = Filter(begin, end, asked.assignee_id, asked.project_id, asked.form_id or None)
    rows = await services(request).database.run(lambda db: assessments.within(db, wanted, MOST + 1))
    if len(rows) > MOST:
        raise Invalid({"since": [TOO_MANY]})
    among = await sources.all(request)
    tasks = await sources.visible(request, among, rows)
    seen = [it for it in rows if (it.source, it.task_id) in tasks]
    numbers = {it.name: it.numbers for it in among}
    is_head = sources.is_head(request)

    def work(db: Session) -> Found:
        of_tasks = assessments.assessors(db, {(it.source, it.task_id) for it in seen})
        may_read = sources.open_to(person.id, is_head, of_tasks)
        read = [
            it for it in seen if (it.source, it.task_id) in may_read or it.executor_id in numbers.get(it.source, ())
        ]
        sums = [MarkSum(*it) for it in assessments.mark_sums(db, [it.id for it in read])]
        found = summary(read, sums, zone)
        names = {it: row.name for it, row in assessment_forms.criteria_named(db, list(found.criteria)).items()}
        return Found(seen, tasks, frozenset(it.id for it in read), found, names, assessment_forms.all(db))

    return await services(request).database.run(work)


def _key(params: Mapping[str, str], name: str) -> Key | None:
    """Read a filter such as 4, or quality-4 of the second Redmine; None for 0 and without one. Raises Invalid."""
    text, prefix = params.get(name, ""), f"{SECOND}-"
    number = request_data.whole(name, text.removeprefix(prefix)) if text else 0
    return Key(SECOND if text.startswith(prefix) else MAIN, number) if number else None


def _day(name: str, text: str, usual: date) -> date:
    """Read an ISO day. Raises Invalid."""
    if not text:
        return usual
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise request_data.refusal(name, A_DAY) from error
    if not 2000 <= day.year <= 2100:
        raise request_data.refusal(name, A_DAY)
    return day
