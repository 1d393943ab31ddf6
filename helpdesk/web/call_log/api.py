"""Tell programs the own calls of a day (contract §5, `/finesse/calls`)."""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.store import call_lists
from helpdesk.store.call_lists import Call, CallQuery
from helpdesk.web.call_log import query as log_query
from helpdesk.web.call_log.schemas import call_to_dict
from helpdesk.web.core import request_data
from helpdesk.web.core.faces import json_response
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user

PER_PAGE, MOST = 25, 100


async def own_calls(request: Request) -> Response:
    """List the person's own calls of a day, the newest first."""
    person, params = await current_user(request), request.query_params
    hours = log_query.hours(log_query.day_of(request), services(request).settings.timezone)
    query = CallQuery(hours[0], hours[-1], person_id=person.id)
    page, size = request_data.query_number(params, "page", 1), request_data.page_size(params, PER_PAGE, MOST)

    def work(db: Session) -> tuple[list[Call], int]:
        return call_lists.page(db, query, page, size), call_lists.sums(db, query).calls

    calls, total = await services(request).database.run(work)
    paging = {"page": page, "per_page": size, "total": total, "pages": max(1, -(-total // size))}
    return json_response(request, {"calls": [call_to_dict(it) for it in calls], **paging})
