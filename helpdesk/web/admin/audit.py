"""Show administrators who did what, and export it."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.store import audit_log
from helpdesk.store.audit_log import Account, LogLine, LogPage, LogQuery
from helpdesk.web.admin import acts
from helpdesk.web.admin.sections import section_page
from helpdesk.web.core import request_data
from helpdesk.web.core.after_write import Act, record
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import Json, answer, answer_refusal, json_response, moment
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import MOMENT, translate
from helpdesk.web.lists import export as lists_export

PER_PAGE = 50
EXPORTED_AT_ONCE = 1_000
LONGEST = 200
"""The most characters of what is typed that count."""
FIRST_YEAR = 1970
FILTERS = ("q", "group", "who", "person", "task", "since", "until")
A_DAY = sentence("This must be a day such as 2026-11-20.")
NOBODY = sentence("There is no account with this login or e-mail.")
HEADINGS = (
    *(sentence("When"), sentence("Who"), sentence("Login"), sentence("Act")),
    *(sentence("Whom"), sentence("Task"), sentence("From where"), sentence("Details")),
)


async def index(request: Request) -> Response:
    """Show a page of the record."""
    try:
        query = await _query(request)
    except Invalid as error:
        return await answer_refusal(request, error, page=partial(_page, request, LogPage([]), error))
    page = await services(request).database.run(lambda db: audit_log.page(db, query, PER_PAGE))
    return await answer(
        request, json=lambda: json_response(request, _to_dict(request, page)), page=lambda: _page(request, page)
    )


async def export(request: Request) -> Response:
    """Answer with all records that are looked for, as a CSV file."""
    person, query = await current_user(request), await _query(request)
    if request.method != "HEAD":
        await record(request, Act("audit_exported"))
    table = lists_export.Table("audit.csv", HEADINGS, partial(_cells, request))
    return await lists_export.answer(request, person.id, lambda: _pages(request, query), table)


async def _pages(request: Request, query: LogQuery) -> AsyncGenerator[Sequence[LogLine], None]:
    """Yield the record in batches, each read when the one before was sent."""
    while True:
        page = await services(request).database.run(partial(audit_log.page, query=query, size=EXPORTED_AT_ONCE))
        yield page.lines
        if page.before is None:
            return
        query = query._replace(before=page.before)


async def _query(request: Request) -> LogQuery:
    """Read what is looked for. Raises Invalid with every wrong field."""
    params, zone = request.query_params, services(request).settings.timezone
    typed = {name: request_data.clean(name, params.get(name, "")[:LONGEST]).strip() for name in FILTERS}
    wrong: dict[str, Sequence[Sentence]] = {}
    actor_ids = await _actors(request, typed["who"])
    if typed["who"] and not actor_ids:
        wrong["who"] = [NOBODY]
    if typed["group"] and typed["group"] not in acts.GROUPS:
        wrong["group"] = [request_data.NO_CHOICE]
    numbers, days = dict[str, int | None](), dict[str, datetime | None]()
    for name in ("person", "task", "before"):
        numbers[name] = request_data.an_id(params.get(name, "").removeprefix("#")) or None
        if params.get(name) and numbers[name] is None:
            wrong[name] = [sentence("This must be a whole number.")]
    for name in ("since", "until"):
        try:
            days[name] = _start(typed[name], zone, timedelta(days=name == "until"))
        except (ValueError, OverflowError):
            wrong[name] = [A_DAY]
    if wrong:
        raise Invalid(wrong)
    group = [name for name, act in acts.ACTS.items() if act.group == typed["group"]]
    return LogQuery(
        *(typed["q"], group, actor_ids, numbers["person"], numbers["task"]),
        *(days["since"], days["until"], numbers["before"]),
    )


async def _actors(request: Request, typed: str) -> list[int]:
    def work(db: Session) -> list[int]:
        return audit_log.actors_named(db, typed)

    return await services(request).database.run(work) if typed else []


def _start(text: str, zone: Any, more: timedelta) -> datetime | None:
    """Return the beginning of a day, or of one that is later. Raises ValueError, OverflowError."""
    if not text:
        return None
    day = date.fromisoformat(text)
    if day.year < FIRST_YEAR:
        raise ValueError("no record is so old, and no database counts so far")
    return datetime.combine(day + more, time(), zone)


def _page(request: Request, page: LogPage, error: Invalid | None = None) -> Response:
    params = request.query_params
    typed = {name: request_data.UNSTORABLE.sub("", params[name][:LONGEST]) for name in FILTERS if params.get(name)}
    address = path_to(request, "admin:audit")
    older = f"{address}?{urlencode({**typed, 'before': page.before})}" if page.before else ""
    return section_page(
        request,
        "admin/audit.html",
        status_of(error) if error else 200,
        page=page,
        typed=typed,
        error=error,
        groups=acts.GROUPS,
        older=older,
        export=f"{path_to(request, 'admin:audit_export')}?{urlencode(typed)}",
        name_of=acts.name_of,
        details_of=acts.details_of,
        is_first="before" not in params,
    )


def _to_dict(request: Request, page: LogPage) -> Json:
    lines = [_line_to_dict(request, line) for line in page.lines]
    return {"records": lines, "before": page.before, "back_to": moment(page.back_to)}


def _line_to_dict(request: Request, line: LogLine) -> Json:
    shown: Mapping[str, Any] = line._asdict()
    people = {name: _account_to_dict(shown[name]) for name in ("actor", "person")}
    return {**shown, **people, "at": moment(line.at), "text": say(request, acts.name_of(line))}


def _account_to_dict(account: Account | None) -> Json | None:
    return account._asdict() if account else None


def say(request: Request, words: Sentence | str) -> str:
    return translate(request, words) if isinstance(words, Sentence) else words


def _cells(request: Request, line: LogLine) -> list[object]:
    at = line.at.astimezone(services(request).settings.timezone)
    details = "; ".join(
        (f"{translate(request, label)}: " if label else "") + ", ".join(say(request, each) for each in values)
        for label, values in acts.details_of(line)
    )
    actor, person = line.actor or Account(0), line.person or Account(0)
    whom = person.full_name or person.login
    names = actor.full_name or actor.login, actor.login
    return [at.strftime(MOMENT), *names, say(request, acts.name_of(line)), whom, line.task_id, line.address, details]
