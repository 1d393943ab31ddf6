"""Read which assessments a page, a file or a program asks for, and load those that the person may see."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import partial
from typing import NamedTuple, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlmodel import Session
from starlette.requests import Request

from helpdesk.errors import Invalid, sentence
from helpdesk.quality.assessments import MarkSum
from helpdesk.quality.summary import Summary, summary
from helpdesk.reports import periods
from helpdesk.reports.address_parser import A_DAY, BACKWARDS
from helpdesk.reports.model import NOBODY
from helpdesk.reports.periods import Period
from helpdesk.store import assessment_forms, assessments
from helpdesk.store.assessment_forms import FormRow
from helpdesk.store.assessments import MAIN, AssessmentRow, Filter, Key
from helpdesk.web.core import request_data
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import today
from helpdesk.web.reports.form import MOST_OPTIONS
from helpdesk.web.task_assessments import sources
from helpdesk.web.task_assessments.sources import SECOND, Tasks

MONTHS = 6
"""As many months are shown where no day is given: the present one, and those before it."""
MOST = 5_000
MOST_DAYS = 1_100
TOO_LONG = sentence("At most %(most)s days at once.", most=MOST_DAYS)
TOO_MANY = sentence("There are more than %(most)s assessments. Please choose a shorter time.", most=MOST)
T = TypeVar("T")
Names = Mapping[Key, str]


class Asked(NamedTuple):
    """The days, the last one included, and the filters; None and the form 0 are none. The assignee NOBODY is one: of
    work that was nobody's."""

    since: date
    until: date
    assignee_id: Key | None = None
    project_id: Key | None = None
    form_id: int = 0

    def lets_through(self, row: AssessmentRow) -> bool:
        """Tell whether an assessment passes the filters; its day is not looked at."""
        pairs = ((self.assignee_id, _executor(row)), (self.project_id, _project(row)), (self.form_id, row.form_id))
        return all(not wanted or wanted == its for wanted, its in pairs)

    def of_month(self, month: str) -> str:
        """Return the query of those of its days that are in a month such as "2026-11"."""
        first = date.fromisoformat(f"{month}-01")
        last = periods.after("month", first) - periods.DAY
        return self.query(since=max(first, self.since), until=min(last, self.until))

    def query(self, **changes: object) -> str:
        """Return the query of an address, with some changes."""
        values = self._replace(**changes)._asdict()  # type: ignore[arg-type]  # names of its fields alone
        return urlencode({name: value for name, value in values.items() if value})


class Found(NamedTuple):
    """The assessments whose tasks the person sees, of which `open` are the ids of those whose words may be read, the
    summary of these, the names of criteria, and the forms.

    `people` and `projects` are those of the whole time, to filter by. `is_partial` says that some are left out, since
    the second Redmine does not answer.
    """

    rows: list[AssessmentRow]
    tasks: Tasks
    open: frozenset[int]
    summary: Summary
    criteria: dict[int, str]
    forms: list[FormRow]
    people: Names
    projects: Names
    is_partial: bool

    def is_open(self, row: AssessmentRow) -> bool:
        return row.id in self.open

    def subject(self, row: AssessmentRow) -> str:
        return self.tasks[row.source, row.task_id].subject


def read(request: Request) -> Asked:
    """Read the address. Raises Invalid."""
    params, usual = request.query_params, _usual(request)
    since, until = (
        _day("since", params.get("since", ""), usual.since),
        _day("until", params.get("until", ""), usual.until),
    )
    if until < since:
        raise request_data.refusal("until", BACKWARDS)
    if Period(since, until).days > MOST_DAYS:
        raise request_data.refusal("until", TOO_LONG)
    assignee, project = (_key(params, it) for it in ("assignee_id", "project_id"))
    return Asked(since, until, assignee, project, request_data.query_number(params, "form_id", 0, least=0))


def right_parts(request: Request) -> Asked:
    """Return what is right in the address of a refused request, with the usual days."""
    params = request.query_params
    keys = [or_none(partial(_key, params, it)) for it in ("assignee_id", "project_id")]
    form_id = or_none(partial(request_data.query_number, params, "form_id", 0, least=0))
    return _usual(request)._replace(assignee_id=keys[0], project_id=keys[1], form_id=form_id or 0)


async def load(request: Request, asked: Asked) -> Found:
    """Return the assessments. Raises Invalid for too many."""
    person, zone = await current_user(request), services(request).settings.timezone
    of_time = await services(request).database.run(partial(_of_time, asked=asked, zone=zone))
    if len(of_time) > MOST:
        raise Invalid({"since": [TOO_MANY]})
    among = await sources.all(request)
    tasks = await sources.visible(request, among, of_time)
    known = [it for it in of_time if (it.source, it.task_id) in tasks]
    seen = [it for it in known if asked.lets_through(it)]
    is_partial = sources.is_partial(request) and any(
        it.source == SECOND and (SECOND, it.task_id) not in tasks and asked.lets_through(it) for it in of_time
    )
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
        people = _names((_executor(it), it.executor) for it in known)
        projects = _names((_project(it), it.project) for it in known)
        return Found(
            seen,
            tasks,
            frozenset(it.id for it in read),
            found,
            names,
            assessment_forms.all(db),
            people,
            projects,
            is_partial,
        )

    return await services(request).database.run(work)


def _of_time(db: Session, asked: Asked, zone: ZoneInfo) -> list[AssessmentRow]:
    """Return the assessments of the time; of one with too many, those that pass the filters."""
    whole = Filter(*Period(asked.since, asked.until).borders(zone))
    rows = assessments.within(db, whole, MOST + 1)
    if len(rows) <= MOST:
        return rows
    narrow = whole._replace(executor=asked.assignee_id, project=asked.project_id, form_id=asked.form_id or None)
    return assessments.within(db, narrow, MOST + 1)


def _executor(row: AssessmentRow) -> Key:
    return Key(row.source, row.executor_id or NOBODY)


def _project(row: AssessmentRow) -> Key:
    return Key(row.source, row.project_id)


def _names(of: Iterable[tuple[Key, str]]) -> Names:
    """Return the first names of people or projects in their order, at most MOST_OPTIONS; "" is nobody, who comes
    first."""
    found: dict[Key, str] = {}
    for key, name in of:
        found[key] = found.get(key) or name
    named = ((key, (name or f"#{key.id}") if key.id != NOBODY else "") for key, name in found.items())
    return dict(sorted(named, key=lambda it: (it[1].casefold(), it[0]))[:MOST_OPTIONS])


def _usual(request: Request) -> Asked:
    """Return the days of an address without any."""
    now = today(request)
    first = periods.begin("month", now)
    for _ in range(MONTHS - 1):
        first = periods.begin("month", first - periods.DAY)
    return Asked(first, now)


def or_none(read: Callable[[], T]) -> T | None:
    """Return what is read, None if it is wrong."""
    try:
        return read()
    except Invalid:
        return None


def _key(params: Mapping[str, str], name: str) -> Key | None:
    """Read a filter such as 4, or quality-4 of the second Redmine; None without one, and for a project 0. Raises
    Invalid."""
    text, prefix = params.get(name, ""), f"{SECOND}-"
    if not text:
        return None
    number = request_data.whole(name, text.removeprefix(prefix))
    if number == NOBODY and name != "assignee_id":
        return None
    return Key(SECOND if text.startswith(prefix) else MAIN, number)


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
