"""Save reports under names, share them, and have them sent by e-mail."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotConfigured, NotFound, Unavailable, sentence
from helpdesk.reports.address import NO_CHOICE, Address
from helpdesk.reports.address_parser import parse
from helpdesk.reports.filters import Named, named_filters
from helpdesk.reports.labels import Labels, part_text
from helpdesk.reports.periods import PRESETS, STEPS, Period
from helpdesk.reports.rhythms import RHYTHMS, next_time
from helpdesk.store import saved_reports
from helpdesk.store.saved_reports import Saved
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import Json, answer, answer_refusal, html, json_response, see_other
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import today, translate
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.reports import page
from helpdesk.web.reports.form import TITLES

SAVED = sentence("The report was saved.")
CHANGED = sentence("The report was changed.")
REMOVED = sentence("The report was deleted.")
TOO_MANY = sentence("You have %(most)s saved reports already: delete one first.", most=saved_reports.MOST_OF_PERSON)
NAME_TAKEN = sentence("You have a report of this name already.")
SAVE = "save"
"""The parameter of an address with which the form for a new report is shown."""
LONGEST_RHYTHM = 10


async def index(request: Request) -> Response:
    """Show this person's reports and those that others share; with `?save=1` and a report's query also the form that
    saves that report. A POST saves."""
    if request.method == "POST":
        return await _create(request)
    return await answer(
        request, json=lambda: _all_to_json(request), page=lambda: _page(request, query=_query_to_save(request))
    )


async def show(request: Request) -> Response:
    """Redirect to a saved report; a POST changes its `name`, whether it is `shared`, or the rhythm of one's own
    `mailing`."""
    if request.method == "POST":
        return await _change(request)
    report = await _report(request)
    return await answer(
        request,
        json=lambda: json_response(request, {"report": _to_dict(report)}),
        page=lambda: see_other(_address(request, report.query)),
    )


async def remove(request: Request) -> Response:
    """Delete a report of one's own."""
    report, person = await _own(request), await current_user(request)
    await stored(request, lambda db: saved_reports.remove(db, person.id, report.id))
    return await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, REMOVED)}),
        page=lambda: flash.redirect(request, path_to(request, "reports:saved"), REMOVED),
    )


@idempotent
async def _create(request: Request) -> Response:
    fields, person, now = await request_data.read(request), await current_user(request), services(request).clock()
    query = ""
    try:
        # As we write it ourselves, from the report's first page.
        query = parse(fields.text("query", 3 * saved_reports.LONGEST_QUERY), today(request)).query()
        query = request_data.clean("query", query, saved_reports.LONGEST_QUERY)
        name = _name(fields)
        report_id = await _write(request, lambda db: saved_reports.add(db, person.id, name, query, now))
    except Invalid as refusal:
        typed = {"name": fields.values.get("name")}
        return await answer_refusal(request, refusal, page=partial(_page, request, query, typed, refusal))
    report = await _read(request, report_id)
    return await answer(
        request,
        json=lambda: json_response(request, {"report": _to_dict(report)}, 201),
        page=lambda: flash.redirect(request, _anchor(request, report_id), SAVED),
    )


@idempotent
async def _change(request: Request) -> Response:
    fields = await request_data.read(request)
    is_mailing = "mailing" in fields.values
    report = await (_report if is_mailing else _own)(request)
    try:
        await _write(request, await _changes(request, report, fields))
    except Invalid as refusal:
        typed = {"id": report.id, "name": fields.values.get("name")}
        return await answer_refusal(request, refusal, page=partial(_page, request, None, typed, refusal))
    return await answer(
        request,
        json=lambda: _changed_to_json(request, report.id),
        page=lambda: flash.redirect(request, _anchor(request, report.id), CHANGED),
    )


async def _changes(request: Request, report: Saved, fields: request_data.Fields) -> Callable[[Session], None]:
    """Return what writes the fields that are there. Raises Invalid."""
    person, settings, now = await current_user(request), services(request).settings, services(request).clock()
    name = _name(fields) if "name" in fields.values else None
    is_shared = fields.flag("shared") if "shared" in fields.values else None
    rhythm = fields.text("mailing", LONGEST_RHYTHM) if "mailing" in fields.values else None
    if rhythm and rhythm not in RHYTHMS:
        raise request_data.refusal("mailing", NO_CHOICE)

    def work(db: Session) -> None:
        if name is not None:
            saved_reports.rename(db, person.id, report.id, name)
        if is_shared is not None:
            saved_reports.share(db, person.id, report.id, is_shared=is_shared)
        if rhythm:
            saved_reports.mail(db, person.id, report.id, rhythm, next_time(rhythm, now, settings.timezone))
        elif rhythm is not None:
            saved_reports.stop_mailing(db, person.id, report.id)

    return work


async def _write(request: Request, work: Callable[[Session], Any]) -> Any:
    """Raises Invalid for a name that is taken and for one report too many."""
    try:
        return await stored(request, work)
    except saved_reports.NameTaken as error:
        raise request_data.refusal("name", NAME_TAKEN) from error
    except saved_reports.TooMany as error:
        raise request_data.refusal("name", TOO_MANY) from error


def _name(fields: request_data.Fields) -> str:
    return " ".join(fields.required_text("name", saved_reports.LONGEST_NAME).split())


async def _report(request: Request) -> Saved:
    """Return the report in the address. Raises NotFound, also for one that another person does not share."""
    return await _read(request, request_data.path_id(request, "report_id"))


async def _own(request: Request) -> Saved:
    """Return the report in the address. Raises NotFound, also for another person's."""
    report, person = await _report(request), await current_user(request)
    if report.owner_id != person.id:
        raise NotFound
    return report


async def _read(request: Request, report_id: int) -> Saved:
    person = await current_user(request)
    report = await services(request).database.run(lambda db: saved_reports.one(db, person.id, report_id))
    if report is None:
        raise NotFound
    return report


async def _both(request: Request) -> tuple[list[Saved], list[Saved]]:
    """Return this person's reports and those that others share."""
    person = await current_user(request)
    return await services(request).database.run(
        lambda db: (saved_reports.of_person(db, person.id), saved_reports.shared(db, person.id))
    )


def _query_to_save(request: Request) -> str | None:
    """Return the query of the report that is to be saved, None where none is. Raises Invalid."""
    return parse(request.url.query, today(request)).query() if SAVE in request.query_params else None


async def _page(
    request: Request, query: str | None = None, typed: Mapping[str, Any] | None = None, refusal: Invalid | None = None
) -> Response:
    """Render all reports, each with its forms, and the form for a new one when a report is to be saved."""
    own, others = await _both(request)
    queries = {it.query for it in (*own, *others)} | ({query} if query is not None else set())
    context = {
        "reports": own,
        "others": others,
        "query": query,
        "summaries": await _summaries(request, queries),
        "typed": typed or {},
        "error": refusal,
        "rhythms": RHYTHMS,
        "sends": services(request).settings.sends_mail,
        "to": partial(_address, request),
    }
    return html(request, "reports/saved.html", status_of(refusal) if refusal else 200, **context)


async def _summaries(request: Request, queries: Iterable[str]) -> Mapping[str, Sequence[Named]]:
    """Return what each report is about, in words; nothing of one that is not understood any more, and nothing where
    names can't be read, or nothing can be counted: reports are renamed and deleted all the same."""
    addresses = {query: address for query in queries if (address := _parsed(query, today(request)))}
    if not addresses:
        return {}
    together = Address(
        executor_ids=tuple(id for it in addresses.values() for id in it.executor_ids),
        fields=tuple(field for it in addresses.values() for field in it.fields),
    )
    try:
        reporter = await page.reporter_of(request)
        labels = await reporter.named(Labels(await reporter.source.choices(reporter.actor)), together)
    except (NotConfigured, Unavailable):
        return {}
    return {query: list(_facts(address, labels)) for query, address in addresses.items()}


def _parsed(query: str, day: date) -> Address | None:
    try:
        return parse(query, day)
    except Invalid:
        return None


def _facts(address: Address, labels: Labels) -> Iterator[Named]:
    days = Period(address.since, address.until) if address.since and address.until else None
    yield TITLES["period"], [part_text(days) if days else PRESETS[address.period].title]
    if address.by:
        yield TITLES["by"], [STEPS[address.by]]
    if address.groups:
        yield TITLES["group"], [labels.group(it) for it in address.groups]
    yield from named_filters(address, labels)


async def _all_to_json(request: Request) -> Response:
    own, others = await _both(request)
    return json_response(request, {"reports": [*map(_to_dict, own)], "shared": [*map(_to_dict, others)]})


async def _changed_to_json(request: Request, report_id: int) -> Response:
    return json_response(request, {"report": _to_dict(await _read(request, report_id))})


def _to_dict(report: Saved) -> Json:
    values = {name: getattr(report, name) for name in ("id", "name", "query", "owner_id", "owner")}
    return {**values, "shared": report.is_shared, "mailing": report.rhythm or None}


def _address(request: Request, query: str) -> str:
    return path_to(request, "reports:index") + (f"?{query}" if query else "")


def _anchor(request: Request, report_id: int) -> str:
    return f"{path_to(request, 'reports:saved')}#report-{report_id}"
