"""List assessments with their means, for a time and by filters."""

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid
from helpdesk.quality.summary import Line, Summary
from helpdesk.store import assessment_forms
from helpdesk.store.assessments import MAIN
from helpdesk.web.core import request_data
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import Json, answer, answer_refusal, day, json_response
from helpdesk.web.core.services import services
from helpdesk.web.quality.assessments import query, schemas
from helpdesk.web.quality.assessments.query import Asked, Found
from helpdesk.web.quality.assessments.sections import html

PER_PAGE, MOST_PER_PAGE = 25, 100
MOST_LINES, MOST_JSON_LINES = 50, 500
"""As many assignees, projects and differences a page and JSON show, those with the lowest scores."""
MOST_MONTHS = 12
"""As many months stand beside each other, the last ones."""


async def index(request: Request) -> Response:
    """Show the assessments of a time: means by month, assignee, project and criterion, differences, and a list."""
    try:
        asked = query.read(request)
        page = request_data.query_number(request.query_params, "page", 1)
        size = request_data.page_size(request.query_params, PER_PAGE, MOST_PER_PAGE)
        found = await query.load(request, asked)
    except Invalid as error:
        return await answer_refusal(request, error, page=partial(_refused, request, error))
    return await answer(
        request,
        json=lambda: json_response(request, _to_dict(asked, found, page, size)),
        page=lambda: _html(
            request,
            asked,
            found=found,
            forms=found.forms,
            typed={},
            error=None,
            summary=found.summary,
            months=list(found.summary.months)[-MOST_MONTHS:],
            rows=found.rows[(page - 1) * size : page * size],
            page=page,
            pages=max(1, -(-len(found.rows) // size)),
        ),
    )


async def _refused(request: Request, error: Invalid) -> Response:
    asked, forms = query.right_parts(request), await services(request).database.run(assessment_forms.all)
    return _html(request, asked, status_of(error), found=None, forms=forms, typed=request.query_params, error=error)


def _html(request: Request, asked: Asked, status: int = 200, **context: Any) -> Response:
    return html(request, "index.html", status, asked=asked, most=MOST_LINES, MAIN=MAIN, **context)


def _to_dict(asked: Asked, found: Found, page: int, size: int) -> Json:
    shown = found.rows[(page - 1) * size : page * size]
    total = len(found.rows)
    partly = {"is_partial": True} if found.is_partial else {}
    return partly | {
        "since": day(asked.since),
        "until": day(asked.until),
        "assessments": [schemas.one(it, found.is_open(it), found.subject(it)) for it in shown],
        "pagination": {"page": page, "per_page": size, "total": total, "pages": max(1, -(-total // size))},
        "summary": {**_summary(found.summary, found.criteria), "hidden": total - len(found.open)},
    }


def _summary(summary: Summary, names: dict[int, str]) -> Json:
    return {
        "count": summary.whole.of if summary.whole else 0,
        "mean": summary.whole.mean if summary.whole else None,
        "months": {month: it._asdict() for month, it in summary.months.items()},
        "assignees": [_line(it) for it in summary.people[:MOST_JSON_LINES]],
        "projects": [_line(it) for it in summary.projects[:MOST_JSON_LINES]],
        "criteria": [{"id": id, "name": names[id], **it._asdict()} for id, it in summary.criteria.items()],
        "differences": [{**it._asdict(), "points": it.points} for it in summary.differences[:MOST_JSON_LINES]],
        "mean_difference": summary.apart.mean if summary.apart else None,
    }


def _line(line: Line) -> Json:
    months = {month: it._asdict() for month, it in line.months.items()}
    return {"source": line.key.source, "id": line.key.id, "name": line.name, **line.whole._asdict(), "months": months}
